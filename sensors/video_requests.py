"""Requests for runs become runs: as many as there is room for, fairly between channels."""

from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from assets.partitions import videos
from resources.observed import origin_tags
from resources.run_options import filled
from resources.tags import CAUSE, CHANNEL, ESTIMATE, PRIORITY, REQUEST
from resources.vidpipe_resource import VidpipeResource
from sensors.jobs import ALIVE, process_video
from vidpipe.catalog.tables import RequestRow
from vidpipe.channels.model import Channel
from vidpipe.errors import Unavailable, VidpipeError
from vidpipe.library.coordination import AFTER_SERVICES, coordinate
from vidpipe.library.due import BATCH, requests_turn
from vidpipe.observability import events
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.operations.fairness import Allocation, queue_priority
from vidpipe.operations.gates import park, reach
from vidpipe.pipeline import Engine
from vidpipe.pipeline.costing import PastCosts, run_cost, said
from vidpipe.pipeline.planning import to_make
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.settings import Settings

_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


@dg.sensor(
    job=process_video,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests one run for each video that is wanted: accepted, with other sidecars, "
    "to be tried again, stale, or asked for by a person. Holds back while the queue is long, "
    "a channel has enough in flight, or space is short; what is held back waits in the catalog.",
)
def video_requests(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask the catalog for open requests whose time has come.

    A request is marked when its run is seen, not when it is asked for: a tick that is repeated
    after a crash asks under the same run key, which Dagster knows.
    """
    try:
        engine = vidpipe.engine
        if not coordinate(engine, begins=True):
            return dg.SkipReason(AFTER_SERVICES)
        due = engine.catalog.requests.due(BATCH)
        answered = _answered(context.instance, due)
        engine.catalog.requests.submitted(answered)
        due = [row for row in due if row.id not in answered]
        last = engine.catalog.served.channels({row.channel for row in due})
        total, later = engine.catalog.requests.count()
        unpaid = engine.catalog.requests.count_waiting()
        short = low_disk_space(engine.settings)
    except VidpipeError as error:
        return dg.SkipReason(f"the catalog could not be read: {error}")
    if not due:
        wait = f"; {later - unpaid} wait to be tried again" if later > unpaid else ""
        wait += f"; {unpaid} wait for a budget or a quota" if unpaid else ""
        if total:
            return dg.SkipReason(f"{total} wait for another run of the same video{wait}")
        return dg.SkipReason(f"no video waits for a run{wait}")
    if short:
        events.warning("run_request_deferred", videos=total, why=short)
        return dg.SkipReason(f"deferred {total} videos: {short}")
    turn, queued = _choose(context.instance, engine.settings, engine.channels, due, last)
    said = _held_back(turn, engine.settings, queued, total)
    if said:
        context.log.info(said)
    if not turn.chosen:
        return dg.SkipReason(said)
    keys = sorted({row.video_id for row in turn.chosen})
    try:
        begun, waiting, unclear = _up_to_gates(engine, turn.chosen)
    except VidpipeError as error:
        return dg.SkipReason(f"the catalog could not be written: {error}")
    left = [f"wait for review: {', '.join(waiting)}"] if waiting else []
    if unclear:
        left.append(f"deferred {len(unclear)} videos: {'; '.join(sorted(set(unclear)))}")
    for line in left:
        context.log.info(line)
    if not begun:
        return dg.SkipReason("; ".join(left))
    estimated = _estimated(engine, begun)
    return dg.SensorResult(
        run_requests=[
            _run_request(row, stages, estimated.get(row.video_id)) for row, stages in begun
        ],
        dynamic_partitions_requests=[videos.build_add_request(keys)],
    )


def _up_to_gates(
    engine: Engine, chosen: Sequence[RequestRow]
) -> tuple[list[tuple[RequestRow, Sequence[str] | None]], list[str], list[str]]:
    """What runs are begun and with which stages, what waits for approval, and what is in the way.

    A run goes as far as the first gate that is closed; one that could do nothing is not begun.
    Where nobody can say which gates are closed, a request stays as it is, and others go on.
    """
    begun: list[tuple[RequestRow, Sequence[str] | None]] = []
    waiting, unclear, gates = [], [], {}
    for row in chosen:
        try:
            found = reach(engine, row.video_id, row.stages, row.run_options)
        except Unavailable:
            raise
        except VidpipeError as error:
            events.warning("run_request_deferred", videos=1, why=str(error))
            unclear.append(str(error))
            continue
        if found.gate is not None and not found.stages:
            try:
                park(engine, row, found.gate)
            except Unavailable:
                raise
            except VidpipeError as error:
                # Its run meets the same, and is noted as one that failed; others go on.
                events.warning("run_request_deferred", videos=1, why=str(error))
                begun.append((row, row.stages))
                continue
            waiting.append(f"{row.video_id} at the gate {found.gate}")
            continue
        if found.gate != row.gate:
            gates[row.id] = found.gate
        begun.append((row, row.stages if found.stages is None else found.stages))
    if gates:
        engine.catalog.requests.limit(gates)
    return begun, waiting, unclear


def _answered(instance: dg.DagsterInstance, due: Sequence[RequestRow]) -> dict[int, str]:
    """Which of these have runs already: run ids by request."""
    if not due:
        return {}
    runs = instance.get_runs(dg.RunsFilter(tags={REQUEST: [str(row.id) for row in due]}))
    return {int(run.tags[REQUEST]): run.run_id for run in runs}


def _count(
    instance: dg.DagsterInstance,
    statuses: list[dg.DagsterRunStatus],
    causes: list[str],
    channel: str | None = None,
) -> int:
    """Runs in these states. Backfills of the UI are not counted: they hold nobody up."""
    tags: dict[str, str | list[str]] = {CAUSE: causes}
    if channel is not None:
        tags[CHANNEL] = channel
    return instance.get_runs_count(
        dg.RunsFilter(job_name="process_video", statuses=statuses, tags=tags)
    )


def _choose(
    instance: dg.DagsterInstance,
    settings: Settings,
    channels: Mapping[str, Channel],
    due: Sequence[RequestRow],
    last: Mapping[str, float],
) -> tuple[Allocation[RequestRow], int]:
    """Whose turn it is, and how many runs were queued before; see `due.requests_turn`."""

    def load(causes: Collection[str], names: Collection[str]) -> tuple[int, Mapping[str, int]]:
        at_work = {name: _count(instance, ALIVE, list(causes), name) for name in names}
        return _count(instance, _WAITING, list(causes)), at_work

    return requests_turn(settings, channels, due, load, last=last)


def _held_back(turn: Allocation[RequestRow], settings: Settings, queued: int, total: int) -> str:
    """What waits and why, in a sentence one can act on."""
    left = total - len(turn.chosen)
    if left <= 0:
        return ""
    queued += len(turn.chosen)
    if not turn.no_room and not turn.over_limit and queued < settings.queue.max_queued_runs:
        return f"deferred {left} requests: another run of the same video comes first"
    if turn.no_room or not turn.over_limit:
        return f"deferred {left} videos: queue at {queued} of {settings.queue.max_queued_runs}"
    busy = ", ".join(sorted(turn.over_limit))
    return f"deferred {left} videos: as many in flight as allowed for {busy}"


def _estimated(
    engine: Engine, begun: Sequence[tuple[RequestRow, Sequence[str] | None]]
) -> dict[str, str]:
    """What each is expected to cost, as its run's tag says it; a run needs no estimate to begin."""
    found: dict[str, str] = {}
    past: PastCosts = {}
    for row, stages in begun:
        try:
            video = engine.catalog.video(row.video_id)
            if video is not None:
                options = RunOptions.of(**(row.run_options or {}))
                made = to_make(engine, row.video_id, stages, options)
                costs = run_cost(engine, video, made, past, options)
                found[row.video_id] = said(costs, engine.settings.costs.currency)
        except VidpipeError as error:
            events.warning("run_estimate_failed", video_id=row.video_id, why=str(error))
    return found


def _run_request(
    row: RequestRow, stages: Sequence[str] | None, estimate: str | None
) -> dg.RunRequest:
    selection = None
    if stages is not None:
        selection = [dg.AssetKey(name.split("/")) for name in stages]
    options = row.run_options
    return dg.RunRequest(
        run_key=f"request-{row.id}",
        run_config=filled(RunOptions(**options)) if options is not None else None,
        partition_key=row.video_id,
        asset_selection=selection,
        tags={
            CHANNEL: row.channel,
            CAUSE: row.cause,
            REQUEST: str(row.id),
            PRIORITY: str(queue_priority(row.priority)),
            **({ESTIMATE: estimate} if estimate is not None else {}),
            **origin_tags(row.origin),
        },
    )
