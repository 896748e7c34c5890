"""How far a run is: the last word of it, and a word that is lost harms nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from vidpipe.catalog.event_tables import ProgressRow
from vidpipe.catalog.events import emit
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.progress import StageTick
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.reviews import Halt, go_past, halt, locked
from vidpipe.catalog.tables import StageRunRow, now
from vidpipe.observability.context import bound
from vidpipe.pipeline.estimates import left_s
from vidpipe.pipeline.telling import Teller
from vidpipe_tests.events.conftest import VIDEO

TICK = StageTick(VIDEO, "default", "run-1", "audio", 0.5, {"audio": 10.0, "transcript": 30.0})


def rows(catalog):
    return catalog.progress.since(now() - timedelta(days=1))


def settle(catalog):
    """A second goes by."""
    with catalog.writing() as session:
        for row in session.query(ProgressRow).all():
            row.updated_at = row.updated_at - timedelta(seconds=1)


def test_a_run_has_one_row_of_all_its_stages(catalog):
    assert catalog.progress.tell(TICK)
    (row,) = rows(catalog)
    assert (row.stage, row.percent, row.eta_s, row.stages) == ("audio", 12.5, 35.0, {"audio": 0.5})
    settle(catalog)
    other = replace(TICK, stage="transcript", fraction=0.2, left_s=40.0)
    assert catalog.progress.tell(other)
    (row,) = rows(catalog)
    assert row.stages == {"audio": 0.5, "transcript": 0.2} and row.percent == 27.5
    assert row.eta_s == 45.0
    # It goes no way back within a run, and begins anew with the next.
    settle(catalog)
    assert catalog.progress.tell(replace(TICK, fraction=0.1))
    assert rows(catalog)[0].stages["audio"] == 0.5
    settle(catalog)
    assert catalog.progress.tell(replace(TICK, run_id="run-2", fraction=0.1))
    assert rows(catalog)[0].stages == {"audio": 0.1}


def test_what_waits_for_somebody_or_for_money_is_not_worked_on(filmed):
    catalog = filmed

    def at_gate(video_id):
        with catalog.writing() as session:
            halt(session, locked(session, video_id), Halt("render", "f" * 64, ("audio",)))

    def past_gate(video_id):
        catalog.requests.add([video_id], Cause.MANUAL)
        [row] = [r for r in catalog.requests.of_video(video_id) if r.state == "open"]
        with catalog.writing() as session:
            go_past(session, row, ("audio",))

    def for_money(video_id):
        catalog.requests.wait(video_id, "run-1", waits_for="day", why="no more", until=now())

    for wait in (at_gate, past_gate, for_money):
        assert catalog.progress.tell(TICK) and rows(catalog)
        wait(VIDEO)
        assert not rows(catalog), wait


def test_it_changes_twice_a_second_at_most_whoever_says_something(catalog):
    said = [
        catalog.progress.tell(replace(TICK, stage=f"exports/{k}", fraction=0.1)) for k in range(20)
    ]
    assert said[0] and not all(said)
    (row,) = rows(catalog)
    assert row.serial == sum(said)


def test_what_is_over_has_no_progress(filmed):
    for end in (
        lambda: filmed.finish_video(VIDEO, now()),
        lambda: filmed.retire_video(VIDEO),
        lambda: filmed.failures.add(
            Failed(VIDEO, "default", "j", "s", "unavailable", "", "r"), attempts=1, dead=False
        ),
    ):
        filmed.progress.tell(TICK)
        assert rows(filmed)
        end()
        assert rows(filmed) == []
    filmed.progress.tell(TICK)
    filmed.progress.remove_old(now() + timedelta(seconds=1))
    assert rows(filmed) == []


@pytest.mark.parametrize(
    ("fraction", "elapsed", "usual", "left"),
    [
        (0.0, 0.0, None, None),
        (0.0, 3.0, 10.0, 10.0),
        (0.5, 5.0, None, 5.0),
        (0.5, 10.0, 10.0, 7.5),
        (1.0, 5.0, 10.0, 0.0),
    ],
)
def test_what_is_left_of_a_stage(fraction, elapsed, usual, left):
    assert left_s(fraction, elapsed, usual) == left


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_a_stage_says_is_written_beside_it(filmed):
    for k in range(4):
        filmed.record_stage(
            StageRunRow(video_id=VIDEO, stage="audio", fingerprint=str(k), reused=False, wall_s=6.0)
        )
    teller, heard = Teller(lambda: filmed), []
    with bound(run_id="run-7"):
        tell = teller.stage(VIDEO, "audio", ("audio", "transcript"), lambda *a: heard.append(a))
    for k in range(1, 200):
        tell(k / 400, "")
    assert len(heard) == 199
    until(lambda: rows(filmed) and rows(filmed)[0].stages["audio"] >= 0.49)
    (row,) = rows(filmed)
    # Of a stage that never ran here nothing is known but that there is one.
    assert 20 <= row.percent <= 30 and row.eta_s is not None
    teller.end(VIDEO, "audio")
    tell(0.7, "")
    last = StageRunRow(video_id=VIDEO, stage="audio", fingerprint="f", reused=False, wall_s=6.0)
    filmed.record_stage(last)
    assert rows(filmed)[0].stages == {"audio": 1.0}


class _Broken:
    """A catalog of which nothing works."""

    def __getattr__(self, name):
        raise RuntimeError("the disk is on fire")


class _Hanging:
    """One that answers nobody."""

    def __getattr__(self, name):
        time.sleep(5.0)
        raise RuntimeError("too late")


@pytest.mark.parametrize("catalog_of", [_Broken, _Hanging])
def test_a_broken_notifier_neither_fails_nor_slows_a_stage(catalog_of):
    teller = Teller(catalog_of)
    heard = []
    began = time.monotonic()
    tell = teller.stage(VIDEO, "audio", ("audio",), lambda *a: heard.append(a))
    for k in range(10_000):
        tell(k / 10_000, "")
    teller.end(VIDEO, "audio")
    assert len(heard) == 10_000
    assert time.monotonic() - began < 4.5


def test_events_that_nobody_can_be_woken_for_are_written_all_the_same(catalog, monkeypatch):
    if catalog.embedded:
        pytest.skip("SQLite wakes nobody")
    # As if a listener that hangs had let the server's queue run full.
    monkeypatch.setattr(
        "vidpipe.catalog.events.text", lambda said: text(said.replace("used < 0.5", "used < -1"))
    )
    with catalog.writing() as session:
        emit(session, "video.completed", "default", {"video_id": VIDEO})
    assert catalog.events.newest_id() > 0
