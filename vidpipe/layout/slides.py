"""When the screen turns to another page."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.model import LayoutKind, LayoutOptions, Role, Slide, Stretch
from vidpipe.layout.sampling import CHANGED, Grey, Samples, difference, refine
from vidpipe.media.frames import FrameReader


def find_slides(
    reader: FrameReader,
    samples: Samples,
    stretches: Sequence[Stretch],
    options: LayoutOptions,
) -> list[Slide]:
    """Slides of all stretches that show a screen, in order; regions in analysis pixels.

    A change counts when enough of the screen outside the camera differs; changes
    in consecutive samples (a film in a slide, a dissolve) are one.
    """
    slides: list[Slide] = []
    left = options.max_refinements
    for stretch in stretches:
        screen = stretch.region(Role.SCREEN)
        if screen is None or stretch.kind is LayoutKind.CAMERA:
            continue
        camera = stretch.region(Role.CAMERA)
        mask = _mask(samples, screen.rect, camera.rect if camera else None)
        inside = np.flatnonzero(
            (samples.times_s >= stretch.start_s) & (samples.times_s < stretch.end_s)
        )
        area = max(1, int(mask.sum()))

        def share(a: Grey, b: Grey, mask: NDArray[np.bool_] = mask, area: int = area) -> float:
            return float(((difference(a, b) > CHANGED) & mask).sum()) / area

        changes: list[float] = []
        open_since: int | None = None
        for i, j in itertools.pairwise(inside):
            if share(samples.grey[i], samples.grey[j]) > options.slide_fraction:
                open_since = int(i) if open_since is None else open_since
                continue
            if open_since is not None:
                changes.append(_time(reader, samples, open_since, int(i), share, left > 0))
                left -= 1
                open_since = None
        if open_since is not None:
            last = int(inside[-1])
            changes.append(_time(reader, samples, open_since, last, share, left > 0))
        borders = [stretch.start_s]
        for t_s in changes:
            if t_s - borders[-1] > 0.5 and stretch.end_s - t_s > 0.5:
                borders.append(t_s)
        borders.append(stretch.end_s)
        for start, end in itertools.pairwise(borders):
            frame_s = max(start, min(end - 0.3, start + 0.9 * (end - start)))
            slides.append(
                Slide(start_s=round(start, 3), end_s=round(end, 3), frame_s=round(frame_s, 3))
            )
    return slides


def _time(
    reader: FrameReader,
    samples: Samples,
    first: int,
    last: int,
    share: object,
    may_refine: bool,
) -> float:
    """The moment of most change between two samples that were at rest."""
    start_s, end_s = float(samples.times_s[first]), float(samples.times_s[last])
    if not may_refine or end_s - start_s > 20 or not callable(share):
        return end_s
    t_s, _ = refine(reader, start_s, end_s, share)
    return t_s


def _mask(samples: Samples, screen: Rect, camera: Rect | None) -> NDArray[np.bool_]:
    mask = np.zeros(samples.grey.shape[1:], bool)
    mask[screen.y : screen.bottom, screen.x : screen.right] = True
    if camera is not None:
        mask[max(0, camera.y - 3) : camera.bottom + 3, max(0, camera.x - 3) : camera.right + 3] = (
            False
        )
    return mask
