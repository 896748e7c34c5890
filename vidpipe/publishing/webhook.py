"""A webhook as a platform: whatever vidpipe does not speak to is told of a post and posts it.

The request is signed as Standard Webhooks has it, and its `webhook-id` is the post's key: who
takes it must take it once. So a request whose answer was lost is made again with the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from vidpipe.publishing.calls import Auth, PlatformCall, Reply, as_json, text_at
from vidpipe.publishing.checks import conformance
from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.machine import Machine, Taker, Turn
from vidpipe.publishing.model import (
    Charge,
    Fault,
    Phase,
    PostingAccount,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Task,
    Verb,
)

_BY_STATUS: Mapping[int, FaultRule] = {
    401: FaultRule(
        Remedy.RECONNECT, "The receiver does not accept the signature: compare the secrets."
    ),
    403: FaultRule(
        Remedy.RECONNECT,
        "The receiver does not let vidpipe in: correct its access, and connect the account again.",
    ),
    404: FaultRule(
        Remedy.RECONNECT,
        "The receiver is not at this address: correct it, and connect the account again.",
    ),
    409: FaultRule(Remedy.LOOK, "The receiver is at work on this post already."),
    410: FaultRule(Remedy.RECONNECT, "The receiver is gone: it wants nothing any more."),
}
FAULTS: Mapping[str, FaultRule] = {
    f"{call}:{status}": rule for call in ("post", "again") for status, rule in _BY_STATUS.items()
}


_UNKNOWN = Fault(
    code="no_cancel",
    remedy=Remedy.GIVE_UP,
    words="It was taken back while the receiver was being told of it.",
)


class PostingWebhook(Machine):
    """A receiver of posts.

    Args:
        url: where it is told of them.
    """

    name = "webhook"
    title = "The receiver"
    faults = FAULTS
    unsure = frozenset({"post"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._address = url

    def codes(self, reply: Reply) -> Sequence[str]:
        return ()

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        found = conformance(post)
        if not post.link:
            words = "The receiver fetches the file: it needs an address."
            found.append(PostRefusal(field="link", words=words))
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        return ()

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, state = turn.post, turn.state
        return self.finish(post, state)

    def finish(self, post: Publication, state: RemoteState) -> PlatformCall:
        """Tell the receiver of the post; told twice of one key, it posts once."""
        return self._told("post", Verb.FINISH, f"{state.key}", "post.publish", post, state)

    def lookup(self, turn: Turn) -> PlatformCall | RemoteState:
        """The same request with the same id, under a name of its own: what refuses it now says
        nothing of the one before.

        It is the post itself where the one before was not sent: who cancels is not told of it.
        """
        if turn.state.task is Task.CANCEL:
            return self._given_up(turn.state, _UNKNOWN)
        again = self.finish(turn.post, turn.state)
        return replace(again, name="again", verb=Verb.LOOK, once=False)

    def update(self, turn: Turn) -> PlatformCall | None:
        post, state = turn.post, turn.state
        return self._told("update", Verb.UPDATE, f"{state.key}.update", "post.update", post, state)

    def delete(self, turn: Turn) -> PlatformCall | None:
        post, state = turn.post, turn.state
        return self._told("delete", Verb.DELETE, f"{state.key}.delete", "post.delete", post, state)

    def body(self, post: Publication, state: RemoteState) -> dict[str, Any]:
        """What the receiver is told."""
        said = post.model_dump(
            mode="json",
            include={"key", "title", "text", "tags", "language", "privacy", "publish_at",
                     "made_for_kids", "synthetic", "category", "video"},
        )  # fmt: skip
        return {**said, "file": post.link, "id": state.post_id}

    def _told(
        self, name: str, verb: Verb, mark: str, kind: str, post: Publication, state: RemoteState
    ) -> PlatformCall:
        at = state.began_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers, body = as_json({"type": kind, "timestamp": at, "data": self.body(post, state)})
        call = PlatformCall(
            name, verb, "POST", self._address, (*headers, ("webhook-id", mark)), body,
            auth=Auth.SIGNED, timeout_s=30.0,
        )  # fmt: skip
        return replace(call, once=True, public=True) if name == "post" else call

    def takers(self) -> Mapping[str, Taker]:
        return {
            "post": self._taken,
            "again": self._taken,
            "update": self.done_task,
            "delete": self.done_task,
        }

    def _taken(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        said = reply.json()
        url = text_at(said, "url")
        return state.having(
            phase=Phase.PUBLISHED, armed="", post_id=text_at(said, "id"),
            url=url if url.startswith(("https://", "http://")) else "",
        )  # fmt: skip
