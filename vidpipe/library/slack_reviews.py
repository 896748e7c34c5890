"""Tells those in Slack who are to decide, and obeys what they click."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from vidpipe.accounts.audit import Actor
from vidpipe.catalog.review_states import REASONS, GateState, NotDecided
from vidpipe.catalog.review_tables import GateRow, SlackRequestRow
from vidpipe.catalog.reviews import CLIP_GATES, Decider
from vidpipe.catalog.tables import now
from vidpipe.errors import Unavailable
from vidpipe.library.errors import Refused, Unknown
from vidpipe.library.reviews import Reviews
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.webhooks.options import SlackOptions
from vidpipe.webhooks.sending import retry_after_s
from vidpipe.webhooks.slack import WINDOW_S, Click, SlackAsked, asked_clip, asked_gate, messages

_TIMEOUT_S = 10.0
_GATES = {
    "cost": "before anything that costs is asked for",
    "render": "before its clips are rendered",
    "export": "before its clips are exported",
    "publish": "before its clips are published",
}


class SlackReviews:
    """A Slack app's part of reviews.

    Args:
        engine: store, catalog, channels.
        reviews: where decisions are made.
    """

    def __init__(self, engine: Engine, reviews: Reviews) -> None:
        self.engine = engine
        self.reviews = reviews

    @property
    def options(self) -> SlackOptions:
        """What is set."""
        return self.engine.settings.slack

    # Telling

    def tell_one(self) -> bool:
        """Post what waits at one gate of which nobody was told; whether there may be more.

        Raises:
            Unavailable: Slack does not take it; it is tried again later.
        """
        untold = self.engine.catalog.reviews.untold
        claimed = untold.claim(1, GateRow.state == GateState.WAITING)
        if not claimed:
            return False
        gate = claimed[0]
        conversation = self.options.conversations.get(gate.channel, self.options.conversation)
        posts = self._messages(gate) if conversation else []
        try:
            for post in posts:
                self._post("chat.postMessage", {"channel": conversation, **post})
        except Unavailable as error:
            wait_s = error.retry_after_s or min(600.0, 15.0 * 2.0 ** min(gate.claims, 6))
            untold.settle(gate, due_at=now() + timedelta(seconds=wait_s))
            raise
        untold.settle(gate)
        if posts:
            events.info("slack_review_posted", video_id=gate.video_id, gate=gate.gate)
        return True

    def _messages(self, gate: GateRow) -> list[dict[str, Any]]:
        video = self.engine.catalog.video(gate.video_id)
        if video is None:
            return []
        items: list[SlackAsked] = []
        if gate.gate in CLIP_GATES:
            channels = [gate.channel]
            found = self.reviews.list(channels=channels, video_id=gate.video_id, needed=True)
            items = [
                asked_clip(
                    item.video_id,
                    item.clip_id,
                    item.fingerprint,
                    f"{item.rank}. {item.title}",
                    f"{item.duration_s:.0f} s, score {item.score:.0f}",
                )
                for item in found.items
                if item.fingerprint is not None
            ]
        else:
            about = f"then: {', '.join(gate.stages)}"
            items = [asked_gate(gate.id, gate.fingerprint, f"Go on {_GATES[gate.gate]}?", about)]
        if not items:
            return []
        where = f"channel {gate.channel}, {_GATES[gate.gate]}"
        return messages(video.title, where, self.engine.page(gate.video_id), items)

    def _post(self, method: str, body: Mapping[str, Any]) -> None:
        token = self.options.bot_token.get_secret_value()
        url = f"{self.options.api_url.rstrip('/')}/{method}"
        answer = send(url, body, {"Authorization": f"Bearer {token}"})
        if not answer.get("ok"):
            raise Unavailable(f"Slack answers {str(answer.get('error', 'nothing'))[:60]}")

    # Obeying

    def is_repeated(self, digest: str) -> bool:
        """Whether a request was obeyed already; if not, it counts as obeyed from now on.

        Args:
            digest: of its signature, which no other request has.
        """
        old = now() - timedelta(seconds=3 * WINDOW_S)
        try:
            with self.engine.catalog.writing() as session:
                session.execute(delete(SlackRequestRow).where(SlackRequestRow.at < old))
                session.add(SlackRequestRow(digest=digest, at=now()))
        except IntegrityError:
            return True
        return False

    def channel_of(self, click: Click) -> str | None:
        """The channel that a click is about; None: of nothing that there is."""
        if click.kind == "gate":
            number = click.subject[0]
            row = None
            if number.isdecimal() and len(number) <= 18:
                row = self.engine.catalog.reviews.gate(int(number))
            return row.channel if row is not None else None
        video = self.engine.catalog.video(click.subject[0][:64])
        return video.channel if video is not None else None

    def obey(self, click: Click, who: Decider, audit: Actor) -> tuple[str, bool]:
        """Decide as somebody clicked; what is said to that, and whether it counts."""
        seen, verb = click.fingerprint, "rejected" if click.reason is not None else "approved"
        try:
            if click.kind == "gate":
                number = int(click.subject[0])
                if click.reason is None:
                    gate = self.reviews.approve_gate(number, seen, who, audit=audit)
                else:
                    gate = self.reviews.reject_gate(number, seen, click.reason, who, audit=audit)
                what = f"{gate.video_id} at the gate {gate.gate}"
            else:
                video_id, clip = click.subject
                if click.reason is None:
                    made = self.reviews.approve(video_id, clip, seen, who, audit=audit)
                else:
                    made = self.reviews.reject(video_id, clip, seen, click.reason, who, audit=audit)
                what = f"“{made.title}”"
        except (NotDecided, Unknown, Refused) as error:
            return str(error), False
        why = f": {REASONS[click.reason]}" if click.reason is not None else ""
        return f"{who.name} {verb} {what}{why}", True


def send(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """POST JSON to Slack; its answer.

    Raises:
        Unavailable: no answer, or not one that says yes; says how long to wait.
    """
    import httpx

    try:
        with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            answer = client.post(url, json=dict(body), headers=dict(headers))
    except httpx.HTTPError as error:
        raise Unavailable(f"Slack cannot be reached: {type(error).__name__}") from None
    if answer.status_code != 200:
        wait_s = retry_after_s(answer.headers.get("retry-after"))
        raise Unavailable(f"Slack answers {answer.status_code}", retry_after_s=wait_s)
    try:
        found = answer.json()
    except ValueError:
        return {"ok": answer.text.strip() == "ok"}
    return found if isinstance(found, dict) else {}
