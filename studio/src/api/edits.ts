/** Edits of a video, its timeline, peaks and preview copy. */

import { call, type Schemas } from "./client";
import type {
  Change,
  ClipEdit,
  EditsView,
  Estimate,
  Listed,
  Peaks,
  ProxyInfo,
  Timeline,
  VersionItem,
} from "./model";

const of = (video: string) => `/videos/${encodeURIComponent(video)}`;
const ofClip = (video: string, clip: string) =>
  `${of(video)}/edits/clips/${encodeURIComponent(clip)}`;
/** A version as If-Match wants it; null: whatever it is. */
const match = (version: number | null) => ({ "If-Match": version === null ? "*" : `"${version}"` });

export const edits = {
  get: async (video: string) => (await call<EditsView>("GET", `${of(video)}/edits`)).data,
  changeClip: async (video: string, clip: string, patch: Partial<ClipEdit>, version: number) =>
    (await call<EditsView>("PATCH", ofClip(video, clip), patch, match(version))).data,
  change: async (video: string, patch: object, version: number) =>
    (await call<EditsView>("PATCH", `${of(video)}/edits`, patch, match(version))).data,
  resetClip: async (video: string, clip: string, version: number) =>
    (await call<EditsView>("DELETE", ofClip(video, clip), undefined, match(version))).data,
  add: async (video: string, start_s: number, end_s: number, title: string, version: number) =>
    (
      await call<EditsView>(
        "POST",
        `${of(video)}/edits/clips`,
        { start_s, end_s, title },
        match(version),
      )
    ).data,
  split: async (video: string, clip: string, at_s: number, version: number) =>
    (await call<EditsView>("POST", `${ofClip(video, clip)}/split`, { at_s }, match(version))).data,
  merge: async (video: string, clips: string[], between: "cut" | "keep", version: number) =>
    (await call<EditsView>("POST", `${of(video)}/edits/merge`, { clips, between }, match(version)))
      .data,
  versions: async (video: string, cursor: string | null = null) =>
    (
      await call<Listed<VersionItem>>(
        "GET",
        `${of(video)}/edits/versions?limit=50${cursor ? `&cursor=${cursor}` : ""}`,
      )
    ).data,
  version: async (video: string, version: number) =>
    (await call<EditsView>("GET", `${of(video)}/edits/versions/${version}`)).data,
  compare: async (video: string, from: number, to: number) =>
    (await call<{ changes: Change[] }>("GET", `${of(video)}/edits/compare?from=${from}&to=${to}`))
      .data,
  restore: async (video: string, version: number, now: number) =>
    (await call<EditsView>("POST", `${of(video)}/edits/restore`, { version }, match(now))).data,
  estimate: async (video: string) =>
    (await call<Estimate>("GET", `${of(video)}/edits/estimate`)).data,
  render: async (video: string) =>
    (
      await call<{ job: Schemas["JobView"]; estimate: Estimate }>(
        "POST",
        `${of(video)}/edits/render`,
        {},
        { "Idempotency-Key": crypto.randomUUID() },
      )
    ).data,
  timeline: async (video: string) => (await call<Timeline>("GET", `${of(video)}/timeline`)).data,
  proxyInfo: async (video: string) =>
    (await call<ProxyInfo>("GET", `${of(video)}/proxy/info`)).data,
  proxyUrl: (video: string) => `/api/v1${of(video)}/proxy`,
  /** The loudness over time; null and a number of seconds while it is being made. */
  peaks: async (video: string): Promise<{ peaks: Peaks | null; wait_s: number }> => {
    const { data, response } = await call<Peaks>("GET", `${of(video)}/peaks`);
    const wait = Number.parseFloat(response.headers.get("Retry-After") ?? "2");
    if (response.status === 202) return { peaks: null, wait_s: Number.isFinite(wait) ? wait : 2 };
    return { peaks: data, wait_s: 0 };
  },
  /** Asks for the preview copy to be made. */
  askForProxy: async (video: string) => {
    await call<unknown>("GET", `${of(video)}/proxy`, undefined, { Range: "bytes=0-0" });
  },
  zipUrl: (video: string, platform?: string) =>
    `/api/v1${of(video)}/clips.zip${platform ? `?platform=${platform}` : ""}`,
  cutListUrl: (video: string, form: string) => `/api/v1${of(video)}/timeline.${form}`,
};
