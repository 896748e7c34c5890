"""Runs whose process is gone are failed, so that they can be tried again."""

import json
import math

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.observability import events
from vidpipe.operations.recovery import HeartbeatCheck, find_lost

_EVERY_S = 15


@dg.sensor(
    minimum_interval_seconds=_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process sent no heartbeat for VIDPIPE_HEARTBEAT_TIMEOUT_S.",
)
def lost_runs(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Compare the heartbeats with those of the last looks; see `recovery.watch`."""
    runs = context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    try:
        catalog = vidpipe.engine.catalog
        heartbeats = catalog.heartbeats.last()
        looks = math.ceil(vidpipe.engine.settings.heartbeat_timeout_s / _EVERY_S)
        before = {k: HeartbeatCheck(**v) for k, v in json.loads(context.cursor or "{}").items()}
        running = {r.run_id: str(heartbeats.get(r.run_id, "none yet")) for r in runs}
        seen, lost = find_lost(before, running, looks)
        for run in runs:
            if run.run_id in lost:
                events.warning("run_heartbeat_lost", run_id=run.run_id)
                context.instance.report_run_failed(
                    run, f"its process sends no heartbeat since {running[run.run_id]}"
                )
        catalog.heartbeats.stop(lost)
        catalog.heartbeats.sweep()
    except VidpipeError as error:
        return dg.SkipReason(f"nobody was looked at: {error}")
    cursor = json.dumps({k: {"beat": w.beat, "looks": w.looks} for k, w in seen.items()})
    said = f"{len(runs)} runs are led by living processes"
    if lost:
        said = f"failed, as their processes are gone: {', '.join(lost)}"
    return dg.SensorResult(skip_reason=said, cursor=cursor)
