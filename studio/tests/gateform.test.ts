import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { GateSettings } from "../src/api/gates";
import { gating } from "../src/lib/gates.svelte";
import GateForm from "../src/parts/GateForm.svelte";

const OFF = { cost: "off", render: "off", export: "off", publish: "off" } as const;
const read = (version: number, rules: Partial<GateSettings["rules"]> = {}): GateSettings => ({
  channel: "news",
  rules: { ...OFF, trusted_hours: null, approvers: "editor", ...rules },
  is_set: true,
  version,
  changed_by: "user:ada",
  changed_at: "2026-11-28T10:00:00Z",
  asks_now: { cost: false, render: false, export: false, publish: false },
  waiting: { cost: 0, render: 0, export: 0, publish: 0 },
  you_decide: true,
  you_change: true,
});

let shown: ReturnType<typeof mount> | undefined;
const sent = vi.fn<(asked: Request) => Promise<Response>>();

function show(settings: GateSettings): void {
  gating.settings = [settings];
  const target = document.body;
  shown = mount(GateForm, {
    target,
    props: {
      get settings() {
        return gating.of("news")!;
      },
    },
  });
  flushSync();
}
function close(): void {
  if (shown) void unmount(shown);
  shown = undefined;
  document.body.innerHTML = "";
}
/** Others set the gates, and an event has the page load them. */
function reload(settings: GateSettings): void {
  gating.settings = [settings];
  flushSync();
}
function radio(gate: number, mode: string): HTMLInputElement {
  const group = document.querySelectorAll("[role=radiogroup]")[gate]!;
  return group.querySelector<HTMLInputElement>(`input[value=${mode}]`)!;
}
function choose(gate: number, mode: string): void {
  radio(gate, mode).click();
  flushSync();
}
const button = (says: string) =>
  [...document.querySelectorAll("button")].find((one) => one.textContent.trim() === says)!;
const tags = () =>
  sent.mock.calls
    .filter(([asked]) => asked.method === "PUT")
    .map(([asked]) => asked.headers.get("If-Match"));

beforeEach(() => {
  sent.mockReset();
  vi.stubGlobal("fetch", sent);
});
afterEach(() => {
  close();
  sessionStorage.clear();
  vi.unstubAllGlobals();
});

describe("the form of a channel's gates", () => {
  it("follows what others set as long as nobody wrote into it", () => {
    show(read(1));
    reload(read(2, { publish: "ask" }));
    expect(radio(3, "ask").checked).toBe(true);
    expect(button("Save").disabled).toBe(true);
    expect(sessionStorage.length).toBe(0);
  });

  it("says what others set meanwhile, and overwrites it only when told to", async () => {
    show(read(1));
    choose(2, "ask");
    reload(read(2, { publish: "ask" }));
    expect(button("Save").disabled).toBe(true);
    expect(document.querySelector("[role=alert]")!.textContent).toContain(
      "“Before publishing” is “Ask” now",
    );
    button("Keep mine").click();
    flushSync();
    expect(radio(2, "ask").checked).toBe(true);
    sent.mockImplementation(() => Promise.resolve(Response.json(read(3, { export: "ask" }))));
    button("Save").click();
    await vi.waitFor(() => expect(tags()).toEqual(['"2"']));
  });

  it("names the version that it began with, also after it was loaded again", async () => {
    show(read(1));
    choose(2, "ask");
    close();
    show(read(2, { publish: "ask" }));
    expect(radio(2, "ask").checked).toBe(true);
    expect(button("Save").disabled).toBe(true);
    button("Take theirs").click();
    flushSync();
    expect([radio(2, "ask").checked, radio(3, "ask").checked]).toEqual([false, true]);
  });

  it("is refused where the page did not hear of what others set", async () => {
    show(read(1));
    choose(2, "ask");
    sent.mockImplementation((asked) =>
      Promise.resolve(
        asked.method === "PUT"
          ? Response.json({ code: "changed", detail: "changed" }, { status: 412 })
          : Response.json({ items: [read(2, { publish: "ask" })], next_cursor: null }),
      ),
    );
    button("Save").click();
    await vi.waitFor(() => expect(tags()).toEqual(['"1"']));
    await vi.waitFor(() => expect(button("Take theirs")).toBeTruthy());
  });
});
