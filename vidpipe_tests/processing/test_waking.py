"""A machine that slept: on waking nobody is taken for gone before they could say that they live."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.processes import COORDINATOR, Presence
from vidpipe.catalog.tables import Heartbeat, RequestRow, now
from vidpipe.library import Library, awake
from vidpipe.library.coordination import is_coordinated
from vidpipe.library.processor import Processor
from vidpipe.library.work import fresh_run
from vidpipe_tests.reviews.conftest import video_row

NIGHT_S = 8 * 3600.0
VIDEO = "default--v-0123456789"


class Machine:
    """Clocks of a machine that can be sent to sleep: one goes on, one stands still."""

    def __init__(self):
        self.wall_s, self.clock_s = 1_000_000.0, 500.0

    def time(self):
        return self.wall_s

    def monotonic(self):
        return self.clock_s

    def passes(self, seconds):
        self.wall_s += seconds
        self.clock_s += seconds

    def sleeps(self, seconds):
        self.wall_s += seconds


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    clocks = SimpleNamespace(time=made.time, monotonic=made.monotonic)
    monkeypatch.setattr(awake, "time", clocks)
    monkeypatch.setattr(awake, "_machine", awake.Wakefulness())
    return made


@pytest.fixture
def library(engine):
    engine.catalog.ready()
    assert engine.catalog.accept_video(video_row(VIDEO, channel="default"))
    return Library(engine)


def slept(library):
    """What the catalog holds on waking: whatever was written down before is of last evening."""
    with library.engine.catalog.writing() as session:
        for model, column in (
            (ProcessRow, "at"),
            (Heartbeat, "at"),
            (RequestRow, "updated_at"),
        ):
            session.execute(update(model).values({column: now() - timedelta(seconds=NIGHT_S)}))


def state(library):
    return library.engine.catalog.requests.of_video(VIDEO)[0].state


def test_a_service_leaves_a_daemon_and_its_runs_alone_until_they_could_say_that_they_live(
    library, machine
):
    engine, processor = library.engine, Processor(library)
    presence = Presence(engine.catalog, COORDINATOR, alone=True)
    presence.beat()
    [request] = engine.catalog.requests.due(1)
    engine.catalog.requests.submitted({request.id: "a-run-of-dagster"})
    engine.catalog.heartbeats.beat("a-run-of-dagster", VIDEO)
    processor.settle()
    slept(library)
    machine.sleeps(NIGHT_S)
    assert is_coordinated(engine)
    processor.settle()
    assert state(library) == "submitted" and not processor.run_one()
    # Its daemon does not come back: it was ended in that night, and with it its runs.
    machine.passes(awake.GRACE_S + 1)
    assert not is_coordinated(engine)
    processor.settle()
    assert state(library) == "open"


def test_a_run_that_outlived_its_daemon_is_not_taken_away_on_waking(library, machine):
    engine, processor = library.engine, Processor(library)
    [request] = engine.catalog.requests.due(1)
    engine.catalog.requests.submitted({request.id: "a-run-of-dagster"})
    slept(library)
    machine.sleeps(NIGHT_S)
    processor.settle()
    assert not is_coordinated(engine) and state(library) == "submitted"
    engine.catalog.heartbeats.beat("a-run-of-dagster", VIDEO)
    machine.passes(awake.GRACE_S + 1)
    processor.settle()
    assert state(library) == "submitted"


def test_a_run_of_another_service_is_not_lost_on_waking(library, machine):
    processor, run_id = Processor(library), fresh_run()
    [request] = library.engine.catalog.requests.due(1)
    library.engine.catalog.requests.submitted({request.id: run_id})
    slept(library)
    machine.sleeps(NIGHT_S)
    processor.settle()
    assert state(library) == "submitted"
    machine.passes(awake.GRACE_S + 1)
    processor.settle()
    assert state(library) == "open", "nothing was heard of it since"


def test_how_long_it_slept_is_known_for_a_while_and_a_busy_machine_did_not_sleep(machine):
    for _ in range(3):
        machine.passes(600)
        assert awake.slept_s() == 0
    machine.sleeps(NIGHT_S)
    assert awake.slept_s() == NIGHT_S
    machine.passes(5)
    machine.sleeps(100)
    assert awake.slept_s() == NIGHT_S + 100
    machine.passes(awake.GRACE_S + 1)
    assert awake.slept_s() == 0
