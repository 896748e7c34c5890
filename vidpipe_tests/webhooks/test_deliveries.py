"""Events reach whoever subscribed: signed, once if all goes well, again if it does not."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import WebhookVerificationError

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.following import end
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.states import DeliveryState, JobState, WrongState
from vidpipe.catalog.tables import JobRow, now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.errors import Misconfigured
from vidpipe.library import UnknownDelivery
from vidpipe.webhooks.dispatch import MAX_RETRY_AFTER_S
from vidpipe.webhooks.options import RETRY_DELAYS_S
from vidpipe_tests.webhooks.receiver import Reply, receiving

ALL = ["job.completed", "job.failed", "job.cancelled", "video.completed", "video.failed"]


def only_delivery(hooks) -> DeliveryRow:
    (row,) = hooks.rows(DeliveryRow)
    return row


# What is sent


def test_a_finished_job_is_told_of_with_ids_and_links(hooks, receiver):
    made = hooks.endpoint(receiver)
    job_id = hooks.happen()
    hooks.send()
    (request,) = receiver.got
    told = request.verified(made.secret)
    assert told["type"] == "job.completed"
    assert told["timestamp"].endswith("Z")
    video_id = told["data"]["video_id"]
    assert told["data"] == {
        "organisation": "acme",
        "channel": "news",
        "job_id": job_id,
        "video_id": video_id,
        "project_id": None,
        "batch_id": None,
        "state": "done",
        "links": {
            "job": f"https://clips.example.org/api/v1/jobs/{job_id}",
            "video": f"https://clips.example.org/api/v1/videos/{video_id}",
        },
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "vidpipe/test"
    row = only_delivery(hooks)
    assert (row.state, row.attempts, row.last_status, row.due_at) == ("delivered", 1, 204, None)
    assert request.id == row.event_id
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert found.last_success_at is not None and found.failing_since is None


def test_each_end_of_a_job_and_of_a_video_is_told_of(hooks, receiver):
    made = hooks.endpoint(receiver, types=ALL)
    hooks.happen()
    failing, cancelled = hooks.happen(), hooks.happen()
    jobs = {name: hooks.catalog.jobs.get(name) for name in (failing, cancelled)}
    hooks.send()
    receiver.got.clear()
    again = {name: f"{name}-again" for name in jobs}
    for name, row in jobs.items():
        added = JobRow(job_id=again[name], channel="news", asked_by="local", video_id=row.video_id)
        hooks.catalog.jobs.add([added])
    hooks.catalog.jobs.cancel(again[cancelled])
    video_id = jobs[failing].video_id
    failed = Failed(video_id, "news", "process", "transcript", "unavailable", "secret", "run-1")
    hooks.catalog.requests.done("none")
    (request,) = [r for r in hooks.catalog.requests.due(100) if r.video_id == video_id]
    hooks.catalog.requests.submitted({request.id: "run-1"})
    hooks.catalog.failures.add(failed, attempts=5, dead=True)
    hooks.catalog.requests.done("run-1")
    hooks.send()
    told = {r.read()["type"]: r.verified(made.secret)["data"] for r in receiver.got}
    assert set(told) == {"job.cancelled", "job.failed", "video.failed"}
    assert told["job.cancelled"]["job_id"] == again[cancelled]
    error = {"code": "unavailable", "stage": "transcript"}
    assert told["job.failed"]["error"] == told["video.failed"]["error"] == error
    assert b"secret" not in b"".join(r.body for r in receiver.got)


def test_the_same_end_that_is_reported_twice_is_told_of_once(hooks, receiver):
    hooks.endpoint(receiver, types=["video.completed"])
    began = now()
    hooks.happen()

    def told() -> list[EventRow]:
        return [row for row in hooks.rows(EventRow) if row.type == "video.completed"]

    (event,) = told()
    hooks.catalog.finish_video(event.data["video_id"], began)
    assert len(told()) == 1
    hooks.catalog.finish_video(event.data["video_id"], now())
    assert len(told()) == 2


def test_events_go_to_whose_they_are_and_who_subscribed(hooks, receiver):
    with receiving() as theirs, receiving() as channel, receiving() as other_type:
        hooks.endpoint(receiver)
        hooks.endpoint(theirs, organisation="default")
        hooks.endpoint(channel, channels=["talks"])
        hooks.endpoint(other_type, types=["job.failed"])
        news, talks, default = hooks.happen("news"), hooks.happen("talks"), hooks.happen("default")
        hooks.send()

        def jobs(of):
            return [r.read()["data"]["job_id"] for r in of.got]

        assert sorted(jobs(receiver)) == sorted([news, talks])
        assert jobs(theirs) == [default]
        assert jobs(channel) == [talks]
        assert jobs(other_type) == []


def test_events_of_before_a_subscription_are_not_sent(hooks, receiver):
    with receiving() as older:
        hooks.endpoint(older)
        hooks.happen()
        hooks.endpoint(receiver)
        hooks.send()
        assert len(older.got) == 1 and receiver.got == []


def test_where_nobody_listens_nothing_is_due(hooks, receiver):
    hooks.endpoint(receiver, types=["video.failed"])
    hooks.happen()
    told = hooks.rows(EventRow)
    assert "job.completed" in {row.type for row in told}
    assert {row.due_at for row in told} == {None}
    assert not hooks.dispatcher().fan_out() and hooks.rows(DeliveryRow) == []


def test_what_is_rolled_back_is_not_told_of(hooks, receiver):
    hooks.endpoint(receiver, types=ALL)
    job = JobRow(job_id="job-x", channel="news", asked_by="local", state="queued", attempts=1)

    def go(fail: bool) -> None:
        with hooks.catalog.writing() as session:
            row = session.get_one(JobRow, "job-x")
            end(session, row, JobState.FAILED, code="unavailable", message="away")
            session.flush()
            if fail:
                raise KeyError("later in the transaction")

    with hooks.catalog.writing() as session:
        session.add(job)
    with pytest.raises(KeyError):
        go(True)
    hooks.send()
    assert hooks.rows(EventRow) == [] and receiver.got == []
    go(False)
    hooks.send()
    assert [r.read()["type"] for r in receiver.got] == ["job.failed"]


# What is answered


def test_errors_are_tried_again_until_it_is_taken(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500, b"broken"), Reply(503), Reply(429), Reply(200, b"thanks")]
    hooks.happen()
    hooks.send()
    assert len(receiver.got) == 4 and len({r.id for r in receiver.got}) == 1
    assert len({r.body for r in receiver.got}) == 1
    for request in receiver.got:
        request.verified(made.secret)
    row = only_delivery(hooks)
    assert (row.state, row.attempts, row.failures) == ("delivered", 4, 0)
    shown = hooks.library.webhooks.delivery(row.delivery_id).requests
    assert [(a.number, a.status, a.answer) for a in shown] == [
        (1, 500, "broken"),
        (2, 503, ""),
        (3, 429, ""),
        (4, 200, "thanks"),
    ]


@pytest.mark.parametrize("failures", range(1, 8))
def test_waits_are_those_of_the_specification_and_a_little_longer(hooks, receiver, failures):
    hooks.endpoint(receiver)
    receiver.replies = [Reply(500)]
    hooks.happen()
    hooks.send(retry_delays_s=RETRY_DELAYS_S)
    with hooks.catalog.writing() as session:
        session.query(DeliveryRow).update({"failures": failures - 1})
    hooks.due()
    began = now()
    hooks.send(retry_delays_s=RETRY_DELAYS_S)
    row = only_delivery(hooks)
    waits = (row.due_at - began).total_seconds()
    wanted = RETRY_DELAYS_S[failures - 1]
    assert wanted <= waits <= 1.1 * wanted + 5
    assert (row.state, row.failures) == ("pending", failures)


def test_after_the_last_attempt_it_has_failed_and_can_be_replayed(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500)]
    hooks.happen()
    hooks.send()
    row = only_delivery(hooks)
    assert (row.state, row.attempts, row.due_at) == ("failed", 8, None)
    first = receiver.got[0].id
    hooks.send()
    assert len(receiver.got) == 8
    receiver.replies = [Reply(200)]
    replayed = hooks.library.webhooks.replay(row.delivery_id)
    assert replayed.state is DeliveryState.PENDING
    with pytest.raises(WrongState, match="on its way"):
        hooks.library.webhooks.replay(row.delivery_id)
    hooks.send()
    assert receiver.got[-1].id == first
    receiver.got[-1].verified(made.secret)
    assert (only_delivery(hooks).state, only_delivery(hooks).attempts) == ("delivered", 9)


def test_all_that_failed_since_a_time_is_replayed(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500)]
    hooks.happen()
    hooks.send()
    since = now()
    jobs = [hooks.happen(), hooks.happen()]
    hooks.send()
    receiver.replies = [Reply(200)]
    ok = hooks.happen()
    hooks.send()
    receiver.got.clear()
    assert hooks.library.webhooks.replay_failed(made.endpoint.endpoint_id, since) == 2
    hooks.send()
    assert sorted(r.read()["data"]["job_id"] for r in receiver.got) == sorted(jobs)
    assert ok not in [r.read()["data"]["job_id"] for r in receiver.got]


def test_redirects_are_not_followed(hooks, receiver):
    with receiving() as elsewhere:
        receiver.replies = [Reply(307, headers={"Location": elsewhere.url}), Reply(200)]
        hooks.endpoint(receiver)
        hooks.happen()
        hooks.send()
        assert elsewhere.got == [] and len(receiver.got) == 2
    assert [a.status for a in hooks.rows(AttemptRow)] == [307, 200]


def test_a_slow_receiver_is_given_up_and_holds_up_no_other(hooks, receiver):
    held = threading.Event()
    with receiving(Reply(200, held=held)) as slow:
        hooks.endpoint(slow, channels=["talks"])
        hooks.endpoint(receiver, channels=["news"])
        for _ in range(8):
            hooks.happen("talks")
        quick = [hooks.happen("news") for _ in range(12)]
        began = time.monotonic()
        done: list[float] = []

        def watch() -> None:
            while len(receiver.got) < len(quick):
                time.sleep(0.01)
            done.append(time.monotonic() - began)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        hooks.send(timeout_s=4.0, retry_delays_s=(3600.0,))
        watching.join(5)
        held.set()
    # Four at a time wait for the slow one; the others are sent meanwhile.
    assert done and done[0] < 4.0
    slow_rows = [r for r in hooks.rows(DeliveryRow) if r.last_error]
    assert {r.last_error for r in slow_rows} == {"timeout"} and len(slow_rows) == 8
    attempts = [a for a in hooks.rows(AttemptRow) if a.error == "timeout"]
    assert all(3900 <= a.duration_ms <= 8000 for a in attempts)


def test_one_that_is_gone_is_disabled_and_its_owner_is_told(hooks, receiver):
    async def add() -> str:
        url = hooks.library.engine.settings.database_url.get_secret_value()
        accounts = Accounts(Sessions(url), hooks.library.engine.settings.accounts, ["s" * 32])
        try:
            grants = [Grant("acme", Role.ADMIN)]
            return (await accounts.users.add("ann@example.org", COMMAND_LINE, grants=grants)).id
        finally:
            await accounts.close()

    made = hooks.endpoint(receiver, created_by=f"user:{asyncio.run(add())}")
    receiver.replies = [Reply(410, b"gone")]
    hooks.happen()
    hooks.send()
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert (found.enabled, found.disabled_because) == (False, "gone")
    assert found.revision == made.endpoint.revision + 1
    assert len(receiver.got) == 1 and only_delivery(hooks).state == "failed"
    (mail,) = hooks.mails.sent
    assert mail.to == "ann@example.org" and found.endpoint_id in mail.text and "410" in mail.text
    assert "127.0.0.1" in mail.text and "/hook" not in mail.text
    # Nothing is kept for it, and nothing is replayed, before it is enabled again.
    hooks.happen()
    hooks.send()
    assert len([r for r in hooks.rows(EventRow) if r.body is not None]) == 1
    assert only_delivery(hooks)
    with pytest.raises(WrongState, match="enable it first"):
        hooks.library.webhooks.replay(only_delivery(hooks).delivery_id)
    again = hooks.library.webhooks.change(found.endpoint_id, revision=found.revision, enabled=True)
    assert (again.enabled, again.disabled_because, again.failing_since) == (True, None, None)
    receiver.replies = [Reply(200)]
    hooks.library.webhooks.replay(only_delivery(hooks).delivery_id)
    hooks.send()
    assert only_delivery(hooks).state == "delivered"


def test_one_that_fails_for_days_is_disabled(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500)]
    hooks.happen()
    hooks.send(retry_delays_s=(3600.0,))
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert found.enabled and found.failing_since is not None
    with hooks.catalog.writing() as session:
        row = session.get_one(EndpointRow, found.endpoint_id)
        row.failing_since = now() - timedelta(days=5, seconds=1)
    hooks.due()
    hooks.send(retry_delays_s=(3600.0, 3600.0))
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert (found.enabled, found.disabled_because) == (False, "failing")
    # What was still on its way is given up when its time comes.
    hooks.due()
    hooks.send(retry_delays_s=(3600.0, 3600.0))
    assert only_delivery(hooks).state == "failed" and len(receiver.got) == 2
    # Nobody is known who made it.
    assert hooks.mails.sent == []


def test_a_success_ends_the_days_of_failures(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500), Reply(200)]
    hooks.happen()
    hooks.send()
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert found.failing_since is None and found.last_success_at is not None


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 125),
        (
            lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True),
            290,
            305,
        ),
        ("999999999", MAX_RETRY_AFTER_S, MAX_RETRY_AFTER_S + 5),
        # No sooner than by itself.
        ("0", 60, 70),
        ("soon", 60, 70),
        ("-5", 60, 70),
    ],
)
def test_retry_after_is_obeyed_within_a_bound(hooks, receiver, said, least, most):
    hooks.endpoint(receiver)
    receiver.replies = [
        Reply(503, headers={"Retry-After": said if isinstance(said, str) else said()})
    ]
    hooks.happen()
    began = now()
    hooks.send(retry_delays_s=(60.0,))
    waits = (only_delivery(hooks).due_at - began).total_seconds()
    assert least <= waits <= most + 5


def test_of_an_answer_a_little_text_is_kept(hooks, receiver):
    hooks.endpoint(receiver)
    packed = gzip.compress(b"0" * 50_000_000)
    receiver.replies = [
        Reply(500, b"\x00\x1b[31mred\xff\n" + b"x" * 5000),
        Reply(500, packed, {"Content-Encoding": "gzip"}),
        Reply(200, "täk".encode()),
    ]
    hooks.happen()
    hooks.send()
    one, two, three = hooks.rows(AttemptRow)
    assert one.answer.startswith("[31mred\ufffd\n") and 900 < len(one.answer) <= 1024
    assert two.answer == "" and three.answer == "täk"


def test_cookies_of_one_are_not_told_to_another(hooks, receiver):
    hooks.endpoint(receiver)
    receiver.replies = [Reply(500, headers={"Set-Cookie": "a=b; Path=/"}), Reply(200)]
    hooks.happen()
    hooks.happen()
    hooks.send()
    assert len(receiver.got) == 3 and not any("cookie" in r.headers for r in receiver.got)


def test_one_that_does_not_answer_at_all_is_tried_again(hooks, receiver):
    with receiving() as closed:
        url = closed.url
    hooks.endpoint(receiver)
    with hooks.catalog.writing() as session:
        session.query(EndpointRow).update({"url": url})
    hooks.happen()
    hooks.send()
    assert {a.error for a in hooks.rows(AttemptRow)} == {"no_connection"}
    assert only_delivery(hooks).state == "failed"


# Secrets


def test_both_secrets_sign_while_they_overlap(hooks, receiver):
    old = hooks.endpoint(receiver)
    new = hooks.library.webhooks.rotate(old.endpoint.endpoint_id)
    assert new.secret != old.secret and new.endpoint.old_secret_until > now()
    hooks.happen()
    hooks.send()
    receiver.got[0].verified(old.secret)
    receiver.got[0].verified(new.secret)
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    # When it is over only the new one does, and the old one is kept no longer.
    with hooks.catalog.writing() as session:
        session.query(EndpointRow).update({"old_secret_until": now() - timedelta(seconds=1)})
    hooks.happen()
    hooks.send()
    receiver.got[1].verified(new.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verified(old.secret)
    hooks.dispatcher().tidy()
    (row,) = hooks.rows(EndpointRow)
    assert row.old_secret is None and row.old_secret_until is None


def test_an_old_secret_that_leaked_ends_at_once(hooks, receiver):
    old = hooks.endpoint(receiver)
    new = hooks.library.webhooks.rotate(old.endpoint.endpoint_id, overlap_h=0)
    hooks.happen()
    hooks.send()
    receiver.got[0].verified(new.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[0].verified(old.secret)


# Test events


def test_a_ping_is_sent_once_and_says_nothing_of_the_endpoint(hooks, receiver):
    made = hooks.endpoint(receiver)
    endpoint_id = made.endpoint.endpoint_id
    receiver.replies = [Reply(500), Reply(200)]
    sent = hooks.library.webhooks.test(endpoint_id)
    hooks.send()
    told = receiver.got[0].verified(made.secret)
    assert told["type"] == "ping" and told["data"] == {"endpoint_id": endpoint_id, "links": {}}
    assert hooks.library.webhooks.delivery(sent.delivery_id).state is DeliveryState.FAILED
    found = hooks.library.webhooks.get(endpoint_id)
    assert found.failing_since is None
    # Also before it is enabled again.
    hooks.library.webhooks.change(endpoint_id, revision=found.revision, enabled=False)
    sent = hooks.library.webhooks.test(endpoint_id)
    hooks.send()
    assert hooks.library.webhooks.delivery(sent.delivery_id).state is DeliveryState.DELIVERED


# Processes


def test_two_workers_at_once_deliver_once(hooks, receiver):
    hooks.endpoint(receiver)
    jobs = [hooks.happen() for _ in range(20)]

    def work() -> None:
        for _ in range(5):
            hooks.send()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.read()["data"]["job_id"] for r in receiver.got) == sorted(jobs)
    assert {row.attempts for row in hooks.rows(DeliveryRow)} == {1}


def worker(hooks, home) -> subprocess.Popen:
    settings = hooks.library.engine.settings
    environment = {
        **os.environ,
        "VIDPIPE_HOME": str(home),
        "VIDPIPE_DATABASE_URL": settings.database_url.get_secret_value(),
        "VIDPIPE_ENCRYPTION_KEYS": f'["{settings.encryption_keys[0].get_secret_value()}"]',
        "VIDPIPE_WEBHOOKS__ALLOW_HTTP": "true",
        "VIDPIPE_WEBHOOKS__ALLOW_PRIVATE": "true",
    }
    command = [sys.executable, "-c", "from vidpipe.cli import main; main()", "worker"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def test_what_a_killed_worker_had_sent_is_sent_again_as_the_same(hooks, receiver, tmp_path):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(200, held=threading.Event()), Reply(200)]
    hooks.happen()
    process = worker(hooks, tmp_path / "home")
    try:
        assert receiver.arrived.wait(60)
    finally:
        process.kill()
        process.wait()
    row = only_delivery(hooks)
    assert (row.state, row.attempts, row.claims) == ("pending", 0, 1)
    # Another waits until the lease of the dead one is over.
    hooks.send()
    assert len(receiver.got) == 1
    hooks.due()
    hooks.send()
    assert len(receiver.got) == 2 and receiver.got[0].id == receiver.got[1].id
    receiver.got[1].verified(made.secret)
    assert only_delivery(hooks).state == "delivered"


def test_a_worker_that_is_told_to_end_writes_down_what_it_sent(hooks, receiver, tmp_path):
    hooks.endpoint(receiver)
    held = threading.Event()
    receiver.replies = [Reply(200, held=held), Reply(200)]
    hooks.happen()
    process = worker(hooks, tmp_path / "home")
    try:
        assert receiver.arrived.wait(60)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        held.set()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert (only_delivery(hooks).state, len(receiver.got)) == ("delivered", 1)


def test_one_that_is_removed_meanwhile_is_not_asked(hooks, receiver):
    made = hooks.endpoint(receiver)
    hooks.happen()
    dispatcher = hooks.dispatcher()
    dispatcher.fan_out()
    hooks.library.webhooks.remove(made.endpoint.endpoint_id)
    asyncio.run(dispatcher.deliver())
    assert receiver.got == [] and hooks.rows(DeliveryRow) == []
    with pytest.raises(UnknownDelivery):
        hooks.library.webhooks.delivery("delivery-none")


@pytest.mark.logs_errors
def test_a_secret_that_cannot_be_read_holds_up_no_other(hooks, receiver, caplog):
    hooks.endpoint(receiver)
    with receiving() as other:
        hooks.endpoint(other)
        with hooks.catalog.writing() as session:
            row = session.query(EndpointRow).filter(EndpointRow.url == receiver.url).one()
            row.secret = "damaged"
        hooks.happen()
        hooks.send()
        assert receiver.got == [] and len(other.got) == 1
    assert "VIDPIPE_ENCRYPTION_KEYS" in caplog.text
    waiting = [r for r in hooks.rows(DeliveryRow) if r.state == "pending"]
    assert len(waiting) == 1 and waiting[0].attempts == 0


@pytest.mark.logs_errors
def test_where_no_key_is_set_any_more_that_is_said_once(hooks, receiver, monkeypatch):
    hooks.endpoint(receiver)
    for _ in range(3):
        hooks.happen()

    def none(*_, **__):
        raise Misconfigured("VIDPIPE_ENCRYPTION_KEYS: no key is set")

    monkeypatch.setattr("vidpipe.library.webhooks.open_vault", none)
    hooks.library.webhooks.__dict__.pop("vault", None)
    with pytest.raises(Misconfigured, match="no key is set"):
        hooks.send()
    assert receiver.got == [] and {row.attempts for row in hooks.rows(DeliveryRow)} == {0}


# Retention


def test_what_is_old_and_over_is_removed(hooks, receiver):
    hooks.endpoint(receiver)
    receiver.replies = [Reply(200), Reply(200), Reply(500)]
    for _ in range(3):
        hooks.happen()
        hooks.send(retry_delays_s=(3600.0,))
    old = now() - timedelta(days=31)
    with hooks.catalog.writing() as session:
        session.query(EventRow).update({"occurred_at": old})
        first, _, waiting = session.query(DeliveryRow).order_by(DeliveryRow.event)
        first.ended_at = waiting.created_at = old
    assert hooks.dispatcher().tidy() is False
    kept = hooks.rows(DeliveryRow)
    assert [r.state for r in kept] == ["delivered", "pending"]
    assert len(hooks.rows(AttemptRow)) == 2
    # What webhooks are still to be told of stays, and the newest.
    while hooks.catalog.events.remove_old(now()):
        pass
    newest = hooks.catalog.events.newest_id()
    assert {r.id for r in hooks.rows(EventRow)} == {r.event for r in kept} | {newest}
