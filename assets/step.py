"""The thin shell around a stage: run it, say what came out, translate its errors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.checks import NO_CHECKS, Checks
from assets.partitions import videos
from assets.previews import preview
from assets.sources import code_of
from resources.executor import end_with_parent, ended_when_stuck
from resources.observed import stepping
from resources.run_options import RunOptionsResource
from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import MustWait, Unavailable, VidpipeError, cause_of, retryable
from vidpipe.operations import gates
from vidpipe.operations.recovery import STEP_RETRY_DELAYS_S, step_wait_s
from vidpipe.pipeline import TALKS, Engine, Order, StageResult
from vidpipe.storage.artifacts import Manifest
from vidpipe.stuck import StoodStill

OWNERS = ["team:media"]


def run(
    context: dg.AssetExecutionContext,
    vidpipe: VidpipeResource,
    run_options: RunOptionsResource,
    name: str,
) -> StageResult:
    """Run a stage for this partition's video; errors as in `translated`."""
    end_with_parent()
    with stepping(context.run), translated(context):
        engine = vidpipe.engine
        video_id = context.partition_key
        order = engine.order(video_id, run_options.chosen(), asked_at=_asked_at(context))
        _check_gate(context, engine, name, order)
        made = chosen(context, engine)
        try:
            with ended_when_stuck(engine.settings, context.log.error):
                return engine.run_stage(name, video_id, order, _reporter(context), made)
        except StoodStill as error:
            # It took a quarter of an hour to see: not again within a minute.
            raise _failure(error) from error


def _check_gate(context: dg.AssetExecutionContext, engine: Engine, name: str, order: Order) -> None:
    """Whether the stage may be run now, in a run that somebody launched by themselves, too.

    Raises:
        dagster.Failure: somebody has to approve first; the video waits from now on.
    """
    try:
        gates.check(engine, context.partition_key, name, order)
    except gates.AwaitsReview as error:
        gates.stopped(engine, context.partition_key, name, order, error.gate)
        raise dg.Failure(
            description=str(error),
            metadata={"cause": gates.AWAITS_REVIEW, "retryable": False},
            allow_retries=False,
        ) from error


def _asked_at(context: dg.AssetExecutionContext) -> datetime | None:
    record = context.instance.get_run_record_by_id(context.run_id)
    return record.create_timestamp.replace(tzinfo=UTC) if record is not None else None


def chosen(context: dg.AssetExecutionContext, engine: Engine) -> dict[str, Manifest]:
    """What the steps of this run made or found, by name of the artifact.

    Dagster lets one run at a time work on a video, but `vidpipe run` may work on it beside,
    with other run_options: a step reads what its own run chose, not what is current by then.
    """
    found: dict[str, Manifest] = {}
    for record in _materialized(context):
        made = record.asset_materialization
        if made is None or made.partition != context.partition_key:
            continue
        name = "/".join(made.asset_key.path)
        identity = made.metadata.get("fingerprint")
        if identity is None:
            continue
        manifest = engine.artifacts.manifest(
            context.partition_key, engine.pipeline.folder(name), name, str(identity.value)
        )
        if manifest is not None:
            found[name] = manifest
    return found


def _materialized(context: dg.AssetExecutionContext) -> Iterator[dg.EventLogRecord]:
    """What this run has materialised until now, the newest last."""
    cursor: str | None = None
    while True:
        part = context.instance.get_records_for_run(
            context.run_id, cursor, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        yield from part.records
        if not part.has_more:
            return
        cursor = part.cursor


@contextmanager
def translated(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Our errors in Dagster's words; everything that a step asks of the engine is within.

    Raises:
        dagster.RetryRequested: something was unavailable, and trying again can help.
        dagster.Failure: it cannot help, or was tried often enough for one step.
    """
    try:
        yield
    except Unavailable as error:
        wait_s = step_wait_s(error, context.retry_number)
        if wait_s is not None:
            context.log.warning(f"unavailable, tried again in {wait_s:.0f} s: {error}")
            raise dg.RetryRequested(
                max_retries=len(STEP_RETRY_DELAYS_S), seconds_to_wait=wait_s
            ) from error
        raise _failure(error) from error
    except (VidpipeError, OSError, MemoryError) as error:
        if not isinstance(error, VidpipeError):
            context.log.exception("the machine, or a bug in vidpipe")
        raise _failure(error) from error


def _failure(error: BaseException) -> dg.Failure:
    """The end of a step: with what is grouped by, and whether trying again later can help.

    One that waits for a budget or a quota says for which, and until when.
    """
    metadata: dict[str, Any] = {"cause": cause_of(error), "retryable": retryable(error)}
    if isinstance(error, MustWait):
        until = error.until.isoformat() if error.until is not None else ""
        metadata |= {"waits_for": error.key, "until": until}
    return dg.Failure(
        description=str(error),
        metadata=metadata,
        allow_retries=False,
    )


def _reporter(context: dg.AssetExecutionContext) -> Callable[[float, str], None]:
    """Progress as log lines: each new message once, and every quarter."""
    last: dict[str, Any] = {"note": "", "quarter": 0}

    def tell(fraction: float, note: str) -> None:
        quarter = int(fraction * 4)
        if (note and note != last["note"]) or quarter > last["quarter"]:
            context.log.info(f"{fraction:.0%} {note}".strip())
        last.update(note=note, quarter=quarter)

    return tell


def result_of(
    context: dg.AssetExecutionContext,
    engine: Engine,
    result: StageResult,
    checks: Sequence[dg.AssetCheckResult] = (),
    asset_key: dg.AssetKey | None = None,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What Dagster records: metadata, data version, check results."""
    with translated(context):
        metadata = preview(engine, result)
    return dg.MaterializeResult(
        asset_key=asset_key,
        metadata=metadata,
        data_version=dg.DataVersion(result.manifest.content_digest[:16]),
        check_results=list(checks),
    )


def stage_asset(
    name: str,
    description: str,
    *,
    group: str,
    kinds: set[str],
    pool: str | None = None,
    beside: Sequence[str] = (),
    checks: Checks = NO_CHECKS,
) -> dg.AssetsDefinition:
    """The asset of a stage: its inputs as deps, its version, its partitions, its checks.

    Args:
        name: of the stage, and of the asset.
        description: one sentence on what it is.
        group: where it stands in the graph.
        kinds: what does the work.
        pool: whose places its steps share.
        beside: assets that come before it without being an input of the stage.
        checks: what is looked at in each result.
    """
    stage = TALKS.stage(name)

    @dg.asset(
        name=name,
        description=description,
        group_name=group,
        kinds=kinds,
        pool=pool,
        deps=[*stage.inputs, *beside],
        check_specs=checks.specs(name),
        metadata=code_of(stage),
        owners=OWNERS,
        partitions_def=videos,
        code_version=stage.version,
    )
    def of_stage(
        context: dg.AssetExecutionContext, vidpipe: VidpipeResource, run_options: RunOptionsResource
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        result = run(context, vidpipe, run_options, name)
        return result_of(context, vidpipe.engine, result, checks.of(result.document))

    return of_stage
