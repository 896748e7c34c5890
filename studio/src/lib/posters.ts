/** Pictures of clips, asked for when they come into sight: once a video, a few videos at once. */

import { api, got } from "../api/client";
import { fileOf, narrow } from "./fallback";

const AT_ONCE = 3;
const WIDTH = 120;
const known = new Map<string, Promise<Map<string, string>>>();
const queue: (() => Promise<void>)[] = [];
let running = 0;

async function work(): Promise<void> {
  if (running >= AT_ONCE) return;
  running += 1;
  for (let next = queue.shift(); next; next = queue.shift()) await next();
  running -= 1;
}

async function ask(video_id: string): Promise<Map<string, string>> {
  try {
    const found = got(
      await api.GET("/videos/{video_id}/results", { params: { path: { video_id } } }),
    );
    return new Map(
      found.clips.map((clip) => {
        const poster = fileOf(clip.master).poster;
        return [clip.id, poster ? narrow(poster, WIDTH) : ""];
      }),
    );
  } catch {
    // A post is shown without its picture where its video is gone.
    return new Map();
  }
}

/** The address of a clip's picture; empty where there is none. */
export async function posterOf(video_id: string, clip: string): Promise<string> {
  let of = known.get(video_id);
  if (!of) {
    of = new Promise((resolve) => {
      queue.push(async () => resolve(await ask(video_id)));
      void work();
    });
    known.set(video_id, of);
  }
  return (await of).get(clip) ?? "";
}

const wanted = new WeakMap<Element, () => void>();
let watch: IntersectionObserver | undefined;

/** Called once, when the element comes into sight; the answer ends the waiting. */
export function whenSeen(element: Element, then: () => void): () => void {
  watch ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watch?.unobserve(entry.target);
        wanted.get(entry.target)?.();
      }
    },
    { rootMargin: "200px" },
  );
  wanted.set(element, then);
  watch.observe(element);
  return () => {
    wanted.delete(element);
    watch?.unobserve(element);
  };
}
