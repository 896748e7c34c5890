/** A timeline of what every server tells, for one that draws none itself. */

import type { Layout, Results, Timeline, Transcript } from "../api/model";
import type { Interval } from "../api/model";

/** Longer than between words: what an editor would call silence. */
const SILENCE_S = 0.8;

export function silencesOf(words: readonly Interval[], duration_s: number): Interval[] {
  const found: Interval[] = [];
  let last = 0;
  for (const word of words) {
    if (word.start_s - last > SILENCE_S) found.push({ start_s: last, end_s: word.start_s });
    last = Math.max(last, word.end_s);
  }
  if (duration_s - last > SILENCE_S) found.push({ start_s: last, end_s: duration_s });
  return found;
}

export function timelineFrom(
  results: Results,
  layout: Layout | null,
  transcript: Transcript | null,
): Timeline {
  const video = results.video;
  const segments = new Map(results.segments.map((segment) => [segment.rank, segment]));
  return {
    video_id: video.id,
    duration_s: video.duration_s,
    width: video.width ?? 0,
    height: video.height ?? 0,
    fps: video.fps ?? null,
    shots: layout?.shots ?? [],
    slides: layout?.slides.map((s) => ({ ...s, title: s.title ?? "" })) ?? [],
    topics: results.topics,
    silences: transcript ? silencesOf(transcript.words, video.duration_s) : [],
    stretches:
      layout?.stretches.map((s) => ({
        start_s: s.start_s,
        end_s: s.end_s,
        kind: s.kind,
        regions: s.regions.map((r) => ({ role: r.role, ...r.rect })),
      })) ?? [],
    segments: results.segments,
    clips: results.clips.map((clip) => {
      const segment = segments.get(clip.segment);
      const kept = clip.kept;
      return {
        clip: clip.id,
        rank: clip.segment,
        title: segment?.title ?? `Clip ${clip.segment}`,
        hook: segment?.hook ?? "",
        description: segment?.description ?? "",
        hashtags: [],
        platforms: results.exports.filter((e) => e.clip === clip.id).map((e) => e.platform),
        start_s: kept[0]?.start_s ?? segment?.start_s ?? 0,
        end_s: kept.at(-1)?.end_s ?? segment?.end_s ?? 0,
        kept,
        duration_s: clip.duration_s,
        lead_s: 0,
        dropped: false,
        added: false,
        edited: false,
        stale: false,
        parts: [],
        files: [fileOf(clip.master)],
      };
    }),
    edits_version: 0,
  };
}

/** The film under a key of the store, and the picture beside it. */
export function fileOf(key: string) {
  return {
    variant: "1080x1920",
    url: fileUrl(key),
    poster: fileUrl(key.replace(/-clip(\.[0-9a-f]+)?\.mp4$/, "-poster$1.jpg")),
    width: 1080,
    height: 1920,
    size_bytes: 0,
    subtitles: fileUrl(key.replace(/\.mp4$/, ".vtt")),
  };
}

export function fileUrl(key: string): string {
  return `/files/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** A picture no wider than it is shown. */
export function narrow(url: string | null | undefined, width: number): string {
  if (!url) return "";
  return url.startsWith("/files/") ? `${url}?width=${width}` : url;
}
