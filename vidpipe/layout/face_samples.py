"""Faces in a few frames of a stretch, to tell cameras from pictures of people."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.frame_store import Grey
from vidpipe.layout.model import LayoutOptions
from vidpipe.layout.sampling import FrameSamples, difference
from vidpipe.media.faces import FaceDetector, median_count
from vidpipe.media.frames import FrameReader, Image, Ticks
from vidpipe.timeline import Interval, span

#: Frames that lie so near to each other show what moves, in seconds.
_SOON_S = 0.9
#: A face takes so much of the height of what is a camera.
_LEAST_FACE = 0.12
#: And of one that moves so much changes.
_MOVED = 0.02
#: So many pairs of samples say enough of a short stretch: more than half of the usual number.
_FEW = 3
#: Moments whose pictures are kept: the same ones are asked for other rectangles.
_KEPT = 32
#: Pictures that are looked at at once; a detector uses one processor.
_AT_ONCE = 2


@dataclass(frozen=True)
class _Seen:
    """Faces in one picture, and how much of the surest one moved; None where that is not known."""

    count: int
    moved: float | None


class FaceLooks:
    """Looks at a few frames of stretches; the same question is looked at once.

    At the samples of a short video, whose colours are kept; of a long one frames are decoded.
    """

    def __init__(
        self,
        reader: FrameReader,
        samples: FrameSamples,
        faces: FaceDetector,
        options: LayoutOptions,
    ) -> None:
        self.reader = reader
        self.samples = samples
        self.faces = faces
        self.looks = options.face_frames
        self.seen: dict[tuple[float, float, Rect], tuple[int, bool]] = {}
        self._near: dict[Interval, list[Image]] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="faces")

    def close(self) -> None:
        self._threads.shutdown()

    def at(self, start_s: float, end_s: float, rect: Rect) -> tuple[int, bool]:
        """Median number of faces in a few frames, and whether the first of them moves."""
        asked = start_s, end_s, rect
        if asked not in self.seen:
            self.seen[asked] = self._look(start_s, end_s, rect)
        return self.seen[asked]

    def _moments(self, start_s: float, end_s: float) -> list[float]:
        """When to look: at keyframes where there are enough, they cost nothing to reach."""
        keys = [t for t in self.reader.keyframe_times if start_s <= t < end_s - _SOON_S]
        if len(keys) >= self.looks:
            return [
                keys[round((k + 0.5) * len(keys) / self.looks - 0.5)] for k in range(self.looks)
            ]
        length = end_s - start_s
        return [start_s + length * (k + 0.5) / self.looks for k in range(self.looks)]

    def _sampled(self, start_s: float, end_s: float) -> list[list[Image]]:
        """Samples spread over a stretch, each with the next one; none where there are few."""
        colour, times_s = self.samples.colour, self.samples.times_s
        if colour is None:
            return []
        within = np.flatnonzero((times_s >= start_s) & (times_s < end_s))
        first = within[:-1][np.diff(times_s[within]) <= _SOON_S]
        looks = min(self.looks, len(first))
        if looks < min(self.looks, _FEW):
            return []
        spread = (np.arange(looks) + 0.5) * len(first) / looks
        chosen = first[spread.astype(int)]
        return [[colour[k], colour[k + 1]] for k in chosen.tolist()]

    def _decoded(self, start_s: float, end_s: float) -> Iterator[list[Image]]:
        """Frames of a stretch, each with one soon after it."""
        together: list[list[Interval]] = []
        for t_s in self._moments(start_s, end_s):
            until_s = min(end_s, t_s + _SOON_S)
            if until_s <= t_s:
                continue
            asked = span(t_s, until_s)
            # In a short stretch one look begins where another is not over yet.
            if together and asked.start_s - together[-1][-1].end_s < _SOON_S:
                together[-1].append(asked)
            else:
                together.append([asked])
        for moments in together:
            yield from self._seen_at(moments)

    def _seen_at(self, moments: Sequence[Interval]) -> list[list[Image]]:
        """Frames of moments that are near to each other, of one decode."""
        new = [m for m in moments if m not in self._near]
        for moment in new:
            if len(self._near) >= _KEPT:
                del self._near[next(iter(self._near))]
            self._near[moment] = []
        found = {moment: self._near[moment] for moment in moments}
        ticks = [Ticks(0.6, m.start_s, m.end_s) for m in new]
        for k, frame in self.reader.together(ticks, roughly=True):
            found[new[k]].append(frame.image)
        return list(found.values())

    def _look(self, start_s: float, end_s: float, rect: Rect) -> tuple[int, bool]:
        sampled = self._sampled(start_s, end_s)
        looks = filter(None, sampled or self._decoded(start_s, end_s))
        # More than half of them decide where they agree: the others are not looked at then.
        enough = (len(sampled) or self.looks) // 2 + 1

        def seen_in(some: Iterable[list[Image]]) -> list[_Seen]:
            return list(self._threads.map(lambda near: self._faces(near, rect), some))

        seen = seen_in(itertools.islice(looks, enough))
        if not _agree(seen):
            seen += seen_in(looks)
        moved = [s.moved for s in seen if s.moved is not None]
        count = median_count([s.count for s in seen])
        return count, bool(moved) and float(np.median(moved)) > _MOVED

    def _faces(self, near: list[Image], rect: Rect) -> _Seen:
        """What one look shows, and whether the surest face has moved until the last picture."""
        pair = [near[0], near[-1]] if len(near) > 1 else near
        crop = [p[rect.y : rect.bottom, rect.x : rect.right] for p in pair]
        found = [
            f
            for f in self.faces.detect(np.ascontiguousarray(crop[0]))
            if f.rect.height >= _LEAST_FACE * rect.height
        ]
        if not found or len(crop) < 2:
            return _Seen(len(found), None)
        box = found[0].rect.clamp(Rect(x=0, y=0, width=rect.width, height=rect.height))
        a, b = (_grey_of(c)[box.y : box.bottom, box.x : box.right] for c in crop)
        return _Seen(len(found), float((difference(a, b) > 3).mean()))


def _agree(seen: Sequence[_Seen]) -> bool:
    """Whether looks, more than half of all, say the same, so that no other changes the median."""
    if len({s.count for s in seen}) > 1:
        return False
    # Without a face nothing has moved.
    return all(s.count == 0 for s in seen) or (
        all(s.moved is not None for s in seen)
        and len({s.moved > _MOVED for s in seen if s.moved is not None}) == 1
    )


def _grey_of(image: NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), np.uint8)
