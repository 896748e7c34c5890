"""The layout of a video over time: shots, then what each of them shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding, iou
from vidpipe.layout.insets import Inset, activity, find_insets, presence, shown_in
from vidpipe.layout.looks import FaceLooks
from vidpipe.layout.model import (
    Layout,
    LayoutKind,
    LayoutOptions,
    Region,
    Role,
    Shot,
    Slide,
    Stretch,
    Transition,
)
from vidpipe.layout.pictures import Grey
from vidpipe.layout.regions import content_rect, flatness, screen_beside, sides
from vidpipe.layout.rooms import Page, filmed_page, panes
from vidpipe.layout.sampling import MOVED, Samples, difference, refine, sample
from vidpipe.layout.shots import Border, find_borders
from vidpipe.layout.slides import Change, find_slides, judge
from vidpipe.layout.stretches import merged, overridden
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo

#: A border that shows this well says that the inset is there.
_PRESENT = 0.42
#: Share of an inset that moves from one look to the next, at least, as a median.
_LIVELY = 0.004
_MOST_INSETS = 8
#: A border that shows so well is a frame, not a head before a shelf.
_FRAMED = 0.75
#: A shot with fewer looks is too short for somebody to explain a page on a wall.
_LEAST_LOOKS = 4


def detect_layout(
    path: Path,
    info: MediaInfo,
    faces: FaceDetector,
    options: LayoutOptions,
    *,
    given: Sequence[Stretch] = (),
    on_progress: Callable[[float], None] | None = None,
    scratch: Path | None = None,
) -> Layout:
    """Find regions and slides of one recording.

    Args:
        path: the video on this machine.
        info: its probe.
        faces: used on a few frames per stretch, to tell cameras from pictures.
        options: of the stage.
        given: stretches known by hand, in displayed pixels, disjoint and in order.
        on_progress: called with 0 to 1.
        scratch: where what is looked at is kept meanwhile, some 0.2 MB a look and 1,000
            looks an hour; the system's folder for such files by default.
    """
    with FrameReader(path, info, max_width=options.analysis_width, draft=True) as reader:
        samples = sample(
            reader, options, lambda f: on_progress(0.7 * f) if on_progress else None, scratch
        )
        if len(samples) == 0:
            whole = Rect(x=0, y=0, width=reader.video.width, height=reader.video.height)
            only = Stretch(
                start_s=0.0,
                end_s=max(info.duration_s, 0.04),
                kind=LayoutKind.OTHER,
                regions=(Region(role=Role.SCREEN, rect=whole, confidence=0.0),),
                confidence=0.0,
            )
            return _layout(reader, info, [only], [], [])
        finder = _Finder(reader, samples, info, faces, options)
        fixed = [_rescaled(item, reader.scale) for item in given]
        known_s = sum(item.duration_s for item in fixed)
        stretches = [] if known_s >= 0.999 * finder.duration_s else finder.stretches()
        stretches = overridden(stretches, fixed)
        if on_progress is not None:
            on_progress(0.85)
        slides = find_slides(reader, samples, stretches, options)
        if on_progress is not None:
            on_progress(1.0)
        return _layout(reader, info, stretches, finder.borders, slides)


def _rescaled(item: Stretch, scale: float) -> Stretch:
    """With its regions in pixels `scale` as large."""
    regions = tuple(
        r.model_copy(
            update={
                "rect": r.rect.scaled(scale),
                "corners": tuple((round(x * scale), round(y * scale)) for x, y in r.corners),
            }
        )
        for r in item.regions
    )
    return item.model_copy(update={"regions": regions})


def _layout(
    reader: FrameReader,
    info: MediaInfo,
    stretches: list[Stretch],
    borders: list[Border],
    slides: list[Slide],
) -> Layout:
    """From analysis pixels to displayed pixels."""
    frame = reader.video.size.rect
    up = 1.0 / reader.scale
    out = []
    for item in stretches:
        large = _rescaled(item, up)
        regions = tuple(r.model_copy(update={"rect": r.rect.clamp(frame)}) for r in large.regions)
        out.append(large.model_copy(update={"regions": regions}))
    duration_s = max(info.duration_s, 0.04)
    begins = [(0.0, Transition.START), *((round(b.t_s, 3), b.transition) for b in borders)]
    begins = [b for b in begins if b[0] < duration_s]
    ends = [start_s for start_s, _ in begins[1:]] + [duration_s]
    return Layout(
        width=frame.width,
        height=frame.height,
        duration_s=duration_s,
        stretches=tuple(out),
        shots=tuple(
            Shot(start_s=start_s, end_s=end_s, begins=how)
            for (start_s, how), end_s in zip(begins, ends, strict=True)
            if end_s > start_s
        ),
        slides=tuple(slides),
    )


class _Finder:
    """Works on grey samples; every position here is in analysis pixels."""

    def __init__(
        self,
        reader: FrameReader,
        samples: Samples,
        info: MediaInfo,
        faces: FaceDetector,
        options: LayoutOptions,
    ) -> None:
        self.reader = reader
        self.samples = samples
        self.borders = find_borders(reader, samples, options)
        self.spread = samples.spread()
        self.duration_s = max(info.duration_s, 0.04)
        self.people = FaceLooks(reader, faces, options)
        self.options = options
        self.refinements = 0
        self.pages: list[tuple[float, Page]] = []
        self.verdicts: dict[Rect, list[bool]] = {}

    def stretches(self) -> list[Stretch]:
        cut_pairs = [b.pair for b in self.borders]
        cuts_s = [b.t_s for b in self.borders]
        found = find_insets(self.spread, cuts_s)[:_MOST_INSETS]
        shown = self._present(found, cut_pairs)
        shots = [0, *(k + 1 for k in sorted(cut_pairs)), len(self.samples)]
        for first, last in itertools.pairwise(shots):
            if last - first < _LEAST_LOOKS:
                continue
            page = filmed_page(self.samples.grey[first:last])
            if page is None:
                continue
            if not any(
                there[first:last].mean() > 0.5 and _stands_beside(inset, page)
                for inset, there in zip(found, shown, strict=True)
            ):
                # Heads before a wall are no insets.
                shown[:, first:last] = False
                self.pages.append((float(self.samples.times_s[first]), page))
        borders = self._borders(shown, cut_pairs, cuts_s, found)
        # A recording with hundreds of cuts gets fewer looks at each, not a slower run.
        most = self.options.max_face_looks // len(borders)
        self.people.looks = max(1, min(self.options.face_frames, most))
        stretches = []
        for start_s, end_s in itertools.pairwise(borders):
            inside = np.flatnonzero(
                (self.samples.times_s >= start_s - 1e-3) & (self.samples.times_s < end_s - 1e-3)
            )
            if len(inside) == 0:
                inside = np.array([int(np.argmin(np.abs(self.samples.times_s - start_s)))])
            there = [i for k, i in enumerate(found) if shown[k][inside].mean() > 0.5]
            stretches.append(self._judge(start_s, end_s, inside, there))
        return merged(stretches)

    def _some(self, inside: NDArray[np.int_], count: int) -> NDArray[np.uint8]:
        """At most so many pictures of a stretch, spread over it, shape (n, h, w)."""
        return self.samples.grey[inside[:: max(1, -(-len(inside) // count))]]

    def _refined(self, pair: int, changed: Callable[[Grey, Grey], float]) -> float:
        before_s, after_s = (float(t) for t in self.samples.times_s[pair : pair + 2])
        known_s = self.samples.known_s(pair, pair + 1)
        if known_s is not None or self.refinements >= self.options.max_refinements:
            return after_s if known_s is None else known_s
        self.refinements += 1
        t_s, _ = refine(self.reader, before_s, after_s, changed)
        return t_s

    # Insets over time

    def _present(self, found: list[Inset], cut_pairs: list[int]) -> NDArray[np.bool_]:
        """Which inset is shown in which sample, shape (insets, samples)."""
        if not found:
            return np.zeros((0, len(self.samples)), bool)
        scores = presence(self.samples, found)
        # A faint border needs movement inside; one as clear as where it was found does not.
        moving = np.stack([self._moving(inset.rect) for inset in found])
        clear = scores > 0.8 * np.array([[inset.border] for inset in found])
        shown = (scores > _PRESENT) & (clear | (moving > 0.02))
        # A rectangle in which hardly anything moves while it is there is a page or a picture.
        for k in range(len(found)):
            if shown[k].any() and float(np.median(moving[k][shown[k]])) <= _LIVELY:
                shown[k] = False
        # Of two that overlap the one whose border shows better.
        for a, b in itertools.combinations(range(len(found)), 2):
            if iou(found[a].rect, found[b].rect) > 0.05:
                both = shown[a] & shown[b]
                shown[a] &= ~(both & (scores[a] < scores[b]))
                shown[b] &= ~(both & (scores[a] >= scores[b]))
        return np.stack([_smoothed(row, cut_pairs) for row in shown])

    def _moving(self, rect: Rect) -> NDArray[np.float64]:
        """Share of the rectangle that moves around each sample, the best of its neighbours."""
        box = np.s_[rect.y : rect.bottom, rect.x : rect.right]
        times = self.spread.times_s
        pairs = self.spread.quick_pairs(np.arange(len(times)))
        if not pairs:
            return np.zeros(len(self.samples))
        grey = self.spread.grey
        moves = np.array(
            [float((difference(grey[i][box], grey[j][box]) > MOVED).mean()) for i, j in pairs]
        )
        # A median of three or four: one new slide behind a rectangle is no movement in it.
        padded = np.concatenate(([moves[0]] * 2, moves, [moves[-1]] * 2))
        before = np.searchsorted(times[[j for _, j in pairs]], self.samples.times_s, side="left")
        return np.array([float(np.median(padded[k : k + 4])) for k in before])

    def _borders(
        self,
        shown: NDArray[np.bool_],
        cut_pairs: list[int],
        cuts_s: list[float],
        found: list[Inset],
    ) -> list[float]:
        """Times where the layout may change: cuts, and insets that come and go."""
        borders = {0.0, self.duration_s}
        by_pair = dict(zip(cut_pairs, cuts_s, strict=True))
        for i in range(len(self.samples) - 1):
            if i in by_pair:
                borders.add(by_pair[i])
                continue
            for k in np.flatnonzero(shown[:, i] != shown[:, i + 1]):
                inset = found[int(k)]

                def changed(a: Grey, b: Grey, inset: Inset = inset) -> float:
                    return abs(shown_in(a, inset) - shown_in(b, inset))

                borders.add(self._refined(i, changed))
        ordered = sorted(b for b in borders if 0.0 <= b <= self.duration_s)
        kept = [0.0]
        for item in ordered[1:-1]:
            if item - kept[-1] >= self.options.min_stretch_s / 2:
                kept.append(item)
        while len(kept) > 1 and self.duration_s - kept[-1] < self.options.min_stretch_s / 2:
            kept.pop()
        return [*kept, self.duration_s]

    # What a stretch shows

    def _judge(
        self,
        start_s: float,
        end_s: float,
        inside: NDArray[np.int_],
        there: list[Inset],
    ) -> Stretch:
        content = content_rect(self.samples, inside)
        page = self._page_at(start_s, end_s)
        if page is not None:
            return self._room(start_s, end_s, content, page)
        insets = self._cameras(start_s, end_s, there, content)
        if insets:
            whole = bounding([i.rect for i in insets])
            content = content_rect(self.samples, inside, whole)
            area = screen_beside(self._some(inside, 40), content, whole)
            cameras = []
            for inset in insets:
                count, _ = self.people.at(start_s, end_s, inset.rect)
                trust = 0.95 if count else min(0.8, 0.4 + 0.4 * inset.border)
                cameras.append(
                    Region(
                        role=Role.CAMERA,
                        rect=inset.rect,
                        confidence=round(trust, 2),
                        faces=count,
                        circle=inset.circle,
                    )
                )
            sure = max(c.confidence for c in cameras)
            regions = (Region(role=Role.SCREEN, rect=area, confidence=sure), *cameras)
            return Stretch(
                start_s=start_s,
                end_s=end_s,
                kind=LayoutKind.SCREEN_AND_CAMERA,
                regions=regions,
                confidence=round(sure, 2),
            )
        count, moving = self.people.at(start_s, end_s, content)
        regular = inside[self.samples.regular[inside]]
        moved = activity(self.samples, self.samples.quick_pairs(regular))
        lively = float((moved[content.y : content.bottom, content.x : content.right] > 0.2).mean())
        flat = flatness(self.samples.grey[int(inside[len(inside) // 2])], content)
        if count and moving:
            kind, sure = LayoutKind.CAMERA, 0.95
        elif lively > 0.5 and flat < 0.35:
            kind, sure = LayoutKind.CAMERA, 0.5
        else:
            kind = LayoutKind.SCREEN
            sure = round(min(0.95, 0.5 + 0.5 * flat), 2)
        role = Role.CAMERA if kind is LayoutKind.CAMERA else Role.SCREEN
        if kind is LayoutKind.CAMERA and count > 1:
            regions = self._people(start_s, end_s, panes(self._some(inside, 9), content))
            if regions:
                return Stretch(
                    start_s=start_s, end_s=end_s, kind=kind, regions=regions, confidence=sure
                )
        return Stretch(
            start_s=start_s,
            end_s=end_s,
            kind=kind,
            regions=(Region(role=role, rect=content, confidence=sure, faces=count),),
            confidence=sure,
        )

    def _page_at(self, start_s: float, end_s: float) -> Page | None:
        """The page on the wall of the shot that this stretch belongs to."""
        cuts_s = [b.t_s for b in self.borders]
        middle = (start_s + end_s) / 2
        for first_s, page in self.pages:
            until_s = min((c for c in cuts_s if c > first_s + 1e-3), default=self.duration_s)
            if first_s - 0.5 <= middle < until_s:
                return page
        return None

    def _room(self, start_s: float, end_s: float, content: Rect, page: Page) -> Stretch:
        """A filmed room: the page on its wall, and all of it as the camera's picture."""
        count, _ = self.people.at(start_s, end_s, content)
        sure = 0.9 if count else 0.7
        return Stretch(
            start_s=start_s,
            end_s=end_s,
            kind=LayoutKind.SCREEN_AND_CAMERA,
            regions=(
                Region(role=Role.SCREEN, rect=page.rect, confidence=sure, corners=page.corners),
                Region(role=Role.CAMERA, rect=content, confidence=sure, faces=count),
            ),
            confidence=sure,
        )

    def _people(self, start_s: float, end_s: float, cells: list[Rect]) -> tuple[Region, ...]:
        """A camera for each pane with a face, if there are several."""
        if len(cells) < 2:
            return ()
        people = [(cell, self.people.at(start_s, end_s, cell)[0]) for cell in cells]
        regions = [
            Region(role=Role.CAMERA, rect=cell, confidence=0.9, faces=count)
            for cell, count in people
            if count
        ]
        return tuple(regions) if len(regions) > 1 else ()

    def _cameras(
        self, start_s: float, end_s: float, there: list[Inset], content: Rect
    ) -> list[Inset]:
        """The insets that are cameras: one, or several of one size in a line."""
        for inset in there:
            row = [inset, *(o for o in there if _in_line(inset.rect, o.rect))]
            if sum(i.rect.area for i in row) > 0.6 * content.area:
                continue
            if len(row) > 1:
                seen = [self.people.at(start_s, end_s, i.rect)[0] > 0 for i in row]
                if sum(seen) * 2 >= len(row):
                    return row
            if self._is_camera(start_s, end_s, inset, content):
                return [inset]
        return []

    def _is_camera(self, start_s: float, end_s: float, inset: Inset, content: Rect) -> bool:
        """Whether the inset is a camera: no part of a camera picture, no film in a slide.

        Where the first three stretches agree the others are taken to be the same.
        """
        known = self.verdicts.setdefault(inset.rect, [])
        if len(known) >= 3 and len(set(known)) == 1:
            return known[0]
        known.append(self._looks_like_camera(start_s, end_s, inset, content))
        return known[-1]

    def _looks_like_camera(self, start_s: float, end_s: float, inset: Inset, content: Rect) -> bool:
        count, moving = self.people.at(start_s, end_s, inset.rect)
        if not (count and moving) and not self._outlasts_a_page(start_s, end_s, inset):
            return False
        # A second head that moves outside makes the whole picture one of people.
        for side in sides(content, inset.rect):
            others, alive = self.people.at(start_s, end_s, side)
            if others and alive:
                return False
        return True

    def _outlasts_a_page(self, start_s: float, end_s: float, inset: Inset) -> bool:
        """Whether the page around the inset turns while the inset stays: no film in a slide."""
        if inset.support < self.options.faceless_support:
            return False
        times = self.samples.times_s
        inside = np.flatnonzero((times >= start_s) & (times < end_s))
        around = np.ones(self.samples.grey.shape[1:], bool)
        rect = inset.rect
        around[max(0, rect.y - 4) : rect.bottom + 4, max(0, rect.x - 4) : rect.right + 4] = False
        no_template = np.zeros_like(around)
        return any(
            judge(self.samples.grey[i], self.samples.grey[j], around, no_template) is Change.TURN
            for i, j in itertools.pairwise(inside)
        )


def _stands_beside(inset: Inset, page: Page) -> bool:
    """Whether a picture with a clear frame of its own lies beside a bright page: no room."""
    if inset.circle or inset.border < _FRAMED:
        return False
    both = inset.rect.intersect(page.rect)
    return both is None or both.area < 0.5 * inset.rect.area


def _in_line(a: Rect, b: Rect) -> bool:
    """Whether two insets are of one size and side by side or one under the other."""
    if a == b or iou(a, b) > 0.05:
        return False
    alike = 0.7 < a.width / b.width < 1.4 and 0.7 < a.height / b.height < 1.4
    near = 0.1 * max(a.width, a.height)
    return alike and (abs(a.x - b.x) < near or abs(a.y - b.y) < near)


def _smoothed(shown: NDArray[np.bool_], cut_pairs: list[int]) -> NDArray[np.bool_]:
    """Single samples that disagree with both neighbours of their shot follow them."""
    out = shown.copy()
    cuts = set(cut_pairs)
    for i in range(1, len(shown) - 1):
        together = (i - 1) not in cuts and i not in cuts
        if together and shown[i - 1] == shown[i + 1] != shown[i]:
            out[i] = shown[i - 1]
    return out
