import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expected, money } from "../src/lib/money";
import Costs from "../src/parts/Costs.svelte";

describe("money", () => {
  it("is shown as its currency is", () => {
    expect(money("1.2", "USD")).toBe("$1.20");
    expect(money(1234.5, "EUR")).toBe("€1,234.50");
    expect(money(0, "USD")).toBe("$0.00");
  });

  it("says something of what is less than a cent", () => {
    expect(money("0.5", "USD")).toBe("$0.50");
    expect(money("0.0031234", "USD")).toBe("$0.0031");
    expect(money("0.000008135", "USD")).toBe("$0.0000081");
  });

  it("is expected between two ends, or about one amount", () => {
    expect(expected("0.12", "0.08", "0.2", "USD")).toBe("about $0.12, between $0.08 and $0.20");
    expect(expected("0.12", "0.12", "0.12", "USD")).toBe("about $0.12");
    expect(expected("0.12", "0.1201", "0.1204", "USD")).toBe("about $0.12");
    expect(expected("0.12", null, null, "USD")).toBe("about $0.12");
  });
});

describe("the costs of a video", () => {
  const FIRST = {
    at: "2026-11-28T10:00:00Z",
    job_id: "job-1",
    currency: "USD",
    estimate: "0.3",
    actual: "0.11",
    shared: "0",
    off: "1.7",
    low: "0.1",
    high: "0.5",
    after: null,
    spent: null,
    passages: null,
    passage_s: null,
  };
  const RENEWED = {
    ...FIRST,
    at: "2026-11-28T10:05:00Z",
    estimate: "0.12",
    low: "0.08",
    high: "0.2",
    after: "scored_segments",
    spent: "0.04",
    passages: 2,
    passage_s: 31.5,
  };
  let answers: Record<string, object>;
  let shown: ReturnType<typeof mount> | undefined;

  beforeEach(() => {
    const next = { video_id: "v", currency: "USD", outside: "0", local: "0", total: "0" };
    const costs = { ...next, local: "0.11", total: "0.11", stages: [], used: {} };
    answers = {
      "/api/v1/videos/v/costs": { ...costs, estimates: [RENEWED, FIRST] },
      "/api/v1/videos/v/costs/estimate": { ...next, low: null, high: null, stages: [] },
    };
    vi.stubGlobal("fetch", async (asked: Request) =>
      Response.json(answers[new URL(asked.url).pathname]),
    );
  });
  afterEach(() => {
    if (shown) void unmount(shown);
    document.body.innerHTML = "";
    vi.unstubAllGlobals();
  });

  async function read(): Promise<string[]> {
    shown = mount(Costs, { target: document.body, props: { video: "v", changed: 1 } });
    flushSync();
    await vi.waitFor(() => {
      flushSync();
      expect(document.querySelector("dl")).not.toBeNull();
    });
    return [...document.querySelectorAll("dl > div")].map((one) =>
      one.textContent.replaceAll(/\s+/g, " ").trim(),
    );
  }

  it("stand beside what was expected, before and once passages were chosen", async () => {
    const [until, renewed, first, ...more] = await read();
    expect(until).toBe("Cost until now $0.11");
    expect(renewed).toContain("Expected once 2 passages were chosen");
    expect(renewed).toContain("about $0.12, between $0.08 and $0.20; it came to $0.11 until now");
    expect(first).toContain("Expected before the work");
    expect(first).toContain("about $0.30, between $0.10 and $0.50");
    expect(more).toEqual([]);
  });

  it("say of a job that it shares the work of another, and count that once", async () => {
    const joined = { ...FIRST, job_id: "job-2", actual: "0", shared: "0.11" };
    const partly = { ...FIRST, job_id: "job-3", actual: "0.02", shared: "0.09" };
    const path = "/api/v1/videos/v/costs";
    answers[path] = { ...answers[path], estimates: [partly, joined, FIRST] };
    const [until, some, all, own] = await read();
    expect(until).toBe("Cost until now $0.11");
    expect(some).toContain("it came to $0.02 until now, and shares work of another job for $0.09");
    expect(all).toContain("it shares the work of another job, which came to $0.11 until now");
    expect(own).toContain("it came to $0.11 until now");
    expect(own).not.toContain("shares");
  });

  it("say what is still to be made will cost, with its ends", async () => {
    const path = "/api/v1/videos/v/costs/estimate";
    const stage = { stage: "layout", outside: "0", local: "2", basis: "x", samples: 6 };
    answers[path] = { ...answers[path], total: "2", low: "1.5", high: "3", stages: [stage] };
    const [, still] = await read();
    expect(still).toBe("What is still to be made about $2.00, between $1.50 and $3.00");
  });
});
