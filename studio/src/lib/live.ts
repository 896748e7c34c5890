/** What happens in the service, as it happens; where it does not tell, by asking every few seconds. */

import { call, Refusal } from "../api/client";

export interface Happening {
  type: string;
  data: Record<string, unknown>;
}
type Listener = (happening: Happening) => void;

const TYPES = [
  ...["upload.completed", "intake.accepted", "intake.refused"],
  ...["job.queued", "job.running", "job.waiting_for_review", "job.completed", "job.failed"],
  ...["job.cancelled", "job.video_assigned"],
  ...["stage.started", "stage.completed", "stage.failed"],
  ...["clip.created", "export.created", "video.completed", "video.retired", "video.failed"],
  ...["failure.recorded", "review.needed", "review.decided", "review.voided", "edits.changed"],
  ...["budget.soft_limit", "budget.hard_limit", "budget.raised", "progress"],
  ...["post.created", "post.waiting", "post.scheduled", "post.held", "post.posted"],
  ...["post.uncertain", "post.failed", "post.cancelled", "post.deleted"],
  ...["account.connected", "account.broken", "account.disconnected"],
  ...["publishing.paused", "publishing.resumed"],
];
const POLL_MS = 5000;

class Live {
  #listeners = new Set<Listener>();
  #source: EventSource | null = null;
  #last = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polls = false;

  /** Be told; the answer ends it. `{type: "poll"}` and `"reload"` mean: look again. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #tell(happening: Happening): void {
    for (const listener of this.#listeners) listener(happening);
  }

  #start(): void {
    if (this.#polls || typeof EventSource === "undefined") return this.#poll();
    const after = this.#last ? `?after=${this.#last}` : "";
    const source = new EventSource(`/api/v1/events${after}`);
    this.#source = source;
    const heard = (event: MessageEvent<string>) => {
      if (event.lastEventId) this.#last = event.lastEventId;
      try {
        const said = JSON.parse(event.data) as { data?: Record<string, unknown> };
        this.#tell({ type: event.type, data: said.data ?? {} });
      } catch {
        // Nothing of ours.
      }
    };
    for (const type of TYPES) source.addEventListener(type, heard);
    source.addEventListener("reload", (event) => {
      this.#last = event.lastEventId;
      this.#tell({ type: "reload", data: {} });
    });
    source.addEventListener("error", () => {
      // Between two tries the browser tries again by itself.
      if (source.readyState === EventSource.CLOSED) void this.#refused();
    });
  }

  /** Refused: the login ran out, or nothing here tells. */
  async #refused(): Promise<void> {
    this.#source?.close();
    this.#source = null;
    try {
      await call("GET", "/events/history?limit=1");
      this.#timer = setTimeout(() => this.#start(), 3000);
    } catch (error) {
      this.#polls = error instanceof Refusal && error.isNotOffered;
      if (this.#polls) this.#poll();
      else this.#timer = setTimeout(() => this.#start(), 10_000);
    }
  }

  #poll(): void {
    this.#timer = setTimeout(() => {
      if (!document.hidden) this.#tell({ type: "poll", data: {} });
      this.#poll();
    }, POLL_MS);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}

export const live = new Live();
