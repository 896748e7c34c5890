"""Insets: what of a camera's small picture is the camera's, and what it leaves on the page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.model import Region
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval

Grey = NDArray[np.uint8]

#: Around an inset, next to the page's width; and the greys of a plain part of it.
_MARGIN, _PLAIN = 0.006, 24
#: So thick is a strip whose colours a hole is filled with, next to the page's width.
_STRIP = 0.03
#: Of a disc's diameter, what is surely inside its smoothed border.
_WITHIN = 0.97
#: Moments at which an inset is looked at, as shares of the time.
_MOMENTS = (0.1, 0.5, 0.9)
#: A corner is the page's as long as it is within so many greys of it, and so far at most.
_LIKE_THE_PAGE, _ROUNDEST = 14, 0.25
#: Roundings of one inset differ by so many pixels.
_ALIKE = 2


def inscribed(disc: Rect, aspect: float) -> Rect:
    """The largest rectangle of an aspect in the disc that fills a square: no corner of what is
    behind it."""
    diameter = min(disc.width, disc.height)
    height = diameter / math.hypot(1.0, aspect)
    x, y = disc.center
    return Rect(
        x=round(x - aspect * height / 2),
        y=round(y - height / 2),
        width=round(aspect * height),
        height=round(height),
    )


def square_around(disc: Rect) -> Rect:
    """The square that holds a disc, a little less: its border is found to a pixel or two."""
    side = round(_WITHIN * min(disc.width, disc.height))
    x, y = disc.center
    return Rect(x=round(x - side / 2), y=round(y - side / 2), width=side, height=side)


def looks_at(within: Interval, reader: FrameReader) -> list[Grey]:
    """Some pictures of a recording over a time, for the two questions below."""
    return [reader.at(within.start_s + share * within.duration_s).grey for share in _MOMENTS]


def without_corners(camera: Rect, looks: Sequence[Grey], scale: float) -> Rect:
    """An inset less what its rounded corners leave of the page.

    `looks` are `scale` as large as the source.
    """
    height, width = looks[0].shape
    small = camera.scaled(scale).clamp(Rect(x=0, y=0, width=width, height=height))
    depths = [
        median(_rounding(grey, small, right=right, below=below) for grey in looks)
        for right in (False, True)
        for below in (False, True)
    ]
    # Roundings are alike. What is on the page shortens one, a wall like the page has no end.
    most = _most(small)
    alike = [
        b for a, b in itertools.combinations(sorted(depths), 2) if b - a <= _ALIKE and b < most
    ]
    depth = max(alike, default=0.0)
    if depth < 2:
        return camera
    # A pixel more for the smoothed edge.
    shave = math.ceil((depth + 1) / scale)
    return Rect(
        x=camera.x + shave,
        y=camera.y + shave,
        width=camera.width - 2 * shave,
        height=camera.height - 2 * shave,
    )


def _most(box: Rect) -> int:
    return round(_ROUNDEST * min(box.width, box.height))


def _rounding(grey: Grey, box: Rect, *, right: bool, below: bool) -> int:
    """How far the page reaches into a corner of a box, along each side; 0 at the picture's edge."""
    x, dx = (box.right - 1, -1) if right else (box.x, 1)
    y, dy = (box.bottom - 1, -1) if below else (box.y, 1)
    outside = (y - 3 * dy, x - 3 * dx)
    if not (0 <= outside[0] < grey.shape[0] and 0 <= outside[1] < grey.shape[1]):
        return 0
    page = int(grey[outside])
    most = _most(box)
    for depth in range(most):
        if abs(int(grey[y + depth * dy, x + depth * dx]) - page) > _LIKE_THE_PAGE:
            return depth
    return most


def delogo_region(camera: Rect, screen: Region, looks: Sequence[Grey], scale: float) -> Rect | None:
    """The inset with a little around it, where it lies on a plain part of the page.

    None where it does not lie within the page, or on something: a smear would be worse.
    """
    margin = max(2, round(_MARGIN * screen.rect.width))
    grown = camera.grown(margin)
    around = camera.grown(2 * margin)
    if screen.corners or around.intersect(screen.rect) != around:
        return None
    outer, inner = around.scaled(scale), grown.scaled(scale)
    for grey in looks:
        ring = np.ones((outer.height, outer.width), bool)
        x, y = inner.x - outer.x, inner.y - outer.y
        ring[y : y + inner.height, x : x + inner.width] = False
        shown = grey[outer.y : outer.bottom, outer.x : outer.right]
        low, high = np.percentile(shown[ring[: shown.shape[0], : shown.shape[1]]], (3, 97))
        if high - low > _PLAIN:
            return None
    return grown


def fill_of(
    camera: Rect, page: Rect, looks: Sequence[Grey], scale: float, source: Rect
) -> tuple[Rect, Rect]:
    """An inset with a little around it, and the strip of the page beside it that is plainest.

    For one that lies on something, or across a border of the page.

    Args:
        camera: the inset; a part of the page is beside it.
        page: where it is in the source.
        looks: pictures of the whole source, `scale` as large.
        scale: of `looks`.
        source: its whole picture, in pixels: the size of `looks` is rounded.
    """
    hole = camera.grown(max(2, round(_MARGIN * page.width)))
    hole = hole.intersect(source) or hole
    thick = max(4, round(_STRIP * page.width))
    inside = hole.intersect(page) or hole
    level, upright = {"height": inside.height}, {"width": inside.width}
    sides = (
        Rect(x=hole.x - thick, y=inside.y, width=thick, **level),
        Rect(x=hole.right, y=inside.y, width=thick, **level),
        Rect(x=inside.x, y=hole.y - thick, height=thick, **upright),
        Rect(x=inside.x, y=hole.bottom, height=thick, **upright),
    )
    strips = [side for side in sides if side.intersect(page) == side]

    def busy(strip: Rect) -> float:
        small = strip.scaled(scale)
        shown = [grey[small.y : small.bottom, small.x : small.right] for grey in looks]
        return max(float(np.subtract(*np.percentile(s, (90, 10)))) for s in shown)

    return hole, min(strips, key=busy, default=inside)
