"""A finished clip beside its source: the same places at the same moments.

It is known which rectangle of the source lands where on the canvas, and when. Both are
brought to one small grid there and compared by what is in them, not by how bright they
are: a dark page, a night scene, a white page, a photograph and somebody who holds still
look alike in both, and nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.canvas import arrange
from vidpipe.clips.model import ClipPlan, Part, Variant
from vidpipe.clips.paired import STEP_S, Pair, paired
from vidpipe.clips.views import Flags, Floats, Grey, Grid, View, views
from vidpipe.geometry import Size
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import EditList

#: Local means are over so many points of a grid, and so near to its edges nothing is compared.
_WINDOW, _EDGE = 7, 3
#: Something is to be seen where the root mean square of luma is over this (black is 0),
#: and is gone where it is under so much of that.
_SIGNAL, _GONE = 8.0, 0.35
#: Variance of luma that is noise: where there is little more, two pictures are alike.
_NOISE = 4.0
#: What moves changes by so many greys in the mean; what stands still by less than so much of
#: what it should.
_MOVES, _STILL = 4.0, 0.35
#: Where less of a region than this has something to see, or moves, nothing can be said of it.
_LEAST_SEEN, _LEAST_MOVED = 0.02, 0.005
#: A region is black, or stands still, where so much of it is.
_MOSTLY = 0.8
#: A source that moves in so much of a stretch did not just hold still.
_OFTEN = 0.3
#: Likeness is SSIM's contrast and structure, at most 1. Under the first two pictures are of
#: different things, over the second of one; another moment is the right one that fits so much
#: better.
_UNLIKE, _ALIKE, _BETTER = 0.5, 0.85, 0.1
#: Moments that are tried, in pairs before and after; and those that tell what moves at all.
_MOMENTS, _FEW_MOMENTS = (1, 2, 3, 4, 6, 8), (2, 4, 8)
#: Stretches shorter than this are nothing: a glitch, a fade, somebody who holds still.
_LASTS_S = 1.0

LayoutInterval = tuple[float, float]


@dataclass(frozen=True)
class Compared:
    """Seconds of the longest stretch in which a region of the clip is black, stands still while
    its source moves, or shows another place or moment of it; 0 where that is too short to see."""

    black_s: float
    frozen_s: float
    elsewhere_s: float


#: Of a clip that shows what it should.
GOOD = Compared(black_s=0.0, frozen_s=0.0, elsewhere_s=0.0)


def compare(
    clip: Path,
    source: Path,
    info: MediaInfo,
    plan: ClipPlan,
    variant: Variant,
    drawn: Sequence[Grey],
    *,
    captions: bool,
) -> Compared:
    """Look at both twice a second; where something is found, once more and to the frame.

    What moves fast is elsewhere a tenth of a second later.

    Args:
        clip: the finished file.
        source: what it was made of.
        info: the source's probe.
        plan: what is shown when, and from where.
        variant: the canvas.
        drawn: captions and card over black, a picture for each `STEP_S`; what they cover is
            not compared. Empty where there are none.
        captions: whether the clip was arranged with room for captions.
    """
    assert info.video is not None
    found = GOOD
    for roughly in (True, False):
        pairs = list(paired(clip, source, info, plan, roughly=roughly))
        found = _compared(pairs, plan, variant, info.video.size, drawn, captions=captions)
        if found == GOOD:
            break
    return found


def _compared(
    pairs: Sequence[Pair],
    plan: ClipPlan,
    variant: Variant,
    source: Size,
    drawn: Sequence[Grey],
    *,
    captions: bool,
) -> Compared:
    black, elsewhere, frozen = set[int](), set[int](), list[LayoutInterval]()
    for part, wanted in _of_parts(pairs, plan):
        for view in views(part, arrange(part, variant, captions=captions)):
            region = _Region(view, pairs, plan.edit, variant.size, source, drawn)
            dark = {k for k in wanted if region.is_black(k)}
            away = {k for k in wanted if k not in dark and region.is_elsewhere(k)}
            changes = {k: region.change(k, dark) for k in wanted[1:]}
            still = _standing(pairs, changes, away)
            black |= dark
            frozen += still
            held = {k for k in away if any(a < pairs[k].t_s <= b for a, b in still)}
            elsewhere |= away - held
    return Compared(
        black_s=_longest_s(_runs(pairs, black)),
        frozen_s=_longest_s(frozen),
        elsewhere_s=_longest_s(_runs(pairs, elsewhere)),
    )


def _of_parts(pairs: Sequence[Pair], plan: ClipPlan) -> Iterator[tuple[Part, range]]:
    """Each part with the pairs that show it."""
    first = 0
    for part in plan.parts:
        last = first
        while last < len(pairs) and round(pairs[last].t_s * plan.edit.fps) < part.last_frame:
            last += 1
        if last > first:
            yield part, range(first, last)
        first = last


def _runs(pairs: Sequence[Pair], flagged: set[int]) -> list[LayoutInterval]:
    """Where pairs are flagged that follow each other."""
    runs: list[LayoutInterval] = []
    for k in sorted(flagged):
        start_s = runs.pop()[0] if k - 1 in flagged else pairs[k].t_s
        runs.append((start_s, pairs[k].t_s + STEP_S))
    return runs


def _standing(
    pairs: Sequence[Pair], moved: Mapping[int, bool | None], away: set[int]
) -> list[LayoutInterval]:
    """Stretches in which nothing moves as it should, and should often enough.

    `moved` says of pairs that follow each other whether the clip moved since the one before;
    None where it should not. What is `away` shows something else: it did not stop there.
    """
    found = []
    for first in (k for k in moved if moved[k] is False):
        before = {k for k in (first - 2, first - 1) if k >= min(moved) - 1}
        if before <= away:
            continue
        still, last = 0, first
        while last in moved and not moved[last]:
            if moved[last] is False:
                still += 1
                if still >= _OFTEN * (last - first + 1):
                    found.append((pairs[first - 1].t_s, pairs[last].t_s))
            last += 1
    return found


def _longest_s(stretches: Sequence[LayoutInterval]) -> float:
    """0 if none is long enough to be seen."""
    longest_s = max((end_s - start_s for start_s, end_s in stretches), default=0.0)
    return round(longest_s, 2) if longest_s > _LASTS_S - 1e-6 else 0.0


@dataclass(frozen=True)
class _Local:
    """A grid, and the means and variances around its points."""

    grid: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, grid: Floats) -> _Local:
        mean = _mean(grid)
        return cls(grid, mean, np.maximum(_mean(grid * grid) - mean * mean, 0))

    @property
    def strength(self) -> Floats:
        """Root mean square of luma."""
        return np.asarray(np.sqrt(self.mean * self.mean + self.variance), np.float32)


def _mean(grid: NDArray[Any]) -> Floats:
    return np.asarray(cv2.blur(grid, (_WINDOW, _WINDOW)), np.float32)


def _likeness(a: _Local, b: _Local) -> Floats:
    """Contrast and structure of SSIM (Wang et al. 2004): 1 for the same, 0 for strangers."""
    shared, all_of_it = _structure(a, b)
    return np.asarray(shared / all_of_it, np.float32)


def _structure(a: _Local, b: _Local) -> tuple[Floats, Floats]:
    """What two pictures have of each other, and what they have of their own and of noise."""
    both = _mean(a.grid * b.grid) - a.mean * b.mean
    own = a.variance + b.variance + _NOISE
    return np.asarray(2 * both + _NOISE, np.float32), np.asarray(own, np.float32)


class _Region:
    """One region in the pairs of a clip."""

    def __init__(
        self,
        view: View,
        pairs: Sequence[Pair],
        edit: EditList,
        canvas: Size,
        source: Size,
        drawn: Sequence[Grey],
    ) -> None:
        self.view, self.pairs, self.edit, self.canvas, self.drawn = view, pairs, edit, canvas, drawn
        self.grid = Grid.of(view, pairs[0].clip, canvas, pairs[0].source, source)
        self._ours: dict[int, _Local] = {}
        self._theirs: dict[int, _Local] = {}
        self._compared: dict[int, Flags] = {}

    def ours(self, k: int) -> _Local:
        """What the clip shows in pair k."""
        if k not in self._ours:
            self._ours[k] = _Local.of(self.grid.of_clip(self.pairs[k].clip))
        return self._ours[k]

    def theirs(self, k: int, other: int | None = None) -> _Local:
        """What the source has where it is shown in pair k: then, or in the `other` pair."""
        if other is not None and not self.view.is_steady:
            # Used once: to keep it would be a hundred megabytes in a long clip.
            return self._source_at(k, other)
        picture = k if other is None else other
        if picture not in self._theirs:
            self._theirs[picture] = self._source_at(picture, picture)
        return self._theirs[picture]

    def _source_at(self, k: int, picture: int) -> _Local:
        shown = self.pairs[picture].source
        return _Local.of(self.grid.of_source(shown, self.pairs[k].t_s, self.edit))

    def compared(self, k: int) -> Flags:
        """Of what is compared in pair k: what nothing covers, away from the edges."""
        if k not in self._compared:
            step = int(self.pairs[k].t_s / STEP_S)
            covers = self.drawn[max(0, step - 1) : step + 2]
            columns, rows = self.grid.size
            seen = np.zeros((rows, columns), bool)
            seen[_EDGE:-_EDGE, _EDGE:-_EDGE] = True
            cover = np.max(covers, axis=0) if len(covers) else None
            self._compared[k] = seen & ~self.grid.hidden(cover, self.canvas)
        return self._compared[k]

    def is_black(self, k: int) -> bool:
        """Whether nothing is to be seen of what there is in the source."""
        there, shown = self.theirs(k).strength, self.ours(k).strength
        something = self.compared(k) & (there > _SIGNAL)
        gone = shown < _GONE * there
        return bool(something.mean() > _LEAST_SEEN and gone[something].mean() > _MOSTLY)

    def change(self, k: int, left_out: set[int]) -> bool | None:
        """Whether the clip moved where the source did since the pair before; None: it did not."""
        if {k - 1, k} & left_out:
            return None
        both = self.compared(k) & self.compared(k - 1)
        there = _mean(cv2.absdiff(self.theirs(k).grid, self.theirs(k - 1).grid))
        shown = _mean(cv2.absdiff(self.ours(k).grid, self.ours(k - 1).grid))
        moves = both & (there > _MOVES)
        if moves.mean() < _LEAST_MOVED:
            return None
        still = (shown < _STILL * there)[moves].mean() > _MOSTLY
        # What moves in other places than it should does not stand still.
        return not (still and (both & (shown > _MOVES)).mean() < _STILL * moves.mean())

    def is_elsewhere(self, k: int) -> bool:
        """Whether something else is shown, or what the source has at another moment."""
        ours, theirs, compared = self.ours(k), self.theirs(k), self.compared(k)
        if compared.mean() < _LEAST_SEEN:
            return False
        # Letters and edges tell more than a plain wall: each point weighs what it has.
        shared, all_of_it = _structure(ours, theirs)
        if shared[compared].sum() < _UNLIKE * all_of_it[compared].sum():
            return True
        likeness = shared / all_of_it
        moves = np.zeros_like(compared)
        for moment in self._around(k, _FEW_MOMENTS):
            moves |= _mean(cv2.absdiff(self.theirs(k, moment).grid, theirs.grid)) > _MOVES
        moves &= compared
        own = float(likeness[moves].mean()) if moves.mean() > _LEAST_MOVED else 1.0
        if own > _ALIKE:
            return False
        others = (self.theirs(k, moment) for moment in self._around(k, _MOMENTS))
        return max(float(_likeness(ours, o)[moves].mean()) for o in others) > own + _BETTER

    def _around(self, k: int, moments: Sequence[int]) -> list[int]:
        """Pairs so far before and after that there are."""
        return [k + d for m in moments for d in (-m, m) if 0 <= k + d < len(self.pairs)]
