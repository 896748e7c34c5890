"""The whole graph, assembled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from vidpipe.extras import from_extra

with from_extra("dagster"):
    import dagster as dg

from assets import exports, operations, stages
from assets.sources import with_sources
from resources.executor import executor_for
from resources.observed import observe
from resources.run_options import run_options_for
from resources.vidpipe_resource import VidpipeResource
from sensors.drop_folder import drop_folder
from sensors.drop_notifications import drop_notifications
from sensors.jobs import OF_VIDEOS, intake
from sensors.lost_runs import lost_runs
from sensors.notifications import notifications
from sensors.operations import JOBS, SCHEDULES
from sensors.pending_uploads import pending_uploads
from sensors.posts import posts_noted
from sensors.run_outcomes import run_outcomes
from sensors.video_requests import video_requests
from vidpipe.channels.model import all_presets
from vidpipe.observability import traces
from vidpipe.readiness import start_up

#: Imported once by the fork server, so that a step starts in half a second. The
#: storage modules and alembic are what a step would otherwise load by itself
#: (six no-op steps: 5.6 s with this list, 11.5 s without, 19.6 s by spawn).
PRELOAD = [
    "definitions",
    "dagster._cli.api",
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage",
    "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage",
    "dagster._core.storage.local_compute_log_manager",
    "alembic.command",
]
#: The same of a deployment (PostgreSQL, logs in S3), where it is installed.
PRELOAD += [
    name
    for name in (
        "dagster_postgres.storage",
        "dagster_postgres.event_log",
        "dagster_postgres.run_storage",
        "dagster_postgres.schedule_storage",
        "dagster_aws.s3.compute_log_manager",
        "boto3.session",
        "sensors.coordinator",
    )
    if find_spec(name.split(".")[0]) is not None
]
#: What sends spans, where they are sent.
PRELOAD += [
    name
    for name in (
        "opentelemetry.sdk.trace.export",
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.instrumentation.httpx",
    )
    if traces.wanted(os.environ) and find_spec(name.partition(".")[0]) is not None
]


def build_defs(
    *,
    resource_overrides: Mapping[str, Any] | None = None,
    executor: dg.ExecutorDefinition | None = None,
) -> dg.Definitions:
    """The definitions; tests and commands override resources and the executor.

    Raises:
        Misconfigured: everything that cannot work, at once, before anything starts.
    """
    settings, channels = start_up()
    observe(settings)
    presets = all_presets(channels.values())
    return dg.Definitions(
        assets=with_sources(
            [
                *stages.stage_assets("api" if settings.transcript.api.url else "gpu"),
                exports.exports_for(presets),
                *operations.ASSETS,
            ],
            settings,
        ),
        jobs=[*OF_VIDEOS, intake, *JOBS],
        sensors=[
            drop_folder,
            drop_notifications,
            pending_uploads,
            video_requests,
            run_outcomes,
            lost_runs,
            notifications,
            posts_noted,
        ],
        schedules=SCHEDULES,
        resources={
            "vidpipe": VidpipeResource(),
            "run_options": run_options_for(presets),
            **(resource_overrides or {}),
        },
        executor=executor or executor_for(settings, PRELOAD),
    )


defs = build_defs()
