"""The thin shell around a stage: run it, say what came out, translate its errors."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from assets.partitions import videos
from assets.previews import preview
from resources import VidpipeResource
from vidpipe.errors import Unavailable, VidpipeError
from vidpipe.pipeline import Engine, Order, StageResult, stage
from vidpipe.platforms.model import TierName

OWNERS = ["team:media"]

#: A step tries again by itself for so long; longer waits are not a step's business.
_TRIES = 3
_WAIT_S = 10.0


class StageConfig(dg.Config):
    """How to run this step."""

    force: bool = Field(default=False, description="make it anew even if nothing changed")


class SegmentConfig(StageConfig):
    """How to choose segments."""

    clips: int | None = Field(
        default=None, ge=1, le=50, description="at most so many clips; empty: as the channel says"
    )


class Quality(Enum):
    """The quality tiers, for launch forms."""

    CHANNEL = "as the channel says"
    DRAFT = "draft"
    STANDARD = "standard"
    HIGH = "high"

    @property
    def tier(self) -> TierName | None:
        return None if self is Quality.CHANNEL else self.value


class ExportConfig(StageConfig):
    """How good."""

    quality: Quality = Field(default=Quality.CHANNEL, description="of the picture")


class ClipConfig(ExportConfig):
    """What to render for."""

    platforms: list[str] = Field(
        default_factory=list, description="platforms to render for; empty: as the channel says"
    )


def run(
    context: dg.AssetExecutionContext,
    vidpipe: VidpipeResource,
    name: str,
    config: StageConfig,
    *,
    platforms: tuple[str, ...] = (),
    clips: int | None = None,
    quality: TierName | None = None,
    video_id: str | None = None,
) -> StageResult:
    """Run a stage for this partition's video.

    Raises:
        dagster.RetryRequested: something was unavailable, and trying again can help.
        dagster.Failure: it cannot help.
    """
    key = video_id or context.partition_key
    try:
        engine = vidpipe.engine
        order: Order = engine.order(
            key, platforms=platforms, clips=clips, quality=quality, force=config.force
        )
        return engine.run_stage(name, key, order, _reporter(context))
    except Unavailable as error:
        context.log.warning(f"unavailable, will be tried again: {error}")
        raise dg.RetryRequested(
            max_retries=_TRIES, seconds_to_wait=error.retry_after_s or _WAIT_S
        ) from error
    except VidpipeError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def _reporter(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
    """Progress as log lines: each new message once, and every quarter."""
    last = {"note": "", "quarter": 0}

    def tell(fraction: float, note: str) -> None:
        quarter = int(fraction * 4)
        if (note and note != last["note"]) or quarter > last["quarter"]:
            context.log.info(f"{fraction:.0%} {note}".strip())
        last.update(note=note, quarter=quarter)

    return tell


def result_of(
    engine: Engine,
    result: StageResult,
    checks: Sequence[dg.AssetCheckResult] = (),
    asset_key: dg.AssetKey | None = None,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What Dagster records: metadata, data version, check results."""
    return dg.MaterializeResult(
        asset_key=asset_key,
        metadata=preview(engine, result),
        data_version=dg.DataVersion(result.manifest.content_digest[:16]),
        check_results=list(checks),
    )


def of_stage(name: str, *, beside: Sequence[str] = ()) -> dict[str, Any]:
    """What every stage's asset has: its inputs as deps, its version, its partitions."""
    return {
        "owners": OWNERS,
        "partitions_def": videos,
        "deps": [*stage(name).inputs, *beside],
        "code_version": version_of(name),
    }


def version_of(name: str) -> str:
    """The code version of a stage's asset."""
    return stage(name).version
