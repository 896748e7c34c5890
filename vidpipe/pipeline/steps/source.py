"""`source_video`: the accepted recording, its tracks that are used, what it looks like."""

from __future__ import annotations

from typing import Any

from vidpipe.intake.model import SourceOptions, SourceVideo
from vidpipe.media.contact_sheets import contact_sheet, cover_sheet
from vidpipe.media.examine import examine
from vidpipe.media.probe import probe
from vidpipe.pipeline.inputs import cover_identity
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.stage import Stage
from vidpipe.pipeline.stage_run import StageRun
from vidpipe.storage.keys import Folder


def options(order: Order) -> SourceOptions:
    """Which of several sounds is wanted."""
    return SourceOptions(sound=order.sound)


def identity(run: StageRun[SourceOptions], _: None) -> dict[str, Any]:
    """The cover of sound, which its sheet shows."""
    return cover_identity(run)


def run_source(run: StageRun[SourceOptions], _: None) -> SourceVideo:
    """Its tracks that are used, contact sheet and poster; of sound its cover is both."""
    path, upload = run.source()
    # Probed anew: what was taken in with an earlier version tells less.
    media, notes = examine(path, probe(path, upload.name), run.options.sound)
    sheet, poster = run.new_file("contact_sheet.jpg"), run.new_file("poster.jpg")
    if media.sound_only:
        cover_sheet(run.cover(), media.duration_s, sheet, poster)
    else:
        contact_sheet(path, media, sheet, poster)
    return SourceVideo(
        video_id=upload.video_id,
        channel=upload.channel,
        name=upload.name,
        sha256=upload.sha256,
        media=media,
        notes=notes,
    )


SOURCE = Stage(
    name="source_video",
    version="3",
    folder=Folder.FRAMES,
    inputs=(),
    document=SourceVideo,
    options=options,
    run=run_source,
    identity=identity,
)
