/** What the studio works with: edits, timelines and reviews as the service says them. */

import type { Schemas } from "./client";

export type Video = Schemas["VideoView"];
export type VideoDetail = Schemas["VideoDetail"];
export type Results = Schemas["Results"];
export type Transcript = Schemas["Transcript"];
export type Word = Schemas["Word"];
export type Layout = Schemas["Layout"];
export type Hit = Schemas["SearchHit"];
export type Job = Schemas["JobDetail"];
export type JobItem = Schemas["JobView"];
export type Channel = Schemas["ChannelView"];
export type Template = Schemas["TemplateView"];

export interface Interval {
  start_s: number;
  end_s: number;
}
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type SafeZone = Box & { name?: string; note?: string };
export type Platform = Schemas["PlatformView"] & { safe_areas?: SafeZone[] };

export type Composition = "stack" | "speaker" | "two_up" | "screen" | "fit";

export interface WordEdit {
  start_s: number;
  was: string;
  text: string;
}
export interface Cut extends Interval {
  quote?: string;
  exact?: boolean;
}
export interface Framing {
  start_s: number | null;
  end_s: number | null;
  composition?: string | null;
  screen?: Box | null;
  camera?: Box | null;
  other?: Box | null;
  /** Where `screen` and `camera` move to until `end_s`. */
  screen_to?: Box | null;
  camera_to?: Box | null;
}
export interface ClipEdit {
  clip: string;
  moment?: Interval | null;
  added?: boolean;
  kept?: boolean;
  start_s?: number | null;
  end_s?: number | null;
  cuts?: Cut[];
  pauses?: "keep" | "shorten" | null;
  words?: WordEdit[];
  title?: string | null;
  hook?: string | null;
  description?: string | null;
  hashtags?: string[] | null;
  template?: string | null;
  language?: string | null;
  music?: string | null;
  framing?: Framing[];
  platforms?: string[] | null;
}
export interface EditDocument {
  format: number;
  words: WordEdit[];
  clip_edits: ClipEdit[];
  [field: string]: unknown;
}
export interface EditsView {
  video_id: string;
  version: number;
  document: EditDocument;
  overrides: string[];
  created_at: string | null;
  created_by: string;
  source: string;
  based_on: number | null;
  note: string;
  rendered: boolean;
}
export interface VersionItem {
  version: number;
  created_at: string;
  created_by: string;
  source: string;
  based_on: number | null;
  note: string;
  changes: string[];
}
export interface Change {
  path: string;
  clip: string | null;
  field: string;
  before: unknown;
  after: unknown;
}
export interface Estimate {
  seconds: number | null;
  clips: { clip: string; seconds: number | null; why: string }[];
  stages: string[];
}

export interface Part extends Interval {
  clip_start_s: number;
  clip_end_s: number;
  composition: string;
  screen: Box | null;
  camera: Box | null;
  other: Box | null;
}
export interface ClipFile {
  variant: string;
  url: string;
  poster: string | null;
  width: number;
  height: number;
  size_bytes: number;
  subtitles: string | null;
}
export interface TimelineClip extends Interval {
  clip: string;
  rank: number;
  title: string;
  hook: string;
  description: string;
  hashtags: string[] | null;
  /** Null: all of the channel's. */
  platforms: string[] | null;
  kept: Interval[];
  duration_s: number;
  lead_s: number;
  dropped: boolean;
  added: boolean;
  edited: boolean;
  stale: boolean;
  parts: Part[];
  files: ClipFile[];
}
export interface Segment extends Interval {
  rank: number;
  score: number;
  title: string;
  reasons: string[];
}
export interface Stretch extends Interval {
  kind: string;
  regions: (Box & { role: string })[];
}
export interface Timeline {
  video_id: string;
  duration_s: number;
  width: number;
  height: number;
  fps: number | null;
  shots: Interval[];
  slides: (Interval & { title: string })[];
  topics: (Interval & { title: string })[];
  silences: Interval[];
  stretches: Stretch[];
  segments: Segment[];
  clips: TimelineClip[];
  edits_version: number;
}
export interface Peaks {
  length: number;
  data: number[];
  duration_s: number;
  per_second: number;
}
export interface ProxyInfo {
  state: "ready" | "making" | "absent";
  percentage?: number | null;
  /** Why it could not be made. */
  problem?: string | null;
  width?: number;
  height?: number;
  fps?: number;
  duration_s?: number;
}

export type ReviewState = "pending" | "approved" | "rejected";
export interface Decision {
  decision_id: number;
  video_id: string;
  clip_id: string;
  verdict: "approved" | "rejected";
  fingerprint: string;
  reason: string | null;
  note: string;
  by: string;
  by_name: string;
  at: string;
  undone_at: string | null;
  stands: boolean;
}
export interface ReviewItem extends Interval {
  video_id: string;
  clip_id: string;
  channel: string;
  rank: number;
  title: string;
  score: number;
  duration_s: number;
  /** Null: the clip was made before decisions were kept. */
  fingerprint: string | null;
  state: ReviewState;
  needed: boolean;
  decision: Decision | null;
  voided: Decision | null;
  comments: number;
}
export interface ReviewDetail extends ReviewItem {
  history: Decision[];
}
export interface Comment {
  comment_id: string | number;
  video_id: string;
  clip_id: string;
  at_s: number;
  text: string;
  by_name: string;
  created_at: string;
  resolved_at: string | null;
}
export interface Listed<T> {
  items: T[];
  next_cursor: string | null;
}

/** Why a clip is rejected, in words. */
export const REASONS: [string, string][] = [
  ["not_interesting", "Not interesting"],
  ["no_context", "Needs context that is missing"],
  ["starts_or_ends_badly", "Starts or ends badly"],
  ["wrong_captions", "Captions are wrong"],
  ["wrong_framing", "Framing is wrong"],
  ["bad_picture_or_sound", "Bad picture or sound"],
  ["wrong_title", "Wrong title"],
  ["duplicate", "Same as another clip"],
  ["rights_or_privacy", "Rights or privacy"],
  ["factually_wrong", "Factually wrong"],
  ["off_brand", "Does not fit the channel"],
  ["other", "Something else"],
];
