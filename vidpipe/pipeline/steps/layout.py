"""`layout`: which part of the picture is what, from when to when; slides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vidpipe.edits.passages import GivenLayout
from vidpipe.errors import InputRejected
from vidpipe.intake.model import Instructions, Sidecar
from vidpipe.layout.detect import look_at
from vidpipe.layout.model import (
    GIVEN,
    Layout,
    LayoutInterval,
    LayoutKind,
    LayoutOptions,
    Region,
    RegionRole,
)
from vidpipe.layout.sheet import layout_sheet, slide_sheet
from vidpipe.layout.text import reader_identity, reads_slides, with_text
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo
from vidpipe.pipeline.faces import FACES_READS, detector_for, faces_identity
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.storage import tables
from vidpipe.storage.keys import Folder

#: Slides are read at this width: small print is then some ten pixels high.
_READING_WIDTH = 1280


def options(order: Order) -> LayoutOptions:
    """How regions and slides are told apart."""
    return order.settings.layout


@dataclass(frozen=True)
class LayoutTools:
    """What finds faces, and regions that people gave in place of the sidecar's, if any."""

    detector: FaceDetector
    given: tuple[GivenLayout, ...] | None


def prepare(order: Order, run: StageRun[LayoutOptions]) -> LayoutTools:
    """What finds faces, and what people say of the layout."""
    return LayoutTools(detector_for(order, run.context.models), order.edits.layout)


def identity(run: StageRun[LayoutOptions], tools: LayoutTools) -> dict[str, Any]:
    """What finds faces and what reads slides; regions that people gave."""
    found = {**faces_identity(tools.detector), "text": reader_identity(run.options)}
    if tools.given is not None:
        found["given"] = [item.model_dump(mode="json") for item in tools.given]
    return found


def _given(item: GivenLayout, media: MediaInfo) -> LayoutInterval:
    """A stretch as the sidecar says it.

    Raises:
        InputRejected: it lies outside the video or the picture.
    """
    end_s = media.duration_s if item.end_s is None else min(item.end_s, media.duration_s)
    if item.start_s >= end_s:
        raise InputRejected(
            "bad_sidecar",
            f"layout: {item.start_s:g} s is past the video's end at {media.duration_s:.1f} s",
        )
    boxes = {RegionRole.SCREEN: item.screen, RegionRole.CAMERA: item.camera}
    assert media.video is not None
    frame = media.video.size.rect
    for role, rect in boxes.items():
        if rect is not None and rect.intersect(frame) != rect:
            raise InputRejected(
                "bad_sidecar",
                f"layout: the {role.value} reaches out of the picture of "
                f"{frame.width}x{frame.height}",
            )
    kind = LayoutKind.SCREEN_AND_CAMERA
    if item.screen is None or item.camera is None:
        kind = LayoutKind.CAMERA if item.screen is None else LayoutKind.SCREEN
    return LayoutInterval(
        start_s=item.start_s,
        end_s=end_s,
        kind=kind,
        regions=tuple(
            Region(role=role, rect=rect, confidence=GIVEN, faces=int(role is RegionRole.CAMERA))
            for role, rect in boxes.items()
            if rect is not None
        ),
        confidence=GIVEN,
    )


def _recorded_apart(media: MediaInfo) -> tuple[GivenLayout, ...]:
    """Where a page and a camera are that were recorded apart; nothing of one picture."""
    pieces = media.video.pieces if media.video is not None else ()
    where = {piece.role: piece.rect for piece in pieces}
    return (GivenLayout(screen=where["page"], camera=where["camera"]),) if where else ()


def _exactly(found: Layout, given: GivenLayout) -> Layout:
    """Regions to the pixel, which were looked at smaller."""
    where = {RegionRole.SCREEN: given.screen, RegionRole.CAMERA: given.camera}
    stretches = tuple(
        s.model_copy(
            update={
                "regions": tuple(
                    r.model_copy(update={"rect": where[r.role] or r.rect}) for r in s.regions
                )
            }
        )
        for s in found.stretches
    )
    return found.model_copy(update={"stretches": stretches})


def run_layout(run: StageRun[LayoutOptions], tools: LayoutTools) -> Layout:
    """Shots, slides and regions over time as tables, and the layout sheet."""
    path, media = run.recording()
    instructions = run.document("sidecar", Sidecar).instructions
    if tools.given is not None:
        instructions = instructions.model_copy(update={"layout": tools.given})
    if media.sound_only:
        return _no_layout(run, media, instructions)
    given = instructions.layout or _recorded_apart(media)
    found, kept = look_at(
        path,
        media,
        tools.detector,
        run.options,
        given=[_given(item, media) for item in given],
        on_progress=lambda f: run.progress(0.8 * f, ""),
        scratch=run.work,
    )
    if given and not instructions.layout:
        found = _exactly(found, given[0])
    if found.slides and reads_slides(run.options):
        with FrameReader(path, media, max_width=_READING_WIDTH) as reader:
            found = with_text(
                found, reader, run.options, lambda f: run.progress(0.8 + 0.2 * f, "reading slides")
            )
    layout_sheet(path, media, found, run.new_file("layout_sheet.jpg"), kept)
    if found.slides:
        slide_sheet(path, media, found, run.new_file("slide_sheet.jpg"), kept)
    _layout_tables(run, found)
    return found


def _no_layout(
    run: StageRun[LayoutOptions], media: MediaInfo, instructions: Instructions
) -> Layout:
    """Of sound alone: one stretch in which there is nothing to see, and empty tables.

    Raises:
        InputRejected: the sidecar says where on the picture something is.
    """
    if instructions.layout:
        raise InputRejected(
            "bad_sidecar", "layout: it is sound alone, there is no picture. Leave it out"
        )
    found = Layout.of_sound(media.duration_s)
    _layout_tables(run, found)
    return found


def _layout_tables(run: StageRun[LayoutOptions], found: Layout) -> None:
    rows = [
        {
            "start_s": s.start_s,
            "end_s": s.end_s,
            "layout": s.kind.value,
            "role": r.role.value,
            **r.rect.model_dump(),
            "faces": r.faces,
            "confidence": r.confidence,
        }
        for s in found.stretches
        for r in s.regions
    ]
    tables.write_rows(run.new_file("regions.parquet"), tables.REGIONS, rows)
    shots = [s.model_dump(mode="json") for s in found.shots]
    tables.write_rows(run.new_file("shots.parquet"), tables.SHOTS, shots)
    slides = [
        {**s.model_dump(mode="json", exclude={"lines"}), "text": [x.text for x in s.lines]}
        for s in found.slides
    ]
    tables.write_rows(run.new_file("slides.parquet"), tables.SLIDES, slides)


LAYOUT = Stage(
    name="layout",
    version="10",
    folder=Folder.ANALYSIS,
    inputs=("source_video", "sidecar"),
    document=Layout,
    options=options,
    run=run_layout,
    prepare=prepare,
    identity=identity,
    reads=(*FACES_READS, "edits.layout"),
)
