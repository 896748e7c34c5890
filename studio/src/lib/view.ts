/** What part of a timeline is in sight, and at which scale. */

export interface View {
  /** Where it begins, in seconds. */
  start_s: number;
  /** How wide a second is, in pixels. */
  scale: number;
}

/** The widest: a tenth of a second is 40 pixels. */
const CLOSEST = 400;

export function fitted(duration_s: number, width: number): View {
  return { start_s: 0, scale: width / Math.max(0.1, duration_s) };
}

/** A view that shows all of a stretch, with some of what is around. */
export function around(start_s: number, end_s: number, width: number, margin = 0.35): View {
  const length = Math.max(1, end_s - start_s);
  const shown = length * (1 + 2 * margin);
  return { start_s: start_s - length * margin, scale: width / shown };
}

/** The same view within what there is. */
export function bounded(view: View, duration_s: number, width: number): View {
  const least = width / Math.max(0.1, duration_s);
  const scale = Math.min(CLOSEST, Math.max(least, view.scale));
  const most = Math.max(0, duration_s - width / scale);
  return { start_s: Math.min(most, Math.max(0, view.start_s)), scale };
}

/** Closer or farther, with one moment staying where it is. */
export function zoomed(view: View, factor: number, at_s: number): View {
  const scale = Math.min(CLOSEST, view.scale * factor);
  return { start_s: at_s - ((at_s - view.start_s) * view.scale) / scale, scale };
}

/** How far apart marks on the ruler are, in seconds: round numbers, some 90 pixels. */
export function tick(scale: number): number {
  const wanted = 90 / scale;
  for (const step of [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600])
    if (step >= wanted) return step;
  return 7200;
}

/** What of a sorted list lies in sight and is wide enough to be seen. */
export function inSight<T extends { start_s: number; end_s: number }>(
  items: readonly T[],
  view: View,
  width: number,
): T[] {
  const end_s = view.start_s + width / view.scale;
  return items.filter((item) => item.end_s >= view.start_s && item.start_s <= end_s);
}
