"""Deliveries that are not taken: tried again, replayed, given up."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.states import DeliveryState, WrongState
from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.webhooks.dispatch import MAX_RETRY_AFTER_S
from vidpipe.webhooks.options import RETRY_DELAYS_S
from vidpipe_tests.webhooks.receiver import Reply, receiving


def test_errors_are_tried_again_until_it_is_taken(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500, b"broken"), Reply(503), Reply(429), Reply(200, b"thanks")]
    hooks.happen()
    hooks.send()
    assert len(receiver.got) == 4 and len({r.id for r in receiver.got}) == 1
    assert len({r.body for r in receiver.got}) == 1
    for request in receiver.got:
        request.verified(made.secret)
    row = hooks.only_delivery()
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
    row = hooks.only_delivery()
    waits = (row.due_at - began).total_seconds()
    wanted = RETRY_DELAYS_S[failures - 1]
    assert wanted <= waits <= 1.1 * wanted + 5
    assert (row.state, row.failures) == ("pending", failures)


def test_after_the_last_attempt_it_has_failed_and_can_be_replayed(hooks, receiver):
    made = hooks.endpoint(receiver)
    receiver.replies = [Reply(500)]
    hooks.happen()
    hooks.send()
    row = hooks.only_delivery()
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
    assert (hooks.only_delivery().state, hooks.only_delivery().attempts) == ("delivered", 9)


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
    assert len(receiver.got) == 1 and hooks.only_delivery().state == "failed"
    (mail,) = hooks.mails.sent
    assert mail.to == "ann@example.org" and found.endpoint_id in mail.text and "410" in mail.text
    assert "127.0.0.1" in mail.text and "/hook" not in mail.text
    # Nothing is kept for it, and nothing is replayed, before it is enabled again.
    hooks.happen()
    hooks.send()
    assert len([r for r in hooks.rows(EventRow) if r.body is not None]) == 1
    assert hooks.only_delivery()
    with pytest.raises(WrongState, match="enable it first"):
        hooks.library.webhooks.replay(hooks.only_delivery().delivery_id)
    again = hooks.library.webhooks.change(found.endpoint_id, revision=found.revision, enabled=True)
    assert (again.enabled, again.disabled_because, again.failing_since) == (True, None, None)
    receiver.replies = [Reply(200)]
    hooks.library.webhooks.replay(hooks.only_delivery().delivery_id)
    hooks.send()
    assert hooks.only_delivery().state == "delivered"


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
    assert hooks.only_delivery().state == "failed" and len(receiver.got) == 2
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
    waits = (hooks.only_delivery().due_at - began).total_seconds()
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
    assert hooks.only_delivery().state == "failed"
