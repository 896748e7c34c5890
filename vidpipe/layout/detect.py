"""The layout of a video over time: shots, then what each of them shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from vidpipe.geometry import Rect, Size
from vidpipe.layout.arrangements import Arrangements
from vidpipe.layout.behind import Behind
from vidpipe.layout.changing_text import TextWatch, width_for_letters
from vidpipe.layout.face_samples import FaceLooks
from vidpipe.layout.intervals import overridden
from vidpipe.layout.model import (
    Layout,
    LayoutInterval,
    LayoutKind,
    LayoutOptions,
    Region,
    RegionRole,
    Shot,
    Slide,
    Transition,
)
from vidpipe.layout.sampling import KeptLooks, sample, width_of_looks
from vidpipe.layout.shots import Boundary, find_borders
from vidpipe.layout.slides import find_slides
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo


def detect_layout(
    path: Path,
    info: MediaInfo,
    faces: FaceDetector,
    options: LayoutOptions,
    *,
    given: Sequence[LayoutInterval] = (),
    on_progress: Callable[[float], None] | None = None,
    scratch: Path | None = None,
) -> Layout:
    """Find regions and slides of one recording, as `look_at` does; what was looked at is let go."""
    found, _ = look_at(
        path, info, faces, options, given=given, on_progress=on_progress, scratch=scratch
    )
    return found


def look_at(
    path: Path,
    info: MediaInfo,
    faces: FaceDetector,
    options: LayoutOptions,
    *,
    given: Sequence[LayoutInterval] = (),
    on_progress: Callable[[float], None] | None = None,
    scratch: Path | None = None,
) -> tuple[Layout, KeptLooks | None]:
    """Find regions and slides of one recording; with the pictures looked at, of a short one.

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
    watch = TextWatch(info.duration_s)
    with (
        FrameReader(path, info, max_width=width_of_looks(info, options), draft=True) as reader,
        Behind() as behind,
    ):
        letters_px = width_for_letters(reader.video.size)
        shared = reader.size.width >= min(letters_px, reader.video.width)
        samples = sample(
            reader,
            options,
            lambda f: on_progress(0.7 * f) if on_progress else None,
            scratch,
            watch if shared else None,
            behind,
        )
        # What is left of it is looked for while the rest is.
        behind.do(watch.end)
        if len(samples) == 0:
            whole = Rect(x=0, y=0, width=reader.video.width, height=reader.video.height)
            only = LayoutInterval(
                start_s=0.0,
                end_s=max(info.duration_s, 0.04),
                kind=LayoutKind.OTHER,
                regions=(Region(role=RegionRole.SCREEN, rect=whole, confidence=0.0),),
                confidence=0.0,
            )
            return _layout(reader, info, [only], [], []), None
        borders = find_borders(reader, samples, options)
        duration_s = max(info.duration_s, 0.04)
        fixed = [_rescaled(item, reader.scale) for item in given]
        known_s = sum(item.duration_s for item in fixed)
        stretches: list[LayoutInterval] = []
        if known_s < 0.999 * duration_s:
            with closing(FaceLooks(reader, samples, faces, options)) as people:
                stretches = Arrangements(
                    reader, samples, borders, duration_s, people, options
                ).stretches()
        stretches = overridden(stretches, fixed)
        if on_progress is not None:
            on_progress(0.8)
        slides = find_slides(reader, samples, stretches, options)
        found = _layout(reader, info, stretches, borders, slides)
        behind.wait()
    if not shared:
        # Of a picture as wide as a banner letters are too small on the other samples.
        with FrameReader(path, info, max_width=letters_px, draft=True) as reader:
            watch.look(reader)
    text = watch.found(Size(width=found.width, height=found.height))
    if on_progress is not None:
        on_progress(1.0)
    kept = None if samples.colour is None else KeptLooks(samples.times_s, samples.colour)
    return found.model_copy(update={"changing_text": text}), kept


def _rescaled(item: LayoutInterval, scale: float) -> LayoutInterval:
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
    stretches: list[LayoutInterval],
    borders: list[Boundary],
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
