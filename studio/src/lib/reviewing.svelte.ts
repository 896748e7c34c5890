/** The queue of clips that wait for somebody, and what was decided. */

import { api, got, Refusal } from "../api/client";
import type { ReviewItem } from "../api/model";
import { reviews } from "../api/reviews";
import { server } from "./server.svelte";
import { toasts } from "./toasts.svelte";

export const keyOf = (item: { video_id: string; clip_id: string }) =>
  `${item.video_id}/${item.clip_id}`;

class Reviewing {
  /** In the order in which they are looked at; those decided here stay, to go back to. */
  queue = $state.raw<ReviewItem[]>([]);
  isLoaded = $state(false);
  problem = $state("");
  #undoable: ReviewItem[] = [];

  get pending(): ReviewItem[] {
    return this.queue.filter((item) => item.state === "pending");
  }

  of(video_id: string, clip_id: string): ReviewItem | undefined {
    return this.queue.find((item) => item.video_id === video_id && item.clip_id === clip_id);
  }

  async load(): Promise<void> {
    if (server.offers.reviews === false) {
      this.isLoaded = true;
      return;
    }
    try {
      const found: ReviewItem[] = [];
      let cursor: string | null = null;
      do {
        const page = await reviews.list({ state: "pending", limit: 100 }, cursor);
        // What was made before decisions were kept cannot be decided on.
        found.push(...page.items.filter((item) => item.fingerprint));
        cursor = page.next_cursor;
      } while (cursor && found.length < 500);
      // What is asked for by a gate comes first; the order of the service else.
      const waiting = [...found].sort((a, b) => Number(b.needed) - Number(a.needed));
      const fresh = new Set(waiting.map(keyOf));
      const decided = this.queue.filter(
        (item) => item.state !== "pending" && !fresh.has(keyOf(item)),
      );
      const places = new Map(this.queue.map((item, index) => [keyOf(item), index]));
      const place = (item: ReviewItem) => places.get(keyOf(item)) ?? 1e9;
      this.queue = [...decided, ...waiting].sort((a, b) => place(a) - place(b));
      this.problem = "";
      this.isLoaded = true;
    } catch (error) {
      if (error instanceof Refusal && error.isNotOffered) server.offers.reviews = false;
      else this.problem = error instanceof Error ? error.message : String(error);
      this.isLoaded = true;
    }
  }

  /** The item of a clip, from the queue or asked for. */
  async look(video_id: string, clip_id: string): Promise<ReviewItem | null> {
    if (server.offers.reviews === false) return null;
    try {
      const item = await reviews.of(video_id, clip_id);
      this.#put(item);
      return item;
    } catch (error) {
      if (error instanceof Refusal && error.isNotOffered) server.offers.reviews = false;
      else if (!(error instanceof Refusal && error.status === 404)) toasts.fail(error);
      return null;
    }
  }

  #put(item: ReviewItem): void {
    const at = this.queue.findIndex((other) => keyOf(other) === keyOf(item));
    this.queue = at < 0 ? [...this.queue, item] : this.queue.with(at, item);
  }

  async decide(
    item: ReviewItem,
    verdict: "approved" | "rejected",
    reason = "",
    note = "",
  ): Promise<boolean> {
    const { video_id, clip_id, fingerprint } = item;
    if (!fingerprint) {
      toasts.fail("This clip was made before decisions were kept: make its video again first.");
      return false;
    }
    // Shown at once; taken back where the service says otherwise.
    this.#put({ ...item, state: verdict });
    try {
      const now =
        verdict === "approved"
          ? await reviews.approve(video_id, clip_id, fingerprint, note)
          : await reviews.reject(video_id, clip_id, fingerprint, reason, note);
      this.#put(now);
      this.#undoable.push(now);
      return true;
    } catch (error) {
      this.#put(item);
      toasts.fail(error);
      if (error instanceof Refusal && error.status === 409) await this.look(video_id, clip_id);
      return false;
    }
  }

  /** Take back the last decision made here, or that of one clip. */
  async undo(which?: ReviewItem): Promise<ReviewItem | null> {
    const item = which?.decision ? which : this.#undoable.at(-1);
    if (!item?.decision) {
      toasts.say("Nothing was decided here yet.");
      return null;
    }
    try {
      const now = await reviews.undo(item.video_id, item.clip_id, item.decision.decision_id);
      this.#undoable = this.#undoable.filter((other) => keyOf(other) !== keyOf(item));
      this.#put(now);
      return now;
    } catch (error) {
      toasts.fail(error);
      await this.look(item.video_id, item.clip_id);
      return null;
    }
  }

  /** Approve everything of these videos that waits. */
  async approveAll(videos: string[]): Promise<void> {
    const waiting: ReviewItem[] = [];
    for (const video_id of videos) {
      let cursor: string | null = null;
      do {
        const page = await reviews.list({ video_id, state: "pending" }, cursor);
        waiting.push(...page.items.filter((item) => item.fingerprint));
        cursor = page.next_cursor;
      } while (cursor);
    }
    if (!waiting.length) {
      toasts.say("No clip of these videos waits for anybody.");
      return;
    }
    let done = 0;
    const others: string[] = [];
    for (let at = 0; at < waiting.length; at += 200) {
      const decisions = waiting.slice(at, at + 200).map((item) => ({
        video_id: item.video_id,
        clip: item.clip_id,
        fingerprint: item.fingerprint ?? "",
        verdict: "approved" as const,
      }));
      for (const result of (await reviews.batch(decisions)).results) {
        if (result.outcome === "done") done += 1;
        else others.push(result.message);
      }
    }
    toasts.say(`${done} ${done === 1 ? "clip" : "clips"} approved.`);
    if (others.length) toasts.fail(`${others.length} not approved: ${others[0]}`);
    await this.load();
  }

  after(video_id: string, clip_id: string, step: 1 | -1): ReviewItem | undefined {
    const at = this.queue.findIndex((i) => i.video_id === video_id && i.clip_id === clip_id);
    return at < 0 ? this.queue[0] : this.queue[at + step];
  }

  nextPending(video_id: string, clip_id: string): ReviewItem | undefined {
    const at = this.queue.findIndex((i) => i.video_id === video_id && i.clip_id === clip_id);
    const rest = [...this.queue.slice(at + 1), ...this.queue.slice(0, Math.max(0, at))];
    return rest.find((item) => item.state === "pending");
  }
}

export const reviewing = new Reviewing();

/** Who may decide: said by the service for each role. */
export async function mayReview(): Promise<boolean> {
  const me = server.me ?? got(await api.GET("/auth/me"));
  return (
    me.everything || me.scopes.includes("review") || me.grants.some((g) => g.role !== "viewer")
  );
}
