"""X: media in segments, then a post that names them.

A post has no key of the sender. The media's own key is the witness. Beside that X refuses a text
that was just posted, which is looked up as well and never taken for a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vidpipe.platforms.counting import counted
from vidpipe.publishing.calls import (
    AnswerUnusable,
    PlatformCall,
    Reply,
    Slice,
    as_json,
    count_at,
    list_at,
    needed,
    text_at,
    with_query,
)
from vidpipe.publishing.checks import conformance, over
from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.machine import Machine, Taker, Turn
from vidpipe.publishing.model import (
    VIDEO,
    Charge,
    Phase,
    PostFigures,
    PostingAccount,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Task,
    Verb,
)

#: Segments are of at most 5 MB.
SEGMENT_BYTES = 4 * 2**20
_MOST_SEGMENT_BYTES, _MOST_SEGMENTS = 5_000_000, 1000
_TEXT, _LONG_TEXT = 280, 25_000
_LEAST_S, _MOST_S, _MOST_BYTES = 0.5, 140.0, 512 * 2**20
_LONGEST_LOOK_S = 1800.0
#: Dollars for a post, and for one with an address in it.
_PRICE, _PRICE_WITH_LINK = 0.015, 0.2
_LINK = re.compile(r"https?://|www\.", re.I)
_POSTS = Charge(bucket="x.posts", amount=1)
_REQUEST = Charge(bucket="x.media", amount=1)

FAULTS: Mapping[str, FaultRule] = {
    "duplicate": FaultRule(Remedy.LOOK, "X says that this was posted already."),
    "usage-capped": FaultRule(
        Remedy.WAIT, "The application's posts or its credit are used up.", 21_600.0
    ),
    "CreditsDepleted": FaultRule(
        Remedy.WAIT, "The application's credit is used up: buy more at X.", 21_600.0
    ),
    "client-forbidden": FaultRule(
        Remedy.RECONNECT, "X does not let this application post: look at its permissions."
    ),
    "unsupported-authentication": FaultRule(
        Remedy.RECONNECT, "The account was connected in another way: connect it again."
    ),
    "not-authorized-for-resource": FaultRule(
        Remedy.GIVE_UP, "The post is another account's: take it down as that account."
    ),
    "suspended": FaultRule(
        Remedy.RECONNECT,
        "X has suspended the account or limited it: see why at X, and connect it again afterwards.",
    ),
    "media-not-found": FaultRule(Remedy.RESTART, "The media have expired at X."),
    "append:404": FaultRule(Remedy.RESTART, "The upload has expired at X."),
    "finalize:404": FaultRule(Remedy.RESTART, "The upload has expired at X."),
    "status:404": FaultRule(Remedy.RESTART, "The media have expired at X."),
    "finalized:404": FaultRule(Remedy.RESTART, "The media have expired at X."),
    "initialize:403": FaultRule(
        Remedy.RECONNECT, "The account did not allow media: connect again."
    ),
    "tweets:403": FaultRule(
        Remedy.GIVE_UP,
        "The account did not allow reading its posts, so it cannot be looked whether it is there: "
        "look at the account, and allow it when you connect it again.",
    ),
}


class X(Machine):
    """X.

    Args:
        base: of the API.
        segment_bytes: how much is sent at once.
    """

    name = "x"
    title = "X"
    faults = FAULTS
    unsure = frozenset({"post"})
    without: Mapping[Task, str] = {
        Task.UPDATE: "X has no way to change a post for applications: delete it, post it again.",
    }

    def __init__(self, base: str = "https://api.x.com", segment_bytes: int = SEGMENT_BYTES) -> None:
        if not 0 < segment_bytes <= _MOST_SEGMENT_BYTES:
            raise ValueError(f"segment_bytes: 1 to {_MOST_SEGMENT_BYTES}")
        super().__init__(base)
        self._segment = segment_bytes

    def codes(self, reply: Reply) -> Sequence[str]:
        read = reply.json()
        said = f"{text_at(read, 'detail')} {text_at(read, 'title')}".lower()
        found = [text_at(read, "type").rpartition("/")[2], text_at(read, "reason")]
        errors = list_at(read, "errors")
        said += " ".join(text_at(one, "message") for one in errors).lower()
        if "duplicate content" in said:
            found.insert(0, "duplicate")
        if "suspended" in said:
            found.insert(0, "suspended")
        if "media ids are invalid" in said or "mediaid" in said.replace(" ", ""):
            found.insert(0, "media-not-found")
        if "credits" in said:
            found.insert(0, "CreditsDepleted")
        return found

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        longest = _LONG_TEXT if account.premium else _TEXT
        found = [
            *conformance(post),
            *over("text", counted(post.text, "weighted"), longest, "weighted characters"),
            *over("video", post.video.size_bytes, _MOST_BYTES, "bytes"),
        ]
        if not account.premium:
            found += over("video", post.video.duration_s, _MOST_S, "seconds")
        if post.video.duration_s < _LEAST_S:
            found.append(PostRefusal(field="video", words="X wants at least half a second."))
        segments = -(-post.video.size_bytes // self._segment)
        found += over("video", segments, _MOST_SEGMENTS, "segments")
        if post.privacy != "public":
            found.append(PostRefusal(field="privacy", words="X knows public only."))
        if post.publish_at is not None:
            words = "X has no times of publication: post it when it is due."
            found.append(PostRefusal(field="publish_at", words=words))
        if post.draft:
            found.append(PostRefusal(field="draft", words="X takes no drafts."))
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        requests = -(-post.video.size_bytes // self._segment) + 2
        return (
            Charge(bucket="x.media", amount=requests), _POSTS, self._price(post)
        )  # fmt: skip

    def _price(self, post: Publication) -> Charge:
        with_link = _LINK.search(post.text) is not None
        return Charge(bucket="x.usd", amount=_PRICE_WITH_LINK if with_link else _PRICE)

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, state = turn.post, turn.state
        match state.phase:
            case Phase.NEW:
                return self.start(post)
            case Phase.SENDING:
                return self.send(post, state)
            case Phase.CLOSING:
                url = f"{self.base}/2/media/upload/{state.remote_id}/finalize"
                return PlatformCall(
                    "finalize", Verb.SEND, "POST", url, once=True, charges=(_REQUEST,)
                )
            case Phase.PROCESSING:
                return self.look(state)
            case _:
                return self.finish(post, state)

    def start(self, post: Publication) -> PlatformCall:
        """Open an upload. Media without a post are shown to nobody, and expire."""
        wanted = {
            "media_type": post.video.content_type,
            "total_bytes": post.video.size_bytes,
            "media_category": "amplify_video" if post.video.duration_s > _MOST_S else "tweet_video",
        }
        headers, body = as_json(wanted)
        url = f"{self.base}/2/media/upload/initialize"
        return PlatformCall(
            "initialize", Verb.START, "POST", url, headers, body, charges=(_REQUEST,)
        )

    def send(self, post: Publication, state: RemoteState) -> PlatformCall:
        """The next segment. Sent twice, it is the same segment: it may be repeated."""
        end = min(state.sent + self._segment, post.video.size_bytes)
        mark = f"vidpipe-{state.key}"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="segment_index"\r\n\r\n'
            f"{state.sent // self._segment}\r\n"
            f'--{mark}\r\nContent-Disposition: form-data; name="media"; filename="segment"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        return PlatformCall(
            name="append", verb=Verb.SEND, method="POST",
            url=f"{self.base}/2/media/upload/{state.remote_id}/append",
            headers=(("Content-Type", f"multipart/form-data; boundary={mark}"),),
            body=(head.encode(), Slice(VIDEO, state.sent, end), f"\r\n--{mark}--\r\n".encode()),
            charges=(_REQUEST,), timeout_s=300.0,
        )  # fmt: skip

    def look(self, state: RemoteState, name: str = "status") -> PlatformCall:
        """One read of the media."""
        url = with_query(f"{self.base}/2/media/upload", command="STATUS", media_id=state.remote_id)
        return PlatformCall(name, Verb.LOOK, "GET", url)

    def finish(self, post: Publication, state: RemoteState) -> PlatformCall:
        """Post it: done twice, it would be two posts, or refused as a duplicate."""
        wanted: dict[str, Any] = {"text": post.text, "media": {"media_ids": [state.remote_id]}}
        headers, body = as_json(wanted)
        return PlatformCall(
            "post", Verb.FINISH, "POST", f"{self.base}/2/tweets", headers, body, once=True,
            public=True, charges=(_POSTS, self._price(post)),
        )  # fmt: skip

    def review(self, turn: Turn) -> PlatformCall | None:
        return PlatformCall(
            "review", Verb.LOOK, "GET", f"{self.base}/2/tweets/{turn.state.post_id}"
        )

    def delete(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        return PlatformCall(
            "delete", Verb.DELETE, "DELETE", f"{self.base}/2/tweets/{state.post_id}"
        )

    def lookup(self, turn: Turn) -> PlatformCall:
        account, state = turn.account, turn.state
        if state.armed == "finalize":
            return self.look(state, "finalized")
        query = {"max_results": "20", "tweet.fields": "attachments,created_at"}
        url = with_query(f"{self.base}/2/users/{account.remote_id}/tweets", **query)
        return PlatformCall("tweets", Verb.LOOK, "GET", url)

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "initialize": self._opened,
            "append": self._kept,
            "finalize": self._closed,
            "finalized": self._close_sought,
            "status": self._looked,
            "post": self._posted,
            "tweets": self._sought,
            "review": self._reviewed,
            "delete": self.done_task,
        }

    def _opened(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        data = reply.object().get("data")
        made = state.having(phase=Phase.SENDING, remote_id=needed(data, "id"), sent=0)
        return made.remembering(media_key=needed(data, "media_key"))

    def _kept(self, turn: Turn) -> RemoteState:
        post, state = turn.post, turn.state
        end = min(state.sent + self._segment, post.video.size_bytes)
        whole = end == post.video.size_bytes
        return state.having(sent=end, phase=Phase.CLOSING if whole else Phase.SENDING)

    def _closed(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        return self._worked_on(state.having(armed=""), reply, now)

    def _close_sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        data = reply.object().get("data")
        if not text_at(data, "processing_info", "state") and count_at(data, "size") is None:
            return state.having(armed="")
        return self._worked_on(state.having(armed=""), reply, now)

    def _looked(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        return self._worked_on(state, reply, now)

    def _worked_on(self, state: RemoteState, reply: Reply, now: datetime) -> RemoteState:
        data = reply.object().get("data")
        needed(data, "id")
        match text_at(data, "processing_info", "state"):
            case "" | "succeeded":
                return state.having(phase=Phase.FINISHING)
            case "failed":
                error = text_at(data, "processing_info", "error", "name") or "failed"
                return self.fatal(state, error, "X could not process the video.")
            case _:
                named = count_at(data, "processing_info", "check_after_secs") or 5
                wait_s = min(max(named, 1) * 1.2**state.looks, _LONGEST_LOOK_S)
                return self.later(state.having(phase=Phase.PROCESSING), now, wait_s)

    def _posted(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        return self._shown(state, needed(reply.object().get("data"), "id"))

    def _sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        read = reply.object()
        if "data" not in read and "meta" not in read:
            raise AnswerUnusable("the answer names no posts")
        for item in list_at(read, "data"):
            attached = item.get("attachments")
            keys = attached.get("media_keys") if isinstance(attached, dict) else None
            if isinstance(keys, list) and state.memo.get("media_key") in keys:
                return self._shown(state, needed(item, "id"))
        return self.absent(state, now)

    def _reviewed(self, turn: Turn) -> RemoteState:
        """What is gone is told of with 200 and errors in place of data."""
        read = turn.reply.object()
        gone = "data" not in read and "errors" in read
        return self._ended_task(turn.state.having(task=Task.DELETE) if gone else turn.state)

    def _shown(self, state: RemoteState, name: str) -> RemoteState:
        return state.having(
            phase=Phase.PUBLISHED, post_id=name, armed="",
            url=f"https://x.com/i/web/status/{name}",
        )  # fmt: skip

    # After

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        if not state.post_id:
            return ()
        query = {"tweet.fields": "public_metrics"}
        url = with_query(f"{self.base}/2/tweets/{state.post_id}", **query)
        return (PlatformCall("statistics", Verb.STATISTICS, "GET", url),)

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        read = replies[0].json() if replies and replies[0].ok else {}
        kinds = [text_at(one, "type") for one in list_at(read, "errors")]
        absent = "data" not in read and any("resource-not-found" in kind for kind in kinds)
        return absent or super().seems_gone(replies)

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        read = replies[0].json() if replies else {}
        counts = ("data", "public_metrics")
        return PostFigures(
            views=count_at(read, *counts, "impression_count"),
            likes=count_at(read, *counts, "like_count"),
            comments=count_at(read, *counts, "reply_count"),
            shares=count_at(read, *counts, "retweet_count"),
            saves=count_at(read, *counts, "bookmark_count"),
        )
