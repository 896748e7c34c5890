"""Pictures around changes, kept while a short recording is decoded, so that none is decoded twice.

When a change was is looked for picture by picture, between two looks. Which pictures those will
be is guessed before anything is decoded: a packet far larger than those before it holds a change,
and so does a keyframe that an encoder set before its turn. What was guessed wrong costs a moment;
what was not guessed is decoded when it is asked for.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vidpipe.layout.frame_store import Grey, PictureFile
from vidpipe.media.frames import ON_TIME_S, Frame, Packets, Ticks
from vidpipe.timeline import Interval, span, union

#: A packet holds a change if it has so many bytes and is so large a part of a keyframe, and so
#: many times as large as the last tenth of those of so long before it; or as half a keyframe and
#: so many times as the median of all. That guesses seven tenths of what was asked for of 69
#: recordings, by the time that it took, and 13 % of their length.
_LEAST_BYTES, _OF_A_KEYFRAME, _TIMES, _LARGER, _BEFORE_S = 500, 0.05, 4.0, 0.9, 2.0
_HALF, _TIMES_USUAL = 0.5, 8.0
#: A keyframe so early after the last one, next to the longest time between two, was not due.
_EARLY = 0.95
#: A look comes up to so late after its step.
_LATE_S = 0.15
#: Where more of a recording seems to change it is a film: nothing is kept.
_MOST = 0.75
#: No more is kept: of 640x360 some 1,700 pictures.
_MOST_BYTES = 384 << 20


class AroundChanges:
    """Grey pictures of some spans, in a file of which memory holds what is read.

    Attributes:
        spans: where every picture is wanted, disjoint and in order.
    """

    def __init__(self, spans: list[Interval], scratch: Path | None) -> None:
        self.spans = spans
        self._file = PictureFile(scratch)
        self._times_s: list[float] = []
        self._until_s = math.inf
        self._bytes = 0

    def wants(self, frame: Frame) -> bool:
        """Whether a picture is to be kept; they come in order of time, some of them again."""
        if self._times_s and frame.t_s <= self._times_s[-1]:
            return False
        if self._bytes >= _MOST_BYTES:
            self._until_s = min(self._until_s, frame.t_s)
            return False
        self._times_s.append(frame.t_s)
        self._bytes += frame.size.width * frame.size.height
        return True

    def keep(self, frame: Frame) -> None:
        """Keep a picture that was wanted, in their order."""
        self._file.add(frame.grey)

    def every(
        self, step_s: float, start_s: float, end_s: float
    ) -> Iterator[tuple[float, Grey]] | None:
        """What `FrameReader.every` gives there; None where not all of that was kept."""
        if not any(s.start_s <= start_s and end_s <= s.end_s for s in self.spans):
            return None
        if end_s > self._until_s:
            return None
        return self._shown(Ticks(step_s, start_s, end_s))

    def _shown(self, ticks: Ticks) -> Iterator[tuple[float, Grey]]:
        rows: list[int] = []
        tick_s = ticks.start_s
        first = bisect.bisect_left(self._times_s, ticks.start_s - ON_TIME_S)
        for row, t_s in enumerate(self._times_s[first:], first):
            if ticks.is_over(t_s):
                break
            if ticks.is_due(tick_s, t_s):
                rows.append(row)
                tick_s = ticks.after(tick_s, t_s)
        return zip([self._times_s[row] for row in rows], self._file.pictures(rows), strict=True)


def guessed(packets: Packets, step_s: float) -> list[Interval]:
    """Spans around what its packets say are changes, of looks `step_s` apart.

    The last one is open where the recording ends in it. None where there is too much of them.
    """
    found = []
    for t_s in _changes(packets):
        step = math.floor(t_s / step_s)
        # A change soon after a step may come before the look that is due there.
        first = step if t_s >= step * step_s + _LATE_S else step - 1
        found.append(span(first * step_s, (step + 1) * step_s + _LATE_S))
    spans = union(found)
    last_s = float(packets.times_s.max(initial=0.0))
    if sum(s.duration_s for s in spans) > _MOST * last_s:
        return []
    if spans and spans[-1].end_s > last_s:
        spans[-1] = span(spans[-1].start_s, math.inf)
    return spans


def _changes(packets: Packets) -> list[float]:
    """Times of the pictures with which something seems to change, in order."""
    keys_s = packets.times_s[packets.keys]
    due_s = _EARLY * float(np.diff(keys_s).max(initial=0.0))
    found: list[float] = keys_s[1:][np.diff(keys_s) < due_s].tolist()
    key = float(np.median(packets.sizes[packets.keys])) if len(keys_s) else 0.0
    times_s, sizes = packets.times_s[~packets.keys], packets.sizes[~packets.keys]
    usual = float(np.median(sizes)) if len(sizes) else 0.0
    plainly = max(_HALF * key, _TIMES_USUAL * usual)
    since = np.searchsorted(times_s, times_s - _BEFORE_S)
    for k in np.flatnonzero(sizes >= max(_LEAST_BYTES, _OF_A_KEYFRAME * key)).tolist():
        before = sizes[since[k] : k]
        upper = int(_LARGER * len(before))
        if sizes[k] >= plainly or (
            len(before) and sizes[k] >= _TIMES * np.partition(before, upper)[upper]
        ):
            found.append(float(times_s[k]))
    return sorted(found)
