/** Decisions on clips. */

import { call } from "./client";
import type { Comment, Decision, Listed, ReviewDetail, ReviewItem, ReviewState } from "./model";

const of = (video: string, clip: string) =>
  `/videos/${encodeURIComponent(video)}/clips/${encodeURIComponent(clip)}`;

export interface Gate {
  gate_id: number;
  video_id: string;
  title: string;
  channel: string;
  gate: "render" | "export" | "publish" | "cost";
  state: "waiting" | "approved" | "rejected" | "void";
  fingerprint: string;
  stages: string[];
  pending_clips: number;
  opened_at: string;
}
export interface BatchOutcome {
  video_id: string;
  clip: string;
  outcome: "done" | "changed" | "decided" | "not_found" | "forbidden" | "refused";
  decision?: Decision;
  message: string;
}

export const reviews = {
  list: async (
    wanted: {
      video_id?: string;
      state?: ReviewState;
      channel?: string;
      needed?: boolean;
      limit?: number;
    } = {},
    cursor: string | null = null,
  ) => {
    const query = new URLSearchParams({ limit: String(wanted.limit ?? 100) });
    if (wanted.video_id) query.set("video_id", wanted.video_id);
    if (wanted.channel) query.set("channel", wanted.channel);
    if (wanted.state) query.set("state", wanted.state);
    if (wanted.needed !== undefined) query.set("needed", String(wanted.needed));
    if (cursor) query.set("cursor", cursor);
    return (await call<Listed<ReviewItem>>("GET", `/reviews?${query}`)).data;
  },
  of: async (video: string, clip: string) =>
    (await call<ReviewDetail>("GET", `${of(video, clip)}/review`)).data,
  approve: async (video: string, clip: string, fingerprint: string, note = "") =>
    (await call<ReviewDetail>("POST", `${of(video, clip)}/approve`, { fingerprint, note })).data,
  reject: async (video: string, clip: string, fingerprint: string, reason: string, note = "") =>
    (
      await call<ReviewDetail>("POST", `${of(video, clip)}/reject`, {
        fingerprint,
        reason,
        note,
      })
    ).data,
  undo: async (video: string, clip: string, decision_id: number) =>
    (await call<ReviewDetail>("POST", `${of(video, clip)}/undo`, { decision_id })).data,
  batch: async (
    decisions: { video_id: string; clip: string; fingerprint: string; verdict: "approved" }[],
  ) => (await call<{ results: BatchOutcome[] }>("POST", "/reviews/batch", { decisions })).data,
  gates: async (video_id?: string) =>
    (
      await call<Listed<Gate>>(
        "GET",
        `/reviews/gates?state=waiting${video_id ? `&video_id=${encodeURIComponent(video_id)}` : ""}`,
      )
    ).data,
  approveGate: async (gate: Gate) =>
    (
      await call<Gate>("POST", `/reviews/gates/${gate.gate_id}/approve`, {
        fingerprint: gate.fingerprint,
        note: "",
      })
    ).data,
  comments: async (video: string, clip: string) =>
    (
      await call<Listed<Comment>>(
        "GET",
        `/videos/${encodeURIComponent(video)}/comments?clip=${encodeURIComponent(clip)}`,
      )
    ).data,
  comment: async (video: string, clip: string, at_s: number, text: string) =>
    (await call<Comment>("POST", `${of(video, clip)}/comments`, { at_s, text })).data,
  resolve: async (comment_id: string | number, resolved: boolean) =>
    (await call<Comment>("PUT", `/reviews/comments/${comment_id}/resolved`, { resolved })).data,
};
