"""What work will cost, told from what the same work cost of other recordings."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

#: What a shape says is compared once so many are known; below, the first is taken.
_COMPARED = 3
#: Whatever is not told by a driver holds for recordings that are up to so much longer or shorter.
_ALIKE = 2.0
#: A line has two unknowns: it needs so many, of lengths that differ by so much.
_LINE, _APART = 6, 1.3
#: Of a normal distribution nine of ten lie within so many standard deviations of its middle.
_SURE = 1.645
#: Of what is known one in so many at either end is no bound.
_OUTLYING = 40
#: What cost nothing at all is taken as so much of what was told.
_LEAST = 1e-3


@dataclass(frozen=True)
class Drivers:
    """What is known of a recording and its order.

    Attributes:
        length_s: of the recording.
        megapixels: of a frame; 0: there are no pictures.
        clip_s: seconds of clips that are asked for: how many, by the middle of their lengths.
        passage_s: seconds of passages that were chosen, once for each format that they are
            rendered in; None: nobody knows before it is scored.
        bytes_s: bytes that a second of the recording takes; 0: not known. Pictures that take
            many as they come take many in clips.
    """

    length_s: float
    megapixels: float = 0.0
    clip_s: float = 0.0
    passage_s: float | None = None
    bytes_s: float = 0.0


@dataclass(frozen=True)
class KnownCost:
    """What the work cost of one recording.

    Attributes:
        of: which recording.
        drivers: of it.
        amount: nanos.
    """

    of: str
    drivers: Drivers
    amount: int


#: Something that an amount is in proportion to; 0 where it says nothing.
Shape = Callable[[Drivers], float]


@dataclass(frozen=True)
class Trend:
    """A line that an amount may follow.

    Attributes:
        how: by what it is told, for people.
        along: what it grows with.
        of_each: what there is so much of: it is the amount for each of these that grows.
    """

    how: str
    along: Shape
    of_each: Shape


@dataclass(frozen=True)
class Forecast:
    """What the work is expected to cost.

    Attributes:
        amount: nanos.
        how: by what it was told, for people.
        others: what each known one would have been told to cost by the rest, in nanos.
    """

    amount: float
    how: str
    others: Mapping[str, float]


def forecast(
    known: Sequence[KnownCost],
    of: Drivers,
    shapes: Mapping[str, Shape],
    trends: Sequence[Trend] | None = None,
) -> Forecast:
    """By whichever shape would have told the known ones best, each of them by the rest.

    Args:
        known: at least one.
        of: what it is told for.
        shapes: by how they are called, those first that are taken while little is known.
        trends: taken once enough is known, where the known ones lie far enough apart; None:
            `BY_LENGTH`.
    """
    near = _is_near(known, of, by_length)
    best: Forecast | None = None
    least = float("inf")
    for how, shape in shapes.items():
        if best is not None and len(known) < _COMPARED:
            break
        told = _by_shape(known, of, shape)
        if told is not None and (near or how != FLAT):
            amount, others = told
            off = _off(known, others)
            if best is None or off < least:
                best, least = Forecast(amount, how, others), off
    for trend in (BY_LENGTH,) if trends is None else trends:
        places = [trend.along(one.drivers) for one in known]
        apart = max(places) >= _APART * min(places) > 0
        if len(known) < _LINE or not apart or not _is_near(known, of, trend.along):
            continue
        amount, others = _by_line(known, of, trend)
        off = _off(known, others)
        if best is None or off < least:
            best, least = Forecast(amount, trend.how, others), off
    if best is None:
        middle = statistics.median(one.amount for one in known)
        best = Forecast(middle, FLAT, {one.of: middle for one in known})
    return best


def _is_near(known: Sequence[KnownCost], of: Drivers, along: Shape) -> bool:
    """Whether it is about where the known ones are."""
    places = [along(one.drivers) for one in known]
    return min(places) / _ALIKE <= along(of) <= max(places) * _ALIKE


def _by_shape(
    known: Sequence[KnownCost], of: Drivers, shape: Shape
) -> tuple[float, dict[str, float]] | None:
    """In proportion to a shape; None where it says nothing of one of them."""
    sizes = [shape(one.drivers) for one in known]
    size = shape(of)
    if size <= 0 or min(sizes) <= 0:
        return None
    rates = [one.amount / own for one, own in zip(known, sizes, strict=True)]
    rate = statistics.median(rates)
    others = {
        one.of: _without(rates, k) * sizes[k] if len(known) > 1 else rate * sizes[k]
        for k, one in enumerate(known)
    }
    return rate * size, others


def _by_line(
    known: Sequence[KnownCost], of: Drivers, trend: Trend
) -> tuple[float, dict[str, float]]:
    """So much for each of what it grows with, and something whatever that is (Theil and Sen)."""
    base, rate = _line(known, trend)
    others = {}
    for k, one in enumerate(known):
        own_base, own_rate = _line([*known[:k], *known[k + 1 :]], trend)
        each = own_base + own_rate * trend.along(one.drivers)
        others[one.of] = each * trend.of_each(one.drivers)
    return (base + rate * trend.along(of)) * trend.of_each(of), others


def _line(known: Sequence[KnownCost], trend: Trend) -> tuple[float, float]:
    points = [(trend.along(one.drivers), one.amount / trend.of_each(one.drivers)) for one in known]
    slopes = [
        (y - b) / (x - a) for n, (a, b) in enumerate(points) for x, y in points[n + 1 :] if x != a
    ]
    rate = max(0.0, statistics.median(slopes)) if slopes else 0.0
    base = statistics.median(y - rate * x for x, y in points)
    if base < 0:
        return 0.0, statistics.median(y / x for x, y in points)
    return base, rate


def _without(values: Sequence[float], k: int) -> float:
    return statistics.median([*values[:k], *values[k + 1 :]])


def _off(known: Sequence[KnownCost], others: Mapping[str, float]) -> float:
    """How far off the known ones would have been told, as a share, in the middle."""
    return statistics.median(
        abs(others[one.of] - one.amount) / one.amount if one.amount else float(others[one.of] > 0)
        for one in known
    )


def reach(ratios: Sequence[float]) -> tuple[float, float]:
    """Between what nine of ten others are, told from some of them.

    The least and the most of ten hold only 9 of 11 others: so few are taken as a sample of a
    log-normal distribution as well (Student's t, by the first term of its expansion around the
    normal quantile), and the wider of both counts.

    Args:
        ratios: two at least, of what was and what was told.
    """
    logs = [log(max(one, _LEAST)) for one in ratios]
    quantile = _SURE + (_SURE**3 + _SURE) / (4 * (len(ratios) - 1))
    wide = quantile * statistics.stdev(logs) * (1 + 1 / len(ratios)) ** 0.5
    middle = statistics.fmean(logs)
    cut = len(ratios) // _OUTLYING
    ordered = sorted(ratios)
    return min(ordered[cut], exp(middle - wide)), max(ordered[-1 - cut], exp(middle + wide))


#: How the shape is called that is the same of every recording.
FLAT = "whatever their length"


def flat(_: Drivers) -> float:
    """The same of every recording."""
    return 1.0


def by_length(of: Drivers) -> float:
    """In proportion to the length."""
    return of.length_s


def by_pixels(of: Drivers) -> float:
    """In proportion to the length, and to the size of its pictures."""
    return of.length_s * of.megapixels


def by_clips(of: Drivers) -> float:
    """In proportion to the seconds of clips that are asked for."""
    return of.clip_s


def by_passages(of: Drivers) -> float:
    """In proportion to the seconds of passages that were chosen."""
    return of.passage_s or 0.0


def by_density(of: Drivers) -> float:
    """In proportion to the bytes that a second of the recording takes."""
    return of.bytes_s


BY_LENGTH = Trend("by their length, and something whatever it is", by_length, flat)
BY_PASSAGES = Trend("by their passages, and something whatever it is", by_passages, flat)
BY_DENSITY = Trend("by their passages, and the bytes of a second", by_density, by_passages)
