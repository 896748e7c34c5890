/** Several posts that are made one after the other, and what is left of them. */

import { Offline, Refusal } from "../api/client";
import { conflictOf } from "./posts";

export interface Queued<Pair> {
  made: number;
  /** Not made, so that what was written for them is kept. */
  left: Pair[];
  /** Of those left: made all the same where a person wants it. */
  clashing: Pair[];
  problems: string[];
}

/**
 * Make a post of each; what is refused stands in the way of no other.
 *
 * @param make Answers with what the platform would refuse of the post.
 * @param nameOf Whose problem it is, in words.
 */
export async function queueAll<Pair>(
  pairs: readonly Pair[],
  make: (pair: Pair) => Promise<string[]>,
  nameOf: (pair: Pair) => string,
): Promise<Queued<Pair>> {
  const left: Pair[] = [];
  const clashing: Pair[] = [];
  const problems = new Set<string>();
  let made = 0;
  for (const pair of pairs) {
    try {
      for (const words of await make(pair)) problems.add(words);
      made += 1;
    } catch (error) {
      left.push(pair);
      if (error instanceof Offline) {
        problems.add(
          `${nameOf(pair)}: the service cannot be reached. It was not queued: try again.`,
        );
        continue;
      }
      const conflict = conflictOf(error, null);
      const isClash = error instanceof Refusal && error.code === "schedule_conflict";
      if (isClash && !conflict.firm) clashing.push(pair);
      problems.add(`${nameOf(pair)}: ${conflict.words}`);
    }
  }
  return { made, left, clashing, problems: [...problems] };
}
