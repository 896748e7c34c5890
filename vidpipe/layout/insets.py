"""Camera insets: what is alive within a border of its own, in one state after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, iou
from vidpipe.layout.evidence import Evidence, Lines
from vidpipe.layout.fit import Fitted, around, overlap
from vidpipe.layout.order_statistics import median

#: Share of the picture that an inset takes.
_MIN_AREA, _MAX_AREA = 0.008, 0.97
#: A border that fits less well is none.
_LEAST = 0.5
#: Rectangles that overlap so much are looks at the same inset.
_SAME = 0.8
#: An inset is there where so much of each of its sides and of its life is.
_BORDER_LEFT, _LIFE_LEFT = 0.5, 0.25
#: And where so much of three sides or four is, whatever lives: cars pass, people sit still.
_DRAWN = 0.7
#: What around an inset is needed to see its border.
_AROUND_PX = 12


@dataclass(frozen=True)
class Inset:
    """A rectangle (analysis pixels) in which something lived; a `circle` fills it.

    `border` is how well its border fits and `framed` how much shows of those of its sides
    that are not the picture's own, at most 1; `life` is the share of it that is alive,
    `states` are the states in which it was seen.
    """

    rect: Rect
    border: float
    framed: float
    life: float
    states: frozenset[int]
    circle: bool = False

    @property
    def support(self) -> int:
        """In how many states it was seen."""
        return len(self.states)


def gathered(found: Sequence[Sequence[tuple[Fitted, float]]]) -> list[Inset]:
    """What was fitted in each state, with its life, as insets; the most seen first."""
    groups: list[list[tuple[int, Fitted, float]]] = []
    for number, fits in enumerate(found):
        for fit, life in fits:
            if fit.border < _LEAST:
                continue
            for group in groups:
                alike = group[0][1]
                if alike.circle == fit.circle and iou(alike.rect, fit.rect) >= _SAME:
                    group.append((number, fit, life))
                    break
            else:
                groups.append([(number, fit, life)])
    insets = []
    for group in groups:
        rects = [fit.rect for _, fit, _ in group]
        corners = np.median([(r.x, r.y, r.right, r.bottom) for r in rects], axis=0).round()
        x, y, right, bottom = (int(v) for v in corners)
        insets.append(
            Inset(
                rect=Rect(x=x, y=y, width=right - x, height=bottom - y),
                border=float(np.median([fit.border for _, fit, _ in group])),
                framed=float(np.median([fit.framed for _, fit, _ in group])),
                life=float(np.median([life for _, _, life in group])),
                states=frozenset(number for number, _, _ in group),
                circle=group[0][1].circle,
            )
        )
    return sorted(insets, key=lambda i: (-i.support, -i.border))


def fits_inset(fit: Fitted, picture: int) -> bool:
    """Whether a border takes a share of a picture of so many pixels that an inset may take."""
    return _MIN_AREA <= fit.rect.area / picture <= _MAX_AREA


def shown(inset: Inset, looks: NDArray[np.uint8], life: float) -> bool:
    """Whether an inset is there in a state in which it was not found by itself.

    Args:
        inset: as it was found elsewhere.
        looks: a few of the state, shape (n, h, w).
        life: the share of its rectangle that is alive in the state.
    """
    # The median: a state that was taken together may show it for a moment only.
    lines, rect = _near(inset, looks, median)
    alive = life >= _LIFE_LEFT * inset.life
    if inset.circle:
        # A circle's life is in its middle, and a line alone may be a drawing's.
        return alive and border_of(rect, lines, circle=True) >= _BORDER_LEFT * inset.border
    shares = lines.inner(rect)
    if len(shares) > 2 and min(shares) >= _DRAWN:
        return True
    return alive and min(shares, default=0.0) >= _BORDER_LEFT


def drawn(inset: Inset, look: NDArray[np.uint8]) -> float:
    """How much of an inset's border shows in one look."""
    lines, rect = _near(inset, look[None], lambda part: part[0])
    return border_of(rect, lines, circle=inset.circle)


def _near(
    inset: Inset, looks: NDArray[np.uint8], one_of: Callable[[NDArray[np.uint8]], NDArray[Any]]
) -> tuple[Lines, Rect]:
    """The lines around an inset in one picture of some looks, and where it is among them."""
    rect = inset.rect
    height, width = looks.shape[1:]
    x, y = max(0, rect.x - _AROUND_PX), max(0, rect.y - _AROUND_PX)
    right, bottom = min(width, rect.right + _AROUND_PX), min(height, rect.bottom + _AROUND_PX)
    part = one_of(looks[:, y:bottom, x:right]).astype(np.float32)
    lines = Lines(part, np.zeros(part.shape, bool))
    return lines, rect.model_copy(update={"x": rect.x - x, "y": rect.y - y})


def border_of(rect: Rect, lines: Lines, *, circle: bool) -> float:
    """How much of a border shows."""
    if circle:
        x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
        return float(around(lines.any, np.array([[x, y, rect.width / 2]]))[0])
    return lines.border(rect)


def life_of(rect: Rect, evidence: Evidence) -> float:
    """Share of a rectangle that is alive."""
    alive: NDArray[np.bool_] = evidence.alive[rect.y : rect.bottom, rect.x : rect.right]
    return float(alive.mean()) if alive.size else 0.0


def apart(insets: Sequence[Inset]) -> list[Inset]:
    """Of insets that overlap the ones seen most, or with the better border, in their order."""
    kept: list[Inset] = []
    for inset in insets:
        if all(overlap(inset.rect, k.rect) <= 0.1 for k in kept):
            kept.append(inset)
    return kept
