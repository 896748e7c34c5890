/** When channels ask somebody, and what waits for whom. */

import { call, type Schemas } from "./client";
import type { Listed } from "./model";
import type { BatchOutcome, Gate } from "./reviews";

export type GateSettings = Schemas["GateSettingsView"];
export type GateName = Gate["gate"];
export type GateMode = "off" | "ask" | "ask_outside_hours";
/** As they are shown and sent: the times of a clock without seconds. */
export interface Rules {
  cost: GateMode;
  render: GateMode;
  export: GateMode;
  publish: GateMode;
  trusted_hours: Hours | null;
  approvers: "editor" | "admin";
}
export interface Hours {
  timezone: string;
  weekdays: string[];
  begin: string;
  end: string;
}
const of = (channel: string) => `/channels/${encodeURIComponent(channel)}/gates`;
const tag = (version: number) => ({ "If-Match": `"${version}"` });

export const gates = {
  settings: async () => (await call<Listed<GateSettings>>("GET", "/gates")).data.items,
  set: async (channel: string, rules: Rules, version: number) =>
    (await call<GateSettings>("PUT", of(channel), rules, tag(version))).data,
  reset: async (channel: string, version: number) =>
    (await call<GateSettings>("DELETE", of(channel), undefined, tag(version))).data,
  waiting: async (cursor: string | null = null) =>
    (
      await call<Listed<Gate>>(
        "GET",
        `/reviews/gates?state=waiting&limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
      )
    ).data,
  approve: async (gate: Gate) =>
    (
      await call<Gate>("POST", `/reviews/gates/${gate.gate_id}/approve`, {
        fingerprint: gate.fingerprint,
      })
    ).data,
  reject: async (gate: Gate, reason: string, note: string) =>
    (
      await call<Gate>("POST", `/reviews/gates/${gate.gate_id}/reject`, {
        fingerprint: gate.fingerprint,
        reason,
        note,
      })
    ).data,
  decide: async (decisions: ClipDecision[]) =>
    (await call<{ results: BatchOutcome[] }>("POST", "/reviews/batch", { decisions })).data.results,
};

export interface ClipDecision {
  video_id: string;
  clip: string;
  fingerprint: string;
  verdict: "approved" | "rejected";
  reason?: string;
  note?: string;
}
