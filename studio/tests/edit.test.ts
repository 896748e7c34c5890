import { describe, expect, it } from "vitest";

import type { ClipEdit, Word } from "../src/api/model";
import {
  captionLines,
  corrected,
  cutWords,
  History,
  isCut,
  jump,
  keptOf,
  lengthOf,
  merged,
  patched,
  patchOf,
  restoreWords,
  snapped,
  textOf,
  toClip,
  toSource,
  trimmed,
  without,
  wordAt,
  wordsWithin,
} from "../src/lib/edit";

/** One word a second, 0.6 s long: w0 at 0, w1 at 1, … */
const words: Word[] = Array.from({ length: 40 }, (_, i) => ({
  text: `w${i}`,
  start_s: i,
  end_s: i + 0.6,
  confidence: 0.9,
  speaker: "",
}));
const span = (start_s: number, end_s: number) => ({ start_s, end_s });

describe("intervals", () => {
  it("become one where they touch, and lose what is empty", () => {
    expect(merged([span(5, 6), span(0, 2), span(2, 3), span(9, 9)])).toEqual([
      span(0, 3),
      span(5, 6),
    ]);
  });

  it("lose what is cut, at the edges and in the middle", () => {
    expect(without([span(0, 10)], [span(-1, 1), span(4, 5), span(9, 20)])).toEqual([
      span(1, 4),
      span(5, 9),
    ]);
    expect(without([span(0, 10)], [span(-1, 11)])).toEqual([]);
  });
});

describe("times of clip and recording", () => {
  const kept = [span(10, 12), span(20, 23)];

  it("lead to each other", () => {
    expect(toSource(kept, 0)).toBe(10);
    expect(toSource(kept, 2.5)).toBe(20.5);
    expect(toClip(kept, 20.5)).toBe(2.5);
    for (const at of [0, 0.4, 1.9, 2.1, 4.9])
      expect(toClip(kept, toSource(kept, at))).toBeCloseTo(at);
  });

  it("say that what is cut is nowhere, and end at the end", () => {
    expect(toClip(kept, 15)).toBeNull();
    expect(toClip(kept, 99)).toBeNull();
    expect(toSource(kept, 99)).toBe(23);
    expect(lengthOf(kept)).toBe(5);
  });

  it("jump over what is cut while it plays", () => {
    expect(jump(kept, 3)).toBe(10);
    expect(jump(kept, 11)).toBeNull();
    expect(jump(kept, 12)).toBe(20);
    expect(jump(kept, 23)).toBe("end");
  });
});

describe("words", () => {
  it("are found by their middle", () => {
    expect(wordsWithin(words, span(2.2, 4.2))).toEqual({ first: 2, last: 3 });
    expect(wordsWithin(words, span(2.7, 2.9))).toBeNull();
  });

  it("are the one that is said, a picture early rather than late", () => {
    expect(wordAt(words, 3.2)).toBe(3);
    expect(wordAt(words, 2.97)).toBe(3);
    expect(wordAt(words, -1)).toBe(-1);
  });

  it("are cut from border to border, and neighbouring cuts become one", () => {
    const one = cutWords([], words, { first: 3, last: 4 });
    expect(one).toEqual([{ start_s: 3, end_s: 4.6, quote: "w3 w4" }]);
    const two = cutWords(one, words, { first: 4, last: 6 });
    expect(two).toEqual([{ start_s: 3, end_s: 6.6, quote: "w3 w4 w5 w6" }]);
    expect(words.filter((word) => isCut(word, two)).map((word) => word.text)).toEqual([
      "w3",
      "w4",
      "w5",
      "w6",
    ]);
  });

  it("are put back one by one, and what was cut by ear stays", () => {
    const exact = { start_s: 20.7, end_s: 20.9, exact: true };
    const cuts = cutWords([exact], words, { first: 3, last: 6 });
    const left = restoreWords(cuts, words, { first: 4, last: 4 });
    expect(left.filter((cut) => !cut.exact).map((cut) => cut.quote)).toEqual(["w3", "w5 w6"]);
    expect(left).toContainEqual(exact);
    expect(restoreWords(left, words, { first: 3, last: 6 })).toEqual([exact]);
  });

  it("draw borders to themselves when those are near", () => {
    expect(snapped(words, 5.1, "start")).toBe(5);
    expect(snapped(words, 5.45, "start")).toBe(5.45);
    expect(snapped(words, 5.5, "end")).toBe(5.6);
  });

  it("are shown as corrected: the clip's word for it before the video's", () => {
    const all = corrected([], words[2]!, "two");
    const own = corrected(undefined, words[2]!, "deux");
    expect(textOf(words[2]!, own, all)).toBe("deux");
    expect(textOf(words[2]!, [], all)).toBe("two");
    expect(textOf(words[1]!, own, all)).toBe("w1");
    expect(corrected(all, words[2]!, "w2")).toEqual([]);
  });
});

describe("what a clip keeps", () => {
  // As found: 5 to 15, with a pause of the machine's left out.
  const base = { start_s: 5, end_s: 15, kept: [span(5, 9), span(10, 15)] };

  it("is what the service says where nothing was changed", () => {
    expect(keptOf(base, null, null)).toEqual(base.kept);
  });

  it("grows and shrinks with its borders", () => {
    expect(keptOf(base, null, { clip: "a", start_s: 3, end_s: 12 })).toEqual([
      span(3, 9),
      span(10, 12),
    ]);
  });

  it("loses cuts that are not saved, and gets saved ones back that were undone", () => {
    const cut: ClipEdit = { clip: "a", cuts: [span(6, 7)] };
    expect(keptOf(base, null, cut)).toEqual([span(5, 6), span(7, 9), span(10, 15)]);
    const saved = { ...base, kept: [span(5, 6), span(7, 9), span(10, 15)] };
    expect(keptOf(saved, cut, { clip: "a" })).toEqual(base.kept);
  });

  it("goes back to the moment as found where saved borders are taken back", () => {
    const moment = span(5, 15);
    const saved: ClipEdit = { clip: "a", moment, start_s: 7 };
    const there = { start_s: 7, end_s: 15, kept: [span(7, 9), span(10, 15)] };
    expect(keptOf(there, saved, { clip: "a", moment })).toEqual([span(5, 9), span(10, 15)]);
  });

  it("is all of another moment that it is moved to", () => {
    expect(keptOf(base, null, { clip: "a", start_s: 30, end_s: 35 })).toEqual([span(30, 35)]);
  });

  it("keeps pauses where a person wants them", () => {
    expect(keptOf(base, null, { clip: "a", pauses: "keep" })).toEqual([span(5, 15)]);
  });
});

describe("trimming", () => {
  it("stays within the recording and leaves half a second", () => {
    expect(trimmed(span(5, 9), "start", -3, 60)).toEqual(span(0, 9));
    expect(trimmed(span(5, 9), "start", 8.9, 60)).toEqual(span(8.5, 9));
    expect(trimmed(span(5, 9), "end", 99, 60)).toEqual(span(5, 60));
  });
});

describe("patches", () => {
  const before: ClipEdit = { clip: "a", title: "One", cuts: [span(1, 2)], hashtags: ["x"] };

  it("say only what differs, and null for what is taken back", () => {
    const after: ClipEdit = { clip: "a", title: "Two", cuts: [] };
    expect(patchOf(before, after)).toEqual({ title: "Two", cuts: [], hashtags: [] });
    expect(patchOf({ clip: "a", hook: "h" }, { clip: "a" })).toEqual({ hook: null });
    expect(patchOf(before, before)).toEqual({});
  });

  it("lead from one edit to the other", () => {
    const after: ClipEdit = { clip: "a", start_s: 3, title: "One" };
    const patch = patchOf({ clip: "a", title: "Zero", hook: "h" }, after);
    expect(patched({ clip: "a", title: "Zero", hook: "h" }, patch)).toEqual(after);
  });
});

describe("history", () => {
  it("goes back and forth, and forgets what was undone when something new is done", () => {
    const history = new History<number>();
    history.did(1);
    history.did(2);
    expect(history.undo(3)).toBe(2);
    expect(history.undo(2)).toBe(1);
    expect(history.undo(1)).toBeNull();
    expect(history.redo(1)).toBe(2);
    history.did(2);
    expect(history.canRedo).toBe(false);
    expect(history.undo(9)).toBe(2);
  });

  it("keeps no more than it is to", () => {
    const history = new History<number>(2);
    for (const n of [1, 2, 3]) history.did(n);
    expect([history.undo(4), history.undo(3), history.undo(2)]).toEqual([3, 2, null]);
  });
});

describe("captions", () => {
  it("break after a few words, at full stops and at pauses", () => {
    const said = [
      ..."This is it.".split(" ").map((text, i) => ({ text, start_s: i, end_s: i + 0.9 })),
      { text: "Now", start_s: 3, end_s: 3.5 },
      { text: "then", start_s: 6, end_s: 6.5 },
    ];
    expect(captionLines(said).map((line) => line.map((word) => word.text).join(" "))).toEqual([
      "This is it.",
      "Now",
      "then",
    ]);
    const many = words.slice(0, 9).map((word) => ({ ...word, end_s: word.start_s + 1 }));
    expect(captionLines(many, 4).map((line) => line.length)).toEqual([4, 4, 1]);
  });
});
