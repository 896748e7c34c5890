"""Camera insets: where something keeps moving inside a rectangle that does not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding, iou
from vidpipe.layout.sampling import MOVED, Samples, difference

Whole = int | NDArray[np.int_]
Shares = NDArray[np.float64]

#: Pairs of samples that one look at the movement spans.
_WINDOW = 14
_LEAST_PAIRS = 3
_MIN_AREA, _MAX_AREA = 0.008, 0.5
#: Share of the picture that is too small a movement to be a head.
_SPECK = 0.0006
#: What moves does so in this share of the pairs; text that comes and goes in fewer.
_ACTIVE = 0.2
#: A grey step of the mean picture that is an edge.
_EDGE = 5.0
#: A rectangle that shows so well is none of a circle's.
_SURE = 0.7
#: Points of a circle that are looked at, and how far outside it there should be no line.
_ANGLES = np.linspace(0, 2 * np.pi, 72, endpoint=False)
_COSINES, _SINES = np.cos(_ANGLES), np.sin(_ANGLES)
_BEYOND_PX = 5.0
#: What the frame's border counts as a side of an inset.
_FRAME = 0.75
#: What doubling the area of a rectangle around the same movement costs.
_LOOSE = 0.02
#: A box of movement this much higher than wide is several cameras; each of their borders.
_LONG = 1.9
_STRIP_BORDER = 0.55
_STRIP_WEAKEST = 0.4
#: Rectangles that overlap so much are looks at the same inset.
_SAME = 0.8


@dataclass(frozen=True)
class Inset:
    """A rectangle (analysis pixels) in which a camera picture was seen.

    `border` is the share of its border that shows as an edge; `support` how many
    looks saw it; a `circle` fills its rectangle.
    """

    rect: Rect
    border: float
    support: int
    circle: bool = False


def find_insets(samples: Samples, cuts_s: Sequence[float]) -> list[Inset]:
    """Rectangles of lasting movement, most supported first.

    Args:
        samples: grey frames, spread over the video.
        cuts_s: times of hard cuts.
    """
    found: list[Inset] = []
    firsts = np.searchsorted(samples.times_s, sorted(cuts_s)).tolist()
    for first, last in itertools.pairwise([0, *firsts, len(samples)]):
        pairs = samples.quick_pairs(np.arange(first, last))
        for at in range(0, max(1, len(pairs) - _WINDOW // 2), _WINDOW // 2):
            window = pairs[at : at + _WINDOW]
            if len(window) >= _LEAST_PAIRS:
                found += _look(samples, window)
    return _cluster(found)


def activity(samples: Samples, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """Share of pairs of samples in which each pixel moved, 0 to 1, shape (h, w).

    Pairs in which most of the picture changed are left out: a new slide is no movement.
    """
    total = np.zeros(samples.grey.shape[1:], np.float32)
    counted = 0
    for i, j in pairs:
        moved = difference(samples.grey[i], samples.grey[j]) > MOVED
        if moved.mean() > 0.5:
            continue
        total += moved
        counted += 1
    return np.asarray(total / max(1, counted), np.float32)


def _look(samples: Samples, pairs: Sequence[tuple[int, int]]) -> list[Inset]:
    height, width = samples.grey.shape[1:]
    active = (activity(samples, pairs) > _ACTIVE).astype(np.uint8)
    kernel = max(3, width // 60)
    active = np.asarray(
        cv2.morphologyEx(active, cv2.MORPH_CLOSE, np.ones((kernel, kernel), np.uint8)), np.uint8
    )
    active = np.asarray(cv2.morphologyEx(active, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    boxes = _boxes(active)
    mean = samples.grey[sorted({k for pair in pairs for k in pair})].mean(axis=0)
    edges = _Edges(mean)
    found: list[Inset] = []
    for box in _join_near(boxes, width):
        share = box.area / (width * height)
        if not _MIN_AREA * 0.15 <= share <= _MAX_AREA:
            continue
        row = edges.strip(box)
        if row:
            found += [Inset(rect, border, 1) for rect, border in row]
            continue
        snapped, border = edges.snap(box)
        disc, round_border = edges.round(box) if border < _SURE else (snapped, 0.0)
        one = Inset(snapped, border, 1)
        if round_border > border:
            one = Inset(disc, round_border, 1, circle=True)
        fits = _MIN_AREA <= one.rect.area / (width * height) <= _MAX_AREA
        others: list[Rect] = []
        if one.border >= 0.5 and fits:
            found.append(one)
            rest = active.copy()
            rest[: box.y], rest[box.bottom :] = 0, 0
            rest[:, : box.x], rest[:, box.right :] = 0, 0
            near = one.rect
            rest[max(0, near.y - 3) : near.bottom + 3, max(0, near.x - 3) : near.right + 3] = 0
            others = _boxes(rest)
        if one.border < _SURE or not fits:
            others += edges.halves(box, active)
        found += [
            Inset(rect, border, 1)
            for rect, border in map(edges.snap, others)
            if border >= _SURE and _MIN_AREA <= rect.area / (width * height) <= _MAX_AREA
        ]
    return found


def _boxes(active: NDArray[np.uint8]) -> list[Rect]:
    """The rectangles around what moves, without specks."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(active)
    rows = [tuple(int(v) for v in stats[k]) for k in range(1, count)]
    least = _SPECK * active.size
    return [Rect(x=x, y=y, width=w, height=h) for x, y, w, h, area in rows if area >= least]


def _join_near(boxes: list[Rect], width: int) -> list[Rect]:
    """Parts of one moving person joined: boxes that nearly touch become one."""
    joined = list(boxes)
    gap = width // 40
    merged = True
    while merged:
        merged = False
        for a, b in itertools.combinations(joined, 2):
            grown = Rect(
                x=a.x - gap, y=a.y - gap, width=a.width + 2 * gap, height=a.height + 2 * gap
            )
            if grown.intersect(b) is not None:
                joined.remove(a)
                joined.remove(b)
                joined.append(bounding([a, b]))
                merged = True
                break
    return joined


class _Edges:
    """Straight edges of a mean picture, summed so that any side is one subtraction."""

    def __init__(self, mean: NDArray[np.floating]) -> None:
        self.height, self.width = mean.shape
        across = np.abs(np.diff(mean, axis=1, prepend=mean[:, :1])) > _EDGE
        down = np.abs(np.diff(mean, axis=0, prepend=mean[:1, :])) > _EDGE
        # A border between two pixels may fall on either: neighbours count.
        across = across | np.roll(across, -1, axis=1)
        down = down | np.roll(down, -1, axis=0)
        self.any = across | down
        self.columns = np.vstack([np.zeros((1, self.width)), np.cumsum(across, axis=0)])
        self.rows = np.hstack([np.zeros((self.height, 1)), np.cumsum(down, axis=1)])

    def column(self, x: Whole, top: Whole, bottom: Whole) -> Shares:
        """Share of `[top, bottom)` along column x that is an edge; the frame's border is one."""
        x, top, bottom = np.asarray(x), np.maximum(0, top), np.minimum(self.height, bottom)
        column = np.clip(x, 0, self.width - 1)
        drawn = self.columns[np.maximum(bottom, 0), column]
        drawn = drawn - self.columns[np.minimum(top, self.height), column]
        share = np.where(bottom > top, drawn / np.maximum(bottom - top, 1), 0.0)
        return np.where((x <= 0) | (x >= self.width), _FRAME, share)

    def row(self, y: Whole, left: Whole, right: Whole) -> Shares:
        """The same along row y."""
        y, left, right = np.asarray(y), np.maximum(0, left), np.minimum(self.width, right)
        row = np.clip(y, 0, self.height - 1)
        drawn = self.rows[row, np.maximum(right, 0)] - self.rows[row, np.minimum(left, self.width)]
        share = np.where(right > left, drawn / np.maximum(right - left, 1), 0.0)
        return np.where((y <= 0) | (y >= self.height), _FRAME, share)

    def border(self, rect: Rect) -> float:
        """How much of a rectangle's border is an edge that ends at its corners, 0 to 1."""
        return float(self.borders(rect.x, rect.right, rect.y, rect.bottom))

    def borders(self, left: Whole, right: Whole, top: Whole, bottom: Whole) -> Shares:
        """The same for many rectangles at once.

        The weakest side counts as much as the mean: three sides of a table are no inset.
        """
        left, right, top, bottom = (np.asarray(v) for v in (left, right, top, bottom))
        sides = np.stack(
            [
                self.column(left, top, bottom),
                self.column(right, top, bottom),
                self.row(top, left, right),
                self.row(bottom, left, right),
            ]
        )
        reach_y = np.maximum(4, (bottom - top) // 6)
        reach_x = np.maximum(4, (right - left) // 6)
        beyond = np.zeros(sides.shape[1:])
        for x in (left, right):
            over = self.column(x, top - reach_y, top - 2)
            over = over + self.column(x, bottom + 2, bottom + reach_y)
            beyond += np.where((x > 0) & (x < self.width), over / 8, 0.0)
        for y in (top, bottom):
            over = self.row(y, left - reach_x, left - 2)
            over = over + self.row(y, right + 2, right + reach_x)
            beyond += np.where((y > 0) & (y < self.height), over / 8, 0.0)
        # The frame's own border says nothing for or against: the others decide.
        at_frame = np.stack([left <= 0, right >= self.width, top <= 0, bottom >= self.height])
        weakest = np.where(at_frame, np.inf, sides).min(axis=0)
        weakest = np.where(np.isinf(weakest), _FRAME, weakest)
        return np.asarray(0.5 * sides.mean(axis=0) + 0.5 * weakest - 0.4 * beyond, np.float64)

    def snap(self, box: Rect) -> tuple[Rect, float]:
        """The bordered rectangle around a box of movement, and its border score."""
        grow_x, grow_y = round(2.2 * box.width) + 8, round(1.6 * box.height) + 8
        lefts = self._best_columns(box.x - grow_x, box.x + box.width // 4, box.y, box.bottom)
        rights = self._best_columns(
            box.right - box.width // 4, box.right + grow_x, box.y, box.bottom
        )
        tops = self._best_rows(box.y - grow_y, box.y + box.height // 4, box.x, box.right)
        bottoms = self._best_rows(
            box.bottom - box.height // 4, box.bottom + grow_y, box.x, box.right
        )
        grid = np.stack(np.meshgrid(lefts, rights, tops, bottoms, indexing="ij"), axis=-1)
        left, right, top, bottom = grid.reshape(-1, 4).T
        width, height = right - left, bottom - top
        aspect = width / np.maximum(height, 1)
        kept = (width >= 16) & (height >= 12) & (aspect >= 0.4) & (aspect <= 2.6)
        across = np.minimum(right, box.right) - np.maximum(left, box.x)
        down = np.minimum(bottom, box.bottom) - np.maximum(top, box.y)
        kept &= (across > 0) & (down > 0)
        if not kept.any():
            return box, 0.0
        held = np.where(kept, across * down, 0) / box.area
        score = self.borders(left, right, top, bottom) - 0.6 * (1 - held)
        # Of two that fit as well the tighter one: what lies beyond it does not move.
        larger = np.maximum(width * height, 1) / box.area
        score -= _LOOSE * np.maximum(0.0, np.log2(larger))
        score = np.where(kept, score, -np.inf)
        k = int(score.argmax())
        if score[k] <= 0:
            return box, 0.0
        found = Rect(x=int(left[k]), y=int(top[k]), width=int(width[k]), height=int(height[k]))
        return found, float(score[k])

    def halves(self, box: Rect, active: NDArray[np.uint8]) -> list[Rect]:
        """The parts of a box on both sides of its strongest lines: a film beside a camera."""
        x, y = box.width // 6, box.height // 6
        columns = self._best_columns(box.x + x, box.right - x, box.y, box.bottom, 2)
        rows = self._best_rows(box.y + y, box.bottom - y, box.x, box.right, 2)
        parts = []
        for at in columns:
            parts += [(box.x, at, box.y, box.bottom), (at, box.right, box.y, box.bottom)]
        for at in rows:
            parts += [(box.x, box.right, box.y, at), (box.x, box.right, at, box.bottom)]
        found = []
        for left, right, top, bottom in parts:
            # What moves in this part alone, not all of it.
            moving = cv2.boundingRect(active[top:bottom, left:right])
            if moving[2] >= 8 and moving[3] >= 8:
                rect = Rect(
                    x=left + moving[0], y=top + moving[1], width=moving[2], height=moving[3]
                )
                found.append(rect)
        return found

    def shows(self, inset: Inset) -> float:
        """How much of an inset's border shows, 0 to 1."""
        if inset.circle:
            rect = inset.rect
            x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
            return float(self._circles(np.array([[x, y, rect.width / 2]]))[0])
        return self.border(inset.rect)

    def round(self, box: Rect) -> tuple[Rect, float]:
        """The circle around a box of movement, and how much of its line shows."""
        size = max(box.width, box.height)
        x, y = box.x + box.width / 2, box.y + box.height / 2
        reach, step = 0.4 * size, max(2.0, size / 16)
        best = np.array([x, y, size / 2])
        score = 0.0
        # Few circles against thick lines first, then more and more finely.
        for every, thick in ((3, round(step)), (2, 1), (1, 1)):
            offsets = np.arange(-reach, reach + 1e-6, step)
            sizes = best[2] + offsets if score else np.arange(0.4 * size, 1.4 * size, step)
            grid = np.stack(
                np.meshgrid(best[0] + offsets, best[1] + offsets, sizes[sizes > 8]), axis=-1
            ).reshape(-1, 3)
            scores = self._circles(grid, every, thick)
            k = int(scores.argmax())
            if scores[k] > 0:
                best, score = grid[k], float(scores[k])
            reach, step = 2 * step, max(0.5, step / 3)
        cx, cy, r = best
        left, top = max(0, round(cx - r)), max(0, round(cy - r))
        right, bottom = min(self.width, round(cx + r)), min(self.height, round(cy + r))
        if right - left < 12 or bottom - top < 12:
            return box, 0.0
        return Rect(x=left, y=top, width=right - left, height=bottom - top), score

    def _circles(
        self, circles: NDArray[np.float64], every: int = 1, thick: int = 1
    ) -> NDArray[np.float64]:
        """For circles `(x, y, r)`, shape (n, 3): the share of each line that is an edge.

        What is an edge a little outside as well is texture, no line. One point in `every`
        is looked at, with lines `thick` pixels wider than they are.
        """
        drawn = self.any
        if thick > 1:
            kernel = np.ones((thick, thick), np.uint8)
            drawn = cv2.dilate(drawn.astype(np.uint8), kernel) > 0
        on = _around(drawn, circles, 0.0, every)
        beyond = _around(self.any, circles, _BEYOND_PX, every)
        score = on - 0.25 * beyond
        x, y, r = circles.T
        inside = (x - r > -2) & (x + r < self.width + 2) & (y - r > -2) & (y + r < self.height + 2)
        return np.where(inside, score, 0.0)

    def strip(self, box: Rect) -> list[tuple[Rect, float]]:
        """Cameras of one size side by side or one under the other, or nothing.

        Heads that move close to each other make one long box: it is cut into equal
        parts, as many as have borders that show best.
        """
        upright = box.height > _LONG * box.width
        if not upright and box.width <= _LONG * 1.6 * box.height:
            return []
        grow_x, grow_y = box.width // 2 + 8, box.height // 6 + 8
        if not upright:
            grow_x, grow_y = box.width // 6 + 8, box.height // 2 + 8
        lefts = self._best_columns(box.x - grow_x, box.x + 8, box.y, box.bottom, 3)
        rights = self._best_columns(box.right - 8, box.right + grow_x, box.y, box.bottom, 3)
        tops = self._best_rows(box.y - grow_y, box.y + 8, box.x, box.right, 3)
        bottoms = self._best_rows(box.bottom - 8, box.bottom + grow_y, box.x, box.right, 3)
        corners = np.stack(np.meshgrid(lefts, rights, tops, bottoms, indexing="ij"), axis=-1)
        corners = corners.reshape(-1, 4)
        least = _MIN_AREA * self.width * self.height
        best: list[tuple[Rect, float]] = []
        best_score = _STRIP_BORDER
        for count in range(2, 7):
            parts = _equal_parts(corners, count, upright)
            left, right, top, bottom = parts.transpose(2, 0, 1)
            width, height = np.maximum(right - left, 1), np.maximum(bottom - top, 1)
            aspect = width / height
            fits = ((aspect >= 0.6) & (aspect <= 2.2) & (width * height >= least)).all(axis=1)
            if not fits.any():
                continue
            shown = self.borders(left, right, top, bottom)
            # Half as many have borders that show as well, and miss every other one.
            score = np.where(
                fits & (shown.min(axis=1) >= _STRIP_WEAKEST), shown.mean(axis=1) + 0.04 * count, 0.0
            )
            k = int(score.argmax())
            if score[k] > best_score:
                best_score = float(score[k])
                best = [
                    (Rect(x=x, y=y, width=right - x, height=bottom - y), one)
                    for (x, right, y, bottom), one in zip(
                        parts[k].tolist(), shown[k].tolist(), strict=True
                    )
                ]
        return best

    def _best_columns(self, low: int, high: int, top: int, bottom: int, keep: int = 7) -> list[int]:
        columns = np.arange(min(self.width, high), max(0, low) - 1, -1)
        best = np.argsort(-self.column(columns, top, bottom), kind="stable")
        return _spaced(columns[best].tolist(), keep)

    def _best_rows(self, low: int, high: int, left: int, right: int, keep: int = 7) -> list[int]:
        rows = np.arange(min(self.height, high), max(0, low) - 1, -1)
        best = np.argsort(-self.row(rows, left, right), kind="stable")
        return _spaced(rows[best].tolist(), keep)


def _around(
    drawn: NDArray[np.bool_], circles: NDArray[np.float64], out_px: float, every: int
) -> NDArray[np.float64]:
    """Share of each circle, `out_px` larger, that lies on something drawn, shape (n,)."""
    xs = circles[:, :1] + (circles[:, 2:] + out_px) * _COSINES[::every]
    ys = circles[:, 1:2] + (circles[:, 2:] + out_px) * _SINES[::every]
    column = np.clip(np.rint(xs).astype(int), 0, drawn.shape[1] - 1)
    row = np.clip(np.rint(ys).astype(int), 0, drawn.shape[0] - 1)
    return np.asarray(drawn[row, column].mean(axis=1), float)


def _equal_parts(corners: NDArray[np.int_], count: int, upright: bool) -> NDArray[np.int_]:
    """Rectangles `left, right, top, bottom`, shape (n, 4), cut into parts, (n, count, 4)."""
    parts = np.repeat(corners[:, None, :], count, axis=1)
    first, last = (2, 3) if upright else (0, 1)
    low, high = corners[:, first, None], corners[:, last, None]
    edges = np.rint(low + (high - low) * np.arange(count + 1) / count).astype(int)
    parts[:, :, first], parts[:, :, last] = edges[:, :-1], edges[:, 1:]
    return parts


def _spaced(candidates: list[int], keep: int) -> list[int]:
    """The first `keep` that are at least two apart."""
    chosen: list[int] = []
    for item in candidates:
        if all(abs(item - c) >= 2 for c in chosen):
            chosen.append(item)
        if len(chosen) == keep:
            break
    return chosen


def _cluster(found: Sequence[Inset]) -> list[Inset]:
    groups: list[list[Inset]] = []
    for one in found:
        for group in groups:
            if group[0].circle == one.circle and iou(group[0].rect, one.rect) >= _SAME:
                group.append(one)
                break
        else:
            groups.append([one])
    insets = []
    for group in groups:
        rects = [i.rect for i in group]
        corners = np.median([(r.x, r.y, r.right, r.bottom) for r in rects], axis=0).round()
        x, y, right, bottom = (int(v) for v in corners)
        insets.append(
            Inset(
                Rect(x=x, y=y, width=right - x, height=bottom - y),
                float(np.median([i.border for i in group])),
                len(group),
                circle=group[0].circle,
            )
        )
    return sorted(insets, key=lambda i: (-i.support, -i.border))


def presence(samples: Samples, insets: Sequence[Inset]) -> NDArray[np.float64]:
    """How much of each inset's border shows in each sample, shape (insets, samples)."""
    shown = np.zeros((len(insets), len(samples)))
    for n, grey in enumerate(samples.grey):
        edges = _Edges(grey.astype(np.float32))
        for k, inset in enumerate(insets):
            shown[k, n] = edges.shows(inset)
    return shown


def shown_in(grey: NDArray[np.uint8], inset: Inset) -> float:
    """How much of an inset's border shows in one picture."""
    return _Edges(grey.astype(np.float32)).shows(inset)
