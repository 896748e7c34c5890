/** What waits at gates, and the rules of channels: known to the page that shows them. */

import {
  gates,
  type ClipDecision,
  type GateMode,
  type GateName,
  type GateSettings,
  type Rules,
} from "../api/gates";
import { Refusal } from "../api/client";
import type { ReviewItem } from "../api/model";
import { reviews, type Gate } from "../api/reviews";

export const GATES: { name: GateName; title: string; says: string }[] = [
  {
    name: "cost",
    title: "Before anything that costs",
    says: "A recogniser or a language model behind an API is asked.",
  },
  {
    name: "render",
    title: "Before rendering",
    says: "The chosen moments are looked at, before machine time is spent on them.",
  },
  {
    name: "export",
    title: "Before exports",
    says: "Each clip is looked at before files for platforms are made.",
  },
  {
    name: "publish",
    title: "Before publishing",
    says: "Each clip is looked at before anybody outside sees it.",
  },
];
export const MODES: [GateMode, string][] = [
  ["off", "Off"],
  ["ask", "Ask"],
  ["ask_outside_hours", "Ask outside hours"],
];
/** Gates at which clips are decided on one by one. */
export const isOfClips = (gate: GateName) => gate === "export" || gate === "publish";
export const WEEK: [string, string][] = [
  ["mon", "Mon"],
  ["tue", "Tue"],
  ["wed", "Wed"],
  ["thu", "Thu"],
  ["fri", "Fri"],
  ["sat", "Sat"],
  ["sun", "Sun"],
];

/** The rules of a channel as a form has them; hours are there even where none are set. */
export function formOf(rules: GateSettings["rules"], zone: string): Rules {
  const hours = rules.trusted_hours;
  return {
    cost: rules.cost,
    render: rules.render,
    export: rules.export,
    publish: rules.publish,
    approvers: rules.approvers,
    trusted_hours: {
      timezone: hours?.timezone ?? zone,
      weekdays: [...(hours?.weekdays ?? ["mon", "tue", "wed", "thu", "fri"])],
      begin: (hours?.begin ?? "09:00").slice(0, 5),
      end: (hours?.end ?? "17:00").slice(0, 5),
    },
  };
}

/** How rules differ from those before, for people. */
export function differing(before: Rules, after: Rules): string {
  const found = GATES.filter(({ name }) => before[name] !== after[name]).map(
    ({ name, title }) => `“${title}” is “${MODES.find(([mode]) => mode === after[name])?.[1]}” now`,
  );
  if (JSON.stringify(before.trusted_hours) !== JSON.stringify(after.trusted_hours))
    found.push("trusted hours are others");
  if (before.approvers !== after.approvers) found.push("others may approve");
  return found.join(", ");
}

export const usesHours = (rules: Rules) =>
  GATES.some((gate) => rules[gate.name] === "ask_outside_hours");

/** What is sent of a form: hours only where they are used, or were set before. */
export function sentOf(form: Rules, hadHours: boolean): Rules {
  return { ...form, trusted_hours: usesHours(form) || hadHours ? form.trusted_hours : null };
}

/** A row to decide on: a gate, or the clips of a video at its gates. */
export interface Row {
  key: string;
  video_id: string;
  title: string;
  channel: string;
  gates: Gate[];
  clips: number;
  /** Fingerprints of the clips that are to be decided on, by id: a decision is about these. */
  seen: Record<string, string>;
  since: string;
}
type Clip = Pick<ReviewItem, "video_id" | "clip_id" | "fingerprint">;

/** One row for each video and what is decided on: two gates of the same clips are one. */
export function rowsOf(waiting: Gate[], clips: Clip[] = []): Row[] {
  const found: Record<string, Row> = {};
  for (const gate of waiting) {
    const key = isOfClips(gate.gate) ? `clips/${gate.video_id}` : `gate/${gate.gate_id}`;
    const row = (found[key] ??= {
      key,
      video_id: gate.video_id,
      title: gate.title,
      channel: gate.channel,
      gates: [],
      clips: 0,
      seen: {},
      since: gate.opened_at,
    });
    row.gates.push(gate);
    row.clips = Math.max(row.clips, gate.pending_clips);
    if (gate.opened_at < row.since) row.since = gate.opened_at;
  }
  for (const clip of clips) {
    const row = found[`clips/${clip.video_id}`];
    if (row && clip.fingerprint) row.seen[clip.clip_id] = clip.fingerprint;
  }
  return Object.values(found).sort((a, b) => a.since.localeCompare(b.since));
}

/** Whether there is nothing in a row now that was not in it before. */
export function isSame(was: Row, now: Row): boolean {
  const known = was.gates.map((gate) => gate.fingerprint);
  const gates = now.gates.filter((gate) => !isOfClips(gate.gate));
  return (
    gates.every((gate) => known.includes(gate.fingerprint)) &&
    Object.entries(now.seen).every(([clip, fingerprint]) => was.seen[clip] === fingerprint)
  );
}

export interface Outcome {
  done: number;
  problems: string[];
}

class Gating {
  settings = $state.raw<GateSettings[]>([]);
  rows = $state.raw<Row[]>([]);
  isLoaded = $state(false);
  isOffered = $state(true);
  problem = $state("");

  async load(): Promise<void> {
    try {
      const [settings] = await Promise.all([gates.settings(), this.look()]);
      this.settings = settings;
      this.problem = "";
    } catch (error) {
      if (error instanceof Refusal && error.isNotOffered) this.isOffered = false;
      else this.problem = error instanceof Error ? error.message : String(error);
    }
    this.isLoaded = true;
  }

  /** What waits, the longest first. */
  async look(): Promise<void> {
    const found: Gate[] = [];
    let cursor: string | null = null;
    do {
      const page = await gates.waiting(cursor);
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && found.length < 1000);
    const clips = found.some((gate) => isOfClips(gate.gate)) ? await this.#pending() : [];
    this.rows = rowsOf(found, clips);
  }

  /** The clips that gates wait for, as they are now. */
  async #pending(): Promise<Clip[]> {
    const found: Clip[] = [];
    let cursor: string | null = null;
    do {
      const page = await reviews.list({ state: "pending", needed: true, limit: 500 }, cursor);
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && found.length < 5000);
    return found;
  }

  of(channel: string): GateSettings | undefined {
    return this.settings.find((one) => one.channel === channel);
  }

  put(settings: GateSettings): void {
    this.settings = this.settings.map((one) => (one.channel === settings.channel ? settings : one));
  }

  /** Decide on rows; each counts or not by itself. */
  async decide(rows: Row[], rejects: { reason: string; note: string } | null): Promise<Outcome> {
    const outcome: Outcome = { done: 0, problems: [] };
    for (const row of rows) {
      try {
        const clips = row.gates.every((gate) => isOfClips(gate.gate));
        if (clips) await this.#clips(row, rejects, outcome);
        else
          for (const gate of row.gates) {
            if (rejects) await gates.reject(gate, rejects.reason, rejects.note);
            else await gates.approve(gate);
            outcome.done += 1;
          }
      } catch (error) {
        outcome.problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    await this.look().catch(() => undefined);
    return outcome;
  }

  async #clips(
    row: Row,
    rejects: { reason: string; note: string } | null,
    outcome: Outcome,
  ): Promise<void> {
    const decisions: ClipDecision[] = Object.entries(row.seen).map(([clip, fingerprint]) => ({
      video_id: row.video_id,
      clip,
      fingerprint,
      verdict: rejects ? "rejected" : "approved",
      ...(rejects ? { reason: rejects.reason, note: rejects.note } : {}),
    }));
    if (!decisions.length) outcome.problems.push(`${row.title}: look at its clips one by one.`);
    for (let at = 0; at < decisions.length; at += 200)
      for (const result of await gates.decide(decisions.slice(at, at + 200))) {
        if (result.outcome === "done") outcome.done += 1;
        else outcome.problems.push(result.message);
      }
  }
}

export const gating = new Gating();
