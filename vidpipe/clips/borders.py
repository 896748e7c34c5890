"""Borders of pages and cameras that were found a little off: dark bars, lines that are cut.

A page in the colour of what is around it has a border that is hardly seen, and its title is the
first thing that stands out: where letters lie across a border, the page is shown from over them.
A camera's picture that begins a few pixels later than it was said to has a bar at its side.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding
from vidpipe.layout.model import Region, RegionRole

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

#: So far outside a border text is looked for, next to the page's height, and air is kept around.
_REACH, _AIR = 0.14, 0.035
#: Letters stand out from what is around them by so many greys.
_STANDS_OUT = 18
#: The least and the most height of letters, next to the page's, and so many make a line.
_LETTER, _LEAST_LETTERS = (0.008, 0.12), 4
#: A line is across a border that has so many of its pixels on either side.
_ACROSS = 2
#: A bar is as dark as this nearly everywhere, stands still to so many greys, and takes at most
#: so much.
_DARK, _STILL, _WIDEST = 44, 8, 0.3
#: A camera with so much of the source is all of it, where what is wider than this is a dark room.
_WHOLE, _WIDEST_OF_WHOLE = 0.9, 0.05
#: It ends where so much of what is beside it differs by so many greys.
_ENDS, _STEP = 0.4, 10


def tidied(
    regions: Sequence[Region], looks: Sequence[Grey], scale: float, source: Rect
) -> tuple[Region, ...]:
    """Regions without bars at their sides, pages with whole lines.

    Args:
        regions: of a stretch, in source pixels.
        looks: pictures of the whole source in it, `scale` as large.
        scale: of `looks` next to the source.
        source: its whole picture, in pixels: the size of `looks` is rounded.
    """
    cameras = [r.rect for r in regions if r.role is RegionRole.CAMERA]
    found = []
    for region in regions:
        rect = region.rect
        if region.role is RegionRole.CAMERA and not region.circle:
            whole = rect.area >= _WHOLE * source.area
            widest = _WIDEST_OF_WHOLE if whole else _WIDEST
            rect = without_bars(rect, (), looks, scale, widest)
        elif region.role is RegionRole.SCREEN and not region.corners:
            rect = without_bars(rect, cameras, looks, scale)
            rect = with_whole_lines(rect, cameras, looks, scale, source)
        found.append(region.model_copy(update={"rect": rect}))
    return tuple(found)


def without_bars(
    rect: Rect,
    covered: Sequence[Rect],
    looks: Sequence[Grey],
    scale: float,
    widest: float = _WIDEST,
) -> Rect:
    """A region without even dark bars along its borders.

    As it is where less than half of its width or height would be left.

    Args:
        rect: the region, in source pixels.
        covered: parts of it that do not count.
        looks: pictures of the whole source, `scale` as large.
        scale: of `looks`.
        widest: the most that a bar takes, next to the region's width or height.
    """
    height, width = looks[0].shape
    small = rect.scaled(scale).clamp(Rect(x=0, y=0, width=width, height=height))
    hidden = np.zeros((small.height, small.width), bool)
    for camera in covered:
        both = camera.scaled(scale).intersect(small)
        if both is not None:
            hidden[
                both.y - small.y : both.bottom - small.y, both.x - small.x : both.right - small.x
            ] = True
    shown = np.stack([g[small.y : small.bottom, small.x : small.right] for g in looks])
    seen = np.where(hidden, np.nan, shown.astype(np.float32))
    cut = {side: _bar(_turned(seen, side), widest) for side in ("left", "right", "top", "bottom")}
    if not any(cut.values()):
        return rect
    # A pixel more, which is half of the bar and half of the picture.
    left, right, top, bottom = (round((n + 1) / scale) if n else 0 for n in cut.values())
    if 2 * (left + right) > rect.width or 2 * (top + bottom) > rect.height:
        return rect
    return Rect(
        x=rect.x + left,
        y=rect.y + top,
        width=rect.width - left - right,
        height=rect.height - top - bottom,
    )


def _turned(pictures: Floats, side: str) -> Floats:
    """Pictures, shape (looks, rows, columns), with the side of that name on the left."""
    if side in ("top", "bottom"):
        pictures = pictures.transpose(0, 2, 1)
    return pictures[..., ::-1] if side in ("right", "bottom") else pictures


def _bar(pictures: Floats, widest: float) -> int:
    """How many columns on the left are a dark bar that stands still, up to something upright."""
    most = round(widest * pictures.shape[2])
    seen = pictures[..., : most + 3]
    if np.isnan(seen).all(axis=(0, 1)).any():
        return 0
    bright = np.nanpercentile(seen, 95, axis=(0, 1)) > _DARK
    moves = np.nanpercentile(seen.max(axis=0) - seen.min(axis=0), 95, axis=0) > _STILL
    other = np.nonzero(bright | moves)[0]
    if len(other) == 0 or not 0 < other[0] <= most:
        return 0
    ends = int(other[0])
    level = np.nanmedian(seen[..., :ends], axis=2, keepdims=True)
    beside = np.abs(seen[..., ends : ends + 3] - level).max(axis=2)
    return ends if float(np.nanmean(beside > _STEP)) >= _ENDS else 0


def with_whole_lines(
    page: Rect, covered: Sequence[Rect], looks: Sequence[Grey], scale: float, source: Rect
) -> Rect:
    """A page, larger where a line of text lies across one of its borders.

    Args:
        page: where it is in the source.
        covered: cameras, which it is not to reach into.
        looks: pictures of the whole source, `scale` as large.
        scale: of `looks`.
        source: its whole picture, in pixels: the size of `looks` is rounded.
    """
    height, width = looks[0].shape
    around = page.grown(round(_REACH * page.height)).intersect(source)
    if around is None or around == page:
        return page
    small = around.scaled(scale).clamp(Rect(x=0, y=0, width=width, height=height))
    inner = page.scaled(scale)
    holes = [c.scaled(scale) for c in covered]
    wanted = [page]
    for grey in looks:
        looked = grey[small.y : small.bottom, small.x : small.right]
        for line in _lines(looked, inner.height):
            there = line.model_copy(update={"x": line.x + small.x, "y": line.y + small.y})
            if _lies_across(there, inner) and not any(there.intersect(h) for h in holes):
                wanted.append(there.scaled(1 / scale))
    if len(wanted) == 1:
        return page
    lines, air = bounding(wanted), round(_AIR * page.height)
    left = lines.x - air if lines.x < page.x else page.x
    top = lines.y - air if lines.y < page.y else page.y
    right = lines.right + air if lines.right > page.right else page.right
    bottom = lines.bottom + air if lines.bottom > page.bottom else page.bottom
    whole = Rect(x=left, y=top, width=right - left, height=bottom - top)
    return _beside(whole.intersect(source) or page, page, covered)


def _lies_across(line: Rect, page: Rect) -> bool:
    """Whether a border of the page goes through a line of text."""
    beside = line.right > page.x and line.x < page.right
    level = line.bottom > page.y and line.y < page.bottom
    rows = any(line.y + _ACROSS <= y <= line.bottom - _ACROSS for y in (page.y, page.bottom))
    columns = any(line.x + _ACROSS <= x <= line.right - _ACROSS for x in (page.x, page.right))
    return (beside and rows) or (level and columns)


def _lines(grey: Grey, page_height: int) -> list[Rect]:
    """Boxes of lines of letters in a picture of a page and what is around it."""
    low, high = max(4.0, _LETTER[0] * page_height), _LETTER[1] * page_height
    # Against the middle of the surroundings: the border of the page is no letter.
    ground = cv2.medianBlur(grey, min(255, round(high) * 2 + 1))
    mask = (cv2.absdiff(grey, ground) > _STANDS_OUT).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    heights, widths = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    letters = (heights >= low) & (heights <= high) & (widths <= 1.6 * heights)
    letters[0] = False
    if letters.sum() < _LEAST_LETTERS:
        return []
    # Letters of a line are nearer to each other than they are high.
    reach = max(1, round(float(np.median(heights[letters]))))
    joined = cv2.dilate(letters[labels].astype(np.uint8), np.ones((1, 2 * reach + 1), np.uint8))
    _, runs = cv2.connectedComponents(joined)
    lines: dict[int, list[Rect]] = {}
    for k in np.nonzero(letters)[0].tolist():
        x, y, w, h = stats[k, :4].tolist()
        column = x + int(np.argmax(labels[y, x : x + w] == k))
        lines.setdefault(int(runs[y, column]), []).append(Rect(x=x, y=y, width=w, height=h))
    return [bounding(line) for line in lines.values() if len(line) >= _LEAST_LETTERS]


def _beside(whole: Rect, page: Rect, covered: Sequence[Rect]) -> Rect:
    """A page that became larger, up to cameras that the page did not reach into."""
    left, top, right, bottom = whole.x, whole.y, whole.right, whole.bottom
    for camera in covered:
        if camera.intersect(page) is not None or camera.intersect(whole) is None:
            continue
        if camera.right <= page.x:
            left = max(left, camera.right)
        elif camera.x >= page.right:
            right = min(right, camera.x)
        elif camera.bottom <= page.y:
            top = max(top, camera.bottom)
        else:
            bottom = min(bottom, camera.y)
    return Rect(x=left, y=top, width=right - left, height=bottom - top)
