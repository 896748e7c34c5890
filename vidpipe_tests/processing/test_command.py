"""`vidpipe process` as cron calls it: nothing that was left waits for ever, and it says why."""

import os
import platform

import pytest
from typer.testing import CliRunner

from vidpipe.catalog.processes import COORDINATOR, Presence
from vidpipe.catalog.tables import Heartbeat, RequestRow, now
from vidpipe.cli import app
from vidpipe.library import Library
from vidpipe.library.due import take_request
from vidpipe.library.work import NOTHING_DUE
from vidpipe_tests.conftest import make_engine, take


@pytest.fixture
def library(tmp_path, monkeypatch, stages):
    engine = make_engine(tmp_path / "home")
    engine.catalog.ready()
    monkeypatch.setenv("VIDPIPE_HOME", str(engine.settings.home))
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "0")
    return Library(engine)


def process(*arguments, code=0):
    made = CliRunner().invoke(app, ["process", *arguments])
    assert made.exit_code == code, made.output
    return made.output


def test_what_a_killed_call_had_is_taken_up_by_the_next(library, talk):
    video_id = take(library.engine, talk.path, sidecars=False).video_id
    take_request(library.engine, "cli-killed")
    long_ago = now().replace(year=2020)
    with library.engine.catalog.writing() as session:
        session.query(RequestRow).update({"updated_at": long_ago})
    process("videos")
    with library.engine.catalog.writing() as session:
        # It is tried again after a minute.
        assert session.query(RequestRow).filter_by(state="open").update({"not_before": None})
    assert f"{video_id}: made in" in process("videos")
    assert "nothing is due" in process("videos")


def test_what_was_dropped_a_moment_ago_is_taken_in_by_the_same_call(library, talk, monkeypatch):
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "0.5")
    monkeypatch.setattr("vidpipe.library.processor._LIST_S", 0.3)
    folder = library.engine.settings.home / "drop" / "default"
    folder.mkdir(parents=True)
    os.link(talk.path, folder / "talk.mp4")
    os.utime(folder / "talk.mp4")
    assert "default/talk.mp4: " in process("uploads")
    assert [row.state for row in library.engine.catalog.uploads()] == ["accepted"]


def test_it_says_why_it_does_nothing(library, talk, stages, monkeypatch):
    take(library.engine, talk.path, sidecars=False)
    coordinator = Presence(library.engine.catalog, COORDINATOR, alone=True)
    coordinator.beat()
    assert "nothing is begun: a Dagster daemon is alive" in process()
    coordinator.leave()
    monkeypatch.setenv("VIDPIPE_QUEUE__MIN_FREE_GIB", "1000000000")
    assert "nothing is begun: " in process() and not stages.ran


def test_calls_that_overlap_do_not_take_more_than_the_machine_may_do(library, talk, stages):
    first, second = (
        take(library.engine, talk.path, sidecars=False, channel=channel).video_id
        for channel in ("default", "other")
    )
    row = take_request(library.engine, "cli-other")
    library.engine.catalog.heartbeats.beat("cli-other", row.video_id)
    assert "1 at work here already" in process("videos") and not stages.ran
    with library.engine.catalog.writing() as session:
        session.query(Heartbeat).update({"host": f"not {platform.node()}"})
    assert f"{ {first, second}.difference({row.video_id}).pop() }: made in" in process("videos")


def test_one_of_a_service_says_whether_anything_was_due(library, talk, monkeypatch):
    monkeypatch.setattr("vidpipe.library.work.end_with_parent", lambda *_: None)
    process("videos", "--run", "cli-mine", code=NOTHING_DUE)
    process("uploads", "--run", "cli-mine", code=NOTHING_DUE)
    take(library.engine, talk.path, sidecars=False)
    process("videos", "--run", "cli-mine")
