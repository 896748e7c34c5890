"""Lost runs, half-way videos, and who is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

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
from vidpipe.operations.alerts import grouped, tell
from vidpipe.operations.recovery import find_lost, incomplete, note_failure, requeue
from vidpipe.settings import AlertOptions
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


@pytest.fixture
def webhook():
    """A webhook that keeps what it is told, and answers as it is told to."""
    got, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret-path", got, answers
    server.shutdown()


def bury(catalog, count, cause="unavailable", channel="default"):
    for k in range(count):
        subject = f"{channel}--v{k}-{cause}"
        catalog.failures.add(
            failed(f"{cause}{channel}{k}", cause, subject, "<!channel> & so"), attempts=5, dead=True
        )


def test_dead_letters_are_told_of_in_groups_and_one_message(catalog, webhook):
    url, got, _ = webhook
    bury(catalog, 5)
    bury(catalog, 1, "rejected:x", "other")
    options = AlertOptions(url=SecretStr(url))
    told, groups = tell(catalog, options, {}, ui_url="https://dagster.example", at_s=1000.0)
    assert [(g.name, len(g.rows)) for g in groups] == [
        ("unavailable in default", 5),
        ("rejected:x in other", 1),
    ]
    [message] = got
    assert message["text"] == "vidpipe: 6 uploads or videos given up"
    text = message["blocks"][1]["text"]["text"]
    assert "5x unavailable in default" in text and "and 2 more" in text
    assert "https://dagster.example/runs/unavailabledefault" in text
    # A file's name or an error's text cannot call a channel together.
    assert "<!channel>" not in text and "&lt;!channel&gt; &amp; so" in text
    assert tell(catalog, options, told, at_s=1001.0)[1] == [] and len(got) == 1


def test_the_same_cause_is_not_told_of_too_often_and_a_new_one_at_once(catalog, webhook):
    url, got, _ = webhook
    options = AlertOptions(url=SecretStr(url), format="json", min_interval_s=900)
    bury(catalog, 1)
    told, _ = tell(catalog, options, {}, at_s=0.0)
    catalog.failures.add(failed("later", "unavailable"), attempts=5, dead=True)
    bury(catalog, 1, "unexpected:KeyError")
    told, groups = tell(catalog, options, told, at_s=60.0)
    assert [g.cause for g in groups] == ["unexpected:KeyError"]
    told, groups = tell(catalog, options, told, at_s=901.0)
    assert [(g.cause, len(g.rows)) for g in groups] == [("unavailable", 1)]
    assert got[-1]["groups"][0]["examples"][0]["subject"] == KEY


def test_what_could_not_be_sent_stays_untold_and_the_address_is_not_shown(catalog, webhook):
    url, got, answers = webhook
    bury(catalog, 1)
    answers.append(500)
    with pytest.raises(Unavailable, match="answers 500") as error:
        tell(catalog, AlertOptions(url=SecretStr(url)), {}, at_s=0.0)
    assert "secret-path" not in str(error.value)
    with pytest.raises(Unavailable) as error:
        tell(catalog, AlertOptions(url=SecretStr("http://127.0.0.1:9/canary")), {}, at_s=0.0)
    assert "canary" not in str(error.value) and error.value.__cause__ is None
    assert len(catalog.failures.unnotified()) == 1
    assert len(tell(catalog, AlertOptions(url=SecretStr(url)), {}, at_s=0.0)[1]) == 1
    assert len(got) == 2


def test_groups_are_ordered_by_how_many(catalog):
    bury(catalog, 1, "b")
    bury(catalog, 3, "a")
    assert [g.cause for g in grouped(catalog.failures.unnotified())] == ["a", "b"]
