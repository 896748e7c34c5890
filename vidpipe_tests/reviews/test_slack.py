"""Slack: a service that it clicks into, and a Slack that it writes to, over real connections."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import httpx
import pytest

from vidpipe.accounts.model import Grant, Role
from vidpipe.api.app import service
from vidpipe.errors import Unavailable
from vidpipe.library import GateState, ReviewState
from vidpipe.operations.gates import GateName
from vidpipe.settings import load_settings
from vidpipe.webhooks.slack import (
    MOST_CLIPS,
    asked_clip,
    clicks_of,
    is_signed,
    may_answer,
    messages,
    signature,
)
from vidpipe_tests.api.guarded import guarded, running

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class FakeSlack:
    """Answers as Slack's Web API and its response URLs do; keeps what came."""

    def __init__(self):
        self.posted, self.answers, self.status, self.headers = [], [], 200, {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(size))
                kept = fake.posted if self.path == "/api/chat.postMessage" else fake.answers
                kept.append((self.headers.get("Authorization"), body))
                said = b'{"ok": true}' if "api" in self.path else b"ok"
                self.send_response(fake.status)
                for name, value in fake.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def slack():
    fake = FakeSlack()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, slack):
    """A service with a Slack app, its address, and whom Slack's users are."""
    folder = tmp_path_factory.mktemp("slack")
    with guarded(folder) as made:
        made.user("ada@example.org", Grant("acme", Role.EDITOR))
        made.user("eve@example.org", Grant("acme", Role.VIEWER))
        made.user("sam@example.org", Grant("default", Role.EDITOR))
        settings = made.settings.model_copy(
            update={
                "slack": load_settings(
                    home=folder / "home",
                    slack={
                        "bot_token": "xoxb-1",
                        "signing_secret": SECRET,
                        "conversation": "C01",
                        "users": {
                            "UADA": "ada@example.org",
                            "UEVE": "eve@example.org",
                            "USAM": "sam@example.org",
                            "UGONE": "nobody@example.org",
                        },
                        "api_url": f"{slack.url}/api",
                    },
                ).slack
            }
        )
        made.library.engine.settings = settings
        with running(service(made.library, host="0.0.0.0")) as address:
            yield made, address


def click(user, block_id, reason=None, url=""):
    action = {"block_id": block_id, "action_id": "review_approve", "value": "approve"}
    if reason is not None:
        action |= {"action_id": "review_reject", "selected_option": {"value": reason}}
    return {"type": "block_actions", "user": {"id": user}, "actions": [action], "response_url": url}


def send(address, payload, *, stamp=None, secret=SECRET, sign=None):
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time())) if stamp is None else stamp
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign or signature(secret, stamp, body),
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": "127.0.0.1",
    }
    return httpx.post(f"{address}/api/v1/slack/interactions", content=body, headers=headers)


def of_clip(video_id, seen="f" * 64):
    return f"clip|{video_id}|c0ffee|{seen}"


def answered(slack, count):
    until = time.monotonic() + 20
    while len(slack.answers) < count and time.monotonic() < until:
        time.sleep(0.02)
    return [body for _, body in slack.answers]


def test_the_signature_is_slacks_own():
    """The example of Slack's documentation."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
        b"G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
        b"collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700"
        b"885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c"
        b"447fce8b6703c"
    )
    given = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature(SECRET, "1531420618", body) == given
    assert is_signed(SECRET, "1531420618", given, body, at_s=1531420618 + 299)
    assert not is_signed(SECRET, "1531420618", given, body, at_s=1531420618 + 301)
    assert not is_signed(SECRET, "1531420618", given, body + b"x", at_s=1531420618)
    assert not is_signed("", "1531420618", signature("", "1531420618", body), body)
    assert not is_signed(SECRET, "١٥", given, body)


def test_a_click_approves_as_the_user_that_it_stands_for(world, slack):
    made, address = world
    video_id = made.objects("news")["video_id"]
    slack.answers.clear()
    payload = click("UADA", of_clip(video_id), url=f"{slack.url}/answer")
    assert send(address, payload).status_code == 200
    item = made.library.reviews.get(video_id, "1")
    assert item.state is ReviewState.APPROVED and item.decision.by.startswith("user:")
    assert item.decision.by_name == "ada@example.org (in Slack)"
    [said] = answered(slack, 1)
    assert said["response_type"] == "in_channel" and "approved “clip”" in said["text"]


def test_a_rejection_has_its_reason(world):
    made, address = world
    video_id = made.objects("news")["video_id"]
    assert send(address, click("UADA", of_clip(video_id), "off_brand")).status_code == 200
    assert made.library.reviews.get(video_id, "1").decision.reason == "off_brand"


def test_a_gate_is_decided_on(world):
    made, address = world
    at = made.objects("news")
    block = f"gate|{at['gate_id']}|{'f' * 64}"
    assert send(address, click("UADA", block)).status_code == 200
    assert made.library.reviews.gate(int(at["gate_id"])).state is GateState.APPROVED


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("UEVE", "You may not decide in the channel news"),
        ("USAM", "nothing to decide on here"),
        ("UGONE", "Nobody here is known"),
        ("UXXX", "Nobody here is known"),
    ],
)
def test_who_may_not_decide_is_told_so_alone(world, slack, user, words):
    made, address = world
    video_id = made.objects("news")["video_id"]
    slack.answers.clear()
    payload = click(user, of_clip(video_id), url=f"{slack.url}/answer")
    assert send(address, payload).status_code == 200
    [said] = answered(slack, 1)
    assert said["response_type"] == "ephemeral" and words in said["text"]
    assert made.library.reviews.get(video_id, "1").state is ReviewState.PENDING


def test_what_slack_did_not_sign_is_refused(world):
    made, address = world
    video_id = made.objects("news")["video_id"]
    payload = click("UADA", of_clip(video_id))
    old = str(int(time.time()) - 400)
    for answer in (
        send(address, payload, secret="another"),
        send(address, payload, sign="v0="),
        send(address, payload, stamp=old),
        send(address, payload, stamp="yesterday", sign="v0=00"),
    ):
        assert answer.status_code == 401 and answer.json()["code"] == "bad_signature"
    assert made.library.reviews.get(video_id, "1").state is ReviewState.PENDING


def test_a_request_that_is_played_again_is_not_obeyed_again(world):
    made, address = world
    video_id = made.objects("news")["video_id"]
    payload, stamp = click("UADA", of_clip(video_id)), str(int(time.time()))
    assert send(address, payload, stamp=stamp).status_code == 200
    decision = made.library.reviews.get(video_id, "1").decision
    from vidpipe.catalog.reviews import Decider

    made.library.reviews.undo(video_id, "1", decision.decision_id, Decider("user:x", "x"))
    assert send(address, payload, stamp=stamp).status_code == 200
    assert made.library.reviews.get(video_id, "1").state is ReviewState.PENDING


@pytest.mark.parametrize("payload", ["x", [], {}, {"user": 1}, {"user": {"id": "U"}, "actions": 3}])
def test_what_is_no_click_is_refused_or_passed_over(world, payload):
    assert send(world[1], payload).status_code in (200, 422)


def test_a_click_on_something_else_is_passed_over():
    body = urlencode({"payload": json.dumps(click("U", "other|1"))}).encode()
    assert clicks_of(body) == []


def test_answers_go_to_slack_alone():
    own = "https://slack.com/api"
    assert may_answer("https://hooks.slack.com/actions/T/1/x", own)
    for url in (
        "http://hooks.slack.com/actions",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/x",
        "https://a@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "",
    ):
        assert not may_answer(url, own), url


# Telling


def wait_for_clips(made):
    """Clips of a new video wait for being published."""
    from vidpipe.catalog.reviews import Halt, halt, locked, void_gates

    video_id = made.objects("news")["video_id"]
    with made.library.engine.catalog.writing() as session:
        # What other tests left is told by now.
        from sqlalchemy import update

        from vidpipe.catalog.review_tables import GateRow

        session.execute(update(GateRow).values(due_at=None))
        void_gates(session, video_id)
        halt(session, locked(session, video_id), Halt(GateName.PUBLISH, "f" * 64, ()))
    return video_id


def test_those_who_decide_are_told_once_and_can_click(world, slack):
    made, address = world
    video_id = wait_for_clips(made)
    slack.posted.clear()
    assert made.library.slack.tell_one() is True
    assert made.library.slack.tell_one() is False
    [(token, message)] = slack.posted
    assert (token, message["channel"]) == ("Bearer xoxb-1", "C01")
    actions = next(block for block in message["blocks"] if block["type"] == "actions")
    assert actions["block_id"] == of_clip(video_id)
    approve, reject = actions["elements"]
    assert approve["text"]["text"] == "Approve"
    assert len(reject["options"]) == 11
    # What was posted is what a click sends back.
    assert send(address, click("UADA", actions["block_id"])).status_code == 200
    assert made.library.reviews.get(video_id, "1").state is ReviewState.APPROVED


def test_slack_is_asked_again_when_it_says_so(world, slack):
    made, _ = world
    wait_for_clips(made)
    slack.posted.clear()
    slack.status, slack.headers = 429, {"Retry-After": "0"}
    try:
        with pytest.raises(Unavailable, match="429"):
            made.library.slack.tell_one()
    finally:
        slack.status, slack.headers = 200, {}
    # Its own wait of no seconds is over.
    assert len(slack.posted) == 1
    from sqlalchemy import update

    from vidpipe.catalog.review_tables import GateRow
    from vidpipe.catalog.tables import now

    with made.library.engine.catalog.writing() as session:
        session.execute(update(GateRow).where(GateRow.due_at.is_not(None)).values(due_at=now()))
    assert made.library.slack.tell_one() is True
    assert len(slack.posted) == 2


def test_messages_keep_to_the_limits_of_blocks():
    title = "<!channel> & " + "x" * 4000
    items = [
        asked_clip("default--talk-0123456789", f"clip{k:028d}", "f" * 64, title, "9 s")
        for k in range(2 * MOST_CLIPS + 1)
    ]
    found = messages(title, "channel default", "https://vidpipe.example/videos/x", items)
    assert [sum(b["type"] == "actions" for b in m["blocks"]) for m in found] == [20, 20, 1]
    for message in found:
        assert len(message["blocks"]) <= 50
        ids = [block["block_id"] for block in message["blocks"] if "block_id" in block]
        assert len(set(ids)) == len(ids) and all(len(name) <= 255 for name in ids)
        for block in message["blocks"]:
            if block["type"] == "section":
                assert len(block["text"]["text"]) <= 3000
                assert "<!channel>" not in block["text"]["text"]
            if block["type"] == "header":
                assert len(block["text"]["text"]) <= 150
