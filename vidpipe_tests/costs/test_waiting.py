"""Ten jobs against a budget for four: four run, six wait, none fails; the next day they go on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from vidpipe.catalog.cost_tables import BudgetUnsetRow
from vidpipe.catalog.costs import Limits
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import JobState
from vidpipe.catalog.tables import JobRow, RequestRow, Video, now
from vidpipe.catalog.unpaid import budget_changed
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.costs.options import BudgetOptions
from vidpipe.errors import BudgetExceeded, cause_of, retryable
from vidpipe.operations.recovery import note_waiting
from vidpipe.spending import Purchase


def talk(number):
    return Video(
        video_id=f"default--talk-{number:010d}",
        channel="default",
        sha256=f"{number:064d}",
        name="talk.mp4",
        title="talk",
        size_bytes=10,
        duration_s=60.0,
        width=1280,
        height=720,
        sidecar_version="",
        state="accepted",
    )


def jobs_of(catalog):
    return catalog.jobs.page(50, channels=["default"])


def run_due(catalog, accountant, tick):
    """What the sensors do: a run for each request that is due, and how each ended."""
    ends = []
    for row in catalog.requests.due(50):
        run_id = f"run-{row.id}-{tick}"
        catalog.requests.submitted({row.id: run_id})
        account = Account(channel="default", video_id=row.video_id, stage="transcript")
        asked = Purchase("shop", "words", {"images": 1}, stated={"images": (Decimal(1), 1)})
        begun = now()
        try:
            accountant.purse(account).reserve(asked).settle({"images": 1})
        except BudgetExceeded as error:
            assert not retryable(error)
            failed = Failed(
                row.video_id,
                "default",
                "process_video",
                "transcript",
                cause_of(error),
                str(error),
                run_id,
            )
            note_waiting(catalog, failed, waits_for=error.key, until=error.until)
            ends.append("waits")
        else:
            catalog.requests.done(run_id)
            catalog.finish_video(row.video_id, begun)
            ends.append("done")
    return ends


def make_due(catalog):
    """Midnight has passed: moments in requests are those of the clock on the wall."""
    with catalog.writing() as session:
        session.execute(update(RequestRow).values(not_before=now() - timedelta(seconds=1)))


@pytest.fixture
def ten(database):
    for number in range(10):
        assert database.accept_video(talk(number))
    database.jobs.add(
        [
            JobRow(
                job_id=f"job-{number}",
                channel="default",
                video_id=talk(number).video_id,
                asked_by="user:1",
            )
            for number in range(10)
        ]
    )
    return database


@pytest.fixture
def four(ten, clock):
    clock.at = datetime.now(UTC)
    return Accountant(ten, None, BudgetOptions(day_hard=Decimal(4)), clock=clock, sleep=clock.on)


def test_four_run_six_wait_and_the_next_day_they_go_on(ten, four, clock):
    assert sorted(run_due(ten, four, 1)) == ["done"] * 4 + ["waits"] * 6
    states = [row.state for row in jobs_of(ten)]
    assert states.count(JobState.DONE) == 4 and states.count(JobState.QUEUED) == 6
    assert ten.failures.living() == []
    waiting = ten.requests.waiting([talk(k).video_id for k in range(10)])
    assert len(waiting) == 6 == ten.requests.count_waiting()
    midnight = clock.at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for row in waiting:
        assert row.not_before == midnight and row.waits_for.startswith("deployment/*/day/")
        assert "allows no more" in row.why and row.cause == Cause.RETRY
    # Nothing is due before.
    assert run_due(ten, four, 2) == []
    for day, ends in ((3, ["done"] * 4 + ["waits"] * 2), (4, ["done"] * 2)):
        clock.on(days=1)
        make_due(ten)
        assert sorted(run_due(ten, four, day)) == ends
    assert {row.state for row in jobs_of(ten)} == {JobState.DONE}
    assert {row.attempts for row in jobs_of(ten)} == {1}
    assert ten.failures.living() == []


def test_a_raise_lets_them_go_on_at_once(ten, four, clock):
    from vidpipe.catalog.cost_tables import BudgetRaiseRow

    run_due(ten, four, 1)
    row = BudgetRaiseRow(
        scope="deployment",
        subject="*",
        period="day",
        day=clock.at.date(),
        amount=5 * 10**9,
        reason="a launch",
        raised_by="user:1",
        at=clock.at,
    )
    assert four.rows.raise_budget(row, ["default"]) == 6
    assert sorted(run_due(ten, four, 2)) == ["done"] * 5 + ["waits"]


def test_what_is_cancelled_while_it_waits_is_not_begun(ten, four, clock):
    run_due(ten, four, 1)
    [one, *_] = [row for row in jobs_of(ten) if row.state == JobState.QUEUED]
    ten.jobs.cancel(one.job_id)
    assert ten.requests.count_waiting() == 5


def test_of_one_that_only_a_raise_ends_a_run_looks_once_a_day(ten, clock):
    [row] = ten.requests.due(1)[:1]
    ten.requests.submitted({row.id: "run"})
    failed = Failed(row.video_id, "default", "j", "transcript", "budget_exceeded", "why", "run")
    note_waiting(ten, failed, waits_for="video/x/total", until=None)
    [waits] = ten.requests.waiting([row.video_id])
    assert timedelta(0) < waits.not_before - now() <= timedelta(days=1)


def test_a_raise_before_it_is_written_down_that_a_run_waits_is_not_missed(ten, four):
    [row] = ten.requests.due(1)[:1]
    ten.requests.submitted({row.id: "run"})
    subject = ("deployment", "*", "day")
    four.rows.set_budget(subject, Limits(None, 9 * 10**9), "user:1")
    failed = Failed(row.video_id, "default", "j", "transcript", "budget_exceeded", "why", "run")
    until = now() + timedelta(hours=9)
    note_waiting(ten, failed, waits_for="deployment/*/day/x", until=until)
    [waits] = ten.requests.waiting([row.video_id])
    assert waits.not_before <= now() + timedelta(seconds=1)


def test_a_limit_that_is_unset_before_it_is_written_down_that_a_run_waits_is_not_missed(ten, four):
    subject = ("channel", "default", "day")
    long_ago = now() - timedelta(hours=1)
    for _ in range(2):
        # Set and unset again, as often as somebody likes.
        four.rows.set_budget(subject, Limits(None, 10**9), "user:1")
        four.rows.set_budget(subject, None, "user:1")
        with ten.writing() as session:
            assert budget_changed(session, now())
            session.execute(update(BudgetUnsetRow).values(unset_at=long_ago))
            assert not budget_changed(session, now())
    four.rows.set_budget(subject, Limits(None, 10**9), "user:1")
    [row] = ten.requests.due(1)[:1]
    ten.requests.submitted({row.id: "run"})
    four.rows.set_budget(subject, None, "user:1")
    failed = Failed(row.video_id, "default", "j", "transcript", "budget_exceeded", "why", "run")
    until = now() + timedelta(days=20)
    note_waiting(ten, failed, waits_for="channel/default/day/x", until=until)
    [waits] = ten.requests.waiting([row.video_id])
    assert waits.not_before <= now() + timedelta(seconds=1)
