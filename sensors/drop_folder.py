"""New and changed objects in the drop folder become intake runs."""

import json
import time

import dagster as dg

from resources import VidpipeResource
from sensors.jobs import IntakeConfig, UploadConfig, intake
from vidpipe.errors import VidpipeError
from vidpipe.intake.drops import changes, settled, survey

#: Objects in one intake run.
_BATCH = 20


@dg.sensor(
    job=intake,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Watches the drop folder: {channel}/{video}, with sidecars of the same stem.",
)
def drop_folder(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """List, compare with what is known, wait until nobody writes any more, request intake.

    A listing that fails is not an empty one: it is said and nothing changes.
    """
    try:
        engine = vidpipe.engine
        store = vidpipe.drop_store()
        for channel in engine.channels:
            folder = store.local_path(channel)
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        seen = survey(store.list(""))
        known = {
            u.key: (u.version, u.sidecar_version)
            for u in engine.catalog.uploads([s.key for s in seen])
        }
    except VidpipeError as error:
        return dg.SkipReason(f"the drop folder could not be read, nothing was decided: {error}")
    busy = _at_work(context.instance)
    fresh = [s for s in changes(known, seen) if s.key not in busy]
    before = json.loads(context.cursor) if context.cursor else {}
    if store.is_local:
        ready, waiting = settled(fresh, before, time.time(), engine.settings.stable_s)
    else:
        ready, waiting = fresh, {}
    cursor = json.dumps(waiting)
    if not ready:
        said = f"{len(seen)} videos, nothing new"
        if waiting:
            said = f"waiting until nobody writes to: {', '.join(sorted(waiting)[:5])}"
        return dg.SensorResult(skip_reason=said, cursor=cursor)
    uploads = [UploadConfig.of(s) for s in ready[:_BATCH]]
    if store.is_local:
        # What did not fit in this batch is settled already: keep saying so.
        for item in ready[_BATCH:]:
            waiting[item.key] = f"{item.version}|{item.sidecar_version}"
    # No run key: an intake that failed must be asked for again; taking in twice is harmless.
    request = dg.RunRequest(
        run_config=dg.RunConfig(ops={"take_uploads": IntakeConfig(uploads=uploads)}),
    )
    return dg.SensorResult(run_requests=[request], cursor=json.dumps(waiting))


def _at_work(instance: dg.DagsterInstance) -> set[str]:
    """Keys that an intake run has in hand or waits for."""
    runs = instance.get_runs(
        filters=dg.RunsFilter(
            job_name="intake",
            statuses=[
                dg.DagsterRunStatus.QUEUED,
                dg.DagsterRunStatus.NOT_STARTED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
            ],
        )
    )
    uploads = [
        run.run_config.get("ops", {}).get("take_uploads", {}).get("config", {}).get("uploads", [])
        for run in runs
    ]
    return {item["key"] for items in uploads for item in items}
