"""Runs of looks in which nothing but what always moves changes: a page, a camera, a film."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.layout.sampling import QUICK_S, FrameSamples, in_blocks

_BLOCK_PX = 16
#: A block has changed when so much of it has.
_HIT = 0.02
#: What changes in so many of the pairs before as well as after a moment always does.
_USUAL = 0.25
_AROUND = 7
#: Share of the picture that changes when something happens: a short line of text, an inset.
EVENT = 0.004
#: A state with fewer pairs of looks says nothing of how it moves; with so many it says enough.
LEAST_PAIRS, ENOUGH_PAIRS = 3, 6
#: An event in which more changes ends a state however short.
_MOST = 0.2


@dataclass(frozen=True)
class LayoutState:
    """Looks `[first, last)` between two events.

    `amount` is the share of the picture that changed when it began, `pairs` are the looks that
    follow each other so soon that their difference is movement, without those that an event
    lies between.
    """

    first: int
    last: int
    amount: float
    pairs: tuple[tuple[int, int], ...]

    @property
    def looks(self) -> NDArray[np.int_]:
        """Their numbers."""
        return np.arange(self.first, self.last)


def find_states(
    samples: FrameSamples, amounts: NDArray[np.float64], cuts: Sequence[int] = ()
) -> list[LayoutState]:
    """All looks in states, in order, most of them long enough to say how they move.

    Short ones (a page that is built line by line, somebody who waves) are taken together
    across the smallest events between them.

    Args:
        samples: regular looks.
        amounts: what happened between each and the next, of `events`.
        cuts: pairs `(k, k + 1)` of looks between which a shot ends whatever changes.
    """
    sure = np.zeros(len(amounts), bool)
    sure[list(cuts)] = True
    happened = (amounts >= EVENT) | sure
    quick = np.diff(samples.times_s) <= QUICK_S
    borders = [0, *(np.flatnonzero(happened) + 1).tolist(), len(samples)]

    def pairs(first: int, last: int) -> int:
        """Pairs of looks that show movement and nothing else."""
        return int((quick[first : last - 1] & ~happened[first : last - 1]).sum())

    kept = list(borders)
    while len(kept) > 2:
        short = [
            k
            for k in range(1, len(kept) - 1)
            if amounts[kept[k] - 1] < _MOST and not sure[kept[k] - 1]
            if min(pairs(kept[k - 1], kept[k]), pairs(kept[k], kept[k + 1])) < ENOUGH_PAIRS
        ]
        if not short:
            break
        kept.pop(min(short, key=lambda k: amounts[kept[k] - 1]))
    return [
        LayoutState(
            first,
            last,
            float(amounts[first - 1]) if first else 1.0,
            tuple((k, k + 1) for k in range(first, last - 1) if quick[k] and not happened[k]),
        )
        for first, last in itertools.pairwise(kept)
        if last > first
    ]


def events(samples: FrameSamples) -> NDArray[np.float64]:
    """How much changed between a look and the next that does not always, shape (n - 1,)."""
    pairs = len(samples) - 1
    if pairs < 1:
        return np.zeros(0)
    changed = np.stack(
        [
            np.asarray(in_blocks(samples.changed(k), _BLOCK_PX) / _BLOCK_PX**2, np.float32)
            for k in range(pairs)
        ]
    )
    hit = changed > _HIT
    amounts = np.zeros(pairs)
    for k in range(pairs):
        before, after = hit[max(0, k - _AROUND) : k], hit[k + 1 : k + 1 + _AROUND]
        # Near an end there is one side only.
        sides = [s.mean(axis=0) for s in (before, after) if len(s)]
        usual = np.minimum(*sides) if len(sides) == 2 else np.zeros(hit.shape[1:])
        always = cv2.dilate((usual > _USUAL).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        amounts[k] = float((changed[k] * ~always).mean())
    return amounts
