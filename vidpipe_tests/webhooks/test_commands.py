"""vidpipe webhooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from vidpipe.catalog.account_tables import AuditRow
from vidpipe.catalog.catalog import Catalog
from vidpipe.cli import app
from vidpipe_tests.webhooks.conftest import CHANNELS
from vidpipe_tests.webhooks.receiver import Reply


@pytest.fixture
def vidpipe(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    monkeypatch.setenv("VIDPIPE_WEBHOOKS__ALLOW_HTTP", "true")
    monkeypatch.setenv("VIDPIPE_WEBHOOKS__ALLOW_PRIVATE", "true")
    (tmp_path / "channels.yaml").write_text(CHANNELS)

    def go(*words, fails=False):
        done = CliRunner().invoke(app, ["webhooks", *words])
        assert (done.exit_code != 0) is fails, (done.output, done.exception)
        return done

    return go


def added(vidpipe, url, *words) -> tuple[str, str]:
    """The id of a new webhook, and its secret."""
    done = vidpipe("add", url, *words)
    listed = vidpipe("list").output
    return listed.splitlines()[1].split()[0], done.stdout.strip().splitlines()[-1]


def test_a_webhook_from_the_first_to_the_last(vidpipe, receiver, tmp_path):
    assert "No webhooks yet" in vidpipe("list").output
    which, secret = added(vidpipe, receiver.url, "--organisation", "acme", "--channel", "news")
    assert secret.startswith("whsec_")
    listed = vidpipe("list").output
    assert "acme: news" in listed and "job.completed" in listed and receiver.url in listed
    assert "No webhooks yet" in vidpipe("list", "--organisation", "default").output
    assert "No deliveries" in vidpipe("deliveries", which).output
    sent = vidpipe("test", which).output
    delivery = sent.partition(":")[0]
    # What is asked for here is sent by the worker.
    receiver.replies = [Reply(500), Reply(200)]
    process = subprocess.Popen(
        [sys.executable, "-c", "from vidpipe.cli import main; main()", "worker"], env={**os.environ}
    )
    try:
        give_up = time.monotonic() + 60
        while "failed" not in vidpipe("deliveries", which).output:
            assert time.monotonic() < give_up
            time.sleep(0.2)
        assert delivery in vidpipe("deliveries", which, "--failed").output
        assert "pending" in vidpipe("replay", delivery).output
        while "delivered" not in vidpipe("deliveries", which).output:
            assert time.monotonic() < give_up
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert [r.verified(secret)["type"] for r in receiver.got] == ["ping", "ping"]
    assert "0 are sent again" in vidpipe("replay", which, "--since", "2026-01-31T12:00:00").output
    rotated = vidpipe("rotate", which, "--overlap", "0")
    assert rotated.stdout.strip().splitlines()[-1] != secret
    assert "signs no longer" in rotated.output
    vidpipe("disable", which)
    assert "disabled: by_hand" in vidpipe("list").output
    vidpipe("disable", which, "--enable")
    assert "disabled" not in vidpipe("list").output
    vidpipe("remove", which)
    assert "No webhooks yet" in vidpipe("list").output
    with Catalog(f"sqlite:///{tmp_path}/catalog.sqlite").session() as session:
        rows = list(session.query(AuditRow).order_by(AuditRow.id))
    assert [row.action for row in rows] == [
        "webhook.create",
        "webhook.ping",
        "delivery.replay",
        "webhook.replay",
        "webhook_secret.rotate",
        "webhook.change",
        "webhook.change",
        "webhook.remove",
    ]
    assert {(row.actor, row.organisation) for row in rows} == {("local", "acme")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "gopher://8.8.8.8/"], "http:// and https://"),
        (["add", "https://8.8.8.8/", "--type", "job.begun"], "no event type is job.begun"),
        (["add", "https://8.8.8.8/", "--organisation", "other"], "no organisation 'other'"),
        (["add", "https://8.8.8.8/", "--channel", "news"], "has no channel news"),
        (["remove", "endpoint-1"], "there is no webhook"),
        (["deliveries", "endpoint-1"], "there is no webhook"),
        (["replay", "delivery-1"], "there is no delivery"),
        (["replay", "endpoint-1", "--since", "yesterday"], "is not a time"),
    ],
)
def test_what_is_wrong_is_said(vidpipe, words, said):
    assert said in vidpipe(*words, fails=True).output
