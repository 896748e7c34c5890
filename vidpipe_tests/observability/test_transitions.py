"""What becomes of jobs, requests and uploads is logged once, under the ids of who asked."""

import logging

import pytest

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.jobs import JobRow
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe.errors import Unavailable
from vidpipe.intake.drops import scan
from vidpipe.intake.folders import LocalFolder
from vidpipe.intake.taking import ingest_pending, notice
from vidpipe.observability.context import bound, carried
from vidpipe.observability.events import Event
from vidpipe.operations.recovery import note_failure
from vidpipe_tests.conftest import take

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def events(caplog):
    caplog.set_level(logging.DEBUG, "vidpipe")

    def found(*about):
        """Events of these parts of vidpipe, with their fields."""
        messages = [record.msg for record in caplog.records if isinstance(record.msg, Event)]
        return [(e.name, e.fields) for e in messages if e.name.startswith(about)]

    return found


@pytest.fixture
def video_id(engine, talk):
    return take(engine, talk.path).video_id


def add(catalog, video_id, job_id="job-1", **more):
    row = JobRow(job_id=job_id, channel="default", video_id=video_id, asked_by="me", **more)
    catalog.jobs.add([row])
    return row


def test_a_job_says_each_state_once(engine, video_id, events):
    catalog = engine.catalog
    with bound(request_id="req-12345678", traceparent=GIVEN):
        add(catalog, video_id, stages=["audio"], run_options={"force": True})
    (request,) = [row for row in catalog.requests.of_video(video_id) if row.run_options]
    assert request.origin == {
        "request_id": "req-12345678",
        "job_id": "job-1",
        "traceparent": GIVEN,
    }
    began = now()
    catalog.requests.submitted({request.id: "run-1"})
    catalog.requests.submitted({request.id: "run-1"})
    for _ in range(3):
        catalog.heartbeats.beat("run-1", video_id)
    catalog.requests.done("run-1")
    catalog.finish_video(video_id, began, request.run_options)
    said = events("job_")
    assert [name for name, _ in said] == ["job_create_done", "job_state_running", "job_state_done"]
    for _, fields in said:
        assert fields["job_id"] == "job-1" and fields["trace_id"] == TRACE
        assert fields["request_id"] == "req-12345678" and fields["video_id"] == video_id
    assert [name for name, _ in events("request_submit")] == ["request_submit_done"]


def test_what_is_taken_back_is_not_logged(engine, video_id, events):
    catalog = engine.catalog
    row = JobRow(job_id="job-1", channel="default", state="queued", asked_by="me", attempts=1)

    def written():
        with catalog.writing() as session:
            session.add(row)
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        written()
    assert events("job_") == []


def test_a_job_without_a_request_has_a_trace_all_the_same(engine, video_id):
    row = add(engine.catalog, video_id)
    assert set(row.origin) == {"job_id", "traceparent"}


def test_another_try_is_in_the_trace_of_the_first(engine, video_id, events):
    catalog = engine.catalog
    with bound(traceparent=GIVEN):
        add(catalog, video_id, run_options={"force": True})
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    failed = Failed(video_id, "default", "process_video", "audio", "unavailable", "away", "run-1")
    note_failure(catalog, failed, passing=True)
    again = catalog.requests.of_video(video_id)[0]
    assert again.id != request.id and again.origin == request.origin
    ((name, fields),) = events("failure_")
    assert name == "failure_retry_scheduled"
    assert fields["run_id"] == "run-1" and fields["stage"] == "audio"
    assert fields["message"] == "away"
    catalog.requests.submitted({again.id: "run-2"})
    catalog.requests.reopen([again.id])
    assert catalog.requests.of_video(video_id)[0].origin == request.origin


def test_what_is_wrong_with_a_file_is_said_by_its_cause_alone(engine, video_id, events):
    failed = Failed(video_id, "default", "x", "audio", "rejected:odd", "in words", "run-1")
    note_failure(engine.catalog, failed, passing=False)
    ((name, fields),) = events("failure_")
    assert name == "failure_retry_exhausted" and "message" not in fields


@pytest.fixture
def dropped(engine, talk, tmp_path):
    """A noticed upload, and the folder that it lies in."""
    folder = LocalFolder(tmp_path / "drop")
    (tmp_path / "drop" / "default").mkdir(parents=True)
    (tmp_path / "drop" / "default" / "talk.mp4").write_bytes(talk.path.read_bytes())
    notice(engine.catalog, scan(folder.slice("").items))
    (row,) = engine.catalog.uploads(["default/talk.mp4"])
    return folder, row


def test_an_upload_is_taken_in_for_the_job_that_waits_for_it(engine, dropped, events):
    folder, row = dropped
    with bound(request_id="req-12345678", traceparent=GIVEN):
        engine.catalog.jobs.add(
            [JobRow(job_id="job-1", channel="default", upload_key=row.key, asked_by="me")]
        )
    ingest_pending(engine.intake(), folder, row, "run-1")
    (request,) = engine.catalog.requests.due(10)
    assert request.cause == Cause.UPLOAD
    assert request.origin == {"request_id": "req-12345678", "job_id": "job-1", "traceparent": GIVEN}
    ((name, fields),) = events("upload_intake_")
    assert name == "upload_intake_accepted" and fields["upload"] == row.key
    assert carried() == {}


def test_an_upload_that_nobody_asked_for_begins_a_trace(engine, dropped):
    folder, row = dropped
    ingest_pending(engine.intake(), folder, row, "run-1")
    (request,) = engine.catalog.requests.due(10)
    assert set(request.origin) == {"traceparent"}


def test_an_upload_that_is_deferred_says_so(engine, dropped, events, monkeypatch):
    folder, row = dropped

    def away(*_):
        raise Unavailable("away")

    intake = engine.intake()
    monkeypatch.setattr(intake, "take", away)
    ingest_pending(intake, folder, row, "run-1")
    assert [name for name, _ in events("upload_")] == ["upload_intake_deferred"]


def test_a_stage_says_how_it_began_and_ended(engine, video_id, events, monkeypatch):
    order = engine.order(video_id)
    engine.run_stage("source_video", video_id, order)
    engine.run_stage("source_video", video_id, order)
    assert [name for name, _ in events("stage_")] == [
        *("stage_run_started", "stage_run_done", "stage_run_started", "stage_run_reused")
    ]
    with pytest.raises(Exception, match="needs audio"):
        engine.run_stage("transcript", video_id, order)
    name, fields = events("stage_")[-1]
    assert name == "stage_run_failed" and fields["cause"] == "rejected:missing_input"
    assert "message" not in fields and fields["wall_s"] >= 0
