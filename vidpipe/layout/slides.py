"""When the screen turns to another page, and when a page only grows.

What is drawn on a page are edges. A new page takes the old one's drawing away; a build
step, ink, a cursor or a dimmed line leaves it where it is. So two pictures of the screen
at rest are compared around the first one's edges: where the second does not look alike,
the drawing is gone. Edges that nearly all pictures share (a template, a window's frame)
are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.layout.frame_store import Grey
from vidpipe.layout.model import (
    LayoutInterval,
    LayoutKind,
    LayoutOptions,
    Region,
    RegionRole,
    Slide,
)
from vidpipe.layout.sampling import SOON_S, FrameSamples, difference, soft
from vidpipe.media.frames import FrameReader

Mask = NDArray[np.bool_]

#: Sum of both Sobel gradients that is an edge: text of little contrast, not coding noise.
_EDGE = 90
#: An edge this near is the same edge.
_NEAR_PX = 1
#: Edges in so many pictures of a stretch belong to a template.
_TEMPLATE_SHARE = 0.9
#: Side of the square that is compared, and the correlation under which it shows something
#: else: darker or lighter is alike, another word is not.
_SQUARE_PX = 9
_ALIKE = 0.5
#: A grey variance that is a flat square's: below it coding noise would correlate.
_FLAT = 25.0
#: A page is gone when so much of its drawing is: new pages took 49 to 100 % away on labelled
#: recordings and made-up ones (25 % half way through a dissolve), the rest 0 to 0.6 %.
_GONE = 0.15
#: A page with so little on it against the next one was blank.
_BLANK = 0.02
#: A film moves so much from look to look as it usually does around a moment, give or take.
_FILM_S = 3.25
_FILM_SWING = 2.5
#: Looks farther apart than this see no page half turned.
_COARSE_S = 2.0
#: What changes within this is one movement.
_WHILE_S = 0.4
#: So much of a change in one frame is a cut, less a dissolve.
_AT_ONCE = 0.5


class SlideChange(Enum):
    """What happened to a page between two moments at rest."""

    NONE = "none"
    BUILD = "build"
    TURN = "turn"


@dataclass(frozen=True)
class _Step:
    """A change between samples `first` and `last`, both at rest."""

    first: int
    last: int
    kind: SlideChange


def find_slides(
    reader: FrameReader,
    samples: FrameSamples,
    stretches: Sequence[LayoutInterval],
    options: LayoutOptions,
) -> list[Slide]:
    """Slides of all stretches that show a screen, in order; regions in analysis pixels."""
    slides: list[Slide] = []
    left = options.max_refinements
    for stretch in stretches:
        screen = stretch.region(RegionRole.SCREEN)
        if screen is None or stretch.kind is LayoutKind.CAMERA:
            continue
        page = _Page(samples, stretch, _mask(samples, screen, stretch.regions))
        turns: list[float] = []
        builds: list[float] = []
        for step in page.steps(options.slide_fraction):
            if step.kind is SlideChange.BUILD:
                builds.append(float(samples.times_s[step.last]))
            if step.kind is SlideChange.TURN:
                turns.append(_time(reader, samples, step, page.mask, left > 0))
                left -= 1
        borders = [stretch.start_s]
        for t_s in turns:
            if t_s - borders[-1] > 0.5 and stretch.end_s - t_s > 0.5:
                borders.append(t_s)
        borders.append(stretch.end_s)
        for start, end in itertools.pairwise(borders):
            slides.append(
                Slide(
                    start_s=round(start, 3),
                    end_s=round(end, 3),
                    frame_s=round(page.fullest(start, end), 3),
                    builds_s=tuple(round(b, 3) for b in builds if start < b < end),
                )
            )
    return slides


class _Page:
    """The screen of one stretch over time."""

    def __init__(self, samples: FrameSamples, stretch: LayoutInterval, mask: Mask) -> None:
        self.samples = samples
        self.mask = mask
        self.inside = np.flatnonzero(
            (samples.times_s >= stretch.start_s) & (samples.times_s < stretch.end_s)
        )
        total = np.zeros(mask.shape, np.float32)
        self.drawn = []
        for k in self.inside:
            found = _edges_of(samples.soft(int(k))) & mask
            total += found
            self.drawn.append(int(np.count_nonzero(found)))
        self.template = total > _TEMPLATE_SHARE * max(1, len(self.inside))

    def steps(self, fraction: float) -> list[_Step]:
        """Changes from rest to rest: a dissolve or an animation is one.

        A page with a film in it is never at rest: there, rest is what the film moves.
        Looks that are seconds apart fall between changes: each pair is its own.
        """
        pairs = list(itertools.pairwise(self.inside))
        if not pairs:
            return []
        samples, times = self.samples, self.samples.times_s
        # A dissolve moves little from look to look where they are close: those of a while
        # back are compared.
        since = [
            min(i, max(self.inside[0], np.searchsorted(times, times[j] - _WHILE_S, "right") - 1))
            for i, j in pairs
        ]
        moved = np.array(
            [
                np.count_nonzero(samples.changed(int(i), int(j)) & self.mask) / self.mask.size
                for i, (_, j) in zip(since, pairs, strict=True)
            ]
        ) / max(float(self.mask.mean()), 1e-9)
        usual = _median_over_time(times[self.inside], moved, _FILM_S)
        at_rest = (moved <= fraction) | (moved <= _FILM_SWING * usual)
        steps: list[_Step] = []
        run: list[np.intp] = []
        for k, (i, j) in enumerate(pairs):
            apart = times[j] - times[i] > _COARSE_S
            if run and (apart or at_rest[k]):
                steps.append(self._step(run[0], i))
                run = []
            if apart and moved[k] > fraction:
                steps.append(self._step(i, j))
            elif not apart and not at_rest[k]:
                run = run or [since[k]]
        if run:
            steps.append(self._step(run[0], pairs[-1][1]))
        return steps

    def _step(self, first: np.intp, last: np.intp) -> _Step:
        before, after = self.samples.grey[first], self.samples.grey[last]
        return _Step(int(first), int(last), judge(before, after, self.mask, self.template))

    def fullest(self, start_s: float, end_s: float) -> float:
        """When the page between two moments holds most: its picture is taken there."""
        times = self.samples.times_s[self.inside]
        inner = np.flatnonzero((times > start_s + 0.3) & (times < end_s - 0.3))
        if len(inner) == 0:
            return max(start_s, min(end_s - 0.3, start_s + 0.9 * (end_s - start_s)))
        drawn = np.array(self.drawn)[inner]
        # The last of those that hold as good as everything.
        best = inner[np.flatnonzero(drawn >= 0.98 * drawn.max())[-1]]
        return float(times[best])


def _median_over_time(
    times_s: NDArray[np.float64], values: NDArray[np.float64], reach_s: float
) -> NDArray[np.float64]:
    """The median of what lies between looks, by its length, around the middle of each."""
    out = np.empty_like(values)
    for k in range(len(values)):
        middle = (times_s[k] + times_s[k + 1]) / 2
        first, last = np.searchsorted(times_s, (middle - reach_s, middle + reach_s))
        near = np.arange(max(first - 1, 0), min(last, len(values)))
        ends = np.clip(times_s[near[0] : near[-1] + 2], middle - reach_s, middle + reach_s)
        order = np.argsort(values[near])
        so_far = np.cumsum(np.diff(ends)[order])
        out[k] = values[near][order][np.searchsorted(so_far, so_far[-1] / 2)]
    return out


def edges(grey: Grey) -> Mask:
    """Where something is drawn, shape (h, w)."""
    return _edges_of(soft(grey))


def _edges_of(blurred: Grey) -> Mask:
    across, down = cv2.spatialGradient(blurred)
    # More than 255 is as much of an edge as 255.
    strength = cv2.add(cv2.convertScaleAbs(across), cv2.convertScaleAbs(down))
    return np.asarray(strength > _EDGE, bool)


def judge(before: Grey, after: Grey, mask: Mask, template: Mask) -> SlideChange:
    """What happened to a page between two pictures of it at rest."""
    old, new = edges(before) & mask, edges(after) & mask
    # What both share because every page has it says nothing of either.
    shared = _grown(template & new, _NEAR_PX - 1)
    own, own_after = int((old & ~shared).sum()), int((new & ~shared).sum())
    if own + own_after == 0:
        return SlideChange.NONE
    if own < _BLANK * own_after:
        return SlideChange.TURN
    gone = int((old & ~shared & (likeness(before, after) < _ALIKE)).sum()) / own
    if gone >= _GONE:
        return SlideChange.TURN
    come = int((new & ~_grown(old, _NEAR_PX)).sum()) / max(1, own_after)
    return SlideChange.BUILD if come > gone else SlideChange.NONE


def likeness(a: Grey, b: Grey) -> NDArray[np.float32]:
    """Correlation of the squares around each pixel of two pictures, -1 to 1, shape (h, w)."""

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.boxFilter(values, -1, (_SQUARE_PX, _SQUARE_PX)), np.float32)

    x, y = (cv2.GaussianBlur(g, (3, 3), 0).astype(np.float32) for g in (a, b))
    mean_x, mean_y = mean(x), mean(y)
    spread_x = np.maximum(mean(x * x) - mean_x * mean_x, _FLAT)
    spread_y = np.maximum(mean(y * y) - mean_y * mean_y, _FLAT)
    return np.asarray((mean(x * y) - mean_x * mean_y) / np.sqrt(spread_x * spread_y), np.float32)


def _grown(mask: Mask, by_px: int) -> Mask:
    kernel = np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel), bool)


def _time(
    reader: FrameReader, samples: FrameSamples, step: _Step, mask: Mask, may_refine: bool
) -> float:
    """When a page turned, between two samples that were at rest.

    A dissolve has no moment of most change: its middle counts.
    """
    start_s, end_s = float(samples.times_s[step.first]), float(samples.times_s[step.last])
    known_s = samples.known_s(step.first, step.last)
    if known_s is not None:
        return known_s
    looks = np.arange(step.first, step.last + 1)
    if np.diff(samples.times_s[looks]).max() <= SOON_S:
        shown: Iterable[tuple[float, Grey]] = zip(
            samples.times_s[looks].tolist(), samples.grey[looks], strict=True
        )
    elif may_refine and end_s - start_s <= 20:
        finest_s = max(1 / 30, (end_s - start_s) / 60)
        roughly = end_s - start_s > 2.0
        shown = samples.every(reader, finest_s, start_s, end_s + finest_s, roughly=roughly)
    else:
        return end_s
    times: list[float] = []
    amounts: list[float] = []
    previous: Grey | None = None
    for t_s, grey in shown:
        if previous is not None:
            times.append(t_s)
            amounts.append(float(difference(previous, grey)[mask].mean()))
        previous = grey
    if not amounts:
        return end_s
    over = np.maximum(np.array(amounts) - 2 * float(np.median(amounts)), 0.0)
    if over.sum() <= 0:
        over = np.array(amounts) + 1e-9
    if over.max() > _AT_ONCE * over.sum():
        return times[int(over.argmax())]
    return float((np.array(times) * over).sum() / over.sum())


def _mask(samples: FrameSamples, screen: Region, regions: Sequence[Region]) -> Mask:
    """The screen without the cameras before it; a page on a wall is within its corners."""
    mask = np.zeros(samples.grey.shape[1:], np.uint8)
    area = screen.rect
    if screen.corners:
        cv2.fillConvexPoly(mask, np.array(screen.corners, np.int32), 1)
    else:
        mask[area.y : area.bottom, area.x : area.right] = 1
    for region in regions:
        rect = region.rect
        if region.role is RegionRole.CAMERA and rect.intersect(area) != area:
            mask[max(0, rect.y - 3) : rect.bottom + 3, max(0, rect.x - 3) : rect.right + 3] = 0
    return mask > 0
