"""The graph in process, on a home that tests may change."""

import shutil

import dagster as dg
import pytest

from definitions import build_defs
from resources.vidpipe_resource import VidpipeResource


@pytest.fixture
def home(tmp_path, processed):
    """The processed home, free to change."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    return home


def run_job(instance, home, video_id, job="process_video", **options):
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(home))},
        executor=dg.in_process_executor,
    )
    instance.add_dynamic_partitions("videos", [video_id])
    return local.resolve_job_def(job).execute_in_process(
        instance=instance, partition_key=video_id, raise_on_error=False, **options
    )


def run_options(**fields):
    return {"resources": {"run_options": {"config": fields}}}


def event(run, kind):
    """What Dagster writes down of a run, as `PIPELINE_SUCCESS`."""
    from dagster._core.events import DagsterEvent, DagsterEventType

    return DagsterEvent(event_type_value=DagsterEventType(kind).value, job_name=run.job_name)
