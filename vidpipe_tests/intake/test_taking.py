"""From noticed to decided: what fails is tried again, alone, and given up in the end."""

import shutil
from datetime import timedelta

import pytest

from vidpipe.catalog.tables import UploadRow, now
from vidpipe.errors import RETRY_DELAYS_S, Unavailable
from vidpipe.intake import intake as intake_module
from vidpipe.intake.drops import scan
from vidpipe.intake.folders import LocalFolder, ObjectChanged
from vidpipe.intake.model import IntakeResult, IntakeState
from vidpipe.intake.taking import ingest_pending, notice


@pytest.fixture
def folder(engine, talk):
    target = engine.settings.home / "drop" / "default"
    target.mkdir(parents=True)
    for suffix in (".mp4", ".srt"):
        shutil.copy(talk.path.with_suffix(suffix), target / f"talk{suffix}")
    return LocalFolder(target.parent)


def noticed(engine, folder):
    notice(engine.catalog, scan(folder.slice("").items))
    return engine.catalog.inbox.waiting(10)


def due_again(engine):
    with engine.catalog.writing() as session:
        for row in session.query(UploadRow):
            row.not_before = now() - timedelta(seconds=1)


def test_an_upload_is_taken_in_once(engine, folder):
    [row] = noticed(engine, folder)
    outcome = ingest_pending(engine.intake(), folder, row)
    assert isinstance(outcome, IntakeResult) and outcome.state is IntakeState.ACCEPTED
    assert "passed over" in ingest_pending(engine.intake(), folder, row)
    assert notice(engine.catalog, scan(folder.slice("").items)) == []
    assert list(engine.artifacts.scratch.glob("work/*")) == []


def test_what_is_away_is_waited_for_longer_each_time_and_then_given_up(engine, folder, monkeypatch):
    intake = engine.intake()

    def away(_):
        raise Unavailable("the store is away")

    monkeypatch.setattr(intake, "take", away)
    for wait_s in RETRY_DELAYS_S:
        [row] = noticed(engine, folder)
        assert f"again in {wait_s / 60:.0f} min" in ingest_pending(intake, folder, row)
        assert engine.catalog.inbox.waiting(10) == []
        due_again(engine)
    [row] = engine.catalog.inbox.waiting(10)
    assert "gave up after 5 attempts" in ingest_pending(intake, folder, row)
    [dead] = engine.catalog.failures.living()
    assert (dead.subject, dead.state, dead.cause) == ("default/talk.mp4", "dead", "unavailable")
    assert engine.catalog.inbox.waiting(10) == []
    # A person asks for it again, and it starts from the beginning.
    from vidpipe.operations.recovery import requeue

    assert requeue(engine.catalog, [dead]) == 1
    [row] = engine.catalog.inbox.waiting(10)
    assert ingest_pending(engine.intake(), folder, row).state is IntakeState.ACCEPTED
    assert engine.catalog.failures.living() == []


def test_an_upload_that_ends_its_process_is_given_up_too(engine, folder):
    for _ in range(5):
        [row] = noticed(engine, folder)
        engine.catalog.inbox.begin(row.key, row.version)  # and the process is gone
    [row] = noticed(engine, folder)
    assert "it crashed the worker on every attempt" in ingest_pending(engine.intake(), folder, row)
    [dead] = engine.catalog.failures.living()
    assert (dead.cause, dead.attempts) == ("process_lost", 6)


def test_what_killed_its_process_waits_longer_each_time_before_the_next_try(engine, folder):
    inbox = engine.catalog.inbox
    noticed(engine, folder)
    for attempt, wait_s in enumerate(RETRY_DELAYS_S, start=1):
        [row] = inbox.waiting(10)
        assert inbox.begin(row.key, row.version, f"run-{attempt}") == attempt
        # Its process is killed; whoever comes next finds that, and takes nothing in at once.
        [row] = inbox.waiting(10)
        assert "passed over" in ingest_pending(engine.intake(), folder, row, "run-next")
        assert inbox.waiting(10) == []
        [left] = engine.catalog.uploads()
        assert wait_s - 30 < (left.not_before - now()).total_seconds() <= wait_s
        assert (left.attempts, left.run_id) == (attempt, None)
        due_again(engine)
    # The memory that it lacked is there.
    [row] = inbox.waiting(10)
    assert ingest_pending(engine.intake(), folder, row, "run-6").state is IntakeState.ACCEPTED
    assert engine.catalog.failures.living() == []


def test_an_upload_that_was_replaced_waits_for_a_listing_and_counts_no_attempt(
    engine, folder, monkeypatch
):
    [row] = noticed(engine, folder)

    def replaced(self, key, *_):
        raise ObjectChanged(key)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFolder, "fetch", replaced)
        assert "the next listing" in ingest_pending(engine.intake(), folder, row, "run-1")
        assert engine.catalog.inbox.waiting(10) == [], "it would be the same at once"
    [left] = engine.catalog.uploads()
    assert (left.state, left.attempts, left.run_id) == ("pending", 0, None)
    # A listing has the new version: it is taken in without a wait.
    with (folder.root / row.key).open("ab") as file:
        file.write(b"more")
    [newer] = noticed(engine, folder)
    assert newer.version != row.version
    assert ingest_pending(engine.intake(), folder, newer, "run-2").state is IntakeState.ACCEPTED


def test_a_bug_of_ours_is_told_and_given_up_at_once(engine, folder, monkeypatch):
    intake = engine.intake()
    monkeypatch.setattr(intake, "take", lambda _: 1 / 0)
    [row] = noticed(engine, folder)
    with pytest.raises(ZeroDivisionError):
        ingest_pending(intake, folder, row, "run-1")
    [dead] = engine.catalog.failures.living()
    assert (dead.cause, dead.run_id) == ("unexpected:ZeroDivisionError", "run-1")


def test_what_is_gone_before_its_turn_is_forgotten(engine, folder):
    [row] = noticed(engine, folder)
    aside = folder.root / "default" / "talk.aside"
    (folder.root / row.key).rename(aside)
    assert "gone from the drop folder" in ingest_pending(engine.intake(), folder, row)
    assert engine.catalog.inbox.waiting(10) == []
    # Moved back, with the time it had, it is new.
    aside.rename(folder.root / row.key)
    assert [s.key for s in notice(engine.catalog, scan(folder.slice("").items))] == [row.key]


def test_a_file_that_is_missing_elsewhere_is_not_taken_for_a_missing_upload(
    engine, folder, monkeypatch
):
    intake = engine.intake()

    def lost(_):
        raise FileNotFoundError("something of ours")

    monkeypatch.setattr(intake, "take", lost)
    [row] = noticed(engine, folder)
    with pytest.raises(FileNotFoundError):
        ingest_pending(intake, folder, row)
    assert engine.catalog.uploads()[0].state == "failed"


def test_a_file_that_is_written_to_while_it_is_taken_in_is_not_kept(engine, folder, monkeypatch):
    intake = engine.intake()
    [row] = noticed(engine, folder)
    path = folder.root / row.key
    copy = intake_module._copied

    def and_somebody_writes(source, target):
        copied = copy(source, target)
        with path.open("ab") as file:
            file.write(b"more")
        return copied

    monkeypatch.setattr(intake_module, "_copied", and_somebody_writes)
    assert "written to while" in ingest_pending(intake, folder, row)
    assert engine.catalog.videos() == []


def test_a_retired_video_is_revived_by_its_bytes_under_any_name(engine, folder):
    from vidpipe.library import Library

    [row] = noticed(engine, folder)
    first = ingest_pending(engine.intake(), folder, row).video_id
    Library(engine).retire([first])
    assert list(engine.store.list("default")) == []
    shutil.move(folder.root / "default/talk.mp4", folder.root / "default/renamed.mp4")
    [row] = noticed(engine, folder)
    again = ingest_pending(engine.intake(), folder, row)
    assert (again.state, again.video_id) == (IntakeState.ACCEPTED, first)
    assert engine.catalog.video(first).state == "accepted"
    assert [w.video_id for w in engine.catalog.requests.due(5)] == [first]
    assert engine.order(first).channel.name == "default"
