"""How runs of requests end: as a whole, and only by whoever has the request."""

import threading

import pytest

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Requests
from vidpipe.catalog.tables import now
from vidpipe.errors import Unavailable
from vidpipe.operations.recovery import incomplete, note_failure, note_waiting
from vidpipe_tests.catalog.conftest import video

KEY = "default--talk-0123456789"
RUN = "cli-1"


def failed(run_id=RUN, cause="unavailable"):
    return Failed(KEY, "default", "process_video", "layout", cause, "it was away", run_id)


def at_work(catalog, run_id=RUN):
    """A video whose request this run has."""
    catalog.accept_video(video())
    [request] = catalog.requests.due(1)
    return catalog.requests.take(request.id, run_id)


def states(catalog):
    return [row.state for row in catalog.requests.of_video(KEY)]


def test_a_failure_is_written_down_with_the_try_that_follows_or_not_at_all(catalog, monkeypatch):
    at_work(catalog)
    for name in ("add", "release"):
        with monkeypatch.context() as patched:

            def away(*_, **__):
                raise Unavailable("the database went away")

            patched.setattr(Requests, name, away)
            with pytest.raises(Unavailable):
                note_failure(catalog, failed(), passing=True)
        assert catalog.failures.living() == [] and states(catalog) == ["submitted"]
    # Whoever finds the request of a run that is gone can still tell of it.
    assert "tried again" in note_failure(catalog, failed(), passing=True)
    assert [f.state for f in catalog.failures.living()] == ["waiting"]
    assert states(catalog) == ["open", "done"]


def test_nothing_follows_on_a_run_whose_request_was_taken_back(catalog):
    row = at_work(catalog)
    catalog.requests.reopen([row.id])
    assert "taken back" in note_failure(catalog, failed(), passing=True)
    until = now()
    assert "taken back" in note_waiting(catalog, failed(), waits_for="day", until=until)
    assert catalog.failures.living() == [] and states(catalog) == ["open", "done"]
    assert catalog.requests.of_video(KEY)[0].waits_for is None


def test_of_two_that_tell_of_one_end_at_once_one_is_heard(catalog):
    at_work(catalog)
    said, ready = [], threading.Barrier(4)

    def tell():
        ready.wait()
        said.append(note_failure(catalog, failed(), passing=True))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("tried again" in words for words in said) == 1 and len(said) == 4
    assert catalog.failures.attempts(KEY) == 1 and states(catalog) == ["open", "done"]


def test_a_video_is_cared_for_by_a_request_and_not_by_a_failure(catalog):
    at_work(catalog)
    note_failure(catalog, failed(), passing=True)
    assert incomplete(catalog, ()) == []
    [request] = [row for row in catalog.requests.of_video(KEY) if row.state == "open"]
    catalog.requests.submitted({request.id: "cli-2"})
    catalog.requests.done("cli-2")
    assert [f.state for f in catalog.failures.living()] == ["waiting"]
    assert incomplete(catalog, ()) == [KEY]
    assert incomplete(catalog, {KEY}) == []
