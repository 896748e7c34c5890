/**
 * Cutting a clip: what of the recording it keeps, where a moment of the clip lies in the
 * recording, and what changes of an edit are sent. Nothing here touches a page or the network.
 */

import type { ClipEdit, Cut, Interval, Word, WordEdit } from "../api/model";

const TINY_S = 0.001;

/** Intervals in order, those that touch made one. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals]
    .filter((i) => i.end_s - i.start_s > TINY_S)
    .sort((a, b) => a.start_s - b.start_s);
  const found: Interval[] = [];
  for (const next of sorted) {
    const last = found.at(-1);
    if (last && next.start_s <= last.end_s + TINY_S) {
      last.end_s = Math.max(last.end_s, next.end_s);
    } else found.push({ start_s: next.start_s, end_s: next.end_s });
  }
  return found;
}

/** What is left of intervals without others. */
export function without(kept: readonly Interval[], cuts: readonly Interval[]): Interval[] {
  let left = merged(kept);
  for (const cut of merged(cuts)) {
    left = left.flatMap((piece) => {
      if (cut.end_s <= piece.start_s || cut.start_s >= piece.end_s) return [piece];
      return [
        { start_s: piece.start_s, end_s: cut.start_s },
        { start_s: cut.end_s, end_s: piece.end_s },
      ].filter((part) => part.end_s - part.start_s > TINY_S);
    });
  }
  return left;
}

/** How long a clip of these intervals is. */
export function lengthOf(kept: readonly Interval[]): number {
  return kept.reduce((sum, part) => sum + part.end_s - part.start_s, 0);
}

/** Where a moment of the recording lies in the clip; null where it is cut. */
export function toClip(kept: readonly Interval[], source_s: number): number | null {
  let before = 0;
  for (const part of kept) {
    if (source_s < part.start_s - TINY_S) return null;
    if (source_s <= part.end_s + TINY_S) return before + Math.max(0, source_s - part.start_s);
    before += part.end_s - part.start_s;
  }
  return null;
}

/** The same of every moment: what is cut lies at its cut, and it is counted on around the clip. */
export function clipTime(kept: readonly Interval[], source_s: number): number {
  const first = kept[0];
  const last = kept.at(-1);
  if (!first || !last) return source_s;
  if (source_s < first.start_s) return source_s - first.start_s;
  const within = kept.map((part) => ({
    start_s: part.start_s,
    end_s: Math.max(part.start_s, Math.min(part.end_s, source_s)),
  }));
  return lengthOf(within) + Math.max(0, source_s - last.end_s);
}

/** Where a moment of the clip lies in the recording. */
export function toSource(kept: readonly Interval[], clip_s: number): number {
  let left = Math.max(0, clip_s);
  for (const part of kept) {
    const length = part.end_s - part.start_s;
    if (left < length) return part.start_s + left;
    left -= length;
  }
  return kept.at(-1)?.end_s ?? 0;
}

/** While playing: where to jump to from here; null to go on; "end" at the end. */
export function jump(kept: readonly Interval[], source_s: number): number | "end" | null {
  for (const part of kept) {
    if (source_s < part.start_s - 0.02) return part.start_s;
    if (source_s < part.end_s - 0.005) return null;
  }
  return "end";
}

export interface WordSpan {
  first: number;
  last: number;
}

/** Words whose middle lies within; the indices of the first and the last, or null. */
export function wordsWithin(words: readonly Word[], span: Interval): WordSpan | null {
  let low = lowerBound(words, span.start_s - 5);
  let first = -1;
  let last = -1;
  for (; low < words.length; low += 1) {
    const word = words[low]!;
    const middle = (word.start_s + word.end_s) / 2;
    if (middle >= span.end_s) break;
    if (middle < span.start_s) continue;
    if (first < 0) first = low;
    last = low;
  }
  return first < 0 ? null : { first, last };
}

/** Index of the first word that begins at or after a time. */
export function lowerBound(words: readonly { start_s: number }[], at: number): number {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.start_s < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Shorter than a picture: a word that begins so soon is the one that is said. */
const SOON_S = 0.04;

/** Index of the word that is said at a time: the last that has begun; -1 before the first. */
export function wordAt(words: readonly { start_s: number; end_s: number }[], at: number): number {
  const next = lowerBound(words, at + SOON_S);
  const index = next - 1;
  const word = words[index];
  return word && at <= word.end_s + 1 ? index : -1;
}

const middleOf = (word: Word) => (word.start_s + word.end_s) / 2;

export function isCut(word: Word, cuts: readonly Interval[]): boolean {
  const middle = middleOf(word);
  return cuts.some((cut) => middle >= cut.start_s && middle < cut.end_s);
}

/** Cuts with these words taken out as well: from the first word's begin to the last one's end. */
export function cutWords(cuts: readonly Cut[], words: readonly Word[], span: WordSpan): Cut[] {
  const first = words[span.first];
  const last = words[span.last];
  if (!first || !last) return [...cuts];
  // Cuts by the ear stay as they are; those by words grow together.
  const exact = cuts.filter((cut) => cut.exact);
  const soft = merged([
    ...cuts.filter((cut) => !cut.exact),
    { start_s: first.start_s, end_s: joinedEnd(words, span.last) },
  ]);
  return [...exact, ...soft.map((cut) => quoted(cut, words))].sort((a, b) => a.start_s - b.start_s);
}

/** The end of a word; that of the next one's begin where both nearly touch. */
function joinedEnd(words: readonly Word[], index: number): number {
  const word = words[index]!;
  const next = words[index + 1];
  return next && next.start_s > word.end_s && next.start_s - word.end_s < 0.08
    ? next.start_s
    : word.end_s;
}

/** Cuts without these words: they are heard again. */
export function restoreWords(cuts: readonly Cut[], words: readonly Word[], span: WordSpan): Cut[] {
  const first = words[span.first];
  const last = words[span.last];
  if (!first || !last) return [...cuts];
  const back = { start_s: first.start_s - TINY_S, end_s: last.end_s + TINY_S };
  return cuts.flatMap((cut) => {
    if (cut.end_s <= back.start_s || cut.start_s >= back.end_s) return [cut];
    const left = without([cut], [back]);
    if (cut.exact) return left.map((part) => ({ ...part, exact: true }));
    return left.filter((part) => wordsWithin(words, part)).map((part) => quoted(part, words));
  });
}

function quoted(cut: Interval, words: readonly Word[]): Cut {
  const span = wordsWithin(words, cut);
  const quote = span
    ? words
        .slice(span.first, span.last + 1)
        .map((word) => word.text)
        .join(" ")
    : "";
  return { start_s: round(cut.start_s), end_s: round(cut.end_s), quote: quote.slice(0, 200) };
}

/** Milliseconds are as fine as times need to be. */
export function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** The borders of a clip as an edit has them, else as it was found. */
export function bordersOf(found: Interval, edit: ClipEdit | null): Interval {
  return {
    start_s: edit?.start_s ?? found.start_s,
    end_s: edit?.end_s ?? found.end_s,
  };
}

/**
 * What a clip keeps of the recording under an edit that is not rendered yet. The service says what
 * the film keeps that is there (pauses shortened, stumbles left out), which was made under another
 * edit: its cuts are put back, then the new borders and cuts applied. Where borders move outwards,
 * what lies there is kept.
 */
export function keptOf(
  base: { start_s: number; end_s: number; kept: readonly Interval[] },
  saved: ClipEdit | null,
  now: ClipEdit | null,
): Interval[] {
  const found: Interval = { start_s: base.start_s, end_s: base.end_s };
  const moment = now?.moment ?? saved?.moment ?? found;
  const borders = {
    start_s: now?.start_s ?? (saved?.start_s != null ? moment.start_s : base.start_s),
    end_s: now?.end_s ?? (saved?.end_s != null ? moment.end_s : base.end_s),
  };
  const outside: Interval[] = [
    { start_s: -1e9, end_s: borders.start_s },
    { start_s: borders.end_s, end_s: 1e9 },
  ];
  const cuts = now?.cuts ?? [];
  if (now?.pauses === "keep") return without([borders], cuts);
  const savedCuts = without(saved?.cuts ?? [], [
    { start_s: -1e9, end_s: base.start_s },
    { start_s: base.end_s, end_s: 1e9 },
  ]);
  const inner = merged([...base.kept, ...savedCuts]);
  const first = inner[0]?.start_s ?? base.start_s;
  const last = inner.at(-1)?.end_s ?? base.end_s;
  if (borders.start_s >= last || borders.end_s <= first) return without([borders], cuts);
  const outer = [...inner];
  if (borders.start_s < first) outer.push({ start_s: borders.start_s, end_s: first });
  if (borders.end_s > last) outer.push({ start_s: last, end_s: borders.end_s });
  return without(without(outer, outside), cuts);
}

/** The begin or end of the nearest word to a time, not further than `within` away. */
export function snapped(
  words: readonly Word[],
  at: number,
  edge: "start" | "end",
  within = 0.25,
): number {
  const around = lowerBound(words, at - 10);
  let best = at;
  let distance = within;
  for (let i = around; i < words.length && words[i]!.start_s < at + 10; i += 1) {
    const candidate = edge === "start" ? words[i]!.start_s : words[i]!.end_s;
    const away = Math.abs(candidate - at);
    if (away < distance) {
      distance = away;
      best = candidate;
    }
  }
  return round(best);
}

/** Borders moved so that the clip is never shorter than half a second. */
export function trimmed(
  borders: Interval,
  which: "start" | "end",
  at: number,
  duration_s: number,
): Interval {
  if (which === "start")
    return {
      start_s: round(Math.min(Math.max(0, at), borders.end_s - 0.5)),
      end_s: borders.end_s,
    };
  return {
    start_s: borders.start_s,
    end_s: round(Math.max(Math.min(duration_s, at), borders.start_s + 0.5)),
  };
}

/** The text of a word as captions show it: the clip's correction, else the video's, else as heard. */
export function textOf(
  word: Word,
  own: readonly WordEdit[] | undefined,
  all: readonly WordEdit[] | undefined,
): string {
  const fits = (edit: WordEdit) => Math.abs(edit.start_s - word.start_s) < 0.006;
  return (own?.find(fits) ?? all?.find(fits))?.text ?? word.text;
}

/** Corrections with one more; none where it says what is heard. */
export function corrected(
  edits: readonly WordEdit[] | undefined,
  word: Word,
  text: string,
): WordEdit[] {
  const others = (edits ?? []).filter((edit) => Math.abs(edit.start_s - word.start_s) >= 0.006);
  if (text === word.text) return others;
  return [...others, { start_s: round(word.start_s), was: word.text, text }].sort(
    (a, b) => a.start_s - b.start_s,
  );
}

/** Fields that differ, as a merge patch (RFC 7396) of the second over the first. */
export function patchOf(before: ClipEdit, after: ClipEdit): Partial<ClipEdit> {
  const patch: Record<string, unknown> = {};
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ClipEdit>;
  for (const name of names) {
    if (name === "clip" || name === "moment" || name === "added") continue;
    const [was, is] = [before[name], after[name]];
    if (JSON.stringify(was ?? null) === JSON.stringify(is ?? null)) continue;
    patch[name] = is ?? (Array.isArray(was) ? [] : null);
  }
  return patch;
}

/** An edit with a patch applied. */
export function patched(edit: ClipEdit, patch: Partial<ClipEdit>): ClipEdit {
  const made = Object.entries({ ...edit, ...patch }).filter(([, value]) => value !== null);
  return Object.fromEntries(made) as unknown as ClipEdit;
}

/** What was done, and can be taken back. */
export class History<T> {
  #past: T[] = [];
  #future: T[] = [];

  constructor(private readonly most = 200) {}

  get canUndo(): boolean {
    return this.#past.length > 0;
  }
  get canRedo(): boolean {
    return this.#future.length > 0;
  }
  /** Remember how it was before a change. */
  did(before: T): void {
    this.#past.push(before);
    if (this.#past.length > this.most) this.#past.shift();
    this.#future = [];
  }
  undo(now: T): T | null {
    const before = this.#past.pop();
    if (before === undefined) return null;
    this.#future.push(now);
    return before;
  }
  redo(now: T): T | null {
    const after = this.#future.pop();
    if (after === undefined) return null;
    this.#past.push(now);
    return after;
  }
  clear(): void {
    this.#past = [];
    this.#future = [];
  }
}

export interface CaptionWord {
  text: string;
  start_s: number;
  end_s: number;
}

/** Words as captions show them: a few at a time, never over a pause or a full stop. */
export function captionLines(words: readonly CaptionWord[], most = 4): CaptionWord[][] {
  const lines: CaptionWord[][] = [];
  let line: CaptionWord[] = [];
  for (const word of words) {
    const last = line.at(-1);
    const length = line.reduce((sum, w) => sum + w.text.length + 1, 0);
    const breaks =
      last &&
      (line.length >= most ||
        length > 22 ||
        word.start_s - last.end_s > 0.7 ||
        /[.!?…]$/.test(last.text));
    if (breaks) {
      lines.push(line);
      line = [];
    }
    line.push(word);
  }
  if (line.length) lines.push(line);
  return lines;
}
