"""Who delivers: two at once, killed, without a key; what is over is removed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.errors import Misconfigured
from vidpipe.library import UnknownDelivery
from vidpipe_tests.webhooks.receiver import Reply, receiving

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
    row = hooks.only_delivery()
    assert (row.state, row.attempts, row.claims) == ("pending", 0, 1)
    # Another waits until the lease of the dead one is over.
    hooks.send()
    assert len(receiver.got) == 1
    hooks.due()
    hooks.send()
    assert len(receiver.got) == 2 and receiver.got[0].id == receiver.got[1].id
    receiver.got[1].verified(made.secret)
    assert hooks.only_delivery().state == "delivered"


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
    assert (hooks.only_delivery().state, len(receiver.got)) == ("delivered", 1)


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
