"""Where one shot ends and another begins: cuts, fades and dissolves of the whole picture."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.layout.frame_store import Grey
from vidpipe.layout.model import LayoutOptions, Transition
from vidpipe.layout.sampling import CHANGED, SOON_S, FrameSamples, difference, refine
from vidpipe.media.frames import FrameReader

#: Mean luma of a black picture.
_BLACK = 16.0
#: So much of a change in one frame is a cut.
_AT_ONCE = 0.5
#: Standard deviation of grey in a picture that shows nothing.
_EMPTY = 8.0
#: A gradual change so near to another border is part of it.
_FADE_S = 1.0
#: What a mixture of two pictures may be off, next to what they differ by.
_MIXTURE = 0.2
#: A dissolve takes no longer than this.
_GRADUAL_S = 2.0


@dataclass(frozen=True)
class Boundary:
    """A shot begins at `t_s`, between samples `pair` and `pair + 1`."""

    pair: int
    t_s: float
    transition: Transition


def find_borders(
    reader: FrameReader, samples: FrameSamples, options: LayoutOptions
) -> list[Boundary]:
    """All borders of shots, in order."""
    luma = np.array([cv2.mean(g)[0] for g in samples.grey])
    shares = np.array([samples.changed_share(k) for k in range(len(samples) - 1)])
    gaps = np.diff(samples.times_s)
    over = shares > options.cut_fraction
    cuts: list[Boundary] = []
    left = options.max_refinements
    for pair in np.flatnonzero(over).tolist():
        # Looks close together that differ one after the other see a change on its way.
        near = [k for k in (pair - 1, pair + 1) if 0 <= k < len(over) and over[k]]
        if gaps[pair] <= SOON_S and any(gaps[k] <= SOON_S for k in near):
            continue
        after_s = float(samples.times_s[pair + 1])
        known_s = samples.known_s(pair, pair + 1)
        if known_s is not None or left <= 0:
            cuts.append(Boundary(pair, after_s if known_s is None else known_s, Transition.CUT))
            continue
        left -= 1
        peak_s, peak = refine(
            reader, samples, float(samples.times_s[pair]), after_s, _changed_share
        )
        if peak > _AT_ONCE * shares[pair]:
            cuts.append(Boundary(pair, peak_s, Transition.CUT))
    fades = _fades(samples, luma, cuts)
    return sorted(
        [*cuts, *fades, *_dissolves(samples, [*cuts, *fades], options)], key=lambda b: b.t_s
    )


def _changed_share(a: Grey, b: Grey) -> float:
    return float((difference(a, b) > CHANGED).mean())


def _fades(
    samples: FrameSamples, luma: NDArray[np.float64], cuts: list[Boundary]
) -> list[Boundary]:
    """Looks at a black picture between two that are not, where no cut led there or back."""
    borders = []
    black = luma < _BLACK
    edges = np.flatnonzero(np.diff(black.astype(int)))
    for before, after in itertools.pairwise(edges.tolist()):
        if black[before] or not black[before + 1]:
            continue
        start_s, end_s = float(samples.times_s[before]), float(samples.times_s[after + 1])
        if not any(start_s <= b.t_s <= end_s for b in cuts):
            t_s = (float(samples.times_s[before + 1]) + float(samples.times_s[after])) / 2
            borders.append(Boundary(_pair_at(samples, t_s), t_s, Transition.FADE))
    return borders


def _dissolves(
    samples: FrameSamples, known: list[Boundary], options: LayoutOptions
) -> list[Boundary]:
    """Where what lies between two pictures is a mixture of both: no movement does that."""
    borders: list[Boundary] = []
    taken = [b.t_s for b in known]
    first = 0
    times = samples.times_s
    # Out of black or white is no other picture, only more or less of the same.
    # One at a time: the spread of all at once would take a float for each of their pixels.
    empty = []
    for grey in samples.grey:
        mean, spread = cv2.meanStdDev(grey)
        empty.append(float(spread[0, 0]) < _EMPTY or float(mean[0, 0]) < 2 * _BLACK)
    while first < len(samples) - 2:
        found = None
        for last in range(first + 2, len(samples)):
            if times[last] - times[first] > _GRADUAL_S:
                break
            if empty[first] or empty[last]:
                continue
            if any(times[first] - _FADE_S < t < times[last] + _FADE_S for t in taken):
                continue
            if samples.changed_share(first, last) <= options.cut_fraction:
                continue
            shares = [_share_of(samples, first, k, last) for k in range(first + 1, last)]
            mixed = [s for s in shares if s is not None and 0.15 < s < 0.85]
            if len(mixed) == len(shares) and mixed == sorted(mixed):
                found = last, mixed
                break
        if found is None:
            first += 1
            continue
        last, mixed = found
        inner = times[first + 1 : last]
        t_s = float(inner[int(np.argmin(np.abs(np.array(mixed) - 0.5)))])
        borders.append(Boundary(_pair_at(samples, t_s), t_s, Transition.DISSOLVE))
        first = last
    return borders


def _share_of(samples: FrameSamples, first: int, between: int, last: int) -> float | None:
    """How much of the last of two pictures is in the one between, None for no mixture."""
    a, m, b = (
        cv2.GaussianBlur(samples.grey[k], (5, 5), 0).astype(np.float32)
        for k in (first, between, last)
    )
    change = b - a
    share = float((change * (m - a)).sum() / max(float((change * change).sum()), 1e-6))
    rest = float(np.abs(m - (a + share * change)).mean())
    return share if rest < _MIXTURE * float(np.abs(change).mean()) else None


def _pair_at(samples: FrameSamples, t_s: float) -> int:
    after = int(np.searchsorted(samples.times_s, t_s))
    return min(max(after - 1, 0), len(samples) - 2)
