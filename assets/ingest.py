"""Ingest: what was dropped, and what was accepted of it."""

import dagster as dg

from assets.checks import accepted_source
from assets.partitions import videos
from assets.shell import OWNERS, of_stage, result_of, run
from resources import VidpipeResource, WishesResource
from vidpipe.intake.model import SourceVideo

upload = dg.AssetSpec(
    "upload",
    group_name="ingest",
    description=(
        "A video, or sound alone, in a drop folder, accepted by the intake job. "
        "Its version is its digest."
    ),
    kinds={"s3"},
    owners=OWNERS,
    partitions_def=videos,
)

sidecar = dg.AssetSpec(
    "sidecar",
    group_name="ingest",
    description=(
        "What lies beside an upload: a transcript (.srt, .vtt, .json), instructions (.yaml), "
        "and the cover of sound (.jpg, .png)."
    ),
    kinds={"s3", "yaml"},
    owners=OWNERS,
    partitions_def=videos,
)


@dg.asset(
    group_name="ingest",
    kinds={"ffmpeg"},
    **of_stage("source_video", beside=["upload"]),
    check_specs=[
        dg.AssetCheckSpec(
            "accepted_source",
            asset="source_video",
            blocking=True,
            description="The source has a picture or sound that decodes, and a length.",
        )
    ],
)
def source_video(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource, wishes: WishesResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The accepted video: probed, with its contact sheet. The start of every video's graph."""
    result = run(context, vidpipe, wishes, "source_video")
    document = result.document
    assert isinstance(document, SourceVideo)
    return result_of(context, vidpipe.engine, result, [accepted_source(document)])


ASSETS = [upload, sidecar, source_video]
