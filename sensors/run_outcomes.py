"""How runs ended: finished, to be tried again, or left for a person."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.executor import GETS_NO_FURTHER, asked_for
from resources.run_options import has_run_options
from resources.tags import PARTITION, REQUEST
from resources.vidpipe_resource import VidpipeResource
from sensors.jobs import process_video
from vidpipe.catalog.failures import CANCELLED, Failed
from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import now
from vidpipe.errors import WAITING_CAUSES, Unavailable, VidpipeError, cause_of
from vidpipe.library.edit_runs import note_lost
from vidpipe.operations import gates
from vidpipe.operations.gates import AWAITS_REVIEW
from vidpipe.operations.recovery import WORKER_LOST, note_failure, note_waiting, orphaned
from vidpipe.pipeline import Engine
from vidpipe.storage.keys import channel_of

#: How a step ends whose process, or the one that leads its run, was killed.
_GONE = {"ChildProcessCrashException", "DagsterExecutionInterruptedError", "KeyboardInterrupt"}
#: What a step ends with when Dagster itself could not reach its database, its logs' bucket
#: or the code server, outside of anything of ours.
_AWAY = {
    "Unavailable",
    "OperationalError",
    "InterfaceError",
    "ClientError",
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "DagsterUserCodeUnreachableError",
}
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
#: Runs of one tick, and how far back each tick looks again: clocks differ.
_BATCH, _OVERLAP, _FIRST = 100, timedelta(seconds=30), timedelta(hours=1)


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notes how every run of a video ended. What can pass is tried again after 1, 5, "
    "15 and 60 minutes; the rest is a dead letter at once: `vidpipe failures`. So is a run whose "
    "launch form someone filled in: re-execute it from its page, which keeps the form.",
)
def run_outcomes(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Look at the runs that ended since the last tick, each once.

    Not Dagster's run status sensor: that one goes on after an error, and a run that ended
    while the catalog was away would never be noted.
    """
    state = json.loads(context.cursor) if context.cursor else {}
    done: dict[str, str] = state.get("done", {})
    # On the first tick a little of the past: an old instance's failures are history.
    since = datetime.fromisoformat(state.get("since") or (now() - _FIRST).isoformat())
    records = context.instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED, updated_after=since - _OVERLAP),
        limit=_BATCH + len(done),
        order_by="update_timestamp",
        ascending=True,
    )
    said = []
    try:
        for record in records:
            run = record.dagster_run
            ended = record.update_timestamp.replace(tzinfo=UTC)
            since = max(since, ended)
            if done.get(run.run_id) == run.status.value:
                continue
            if PARTITION in run.tags:
                said.append(_noted(context.instance, vidpipe.engine, record))
                vidpipe.engine.catalog.heartbeats.stop([run.run_id])
            done[run.run_id] = run.status.value
        said += _settle(context.instance, vidpipe.engine)
    except VidpipeError as error:
        return dg.SkipReason(f"skipped: the catalog could not be reached: {error}")
    recent = {r.dagster_run.run_id for r in records if _recent(r, since)}
    cursor = {
        "done": {k: v for k, v in done.items() if k in recent},
        "since": since.isoformat(),
    }
    return dg.SensorResult(
        skip_reason="; ".join(said[:20]) or "no run has ended", cursor=json.dumps(cursor)
    )


def _recent(record: dg.RunRecord, since: datetime) -> bool:
    return record.update_timestamp.replace(tzinfo=UTC) >= since - 2 * _OVERLAP


def _noted(instance: dg.DagsterInstance, engine: Engine, record: dg.RunRecord) -> str:
    """Note how a run ended; what keeps that of one from being noted keeps back no other.

    Raises:
        Unavailable: the catalog is away: it is noted when it is back.
    """
    try:
        return _note(instance, engine, record)
    except Unavailable:
        raise
    except (VidpipeError, ValueError) as error:
        run = record.dagster_run
        video_id = run.tags[PARTITION]
        failed = Failed(
            subject=video_id,
            channel=channel_of(video_id),
            job=run.job_name,
            stage="",
            cause=cause_of(error),
            message=f"its run ended, and what follows could not be seen to: {error}",
            run_id=run.run_id,
        )
        done = note_failure(engine.catalog, failed, passing=False)
        engine.catalog.requests.done(run.run_id)
        return f"{video_id}: {done}"


def _note(instance: dg.DagsterInstance, engine: Engine, record: dg.RunRecord) -> str:
    catalog, run = engine.catalog, record.dagster_run
    video_id = run.tags[PARTITION]
    stages = sorted(k.to_user_string() for k in run.asset_selection or ()) or None
    number = int(run.tags.get(REQUEST, 0))
    own = next((row for row in catalog.requests.of_video(video_id) if row.id == number), None)
    if run.status is dg.DagsterRunStatus.SUCCESS:
        video = catalog.video(video_id)
        ended = datetime.fromtimestamp(record.end_time or 0, UTC)
        known = video is not None and video.finished_at is not None and video.finished_at > ended
        whole = stages is None and run.job_name == process_video.name
        if not known and (whole or REQUEST in run.tags):
            began = datetime.fromtimestamp(record.start_time or 0, UTC)
            if own is not None and own.gate is not None:
                if own.state == RequestState.DONE:
                    return f"{video_id}: known already"
                return f"{video_id}: {gates.ended(engine, own, began)}"
            catalog.finish_video(video_id, began, own.run_options if own else None, stages)
            gates.finished(engine, video_id)
        catalog.requests.done(run.run_id)
        return f"{video_id}: finished"
    if own is not None and own.gate is not None:
        # Tried again, it is all that was asked for, and as far as it may go then.
        stages = own.stages
    failed, passing, metadata = _what_failed(instance, run, video_id)
    if failed.cause == AWAITS_REVIEW:
        # Its step wrote down that the video waits: nothing went wrong.
        catalog.requests.done(run.run_id)
        return f"{video_id}: {failed.message}"
    over = asked_for(run) and not catalog.requests.is_left_to(number, run.run_id)
    if over and not catalog.failures.reported(run.run_id):
        # A service took it over, or somebody cancelled it: whoever has it tells of it.
        return f"{video_id}: not its own any more, nothing to note"
    if failed.cause in WAITING_CAUSES:
        waits_for, until = (_text_of(metadata, name) for name in ("waits_for", "until"))
        moment = datetime.fromisoformat(until) if until else None
        done = note_waiting(catalog, failed, waits_for=waits_for, until=moment, stages=stages)
        return f"{video_id}: {done}"
    if REQUEST not in run.tags and has_run_options(run.run_config):
        # A request for a run of its own would not know of what somebody filled in for this one.
        passing = False
    retry_delays_s = engine.settings.retry_delays_s
    done = note_failure(
        catalog, failed, passing=passing, stages=stages, retry_delays_s=retry_delays_s
    )
    return f"{video_id}: {done}"


def _text_of(metadata: Mapping[str, dg.MetadataValue], name: str) -> str:
    return str(metadata[name].value) if name in metadata else ""


def _what_failed(
    instance: dg.DagsterInstance, run: dg.DagsterRun, video_id: str
) -> tuple[Failed, bool, Mapping[str, dg.MetadataValue]]:
    """The first failure of the run, whether trying again can help, and what it says of itself."""
    said: Mapping[str, dg.MetadataValue] = {}
    cause, message, stage, passing = (
        WORKER_LOST,
        "the worker process died without an error",
        "",
        True,
    )
    if run.status is dg.DagsterRunStatus.CANCELED:
        cause, message, passing = CANCELLED, "somebody ended the run", False
    else:
        for record in _step_failures(instance, run.run_id):
            data = record.step_failure_data
            stage = (record.step_key or "").replace("__", "/")
            ours = data.user_failure_data
            metadata = ours.metadata if ours else {}
            if ours and "cause" in metadata:
                cause = str(metadata["cause"].value)
                passing = bool(metadata["retryable"].value)
                message, said = ours.description or "", metadata
                break
            error = data.error.cause or data.error if data.error else None
            crashed = error is not None and error.cls_name == "ChildProcessCrashException"
            if crashed and _got_no_further(instance, run.run_id):
                cause, passing = "rejected:gets_no_further", False
                message = "it computed without getting further; the log of the run says at what"
                break
            if error is not None and error.cls_name not in _GONE:
                passing = error.cls_name in _AWAY
                cause = "unavailable" if passing else f"unexpected:{error.cls_name}"
                message = ((error.message or "").strip().splitlines() or [""])[0]
                break
    failed = Failed(
        subject=video_id,
        channel=channel_of(video_id),
        job=run.job_name,
        stage=stage,
        cause=cause,
        message=message,
        run_id=run.run_id,
    )
    return failed, passing, said


def _got_no_further(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a step's process ended itself for that; Dagster says with what it ended in words."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT).records
    said = [record.event_log_entry.dagster_event for record in records]
    code = re.compile(rf"exited with code {GETS_NO_FURTHER}\b")
    return any(event is not None and code.search(event.message or "") for event in said)


def _step_failures(instance: dg.DagsterInstance, run_id: str) -> Iterable[dg.DagsterEvent]:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is not None:
            yield event


def _settle(instance: dg.DagsterInstance, engine: Engine) -> list[str]:
    """Requests in flight whose run is over or gone all the same; what was done about each.

    Their end was missed, or they were deleted, or never came to be. Runs of commands are none of
    the orchestrator's: they are lost when their process is.
    """
    note_lost(engine)
    living = engine.catalog.requests.in_flight()
    in_flight = [row for row in living if not str(row.run_id).startswith(COMMAND_RUN)]
    if not in_flight:
        return []
    wanted = dg.RunsFilter(run_ids=[str(row.run_id) for row in in_flight])
    records = {r.dagster_run.run_id: r for r in instance.get_run_records(wanted)}
    ended = [r for r in records.values() if r.dagster_run.status in _ENDED]
    said = [_noted(instance, engine, record) for record in ended]
    for record in ended:
        engine.catalog.requests.done(record.dagster_run.run_id)
    gone = orphaned(in_flight, records)
    engine.catalog.requests.reopen([row.id for row in gone])
    return said + [f"{row.video_id}: its run is gone: asked for again" for row in gone]
