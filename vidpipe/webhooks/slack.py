"""Slack's side of reviews: what is signed, what messages say, what a click means.

Signing: https://docs.slack.dev/authentication/verifying-requests-from-slack. Messages keep to the
limits of Block Kit: 50 blocks, 3,000 characters of a section, 255 of a block's id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vidpipe.catalog.review_states import REASONS, Reason
from vidpipe.errors import InputRejected

#: Seconds by which Slack's clock and ours may differ: an older request is somebody else's copy.
WINDOW_S = 300
#: Clips of one message: two blocks each, and four besides.
MOST_CLIPS = 20
_APPROVE, _REJECT = "review_approve", "review_reject"
_SECTION, _HEADER, _LABEL = 2900, 150, 75


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What Slack signs a request with: `v0=` and an HMAC-SHA-256."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def is_signed(
    secret: str, timestamp: str, given: str, body: bytes, *, at_s: float | None = None
) -> bool:
    """Whether Slack sent a request just now.

    Args:
        secret: of the app.
        timestamp: `X-Slack-Request-Timestamp`.
        given: `X-Slack-Signature`.
        body: as it came.
        at_s: the moment; None: now.
    """
    if not secret or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    at_s = time.time() if at_s is None else at_s
    if abs(at_s - int(timestamp)) > WINDOW_S:
        return False
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode())


@dataclass(frozen=True)
class Click:
    """What somebody did with a message.

    Attributes:
        user: their id in Slack.
        kind: `clip` or `gate`.
        subject: video and clip, or the number of the gate.
        fingerprint: of what the message showed.
        reason: why it is rejected; None: it is approved.
        response_url: where an answer is sent that those see who see the message.
    """

    user: str
    kind: str
    subject: tuple[str, ...]
    fingerprint: str
    reason: Reason | None
    response_url: str


def clicks_of(body: bytes) -> list[Click]:
    """What a request of Slack's asks for; nothing where it is about something else.

    Raises:
        InputRejected: it is no payload of an interaction.
    """
    try:
        payload = json.loads(parse_qs(body.decode(), max_num_fields=10)["payload"][0])
        user = str(payload["user"]["id"])
        actions = payload.get("actions", []) if payload.get("type") == "block_actions" else []
        found = [_click(user, action, str(payload.get("response_url", ""))) for action in actions]
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise InputRejected("slack_payload", "this is no payload of an interaction") from error
    return [click for click in found if click is not None]


def _click(user: str, action: Mapping[str, Any], response_url: str) -> Click | None:
    kind, *rest = str(action.get("block_id", "")).split("|")
    wanted = action.get("action_id")
    if wanted not in (_APPROVE, _REJECT) or (kind, len(rest)) not in (("clip", 3), ("gate", 2)):
        return None
    reason = None
    if wanted == _REJECT:
        reason = Reason(str(action["selected_option"]["value"]))
    *subject, seen = rest
    return Click(user, kind, tuple(subject), seen, reason, response_url)


@dataclass(frozen=True)
class SlackAsked:
    """Something that somebody is asked to decide on.

    Attributes:
        block_id: says what it is, when somebody clicks.
        title: of it.
        about: in a line.
    """

    block_id: str
    title: str
    about: str


def asked_clip(video_id: str, clip_id: str, fingerprint: str, title: str, about: str) -> SlackAsked:
    """A clip that waits."""
    return SlackAsked(f"clip|{video_id}|{clip_id}|{fingerprint}", title, about)


def asked_gate(gate_id: int, fingerprint: str, title: str, about: str) -> SlackAsked:
    """A gate that is decided on as a whole."""
    return SlackAsked(f"gate|{gate_id}|{fingerprint}", title, about)


def messages(
    title: str, where: str, link: str, items: Sequence[SlackAsked]
) -> list[dict[str, Any]]:
    """What is posted: `text` and `blocks`, of many items several messages.

    Args:
        title: of the video.
        where: channel and gate, in words.
        link: where it is watched; empty: nowhere.
        items: what is to be decided.
    """
    found = []
    for first in range(0, len(items), MOST_CLIPS):
        part = items[first : first + MOST_CLIPS]
        said = f"{title}: {len(items)} to review"
        watch = f" · <{link}|watch>" if link else ""
        blocks: list[dict[str, Any]] = [
            {"type": "header", "text": _plain(said, _HEADER)},
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": f"{escaped(where)}{watch}"}],
            },
        ]
        for item in part:
            blocks += _item(item)
        found.append({"text": escaped(said), "blocks": blocks})
    return found


def _item(item: SlackAsked) -> list[dict[str, Any]]:
    said = f"*{escaped(item.title)}*\n{escaped(item.about)}"
    options = [
        {"text": _plain(words.capitalize(), _LABEL), "value": reason.value}
        for reason, words in REASONS.items()
        if reason is not Reason.OTHER
    ]
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": said[:_SECTION]}},
        {
            "type": "actions",
            "block_id": item.block_id[:255],
            "elements": [
                {
                    "type": "button",
                    "action_id": _APPROVE,
                    "style": "primary",
                    "text": _plain("Approve", _LABEL),
                    "value": "approve",
                },
                {
                    "type": "static_select",
                    "action_id": _REJECT,
                    "placeholder": _plain("Reject because…", _HEADER),
                    "options": options,
                    "confirm": {
                        "title": _plain("Reject?", 100),
                        "text": _plain("It is kept from exports and publishing.", 300),
                        "confirm": _plain("Reject", 30),
                        "deny": _plain("Cancel", 30),
                        "style": "danger",
                    },
                },
            ],
        },
    ]


def reply(text: str, *, to_all: bool) -> dict[str, Any]:
    """An answer to a click: beside the message for all, or for whoever clicked alone."""
    return {
        "response_type": "in_channel" if to_all else "ephemeral",
        "replace_original": False,
        "text": escaped(text)[:_SECTION],
    }


def may_answer(url: str, api_url: str) -> bool:
    """Whether an answer may be sent there: to Slack, or to what stands in for it."""
    target, own = urlsplit(url), urlsplit(api_url)
    if target.scheme == "https" and target.hostname in ("hooks.slack.com", "hooks.slack-gov.com"):
        return target.port in (None, 443) and "@" not in target.netloc
    slack = own.hostname is not None and own.hostname.endswith(("slack.com", "slack-gov.com"))
    return not slack and (target.scheme, target.netloc) == (own.scheme, own.netloc)


def _plain(text: str, most: int) -> dict[str, Any]:
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return {"type": "plain_text", "text": short, "emoji": False}


def escaped(text: str) -> str:
    """A name that somebody gave a file must not become a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
