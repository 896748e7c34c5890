"""Rectangles that are drawn on all sides in the lasting picture, whatever moves in them.

Somebody who sits still moves too little to say how far the picture around him goes. Its
outline says so: a camera's picture has one on every side, from the first look to the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.evidence import Evidence, Lines, Mask, Shares

#: A side is at least so long, in parts of the picture's height; gaps in it are no longer than
#: this, and so much of it is drawn.
_LEAST_SIDE, _GAP_PX, _DRAWN = 0.085, 7, 0.75
#: So many of the longest lines each way are taken for sides, beside the picture's own.
_LINES = 22
#: Of the sides that are not the picture's own so much shows, of each and on average.
_WEAKEST, _MEAN = 0.6, 0.8
#: With two of them only, so much.
_CORNER = 0.85
#: A line so near to the picture's end of which so much shows is the side, not the end.
_MARGIN_PX, _MARGIN = 28, 0.5
#: Life in an outline: so many pixels, so much of it (a cursor on a photograph is less); and
#: going on across so much of its border it is somebody before a window.
_LIVING_PX, _LIVING, _CROSSED = 24, 0.003, 0.08
#: A larger outline with more of its life beside the smaller ones in it is the camera's.
_BESIDE = 0.3
#: So much life in so many pixels on most of its sides: it is a thing in a camera's picture.
_RING_PX, _AROUND = 14, 0.1
#: And so much of one with two sides of its own is alive.
_LIVES = 0.1
#: The cameras of one picture are of about one size.
_ONE_SIZE = 0.6
#: A line across all of a picture is its own if the parts differ in size and fill it, or if
#: what is beyond is less than the part: then the whole may show so much worse.
_TILED, _DOUBLE, _WORSE = 0.85, 2.0, 0.05
#: Between two pictures is no more than this.
_GUTTER_PX = 16
#: It takes so much of the picture.
_MOST = 0.8
_FLATTEST, _TALLEST = 3.2, 0.3
#: Pixels along a line that are taken together, against grain.
_ALONG_PX = 7
#: Outlines whose sides are all so near are one.
_NEAR_PX = 3


def outlines(evidence: Evidence) -> list[tuple[Rect, float]]:
    """Closed rectangles in which something is alive, none in another, and how well they show."""
    lines = Lines(evidence.mean, evidence.alive, _ALONG_PX, evidence.lines.ends)
    left, right, top, bottom, shown = _closed(lines)
    area = (right - left) * (bottom - top)
    # Of those that differ by a pixel or two the one that shows best, then the smaller first.
    best: list[int] = []
    for k in np.argsort(-shown, kind="stable").tolist():
        near = np.array(best, int)
        off = [np.abs(v[near] - v[k]) for v in (left, right, top, bottom)]
        if not (np.max(off, axis=0) <= _NEAR_PX).any():
            best.append(k)
    kept: dict[Rect, tuple[float, float]] = {}
    for k in sorted(best, key=lambda k: int(area[k])):
        rect = _exact(lines, int(left[k]), int(right[k]), int(top[k]), int(bottom[k]))
        living = _living(evidence, rect)
        inner = [r for r in kept if _inside(r, rect)]
        across = [r for r in kept if r not in inner and r.intersect(rect) is not None]
        if across or (inner and not _of_one(lines, rect, float(shown[k]), living, inner, kept)):
            continue
        for r in inner:
            del kept[r]
        kept[rect] = float(shown[k]), living
    return [
        (rect, found)
        for rect, (found, _) in kept.items()
        if not _in_a_camera(evidence, rect, list(kept))
    ]


def _of_one(
    lines: Lines,
    outer: Rect,
    shown: float,
    living: float,
    inner: list[Rect],
    kept: dict[Rect, tuple[float, float]],
) -> bool:
    """Whether what is drawn within an outline are lines of its own picture."""
    if living - sum(kept[r][1] for r in inner) >= _BESIDE * living:
        return True
    if shown < min(kept[r][0] for r in inner) - _WORSE:
        return False
    if len(inner) > 1:
        return not of_one_size(inner) and sum(r.area for r in inner) >= _TILED * outer.area
    (only,) = inner
    if outer.area > _DOUBLE * only.area:
        return False
    by = np.arange(_NEAR_PX, _GUTTER_PX)
    sides = (
        (only.x - outer.x, lines.left(only.x - by, only.y, only.bottom)),
        (outer.right - only.right, lines.right(only.right + by, only.y, only.bottom)),
        (only.y - outer.y, lines.top(only.y - by, only.x, only.right)),
        (outer.bottom - only.bottom, lines.bottom(only.bottom + by, only.x, only.right)),
    )
    off = [(px, float(shares.max())) for px, shares in sides if px > _NEAR_PX]
    # Two lines with a gutter between them are the sides of two pictures.
    return len(off) == 1 and off[0][0] > _GUTTER_PX and off[0][1] < _MEAN


def of_one_size(rects: Sequence[Rect]) -> bool:
    """Whether rectangles are as large as the cameras of one picture are."""
    widths, heights = [r.width for r in rects], [r.height for r in rects]
    return min(widths) >= _ONE_SIZE * max(widths) and min(heights) >= _ONE_SIZE * max(heights)


def _exact(lines: Lines, left: int, right: int, top: int, bottom: int) -> Rect:
    """A rectangle with each side where it shows best, give or take a pixel."""
    near = np.array([-1, 0, 1])
    x = left + int(near[lines.left(left + near, top, bottom).argmax()]) if left > 0 else 0
    y = top + int(near[lines.top(top + near, left, right).argmax()]) if top > 0 else 0
    if right < lines.width:
        right += int(near[lines.right(right + near, top, bottom).argmax()])
    if bottom < lines.height:
        bottom += int(near[lines.bottom(bottom + near, left, right).argmax()])
    return Rect(x=x, y=y, width=right - x, height=bottom - y)


def _in_a_camera(evidence: Evidence, rect: Rect, outlined: list[Rect]) -> bool:
    """Whether there is life on most sides of an outline that no other one holds."""
    free = evidence.alive.copy()
    for r in outlined:
        # What just crosses a line is coding.
        free[max(0, r.y - 3) : r.bottom + 3, max(0, r.x - 3) : r.right + 3] = False
    strips = (
        free[rect.y : rect.bottom, max(0, rect.x - _RING_PX) : rect.x],
        free[rect.y : rect.bottom, rect.right : rect.right + _RING_PX],
        free[max(0, rect.y - _RING_PX) : rect.y, rect.x : rect.right],
        free[rect.bottom : rect.bottom + _RING_PX, rect.x : rect.right],
    )
    lives = [float(s.mean()) > _AROUND for s in strips if s.size]
    return 2 * sum(lives) > len(lives)


def _living(evidence: Evidence, rect: Rect) -> float:
    lines = evidence.lines
    return float(lines.alive(rect.x, rect.right, rect.y, rect.bottom))


def _inside(a: Rect, b: Rect) -> bool:
    both = a.intersect(b)
    return both is not None and both.area >= 0.95 * a.area


def _closed(lines: Lines) -> tuple[Shares, Shares, Shares, Shares, Shares]:
    """Sides of all closed rectangles with life, and how much of these shows; each shape (n,)."""
    height, width = lines.height, lines.width
    least = max(12, round(_LEAST_SIDE * height))
    xs = _ends(_longest(lines.across, least), width)
    ys = _ends(_longest(lines.down.T, least), height)
    a, b = np.triu_indices(len(xs), 1)
    c, d = np.triu_indices(len(ys), 1)
    left, top = (v.ravel() for v in np.meshgrid(xs[a], ys[c], indexing="ij"))
    right, bottom = (v.ravel() for v in np.meshgrid(xs[b], ys[d], indexing="ij"))
    wide, tall = right - left, bottom - top
    kept = (wide >= least) & (tall >= least) & (wide * tall <= _MOST * width * height)
    kept &= (wide >= _TALLEST * tall) & (wide <= _FLATTEST * tall)
    left, right, top, bottom = (v[kept] for v in (left, right, top, bottom))
    kept = lines.alive(left, right, top, bottom) >= _LIVING_PX
    left, right, top, bottom = (v[kept] for v in (left, right, top, bottom))
    sides = np.stack(
        [
            lines.left(left, top, bottom),
            lines.right(right, top, bottom),
            lines.top(top, left, right),
            lines.bottom(bottom, left, right),
        ]
    )
    own = np.stack([left <= 0, right >= width, top <= 0, bottom >= height])
    inner = (~own).sum(axis=0)
    mean = np.where(own, 0.0, sides).sum(axis=0) / np.maximum(inner, 1)
    weakest = np.where(own, 1.0, sides).min(axis=0)
    kept = (inner >= 2) & (weakest >= _WEAKEST)
    kept &= mean >= np.where(inner == 2, _CORNER, _MEAN)
    kept &= lines.crossed(left, right, top, bottom) <= _CROSSED
    living = lines.alive(left, right, top, bottom) / ((right - left) * (bottom - top))
    kept &= living >= np.where(inner > 2, _LIVING, _LIVES)
    shown = (0.5 * mean + 0.5 * weakest)[kept]
    left, right, top, bottom = (v[kept] for v in (left, right, top, bottom))
    # The picture's end is no side where a line runs along near it.
    by = np.arange(_NEAR_PX, _MARGIN_PX)[:, None]
    far = (left > 0) | (lines.left(left + by, top, bottom) < _MARGIN).all(axis=0)
    far &= (right < width) | (lines.right(right - by, top, bottom) < _MARGIN).all(axis=0)
    far &= (top > 0) | (lines.top(top + by, left, right) < _MARGIN).all(axis=0)
    far &= (bottom < height) | (lines.bottom(bottom - by, left, right) < _MARGIN).all(axis=0)
    return left[far], right[far], top[far], bottom[far], shown[far]


def _longest(drawn: Mask, least: int) -> NDArray[np.int_]:
    """The columns with the longest lines in them, without neighbours of each other."""
    marks = drawn.astype(np.uint8)
    whole = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((_GAP_PX, 1), np.uint8))
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((least, 1), np.uint8))
    covered = whole.sum(axis=0, dtype=np.int64)
    length = cv2.bitwise_and(marks, whole).sum(axis=0, dtype=np.int64)
    length[length < _DRAWN * covered] = 0
    chosen: list[int] = []
    for x in np.argsort(-length, kind="stable").tolist():
        if length[x] == 0 or len(chosen) == _LINES:
            break
        if all(abs(x - c) > 1 for c in chosen):
            chosen.append(x)
    return np.array(sorted(chosen), int)


def _ends(inner: NDArray[np.int_], size: int) -> NDArray[np.int_]:
    return np.unique(np.concatenate(([0], inner[(inner > 2) & (inner < size - 2)], [size])))
