"""What a service does that lives for weeks, whose processes die, and whose channels change."""

import asyncio
import dataclasses
import subprocess
import sys
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner

from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.processes import COORDINATOR, FAILING, PROCESSOR, Presence
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.cli import app
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library import Library, edit_runs
from vidpipe.library import processor as module
from vidpipe.library.chores import chores
from vidpipe.library.processor import Processor
from vidpipe.library.work import NOTHING_DUE
from vidpipe.operations.retention import RemovalPlan
from vidpipe.operations.watch import watch
from vidpipe.worker import Worker
from vidpipe_tests.conftest import make_engine
from vidpipe_tests.reviews.conftest import video_row


@pytest.fixture
def library(tmp_path):
    engine = make_engine(tmp_path / "home")
    engine.catalog.ready()
    return Library(engine)


def write(library, **retention):
    file = library.engine.settings.channels_file
    file.write_text(yaml.safe_dump({"channels": {"default": {"retention": retention}}}))


@pytest.mark.parametrize("began_with", [{}, {"source": 7}])
def test_what_is_removed_is_by_the_policies_of_this_moment(library, monkeypatch, began_with):
    by = []

    def plan_removal(engine, *_, **__):
        by.append(dict(engine.channels["default"].retention.policies))
        return RemovalPlan()

    monkeypatch.setattr("vidpipe.operations.retention.plan_removal", plan_removal)
    write(library, **began_with)
    processor = Processor(Library(make_engine(library.engine.settings.home)))
    write(library)
    processor.retain()
    assert by == []
    library.engine.settings.channels_file.write_text("channels: [")
    with pytest.raises(Misconfigured):
        processor.retain()
    assert by == []
    # What could not be done is due as soon as it can.
    write(library, source=365)
    processor.retain()
    processor.retain()
    assert by == [{"source": 365.0}]


class Children:
    """Processes that end at once, instead of those that take what is due."""

    def __init__(self, monkeypatch, folder):
        self._patch, self._log = monkeypatch, folder / "started"
        self._log.touch()
        self.end_with(0)

    def end_with(self, code):
        said = f"open({str(self._log)!r}, 'a').write('x'); raise SystemExit({code})"
        self._patch.setattr(module, "_COMMAND", (sys.executable, "-I", "-S", "-c", said))

    @property
    def count(self):
        return len(self._log.read_text())


@pytest.fixture
def children(monkeypatch, tmp_path):
    return Children(monkeypatch, tmp_path)


@pytest.fixture
def due(library):
    """A library with a video that is due, and a service that is there for it."""
    row = video_row("default--v0-0123456789", channel="default")
    assert library.engine.catalog.accept_video(row)
    Presence(library.engine.catalog, PROCESSOR).beat()
    return library


def conditions(library):
    return [row.kind for row in library.engine.catalog.conditions.all()]


def fail(processor, times):
    for _ in range(times):
        # A chore that raises is tried again after ever longer waits.
        with pytest.raises(Unavailable, match="exit code 2 before it took anything"):
            processor.run_one()


def test_where_processes_end_before_they_take_anything_people_are_told(due, children):
    processor = Processor(due)
    children.end_with(2)
    fail(processor, 2)
    assert due.processing().ok and conditions(due) == []
    fail(processor, 1)
    found = due.processing()
    assert not found.ok and "log says why" in found.says
    status = due.overview.read()
    assert [c.kind for c in status.conditions] == [FAILING]
    assert "its log says what is amiss" in status.waiting[0].why
    children.end_with(0)
    assert processor.run_one() and due.processing().ok and conditions(due) == []


@pytest.mark.parametrize("ends", ["is stopped", "is killed"])
def test_it_is_over_with_the_service_that_it_holds_for(due, children, ends):
    processor = Processor(due)
    children.end_with(2)
    fail(processor, 3)
    watch(due.engine.catalog, due.engine.settings)
    assert conditions(due) == [FAILING]
    if ends == "is stopped":
        [ended] = [c.ended for c in processor.chores() if c.ended is not None]
        ended()
    else:
        with due.engine.catalog.writing() as session:
            session.query(ProcessRow).update({"at": now() - timedelta(hours=1)})
        watch(due.engine.catalog, due.engine.settings)
    assert conditions(due) == []


def test_one_of_two_services_that_fails_is_told_of_and_the_other_processes(due, children):
    children.end_with(2)
    fail(Processor(due), 3)
    other = Presence(due.engine.catalog, PROCESSOR)
    other.beat()
    with due.engine.catalog.writing() as session:
        newest = session.query(ProcessRow).order_by(ProcessRow.began_at.desc()).first()
        newest.host = "another"
    assert conditions(due) == [FAILING] and due.processing().ok


def test_processes_that_find_nothing_due_are_not_begun_again_and_again(due, children, monkeypatch):
    clock = SimpleNamespace(at=1000.0)
    still = SimpleNamespace(monotonic=lambda: clock.at, sleep=time.sleep, time=time.time)
    monkeypatch.setattr(module, "time", still)
    processor = Processor(due)
    children.end_with(NOTHING_DUE)
    assert not any(processor.run_one() for _ in range(20)) and children.count == 2
    counts = []
    for _ in range(120):
        clock.at += 1
        processor.run_one()
        counts.append(children.count)
    # After 2, 4, 8, 16 and 30 seconds, and then every 30.
    assert counts[-1] == 2 + 4 + 3 and conditions(due) == []


@pytest.mark.parametrize("command", [module._COMMAND, edit_runs._COMMAND], ids=["due", "edits"])
def test_the_folder_that_a_service_is_started_in_gives_it_no_modules(tmp_path, command):
    (tmp_path / "typer.py").write_text("raise SystemExit('this is no part of vidpipe')")
    asked = [*command, "--help"]
    made = subprocess.run(asked, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0 and "Usage" in made.stdout, made.stderr


def test_what_was_lost_is_noted_as_what_it_was(due):
    catalog = due.engine.catalog
    for cause, job in (("upload", "process_video"), ("edit", "vidpipe_edits")):
        [row] = catalog.requests.due(1)
        catalog.requests.submitted({row.id: f"cli-{cause}"})
        with catalog.writing() as session:
            lost = session.get_one(RequestRow, row.id)
            lost.cause, lost.updated_at = cause, now() - timedelta(hours=1)
        assert edit_runs.note_lost(due.engine) == 1
        [failure] = catalog.failures.living()
        assert failure.job == job
        with catalog.writing() as session:
            session.query(RequestRow).filter_by(state="open").update({"not_before": None})


def test_what_makes_changed_clips_ends_with_its_service(due, monkeypatch):
    catalog = due.engine.catalog
    with catalog.writing() as session:
        session.query(RequestRow).update({"cause": "edit"})
    said = (
        "import os, stat, sys; assert sys.argv[1:] == ['--only', 'edit', '--while-open'];"
        "assert stat.S_ISFIFO(os.fstat(0).st_mode)"
    )
    monkeypatch.setattr(edit_runs, "_COMMAND", (sys.executable, "-I", "-S", "-c", said))
    # One that failed would raise.
    assert not edit_runs.have_worked_off(due.engine, lambda: False, Cause.EDIT)
    # It watches that pipe.
    monkeypatch.setenv("VIDPIPE_HOME", str(due.engine.settings.home))
    watching = []
    monkeypatch.setattr("vidpipe.library.work.end_with_parent", watching.append)
    monkeypatch.setattr(edit_runs, "work_off_one", lambda *_: None)
    assert CliRunner().invoke(app, ["edits", "work", "--while-open"]).exit_code == 0
    assert len(watching) == 1


#: Takes what is due, as a process that is ended in the middle of it.
TAKES = """
import sys
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.requests import Cause
requests = Catalog(sys.argv[1]).requests
assert requests.claim([Cause.EDIT], "cli-ends", ahead_s=20) is not None
sys.exit(7)
"""


def test_what_makes_changed_clips_and_ends_before_it_takes_any_is_begun_ever_less(due, monkeypatch):
    catalog, begun = due.engine.catalog, []
    with catalog.writing() as session:
        session.query(RequestRow).update({"cause": "edit"})

    def ends(code, *more):
        monkeypatch.setattr(edit_runs, "_COMMAND", (sys.executable, "-c", code, *more))

    ends("raise SystemExit(7)")
    with pytest.raises(Unavailable, match="for edits ended with exit code 7 before it took any"):
        edit_runs.have_worked_off(due.engine, lambda: False, Cause.EDIT)
    assert catalog.requests.has_claimable([Cause.EDIT])
    # Its chore has the waits of those that process.
    [chore] = [one for one in chores(due) if one.name == "edits"]
    counted = dataclasses.replace(chore, work=lambda: begun.append(1) or chore.work())

    async def work():
        async with Worker([counted]).beside():
            await asyncio.sleep(2.5)

    asyncio.run(work())
    # Without: at once after each, every half second. With: after 1 to 2 seconds, after 2 to 4.
    assert 1 <= len(begun) <= 2
    # One that has taken something leaves the rest to the next at once.
    ends(TAKES, str(due.engine.settings.database_url.get_secret_value()))
    assert edit_runs.have_worked_off(due.engine, lambda: False, Cause.EDIT) is False
    assert not catalog.requests.has_claimable([Cause.EDIT])


def test_a_worker_that_processes_says_that_a_daemon_does(due, monkeypatch):
    Presence(due.engine.catalog, COORDINATOR, alone=True).beat()
    monkeypatch.setenv("VIDPIPE_HOME", str(due.engine.settings.home))

    async def ended(*_):
        return None

    monkeypatch.setattr("vidpipe.worker.process.run_until_told", ended)
    made = CliRunner().invoke(app, ["worker", "--process"])
    assert '"event": "processing_start_done", "by": "daemon"' in made.output, made.output
