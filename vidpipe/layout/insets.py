"""Camera insets: where something keeps moving inside a rectangle that does not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding, iou
from vidpipe.layout.sampling import MOVED, Samples, difference

#: Pairs of samples that one look at the movement spans.
_WINDOW = 14
_MIN_AREA, _MAX_AREA = 0.008, 0.5
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


def find_insets(samples: Samples, cuts: Sequence[int]) -> list[Inset]:
    """Rectangles of lasting movement, most supported first.

    Args:
        samples: grey frames.
        cuts: indices i where sample i to i + 1 is a hard cut.
    """
    found: list[Inset] = []
    borders = [-1, *sorted(cuts), len(samples) - 1]
    for first, last in itertools.pairwise(borders):
        shot = np.arange(first + 1, last + 1)
        if len(shot) < 4:
            continue
        for at in range(0, max(1, len(shot) - _WINDOW // 2), _WINDOW // 2):
            window = shot[at : at + _WINDOW + 1]
            if len(window) >= 4:
                found += _look(samples, window)
    return _cluster(found)


def activity(samples: Samples, indices: NDArray[np.int_]) -> NDArray[np.float32]:
    """Share of consecutive pairs in which each pixel moved, 0 to 1, shape (h, w).

    Pairs in which most of the picture changed are left out: a new slide is no movement.
    """
    total = np.zeros(samples.grey.shape[1:], np.float32)
    pairs = 0
    for i, j in itertools.pairwise(indices):
        moved = difference(samples.grey[i], samples.grey[j]) > MOVED
        if moved.mean() > 0.5:
            continue
        total += moved
        pairs += 1
    return np.asarray(total / max(1, pairs), np.float32)


def _look(samples: Samples, window: NDArray[np.int_]) -> list[Inset]:
    height, width = samples.grey.shape[1:]
    active = (activity(samples, window) > _ACTIVE).astype(np.uint8)
    kernel = max(3, width // 60)
    active = np.asarray(
        cv2.morphologyEx(active, cv2.MORPH_CLOSE, np.ones((kernel, kernel), np.uint8)), np.uint8
    )
    active = np.asarray(cv2.morphologyEx(active, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(active)
    boxes = []
    for k in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[k])
        if area >= 0.0006 * width * height:
            boxes.append(Rect(x=x, y=y, width=w, height=h))
    mean = samples.grey[window].mean(axis=0)
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
        if one.border >= 0.5 and _MIN_AREA <= one.rect.area / (width * height) <= _MAX_AREA:
            found.append(one)
    return found


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

    def column(self, x: int, top: int, bottom: int) -> float:
        """Share of `[top, bottom)` along column x that is an edge; the frame's border is one."""
        if x <= 0 or x >= self.width:
            return _FRAME
        top, bottom = max(0, top), min(self.height, bottom)
        if bottom <= top:
            return 0.0
        return float(self.columns[bottom, x] - self.columns[top, x]) / (bottom - top)

    def row(self, y: int, left: int, right: int) -> float:
        if y <= 0 or y >= self.height:
            return _FRAME
        left, right = max(0, left), min(self.width, right)
        if right <= left:
            return 0.0
        return float(self.rows[y, right] - self.rows[y, left]) / (right - left)

    def border(self, rect: Rect) -> float:
        """How much of a rectangle's border is an edge that ends at its corners, 0 to 1.

        The weakest side counts as much as the mean: three sides of a table are no inset.
        """
        sides = (
            self.column(rect.x, rect.y, rect.bottom),
            self.column(rect.right, rect.y, rect.bottom),
            self.row(rect.y, rect.x, rect.right),
            self.row(rect.bottom, rect.x, rect.right),
        )
        reach_y, reach_x = max(4, rect.height // 6), max(4, rect.width // 6)
        beyond = 0.0
        for x in (rect.x, rect.right):
            if 0 < x < self.width:
                beyond += self.column(x, rect.y - reach_y, rect.y - 2) / 8
                beyond += self.column(x, rect.bottom + 2, rect.bottom + reach_y) / 8
        for y in (rect.y, rect.bottom):
            if 0 < y < self.height:
                beyond += self.row(y, rect.x - reach_x, rect.x - 2) / 8
                beyond += self.row(y, rect.right + 2, rect.right + reach_x) / 8
        # The frame's own border says nothing for or against: the others decide.
        at_frame = (rect.x <= 0, rect.right >= self.width, rect.y <= 0, rect.bottom >= self.height)
        inner = [s for s, edge in zip(sides, at_frame, strict=True) if not edge]
        weakest = min(inner) if inner else _FRAME
        return 0.5 * float(np.mean(sides)) + 0.5 * weakest - 0.4 * beyond

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
        best, best_score = box, 0.0
        for left, right, top, bottom in itertools.product(lefts, rights, tops, bottoms):
            if right - left < 16 or bottom - top < 12:
                continue
            rect = Rect(x=left, y=top, width=right - left, height=bottom - top)
            inside = box.intersect(rect)
            if inside is None or not 0.4 <= rect.aspect <= 2.6:
                continue
            score = self.border(rect) - 0.6 * (1 - inside.area / box.area)
            # Of two that fit as well the tighter one: what lies beyond it does not move.
            score -= _LOOSE * max(0.0, math.log2(rect.area / box.area))
            if score > best_score:
                best, best_score = rect, score
        return best, best_score

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
        reach, step = 0.4 * size, max(2.0, size / 24)
        best = np.array([x, y, size / 2])
        score = 0.0
        for _ in range(3):
            offsets = np.arange(-reach, reach + 1e-6, step)
            sizes = best[2] + offsets if score else np.arange(0.4 * size, 1.4 * size, step)
            grid = np.stack(
                np.meshgrid(best[0] + offsets, best[1] + offsets, sizes[sizes > 8]), axis=-1
            ).reshape(-1, 3)
            scores = self._circles(grid)
            k = int(scores.argmax())
            if scores[k] > score:
                best, score = grid[k], float(scores[k])
            reach, step = 2 * step, max(0.5, step / 3)
        cx, cy, r = best
        left, top = max(0, round(cx - r)), max(0, round(cy - r))
        right, bottom = min(self.width, round(cx + r)), min(self.height, round(cy + r))
        if right - left < 12 or bottom - top < 12:
            return box, 0.0
        return Rect(x=left, y=top, width=right - left, height=bottom - top), score

    def _circles(self, circles: NDArray[np.float64]) -> NDArray[np.float64]:
        """For circles `(x, y, r)`, shape (n, 3): the share of each line that is an edge.

        What is an edge a little outside as well is texture, no line.
        """
        on = self._around(circles, 0.0)
        beyond = self._around(circles, _BEYOND_PX)
        score = on - 0.25 * beyond
        x, y, r = circles.T
        inside = (x - r > -2) & (x + r < self.width + 2) & (y - r > -2) & (y + r < self.height + 2)
        return np.where(inside, score, 0.0)

    def _around(self, circles: NDArray[np.float64], out_px: float) -> NDArray[np.float64]:
        xs = circles[:, :1] + (circles[:, 2:] + out_px) * _COSINES
        ys = circles[:, 1:2] + (circles[:, 2:] + out_px) * _SINES
        column = np.clip(np.rint(xs).astype(int), 0, self.width - 1)
        row = np.clip(np.rint(ys).astype(int), 0, self.height - 1)
        return np.asarray(self.any[row, column].mean(axis=1), float)

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
        best: list[tuple[Rect, float]] = []
        best_score = _STRIP_BORDER
        for left, right, top, bottom in itertools.product(lefts, rights, tops, bottoms):
            for count in range(2, 7):
                parts = _equal_parts(left, top, right, bottom, count, upright)
                least = _MIN_AREA * self.width * self.height
                if not all(0.6 <= p.aspect <= 2.2 and p.area >= least for p in parts):
                    continue
                scored = [(p, self.border(p)) for p in parts]
                # Half as many have borders that show as well, and miss every other one.
                score = float(np.mean([b for _, b in scored])) + 0.04 * count
                if score > best_score:
                    best, best_score = scored, score
        return best

    def _best_columns(self, low: int, high: int, top: int, bottom: int, keep: int = 7) -> list[int]:
        low, high = max(0, low), min(self.width, high)
        scored = sorted(range(high, low - 1, -1), key=lambda x: -self.column(x, top, bottom))
        return _spaced(scored, keep)

    def _best_rows(self, low: int, high: int, left: int, right: int, keep: int = 7) -> list[int]:
        low, high = max(0, low), min(self.height, high)
        scored = sorted(range(high, low - 1, -1), key=lambda y: -self.row(y, left, right))
        return _spaced(scored, keep)


def _equal_parts(
    left: int, top: int, right: int, bottom: int, count: int, upright: bool
) -> list[Rect]:
    if upright:
        edges = [round(top + (bottom - top) * k / count) for k in range(count + 1)]
        return [
            Rect(x=left, y=a, width=max(1, right - left), height=max(1, b - a))
            for a, b in itertools.pairwise(edges)
        ]
    edges = [round(left + (right - left) * k / count) for k in range(count + 1)]
    return [
        Rect(x=a, y=top, width=max(1, b - a), height=max(1, bottom - top))
        for a, b in itertools.pairwise(edges)
    ]


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
