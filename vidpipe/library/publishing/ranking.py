"""Whether two things go together: by their order, not by their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Of a rank correlation, by Fisher's transformation (Fieller, Hartley and Pearson 1957).
_SPREAD = 1.06
#: Of the standard normal distribution: 95 of 100 lie within.
_95 = 1.959964


@dataclass(frozen=True)
class Together:
    """A rank correlation.

    Attributes:
        value: -1: the more of one, the less of the other; 0: nothing in common; 1.
        low: with `high`: where 95 of 100 such measurements have what is really so between.
    """

    value: float
    low: float
    high: float


def ranks(values: Sequence[float]) -> list[float]:
    """The places of values from the least on, counted from 1; equal ones share theirs."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            found[place] = (first + last) / 2 + 1
        first = last + 1
    return found


def standing(values: Sequence[float]) -> list[float]:
    """Where values stand among each other, from -0.5 to 0.5; their mean is 0."""
    return [(rank - 0.5) / len(values) - 0.5 for rank in ranks(values)]


def together(first: Sequence[float], second: Sequence[float], count: int) -> Together | None:
    """How far two lists of standings go together; None: in one of them all are equal.

    Args:
        first: of the same things in the same order.
        second: likewise.
        count: how many of them are independent of each other, 4 at least.
    """
    if count < 4 or len(first) != len(second):
        raise ValueError("two lists of the same things, and 4 of them at least")
    across = math.fsum(a * b for a, b in zip(first, second, strict=True))
    own = math.fsum(a * a for a in first) * math.fsum(b * b for b in second)
    if own <= 0:
        return None
    value = max(-1.0, min(1.0, across / math.sqrt(own)))
    at = math.atanh(max(-0.999999, min(0.999999, value)))
    half = _95 * _SPREAD / math.sqrt(count - 3)
    low, high = math.tanh(at - half), math.tanh(at + half)
    return Together(value, min(value, low), max(value, high))
