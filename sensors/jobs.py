"""The jobs: taking uploads in, and the whole graph for one video."""

import dagster as dg
from pydantic import Field

from assets.partitions import videos
from resources import VidpipeResource
from vidpipe.errors import Unavailable
from vidpipe.intake.drops import Seen, on_this_machine
from vidpipe.intake.model import State

process_video = dg.define_asset_job(
    "process_video",
    selection=dg.AssetSelection.groups("ingest", "analysis", "content", "clips", "exports")
    - dg.AssetSelection.assets("upload", "sidecar"),
    partitions_def=videos,
    description="Everything for one video: from the accepted upload to its platform exports.",
)


class UploadConfig(dg.Config):
    """One object of a drop folder, as a listing saw it."""

    key: str = Field(description="{channel}/{name} in the drop folder")
    version: str
    size_bytes: int
    modified_s: float
    sidecars: dict[str, str] = Field(default_factory=dict, description="keys by suffix")
    sidecar_version: str = ""

    @classmethod
    def of(cls, seen: Seen) -> "UploadConfig":
        """What a listing saw, as configuration of a run."""
        return cls(
            key=seen.key,
            version=seen.version,
            size_bytes=seen.size_bytes,
            modified_s=seen.modified_s,
            sidecars=dict(seen.sidecars),
            sidecar_version=seen.sidecar_version,
        )

    def seen(self) -> Seen:
        """The same, as the engine knows it."""
        return Seen(
            key=self.key,
            version=self.version,
            size_bytes=self.size_bytes,
            modified_s=self.modified_s,
            sidecars=self.sidecars,
            sidecar_version=self.sidecar_version,
        )


class IntakeConfig(dg.Config):
    """The uploads to take in."""

    uploads: list[UploadConfig]


@dg.op
def take_uploads(
    context: dg.OpExecutionContext, config: IntakeConfig, vidpipe: VidpipeResource
) -> None:
    """Each new object once: hash, probe, decode check; accepted or quarantined with a reason."""
    engine = vidpipe.engine
    store = vidpipe.drop_store()
    intake = engine.intake()
    engine.artifacts.sweep()
    for item in config.uploads:
        work = engine.artifacts.workspace("drop")
        try:
            with on_this_machine(store, item.seen(), work) as drop:
                outcome = intake.take(drop)
        except FileNotFoundError:
            context.log.warning(f"{item.key} is gone from the drop folder: passed over")
            continue
        except Unavailable as error:
            raise dg.RetryRequested(max_retries=3, seconds_to_wait=10) from error
        finally:
            if work.exists():
                work.rmdir()
        context.log.info(f"{item.key}: {outcome.state.value}: {outcome.message}")
        if outcome.state is State.ACCEPTED and outcome.video_id is not None:
            video = engine.catalog.video(outcome.video_id)
            assert video is not None
            for name, version in (("upload", video.sha256), ("sidecar", video.sidecar_version)):
                context.log_event(
                    dg.AssetMaterialization(
                        name,
                        partition=outcome.video_id,
                        metadata={"key": item.key, "size_bytes": item.size_bytes},
                        tags={"dagster/data_version": version or "none"},
                    )
                )


@dg.job(
    executor_def=dg.in_process_executor,
    description="Takes uploads of the drop folder in: identity, rules, quarantine.",
)
def intake() -> None:
    """Takes uploads of the drop folder in."""
    take_uploads()
