"""LinkedIn: a video is sent in parts that LinkedIn cuts, then a post names it.

Posts have no key of the sender. The video's own name is the witness: a post that shows it is the
one that was asked for, and nobody else has a post with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from vidpipe.publishing.calls import (
    AnswerUnusable,
    Auth,
    PlatformCall,
    Reply,
    Slice,
    as_json,
    count_at,
    list_at,
    needed,
    needed_count,
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
    UploadSlot,
    Verb,
)

VERSION = "202607"
_TEXT, _TITLE = 3000, 400
_LEAST_BYTES, _MOST_BYTES = 75 * 1024, 500 * 10**6
_LEAST_S, _MOST_S = 3.0, 1800.0
_MOST_PARTS = 1000
_LOOK_S, _LONGEST_LOOK_S = 15.0, 1800.0
#: Characters that LinkedIn's text format gives a meaning.
_MARKS = re.compile(r"([\\|{}@\[\]()<>*_~])")
_EXPIRED = FaultRule(Remedy.RESTART, "The upload address has expired at LinkedIn.")

FAULTS: Mapping[str, FaultRule] = {
    "65601": FaultRule(Remedy.RECONNECT, "The token was revoked: connect the account again."),
    "65600": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "65602": FaultRule(Remedy.REFRESH, "The access token has expired."),
    "REVOKED_ACCESS_TOKEN": FaultRule(
        Remedy.RECONNECT, "The token was revoked: connect the account again."
    ),
    "EXPIRED_ACCESS_TOKEN": FaultRule(Remedy.REFRESH, "The access token has expired."),
    "INVALID_ACCESS_TOKEN": FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    "ACCESS_DENIED": FaultRule(
        Remedy.RECONNECT,
        "The account may not do this: its role on the page, or what it allowed, is not enough.",
    ),
    "DUPLICATE_POST": FaultRule(Remedy.LOOK, "LinkedIn says that this was posted already."),
    "TOO_MANY_REQUESTS": FaultRule(
        Remedy.WAIT, "Today's requests are used up; they are renewed at midnight UTC.",
        until="utc_midnight",
    ),
    "VERSION_MISSING": FaultRule(Remedy.GIVE_UP,
        "LinkedIn wants a newer version of its API: "
        "update vidpipe."),
    "NONEXISTENT_VERSION": FaultRule(Remedy.GIVE_UP,
        "LinkedIn has ended this version of its "
        "API: update vidpipe."),
    "MEDIA_ASSET_WAITING_UPLOAD": FaultRule(Remedy.WAIT, "LinkedIn is still reading it.", 60.0),
    "MEDIA_ASSET_PROCESSING": FaultRule(Remedy.WAIT, "LinkedIn is still working on it.", 60.0),
    "part:400": _EXPIRED,
    "part:401": _EXPIRED,
    "part:403": _EXPIRED,
    "part:404": _EXPIRED,
    "part:410": _EXPIRED,
    "posts:403": FaultRule(
        Remedy.GIVE_UP,
        "The account did not allow reading its posts, so it cannot be looked whether it is there: "
        "look at the account, and allow it when you connect it again.",
    ),
}  # fmt: skip


class LinkedIn(Machine):
    """LinkedIn, for members (`urn:li:person:…`) and pages (`urn:li:organization:…`).

    Args:
        base: of the API.
        version: of it, as `YYYYMM`.
        hosts: further hosts of upload addresses.
    """

    name = "linkedin"
    title = "LinkedIn"
    faults = FAULTS
    unsure = frozenset({"post"})

    def __init__(
        self,
        base: str = "https://api.linkedin.com",
        version: str = VERSION,
        hosts: Sequence[str] = ("linkedin.com", "licdn.com"),
    ) -> None:
        super().__init__(base, hosts)
        self._version = version

    def codes(self, reply: Reply) -> Sequence[str]:
        read = reply.json()
        inputs = list_at(read, "errorDetails", "inputErrors")
        return [
            *(text_at(one, "code") for one in inputs),
            text_at(read, "serviceErrorCode"),
            text_at(read, "code"),
        ]

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        found = [
            *conformance(post),
            *over("text", len(escaped(post.text)), _TEXT, "characters, those escaped as two"),
            *over("title", len(post.title), _TITLE, "characters"),
            *over("video", post.video.size_bytes, _MOST_BYTES, "bytes"),
            *over("video", post.video.duration_s, _MOST_S, "seconds"),
        ]
        if post.video.size_bytes < _LEAST_BYTES or post.video.duration_s < _LEAST_S:
            words = "LinkedIn wants at least 75 KB and 3 seconds."
            found.append(PostRefusal(field="video", words=words))
        if post.privacy not in ("public", "friends"):
            words = "LinkedIn knows public, and friends: connections."
            found.append(PostRefusal(field="privacy", words=words))
        if post.publish_at is not None:
            words = "LinkedIn has no times of publication: post it when it is due."
            found.append(PostRefusal(field="publish_at", words=words))
        if post.draft:
            found.append(PostRefusal(field="draft", words="LinkedIn takes no drafts of videos."))
        if not account.remote_id.startswith(("urn:li:person:", "urn:li:organization:")):
            words = "LinkedIn names accounts urn:li:person:… or urn:li:organization:…"
            found.append(PostRefusal(field="account", words=words))
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        return (Charge(bucket="linkedin.posts", amount=1),)

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, account, state = turn.post, turn.account, turn.state
        match state.phase:
            case Phase.NEW:
                return self.start(post, account)
            case Phase.SENDING:
                return self.send(post, state)
            case Phase.CLOSING:
                return self._close(state)
            case Phase.PROCESSING:
                return self.look(state)
            case _:
                return self.finish(turn)

    def start(self, post: Publication, account: PostingAccount) -> PlatformCall:
        """Have LinkedIn cut the file into parts. Nobody sees a video without a post."""
        wanted = {
            "owner": account.remote_id,
            "fileSizeBytes": post.video.size_bytes,
            "uploadCaptions": False,
            "uploadThumbnail": False,
        }
        return self._sent(
            "initialize", Verb.START, "videos", {"initializeUploadRequest": wanted},
            action="initializeUpload",
        )  # fmt: skip

    def send(self, post: Publication, state: RemoteState) -> PlatformCall:
        """The next part. Put twice, it is the same part: it may be repeated."""
        slot = state.slots[len(state.parts)]
        return PlatformCall(
            name="part", verb=Verb.SEND, method="PUT", url=slot.url,
            headers=(("Content-Type", "application/octet-stream"),),
            body=(Slice(VIDEO, slot.first, slot.last + 1),), auth=Auth.NONE, timeout_s=300.0,
        )  # fmt: skip

    def _close(self, state: RemoteState) -> PlatformCall:
        wanted = {
            "video": state.remote_id,
            "uploadToken": state.memo.get("upload", ""),
            "uploadedPartIds": list(state.parts),
        }
        call = self._sent(
            "finalize", Verb.SEND, "videos", {"finalizeUploadRequest": wanted},
            action="finalizeUpload", once=True,
        )  # fmt: skip
        return call

    def look(self, state: RemoteState, name: str = "status") -> PlatformCall:
        """One read of the video."""
        return self._got(name, Verb.LOOK, f"videos/{quote(state.remote_id, safe='')}")

    def finish(self, turn: Turn) -> PlatformCall:
        """Post it: done twice, it would be two posts."""
        return self._sent(
            "post", Verb.FINISH, "posts", self.body(turn), once=True,
            public=True, charges=self.estimate(turn.post),
        )  # fmt: skip

    def body(self, turn: Turn) -> dict[str, Any]:
        """A post that shows the video."""
        post, account, state = turn.post, turn.account, turn.state
        return {
            "author": account.remote_id,
            "commentary": escaped(post.text),
            "visibility": "PUBLIC" if post.privacy == "public" else "CONNECTIONS",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "content": {"media": {"id": state.remote_id, "title": post.title or "Video"}},
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }

    def update(self, turn: Turn) -> PlatformCall | None:
        post, state = turn.post, turn.state
        return self._sent(
            "update", Verb.UPDATE, f"posts/{quote(state.post_id, safe='')}",
            {"patch": {"$set": {"commentary": escaped(post.text)}}},
            headers=(("X-RestLi-Method", "PARTIAL_UPDATE"),),
        )  # fmt: skip

    def review(self, turn: Turn) -> PlatformCall | None:
        return self._got("review", Verb.LOOK, f"posts/{quote(turn.state.post_id, safe='')}")

    def delete(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        url = f"{self.base}/rest/posts/{quote(state.post_id, safe='')}"
        headers = (*self._versions(), ("X-RestLi-Method", "DELETE"))
        return PlatformCall("delete", Verb.DELETE, "DELETE", url, headers)

    def lookup(self, turn: Turn) -> PlatformCall:
        account, state = turn.account, turn.state
        if state.armed == "finalize":
            return self.look(state, "finalized")
        query = {"author": account.remote_id, "q": "author", "count": "20"}
        call = self._got("posts", Verb.LOOK, "posts", **query, sortBy="CREATED")
        return replace(call, headers=(*call.headers, ("X-RestLi-Method", "FINDER")))

    def _versions(self) -> tuple[tuple[str, str], ...]:
        return (
            ("LinkedIn-Version", self._version), ("X-Restli-Protocol-Version", "2.0.0"),
        )  # fmt: skip

    def _got(self, name: str, verb: Verb, path: str, **query: str) -> PlatformCall:
        url = with_query(f"{self.base}/rest/{path}", **query)
        return PlatformCall(name, verb, "GET", url, self._versions())

    def _sent(
        self, name: str, verb: Verb, path: str, value: Mapping[str, Any], *, action: str = "",
        headers: tuple[tuple[str, str], ...] = (), once: bool = False, public: bool = False,
        charges: tuple[Charge, ...] = (),
    ) -> PlatformCall:  # fmt: skip
        kind, body = as_json(value)
        query = {"action": action} if action else {}
        return PlatformCall(
            name=name, verb=verb, method="POST",
            url=with_query(f"{self.base}/rest/{path}", **query),
            headers=(*self._versions(), *kind, *headers), body=body, once=once, public=public,
            charges=charges,
        )  # fmt: skip

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "initialize": self._opened,
            "part": self._kept,
            "finalize": self._closed,
            "finalized": self._close_sought,
            "status": self._looked,
            "post": self._posted,
            "posts": self._sought,
            "review": self.done_task,
            "update": self.done_task,
            "delete": self.done_task,
        }

    def _opened(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        value = reply.object().get("value")
        slots = tuple(
            UploadSlot(
                url=self.own(needed(one, "uploadUrl")),
                first=needed_count(one, "firstByte"),
                last=needed_count(one, "lastByte"),
            )
            for one in list_at(value, "uploadInstructions")
        )
        expected = 0
        for slot in slots:
            if slot.first != expected or slot.last < slot.first:
                raise AnswerUnusable("the parts do not follow one another")
            expected = slot.last + 1
        if expected != post.video.size_bytes or len(slots) > _MOST_PARTS:
            raise AnswerUnusable("the parts do not cover the file")
        made = state.having(
            phase=Phase.SENDING, remote_id=needed(value, "video"), slots=slots, parts=(), sent=0
        )
        return made.remembering(upload=text_at(value, "uploadToken"))

    def _kept(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        tag = reply.header("etag").strip('"')
        if not tag:
            raise AnswerUnusable("the answer names no part")
        slot = state.slots[len(state.parts)]
        parts = (*state.parts, tag)
        whole = len(parts) == len(state.slots)
        phase = Phase.CLOSING if whole else Phase.SENDING
        return state.having(parts=parts, sent=slot.last + 1, phase=phase)

    def _closed(self, turn: Turn) -> RemoteState:
        state = turn.state
        return state.having(phase=Phase.PROCESSING, slots=(), parts=(), armed="")

    def _close_sought(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        if needed(reply.object(), "status") == "WAITING_UPLOAD":
            return state.having(armed="")
        return self._closed(turn.at(state))

    def _looked(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        read = reply.object()
        match needed(read, "status"):
            case "AVAILABLE":
                return state.having(phase=Phase.FINISHING)
            case "PROCESSING_FAILED":
                reason = text_at(read, "processingFailureReason")
                words = "LinkedIn could not process the video."
                return self.fatal(state, reason or "PROCESSING_FAILED", words)
            case _:
                wait_s = min(_LOOK_S * 1.5**state.looks, _LONGEST_LOOK_S)
                return self.later(state, now, wait_s)

    def _posted(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        name = reply.header("x-restli-id")
        if not name:
            # It was taken: what it is called is looked up.
            raise AnswerUnusable("the answer names no post")
        return self._shown(state, name)

    def _sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        read = reply.object()
        if "elements" not in read:
            raise AnswerUnusable("the answer names no posts")
        for item in list_at(read, "elements"):
            if text_at(item, "content", "media", "id") == state.remote_id:
                return self._shown(state, needed(item, "id"))
        return self.absent(state, now)

    def _shown(self, state: RemoteState, name: str) -> RemoteState:
        return state.having(
            phase=Phase.PUBLISHED, post_id=name, armed="",
            url=f"https://www.linkedin.com/feed/update/{name}/",
        )  # fmt: skip

    # After

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        if not state.post_id:
            return ()
        path = f"socialMetadata/{quote(state.post_id, safe='')}"
        return (self._got("statistics", Verb.STATISTICS, path),)

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        read = replies[0].json() if replies else {}
        kinds = read.get("reactionSummaries")
        counts = [
            count_at(one, "count") or 0
            for one in (kinds.values() if isinstance(kinds, dict) else ())
        ]
        return PostFigures(
            likes=sum(counts) if isinstance(kinds, dict) else None,
            comments=count_at(read, "commentSummary", "count"),
        )


def escaped(text: str) -> str:
    """A text in LinkedIn's format for posts, hashtags left as they are."""
    return _MARKS.sub(r"\\\1", text)
