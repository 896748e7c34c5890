"""A video's assets: what was dropped, and each stage of what is made of it."""

from __future__ import annotations

import dagster as dg

from assets.checks import CLIP_CHECKS, SEGMENT_CHECKS, SOURCE_CHECKS, WORD_CHECKS
from assets.partitions import videos
from assets.step import OWNERS, stage_asset

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


def stage_assets(transcript_pool: str) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Everything but the exports, which are one asset for each platform.

    Args:
        transcript_pool: whose places transcripts share: `gpu`, or `api` where a server is asked.
    """
    return [
        upload,
        sidecar,
        stage_asset(
            "source_video",
            "The accepted video: probed, with its contact sheet. The start of every video's graph.",
            group="ingest",
            kinds={"ffmpeg"},
            beside=["upload"],
            checks=SOURCE_CHECKS,
        ),
        stage_asset(
            "audio",
            "The sound as 16 kHz mono samples, aligned to the picture. "
            "A video without sound has none.",
            group="analysis",
            kinds={"ffmpeg"},
        ),
        stage_asset(
            "silence_regions",
            "Where a voice is, and where neither a voice nor a sound worth keeping is.",
            group="analysis",
            kinds={"onnx"},
        ),
        stage_asset(
            "transcript",
            "Every word with its time: from the sidecar, else a recogniser; the source is named.",
            group="analysis",
            kinds={"torch"},
            pool=transcript_pool,
            checks=WORD_CHECKS,
        ),
        stage_asset(
            "layout",
            "Which part of the picture is the screen and which the camera, from when to when; "
            "slides.",
            group="analysis",
            kinds={"opencv"},
        ),
        stage_asset(
            "topics",
            "Topics with titles, and how much each sentence matters, with the signs that say so.",
            group="content",
            kinds={"scikitlearn"},
        ),
        stage_asset(
            "scored_segments",
            "The moments worth watching: ranked, at sentence borders, with scores and reasons.",
            group="content",
            kinds={"python"},
            pool="api",
            checks=SEGMENT_CHECKS,
        ),
        stage_asset(
            "rendered_clips",
            "Finished clips: composed, captioned, at the channel's loudness. One encode per shape.",
            group="clips",
            kinds={"ffmpeg"},
            pool="encode",
            checks=CLIP_CHECKS,
        ),
    ]
