"""What each stretch of a recording shows: a page, a camera, both, and where they are.

Looks are taken together in states between events (`states`), cameras are found in them
(`cameras`), and neighbours that show the same make one stretch. A picture that is alive all
over is a camera; one that is still, or of one tone, is a page.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidpipe.geometry import Rect, bounding
from vidpipe.layout.cameras import CameraFinder
from vidpipe.layout.face_samples import FaceLooks
from vidpipe.layout.frame_store import Grey
from vidpipe.layout.insets import Inset, drawn, shown
from vidpipe.layout.intervals import merged
from vidpipe.layout.model import LayoutInterval, LayoutKind, LayoutOptions, Region, RegionRole
from vidpipe.layout.pages import content_rect, one_tone, page_rect, tone_of
from vidpipe.layout.projection import ProjectedPage, filmed_page
from vidpipe.layout.sampling import FrameSamples, refine
from vidpipe.layout.shots import Boundary
from vidpipe.layout.states import events, find_states
from vidpipe.media.frames import FrameReader

#: Cameras that fill so much of the picture leave no page.
_FULL = 0.85
#: A picture of which so much is alive is a camera's: 0.44 to 0.95 of cameras, at most 0.22 of
#: screens (applications, films in slides). If it has no tone of its own less will do: paper
#: and desktops take 0.48 to 0.97 of a screen, walls and skies at most 0.3 of a room. The more
#: of it is of one tone, the more must live.
_ALIVE, _FAINTLY, _TONE, _PER_TONE = 0.3, 0.06, 0.35, 2.0
#: Of somebody who sits still so much lives, and the wall behind takes no more of the picture.
_LITTLE, _WALL = 0.002, 0.45
#: More of one tone than this is paper, however large the film on it.
_FILMED = 0.5
#: A page takes at least so much of the picture beside its cameras.
_PAGE = 0.2
#: A camera that fills the picture for less than this between two pages is a film.
_GLIMPSE_S = 5.0
#: Life beside the insets, as a share of the picture, that makes all of it a camera's.
_BESIDE = 0.25
#: A page on a wall is alive in no more of it, and the room around it in no one tone.
_PAGE_ALIVE, _ROOM_TONE = 0.3, 0.6
#: A shot with fewer looks is too short for somebody to explain a page on a wall.
_LEAST_LOOKS = 4
#: A border that fits so well is a frame, not a head before a shelf.
_FRAMED = 0.75
#: A switch is looked for among so many looks on both sides; where so much changes it is one.
_SWITCH_LOOKS, _PLAINLY = 24, 0.35


@dataclass(frozen=True)
class _Seen:
    """What one state is: its kind, the insets that are cameras in it, a page on a wall."""

    kind: LayoutKind
    cameras: tuple[int, ...] = ()
    page: ProjectedPage | None = None


class Arrangements:
    """Works on grey looks; every position here is in analysis pixels."""

    def __init__(
        self,
        reader: FrameReader,
        samples: FrameSamples,
        borders: Sequence[Boundary],
        duration_s: float,
        people: FaceLooks,
        options: LayoutOptions,
    ) -> None:
        self.reader = reader
        self.all = samples
        self.samples = samples.spread()
        self.borders = borders
        self.duration_s = duration_s
        self.people = people
        self.options = options
        self.refinements = 0
        times = self.samples.times_s
        self.cuts = sorted(
            {
                int(np.clip(np.searchsorted(times, b.t_s - 1e-6) - 1, 0, len(times) - 2))
                for b in borders
            }
            if len(times) > 1
            else set()
        )
        self.amounts = events(self.samples)
        self.states = find_states(self.samples, self.amounts, self.cuts)
        self.finder = CameraFinder(self.samples, self.states, duration_s, people)
        self.cameras = self.finder.cameras

    def stretches(self) -> list[LayoutInterval]:
        """All of the recording, in order."""
        rooms = self._rooms()
        judged = [self._judge(n, rooms.get(n)) for n in range(len(self.states))]
        seen = self._without_films(self._with_the_short(judged))
        groups: list[list[int]] = []
        for n, what in enumerate(seen):
            if groups and what == seen[groups[-1][0]]:
                groups[-1].append(n)
            else:
                groups.append([n])
        begins = [
            0.0,
            *(
                self._begins_s(self._switch(b[0], seen[a[0]], seen[b[0]]))
                for a, b in itertools.pairwise(groups)
            ),
            self.duration_s,
        ]
        # A recording with hundreds of cuts gets fewer looks at each, not a slower run.
        most = self.options.max_face_samples // len(groups)
        self.people.looks = max(1, min(self.options.face_frames, most))
        found = [
            self._stretch(start_s, end_s, group, seen[group[0]])
            for group, (start_s, end_s) in zip(groups, itertools.pairwise(begins), strict=True)
            if end_s - start_s > 1e-3
        ]
        return merged(_whole(found, self.duration_s))

    # What a state is

    def _judge(self, n: int, room: ProjectedPage | None) -> _Seen | None:
        """What a state shows; None where it is too short to say."""
        alive = self.finder.alive(n)
        state = self.states[n]
        if room is not None:
            return _Seen(LayoutKind.SCREEN_AND_CAMERA, page=room)
        if alive is None:
            return None
        content = content_rect(self.finder.some(state.looks, 12))
        cameras = tuple(k for k, i in enumerate(self.cameras) if n in i.states)
        inside = alive[content.y : content.bottom, content.x : content.right]
        share = float(inside.mean())
        middle = self.samples.grey[(state.first + state.last) // 2]
        tone = one_tone(middle, content)
        if cameras:
            rects = [self.cameras[k].rect for k in cameras]
            if sum(r.area for r in rects) >= _FULL * content.area or not _room_for_a_page(
                content, rects
            ):
                return _Seen(LayoutKind.CAMERA, cameras if len(cameras) > 1 else ())
            rest = alive.copy()
            for r in rects:
                rest[max(0, r.y - 4) : r.bottom + 4, max(0, r.x - 4) : r.right + 4] = False
            beside = float(rest[content.y : content.bottom, content.x : content.right].mean())
            if beside < _BESIDE or tone > _FILMED:
                return _Seen(LayoutKind.SCREEN_AND_CAMERA, cameras)
        least = _FAINTLY if tone <= _TONE else _ALIVE + _PER_TONE * (tone - _TONE)
        if share >= least:
            return _Seen(LayoutKind.CAMERA)
        if tone <= _WALL and share >= _LITTLE and self._sits_still(n, content):
            return _Seen(LayoutKind.CAMERA)
        return _Seen(LayoutKind.SCREEN)

    def _sits_still(self, n: int, content: Rect) -> bool:
        """Whether what little lives in a state is somebody's face."""
        start_s, end_s = self.finder.times(self.states[n])
        count, moving = self.people.at(start_s, end_s, content)
        return bool(count and moving)

    def _with_the_short(self, seen: Sequence[_Seen | None]) -> list[_Seen]:
        """States too short to judge follow the neighbour from which less tells them."""
        out = list(seen)
        if all(s is None for s in out):
            return [self._still(n) for n in range(len(out))]
        cuts = {k + 1 for k in self.cuts}
        while any(s is None for s in out):
            best: tuple[float, int, _Seen] | None = None
            for n, what in enumerate(out):
                if what is not None:
                    continue
                for near, border in ((n - 1, n), (n + 1, n + 1)):
                    other = out[near] if 0 <= near < len(out) else None
                    if other is None:
                        continue
                    amount = self.states[border].amount + (self.states[border].first in cuts)
                    if best is None or amount < best[0]:
                        best = amount, n, other
            assert best is not None
            _, n, what = best
            out[n] = what if self._drawn(n, what) else self._still(n)
        return [s for s in out if s is not None]

    def _drawn(self, n: int, seen: _Seen) -> bool:
        """Whether the borders of some cameras show in a state too short to see them live."""
        looks = self.finder.some(self.states[n].looks, 3)
        return all(shown(self.cameras[k], looks, self.cameras[k].life) for k in seen.cameras)

    def _without_films(self, seen: list[_Seen]) -> list[_Seen]:
        """A picture that lives all over for a moment between two pages is a film, no camera."""
        out = list(seen)
        for _, run in itertools.groupby(range(len(seen)), key=lambda n: seen[n]):
            states = list(run)
            first, last = states[0], states[-1]
            start_s = self.finder.times(self.states[first])[0]
            end_s = self.finder.times(self.states[last])[1]
            if seen[first] != _Seen(LayoutKind.CAMERA) or end_s - start_s >= _GLIMPSE_S:
                continue
            near = [seen[n].kind for n in (first - 1, last + 1) if 0 <= n < len(seen)]
            if len(near) == 2 and LayoutKind.CAMERA not in near:
                for n in states:
                    out[n] = _Seen(LayoutKind.SCREEN)
        return out

    def _still(self, n: int) -> _Seen:
        """A recording of a few looks: by its tone alone."""
        state = self.states[n]
        content = content_rect(self.finder.some(state.looks, 12))
        tone = one_tone(self.samples.grey[state.first], content)
        start_s, end_s = self.finder.times(state)
        count, _ = self.people.at(start_s, end_s, content)
        return _Seen(LayoutKind.CAMERA if tone <= _TONE and count else LayoutKind.SCREEN)

    # Rooms with a page on the wall

    def _rooms(self) -> dict[int, ProjectedPage]:
        """The page on the wall of each shot of a filmed room, by state."""
        rooms: dict[int, ProjectedPage] = {}
        starts = [0, *(k + 1 for k in self.cuts), len(self.samples)]
        for first, last in itertools.pairwise(starts):
            if last - first < _LEAST_LOOKS:
                continue
            page = filmed_page(self.samples.grey[first:last])
            if page is None:
                continue
            inner = [n for n, s in enumerate(self.states) if first <= s.first < last]
            if any(n in i.states and _stands_beside(i, page) for i in self.cameras for n in inner):
                continue
            if self._is_room(page, inner):
                rooms |= dict.fromkeys(inner, page)
        return rooms

    def _is_room(self, page: ProjectedPage, inner: Sequence[int]) -> bool:
        """Whether a bright page hangs in a room: it is still, and around it is no plain tone."""
        life = [self.finder.life(n, page.rect) for n in inner if self.finder.alive(n) is not None]
        if life and float(np.median(life)) > _PAGE_ALIVE:
            return False
        state = max((self.states[n] for n in inner), key=lambda s: s.last - s.first)
        around = self.samples.grey[(state.first + state.last) // 2]
        outside = np.ones(around.shape, bool)
        rect = page.rect
        outside[max(0, rect.y - 3) : rect.bottom + 3, max(0, rect.x - 3) : rect.right + 3] = False
        return tone_of(around[outside]) <= _ROOM_TONE

    # Stretches

    def _switch(self, n: int, before: _Seen, after: _Seen) -> int:
        """Between which looks, `(k, k + 1)`, one arrangement becomes another near state `n`.

        States were taken together across small events, and the switch may be one of these:
        it is where a camera's border goes or comes, else where most changes.
        """
        first, last = self.states[n - 1].first, self.states[n].last
        middle = self.states[n].first - 1
        first, last = max(first, middle - _SWITCH_LOOKS), min(last, middle + 1 + _SWITCH_LOOKS)
        pairs = np.arange(first, last - 1)
        amounts = self.amounts[pairs]
        gone = set(before.cameras) - set(after.cameras)
        come = set(after.cameras) - set(before.cameras)
        if len(pairs) < 2 or amounts.max() >= _PLAINLY or not gone | come:
            return int(pairs[amounts.argmax()]) if len(pairs) else middle
        shares = np.zeros(last - first)
        for k in gone | come:
            sign = 1.0 if k in gone else -1.0
            shares += sign * np.array(
                [drawn(self.cameras[k], self.samples.grey[look]) for look in range(first, last)]
            )
        sums = np.concatenate(([0.0], np.cumsum(shares)))
        split = np.arange(1, len(shares))
        apart_by = sums[split] / split - (sums[-1] - sums[split]) / (len(shares) - split)
        return first + int(split[apart_by.argmax()]) - 1

    def _begins_s(self, pair: int) -> float:
        """When an arrangement begins that was first seen in the second look of a pair."""
        before_s, after_s = (float(t) for t in self.samples.times_s[pair : pair + 2])
        near = [b.t_s for b in self.borders if before_s - 1e-3 < b.t_s <= after_s + 1e-3]
        if near:
            return near[0]
        if self.refinements >= self.options.max_refinements:
            return after_s
        self.refinements += 1

        def changed(a: Grey, b: Grey) -> float:
            return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())

        return refine(self.reader, self.samples, before_s, after_s, changed)[0]

    def _stretch(
        self, start_s: float, end_s: float, group: Sequence[int], seen: _Seen
    ) -> LayoutInterval:
        looks = np.concatenate([self.states[n].looks for n in group])
        # The looks next to a switch may show it on its way.
        stack = self.finder.some(looks[1:-1] if len(looks) > 4 else looks)
        insets = [self.cameras[k] for k in seen.cameras]
        content = content_rect(stack, [i.rect for i in insets])
        if seen.page is not None:
            return self._room(start_s, end_s, content, seen.page)
        if insets:
            cameras = tuple(self._camera(start_s, end_s, i) for i in insets)
            sure = max(c.confidence for c in cameras)
            screen: tuple[Region, ...] = ()
            if seen.kind is LayoutKind.SCREEN_AND_CAMERA:
                page = page_rect(stack, content, [i.rect for i in insets])
                screen = (Region(role=RegionRole.SCREEN, rect=page, confidence=sure),)
            regions = (*screen, *cameras)
        else:
            count, _ = self.people.at(start_s, end_s, content)
            role = RegionRole.CAMERA if seen.kind is LayoutKind.CAMERA else RegionRole.SCREEN
            tone = one_tone(stack[len(stack) // 2], content)
            sure = 0.95 if role is RegionRole.CAMERA and count else round(0.6 + 0.35 * tone, 2)
            regions = (Region(role=role, rect=content, confidence=sure, faces=count),)
        return LayoutInterval(
            start_s=start_s, end_s=end_s, kind=seen.kind, regions=regions, confidence=sure
        )

    def _camera(self, start_s: float, end_s: float, inset: Inset) -> Region:
        count, _ = self.people.at(start_s, end_s, inset.rect)
        sure = 0.95 if count else min(0.9, 0.4 + 0.5 * inset.border)
        return Region(
            role=RegionRole.CAMERA,
            rect=inset.rect,
            confidence=round(sure, 2),
            faces=count,
            circle=inset.circle,
        )

    def _room(
        self, start_s: float, end_s: float, content: Rect, page: ProjectedPage
    ) -> LayoutInterval:
        """A filmed room: the page on its wall, and all of it as the camera's picture."""
        count, _ = self.people.at(start_s, end_s, content)
        sure = 0.9 if count else 0.7
        return LayoutInterval(
            start_s=start_s,
            end_s=end_s,
            kind=LayoutKind.SCREEN_AND_CAMERA,
            regions=(
                Region(
                    role=RegionRole.SCREEN, rect=page.rect, confidence=sure, corners=page.corners
                ),
                Region(role=RegionRole.CAMERA, rect=content, confidence=sure, faces=count),
            ),
            confidence=sure,
        )


def _whole(found: list[LayoutInterval], duration_s: float) -> list[LayoutInterval]:
    """Stretches that follow each other without a gap from the start to the end."""
    out: list[LayoutInterval] = []
    for item in found:
        start_s = out[-1].end_s if out else 0.0
        out.append(item.model_copy(update={"start_s": start_s}))
    out[-1] = out[-1].model_copy(update={"end_s": duration_s})
    return out


def _room_for_a_page(content: Rect, cameras: Sequence[Rect]) -> bool:
    """Whether there is a part of the picture beside all cameras, or around them, for a page."""
    around = bounding(cameras)
    strips = (
        (around.x - content.x) * content.height,
        (content.right - around.right) * content.height,
        (around.y - content.y) * content.width,
        (content.bottom - around.bottom) * content.width,
    )
    return max(strips) >= _PAGE * content.area


def _stands_beside(inset: Inset, page: ProjectedPage) -> bool:
    """Whether a picture with a clear frame of its own lies beside a bright page: no room."""
    if inset.circle or inset.border < _FRAMED:
        return False
    both = inset.rect.intersect(page.rect)
    return both is None or both.area < 0.5 * inset.rect.area
