"""What is due is done by one process, in its turn, and no more than once."""

import os
import signal
import threading
import time
from datetime import timedelta

import pytest

from vidpipe.catalog.failures import Failures
from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.processes import COORDINATOR, PROCESSOR, Presence
from vidpipe.catalog.requests import Cause, wake
from vidpipe.catalog.reviews import Decider
from vidpipe.catalog.states import WrongState
from vidpipe.catalog.tables import Heartbeat, RequestRow, UploadRow, now
from vidpipe.errors import BudgetExceeded, Misconfigured, Unavailable
from vidpipe.library import JobSpec, JobState, Library
from vidpipe.library import processor as module
from vidpipe.library.chores import chores
from vidpipe.library.coordination import coordinate, is_coordinated, processing_of, takers
from vidpipe.library.due import has_request, take_request
from vidpipe.library.processor import Processor
from vidpipe.library.work import fresh_run, run_due, take_in_due
from vidpipe_tests.conftest import make_engine, take
from vidpipe_tests.reviews.conftest import video_row

ADA = Decider("user:ada", "ada@example.org")


@pytest.fixture
def library(engine):
    engine.catalog.ready()
    return Library(engine)


def asked(library, video_id, **options):
    [job] = library.jobs.create([JobSpec(video_id=video_id, **options)], asked_by="me")
    return job.job_id


def known(library, *channels):
    """A video of each of these channels, each with a request that is due."""
    found = []
    for number, channel in enumerate(channels):
        video_id = f"{channel}--v{number}-0123456789"
        assert library.engine.catalog.accept_video(video_row(video_id, channel=channel))
        found.append(video_id)
    return found


def states(library, video_id):
    return [(row.cause, row.state) for row in library.engine.catalog.requests.of_video(video_id)]


def long_ago(library, model, **where):
    with library.engine.catalog.writing() as session:
        query = session.query(model).filter_by(**where)
        column = "at" if hasattr(model, "at") else "updated_at"
        assert query.update({column: now() - timedelta(hours=1)}, synchronize_session=False)


def test_a_job_is_done_as_the_daemon_does_it(library, stages, talk):
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    job = asked(library, video_id)
    outcome = run_due(library.engine, fresh_run())
    assert outcome.error is None and outcome.video_id == video_id
    assert stages.ran == library.engine.pipeline.names(library.engine.channels["default"].platforms)
    assert library.jobs.get(job).state is JobState.DONE
    assert run_due(library.engine, fresh_run()) is None
    kinds = [e.kind for e in library.engine.catalog.events.after(0, 500)]
    assert {"job.queued", "job.running", "job.completed"} <= set(kinds)


def test_the_least_busy_channel_is_next_and_one_video_has_one_run(library):
    requests = library.engine.catalog.requests
    first, second, third = known(library, "default", "default", "other")
    taken = [take_request(library.engine, fresh_run()).video_id for _ in range(3)]
    assert taken == [first, third, second]
    assert take_request(library.engine, fresh_run()) is None and not has_request(library.engine)
    # Another request of a video that is at work waits, also for a run that had seen it before.
    requests.add([first], Cause.MANUAL, stages=["layout"])
    [later] = [row for row in requests.of_video(first) if row.state == "open"]
    assert not has_request(library.engine) and requests.take(later.id, fresh_run()) is None


def test_what_a_command_works_on_is_not_done_beside_it(library):
    [video_id] = known(library, "default")
    heartbeats = library.engine.catalog.heartbeats
    heartbeats.beat("vidpipe-run", video_id)
    # Not even a process is started for it.
    assert not has_request(library.engine)
    assert take_request(library.engine, fresh_run()) is None
    long_ago(library, Heartbeat, run_id="vidpipe-run")
    assert take_request(library.engine, fresh_run()).video_id == video_id, "it died"


@pytest.mark.parametrize("priority", [0, 10])
def test_no_channel_waits_until_another_is_through(library, priority):
    known(library, *["default"] * 4, "other", "other")
    with library.engine.catalog.writing() as session:
        session.query(RequestRow).filter_by(channel="default").update({"priority": priority})
    taken = []
    for _ in range(5):
        run_id = fresh_run()
        taken.append(take_request(library.engine, run_id).channel)
        library.engine.catalog.requests.done(run_id)
    assert taken == ["default", "other", "default", "other", "default"]


def test_uploads_of_channels_are_taken_in_by_turns(library, monkeypatch):
    engine = library.engine
    for key in ("archive/1.mp4", "archive/2.mp4", "archive/3.mp4", "talks/1.mp4"):
        target = engine.settings.home / "drop" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"no recording")
    Processor(library).notice()
    keys = [key for key, _ in take_in_due(engine, "cli-mine")]
    assert keys == ["archive/1.mp4", "talks/1.mp4", "archive/2.mp4", "archive/3.mp4"]


def test_of_many_that_want_a_request_at_once_one_gets_it(library):
    [video_id] = known(library, "default")
    got, ready = [], threading.Barrier(8)

    def work():
        ready.wait()
        got.append(take_request(library.engine, fresh_run()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.video_id for row in got if row is not None] == [video_id]


@pytest.fixture(params=["heard", "ignored"])
def interrupts(request):
    """Interrupts as a terminal has them, or ignored, as of a shell's command in the background."""
    before = signal.getsignal(signal.SIGINT)
    if request.param == "ignored":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_run_that_is_cancelled_ends_and_is_no_bug(library, stages, talk, interrupts):
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    job, run_id, ended = asked(library, video_id), fresh_run(), []

    def cancel(_):
        library.engine.catalog.heartbeats.beat(run_id, video_id)
        assert library.jobs.get(job).state is JobState.RUNNING
        assert library.jobs.cancel(job).state is JobState.CANCELLED
        try:
            time.sleep(20)
        except KeyboardInterrupt:
            ended.append(True)
            raise

    stages.instead = cancel
    outcome = run_due(library.engine, run_id)
    assert ended and outcome.error is None and "taken back" in outcome.message
    assert library.jobs.get(job).state is JobState.CANCELLED
    assert [f.cause for f in library.engine.catalog.failures.living()] == ["cancelled"]
    assert run_due(library.engine, fresh_run()) is None, "nothing is asked for any more"
    # It can be asked for again, and is made then.
    stages.instead = lambda _: None
    library.jobs.retry(job)
    assert run_due(library.engine, fresh_run()).error is None
    assert library.jobs.get(job).state is JobState.DONE


def test_a_job_is_not_cancelled_under_a_run_that_does_not_look(library):
    [video_id] = known(library, "default")
    job = asked(library, video_id)
    catalog = library.engine.catalog
    [row] = catalog.requests.due(10)
    catalog.requests.submitted({row.id: "run-of-dagster"})
    catalog.heartbeats.beat("run-of-dagster", video_id)
    with pytest.raises(WrongState, match="a run is at work"):
        library.jobs.cancel(job)


def test_what_meets_a_budget_waits_and_goes_on_when_there_is_more(library, stages, talk):
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    job = asked(library, video_id)

    def spend(_):
        raise BudgetExceeded("no money", key="deployment/day", until=now() + timedelta(hours=5))

    stages.instead = spend
    assert "waits until" in run_due(library.engine, fresh_run()).message
    stages.instead = lambda _: None
    assert library.engine.catalog.failures.living() == []
    found = library.jobs.get(job)
    assert found.state is JobState.QUEUED and found.waiting.waits_for == "deployment/day"
    assert run_due(library.engine, fresh_run()) is None
    with library.engine.catalog.writing() as session:
        assert wake(session) == 1
    assert run_due(library.engine, fresh_run()).error is None
    assert library.jobs.get(job).state is JobState.DONE


def test_a_process_that_is_ended_while_it_tells_of_a_failure_hands_back_what_it_had(
    library, stages, talk, monkeypatch
):
    video_id = take(library.engine, talk.path, sidecars=False).video_id

    def away(_):
        raise Misconfigured("there is no such thing")

    def ended(*_, **__):
        raise SystemExit(143)

    stages.instead = away
    with monkeypatch.context() as patched:
        patched.setattr(Failures, "add", ended)
        with pytest.raises(SystemExit):
            run_due(library.engine, fresh_run())
    assert library.engine.catalog.failures.living() == []
    assert states(library, video_id) == [("upload", "open"), ("upload", "done")]
    assert "dead after 1" in run_due(library.engine, fresh_run()).message


def test_what_is_approved_goes_on(opened, stages, talk):
    library = opened(render="ask")
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    job = asked(library, video_id)
    assert "waits for review at the gate render" in run_due(library.engine, fresh_run()).message
    assert "rendered_clips" not in stages.ran
    assert library.jobs.get(job).state is JobState.WAITING_FOR_REVIEW
    assert run_due(library.engine, fresh_run()) is None
    [gate] = library.reviews.gates(channels=["default"], video_id=video_id).items
    library.reviews.approve_gate(gate.gate_id, gate.fingerprint, ADA)
    assert run_due(library.engine, fresh_run()).error is None
    assert stages.ran[-1].startswith("platform_exports/") and "rendered_clips" in stages.ran
    assert library.jobs.get(job).state is JobState.DONE


def test_what_is_away_for_a_moment_is_tried_within_the_run(library, stages, talk, monkeypatch):
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    job = asked(library, video_id)
    monkeypatch.setattr("vidpipe.operations.recovery.STEP_RETRY_DELAYS_S", (0.01, 0.01))
    failing = ["one", "two"]

    def fail(_):
        if failing:
            raise Unavailable(failing.pop())

    stages.instead = fail
    assert run_due(library.engine, fresh_run()).error is None
    assert library.jobs.get(job).state is JobState.DONE
    failing += ["one", "two", "three"]
    asked(library, video_id, stages=["layout"])
    assert "tried again in 1 min" in run_due(library.engine, fresh_run()).message
    [failure] = library.engine.catalog.failures.living()
    assert failure.job == "process_video" and failure.stage == "layout"


def test_what_a_process_had_that_is_gone_is_taken_up_again(library):
    processor, requests = Processor(library), library.engine.catalog.requests
    [video_id] = known(library, "default")
    row = take_request(library.engine, "cli-gone")
    long_ago(library, RequestRow, id=row.id)
    processor.settle()
    assert states(library, video_id) == [("retry", "open"), ("upload", "done")]
    assert [f.cause for f in library.engine.catalog.failures.living()] == ["worker_lost"]
    # What an orchestrator had in its queue, and the orchestrator with it.
    [again] = [r for r in requests.of_video(video_id) if r.state == "open"]
    requests.submitted({again.id: "a-run-of-dagster"})
    processor.settle()
    assert states(library, video_id)[0] == ("retry", "submitted"), "it may be at work"
    long_ago(library, RequestRow, id=again.id)
    Presence(library.engine.catalog, COORDINATOR, alone=True).beat()
    processor.settle()
    assert states(library, video_id)[0] == ("retry", "submitted"), "it is its orchestrator's"
    long_ago(library, ProcessRow, role=COORDINATOR)
    processor.settle()
    assert states(library, video_id)[0] == ("retry", "open")


def test_a_daemon_is_left_what_is_due_from_its_second_tick_on(library):
    engine = library.engine
    known(library, "default")
    service = Presence(engine.catalog, PROCESSOR)
    service.beat()
    assert takers(engine).processor and not is_coordinated(engine)
    # Who begins no runs does not say that a daemon is here before the one that does.
    assert not coordinate(engine) and not is_coordinated(engine)
    assert not coordinate(engine, begins=True), "what was taken this moment is seen as taken then"
    assert is_coordinated(engine) and coordinate(engine, begins=True) and coordinate(engine)
    processor = Processor(library)
    assert not processor.run_one() and not processor.take_in()
    assert run_due(engine, fresh_run()) is None
    assert list(take_in_due(engine, fresh_run())) == []
    # It falls silent: the service takes over.
    long_ago(library, ProcessRow, role=COORDINATOR)
    assert not is_coordinated(engine) and has_request(engine)
    service.leave()
    assert coordinate(engine, begins=True), "where no service processes it begins at once"


def test_the_log_says_when_another_takes_over(library, monkeypatch):
    said = []
    monkeypatch.setattr(module.events, "info", lambda event, **what: said.append((event, what)))
    processor, daemon = Processor(library), Presence(library.engine.catalog, COORDINATOR)
    for step in (lambda: None, daemon.beat, lambda: None, daemon.leave):
        step()
        processor.settle()
    done = "processing_takeover_done"
    assert said == [(done, {"by": "daemon"}), (done, {"by": "service"})]


def test_nobody_who_takes_what_is_due_is_said_after_a_minute(library):
    engine = library.engine
    assert processing_of(engine).ok
    known(library, "default")
    assert processing_of(engine).ok, "it has just come"
    with engine.catalog.writing() as session:
        session.query(RequestRow).update({"created_at": now() - timedelta(seconds=90)})
    found = library.processing()
    assert not found.ok and "vidpipe studio" in found.says
    [waiting] = library.overview.read().waiting
    assert "vidpipe studio" in waiting.why
    Presence(engine.catalog, PROCESSOR).beat()
    assert library.processing().ok and library.overview.read().processor_alive
    assert "its turn" in library.overview.read().waiting[0].why


def test_an_upload_is_taken_in_by_one_run(library, talk):
    engine = library.engine
    target = engine.settings.home / "drop" / "default" / "talk.mp4"
    target.parent.mkdir(parents=True)
    os.link(talk.path, target)
    Processor(library).notice()
    [row] = engine.catalog.inbox.waiting(10)
    inbox = engine.catalog.inbox
    engine.catalog.heartbeats.beat("cli-other")
    assert inbox.begin(row.key, row.version, "cli-other") == 1
    assert inbox.waiting(10) == [] and inbox.begin(row.key, row.version, "cli-mine") == 0
    assert list(take_in_due(engine, "cli-mine")) == []
    # Ended before it was through: that counts as no attempt.
    inbox.leave(row.key, "cli-other")
    assert [row.attempts for row in inbox.waiting(10)] == [0]
    inbox.begin(row.key, row.version, "cli-other")
    long_ago(library, Heartbeat, run_id="cli-other")
    # What killed that process may pass in a minute.
    [(key, outcome)] = list(take_in_due(engine, "cli-mine"))
    assert "passed over" in outcome and inbox.waiting(10) == []
    inbox.defer(row.key, now())
    [(key, outcome)] = list(take_in_due(engine, "cli-mine"))
    assert key == "default/talk.mp4" and outcome.state == "accepted"
    assert list(take_in_due(engine, "cli-mine")) == []
    with engine.catalog.session() as session:
        assert session.get(UploadRow, key).state == "accepted"


def test_a_service_that_processes_has_its_chores_and_another_has_not(tmp_path):
    library = Library(make_engine(tmp_path / "home"))
    plain = {chore.name for chore in chores(library)}
    working = {chore.name for chore in chores(library, process=True)}
    assert working - plain >= {"processor", "drop folder", "uploads", "videos 1", "lost runs"}
    assert plain - working == {"approved"}, "what was approved is in its turn as all else"
