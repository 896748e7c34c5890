"""What a run of looks at one arrangement says: its lasting picture, and where that lives.

A camera's picture is never quite still: people, leaves and sensors change some of it from
one look to the next, everywhere within its border, while a page is the same to the bit. So
what is alive, where the life ends along a straight line, and where a lasting line is drawn
are three signs of the same border, and each is there where the others fail: a dark camera
on a dark page has no line, a wall behind a speaker does not move.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.sampling import MOVED, FrameSamples

Whole = int | NDArray[np.int_]
Shares = NDArray[np.float64]
Floats = NDArray[np.float32]
Sums = NDArray[np.int32]
Mask = NDArray[np.bool_]
#: Where life begins and ends along columns, then along rows.
Ends = tuple[Mask, Mask, Mask, Mask]

#: A grey step from look to look that is no rounding: a sensor's noise, coded, makes such.
_STIRS = 2
#: What moves does so in this share of the pairs, and what stirs in this one: a keyframe
#: every two seconds stirs a page in a quarter of the looks that are half a second apart.
_MOVES_OFTEN, _STIRS_OFTEN = 0.2, 0.36
#: Where paper itself stirs so often, so much more is alive, and at most this.
_OVER_NOISE, _STIRS_AT_MOST = 0.15, 0.97
#: Paper is what has the most frequent tone, where so much of the picture has it.
_PAPER_GREYS, _PAPER = 2.0, 0.3
#: A grey step of the mean picture that is a line.
_LINE = 4.0
#: Life ends where a strip of so many pixels has none and the next one has some.
_OUTSIDE_PX, _INSIDE_PX, _LIVES = 4, 8, 0.3
#: The number of living pixels that is enough, by how many there are.
_ENOUGH = np.maximum(1, np.ceil(_LIVES * np.arange(_INSIDE_PX + 1) - 1e-9)).astype(np.uint8)
#: Frames that the mean picture is made of.
_FRAMES = 24
#: What the frame's border counts as a side.
_FRAME = 0.6
#: A line is the greatest step among those two to four pixels off.
_BESIDE = np.array([[1, 1, 1, 0, 0, 0, 1, 1, 1]], np.uint8)
#: A line that is just there is better than one a pixel off.
_EXACT = 0.04
#: Where there are as many lines so far beside a line, it is texture.
_APART_PX = 4
#: Life goes on across a border where there is some so near on both sides of it.
_ACROSS_PX = 3


class Evidence:
    """Maps of one run of looks, all in analysis pixels.

    Attributes:
        mean: the mean picture, float32, shape (h, w).
        moving: share of the pairs in which each pixel moved, shape (h, w).
        alive: where the picture moves or stirs often, shape (h, w).
    """

    def __init__(self, samples: FrameSamples, pairs: Sequence[tuple[int, int]]) -> None:
        looks = sorted({k for pair in pairs for k in pair})
        chosen = looks[:: max(1, -(-len(looks) // _FRAMES))]
        self.mean = mean_of(samples.grey[k] for k in chosen)
        self.height, self.width = self.mean.shape
        moved = np.zeros(self.mean.shape, np.uint16)
        stirred = np.zeros(self.mean.shape, np.uint16)
        for i, j in pairs:
            change = samples.difference(i, j)
            moved += change > MOVED
            stirred += change >= _STIRS
        self.moving: Floats = moved.astype(np.float32) / np.float32(max(1, len(pairs)))
        self.stirring: Floats = stirred.astype(np.float32) / np.float32(max(1, len(pairs)))
        self.alive = self._alive()
        self.lines = Lines(self.mean, self.alive)

    def _alive(self) -> Mask:
        often = max(_STIRS_OFTEN, min(_STIRS_AT_MOST, self._noise() + _OVER_NOISE))
        found = ((self.moving > _MOVES_OFTEN) | (self.stirring > often)).astype(np.uint8)
        size = max(3, self.width // 60)
        closed = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(opened, bool)

    def _noise(self) -> float:
        """How often paper stirs: what was filmed or sent over a cable is never quite still."""
        tones = np.bincount(self.mean.astype(np.uint8).ravel(), minlength=256)
        tone = int(np.convolve(tones, np.ones(5), "same").argmax())
        paper = np.abs(self.mean - tone) <= _PAPER_GREYS
        if float(paper.mean()) < _PAPER:
            return 0.0
        return float(np.percentile(self.stirring[paper], 95))


def mean_of(looks: Iterable[NDArray[np.uint8]]) -> Floats:
    """The mean of some pictures, shape (h, w)."""
    total: Floats | None = None
    count = 0
    for count, look in enumerate(looks, 1):  # noqa: B007
        if total is None:
            total = look.astype(np.float32)
        else:
            total += look
    assert total is not None, "a mean of no pictures"
    return total / np.float32(count)


class Lines:
    """Borders of a picture, summed so that any side is one subtraction.

    A side counts where a line is drawn along it, and where life ends at it.

    Args:
        mean: the mean picture, shape (h, w).
        alive: what is alive in it, of the same shape.
        along_px: how many pixels along a line are taken together.
        ends: `ends` of other lines of the same life.
    """

    def __init__(
        self, mean: Floats, alive: Mask, along_px: int = 1, ends: Ends | None = None
    ) -> None:
        self.height, self.width = mean.shape
        # What is averaged along a line leaves the line and takes grain away.
        across = _drawn(cv2.blur(mean, (1, along_px)))
        down = _drawn(np.ascontiguousarray(cv2.blur(mean, (along_px, 1)).T)).T
        self._exact = across, down
        # A border between two pixels may fall on either: neighbours count.
        across = across | np.roll(across, -1, axis=1)
        down = down | np.roll(down, -1, axis=0)
        self.across, self.down = across, down
        self.any = across | down
        self.ends = (
            (*_life_ends(alive, axis=1), *_life_ends(alive, axis=0)) if ends is None else ends
        )
        self._living = alive

    # Sums are made when they are first asked for: a page is looked for by few of them.

    @cached_property
    def _exact_columns(self) -> Sums:
        return _down(self._exact[0])

    @cached_property
    def _exact_rows(self) -> Sums:
        return _along(self._exact[1])

    @cached_property
    def _left(self) -> Sums:
        return _down(self.across | self.ends[0])

    @cached_property
    def _right(self) -> Sums:
        return _down(self.across | self.ends[1])

    @cached_property
    def _top(self) -> Sums:
        return _along(self.down | self.ends[2])

    @cached_property
    def _bottom(self) -> Sums:
        return _along(self.down | self.ends[3])

    # A line that goes on beyond a corner is drawn, wherever life is.

    @cached_property
    def _columns(self) -> Sums:
        return _down(self.across)

    @cached_property
    def _rows(self) -> Sums:
        return _along(self.down)

    @cached_property
    def _across(self) -> Sums:
        return _down(_goes_on(self._living, 1) & ~self.across)

    @cached_property
    def _through(self) -> Sums:
        return _along(_goes_on(self._living, 0) & ~self.down)

    @cached_property
    def _alive(self) -> NDArray[np.int64]:
        return cv2.integral(self._living.astype(np.uint8)).astype(np.int64)

    def _column(self, sums: Sums, x: Whole, top: Whole, bottom: Whole) -> Shares:
        x, top, bottom = np.asarray(x), np.maximum(0, top), np.minimum(self.height, bottom)
        column = np.minimum(np.maximum(x, 0), self.width - 1)
        drawn = sums[np.maximum(bottom, 0), column] - sums[np.minimum(top, self.height), column]
        return np.asarray(np.where(bottom > top, drawn / np.maximum(bottom - top, 1), 0.0))

    def _row(self, sums: Sums, y: Whole, left: Whole, right: Whole) -> Shares:
        y, left, right = np.asarray(y), np.maximum(0, left), np.minimum(self.width, right)
        row = np.minimum(np.maximum(y, 0), self.height - 1)
        drawn = sums[row, np.maximum(right, 0)] - sums[row, np.minimum(left, self.width)]
        return np.asarray(np.where(right > left, drawn / np.maximum(right - left, 1), 0.0))

    def _upright(self, sums: Sums, x: Whole, top: Whole, bottom: Whole) -> Shares:
        x = np.asarray(x)
        share = self._column(sums, x, top, bottom)
        near = [self._column(self._columns, x + by, top, bottom) for by in (-_APART_PX, _APART_PX)]
        share = _beyond_texture(share, 0.5 * (near[0] + near[1]))
        share = share + _EXACT * self._column(self._exact_columns, x, top, bottom)
        return np.asarray(np.where((x <= 0) | (x >= self.width), _FRAME, share))

    def _level(self, sums: Sums, y: Whole, left: Whole, right: Whole) -> Shares:
        y = np.asarray(y)
        share = self._row(sums, y, left, right)
        near = [self._row(self._rows, y + by, left, right) for by in (-_APART_PX, _APART_PX)]
        share = _beyond_texture(share, 0.5 * (near[0] + near[1]))
        share = share + _EXACT * self._row(self._exact_rows, y, left, right)
        return np.asarray(np.where((y <= 0) | (y >= self.height), _FRAME, share))

    def left(self, x: Whole, top: Whole, bottom: Whole) -> Shares:
        """Share of `[top, bottom)` along which something begins at column x."""
        return self._upright(self._left, x, top, bottom)

    def right(self, x: Whole, top: Whole, bottom: Whole) -> Shares:
        """Share of `[top, bottom)` along which something ends before column x."""
        return self._upright(self._right, x, top, bottom)

    def top(self, y: Whole, left: Whole, right: Whole) -> Shares:
        """Share of `[left, right)` along which something begins at row y."""
        return self._level(self._top, y, left, right)

    def bottom(self, y: Whole, left: Whole, right: Whole) -> Shares:
        """Share of `[left, right)` along which something ends before row y."""
        return self._level(self._bottom, y, left, right)

    def border(self, rect: Rect) -> float:
        """How much of a rectangle's border shows and ends at its corners, at most 1."""
        return float(self.borders(rect.x, rect.right, rect.y, rect.bottom))

    def borders(self, left: Whole, right: Whole, top: Whole, bottom: Whole) -> Shares:
        """The same for many rectangles at once; sides that broadcast to them are enough.

        The weakest side counts as much as the mean: three sides of a table are no inset.
        """
        left, right, top, bottom = (np.asarray(v) for v in (left, right, top, bottom))
        sides = np.broadcast_arrays(
            self.left(left, top, bottom),
            self.right(right, top, bottom),
            self.top(top, left, right),
            self.bottom(bottom, left, right),
        )
        reach_y = np.maximum(4, (bottom - top) // 6)
        reach_x = np.maximum(4, (right - left) // 6)
        beyond = np.zeros(sides[0].shape)
        for x in (left, right):
            over = self._column(self._columns, x, top - reach_y, top - 2)
            over = over + self._column(self._columns, x, bottom + 2, bottom + reach_y)
            beyond += np.where((x > 0) & (x < self.width), over / 8, 0.0)
        for y in (top, bottom):
            over = self._row(self._rows, y, left - reach_x, left - 2)
            over = over + self._row(self._rows, y, right + 2, right + reach_x)
            beyond += np.where((y > 0) & (y < self.height), over / 8, 0.0)
        mean = (sides[0] + sides[1] + sides[2] + sides[3]) / 4
        weakest = np.minimum(np.minimum(sides[0], sides[1]), np.minimum(sides[2], sides[3]))
        return np.asarray(0.5 * mean + 0.5 * weakest - 0.2 * beyond, np.float64)

    def inner(self, rect: Rect) -> list[float]:
        """How much of each side shows that is not the frame's border, give or take a pixel."""
        near = np.array([-1, 0, 1])
        sides = (
            (rect.x > 0, self.left(rect.x + near, rect.y, rect.bottom)),
            (rect.right < self.width, self.right(rect.right + near, rect.y, rect.bottom)),
            (rect.y > 0, self.top(rect.y + near, rect.x, rect.right)),
            (rect.bottom < self.height, self.bottom(rect.bottom + near, rect.x, rect.right)),
        )
        return [float(shares.max()) for is_inner, shares in sides if is_inner]

    def alive(self, left: Whole, right: Whole, top: Whole, bottom: Whole) -> Shares:
        """Number of living pixels in rectangles."""
        left, right = (np.minimum(np.maximum(x, 0), self.width) for x in (left, right))
        top, bottom = (np.minimum(np.maximum(y, 0), self.height) for y in (top, bottom))
        sums = self._alive
        found = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(found, np.float64)

    def crossed(self, left: Whole, right: Whole, top: Whole, bottom: Whole) -> Shares:
        """Share of the border of rectangles across which life goes on: a head cut out has it."""
        left, right, top, bottom = (np.asarray(v) for v in (left, right, top, bottom))
        wide, tall = right - left, bottom - top
        length = np.zeros(np.broadcast(left, right, top, bottom).shape)
        for x in (left, right):
            inner = (x > 0) & (x < self.width)
            length += np.where(inner, self._column(self._across, x, top, bottom) * tall, 0.0)
        for y in (top, bottom):
            inner = (y > 0) & (y < self.height)
            length += np.where(inner, self._row(self._through, y, left, right) * wide, 0.0)
        return np.asarray(length / np.maximum(2 * (wide + tall), 1))


def _down(drawn: Mask) -> Sums:
    sums = cv2.integral(np.ascontiguousarray(drawn).view(np.uint8))
    return np.asarray(sums[:, 1:] - sums[:, :-1], np.int32)


def _along(drawn: Mask) -> Sums:
    sums = cv2.integral(np.ascontiguousarray(drawn).view(np.uint8))
    return np.asarray(sums[1:] - sums[:-1], np.int32)


def _drawn(mean: NDArray[Any]) -> Mask:
    """Where the picture steps from a pixel to its right neighbour, more than around it."""
    step = np.abs(np.diff(mean, axis=1, prepend=mean[:, :1]))
    around = cv2.dilate(step, _BESIDE)
    return np.asarray((step > _LINE) & (step >= around), bool)


def _beyond_texture(share: Shares, beside: Shares) -> Shares:
    """How much of a line is left when what runs along beside it is taken as chance."""
    return np.asarray(np.maximum(0.0, share - beside) / (1.0 - 0.5 * beside))


def _goes_on(alive: Mask, axis: int) -> Mask:
    """Where there is life on both sides of the border before a pixel along an axis."""
    living = alive if axis == 1 else alive.T
    near = np.asarray(cv2.dilate(living.astype(np.uint8), np.ones((1, _ACROSS_PX))), bool)
    reach = _ACROSS_PX // 2 + 1
    after, before = np.roll(near, -reach + 1, axis=1), np.roll(near, reach, axis=1)
    both = np.asarray(after & before, bool)
    return both if axis == 1 else both.T


def _life_ends(alive: Mask, axis: int) -> tuple[Mask, Mask]:
    """Where life begins at a pixel along an axis, and where it has ended before it."""
    living = np.ascontiguousarray(alive if axis == 1 else alive.T).view(np.uint8)
    size = living.shape[1]
    edge = _INSIDE_PX + 1
    padded = cv2.copyMakeBorder(living, 0, 0, edge, edge, cv2.BORDER_CONSTANT, value=0)

    def held(px: int, first: int) -> NDArray[np.uint8]:
        """Living pixels among the `px` from `first` pixels after each one on."""
        sums = cv2.boxFilter(padded, cv2.CV_8U, (px, 1), anchor=(0, 0), normalize=False)
        return np.asarray(sums[:, edge + first : edge + first + size], np.uint8)

    def lives(found: NDArray[np.uint8], px: NDArray[np.int_]) -> Mask:
        """Whether that is enough of so many pixels, which are less at the picture's ends."""
        return np.asarray(found >= _ENOUGH[px], bool)

    at = np.arange(size)
    begins = held(_OUTSIDE_PX, -_OUTSIDE_PX - 1) == 0
    begins &= lives(held(_INSIDE_PX, 0), np.minimum(_INSIDE_PX, size - at))
    ends = held(_OUTSIDE_PX, 1) == 0
    ends &= lives(held(_INSIDE_PX, -_INSIDE_PX), np.minimum(_INSIDE_PX, at))
    # Life seldom ends at one pixel all the way down: the next ones count.
    begins, ends = (
        np.asarray(cv2.dilate(m.view(np.uint8), np.ones((1, 3), np.uint8)), bool)
        for m in (begins, ends)
    )
    return (begins, ends) if axis == 1 else (begins.T, ends.T)
