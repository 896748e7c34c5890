/** One clip while it is changed: kept here at once, sent a moment later, taken back at will. */

import { Offline, Refusal } from "../api/client";
import { edits } from "../api/edits";
import type { ClipEdit, EditsView, Interval, TimelineClip, Word } from "../api/model";
import {
  corrected,
  cutWords,
  History,
  keptOf,
  lengthOf,
  patched,
  patchOf,
  restoreWords,
  round,
  trimmed,
  type WordSpan,
} from "./edit";
import { toasts } from "./toasts.svelte";
import type { VideoStore } from "./video.svelte";

const WAIT_MS = 500;
const AGAIN_MS = 4000;

/** What was changed here and not yet taken by the service; outlasts a reload. */
function draftKey(video: string, clip: string): string {
  return `vidpipe.draft/${video}/${clip}`;
}

export class ClipSession {
  /** As it is shown here. */
  edit = $state.raw<ClipEdit>({ clip: "" });
  saving = $state<"saved" | "waiting" | "sending" | "away">("saved");
  canUndo = $state(false);
  canRedo = $state(false);
  #saved: ClipEdit;
  #history = new History<ClipEdit>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | null = null;
  #ended = false;

  constructor(
    readonly video: VideoStore,
    readonly id: string,
  ) {
    this.#saved = video.editOf(id);
    this.edit = this.#saved;
    this.#takeDraft();
  }

  get base(): TimelineClip | undefined {
    return this.video.clip(this.id);
  }

  /** What the clip keeps of the recording, as far as this page can tell. */
  kept: Interval[] = $derived.by(() => {
    const base = this.base;
    if (!base) return [];
    const made = this.video.madeOf(this.id);
    if (!Object.keys(patchOf(made, this.edit)).length) return base.kept;
    return keptOf(base, made, this.edit);
  });

  borders: Interval = $derived.by(() => {
    const first = this.kept[0];
    const last = this.kept.at(-1);
    const base = this.base;
    return {
      start_s: this.edit.start_s ?? first?.start_s ?? base?.start_s ?? 0,
      end_s: this.edit.end_s ?? last?.end_s ?? base?.end_s ?? 0,
    };
  });

  length_s = $derived(lengthOf(this.kept) + (this.base?.lead_s ?? 0));

  get isChanged(): boolean {
    return JSON.stringify(patchOf({ clip: this.id }, this.edit)) !== "{}";
  }

  /** Follow the service where nothing is being changed here. */
  follow(): void {
    if (this.saving !== "saved") return;
    const now = this.video.editOf(this.id);
    this.#saved = now;
    this.edit = now;
  }

  change(patch: Partial<ClipEdit>): void {
    const before = this.edit;
    const after = patched(before, patch);
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    this.#history.did(before);
    this.#set(after);
  }

  undo(): void {
    const before = this.#history.undo(this.edit);
    if (before) this.#set(before);
  }

  redo(): void {
    const after = this.#history.redo(this.edit);
    if (after) this.#set(after);
  }

  trim(which: "start" | "end", at: number): void {
    const borders = trimmed(this.borders, which, at, this.video.timeline?.duration_s ?? 1e9);
    this.change(which === "start" ? { start_s: borders.start_s } : { end_s: borders.end_s });
  }

  cut(words: readonly Word[], span: WordSpan): void {
    this.change({ cuts: cutWords(this.edit.cuts ?? [], words, span) });
  }

  restore(words: readonly Word[], span: WordSpan): void {
    this.change({ cuts: restoreWords(this.edit.cuts ?? [], words, span) });
  }

  keepOnly(words: readonly Word[], span: WordSpan): void {
    const [first, last] = [words[span.first], words[span.last]];
    if (first && last) this.change({ start_s: round(first.start_s), end_s: round(last.end_s) });
  }

  /** Take a stretch out to the millisecond. */
  cutExactly(start_s: number, end_s: number): void {
    const cut = { start_s: round(start_s), end_s: round(end_s), exact: true };
    this.change({ cuts: [...(this.edit.cuts ?? []), cut] });
  }

  correct(word: Word, text: string): void {
    this.change({ words: corrected(this.edit.words, word, text) });
  }

  /** As the machine found it. */
  async reset(): Promise<void> {
    await this.settled();
    const view = this.video.edits;
    if (!view) return;
    try {
      this.#accept(await edits.resetClip(this.video.id, this.id, view.version));
      await this.video.lookAgain();
    } catch (error) {
      toasts.fail(error);
    }
  }

  /** Wait until the service has everything. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.saving !== "saved") await this.#send();
    await this.#sending;
  }

  end(): void {
    this.#ended = true;
    if (this.saving === "waiting") void this.settled();
  }

  #set(edit: ClipEdit): void {
    this.edit = edit;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.#keepDraft();
    this.saving = "waiting";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), WAIT_MS);
  }

  #keepDraft(): void {
    const patch = patchOf(this.#saved, this.edit);
    const key = draftKey(this.video.id, this.id);
    if (Object.keys(patch).length) localStorage.setItem(key, JSON.stringify(patch));
    else localStorage.removeItem(key);
  }

  #takeDraft(): void {
    const kept = localStorage.getItem(draftKey(this.video.id, this.id));
    if (!kept) return;
    try {
      this.#set(patched(this.edit, JSON.parse(kept) as Partial<ClipEdit>));
      toasts.say("Changes from before the page was closed are back.");
    } catch {
      localStorage.removeItem(draftKey(this.video.id, this.id));
    }
  }

  async #send(): Promise<void> {
    if (this.#sending) {
      await this.#sending;
      if (this.saving === "saved") return;
    }
    this.#sending = this.#sendNow().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
  }

  async #sendNow(): Promise<void> {
    const patch = patchOf(this.#saved, this.edit);
    if (!Object.keys(patch).length) {
      this.saving = "saved";
      return;
    }
    const sent = this.edit;
    this.saving = "sending";
    try {
      const version = this.video.edits?.version ?? 0;
      let view: EditsView;
      try {
        view = await edits.changeClip(this.video.id, this.id, patch, version);
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 412) throw error;
        // Somebody else changed the video meanwhile: theirs is taken, and ours put on top of it.
        const now = await edits.get(this.video.id);
        const theirs = now.document.clip_edits.find((edit) => edit.clip === this.id);
        const both = Object.keys(patchOf(this.#saved, theirs ?? { clip: this.id })).filter(
          (field) => field in patch,
        );
        view = await edits.changeClip(this.video.id, this.id, patch, now.version);
        const also = both.length ? ` Both of you changed ${both.join(", ")}: yours stands.` : "";
        toasts.say(`Somebody else changed this video a moment ago.${also}`);
      }
      this.video.took(view);
      this.#saved = this.video.editOf(this.id);
      if (this.edit === sent) {
        this.saving = "saved";
        localStorage.removeItem(draftKey(this.video.id, this.id));
      } else this.#set(this.edit);
      await this.video.lookAgain();
      await this.video.reckon();
    } catch (error) {
      if (error instanceof Offline || (error instanceof Refusal && error.status >= 500)) {
        this.saving = "away";
        if (!this.#ended) this.#timer = setTimeout(() => void this.#send(), AGAIN_MS);
        return;
      }
      // Refused: what the service has is what stands.
      toasts.fail(error);
      localStorage.removeItem(draftKey(this.video.id, this.id));
      this.saving = "saved";
      this.#history.clear();
      this.canUndo = this.canRedo = false;
      this.edit = this.#saved;
    }
  }

  #accept(view: EditsView): void {
    this.video.took(view);
    this.#saved = this.video.editOf(this.id);
    this.#history.did(this.edit);
    this.canUndo = this.#history.canUndo;
    this.edit = this.#saved;
    this.saving = "saved";
    localStorage.removeItem(draftKey(this.video.id, this.id));
  }
}
