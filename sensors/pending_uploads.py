"""Noticed uploads become intake runs: few at a time, fairly between channels."""

from collections.abc import Sequence

import dagster as dg

from resources.tags import INTAKE_PRIORITY, PRIORITY
from resources.vidpipe_resource import VidpipeResource
from sensors.jobs import ALIVE, IntakeConfig, UploadConfig, intake, uploads_of
from vidpipe.catalog.tables import UploadRow
from vidpipe.errors import VidpipeError
from vidpipe.library.coordination import AFTER_SERVICES, coordinate
from vidpipe.library.due import uploads_due
from vidpipe.operations.disk_space import low_disk_space

#: Runs at once. An upload that failed before gets a run of its own: if it ends its process, it
#: takes no other with it.
_RUNS = 3


@dg.sensor(
    job=intake,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests intake runs for uploads that nobody writes to any more.",
)
def pending_uploads(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask the catalog for noticed uploads that no intake run works on."""
    runs = context.instance.get_runs(dg.RunsFilter(job_name="intake", statuses=ALIVE))
    in_flight = {key for run in runs for key in uploads_of(run)}
    try:
        engine = vidpipe.engine
        if not coordinate(engine):
            return dg.SkipReason(AFTER_SERVICES)
        chosen = uploads_due(engine, vidpipe.drop_folder(), in_flight)
        total = engine.catalog.inbox.count()
        short = low_disk_space(engine.settings)
    except VidpipeError as error:
        return dg.SkipReason(f"the catalog could not be read: {error}")
    if not chosen:
        return dg.SkipReason(f"nothing to take in; {total} are in flight or not whole yet")
    if short:
        return dg.SkipReason(f"deferred {total} uploads: {short}")
    if len(runs) >= _RUNS:
        return dg.SkipReason(f"deferred {total} uploads: {len(runs)} of {_RUNS} intake runs")
    fresh = [row for row in chosen if row.attempts == 0]
    again = [row for row in chosen if row.attempts > 0]
    batches = ([fresh] if fresh else []) + [[row] for row in again]
    # No run key: an intake that failed must be asked for again; taking in twice is harmless.
    requests = [_request(batch) for batch in batches[: _RUNS - len(runs)]]
    return dg.SensorResult(run_requests=requests)


def _request(batch: Sequence[UploadRow]) -> dg.RunRequest:
    uploads = [UploadConfig(key=row.key, version=row.version) for row in batch]
    return dg.RunRequest(
        run_config=dg.RunConfig(ops={"take_uploads": IntakeConfig(uploads=uploads)}),
        tags={PRIORITY: str(INTAKE_PRIORITY)},
    )
