/** A transcript as paragraphs, and where in their text each word stands. */

import type { Transcript, Word } from "../api/model";

export interface Passage {
  start_s: number;
  end_s: number;
  text: string;
  speaker: string;
  /** Index of the first word, and where each begins in the text. */
  first: number;
  offsets: number[];
}

const MOST_WORDS = 60;
const PAUSE_S = 2;

/** Sentences that belong together: not too long, broken at pauses and where another one speaks. */
export function passagesOf(transcript: Transcript): Passage[] {
  const { words, sentences } = transcript;
  const found: Passage[] = [];
  let now: Passage | null = null;
  const spans: [number, number][] = sentences.length
    ? // `last_word` is the first word that is no longer part of it.
      sentences.map((s) => [s.first_word, s.last_word - 1] as [number, number])
    : Array.from({ length: Math.ceil(words.length / 20) }, (_, i) => [
        i * 20,
        Math.min(words.length, i * 20 + 20) - 1,
      ]);
  for (const [first, last] of spans) {
    const begin = words[first];
    if (!begin) continue;
    const breaks =
      !now ||
      now.offsets.length + (last - first + 1) > MOST_WORDS ||
      begin.start_s - now.end_s > PAUSE_S ||
      (begin.speaker ?? "") !== now.speaker;
    if (!now || breaks) {
      now = {
        start_s: begin.start_s,
        end_s: begin.end_s,
        text: "",
        speaker: begin.speaker ?? "",
        first,
        offsets: [],
      };
      found.push(now);
    }
    for (let i = first; i <= Math.min(last, words.length - 1); i += 1) append(now, words[i]!);
  }
  return found;
}

function append(passage: Passage, word: Word): void {
  if (passage.text) passage.text += " ";
  passage.offsets.push(passage.text.length);
  passage.text += word.text;
  passage.end_s = word.end_s;
}

/** Index of the word at a place in the text of a passage. */
export function wordAtOffset(passage: Passage, offset: number): number {
  let low = 0;
  let high = passage.offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passage.offsets[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return passage.first + Math.max(0, low - 1);
}

/** The place of a word in the text of its passage. */
export function rangeOf(passage: Passage, word: number): [number, number] {
  const index = word - passage.first;
  const begin = passage.offsets[index] ?? 0;
  const next = passage.offsets[index + 1];
  return [begin, next === undefined ? passage.text.length : next - 1];
}
