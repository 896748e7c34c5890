"""Rectangles and circles fitted to the borders of one run of looks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding, iou
from vidpipe.layout.evidence import Evidence, Shares
from vidpipe.layout.outlines import of_one_size, outlines

Side = Callable[[NDArray[np.int_], int, int], Shares]

#: Share of the picture that is too small a movement to be a head.
_SPECK = 0.0006
#: So much may be a part of one; so many of them are looked at.
_LITTLE, _MOST_LOOSE = 0.0001, 6
#: A border that shows so well is one; what shows less may be a circle's.
SURE = 0.65
#: What is one of several alike may show less.
_PART = 0.55
#: Parts that differ in size must fit by so much better than the whole.
_MUCH_BETTER = 0.15
#: A circle has a greater radius.
_LEAST_RADIUS = 8
#: Points of a circle that are looked at, and how far outside it there should be no line.
_ANGLES = np.linspace(0, 2 * np.pi, 72, endpoint=False)
_COSINES, _SINES = np.cos(_ANGLES), np.sin(_ANGLES)
_BEYOND_PX = 5.0
#: So many of the circles found roughly are looked at closely.
_CIRCLES = 5
#: What doubling the area of a rectangle around the same movement costs.
_LOOSE = 0.02
#: What life across a border costs: a head cut out of its picture goes on below it.
_CROSSED = 2.0
#: What life that is left out costs.
_LEFT_OUT = 0.8
#: A line between two cameras runs along so much of both.
_BETWEEN = 0.6
#: Cameras side by side, or one under the other, divide a box so often.
_DEPTH = 3
_NARROWEST_PX, _LOWEST_PX = 16, 12
_FLATTEST, _TALLEST = 3.2, 0.3
#: A fit of which so much lies in an outline, or the other way round, is another of the same.
_IN_THE_WAY = 0.3
#: Outlines that hold so much of a fit's life leave none, each of less than so much of it.
_ALL, _PART_OF = 0.9, 0.7
#: And these are of the same, one a little off.
_ALIKE = 0.8
#: A fit that shows less gives way to an outline that shows so much better.
_CLEAR, _CLEARER = 0.75, 0.05
#: Circles looked for around a little life: their radius in parts of the picture's shorter side,
#: and what must show of one.
_LEAST_DISC, _MOST_DISC, _DISC_STEP_PX, _SURE_DISC = 0.08, 0.25, 4.0, 0.8


@dataclass(frozen=True)
class Fitted:
    """A border around something alive, and how well it fits, at most 1.

    `framed` is how much shows of those of its sides that are not the picture's own.
    """

    rect: Rect
    border: float
    circle: bool = False
    framed: float = 0.0


def fitted(evidence: Evidence) -> list[Fitted]:
    """What has a border around all that is alive in it, cameras that touch apart."""
    fit = _Fit(evidence)
    found: list[Fitted] = []
    for box in _join_near(_boxes(evidence.alive), evidence.width):
        parts = fit.divided(box, fit.frame, _DEPTH)
        found += parts
        # What lives beside a border that was found has one of its own, or none.
        rest = np.zeros_like(evidence.alive)
        rest[box.y : box.bottom, box.x : box.right] = evidence.alive[
            box.y : box.bottom, box.x : box.right
        ]
        for near in (p.rect for p in parts):
            rest[max(0, near.y - 3) : near.bottom + 3, max(0, near.x - 3) : near.right + 3] = False
        found += [o for o in map(fit.best, _boxes(rest)) if o.border >= SURE]
    found = _outlined(found, evidence)
    # A little life in no border: somebody who sits still in a circle.
    for box in _join_near(_boxes(evidence.alive, _LITTLE), evidence.width)[:_MOST_LOOSE]:
        vague = [f for f in found if overlap(f.rect, box) > _IN_THE_WAY]
        if any(f.border >= SURE for f in vague):
            continue
        disc = fit.disc(box)
        if disc.border >= _SURE_DISC:
            found = [f for f in found if f not in vague] + [disc]
    return found


def _outlined(found: list[Fitted], evidence: Evidence) -> list[Fitted]:
    """The fits, with outlines in place of those that they fit better."""
    drawn = [Fitted(rect, shown, framed=shown) for rect, shown in outlines(evidence)]
    kept = list(found)
    # One border around cameras that have an outline each.
    for fit in found:
        inner = [
            d
            for d in drawn
            if overlap(d.rect, fit.rect) >= _ALL and d.rect.area < _PART_OF * fit.rect.area
        ]
        held = sum(_living(evidence, d.rect) for d in inner)
        all_of_it = held >= _ALL * _living(evidence, fit.rect)
        if len(inner) > 1 and of_one_size([f.rect for f in inner]) and all_of_it:
            kept.remove(fit)
    for outline in drawn:
        near = [f for f in kept if overlap(f.rect, outline.rect) > _IN_THE_WAY]
        if len(near) > 1 and of_one_size([f.rect for f in near]):
            # Two cameras that touch have an outline together.
            continue
        if all(_better(outline, f, evidence) for f in near):
            kept = [f for f in kept if f not in near] + [outline]
    return kept


def _better(outline: Fitted, fit: Fitted, evidence: Evidence) -> bool:
    """Whether an outline says more of what is alive in it than a fit near it."""
    if fit.border < _CLEAR:
        return outline.framed > fit.border + _CLEARER
    if iou(fit.rect, outline.rect) >= _ALIKE:
        return not fit.circle and outline.framed > fit.framed
    if fit.rect.area > outline.rect.area or fit.framed > outline.framed:
        return False
    return _living(evidence, fit.rect) < _ALL * _living(evidence, outline.rect)


def _living(evidence: Evidence, rect: Rect) -> float:
    return float(evidence.lines.alive(rect.x, rect.right, rect.y, rect.bottom))


def _boxes(alive: NDArray[np.bool_], speck: float = _SPECK) -> list[Rect]:
    """The rectangles around what is alive, without specks."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(alive.astype(np.uint8))
    rows = [tuple(int(v) for v in stats[k]) for k in range(1, count)]
    least = speck * alive.size
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


class _Fit:
    """Borders of one run of looks, asked for again and again."""

    def __init__(self, evidence: Evidence) -> None:
        self.lines = evidence.lines
        self.living = evidence.alive
        self.height, self.width = evidence.alive.shape
        self.drawn = evidence.lines.any
        self.frame = Rect(x=0, y=0, width=self.width, height=self.height)
        self.known: dict[tuple[Rect, Rect], Fitted] = {}

    def best(self, box: Rect) -> Fitted:
        """The rectangle or circle around a box of life that fits best."""
        square = self.snap(box)
        if square.border >= SURE:
            return square
        disc = self.round(box)
        return disc if disc.border > square.border else square

    def divided(self, box: Rect, within: Rect, depth: int) -> list[Fitted]:
        """One border around a box of life, or one around each part that lines divide it into.

        No border is looked for outside of `within`.
        """
        whole = self.best(box) if depth == _DEPTH else self.snap(box, within)
        if depth == 0:
            return [whole]
        best: list[Fitted] = []
        best_score = 0.0
        for share, halves in self._halves(box, within):
            parts = [(life, half) for half in halves if (life := self._life(box, half)) is not None]
            if len(parts) < 2:
                continue
            found = [f for life, half in parts for f in self.divided(life, half, depth - 1)]
            if min(f.border for f in found) < _PART or _overlap(found):
                continue
            score = share + float(np.mean([f.border for f in found]))
            if score > best_score:
                best, best_score = found, score
        if not best:
            return [whole]
        theirs = float(np.mean([f.border for f in best]))
        if whole.border < max(SURE, theirs - _MUCH_BETTER) or of_one_size([f.rect for f in best]):
            return best
        return [whole]

    def _halves(self, box: Rect, within: Rect) -> list[tuple[float, tuple[Rect, Rect]]]:
        """Both sides of the strongest lines through a box, and how much of each line shows."""
        x, y = box.width // 6, box.height // 6
        columns = np.arange(box.x + x, box.right - x)
        rows = np.arange(box.y + y, box.bottom - y)
        halves = []
        for at, share in self._between(columns, box.y, box.bottom, upright=True):
            left = within.model_copy(update={"width": at - within.x})
            right = within.model_copy(update={"x": at, "width": within.right - at})
            halves.append((share, (left, right)))
        for at, share in self._between(rows, box.x, box.right, upright=False):
            upper = within.model_copy(update={"height": at - within.y})
            lower = within.model_copy(update={"y": at, "height": within.bottom - at})
            halves.append((share, (upper, lower)))
        return halves

    def _life(self, box: Rect, half: Rect) -> Rect | None:
        """The rectangle around what is alive in a part of a box."""
        part = box.intersect(half)
        if part is None:
            return None
        living = self.living[part.y : part.bottom, part.x : part.right]
        x, y, width, height = cv2.boundingRect(living.astype(np.uint8))
        if width < 8 or height < 8:
            return None
        return Rect(x=part.x + x, y=part.y + y, width=width, height=height)

    def _between(
        self, at: NDArray[np.int_], low: int, high: int, *, upright: bool
    ) -> list[tuple[int, float]]:
        """The strongest lines that run through a box."""
        lines = self.lines
        one, other = (lines.left, lines.right) if upright else (lines.top, lines.bottom)
        share = np.maximum(one(at, low, high), other(at, low, high))
        order = np.argsort(-share, kind="stable")
        chosen = _spaced([int(k) for k in order if share[k] >= _BETWEEN], 3)
        return [(int(at[k]), float(share[k])) for k in chosen]

    def snap(self, box: Rect, within: Rect | None = None) -> Fitted:
        """The rectangle around a box of life that fits best."""
        asked = box, within or self.frame
        if asked not in self.known:
            self.known[asked] = self._snap(*asked)
        return self.known[asked]

    def _snap(self, box: Rect, within: Rect) -> Fitted:
        lines = self.lines
        wide, tall = round(2.2 * box.width) + 8, round(1.6 * box.height) + 8
        x, y = box.width // 4, box.height // 4
        down, across = (box.y, box.bottom), (box.x, box.right)
        # Not each with each: what is asked of a side is asked once.
        left, right, top, bottom = np.ix_(
            strongest(lines.left, max(within.x, box.x - wide), box.x + x, *down),
            strongest(lines.right, box.right - x, min(within.right, box.right + wide), *down),
            strongest(lines.top, max(within.y, box.y - tall), box.y + y, *across),
            strongest(lines.bottom, box.bottom - y, min(within.bottom, box.bottom + tall), *across),
        )
        width, height = right - left, bottom - top
        aspect = width / np.maximum(height, 1)
        kept = (width >= _NARROWEST_PX) & (height >= _LOWEST_PX)
        kept = kept & (aspect >= _TALLEST) & (aspect <= _FLATTEST)
        kept &= (left < box.right) & (right > box.x) & (top < box.bottom) & (bottom > box.y)
        if not kept.any():
            return Fitted(box, 0.0)
        held = lines.alive(
            np.maximum(left, box.x),
            np.minimum(right, box.right),
            np.maximum(top, box.y),
            np.minimum(bottom, box.bottom),
        )
        all_of_it = float(lines.alive(box.x, box.right, box.y, box.bottom))
        larger = np.maximum(width * height, 1) / box.area
        score = (
            lines.borders(left, right, top, bottom)
            - _LEFT_OUT * (1 - held / max(1.0, all_of_it))
            - _CROSSED * lines.crossed(left, right, top, bottom)
            # Of two that fit as well the tighter one: what lies beyond it does not move.
            - _LOOSE * np.maximum(0.0, np.log2(larger))
        )
        score = np.where(kept, score, -np.inf)
        k = int(score.argmax())
        best = float(score.flat[k])
        if best <= 0:
            return Fitted(box, 0.0)
        x, x1, y, y1 = (
            int(side.flat[at])
            for side, at in zip(
                (left, right, top, bottom), np.unravel_index(k, score.shape), strict=True
            )
        )
        rect = Rect(x=x, y=y, width=x1 - x, height=y1 - y)
        inner = lines.inner(rect) or [0.0]
        framed = 0.5 * float(np.mean(inner)) + 0.5 * min(inner)
        return Fitted(rect, best, framed=framed)

    def round(self, box: Rect) -> Fitted:
        """The circle around a box of life, and how much of its line shows."""
        size = max(box.width, box.height)
        x, y = box.x + box.width / 2, box.y + box.height / 2
        step = max(2.0, size / 16)
        offsets = np.arange(-0.4 * size, 0.4 * size + 1e-6, step)
        grid = _grid(x + offsets, y + offsets, np.arange(0.4 * size, 1.4 * size, step))
        return self._roundest(box, grid, step)

    def disc(self, box: Rect) -> Fitted:
        """The circle anywhere around a little life that shows best."""
        x, y = box.x + box.width / 2, box.y + box.height / 2
        side = min(self.width, self.height)
        radii = np.arange(_LEAST_DISC * side, _MOST_DISC * side, _DISC_STEP_PX)
        offsets = np.arange(-radii[-1], radii[-1], _DISC_STEP_PX)
        xs, ys, radii = x + offsets, y + offsets, radii[radii > _LEAST_RADIUS]
        # Of all circles only those around the life are made.
        off = np.hypot(xs[None, :] - x, ys[:, None] - y) + max(box.width, box.height) / 2
        row, column, size = np.nonzero(off[..., None] <= radii)
        grid = np.stack((xs[column], ys[row], radii[size]), axis=-1)
        return self._roundest(box, grid, _DISC_STEP_PX)

    def _roundest(self, box: Rect, grid: NDArray[np.float64], step: float) -> Fitted:
        """The circle near one of a grid, `step` pixels apart, of which most shows."""
        if len(grid) == 0:
            return Fitted(box, 0.0, circle=True)
        x, y, size = box.x + box.width / 2, box.y + box.height / 2, max(box.width, box.height)
        scores = self._circles(grid, 3, round(step))
        # Few circles against thick lines first, then the best of them more finely.
        best, score = np.array([x, y, size / 2]), 0.0
        for start in _apart(grid[np.argsort(-scores, kind="stable")], 1.5 * step):
            circle, found = start, 0.0
            finer = step
            for every in (2, 1):
                reach, finer = 2 * finer if every == 2 else finer, max(0.5, finer / 3)
                offsets = np.arange(-reach, reach + 1e-6, finer)
                around_it = _grid(*(circle[k] + offsets for k in range(3)))
                scores = self._circles(around_it, every)
                k = int(scores.argmax())
                circle, found = around_it[k], float(scores[k])
            if found > score:
                best, score = circle, found
        cx, cy, r = best
        left, top = max(0, round(cx - r)), max(0, round(cy - r))
        right, bottom = min(self.width, round(cx + r)), min(self.height, round(cy + r))
        if right - left < 12 or bottom - top < 12:
            return Fitted(box, 0.0, circle=True)
        rect = Rect(x=left, y=top, width=right - left, height=bottom - top)
        held = self._share_of_life(rect, box)
        return Fitted(rect, score - _LEFT_OUT * (1 - held), circle=True, framed=score)

    def _share_of_life(self, rect: Rect, box: Rect) -> float:
        both = rect.intersect(box)
        if both is None:
            return 0.0
        alive = self.lines.alive
        part = float(alive(both.x, both.right, both.y, both.bottom))
        return part / max(1.0, float(alive(box.x, box.right, box.y, box.bottom)))

    def _circles(
        self, circles: NDArray[np.float64], every: int = 1, thick: int = 1
    ) -> NDArray[np.float64]:
        """For circles `(x, y, r)`, shape (n, 3): the share of each line that is an edge.

        What is an edge a little outside as well is texture, no line. One point in `every`
        is looked at, with lines `thick` pixels wider than they are.
        """
        drawn = self.drawn
        if thick > 1:
            kernel = np.ones((thick, thick), np.uint8)
            drawn = cv2.dilate(drawn.astype(np.uint8), kernel) > 0
        on = around(drawn, circles, 0.0, every)
        beyond = around(self.drawn, circles, _BEYOND_PX, every)
        score = on - 0.25 * beyond
        x, y, r = circles.T
        inside = (x - r > -2) & (x + r < self.width + 2) & (y - r > -2) & (y + r < self.height + 2)
        return np.where(inside, score, 0.0)


def around(
    drawn: NDArray[np.bool_], circles: NDArray[np.float64], out_px: float = 0.0, every: int = 1
) -> NDArray[np.float64]:
    """Share of each circle `(x, y, r)`, `out_px` larger, that lies on something drawn, (n,)."""
    xs = circles[:, :1] + (circles[:, 2:] + out_px) * _COSINES[::every]
    ys = circles[:, 1:2] + (circles[:, 2:] + out_px) * _SINES[::every]
    column = np.clip(np.rint(xs).astype(int), 0, drawn.shape[1] - 1)
    row = np.clip(np.rint(ys).astype(int), 0, drawn.shape[0] - 1)
    return np.asarray(drawn[row, column].mean(axis=1), float)


def _grid(x: Shares, y: Shares, r: Shares) -> NDArray[np.float64]:
    """All circles of these middles and radii, shape (n, 3)."""
    return np.stack(np.meshgrid(x, y, r[r > _LEAST_RADIUS]), axis=-1).reshape(-1, 3)


def _apart(circles: NDArray[np.float64], least_px: float) -> list[NDArray[np.float64]]:
    """The first few of some circles that are no neighbours of each other."""
    chosen: list[NDArray[np.float64]] = []
    for circle in circles[:200]:
        if all(np.abs(circle - c).max() > least_px for c in chosen):
            chosen.append(circle)
        if len(chosen) == _CIRCLES:
            break
    return chosen


def strongest(side: Side, low: int, high: int, start: int, end: int) -> list[int]:
    """Where, from `low` to `high`, a side from `start` to `end` shows best."""
    at = np.arange(high, low - 1, -1)
    order = np.argsort(-side(at, start, end), kind="stable")
    # The ends may be the picture's: lines within it hide them.
    return _spaced([high, low, *at[order].tolist()], 8)


def overlap(a: Rect, b: Rect) -> float:
    """Share of the smaller of two rectangles that lies in the other one."""
    both = a.intersect(b)
    return both.area / min(a.area, b.area) if both is not None else 0.0


def _overlap(found: Sequence[Fitted]) -> bool:
    return any(iou(a.rect, b.rect) > 0.03 for a, b in itertools.combinations(found, 2))


def _spaced(candidates: list[int], keep: int) -> list[int]:
    """The first `keep` that are at least two apart."""
    chosen: list[int] = []
    for item in candidates:
        if all(abs(item - c) >= 2 for c in chosen):
            chosen.append(item)
        if len(chosen) == keep:
            break
    return chosen
