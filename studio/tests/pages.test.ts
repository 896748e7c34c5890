import { describe, expect, it } from "vitest";

import { csrfToken, Refusal, refusalOf } from "../src/api/client";
import type { Framing, Timeline, Transcript } from "../src/api/model";
import { covering, partAt, placed, shownAt } from "../src/lib/draw";
import { clipTime } from "../src/lib/edit";
import { fileOf, silencesOf } from "../src/lib/fallback";
import { isTaken, isWriting, keys, nameOf, printed } from "../src/lib/keys.svelte";
import { passagesOf, rangeOf, wordAtOffset } from "../src/lib/passages";
import { routeOf, to } from "../src/lib/router.svelte";
import { ago, bytes, clock, lasting } from "../src/lib/time";
import { fingerprintOf } from "../src/lib/uploads.svelte";
import { around, bounded, fitted, tick, zoomed } from "../src/lib/view";

describe("keys", () => {
  const press = (key: string, more: KeyboardEventInit = {}) =>
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });

  it("are called by what is held with them", () => {
    expect(nameOf(press("z", { ctrlKey: true }))).toBe("mod+z");
    expect(nameOf(press("Z", { metaKey: true, shiftKey: true }))).toBe("mod+shift+z");
    expect(nameOf(press("?", { shiftKey: true }))).toBe("?");
    expect(nameOf(press(" "))).toBe("space");
    expect(nameOf(press("ArrowLeft", { shiftKey: true }))).toBe("shift+arrowleft");
    expect(printed("shift+arrowleft")).toEqual(["Shift", "←"]);
  });

  it("do what was asked for last, once, and nothing while a text is written", () => {
    const done: string[] = [];
    const key = (says: string) => ({ keys: "a", says, group: "", run: () => done.push(says) });
    const end = [keys.use([key("first")]), keys.use([key("second")])];
    keys.press(press("a"));
    expect(done).toEqual(["second"]);
    const input = document.body.appendChild(document.createElement("input"));
    input.addEventListener("keydown", keys.press);
    input.dispatchEvent(press("a"));
    expect(done).toEqual(["second"]);
    end[1]!();
    keys.press(press("a"));
    expect(done).toEqual(["second", "first"]);
    end[0]!();
    keys.press(press("a"));
    expect(done).toHaveLength(2);
  });

  it("are left to what has the focus where they mean something to it", () => {
    const button = document.createElement("button");
    expect(isTaken(button, "space")).toBe(true);
    expect(isTaken(button, "a")).toBe(false);
    const range = document.createElement("input");
    range.type = "range";
    expect(isWriting(range)).toBe(false);
    expect(isTaken(range, "arrowleft")).toBe(true);
    expect(isWriting(document.createElement("textarea"))).toBe(true);
  });
});

describe("addresses", () => {
  it("lead to pages and back", () => {
    expect(routeOf("/studio/", "")).toEqual({ page: "home" });
    const clip = new URL(to.clip("a--b", "c 1", true), "http://x");
    expect(routeOf(clip.pathname, clip.search)).toEqual({
      page: "clip",
      video: "a--b",
      clip: "c 1",
      queue: true,
    });
    const video = new URL(to.video("v", 12.5), "http://x");
    expect(routeOf(video.pathname, video.search)).toEqual({
      page: "video",
      video: "v",
      at: 12.5,
    });
    const found = new URL(to.search('"a b" & c'), "http://x");
    expect(routeOf(found.pathname, found.search)).toEqual({ page: "search", q: '"a b" & c' });
    expect(routeOf("/studio/nothing/here", "").page).toBe("missing");
    expect(routeOf("/studio/videos/%E0%A4%A", "").page).toBe("video");
  });
});

describe("times", () => {
  it("read as people say them", () => {
    expect(clock(3723)).toBe("1:02:03");
    expect(clock(59.96, true)).toBe("1:00.0");
    expect(clock(7.25, true)).toBe("0:07.3");
    expect([lasting(0.2), lasting(42), lasting(300), lasting(5400)]).toEqual([
      "under a second",
      "42 s",
      "5 min",
      "1 h 30 min",
    ]);
    expect(ago("2026-01-01T10:00:00Z", Date.parse("2026-01-01T10:20:00Z"))).toBe("20 min ago");
    expect([bytes(900), bytes(13_240_000)]).toEqual(["900 B", "13.2 MB"]);
  });
});

describe("the view of a timeline", () => {
  it("stays within the recording, however close", () => {
    const view = bounded({ start_s: 3590, scale: 10 }, 3600, 1000);
    expect(view.start_s).toBe(3500);
    expect(bounded({ start_s: -5, scale: 0.001 }, 100, 1000)).toEqual(fitted(100, 1000));
    expect(bounded({ start_s: 0, scale: 1e6 }, 100, 1000).scale).toBe(400);
  });

  it("comes closer around one moment", () => {
    const view = zoomed({ start_s: 10, scale: 10 }, 2, 30);
    expect((30 - view.start_s) * view.scale).toBe(200);
    const whole = around(100, 110, 850);
    expect(whole.start_s).toBeCloseTo(96.5);
    expect(whole.scale).toBeCloseTo(50);
  });

  it("has marks at round times", () => {
    expect(tick(1000 / 10_800)).toBe(1800);
    expect(tick(100)).toBe(1);
  });
});

describe("a transcript as paragraphs", () => {
  const words = "One two. Three four. Five.".split(" ").map((text, i) => ({
    text,
    start_s: i + (i >= 4 ? 10 : 0),
    end_s: i + 0.9 + (i >= 4 ? 10 : 0),
    confidence: null,
    speaker: "",
  }));
  const sentence = (first_word: number, last_word: number) => ({
    text: "",
    start_s: 0,
    end_s: 0,
    first_word,
    last_word,
  });
  const transcript = {
    words,
    sentences: [sentence(0, 2), sentence(2, 4), sentence(4, 5)],
  } as unknown as Transcript;

  it("has every word once, and breaks at pauses", () => {
    expect(passagesOf(transcript).map((p) => p.text)).toEqual(["One two. Three four.", "Five."]);
  });

  it("knows its words by their place in the text", () => {
    const [first] = passagesOf(transcript);
    expect(wordAtOffset(first!, 5)).toBe(1);
    expect(wordAtOffset(first!, 0)).toBe(0);
    const [begin, end] = rangeOf(first!, 2);
    expect(first!.text.slice(begin, end)).toBe("Three");
  });
});

describe("drawing a clip", () => {
  const source = { width: 1920, height: 1080 };
  const size = { width: 1080, height: 1920 };
  const box = { x: 0, y: 0, width: 1920, height: 1080 };

  it("covers a place with the middle of a box", () => {
    expect(covering(box, 9 / 16)).toEqual({ x: 656.25, y: 0, width: 607.5, height: 1080 });
    expect(covering({ ...box, width: 100 }, 1)).toEqual({
      x: 0,
      y: 490,
      width: 100,
      height: 100,
    });
  });

  it("puts slides over the speaker, and fills the picture", () => {
    const camera = { x: 1500, y: 800, width: 400, height: 280 };
    const { pieces } = placed(
      { composition: "stack", screen: box, camera, other: null },
      source,
      size,
    );
    expect(pieces.map((p) => p.to.width)).toEqual([1080, 1080]);
    expect(pieces[0]!.to.height + pieces[1]!.to.height).toBe(1920);
  });

  it("shows all of the picture where nothing else is known", () => {
    const shown = { composition: "fit", screen: null, camera: null, other: null };
    const { backdrop, pieces } = placed(shown, source, size);
    expect(backdrop).toBe(true);
    expect(pieces[0]!.to).toEqual({ x: 0, y: 656.25, width: 1080, height: 607.5 });
  });

  it("takes a person's framing before the machine's, stretch by stretch", () => {
    const part = {
      start_s: 0,
      end_s: 10,
      clip_start_s: 0,
      clip_end_s: 10,
      composition: "stack",
      screen: box,
      camera: box,
      other: null,
    };
    const timeline = { stretches: [] } as unknown as Timeline;
    const framing = [{ start_s: 4, end_s: 6, composition: "speaker" }];
    expect(shownAt(5, { parts: [part] }, framing, timeline).composition).toBe("speaker");
    expect(shownAt(7, { parts: [part] }, framing, timeline).composition).toBe("stack");
    expect(partAt(99, [part])).toBe(part);
    expect(partAt(1, [])).toBeNull();
  });

  it("moves a crop from here to there, slowly at first, in the time that is kept", () => {
    const timeline = { stretches: [], width: 1280, height: 720 } as unknown as Timeline;
    const camera = { x: 0, y: 0, width: 270, height: 480 };
    const camera_to = { x: 900, y: 90, width: 180, height: 320 };
    const moving = { start_s: 12, end_s: 18, composition: "speaker", camera, camera_to };
    const kept = [
      { start_s: 10, end_s: 14 },
      { start_s: 16, end_s: 20 },
    ];
    const at = (at_s: number, framing: Framing[] = [moving]) =>
      shownAt(at_s, undefined, framing, timeline, kept).camera!;
    expect(at(12)).toEqual(camera);
    expect(at(14)).toEqual({ x: 450, y: 45, width: 225, height: 400 });
    // What is cut takes none of its time, and a quarter of the frames 0.156 of its way.
    expect(at(16)).toEqual(at(14));
    expect(at(13).x).toBeCloseTo(900 * 0.15625);
    expect(at(17.999).x).toBeCloseTo(900, 0);
    // A clip that begins or ends within it shows at each moment what it did.
    const early = { ...moving, start_s: 8, end_s: 12 };
    expect(at(10, [early]).x).toBeCloseTo(450);
    const whole = { ...moving, start_s: null, end_s: null };
    expect(at(14, [whole]).x).toBeCloseTo(450);
    // Another composition has no crop that moves; another shape is that of the beginning.
    expect(at(14, [{ ...moving, composition: "stack" }])).toEqual(camera);
    const wide = { ...moving, camera_to: { ...camera_to, x: 1200, width: 80 } };
    const { x, width } = at(17.9999, [wide]);
    expect([Math.round(x), Math.round(width)]).toEqual([1100, 180]);
  });

  it("counts the clip's time on before it and after it", () => {
    const kept = [
      { start_s: 10, end_s: 14 },
      { start_s: 16, end_s: 20 },
    ];
    expect([8, 10, 12, 15, 18, 23].map((s) => clipTime(kept, s))).toEqual([-2, 0, 2, 4, 6, 11]);
  });
});

describe("what a server says", () => {
  it("is told in its own words, with what programs want to know", async () => {
    const body = { code: "changed", detail: "somebody was quicker", details: { version: 4 } };
    const refusal = await refusalOf(new Response(JSON.stringify(body), { status: 412 }));
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal.message).toBe("Somebody was quicker.");
    expect([refusal.status, refusal.details["version"], refusal.isNotOffered]).toEqual([
      412,
      4,
      false,
    ]);
    const none = await refusalOf(
      new Response('{"code": "not_found", "detail": "no"}', { status: 404 }),
    );
    expect(none.isNotOffered).toBe(true);
    expect((await refusalOf(new Response("<html>", { status: 502 }))).message).toContain("502");
  });

  it("wants the token of its cookie back", () => {
    expect(csrfToken("a=b; __Host-vidpipe_csrf=x.y=; c=d")).toBe("x.y=");
    expect(csrfToken("a=b")).toBe("");
  });

  it("is understood where it draws no timeline itself", () => {
    const word = (start_s: number, end_s: number) => ({ start_s, end_s });
    expect(silencesOf([word(1, 2), word(2.5, 3), word(5, 6)], 6.5)).toEqual([
      word(0, 1),
      word(3, 5),
    ]);
    const file = fileOf("default/v/clips/clip-1-1080x1920-draft-clip.ab12.mp4");
    expect(file.poster).toBe("/files/default/v/clips/clip-1-1080x1920-draft-poster.ab12.jpg");
  });
});

describe("uploads", () => {
  it("are known by what does not change when a page is loaded again", () => {
    const file = { name: "talk.mp4", size: 12, lastModified: 34 };
    expect(fingerprintOf(file)).toBe("studio/12/34/talk.mp4");
    expect(fingerprintOf({ ...file, name: "x".repeat(400) })).toHaveLength(255);
  });
});

describe("processing", () => {
  it("says what to do where nobody takes what is due, and nothing else", async () => {
    const { processing } = await import("../src/lib/processing.svelte");
    let item = { name: "processing", ok: false, says: "start `vidpipe studio`" };
    const answer = () => Promise.resolve(new Response(JSON.stringify({ items: [item] })));
    globalThis.fetch = answer as typeof fetch;
    await processing.look();
    expect(processing.problem).toBe("start `vidpipe studio`");
    item = { ...item, ok: true };
    await processing.look();
    expect(processing.problem).toBe("");
  });
});
