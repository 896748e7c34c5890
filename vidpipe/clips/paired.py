"""Pictures of a finished clip, each with what its source shows at that moment."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.model import ClipPlan
from vidpipe.media.frames import Frame, FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.timeline import EditList

#: There is a pair for every so many seconds, read at these widths.
STEP_S = 0.5
_CLIP_WIDTH, _SOURCE_WIDTH = 180, 320
#: A source with fewer pictures a second is read whole: what is left out would be seconds apart.
_SLOW_FPS = 12.0
#: Of a step no more pictures are kept than these: a fresh one costs more than one used again.
_ENOUGH = 4

Grey = NDArray[np.uint8]
_Timed = tuple[float, Frame]


@dataclass(frozen=True)
class Pair:
    """The luma of a clip and of its source; `t_s` is on the clip's timeline without its films."""

    t_s: float
    clip: Grey
    source: Grey


def paired(
    clip: Path, source: Path, info: MediaInfo, plan: ClipPlan, *, roughly: bool = False
) -> Iterator[Pair]:
    """One pair for every step, in order: the two pictures that lie nearest in time.

    Where nothing new comes in a step, of the source or of a clip whose pictures end too early,
    what was shown before is still there.
    `roughly` decodes only pictures that others are decoded from: half the work, and the
    clip's picture is up to a few frames the later one.
    """
    assert info.video is not None
    edit, lead_s = plan.edit, plan.lead_s
    leave_out = roughly and info.video.fps >= _SLOW_FPS
    with (
        FrameReader(clip, probe(clip), max_width=_CLIP_WIDTH, draft=True) as made,
        FrameReader(source, info, max_width=_SOURCE_WIDTH, draft=True) as recorded,
    ):
        ours = (
            (frame.t_s - lead_s, frame)
            for frame in made.every(0.0, lead_s, lead_s + edit.duration_s, roughly=roughly)
        )
        theirs = (
            (edit.to_clip(frame.t_s), frame)
            for kept in edit.intervals
            for frame in recorded.every(0.0, kept.start_s, kept.end_s, roughly=leave_out)
        )
        held: list[_Timed] = []
        stood: list[_Timed] = []
        for step, (new, there) in enumerate(_steps(ours, theirs, edit.duration_s)):
            shown = new or [(step * STEP_S, frame) for _, frame in stood]
            pair = _nearest(shown, there, edit) or _nearest(shown, held, edit)
            if pair is not None:
                t_s, clip_frame, source_frame = pair
                yield Pair(t_s, clip_frame.grey, source_frame.grey)
            held, stood = there[-1:] or held, shown[-1:]


def _nearest(
    ours: Sequence[_Timed], theirs: Sequence[_Timed], edit: EditList
) -> tuple[float, Frame, Frame] | None:
    """Of the clip's pictures and of the source's the two that lie nearest, the source's first."""
    half_frame_s = float(0.5 / edit.fps)
    frames = itertools.accumulate(s.frames for s in edit.spans)
    cuts_s = [float(n / edit.fps) - half_frame_s for n in frames]
    found = [
        (t_s - since_s, t_s, a, b)
        for since_s, b in theirs
        for t_s, a in ours
        if since_s < t_s + half_frame_s and not any(since_s < c <= t_s for c in cuts_s)
    ]
    return min(found, key=lambda pair: pair[0])[1:] if found else None


def _steps(
    ours: Iterable[_Timed], theirs: Iterable[_Timed], until_s: float
) -> Iterator[tuple[list[_Timed], list[_Timed]]]:
    """What both have in each step; both are read side by side, and no more is kept of them."""
    sides = (iter(ours), iter(theirs))
    waiting = [next(side, None) for side in sides]
    for step in range(int(until_s / STEP_S) + 1):
        found: tuple[list[_Timed], list[_Timed]] = ([], [])
        for n, side in enumerate(sides):
            item = waiting[n]
            while item is not None and item[0] < (step + 1) * STEP_S:
                if len(found[n]) < _ENOUGH:
                    found[n].append(item)
                item = next(side, None)
            waiting[n] = item
        yield found
