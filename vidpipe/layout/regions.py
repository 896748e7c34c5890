"""Which part of a picture is content, screen or empty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.pictures import Grey
from vidpipe.layout.sampling import CHANGED, Samples

#: A mean step in grey that is a line of the page's border, and how much of the border it
#: must run along: at first anywhere, then within the page.
_LINE = 12.0
_LINE_SHARE = 0.4
_FRAME_SHARE = 0.8
_MARGIN = 0.03


def content_rect(samples: Samples, inside: NDArray[np.int_], without: Rect | None = None) -> Rect:
    """The frame without its bars: borders that stay dark are left out, `without` ignored."""
    height, width = samples.grey.shape[1:]
    stack = samples.grey[inside[:: max(1, len(inside) // 12)]]
    brightest = stack.max(axis=0)
    if without is not None:
        brightest[without.y : without.bottom, without.x : without.right] = 0
    columns = np.flatnonzero((brightest > 32).mean(axis=0) > 0.02)
    rows = np.flatnonzero((brightest > 32).mean(axis=1) > 0.02)
    if len(columns) < width * 0.3 or len(rows) < height * 0.3:
        return Rect(x=0, y=0, width=width, height=height)
    x, right, y, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    # A thin dark margin belongs to the picture, bars are wider.
    if x < 0.02 * width and right > 0.98 * width:
        x, right = 0, width
    if y < 0.02 * height and bottom > 0.98 * height:
        y, bottom = 0, height
    return Rect(x=int(x), y=int(y), width=int(right - x), height=int(bottom - y))


def flatness(grey: Grey, rect: Rect) -> float:
    """Share of a picture without texture: slides and consoles have much, rooms little."""
    part = grey[rect.y : rect.bottom, rect.x : rect.right].astype(np.int16)
    if part.shape[0] < 4 or part.shape[1] < 4:
        return 0.0
    across = np.abs(np.diff(part, axis=1))[1:, :]
    down = np.abs(np.diff(part, axis=0))[:, 1:]
    return float(((across <= 1) & (down <= 1)).mean())


def screen_beside(grey: NDArray[np.uint8], content: Rect, inset: Rect) -> Rect:
    """The screen when it lies beside the camera, else the whole content under the inset.

    Beside it, if one side of the inset holds all that ever changes and the strip
    with the inset holds nothing else to see in the pictures `grey`, shape (n, h, w).
    """
    height, width = grey.shape[1:]
    step = max(1, len(grey) // 40)
    stack = grey[::step].astype(np.int16)
    spread = (stack.max(axis=0) - stack.min(axis=0)) > CHANGED
    texture = np.zeros((height, width), bool)
    middle = stack[len(stack) // 2]
    texture[:, 1:] |= np.abs(np.diff(middle, axis=1)) > 12
    margin = 4
    hidden = np.zeros((height, width), bool)
    hidden[
        max(0, inset.y - margin) : inset.bottom + margin,
        max(0, inset.x - margin) : inset.right + margin,
    ] = True
    inside = np.zeros((height, width), bool)
    inside[content.y : content.bottom, content.x : content.right] = True
    busy = (spread | texture) & ~hidden & inside
    total = int(busy.sum())
    if total == 0:
        return content
    options = []
    for side in sides(content, inset):
        if side.area < 0.5 * content.area:
            continue
        share = float(busy[side.y : side.bottom, side.x : side.right].sum()) / total
        page = framed(stack, side)
        if share >= 0.985 and _ends_before(stack, page, side, inset):
            options.append(page)
    return max(options, key=lambda r: r.area) if options else content


def _ends_before(stack: NDArray[np.int16], page: Rect, side: Rect, inset: Rect) -> bool:
    """Whether a page ends where the inset's strip begins, rather than going on under it."""
    if side.x < inset.right and inset.x < side.right:  # above or under it: the same, turned
        return _ends_before(stack.transpose(0, 2, 1), _turned(page), _turned(side), _turned(inset))
    at = inset.x if inset.x >= side.right else inset.right
    facing = page.right < side.right if at >= side.right else page.x > side.x
    # Rows of the page beside which there is no inset: there a border would show.
    free = np.ones(page.height, bool)
    free[max(0, inset.y - page.y) : max(0, inset.bottom - page.y)] = False
    if facing or free.mean() < 0.15:
        return True
    steps = np.abs(np.diff(stack[:, page.y : page.bottom], axis=2)).mean(axis=0)
    lines = steps[:, max(0, at - 4) : at + 3].max(axis=1) > _LINE
    return bool(lines[free].mean() > _FRAME_SHARE / 2)


def _turned(rect: Rect) -> Rect:
    return Rect(x=rect.y, y=rect.x, width=rect.height, height=rect.width)


def framed(stack: NDArray[np.int16], side: Rect) -> Rect:
    """The page on a plain background, where its border shows; else the whole side.

    Each border of what is drawn is taken when it is a line along most of the page;
    where the page goes on to the side's edge there is none.
    """
    part = stack[:, side.y : side.bottom, side.x : side.right]
    across = np.abs(np.diff(part, axis=2)).mean(axis=0) > _LINE
    down = np.abs(np.diff(part, axis=1)).mean(axis=0) > _LINE
    columns = np.flatnonzero(across.mean(axis=0) > _LINE_SHARE)
    rows = np.flatnonzero(down.mean(axis=1) > _LINE_SHARE)
    x, right = _ends(columns, side.width)
    y, bottom = _ends(rows, side.height)
    # A line is as long as the page is wide: what was found on one axis frames the other.
    columns = np.flatnonzero(across[y:bottom].mean(axis=0) > _FRAME_SHARE)
    rows = np.flatnonzero(down[:, x:right].mean(axis=1) > _FRAME_SHARE)
    x, right = _ends(columns, side.width)
    y, bottom = _ends(rows, side.height)
    return Rect(x=side.x + x, y=side.y + y, width=right - x, height=bottom - y)


def _ends(lines: NDArray[np.intp], length: int) -> tuple[int, int]:
    """The first line of the first half and the last one of the second, else the ends.

    A thin margin belongs to the page: a coloured bar, a rule.
    """
    margin = _MARGIN * length
    before = lines[(lines > margin) & (lines < 0.35 * length)]
    after = lines[(lines > 0.65 * length) & (lines < length - 1 - margin)]
    return (
        int(before[0]) + 1 if len(before) else 0,
        int(after[-1]) + 1 if len(after) else length,
    )


def sides(content: Rect, inset: Rect) -> list[Rect]:
    """What of the content lies left, right, above and below the inset, where it is of a size."""
    sides = []
    for x, y, right, bottom in (
        (content.x, content.y, inset.x, content.bottom),
        (inset.right, content.y, content.right, content.bottom),
        (content.x, content.y, content.right, inset.y),
        (content.x, inset.bottom, content.right, content.bottom),
    ):
        if right - x >= 0.15 * content.width and bottom - y >= 0.15 * content.height:
            sides.append(Rect(x=x, y=y, width=right - x, height=bottom - y))
    return sides
