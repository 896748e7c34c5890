import { afterEach, describe, expect, it, vi } from "vitest";

import type { Gate } from "../src/api/reviews";
import { formOf, gating, isSame, rowsOf, sentOf, usesHours } from "../src/lib/gates.svelte";
import { routeOf, to } from "../src/lib/router.svelte";

const gate = (more: Partial<Gate>): Gate => ({
  gate_id: 1,
  video_id: "v",
  title: "Talk",
  channel: "news",
  gate: "render",
  state: "waiting",
  fingerprint: "f",
  stages: [],
  pending_clips: 0,
  opened_at: "2026-11-28T10:00:00Z",
  ...more,
});
const OFF = { cost: "off", render: "off", export: "off", publish: "off" } as const;

describe("what waits", () => {
  it("is one row where two gates are about the same clips, the longest first", () => {
    const rows = rowsOf([
      gate({ gate_id: 3, gate: "publish", pending_clips: 2, opened_at: "2026-11-28T12:00:00Z" }),
      gate({ gate_id: 2, gate: "export", pending_clips: 2, opened_at: "2026-11-28T11:00:00Z" }),
      gate({ gate_id: 1, video_id: "w" }),
    ]);
    expect(rows.map((row) => [row.video_id, row.gates.length, row.clips])).toEqual([
      ["w", 1, 0],
      ["v", 2, 2],
    ]);
    expect(rows[1]!.since).toBe("2026-11-28T11:00:00Z");
  });
});

describe("what is approved", () => {
  const clips = (fingerprints: string[]) =>
    fingerprints.map((fingerprint, at) => ({ video_id: "v", clip_id: `c${at}`, fingerprint }));
  const exported = gate({ gate: "export", pending_clips: 2 });

  afterEach(() => vi.unstubAllGlobals());

  it("is what was listed, whatever was made since", async () => {
    const sent: unknown[] = [];
    let made = clips(["one", "two"]);
    vi.stubGlobal("fetch", async (asked: Request) => {
      const { pathname } = new URL(asked.url);
      if (asked.method === "POST") {
        sent.push(...((await asked.json()) as { decisions: unknown[] }).decisions);
        const changed = { video_id: "v", clip: "c1", outcome: "changed", message: "look again" };
        return Response.json({
          results: [{ video_id: "v", clip: "c0", outcome: "done", message: "" }, changed],
        });
      }
      const items = pathname.endsWith("/gates") ? [exported] : made;
      return Response.json({ items, next_cursor: null });
    });
    await gating.look();
    made = clips(["one", "another"]);
    const outcome = await gating.decide(gating.rows, null);
    expect(sent).toMatchObject([
      { clip: "c0", fingerprint: "one", verdict: "approved" },
      { clip: "c1", fingerprint: "two", verdict: "approved" },
    ]);
    expect(outcome).toEqual({ done: 1, problems: ["look again"] });
  });

  it("is another where a clip was made anew or came to it, and the same where one went", () => {
    const [was] = rowsOf([exported], clips(["one", "two"]));
    const [fewer] = rowsOf([exported], clips(["one"]));
    expect(isSame(was!, fewer!)).toBe(true);
    expect(isSame(fewer!, was!)).toBe(false);
    const [other] = rowsOf([exported], clips(["one", "another"]));
    expect(isSame(was!, other!)).toBe(false);
    const [whole] = rowsOf([gate({})]);
    expect(isSame(whole!, rowsOf([gate({ fingerprint: "g" })])[0]!)).toBe(false);
  });
});

describe("rules", () => {
  it("have hours in the form, and are sent with them where they are used", () => {
    const form = formOf({ ...OFF, trusted_hours: null, approvers: "editor" }, "Europe/Berlin");
    expect(form.trusted_hours).toEqual({
      timezone: "Europe/Berlin",
      weekdays: ["mon", "tue", "wed", "thu", "fri"],
      begin: "09:00",
      end: "17:00",
    });
    expect(sentOf(form, false).trusted_hours).toBeNull();
    const asks = { ...form, publish: "ask_outside_hours" as const };
    expect(usesHours(asks)).toBe(true);
    expect(sentOf(asks, false).trusted_hours?.timezone).toBe("Europe/Berlin");
  });

  it("keep the hours that were set when no gate uses them any more", () => {
    const hours = {
      timezone: "UTC",
      weekdays: ["sat" as const],
      begin: "22:00:00",
      end: "06:00:00",
    };
    const form = formOf({ ...OFF, trusted_hours: hours, approvers: "admin" }, "Europe/Berlin");
    expect(form.trusted_hours).toMatchObject({ begin: "22:00", end: "06:00" });
    expect(sentOf(form, true).trusted_hours).not.toBeNull();
  });

  it("have an address", () => {
    const at = new URL(to.gates("a b"), "http://x");
    expect(routeOf(at.pathname, at.search)).toEqual({ page: "gates", channel: "a b" });
  });
});
