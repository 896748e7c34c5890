"""A sparse look at the whole video: grey frames on a coarse grid, changes between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.layout.model import LayoutOptions
from vidpipe.media.frames import Frame, FrameReader

Grey = NDArray[np.uint8]

#: A grey step that is a change and not coding noise.
CHANGED = 24
#: A grey step that is movement: smaller, a talking head shades slowly.
MOVED = 7


@dataclass(frozen=True)
class Samples:
    """Grey frames, shape (n, h, w), at `times_s`, shape (n,); `scale` grey per displayed pixel."""

    times_s: NDArray[np.float64]
    grey: NDArray[np.uint8]
    scale: float

    def __len__(self) -> int:
        return len(self.times_s)

    def changed(self, i: int) -> NDArray[np.bool_]:
        """Which pixels differ between sample i and i + 1."""
        return difference(self.grey[i], self.grey[i + 1]) > CHANGED


def difference(a: Grey, b: Grey) -> Grey:
    """Absolute difference of two blurred grey pictures: one pixel of jitter is no change."""
    return np.asarray(
        cv2.absdiff(cv2.GaussianBlur(a, (3, 3), 0), cv2.GaussianBlur(b, (3, 3), 0)), np.uint8
    )


def to_grey(frame: Frame) -> Grey:
    """Luma of a frame, shape (h, w)."""
    return np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), np.uint8)


def sample(
    reader: FrameReader,
    options: LayoutOptions,
    on_progress: Callable[[float], None] | None = None,
) -> Samples:
    """At most `max_samples` frames: keyframes where they are dense enough, else a decode.

    The grey frames of a long video take under 70 MB: their number is bounded.
    """
    duration_s = reader.info.duration_s
    step_s = min(options.max_step_s, max(options.min_step_s, duration_s / options.max_samples))
    keys = reader.keyframe_times()
    gaps = np.diff([*keys, duration_s]) if keys else np.array([duration_s])
    dense = len(keys) > 2 and float(np.max(gaps)) <= max(1.6 * step_s, step_s + 1.0)
    frames = reader.keyframes() if dense else reader.every(step_s, roughly=True)
    times: list[float] = []
    grey: list[Grey] = []
    for frame in frames:
        if times and frame.t_s - times[-1] < 0.6 * step_s:
            continue
        times.append(frame.t_s)
        grey.append(to_grey(frame))
        if on_progress is not None:
            on_progress(min(1.0, frame.t_s / max(duration_s, 1e-6)))
    return Samples(
        np.array(times), np.stack(grey) if grey else np.zeros((0, 1, 1), np.uint8), reader.scale
    )


def refine(
    reader: FrameReader,
    start_s: float,
    end_s: float,
    changed: Callable[[Grey, Grey], float],
) -> tuple[float, float]:
    """When between two samples the picture changed most: (time after the change, amount).

    `changed` compares two grey frames; the window is decoded in full, it is short.
    """
    best_t, best = end_s, 0.0
    previous: Grey | None = None
    step_s = max(1 / 30, (end_s - start_s) / 60)
    for frame in reader.every(step_s, start_s, end_s + step_s):
        grey = to_grey(frame)
        if previous is not None:
            amount = changed(previous, grey)
            if amount > best:
                best_t, best = frame.t_s, amount
        previous = grey
    return best_t, best
