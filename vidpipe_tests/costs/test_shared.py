"""What jobs share that asked for the same: each sees it, and no sum has it twice."""

import json
import shutil
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.shared_costs import SharedSpend
from vidpipe.catalog.tables import JobRow, Video, now
from vidpipe.cli import app
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.spending import CPU_SECONDS, Purchase

VIDEO = "default--talk-0123456789"
#: Nanos of one unit of the currency.
ONE = 10**9


def accepted(catalog):
    """The same catalog with a video; every request is one of the test."""
    row = Video(
        video_id=VIDEO, channel="default", sha256="a" * 64, name="talk.mp4", title="talk",
        size_bytes=10, duration_s=60.0, width=1280, height=720, state="accepted",
    )  # fmt: skip
    assert catalog.accept_video(row)
    catalog.finish_video(VIDEO, now())
    return catalog


@pytest.fixture
def catalog(database):
    return accepted(database)


@pytest.fixture
def ask(catalog):
    """Write a job down, as a program that asks for one."""

    def work(number, **fields):
        row = JobRow(job_id=f"job-{number}", channel="default", asked_by="local", video_id=VIDEO)
        for name, value in fields.items():
            setattr(row, name, value)
        catalog.jobs.add([row])

    return work


@pytest.fixture
def run(catalog):
    """Begin the one run that is due; for which job, as it is told of its request."""

    def work(run_id):
        (request,) = catalog.requests.due(10)
        catalog.requests.submitted({request.id: run_id})
        catalog.heartbeats.beat(run_id, VIDEO)
        return (request.origin or {}).get("job_id")

    return work


@pytest.fixture
def book(catalog):
    """Book a call of so many units of the currency."""
    accountant = Accountant(catalog)

    def work(amount, *, stage="transcript", **whose):
        account = Account(channel="default", stage=stage, video_id=VIDEO, **whose)
        asked = Purchase("shop", "words", {"images": amount}, stated={"images": (Decimal(1), 1)})
        accountant.purse(account).reserve(asked).settle({"images": amount})

    return work


@pytest.fixture
def shared(catalog):
    """What a job shares: whose, and how much."""

    def work(number):
        found = Accountant(catalog).shared.of_jobs([f"job-{number}"])
        return [(one.of, one.outside // ONE) for one in found.get(f"job-{number}", [])]

    return work


def test_who_asks_for_the_same_shares_what_it_costs_and_no_sum_has_it_twice(
    catalog, ask, run, book, shared
):
    ask(1)
    ask(2)
    assert run("run-1") == "job-1"
    book(3, job_id="job-1", run_id="run-1")
    book(2, stage="scored_segments", job_id="job-1", run_id="run-1")
    assert shared(1) == [] and shared(2) == [("job-1", 5)]
    rows = Accountant(catalog).rows
    by_job = rows.sums("job_id", channels=None)
    assert [(s.of, s.outside // ONE) for s in by_job] == [("job-1", 5)]


def test_who_asks_for_more_takes_the_request_over_and_the_first_shares_its_part(
    ask, run, book, shared
):
    ask(1, stages=["transcript"])
    ask(2)
    assert run("run-1") == "job-2"
    book(3, job_id="job-2", run_id="run-1")
    book(2, stage="scored_segments", job_id="job-2", run_id="run-1")
    assert shared(1) == [("job-2", 3)] and shared(2) == []


def test_other_options_are_other_work(catalog, ask, run, book, shared):
    ask(1)
    ask(2, run_options={"clips": 3})
    assert run("run-1") == "job-1"
    book(3, job_id="job-1", run_id="run-1")
    assert shared(2) == []
    catalog.finish_video(VIDEO, now())
    catalog.requests.done("run-1")
    assert run("run-2") == "job-2"
    book(4, job_id="job-2", run_id="run-2")
    assert shared(1) == [] and shared(2) == []


def test_what_was_before_a_job_asked_or_after_it_was_over_is_not_its(
    catalog, ask, run, book, shared
):
    ask(1)
    ask(2)
    run("run-1")
    begun = now()
    book(3, job_id="job-1", run_id="run-1")
    ask(3)
    assert shared(3) == []
    catalog.heartbeats.stop(["run-1"])
    catalog.finish_video(VIDEO, begun)
    catalog.requests.done("run-1")
    # Job 3 asked while the run was at work, which was begun too early for it.
    assert catalog.jobs.get("job-3").state == "queued"
    catalog.jobs.cancel("job-2")
    assert run("run-2") == "job-3"
    book(4, job_id="job-3", run_id="run-2")
    assert shared(2) == [("job-1", 3)]
    assert shared(3) == []


def test_a_run_that_no_job_asked_for_is_shared_with_nobody(catalog, ask, run, book, shared):
    catalog.requests.add([VIDEO], Cause.MANUAL)
    ask(1)
    assert run("run-1") is None
    book(3, run_id="run-1")
    # Nobody asked for these: a command on its own, and a post.
    book(5, run_id="cli-alone")
    book(7)
    assert shared(1) == [(None, 3)]


def test_clips_that_are_changed_while_a_job_waits_for_its_review_are_not_its(
    catalog, ask, run, book, shared
):
    ask(1)
    assert run("run-1") == "job-1"
    book(2, job_id="job-1", run_id="run-1")
    catalog.requests.done("run-1")
    for number in (2, 3):
        catalog.requests.add([VIDEO], Cause.EDIT)
        run(f"run-{number}")
        book(5, run_id=f"run-{number}")
        catalog.requests.done(f"run-{number}")
    assert shared(1) == []


@pytest.fixture
def change(catalog):
    """Ask for clips that somebody changed, as the studio does: a job whose run is an edit."""

    def work(number, **fields):
        row = JobRow(job_id=f"job-{number}", channel="default", asked_by="editor", video_id=VIDEO)
        for name, value in fields.items():
            setattr(row, name, value)
        catalog.jobs.add([row], cause=Cause.EDIT)

    return work


def test_who_joins_a_change_of_clips_shares_it(catalog, change, ask, run, book, shared):
    change(1)
    ask(2)
    assert run("run-1") == "job-1"
    book(3, job_id="job-1", run_id="run-1")
    assert shared(2) == [("job-1", 3)] and shared(1) == []
    # It had no money left: what is asked for again for it is still what the other joined.
    catalog.heartbeats.stop(["run-1"])
    why = {"waits_for": "budget/x", "why": "it is used up", "until": now()}
    assert catalog.requests.wait(VIDEO, "run-1", cause=Cause.EDIT, **why)
    (again,) = catalog.requests.of_video(VIDEO)[:1]
    assert catalog.requests.take(again.id, "cli-2") is not None
    book(4, job_id="job-1", run_id="cli-2")
    assert shared(2) == [("job-1", 7)]


def test_a_change_that_takes_the_place_of_what_a_job_waits_for_works_for_it(
    catalog, ask, change, run, book, shared
):
    ask(1)
    change(2)
    change(3)
    assert run("run-1") == "job-3"
    book(3, job_id="job-3", run_id="run-1")
    assert shared(1) == [("job-3", 3)] and shared(2) == [("job-3", 3)] and shared(3) == []
    # Both wait for a review; what is changed meanwhile is neither's, nor its second try.
    catalog.requests.done("run-1")
    change(4)
    assert run("run-2") == "job-4"
    book(5, job_id="job-4", run_id="run-2")
    catalog.requests.done("run-2")
    catalog.requests.add([VIDEO], Cause.RETRY, after="run-2")
    assert run("run-3") == "job-4"
    book(5, job_id="job-4", run_id="run-3")
    assert shared(1) == [("job-3", 3)] and shared(2) == [("job-3", 3)]


def test_a_retried_job_keeps_what_it_shared_before(catalog, ask, run, book, shared):
    ask(1)
    ask(2)
    run("run-1")
    book(3, job_id="job-1", run_id="run-1")

    def over(run_id, *numbers):
        catalog.heartbeats.stop([run_id])
        catalog.requests.done(run_id)
        for number in numbers:
            catalog.jobs.cancel(f"job-{number}")
        # An answer that comes late: these jobs were over by then.
        book(10, job_id="job-1", run_id=run_id)

    over("run-1", 1, 2)
    assert shared(2) == [("job-1", 3)]
    ask(3)
    catalog.jobs.retry("job-2")
    assert shared(2) == [("job-1", 3)]
    assert run("run-2") == "job-3"
    book(4, job_id="job-3", run_id="run-2")
    assert shared(2) == [("job-3", 4), ("job-1", 3)]
    over("run-2", 2)
    assert shared(2) == [("job-3", 4), ("job-1", 3)]
    catalog.jobs.retry("job-2")
    assert run("run-3") == "job-2"
    book(1, job_id="job-2", run_id="run-3")
    assert shared(2) == [("job-3", 4), ("job-1", 3)]
    first, second = catalog.jobs.get("job-2").earlier
    assert first[0] < first[1] < second[0] < second[1]
    assert catalog.jobs.get("job-3").earlier is None


def test_a_run_that_answers_two_requests_counts_once(catalog, ask, run, book, shared):
    ask(1)
    ask(2)
    run("run-1")
    ask(3, stages=["layout"])
    (late,) = catalog.requests.due(10)
    catalog.requests.submitted({late.id: "run-1"})
    book(3, job_id="job-1", run_id="run-1")
    assert shared(2) == [("job-1", 3)]


def test_of_several_the_dearest_is_first_and_own_work_stands_by_itself(
    catalog, ask, run, book, shared
):
    ask(1)
    ask(2)
    ask(3)
    run("run-1")
    book(1, job_id="job-1", run_id="run-1")
    book(9, job_id="job-2", run_id="run-1")
    account = Account("default", "layout", VIDEO, job_id="job-1", run_id="run-1")
    accountant = Accountant(catalog)
    worker = accountant.purse(account)
    worker.local({CPU_SECONDS: 3600})
    worker.close(done=True)
    found = accountant.shared.of_jobs(["job-1", "job-2", "job-3"])
    assert set(found) == {"job-1", "job-2", "job-3"}
    first, second = found["job-3"]
    assert (first, second.of, second.outside) == (SharedSpend("job-2", 9 * ONE, 0), "job-1", ONE)
    assert second.local > 0 and found["job-2"] == [second] and found["job-1"] == [first]
    assert accountant.shared.of_jobs([]) == {}


def test_the_command_says_what_a_job_costs_and_shares(tmp_path, monkeypatch, request):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    shutil.copy(request.getfixturevalue("migrated"), tmp_path / "catalog.sqlite")
    catalog = accepted(Catalog(f"sqlite:///{tmp_path}/catalog.sqlite"))
    for number in (1, 2):
        row = JobRow(job_id=f"job-{number}", channel="default", asked_by="x", video_id=VIDEO)
        catalog.jobs.add([row])
    (due,) = catalog.requests.due(10)
    catalog.requests.submitted({due.id: "run-1"})
    asked = Purchase("shop", "words", {"images": 3}, stated={"images": (Decimal(1), 1)})
    account = Account("default", "transcript", VIDEO, job_id="job-1", run_id="run-1")
    Accountant(catalog).purse(account).reserve(asked).settle({"images": 3})

    def said(*words):
        return CliRunner().invoke(app, ["costs", *words], env={"COLUMNS": "120"})

    lines = [line.split() for line in said("--job", "job-2").output.splitlines()]
    assert ["its", "own", "0.0000", "0.0000", "0.0000"] in lines
    assert ["shared", "with", "job", "job-1", "3.0000", "0.0000", "3.0000"] in lines
    assert "shared" not in said("--job", "job-1").output
    found = json.loads(said("--job", "job-2", "--json").output)
    assert found["total"] == "0" and found["shared"][0]["total"] == "3"
    unknown = said("--job", "job-9")
    assert unknown.exit_code == 2 and "job-9" in unknown.output
