"""Messages as Apprise sends them, taken by real servers: Slack's webhook, JSON, SMTP."""

from __future__ import annotations

import json
import logging
import socket
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.notifications.sending import AppriseSender, parts_of
from vidpipe.notifications.words import NoticeMessage
from vidpipe.observability import redact

apprise = pytest.importorskip("apprise", reason="the extra notify is not installed")
controller = pytest.importorskip("aiosmtpd.controller", reason="the extra dev is not installed")

TOKENS = "T1JJ3T3L2/B4C2D9E8F/canaryTokenOfSlack24chars"
SLACK = f"slack://{TOKENS}"
SAID = NoticeMessage(
    "❌ talks: 3 videos were given up (unavailable)",
    "• talk <1> & more: https://clips.example.org/videos/talks--a-1\nWhat to do: this.",
    NoticeLevel.ERROR,
)
HERE = AppriseSender(allow_private=True)


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    redact.forget_all()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


class Server(ThreadingHTTPServer):
    """Takes what is posted, or answers something else."""

    daemon_threads = True

    def __init__(self):
        self.got = []
        self.status = 200
        self.extra = {}
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def at(self):
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        answer = b"ok"
        self.send_response(self.server.status)
        for name, value in self.server.extra.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def logged():
    """What a log of everything has; pytest's own looks past what loggers keep to themselves."""
    records = []

    class Kept(logging.Handler):
        def emit(self, record):
            records.append(record)

    # Other libraries in the same process set urllib3's own level (the client of Kubernetes does).
    loggers, handler = [logging.getLogger(), logging.getLogger("urllib3")], Kept()
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield records
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def slack(server, monkeypatch):
    """Slack's webhooks, at another address."""
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{server.at}/services")
    # Between two messages of one plugin: of no use to a test.
    monkeypatch.setattr(NotifySlack, "request_rate_per_sec", 0)
    return server


@pytest.mark.parametrize("url", [SLACK, f"https://hooks.slack.com/services/{TOKENS}"])
def test_slack_gets_its_own_form_with_nothing_that_it_would_follow(slack, url):
    HERE.send("team", url, SAID)
    ((path, kind, body),) = slack.got
    assert path == f"/services/{TOKENS}" and kind.startswith("application/json")
    assert body["mrkdwn"] is False
    (part,) = body["attachments"]
    assert part["title"] == SAID.title
    assert part["text"].startswith("• talk &lt;1&gt; &amp; more: https://clips.example.org/videos/")
    assert part["footer"] == "vidpipe" and "icon_url" not in body


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_what_is_not_taken_says_so_without_the_address(slack, logged, status):
    slack.status = status
    with pytest.raises(Unavailable) as refused:
        HERE.send("team", SLACK, SAID)
    assert str(refused.value).startswith("team: ") and str(status) in str(refused.value)
    for secret in TOKENS.split("/"):
        assert secret not in str(refused.value)
        assert all(secret not in redact.clean(record.getMessage()) for record in logged)
    names = {record.name for record in logged}
    assert "urllib3.connectionpool" in names and "apprise" not in names


def test_nobody_is_asked_where_a_redirect_leads(server):
    server.status, server.extra = 307, {"Location": f"http://{server.at}/elsewhere"}
    with pytest.raises(Unavailable):
        HERE.send("team", f"json://{server.at}/key", SAID)
    assert [path for path, *_ in server.got] == ["/key"]


def test_json_goes_to_whoever_wants_it(server):
    HERE.send("team", f"json://{server.at}/hook", SAID)
    ((path, _, body),) = server.got
    assert path == "/hook" and body["type"] == "failure"
    assert (body["title"], body["message"]) == (SAID.title, SAID.text)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "localhost", "169.254.169.254"])
def test_the_own_network_is_asked_where_a_setting_allows_it(server, host):
    url = f"json://{host}:{server.server_port}/hook"
    with pytest.raises(Misconfigured, match=r"ALLOW_PRIVATE|public internet"):
        AppriseSender(allow_private=False).send("team", url, SAID)
    if host.startswith("169"):
        with pytest.raises(Misconfigured):
            HERE.send("team", url, SAID)
    with pytest.raises(Misconfigured, match="public internet"):
        AppriseSender(allow_private=False).send(
            "mail", f"mailto://ann:hush@example.org?smtp={host}&to=bob@example.org", SAID
        )
    assert server.got == []


@pytest.mark.parametrize("url", ["nonsense", "slack://", "nosuch://a/b/c", "http://", ""])
def test_an_address_that_is_none_is_said_by_the_name_of_its_setting(url):
    with pytest.raises(Misconfigured, match="VIDPIPE_NOTIFY__TARGETS__TEAM__URL") as wrong:
        HERE.send("team", url, SAID)
    assert "nonsense" not in str(wrong.value) and "nosuch" not in str(wrong.value)


class Box:
    def __init__(self):
        self.envelopes = []
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.envelopes.append(envelope)
        return self.answer


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def smtp(box):
    made = controller.Controller(box, hostname="127.0.0.1", port=free_port())
    made.start()
    yield f"mailto://127.0.0.1:{made.port}?from=vidpipe@example.org&to=ann@example.org"
    made.stop()


def test_mail_reaches_a_server(smtp, box):
    HERE.send("mail", smtp, SAID)
    (envelope,) = box.envelopes
    assert envelope.rcpt_tos == ["ann@example.org"]
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == SAID.title
    text = mail.get_body(("plain", "html")).get_content()
    assert "https://clips.example.org/videos/talks--a-1" in text and "talk <1> & more" in text


def test_mail_that_a_server_refuses_is_tried_again(smtp, box):
    box.answer = "451 later"
    with pytest.raises(Unavailable) as refused:
        HERE.send("mail", smtp, SAID)
    assert str(refused.value).startswith("mail: ") and "ann@example.org" not in str(refused.value)


def test_nobody_there_is_unavailable():
    with pytest.raises(Unavailable, match=r"^team: "):
        HERE.send("team", f"json://127.0.0.1:{free_port()}/canary-of-a-path", SAID)


@pytest.mark.parametrize(
    ("url", "kept", "secret"),
    [
        (SLACK, [], TOKENS.split("/")),
        ("https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/tokentoken", ["services"], []),
        ("mailtos://bob:hush@example.org?smtp=mail.example.org", ["example.org"], ["hush"]),
        ("tgram://123456789:AAAbbbCCC/99", [], ["123456789", "AAAbbbCCC"]),
        ("json://example.org/p%40ssword1", ["example.org"], ["p%40ssword1", "p@ssword1"]),
        ("discord://112233445566/tokentoken?footer=yes", ["yes"], ["112233445566"]),
    ],
)
def test_the_parts_of_an_address_that_are_secret_are_known(url, kept, secret):
    found = parts_of(url)
    assert url in found and set(secret) <= set(found) and not set(kept) & set(found)
