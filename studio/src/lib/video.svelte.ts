/** Everything that is known of one video, loaded once and shown on several pages. */

import { api, got, Refusal } from "../api/client";
import { edits } from "../api/edits";
import type {
  ClipEdit,
  EditDocument,
  EditsView,
  Estimate,
  Job,
  Peaks,
  ProxyInfo,
  Results,
  Segment,
  Timeline,
  TimelineClip,
  Transcript,
  VideoDetail,
  Layout,
} from "../api/model";
import { timelineFrom } from "./fallback";
import { server } from "./server.svelte";
import { toasts } from "./toasts.svelte";

/** Versions that are looked through for the one that was rendered last. */
const FARTHEST = 60;

/** Nothing where it is not there (yet); problems of other kinds are thrown. */
async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal && [404, 405, 409].includes(error.status)) return null;
    throw error;
  }
}

export class VideoStore {
  detail = $state.raw<VideoDetail | null>(null);
  results = $state.raw<Results | null>(null);
  timeline = $state.raw<Timeline | null>(null);
  transcript = $state.raw<Transcript | null>(null);
  peaks = $state.raw<Peaks | null>(null);
  /** Null until it is known; "none" where the server offers no preview copy. */
  proxy = $state.raw<ProxyInfo | "none" | null>(null);
  edits = $state.raw<EditsView | null>(null);
  estimate = $state.raw<Estimate | null>(null);
  /** The edits under which the films that are there were made. */
  made = $state.raw<EditDocument | null>(null);
  problem = $state("");
  isLoading = $state(false);
  /** A rendering of what was changed, while it runs. */
  rendering = $state.raw<Job | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: string) {}

  get proxyUrl(): string | null {
    return this.proxy && this.proxy !== "none" && this.proxy.state === "ready"
      ? edits.proxyUrl(this.id)
      : null;
  }

  get clips(): TimelineClip[] {
    return this.timeline?.clips.filter((clip) => !clip.dropped) ?? [];
  }

  clip(id: string): TimelineClip | undefined {
    return this.timeline?.clips.find((clip) => clip.clip === id || String(clip.rank) === id);
  }

  segment(rank: number): Segment | undefined {
    return this.timeline?.segments.find((segment) => segment.rank === rank);
  }

  editOf(clip: string): ClipEdit {
    return this.edits?.document.clip_edits.find((edit) => edit.clip === clip) ?? { clip };
  }

  /** The edit under which a clip's film was made. */
  madeOf(clip: string): ClipEdit {
    return this.made?.clip_edits.find((edit) => edit.clip === clip) ?? { clip };
  }

  async load(): Promise<void> {
    if (this.isLoading) return;
    this.isLoading = true;
    this.problem = "";
    try {
      const path = { video_id: this.id };
      // Each is shown as soon as it is here.
      const detail = api.GET("/videos/{video_id}", { params: { path } }).then((answer) => {
        this.detail = got(answer);
      });
      const results = ifThere(
        api.GET("/videos/{video_id}/results", { params: { path } }).then(got),
      ).then((found) => {
        this.results = (found as Results | undefined) ?? null;
      });
      const transcript = ifThere(
        api.GET("/videos/{video_id}/transcript", { params: { path } }).then(got),
      ).then((found) => {
        this.transcript = (found as Transcript | undefined) ?? null;
      });
      const timeline = this.#timeline().then((found) => {
        if (found) this.timeline = found;
        // What is large and seen last waits for nothing else.
        if (server.offers.edits !== false) void this.lookForPeaks();
        return found;
      });
      const [ours] = await Promise.all([timeline, detail, results, transcript]);
      if (!ours && this.results) {
        const layout = await ifThere(
          api.GET("/videos/{video_id}/layout", { params: { path } }).then(got),
        );
        this.timeline = timelineFrom(this.results, layout as Layout | null, this.transcript);
      }
      void this.#more();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.isLoading = false;
    }
  }

  async #timeline(): Promise<Timeline | null> {
    try {
      const found = await edits.timeline(this.id);
      server.offers.edits = true;
      return found;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.isNotOffered) server.offers.edits = false;
      else if (error.status !== 409 && error.status !== 404) throw error;
      return null;
    }
  }

  /** What is made at the first asking, and edits. */
  async #more(): Promise<void> {
    if (server.offers.edits === false) {
      this.proxy = "none";
      return;
    }
    void this.lookForRendering();
    await Promise.all([this.lookForProxy(), this.lookForEdits()]);
  }

  async lookForEdits(): Promise<void> {
    try {
      const view = await ifThere(edits.get(this.id));
      if (view) this.made = await this.#documentMade(view);
      this.edits = view;
      if (this.edits && this.timeline?.clips.some((clip) => clip.stale)) await this.reckon();
    } catch (error) {
      toasts.fail(error);
    }
  }

  /** The newest version that films were made of: further back than is looked, that of nobody. */
  async #documentMade(view: EditsView): Promise<EditDocument | null> {
    let now = view;
    for (let steps = 0; !now.rendered && now.version > 1 && steps < FARTHEST; steps += 1)
      now = await edits.version(this.id, now.version - 1);
    return now.rendered ? now.document : null;
  }

  async reckon(): Promise<void> {
    try {
      this.estimate = await ifThere(edits.estimate(this.id));
    } catch (error) {
      toasts.fail(error);
    }
  }

  async lookForPeaks(): Promise<void> {
    for (let tries = 0; tries < 60; tries += 1) {
      try {
        const { peaks, wait_s } = await edits.peaks(this.id);
        if (peaks) {
          this.peaks = peaks;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, Math.max(0.5, wait_s) * 1000));
      } catch {
        // A timeline without a waveform is a timeline all the same.
        return;
      }
    }
  }

  async lookForProxy(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const info = await edits.proxyInfo(this.id);
      this.proxy = info;
      if (info.problem) return;
      if (info.state === "absent") await edits.askForProxy(this.id);
      if (info.state !== "ready") this.#timer = setTimeout(() => void this.lookForProxy(), 2000);
    } catch {
      this.proxy = "none";
    }
  }

  /** Make what was changed; what is shown as made follows when it is done. */
  async render(): Promise<void> {
    try {
      const { job } = await edits.render(this.id);
      await this.follow(job.job_id);
    } catch (error) {
      toasts.fail(error);
    }
  }

  /** Follow a rendering that somebody began, here or before a reload. */
  async lookForRendering(): Promise<void> {
    if (this.rendering) return;
    try {
      const query = { video_id: this.id, state: ["queued", "running"] as never, limit: 1 };
      const job = got(await api.GET("/jobs", { params: { query } })).items[0];
      if (job?.stages) await this.follow(job.job_id);
    } catch {
      // It is looked for again with the next page.
    }
  }

  async follow(job_id: string): Promise<void> {
    for (;;) {
      let job: Job;
      try {
        job = got(await api.GET("/jobs/{job_id}", { params: { path: { job_id } } }));
      } catch (error) {
        if (error instanceof Refusal) {
          this.rendering = null;
          toasts.fail(error);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 3000));
        continue;
      }
      this.rendering = job;
      if (["done", "failed", "cancelled"].includes(job.state)) {
        this.rendering = null;
        if (job.state === "failed") toasts.fail(job.error?.message ?? "Rendering failed.");
        await Promise.all([this.lookAgain(), this.lookForEdits()]);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  /** The timeline again: borders, cuts and files as the service has them now. */
  async lookAgain(): Promise<void> {
    try {
      const [timeline, detail] = await Promise.all([
        this.#timeline(),
        api.GET("/videos/{video_id}", { params: { path: { video_id: this.id } } }),
      ]);
      this.detail = got(detail);
      if (timeline) this.timeline = timeline;
      else await this.load();
    } catch (error) {
      toasts.fail(error);
    }
  }

  /** The service's answer to a change. */
  took(view: EditsView): void {
    this.edits = view;
  }
}

const kept = new Map<string, VideoStore>();

/** The store of a video; the last few stay, so that going back and forth is quick. */
export function videoOf(id: string): VideoStore {
  const found = kept.get(id) ?? new VideoStore(id);
  kept.delete(id);
  kept.set(id, found);
  for (const old of kept.keys()) {
    if (kept.size <= 4) break;
    kept.delete(old);
  }
  if (!found.detail) void found.load();
  return found;
}
