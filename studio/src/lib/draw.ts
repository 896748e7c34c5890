/**
 * Draws a clip from the recording as it will be composed: which part of the picture goes where.
 * An approximation, at once, of what is rendered from the recording itself later.
 */

import type { Box, Framing, Interval, Part, TimelineClip, Timeline } from "../api/model";
import { clipTime, lengthOf } from "./edit";

export interface Shown {
  composition: string;
  screen: Box | null;
  camera: Box | null;
  other: Box | null;
}

/** Which region of a composition can move from one box to another. */
export const MOVES: Partial<Record<string, "screen" | "camera">> = {
  speaker: "camera",
  stack: "screen",
  screen: "screen",
};

/** What a person chose for a moment of the recording; of several the last counts. */
export function chosenAt(at_s: number, framing: readonly Framing[] | undefined): Framing | null {
  return (
    (framing ?? []).findLast(
      (f) => at_s >= (f.start_s ?? -Infinity) && at_s < (f.end_s ?? Infinity),
    ) ?? null
  );
}

/** How far a movement has come, 0 to 1: slow at its beginning and its end, in the clip's time. */
export function eased(at_s: number, chosen: Framing, kept: readonly Interval[]): number {
  const from = chosen.start_s === null ? 0 : clipTime(kept, chosen.start_s);
  const to = chosen.end_s === null ? lengthOf(kept) : clipTime(kept, chosen.end_s);
  const share = Math.min(
    1,
    Math.max(0, (clipTime(kept, at_s) - from) / Math.max(0.001, to - from)),
  );
  return share * share * (3 - 2 * share);
}

/** A box of another shape: its middle and height kept, as large as the picture allows. */
export function shaped(box: Box, ratio: number, source: { width: number; height: number }): Box {
  const height = Math.min(box.height, source.height, source.width / ratio);
  const width = height * ratio;
  const at = (middle: number, size: number, whole: number) =>
    Math.min(whole - size, Math.max(0, middle - size / 2));
  return {
    x: at(box.x + box.width / 2, width, source.width),
    y: at(box.y + box.height / 2, height, source.height),
    width,
    height,
  };
}

function between(from: Box, to: Box, share: number): Box {
  const at = (a: number, b: number) => a + (b - a) * share;
  return {
    x: at(from.x, to.x),
    y: at(from.y, to.y),
    width: at(from.width, to.width),
    height: at(from.height, to.height),
  };
}

/**
 * What is shown at a moment of the recording: the part there, under what a person chose for it.
 *
 * @param kept what the clip keeps of the recording
 */
export function shownAt(
  at_s: number,
  clip: Pick<TimelineClip, "parts"> | undefined,
  framing: readonly Framing[] | undefined,
  timeline: Timeline,
  kept: readonly Interval[] = [],
): Shown {
  const part = partAt(at_s, clip?.parts ?? []);
  const regions =
    timeline.stretches.find((s) => at_s >= s.start_s && at_s < s.end_s)?.regions ?? [];
  const region = (...roles: string[]) => {
    const found = regions.find((r) => roles.includes(r.role));
    return found ? { x: found.x, y: found.y, width: found.width, height: found.height } : null;
  };
  const base: Shown = part ?? {
    composition: "fit",
    screen: region("screen", "page", "slides"),
    camera: region("camera", "speaker"),
    other: null,
  };
  const wanted = chosenAt(at_s, framing);
  const composition = wanted?.composition ?? base.composition;
  const moved = (which: "screen" | "camera", from: Box | null): Box | null => {
    const to = wanted?.[`${which}_to`];
    if (!wanted || !from || !to || MOVES[composition] !== which) return from;
    const source = { width: timeline.width || 1920, height: timeline.height || 1080 };
    return between(from, shaped(to, from.width / from.height, source), eased(at_s, wanted, kept));
  };
  return {
    composition,
    screen: moved("screen", wanted?.screen ?? base.screen ?? region("screen", "page", "slides")),
    camera: moved("camera", wanted?.camera ?? base.camera ?? region("camera", "speaker")),
    other: wanted?.other ?? base.other,
  };
}

export function partAt(at_s: number, parts: readonly Part[]): Part | null {
  return (
    parts.find((p) => at_s >= p.start_s - 0.001 && at_s < p.end_s) ??
    parts.findLast((p) => at_s >= p.start_s) ??
    parts[0] ??
    null
  );
}

/** The largest part of a box with another shape, in its middle. */
export function covering(box: Box, ratio: number): Box {
  if (box.width / box.height > ratio) {
    const width = box.height * ratio;
    return { ...box, x: box.x + (box.width - width) / 2, width };
  }
  const height = box.width / ratio;
  return { ...box, y: box.y + (box.height - height) / 2, height };
}

export interface Placed {
  from: Box;
  to: Box;
}

/**
 * What goes where.
 *
 * @param shown boxes in pixels of the recording
 * @param source size of the recording's picture
 * @param size of the clip's picture
 */
export function placed(
  shown: Shown,
  source: { width: number; height: number },
  size: { width: number; height: number },
): { backdrop: boolean; pieces: Placed[] } {
  const whole: Box = { x: 0, y: 0, width: source.width, height: source.height };
  const full: Box = { x: 0, y: 0, width: size.width, height: size.height };
  const cover = (from: Box, to: Box): Placed => ({
    from: covering(from, to.width / to.height),
    to,
  });
  const screen = shown.screen ?? whole;
  const camera = shown.camera ?? whole;
  if (shown.composition.startsWith("stack")) {
    const height = Math.min(size.height * 0.6, (size.width * screen.height) / screen.width);
    const top: Box = { x: 0, y: 0, width: size.width, height };
    const below: Box = { x: 0, y: height, width: size.width, height: size.height - height };
    return { backdrop: false, pieces: [cover(screen, top), cover(camera, below)] };
  }
  if (shown.composition.startsWith("two")) {
    const half = size.height / 2;
    const other = shown.other ?? screen;
    return {
      backdrop: false,
      pieces: [
        cover(camera, { x: 0, y: 0, width: size.width, height: half }),
        cover(other, { x: 0, y: half, width: size.width, height: half }),
      ],
    };
  }
  if (shown.composition === "speaker" || shown.composition === "crop")
    return { backdrop: false, pieces: [cover(camera, full)] };
  const box = shown.composition === "screen" ? screen : whole;
  const scale = Math.min(size.width / box.width, size.height / box.height);
  const [width, height] = [box.width * scale, box.height * scale];
  const to = { x: (size.width - width) / 2, y: (size.height - height) / 2, width, height };
  return { backdrop: true, pieces: [{ from: box, to }] };
}

const tiny = typeof document === "undefined" ? null : document.createElement("canvas");

/** Draw the picture that a video shows now. */
export function paint(
  canvas: HTMLCanvasElement,
  video: HTMLVideoElement,
  shown: Shown,
  source: { width: number; height: number },
): void {
  const context = canvas.getContext("2d");
  if (!context || video.readyState < 2 || !video.videoWidth) return;
  const { width, height } = canvas;
  const [sx, sy] = [video.videoWidth / source.width, video.videoHeight / source.height];
  const { backdrop, pieces } = placed(shown, source, { width, height });
  context.fillStyle = "#0b0a09";
  context.fillRect(0, 0, width, height);
  if (backdrop && tiny) {
    // A picture drawn small and then large is a blurred one.
    tiny.width = 12;
    tiny.height = 20;
    const small = tiny.getContext("2d");
    const from = covering(
      { x: 0, y: 0, width: video.videoWidth, height: video.videoHeight },
      width / height,
    );
    small?.drawImage(video, from.x, from.y, from.width, from.height, 0, 0, 12, 20);
    context.imageSmoothingQuality = "high";
    context.globalAlpha = 0.45;
    context.drawImage(tiny, 0, 0, width, height);
    context.globalAlpha = 1;
  }
  for (const { from, to } of pieces)
    context.drawImage(
      video,
      from.x * sx,
      from.y * sy,
      from.width * sx,
      from.height * sy,
      Math.round(to.x),
      Math.round(to.y),
      Math.ceil(to.width),
      Math.ceil(to.height),
    );
}
