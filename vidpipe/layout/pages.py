"""Where the page is in a picture: within its bars, beside its cameras, on its background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding
from vidpipe.layout.evidence import Floats, Lines, Shares
from vidpipe.layout.fit import strongest
from vidpipe.layout.frame_store import Grey
from vidpipe.layout.order_statistics import between
from vidpipe.layout.sampling import CHANGED

Stack = NDArray[np.uint8]

#: A bar is this dark and this still, all along, and the picture beside it begins at once.
_DARK, _STILL, _ALL_ALONG, _AT_ONCE = 24, 6, 0.995, 0.35
#: A line half of which is picture is lit along this much of it, one with specks along less.
_HALF_LIT = 0.15
#: A thinner one is a margin of the picture.
_BAR = 0.02
#: Lines beside the picture that coders leave specks in: half of a block of 16, seen at half width.
_SPECKS = 5
#: What a page leaves out of all that changes beside the cameras costs.
_LEFT_OUT = 1.5
#: A page that is framed less well is all of the picture; one under its cameras must be framed
#: by so much better than one beside them, on three sides at least: most are all of it.
_WHOLE, _UNDER = 0.68, 0.3
#: What doubling its area is worth: a rule under a title is no page's border.
_LARGER = 0.04
_AS_WELL = 0.06
#: A side that may be a camera's, this near to it, counts so much; one more side is worth this.
_NEAR_PX, _ITS, _EACH = 3, 0.7, 0.03
#: A camera of which so much lies on the page is on it, of which so little beside it.
_ON, _BESIDE = 0.9, 0.1
#: A camera that is neither costs.
_ACROSS = 0.3
#: A page takes so much of the picture.
_LEAST = 0.12
#: Cameras that take so much of the length of one end, no farther from it than this, are a wall.
_WALL, _WALL_OFF = 0.9, 0.03
#: Grey levels around the most frequent one, for how much of a picture is one tone.
_TONE = 5


def content_rect(stack: Stack, cameras: Sequence[Rect] = ()) -> Rect:
    """The picture without the black bars beside or above and below it.

    Args:
        stack: looks at it, shape (n, h, w).
        cameras: what is no bar whatever it looks like.
    """
    height, width = stack.shape[1:]
    brightest = stack.max(axis=0)
    bar = (brightest <= _DARK) & (brightest - stack.min(axis=0) <= _STILL)
    for rect in cameras:
        bar[rect.y : rect.bottom, rect.x : rect.right] = False
    x, right = _within(bar, brightest, axis=0)
    y, bottom = _within(bar, brightest, axis=1)
    if right - x < 0.3 * width or bottom - y < 0.3 * height:
        return Rect(x=0, y=0, width=width, height=height)
    return Rect(x=x, y=y, width=right - x, height=bottom - y)


def _within(bar: NDArray[np.bool_], brightest: Grey, axis: int) -> tuple[int, int]:
    """Where the picture begins and ends along columns (axis 0) or rows (axis 1)."""
    all_along = bar.mean(axis=axis) >= _ALL_ALONG
    size = len(all_along)
    seen = np.flatnonzero(~all_along)
    if len(seen) == 0:
        return 0, size
    first, last = int(seen[0]), int(seen[-1]) + 1
    shade = np.moveaxis(brightest, 1 - axis, 0)
    dark = np.moveaxis(bar, 1 - axis, 0)

    def lit(at: int, beside: int) -> float:
        """The share of the line that is lit at once: of a dark page's first letters' small."""
        seen = ~dark[at] | (shade[at].astype(int) - shade[beside] > _STILL)
        return float(seen.mean())

    def begins(edge: int, inwards: int) -> int | None:
        """The first line of the picture from a bar's last on; None where it is no bar's.

        A coder leaves specks in a bar next to the picture, so the picture may begin a block's
        half behind the first; the first line itself may be half lit, and counts with the next
        where it is more than specks.
        """
        first = edge + inwards
        for off in range(1, _SPECKS + 1):
            at = min(max(first + inwards * off, 0), size - 1)
            if lit(at, edge) >= _AT_ONCE:
                return first if off == 1 and lit(first, edge) >= _HALF_LIT else at
        return None

    from_left = begins(first - 1, 1) if first >= _BAR * size else None
    from_right = begins(last, -1) if last <= (1 - _BAR) * size else None
    return (
        0 if from_left is None else from_left,
        size if from_right is None else from_right + 1,
    )


def page_rect(
    stack: Stack, content: Rect, cameras: Sequence[Rect], still: Sequence[Rect] = ()
) -> Rect:
    """The page beside or under its cameras; all of the content where it has no frame.

    Args:
        stack: looks at one arrangement, over several pages where there are some, (n, h, w).
        content: the picture without bars.
        cameras: the cameras before or beside the page.
        still: where what changes says nothing of a page.
    """
    mean: Floats = stack.mean(axis=0, dtype=np.float32)
    lines = Lines(mean, np.zeros(mean.shape, bool))
    busy = _busy(stack, lines, content, [*cameras, *still])
    if not busy.any():
        return _beside(content, cameras)
    sums = np.pad(busy.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    columns, rows = np.flatnonzero(busy.any(axis=0)), np.flatnonzero(busy.any(axis=1))
    core = Rect(
        x=int(np.percentile(columns, 2)),
        y=int(np.percentile(rows, 2)),
        width=max(1, int(np.percentile(columns, 98) - np.percentile(columns, 2))),
        height=max(1, int(np.percentile(rows, 98) - np.percentile(rows, 2))),
    )
    x, y = core.width // 3, core.height // 3
    sides = np.meshgrid(
        strongest(lines.left, content.x, core.x + x, core.y, core.bottom),
        strongest(lines.right, core.right - x, content.right, core.y, core.bottom),
        strongest(lines.top, content.y, core.y + y, core.x, core.right),
        strongest(lines.bottom, core.bottom - y, content.bottom, core.x, core.right),
        indexing="ij",
    )
    left, right, top, bottom = np.stack(sides, axis=-1).reshape(-1, 4).T
    kept = (right - left) * (bottom - top) >= _LEAST * content.area
    kept &= (right > left) & (bottom > top)
    left, right, top, bottom = (v[kept] for v in (left, right, top, bottom))
    if len(left) == 0:
        return _beside(content, cameras)
    held = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    score = (
        _framed(lines, content, cameras, left, right, top, bottom)
        - _LEFT_OUT * (1 - held / max(1, int(busy.sum())))
        + _LARGER * np.log2((right - left) * (bottom - top) / content.area)
    )
    on_it = np.zeros(len(left), bool)
    for camera in cameras:
        across = np.minimum(right, camera.right) - np.maximum(left, camera.x)
        down = np.minimum(bottom, camera.bottom) - np.maximum(top, camera.y)
        share = np.maximum(across, 0) * np.maximum(down, 0) / camera.area
        score = score - np.where((share > _BESIDE) & (share < _ON), _ACROSS, 0.0)
        on_it |= share >= _ON
    inner = (
        (left > content.x).astype(int)
        + (right < content.right)
        + (top > content.y)
        + (bottom < content.bottom)
    )
    score = np.where(on_it, np.where(inner < 3, -np.inf, score - _UNDER), score)
    best = float(score.max())
    if best < _WHOLE:
        return _beside(content, cameras)
    # Of pages that fit as well the largest: a coloured bar along its top is part of a page.
    k = int(np.where(score >= best - _AS_WELL, (right - left) * (bottom - top), 0).argmax())
    x0, y0 = int(left[k]), int(top[k])
    return Rect(x=x0, y=y0, width=int(right[k]) - x0, height=int(bottom[k]) - y0)


def _beside(content: Rect, cameras: Sequence[Rect]) -> Rect:
    """What a wall of cameras along one end of the picture leaves of it for a page."""
    if not cameras:
        return content
    wall = bounding(cameras)
    x, y, right, bottom = content.x, content.y, content.right, content.bottom
    near_x, near_y = _WALL_OFF * content.width, _WALL_OFF * content.height
    if wall.height >= _WALL * content.height:
        if right - wall.right <= near_x:
            right = wall.x
        elif wall.x - x <= near_x:
            x = wall.right
    elif wall.width >= _WALL * content.width:
        if bottom - wall.bottom <= near_y:
            bottom = wall.y
        elif wall.y - y <= near_y:
            y = wall.bottom
    if (right - x) * (bottom - y) < _LEAST * content.area:
        return content
    return Rect(x=x, y=y, width=right - x, height=bottom - y)


def _framed(
    lines: Lines,
    content: Rect,
    cameras: Sequence[Rect],
    left: NDArray[np.int_],
    right: NDArray[np.int_],
    top: NDArray[np.int_],
    bottom: NDArray[np.int_],
) -> Shares:
    """How well rectangles are framed, by those of their sides that are not the picture's ends."""
    sides = np.stack(
        [
            lines.left(left, top, bottom),
            lines.right(right, top, bottom),
            lines.top(top, left, right),
            lines.bottom(bottom, left, right),
        ]
    )
    ends = np.stack(
        [left <= content.x, right >= content.right, top <= content.y, bottom >= content.bottom]
    )
    for camera in cameras:
        # Where a camera begins there is a line, whether the page ends there or not.
        sides[0] = np.where(abs(left - camera.right) <= _NEAR_PX, _ITS * sides[0], sides[0])
        sides[1] = np.where(abs(right - camera.x) <= _NEAR_PX, _ITS * sides[1], sides[1])
        sides[2] = np.where(abs(top - camera.bottom) <= _NEAR_PX, _ITS * sides[2], sides[2])
        sides[3] = np.where(abs(bottom - camera.y) <= _NEAR_PX, _ITS * sides[3], sides[3])
    inner = np.maximum((~ends).sum(axis=0), 1)
    mean = np.where(ends, 0.0, sides).sum(axis=0) / inner
    weakest = np.where(ends, np.inf, sides).min(axis=0)
    weakest = np.where(np.isinf(weakest), 0.0, weakest)
    return np.asarray(0.5 * mean + 0.5 * weakest + _EACH * inner, np.float64)


def _busy(stack: Stack, lines: Lines, content: Rect, cameras: Sequence[Rect]) -> NDArray[np.bool_]:
    """Where a page is: what changes as pages turn; on a single page what is drawn on it."""
    inside = np.zeros(stack.shape[1:], bool)
    inside[content.y : content.bottom, content.x : content.right] = True
    for rect in cameras:
        inside[max(0, rect.y - 3) : rect.bottom + 3, max(0, rect.x - 3) : rect.right + 3] = False
    reach = between(stack, 5) if len(stack) > 8 else stack.max(axis=0) - stack.min(axis=0)
    changes = (reach > CHANGED) & inside
    if float(changes.mean()) > 0.004:
        return np.asarray(changes, bool)
    return np.asarray(lines.any & inside, bool)


def one_tone(grey: Grey, rect: Rect) -> float:
    """Share of a part of a picture that is of its most frequent tone: paper, not a room."""
    return tone_of(grey[rect.y : rect.bottom, rect.x : rect.right])


def tone_of(part: Grey) -> float:
    """Share of some pixels that is of their most frequent tone, give or take two greys."""
    if part.size == 0:
        return 0.0
    counts = np.bincount(part.ravel(), minlength=256) / part.size
    return float(np.convolve(counts, np.ones(_TONE), "same").max())
