"""Lost runs, half-way videos, and what is tried again."""

import pytest

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import now
from vidpipe.errors import (
    RETRY_DELAYS_S,
    InputRejected,
    Misconfigured,
    Unavailable,
    cause_of,
    retryable,
    wait_before_s,
)
from vidpipe.operations.recovery import find_lost, incomplete, note_failure, requeue
from vidpipe_tests.catalog.conftest import video

KEY = "default--talk-0123456789"


@pytest.fixture
def catalog(tmp_path):
    return Catalog(f"sqlite:///{tmp_path}/catalog.sqlite").ready()


def failed(run_id, cause="worker_lost", subject=KEY, message="gone"):
    return Failed(
        subject, subject.split("--")[0], "process_video", "layout", cause, message, run_id
    )


@pytest.mark.parametrize(
    ("error", "cause", "passing"),
    [
        (Unavailable("away"), "unavailable", True),
        (InputRejected("no_video", "no picture"), "rejected:no_video", False),
        (Misconfigured("wrong"), "misconfigured", False),
        (OSError(28, "No space left on device"), "os:ENOSPC", True),
        (PermissionError(13, "Permission denied"), "os:EACCES", False),
        (MemoryError(), "unexpected:MemoryError", True),
        (ZeroDivisionError(), "unexpected:ZeroDivisionError", False),
    ],
)
def test_each_error_has_a_cause_and_says_whether_waiting_helps(error, cause, passing):
    assert (cause_of(error), retryable(error)) == (cause, passing)


def test_waits_grow_and_end():
    assert [wait_before_s(n) for n in (1, 2, 3, 4, 5)] == [*RETRY_DELAYS_S, None]
    assert RETRY_DELAYS_S == (60, 300, 900, 3600)


def test_a_failure_is_written_down_once_however_often_it_is_told(catalog):
    catalog.accept_video(video())
    assert "in 1 min" in note_failure(catalog, failed("r1"), passing=True)
    assert note_failure(catalog, failed("r1"), passing=True) == "known already"
    assert "in 5 min" in note_failure(catalog, failed("r2"), passing=True)
    assert catalog.failures.attempts(KEY) == 2


def test_what_waiting_cannot_help_is_dead_at_once_and_can_be_asked_for(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(1)
    catalog.requests.submitted({request.id: "r1"})
    note_failure(catalog, failed("r1", "rejected:x"), passing=False)
    assert catalog.requests.videos() == set() and incomplete(catalog, ()) == []
    [dead] = catalog.failures.living()
    assert requeue(catalog, [dead]) == 1
    assert [w.cause for w in catalog.requests.due(5)] == ["retry"]
    assert catalog.failures.living() == []


def test_a_retry_runs_the_stages_that_the_failed_run_had(catalog):
    catalog.accept_video(video())
    catalog.finish_video(KEY, now())
    note_failure(catalog, failed("r1"), passing=True, stages=["layout"])
    [request] = catalog.requests.of_video(KEY)[:1]
    assert request.stages == ["layout"] and request.not_before > now()


def test_a_video_that_nobody_cares_for_is_found(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(1)
    catalog.requests.submitted({request.id: "r1"})
    catalog.requests.done("r1")
    assert incomplete(catalog, {KEY}) == []
    assert incomplete(catalog, ()) == [KEY]
    catalog.failures.add(failed("r1"), attempts=1, dead=True)
    assert incomplete(catalog, ()) == []


def test_a_sign_of_life_that_stands_still_is_lost_after_so_many_looks():
    seen, lost = {}, []
    for beat in ("1", "2", "2", "2"):
        seen, lost = find_lost(seen, {"a": beat, "b": "b" + beat}, 2)
        assert lost == []
    seen, lost = find_lost(seen, {"a": "2", "b": "b3"}, 2)
    assert lost == ["a"] and set(seen) == {"b"}


def test_nobody_is_lost_because_nobody_looked():
    seen, _ = find_lost({}, {"a": "1"}, 2)
    # The watcher or the database was away for an hour: one look later it is still one look.
    seen, lost = find_lost(seen, {"a": "1"}, 2)
    assert lost == [] and seen["a"].looks == 1
    seen, lost = find_lost(seen, {"a": "2"}, 2)
    assert seen["a"].looks == 0


# Alerts
