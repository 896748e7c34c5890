"""The jobs: taking uploads in, and the whole graph for one video."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg
from pydantic import Field

from assets.partitions import videos
from resources.executor import ended_when_stuck, living
from resources.run_options import form
from resources.vidpipe_resource import VidpipeResource
from vidpipe.intake.model import IntakeResult, IntakeState
from vidpipe.intake.taking import ingest_pending

#: Runs that are at work or wait for it.
ALIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

_CLIPS = dg.AssetSelection.groups("clips", "exports")
_CAPTIONS = (
    *("captions", "caption_size", "caption_words"),
    *("caption_capitals", "caption_accent"),
)

_WANTED = ("force", "platforms", "clips", "length")

process_video = dg.define_asset_job(
    "process_video",
    selection=(dg.AssetSelection.groups("ingest", "analysis", "content") | _CLIPS)
    - dg.AssetSelection.assets("upload", "sidecar"),
    partitions_def=videos,
    config=form(*_WANTED, "template", "transcript", "quality"),
    description="Everything for one video: from the accepted upload to its platform exports. "
    "**Costs** only what changed: what was made already is found again, so that a second run takes "
    "seconds. The first takes about as long as the recording on two cores without a GPU. What it "
    "would cost of a certain video the job estimate_run says, and the tag `vidpipe/estimate` of "
    "each run that was asked for.",
)

estimate_run = dg.define_asset_job(
    "estimate_run",
    selection=dg.AssetSelection.assets("run_estimate"),
    partitions_def=videos,
    description="What process_video would cost of this video now, by stage, and where that comes "
    "from: its result is on the page of run_estimate. **Costs** nothing, makes nothing.",
)

rerender_clips = dg.define_asset_job(
    "rerender_clips",
    selection=_CLIPS,
    partitions_def=videos,
    config=form("template", *_CAPTIONS, "quality", "force"),
    description="Clips and exports again, with another template, captions or quality; with nothing "
    "filled in, as channels.yaml says now. **Costs** the encoding alone, about 0.3 s for each "
    "second of clip and shape on two cores; nothing is listened to or looked at again. What is "
    "filled in holds for this run; what is to hold always belongs into channels.yaml.",
)

add_platform = dg.define_asset_job(
    "add_platform",
    selection=_CLIPS,
    partitions_def=videos,
    config=form("additional_platforms"),
    description="Exports for one more platform: name it under `additional_platforms`. **Costs** a "
    "copy where its shape is rendered already, else one encode a clip. For all videos of a "
    "channel add the platform to channels.yaml.",
)

#: Jobs of one video each: what its partitions can be launched with.
OF_VIDEOS = [process_video, rerender_clips, add_platform, estimate_run]


class UploadConfig(dg.Config):
    """One noticed upload."""

    key: str = Field(description="{channel}/{name} in the drop folder")
    version: str = Field(description="the version that was noticed; another one is passed over")


class IntakeConfig(dg.Config):
    """The uploads to take in."""

    uploads: list[UploadConfig]


def uploads_of(run: dg.DagsterRun) -> list[str]:
    """Keys of the uploads that an intake run works on."""
    config: Mapping[str, Any] = run.run_config
    wanted = config.get("ops", {}).get("take_uploads", {}).get("config", {})
    return [item["key"] for item in wanted.get("uploads", [])]


@dg.op
def take_uploads(
    context: dg.OpExecutionContext, config: IntakeConfig, vidpipe: VidpipeResource
) -> None:
    """Each noticed object: hash, probe, decode check; accepted or quarantined with a reason.

    One that cannot be taken in now is tried again later by itself and holds up no other.
    """
    engine = vidpipe.engine
    folder = vidpipe.drop_folder()
    intake = engine.intake()
    engine.artifacts.sweep()
    rows = {row.key: row for row in engine.catalog.uploads([u.key for u in config.uploads])}
    bugs: list[Exception] = []

    def watched() -> AbstractContextManager[None]:
        return ended_when_stuck(engine.settings, context.log.error)

    for item in config.uploads:
        row = rows.get(item.key)
        if row is None or row.version != item.version:
            context.log.info(f"{item.key}: it is newer than this run: passed over")
            continue
        try:
            outcome = ingest_pending(
                intake, folder, row, context.run_id, engine.settings.retry_delays_s, watched
            )
        except Exception as error:
            context.log.exception(f"{item.key}: a bug in vidpipe")
            bugs.append(error)
            continue
        if isinstance(outcome, str):
            context.log.warning(f"{item.key}: {outcome}")
        else:
            _tell(context, vidpipe, outcome, row.size_bytes)
    if bugs:
        raise bugs[0]


def _tell(
    context: dg.OpExecutionContext, vidpipe: VidpipeResource, outcome: IntakeResult, size_bytes: int
) -> None:
    """What became of it, in the log and as versions of `upload` and `sidecar`."""
    context.log.info(f"{outcome.key}: {outcome.state.value}: {outcome.message}")
    if outcome.state is not IntakeState.ACCEPTED or outcome.video_id is None:
        return
    video = vidpipe.engine.catalog.video(outcome.video_id)
    assert video is not None
    for name, version in (("upload", video.sha256), ("sidecar", video.sidecar_version)):
        context.log_event(
            dg.AssetMaterialization(
                name,
                partition=outcome.video_id,
                metadata={"key": outcome.key, "size_bytes": size_bytes},
                tags={"dagster/data_version": version or "none"},
            )
        )


@dg.job(
    executor_def=living(dg.in_process_executor),
    description="Takes uploads of the drop folder in: identity, rules, quarantine.",
)
def intake() -> None:
    """Takes uploads of the drop folder in."""
    take_uploads()
