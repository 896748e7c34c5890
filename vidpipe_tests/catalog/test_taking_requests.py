"""Who gets a request, and that nobody waits who need not."""

import threading

import pytest

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.requests import Cause, request
from vidpipe.catalog.tables import Video, now
from vidpipe_tests.catalog.conftest import video

KEY = "default--talk-0123456789"


@pytest.fixture
def patient(postgres_url, catalog):
    """The same database on PostgreSQL, for one who waits for a lock for two seconds at most."""
    joint = "&" if "?" in postgres_url else "?"
    made = Catalog(f"{postgres_url}{joint}options=-clock_timeout%3D2s")
    yield made
    made.engine.dispose()


def asked(session):
    """A request with options of its own, which refers to the row of its video."""
    assert request(session, session.get(Video, KEY), Cause.MANUAL, run_options={"seed": 1})
    session.flush()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_whoever_takes_a_request_does_not_wait_for_one_who_asks(catalog, patient):
    catalog.accept_video(video())
    [row] = catalog.requests.due(5)
    with catalog.writing() as session:
        asked(session)
        assert patient.requests.take(row.id, "cli-1").run_id == "cli-1"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_whoever_finishes_a_video_does_not_wait_for_one_who_asks(catalog, patient):
    catalog.accept_video(video())
    begun = now()
    with catalog.writing() as session:
        asked(session)
        patient.finish_video(KEY, begun)
    assert patient.video(KEY).finished_at is not None
    assert [row.state for row in catalog.requests.of_video(KEY)] == ["open", "done"]


def test_of_two_requests_for_one_video_one_is_taken_at_a_time(catalog):
    catalog.accept_video(video())
    with catalog.writing() as session:
        asked(session)
    numbers = [row.id for row in catalog.requests.of_video(KEY)] * 3
    got, ready = [], threading.Barrier(len(numbers))

    def work(place, number):
        ready.wait()
        got.append(catalog.requests.take(number, f"cli-{place}"))

    threads = [threading.Thread(target=work, args=item) for item in enumerate(numbers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(numbers) and sum(row is not None for row in got) == 1
    assert len(catalog.requests.in_flight()) == 1


def test_a_video_on_which_a_command_works_is_taken_when_that_ends(catalog):
    catalog.accept_video(video())
    [row] = catalog.requests.due(5)
    catalog.heartbeats.beat("a-command", KEY)
    catalog.heartbeats.beat("another", "default--other-0123456789")
    assert catalog.requests.take(row.id, "cli-1") is None
    # Its own signs of life are no other run's.
    catalog.heartbeats.stop(["a-command"])
    catalog.heartbeats.beat("cli-1", KEY)
    assert catalog.requests.take(row.id, "cli-1").run_id == "cli-1"
