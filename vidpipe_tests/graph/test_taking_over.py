"""Runs that waited in Dagster's queue while a service took over what they were for."""

from types import SimpleNamespace

import dagster as dg
import pytest

from definitions import defs
from resources.executor import HeartbeatExecutor
from resources.tags import PARTITION, REQUEST
from resources.vidpipe_resource import VidpipeResource
from sensors.run_outcomes import run_outcomes
from vidpipe.catalog.requests import Requests
from vidpipe.errors import Unavailable
from vidpipe_tests.conftest import CHANNELS
from vidpipe_tests.reviews.conftest import video_row

VIDEO = "default--v-0123456789"


class Steps:
    """In the place of Dagster's executor of steps."""

    retries = step_dependency_config = None

    def __init__(self):
        self.ran = 0

    def execute(self, *_):
        self.ran += 1
        return iter(())


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "channels.yaml").write_text(CHANNELS)
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def catalog(home):
    made = VidpipeResource(home=str(home)).engine.catalog
    assert made.accept_video(video_row(VIDEO, channel="default"))
    return made


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def queued(instance, catalog, **more):
    """A run in Dagster's queue that has the video's request."""
    [request] = catalog.requests.due(1)
    tags = {REQUEST: str(request.id), PARTITION: VIDEO}
    job = defs.resolve_job_def("process_video")
    status = dg.DagsterRunStatus.NOT_STARTED
    run = instance.create_run_for_job(job, tags=tags, status=status, **more)
    catalog.requests.submitted({request.id: run.run_id})
    return run


def begun(run):
    steps = Steps()
    list(HeartbeatExecutor(steps).execute(SimpleNamespace(dagster_run=run), None))
    return steps.ran


def outcome(instance, home):
    context = dg.build_sensor_context(instance=instance)
    result = run_outcomes(context, vidpipe=VidpipeResource(home=str(home)))
    return result.skip_reason.skip_message


def taken_over(catalog):
    """As a service does that finds no daemon."""
    [row] = catalog.requests.in_flight()
    catalog.requests.reopen([row.id])
    [request] = catalog.requests.due(1)
    return catalog.requests.take(request.id, "cli-1")


def test_a_run_begins_that_has_its_request_and_one_that_is_about_to_get_it(instance, catalog):
    run = queued(instance, catalog)
    assert begun(run) == 1
    [row] = catalog.requests.in_flight()
    catalog.requests.reopen([row.id])
    [request] = catalog.requests.due(1)
    early = SimpleNamespace(**{**vars_of(run), "tags": {**run.tags, REQUEST: str(request.id)}})
    assert begun(early) == 1, "the sensor has not seen yet which run its request has"


def vars_of(run):
    return {name: getattr(run, name) for name in ("run_id", "job_name", "parent_run_id")}


def test_a_run_does_not_begin_what_a_service_took_over(instance, catalog, home):
    run = queued(instance, catalog)
    assert taken_over(catalog) is not None
    with pytest.raises(dg.Failure, match="given to another run"):
        begun(run)
    assert catalog.heartbeats.last() == {}
    # How it ended is no failure of the video, which the service has.
    instance.report_run_failed(run, "taken over")
    assert "nothing to note" in outcome(instance, home)
    assert catalog.failures.living() == []
    assert [row.run_id for row in catalog.requests.in_flight()] == ["cli-1"]


def test_a_run_that_died_with_its_daemon_is_no_failure_of_what_was_finished_since(
    instance, catalog, home
):
    run = queued(instance, catalog)
    row = taken_over(catalog)
    catalog.finish_video(VIDEO, row.updated_at)
    instance.report_run_failed(run, "its machine died")
    assert "nothing to note" in outcome(instance, home)
    assert catalog.failures.living() == [] and catalog.requests.videos() == set()


def test_a_cancelled_request_is_not_begun_and_a_person_may_still_execute_it_again(
    instance, catalog
):
    run = queued(instance, catalog)
    catalog.requests.done(run.run_id)
    with pytest.raises(dg.Failure):
        begun(run)
    again = instance.create_run_for_job(
        defs.resolve_job_def("process_video"),
        tags=dict(run.tags),
        parent_run_id=run.run_id,
        root_run_id=run.run_id,
    )
    assert begun(again) == 1


def test_where_the_catalog_is_away_the_run_itself_says_so(instance, catalog, monkeypatch):
    run = queued(instance, catalog)

    def away(*_):
        raise Unavailable("the database is away")

    monkeypatch.setattr(Requests, "is_left_to", away)
    assert begun(run) == 1
