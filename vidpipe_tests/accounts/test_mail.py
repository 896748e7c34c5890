"""Messages, against a real SMTP server in the test process."""

from __future__ import annotations

import asyncio
import logging
import socket
from email import message_from_string

import pytest

from vidpipe.accounts.mail import LogMailer, Mail, SmtpMailer, link_mail, mailer
from vidpipe.accounts.options import MailOptions
from vidpipe.accounts.users import Purpose
from vidpipe.errors import Unavailable

controller = pytest.importorskip("aiosmtpd.controller", reason="the extra dev is not installed")
MAIL = link_mail("ann@example.org", Purpose.RESET, "the-code", "https://clips.example.org")


class Box:
    def __init__(self, refuse: bool = False) -> None:
        self.envelopes = []
        self.refuse = refuse

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.envelopes.append(envelope)
        return "550 no" if self.refuse else "250 OK"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def send(server, mail=MAIL, **more):
    options = MailOptions(host="127.0.0.1", port=server.port, timeout_s=5, **more)
    asyncio.run(SmtpMailer(options).send(mail))


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def server(box):
    made = controller.Controller(box, hostname="127.0.0.1", port=free_port())
    made.start()
    yield made
    made.stop()


def test_a_message_arrives(server, box):
    send(server, security="none")
    (envelope,) = box.envelopes
    text = envelope.content.decode()
    assert envelope.rcpt_tos == ["ann@example.org"]
    assert "Auto-Submitted: auto-generated" in text and "\r\n    the-code\r\n" in text
    # What is longer than a line is broken for the way, and put together again.
    whole = message_from_string(text).get_payload(decode=True).decode()
    assert "https://clips.example.org/account/reset?code=the-code" in whole


def test_without_encryption_nothing_is_sent_that_was_to_be_encrypted(server, box):
    with pytest.raises(Unavailable):
        send(server, security="starttls", user="u", password="hush")
    assert box.envelopes == []


def test_a_server_that_refuses_or_is_away_is_unavailable(server, box):
    box.refuse = True
    with pytest.raises(Unavailable):
        send(server, security="none")
    with pytest.raises(Unavailable):
        asyncio.run(SmtpMailer(MailOptions(host="127.0.0.1", port=9, timeout_s=2)).send(MAIL))


def test_no_header_is_added_by_an_address(server, box):
    bad = Mail("a@b\r\nBcc: eve@example.org", "x", "y")
    with pytest.raises((ValueError, Unavailable)):
        send(server, bad, security="none")
    assert box.envelopes == []


def test_without_a_server_the_log_has_it(caplog):
    sends = mailer(MailOptions())
    assert isinstance(sends, LogMailer)
    with caplog.at_level(logging.WARNING, "vidpipe"):
        asyncio.run(sends.send(MAIL))
    assert "the-code" in caplog.text
