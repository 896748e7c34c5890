"""How a stretch of a recording is shown on a canvas: what stands where, where the camera looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.auto_zoom import says_little, visible_region
from vidpipe.clips.borders import tidied
from vidpipe.clips.canvas import (
    PAGE_SHARE,
    column,
    has_room_over,
    over,
    side_by_side,
    stack,
    tallest,
    titled,
    under_chin,
)
from vidpipe.clips.face_place import face_on
from vidpipe.clips.grounds import Ground, brand_ground, page_ground
from vidpipe.clips.insets import (
    delogo_region,
    fill_of,
    inscribed,
    looks_at,
    square_around,
    without_corners,
)
from vidpipe.clips.keeping import holds, whole_with
from vidpipe.clips.model import ClipOptions, Composition, Part, Variant
from vidpipe.clips.nearer import changes, moved
from vidpipe.clips.punch import (
    CLOSER,
    SLOWLY_CLOSER,
    ZOOM_S,
    closer_crop,
    moments,
    punched,
    zoomed,
)
from vidpipe.framing.follow import (
    FramedPair,
    close_up,
    follow,
    follow_panes,
    pair_of,
    pair_of_panes,
)
from vidpipe.framing.head import (
    around_heads,
    aspect_for_head,
    head_width,
    is_cut,
    raised,
    roomy_aspect,
)
from vidpipe.framing.model import FacePoint, FramingOptions
from vidpipe.framing.path import crop_path
from vidpipe.framing.track import main_face, track_faces
from vidpipe.geometry import Rect, Size, bounding, fit
from vidpipe.layout.model import Layout, LayoutInterval, LayoutKind, Region, RegionRole
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList, Interval, span
from vidpipe.transcript.model import Word

Grey = NDArray[np.uint8]

#: Canvases that are narrower have room for one thing above another.
_UPRIGHT = 0.9
#: Canvases that are no wider have little room at the sides of what was filmed wide.
_SQUARE = 1.2
#: A camera of which so much lies on the page is an inset of it.
_INSIDE = 0.75
#: Of two people who take turns as short as this both are shown.
_SHORT_TURN_S = 4.0
#: A phone's long side next to its short one.
_PHONE_LONG = 2.1
#: A camera that is so much wider than the canvas needs a face to follow.
_WIDE = 1.2


@dataclass(frozen=True)
class SourceRecording:
    """What is known of a recording, and what reads it: everything that plans rest on.

    `words` are those whose times are known, for fillers.
    """

    video_id: str
    speech: SpeechMap
    words: Sequence[Word]
    layout: Layout
    reader: FrameReader
    detector: FaceDetector


@dataclass(frozen=True)
class Composer:
    """Chooses compositions for the stretches of one clip on one canvas."""

    recording: SourceRecording
    edit: EditList
    options: ClipOptions
    framing: FramingOptions
    variant: Variant
    captions: bool
    has_title: bool = False
    kept: Rect | None = None
    grounds: list[Ground] = field(default_factory=list)

    def parts(self, stretch: LayoutInterval, first: int, last: int) -> list[Part]:
        """What a stretch of clip frames shows: one part, or several where people take turns.

        What is `kept` of the source, captions that are burned in, is whole in every part: one
        that would cut it shows more instead.
        """
        parts = self._parts(stretch, first, last)
        if self.kept is None or all(holds(part, self.kept) for part in parts):
            return parts
        shown = [r.rect for r in stretch.regions]
        rect = whole_with(parts, self.kept, shown, self.recording.reader.video.size.rect)
        fills = fit(rect, self.variant.size.rect) == self.variant.size.rect
        part = Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.FIT,
            screen=rect,
            ground=None if fills else self._ground(),
        )
        return [part]

    def _within(self, first: int, last: int) -> Interval:
        """The source time of clip frames."""
        fps = self.edit.fps
        return span(
            self.edit.to_source(float(first / fps)),
            self.edit.to_source(float((last - 1) / fps)) + 1e-3,
        )

    def _parts(self, stretch: LayoutInterval, first: int, last: int) -> list[Part]:
        """The same, whatever it cuts."""
        within = self._within(first, last)
        looks: list[Grey] = []
        if stretch.regions:
            reader = self.recording.reader
            looks = looks_at(within, reader)
            if not stretch.is_given:
                tidy = tidied(stretch.regions, looks, reader.scale, reader.video.size.rect)
                stretch = stretch.model_copy(update={"regions": tidy})
        screen, camera = stretch.region(RegionRole.SCREEN), stretch.region(RegionRole.CAMERA)
        if stretch.kind is LayoutKind.SCREEN_AND_CAMERA and screen and camera and self._upright:
            return self._nearer(
                self._stack(first, last, within, screen, camera, looks), [camera.rect]
            )
        if stretch.kind is LayoutKind.CAMERA and camera:
            cameras = [r for r in stretch.regions if r.role is RegionRole.CAMERA]
            if len(cameras) > 1:
                return self._people(first, last, within, cameras)
            parts = self._speaker(first, last, within, camera.rect)
            if parts:
                return parts
        if screen and camera and self._are_parted(screen, camera):
            return [self._side_by_side(first, last, within, screen, camera, looks)]
        page = self._page(first, last, within, screen, camera)
        if page.composition is not Composition.SCREEN:
            return [page]
        return self._nearer(page, ())

    def _nearer(self, part: Part, covered: Sequence[Rect]) -> list[Part]:
        """A part with a page, nearer where something happens, if the template wants that."""
        wanted = self.options.template.page_zoom and self.kept is None and not part.small
        if not wanted or part.corners or part.screen is None:
            return [part]
        within = self._within(part.first_frame, part.last_frame)
        return moved(part, self.edit, changes(part.screen, covered, within, self.recording.reader))

    @property
    def _upright(self) -> bool:
        return self.variant.size.aspect < _UPRIGHT

    def _people(
        self, first: int, last: int, within: Interval, cameras: Sequence[Region]
    ) -> list[Part]:
        """Of people with a picture each the one who speaks, or both of two."""
        of, canvas = self.recording, self.variant.size
        people = [c.rect for c in cameras if c.faces] or [c.rect for c in cameras]
        turns = follow_panes(
            of.reader, of.detector, people, within, of.speech.speech, canvas.aspect, self.framing
        )
        if len(people) == 2 and self._both([t[0] for t in turns], within):
            pair = pair_of_panes(
                of.reader, of.detector, people, within, self._half.aspect, self.framing
            )
            if pair is not None:
                return [self._two_up(first, last, pair)]
        parts = []
        for start_s, end_s, path, faces in turns:
            begin = first if start_s <= within.start_s else self._frame(start_s)
            end = last if end_s >= within.end_s else self._frame(end_s)
            if end > begin:
                parts.append(
                    Part(
                        first_frame=begin,
                        last_frame=end,
                        composition=Composition.SPEAKER,
                        camera=path,
                        face=face_on(canvas, path, faces),
                    )
                )
        return parts

    def _frame(self, t_s: float) -> int:
        return round(self.edit.to_clip(t_s) * self.edit.fps)

    @property
    def _half(self) -> Size:
        """Half of the canvas, for one of two people."""
        size = self.variant.size
        return Size(width=size.width, height=size.height // 4 * 2)

    def _both(self, turns_s: Sequence[float], within: Interval) -> bool:
        """Whether both of two people are shown: as the channel says, else where turns are short."""
        if not self._upright or self.options.speaker_layout == "switch":
            return False
        if self.options.speaker_layout == "two_up":
            return True
        return len(turns_s) > 2 and within.duration_s / len(turns_s) <= _SHORT_TURN_S

    def _two_up(self, first: int, last: int, pair: FramedPair) -> Part:
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.TWO_UP,
            camera=pair.left,
            other=pair.right,
        )

    def _stack(
        self,
        first: int,
        last: int,
        within: Interval,
        screen: Region,
        camera: Region,
        looks: Sequence[Grey],
    ) -> Part:
        """The page above its speaker."""
        of, layout = self.recording, self.recording.layout
        faces = self._calm_faces(camera.rect, within)
        area = camera.rect
        if area.intersect(screen.rect) == screen.rect:
            area = close_up(area, faces)
        whole = stack(screen.rect, self.variant, captions=self.captions).screen
        assert whole is not None
        small = (
            self.options.template.small_page
            and area == camera.rect
            and says_little(screen.rect, [camera.rect], within, of.reader)
        )
        page = screen.rect
        if not small:
            page = self._legible(screen, within, [camera.rect], whole.width)
        below = stack(page, self.variant, captions=self.captions, small=small).camera
        assert below is not None
        scale, aspect, disc = of.reader.scale, below.aspect, False
        if camera.circle:
            disc = is_cut(faces, inscribed(area, aspect))
            area = square_around(area) if disc else inscribed(area, aspect)
            aspect = area.aspect if disc else aspect
        elif area == camera.rect and area.intersect(screen.rect) == area:
            area = without_corners(area, looks, scale)
        if not disc:
            aspect = roomy_aspect(area, aspect_for_head(area, aspect, faces), faces)
        hole, like = self._painted(screen, camera, page, looks)
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.STACK,
            screen=page,
            corners=screen.corners,
            camera=crop_path(area, aspect, faces, within, layout.cuts_s, self.framing),
            inset=hole,
            inset_from=like,
            disc=disc,
            ground=self._ground(),
            small=small,
        )

    def _painted(
        self, screen: Region, camera: Region, page: Rect, looks: Sequence[Grey]
    ) -> tuple[Rect, Rect | None] | tuple[None, None]:
        """What is painted over because it is shown beside the page, and with what of it."""
        reader = self.recording.reader
        scale = reader.scale
        hole, like = delogo_region(camera.rect, screen, looks, scale), None
        overlap = camera.rect.intersect(screen.rect)
        if hole is None and not screen.corners and overlap not in (None, screen.rect):
            hole, like = fill_of(camera.rect, screen.rect, looks, scale, reader.video.size.rect)
        if hole is None or hole.intersect(page) is None:
            return None, None
        return hole, like

    def _calm_faces(self, camera: Rect, within: Interval) -> list[FacePoint]:
        """The face of somebody beside a page, looked for less often."""
        of = self.recording
        calm = self.framing.model_copy(update={"faces_per_s": self.framing.faces_per_s_stacked})
        return main_face(
            track_faces(of.reader, of.detector, camera, within, of.layout.cuts_s, calm)
        )

    def _are_parted(self, screen: Region, camera: Region) -> bool:
        """Whether a canvas that is no wider than high has page and speaker side by side."""
        if self.variant.size.aspect > _SQUARE or screen.corners or camera.circle:
            return False
        page, person = screen.rect, camera.rect
        both = person.intersect(page)
        return both is None or (both != page and both.area < _INSIDE * person.area)

    def _side_by_side(
        self,
        first: int,
        last: int,
        within: Interval,
        screen: Region,
        camera: Region,
        looks: Sequence[Grey],
    ) -> Part:
        """A page and its speaker where there is no room for one above the other."""
        faces, area = self._calm_faces(camera.rect, within), camera.rect
        page = self._legible(screen, within, [area], round(PAGE_SHARE * self.variant.size.width))
        aspect = column(page, self.variant, captions=self.captions)
        aspect = roomy_aspect(area, aspect_for_head(area, aspect, faces), faces)
        path = crop_path(area, aspect, faces, within, self.recording.layout.cuts_s, self.framing)
        wanted = self.options.template.title_zone and self.has_title
        hole, like = self._painted(screen, camera, page, looks)
        where = side_by_side(
            page, path.rect, self.variant, captions=self.captions, has_title=wanted
        )
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.STACK,
            screen=page,
            camera=path,
            inset=hole,
            inset_from=like,
            titled=where.title is not None,
            side_by_side=True,
            ground=self._ground(),
        )

    def _legible(
        self, screen: Region, within: Interval, covered: Sequence[Rect], width: int
    ) -> Rect:
        """What of a page is shown that is so wide on the canvas if all of it is."""
        if screen.corners:
            return screen.rect
        over = [c for c in covered if c.intersect(screen.rect) not in (None, screen.rect)]
        canvas = self.variant.size
        # Whoever watches a wide picture turns the phone.
        across = _PHONE_LONG if canvas.aspect > 1 else 1.0
        scale = width / screen.rect.width * 1080 / canvas.width * across
        return visible_region(screen.rect, over, within, self.recording.reader, scale)

    def _speaker(self, first: int, last: int, within: Interval, rect: Rect) -> list[Part]:
        """A crop that follows who speaks; of a head that is wider, as close as there is room for.

        Nothing where there is nobody.
        """
        of, canvas, cuts_s = self.recording, self.variant.size, self.recording.layout.cuts_s
        faces, anew_s = follow(
            of.reader, of.detector, rect, within, cuts_s, of.speech.speech, self.framing
        )
        turns_s = [within.start_s, *(t for t in anew_s if t not in cuts_s)]
        if self._both(turns_s, within):
            pair = pair_of(
                of.reader, of.detector, rect, within, cuts_s, self._half.aspect, self.framing
            )
            if pair is not None:
                return [self._two_up(first, last, pair)]
        seen = len(faces) >= 0.3 * within.duration_s * self.framing.faces_per_s
        if not seen and rect.aspect > canvas.aspect * _WIDE:
            return []
        path = crop_path(rect, canvas.aspect, faces, within, anew_s, self.framing)
        if is_cut(faces, path.rect):
            # Of a wide canvas a crop would be too low for the face: all of it, as filmed.
            return [
                Part(
                    first_frame=first,
                    last_frame=last,
                    composition=Composition.FIT,
                    screen=rect,
                    ground=self._ground(),
                )
            ]
        if head_width(faces) > path.rect.width:
            close = self._close_up(first, last, rect, faces)
            if close is not None:
                return [close]
        if self.captions and self.kept is None and canvas.aspect < _UPRIGHT:
            rows, margin = under_chin(self.variant)
            path = raised(path, faces, canvas, rows, margin) or path
        part = Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.SPEAKER,
            camera=path,
            face=face_on(canvas, path, faces),
        )
        if self.options.template.punch_in == "none" or self.kept is not None:
            return [part]
        return list(self._punched(part, faces))

    def _close_up(
        self, first: int, last: int, rect: Rect, faces: Sequence[FacePoint]
    ) -> Part | None:
        """All of the heads under what is said; None of a region that is too high for that."""
        least = self.variant.size.width / tallest(self.variant, captions=self.captions)
        shown = around_heads(rect, least, faces)
        if not has_room_over(shown, self.variant, captions=self.captions):
            return None
        wanted = self.options.template.title_zone and self.has_title
        where = over(shown, self.variant, captions=self.captions, has_title=wanted)
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.FIT,
            screen=shown,
            over=True,
            titled=where.title is not None,
            ground=self._ground(),
        )

    def _punched(self, part: Part, faces: Sequence[FacePoint]) -> Iterator[Part]:
        """The part with cut-ins or zooms; captions keep clear of the face in both sizes."""
        assert part.camera is not None
        takes = round(ZOOM_S * self.edit.fps)
        look, slow = self.options.template, self.options.template.punch_in == "slow"
        at = moments(
            self.edit,
            self.recording.words,
            part.first_frame,
            part.last_frame,
            self.edit.picture_spans(look.j_cut_s, look.l_cut_s),
            takes if slow else 0,
        )
        closer = closer_crop(part.camera, faces, SLOWLY_CLOSER if slow else CLOSER)
        larger = closer and face_on(self.variant.size, closer, faces)
        if at and larger and part.face:
            part = part.model_copy(update={"face": bounding([part.face, larger])})
        yield from zoomed(part, faces, at, takes) if slow else punched(part, faces, at)

    def _ground(self) -> Ground | None:
        """What stands behind pictures, as the template wants it: the same in all of a clip.

        A clip without a page has the brand's: skin and walls are no colours of a design.
        """
        background = self.options.brand.background
        if self.options.template.backdrop == "blur":
            return None
        if self.options.template.backdrop == "brand":
            return brand_ground(background)
        if not self.grounds:
            self.grounds.append(self._colours_of_pages() or brand_ground(background))
        return self.grounds[0]

    def _colours_of_pages(self) -> Ground | None:
        """Of the first page that the clip shows, None without one."""
        background, reader = self.options.brand.background, self.recording.reader
        for stretch in self.recording.layout.stretches:
            first_s = max(stretch.start_s, self.edit.intervals[0].start_s)
            last_s = min(stretch.end_s, self.edit.intervals[-1].end_s)
            page = stretch.region(RegionRole.SCREEN)
            if last_s > first_s and (page or not stretch.regions):
                rect = page.rect if page else reader.video.size.rect
                return page_ground(rect, span(first_s, last_s), reader, background)
        return None

    def _page(
        self,
        first: int,
        last: int,
        within: Interval,
        screen: Region | None,
        camera: Region | None,
    ) -> Part:
        """A page alone; where there is no room to stack them, with its speaker as filmed."""
        shown = [r.rect for r in (screen, camera) if r]
        rect = bounding(shown) if shown else self.recording.reader.video.size.rect
        alone = screen is not None and camera is None
        if alone and screen is not None:
            rect = self._legible(screen, within, (), fit(rect, self.variant.size.rect).width)
        wanted = self.options.template.title_zone and self.has_title
        room = wanted and titled(rect, self.variant, captions=self.captions) is not None
        fills = fit(rect, self.variant.size.rect) == self.variant.size.rect
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.SCREEN if alone else Composition.FIT,
            screen=rect,
            titled=room,
            ground=None if fills else self._ground(),
        )
