"""Instagram Reels: a container is made, filled, waited for and published.

Publishing is not idempotent. Whether it was done is told by the container's status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vidpipe.publishing.calls import (
    AnswerUnusable,
    PlatformCall,
    Reply,
    count_at,
    list_at,
    needed,
    text_at,
    web_address,
)
from vidpipe.publishing.checks import conformance, over
from vidpipe.publishing.graph import VERSION, Graph, hashtags, no_such
from vidpipe.publishing.machine import Taker, Turn
from vidpipe.publishing.model import (
    Charge,
    Fault,
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

_CAPTION, _HASHTAGS, _MENTIONS = 2200, 5, 20
_MOST_BYTES = 300 * 2**20
_LEAST_S, _MOST_S = 3.0, 900.0
#: A container's status is read once a minute, five times; then rarely, until it expires.
_LOOK_S, _LOOKS_A_MINUTE, _RARELY_S = 60.0, 5, 900.0
_FULL_S = 3600.0
_LIMIT = "quota_usage,config"
_POSTS = Charge(bucket="instagram.posts", amount=1)

#: Why a container failed, where its status names a subcode.
_ERRORS: Mapping[str, str] = {
    "2207026": "Instagram does not take the file's format.",
    "2207053": "Instagram failed to process the file.",
    "2207052": "Instagram cannot reach the file's address.",
    "2207009": "Instagram does not take this shape of picture.",
    "2207051": "Instagram holds this back as possible spam.",
}


class Instagram(Graph):
    """Reels of a professional account.

    Args:
        base: of the Graph API.
        version: of it.
    """

    name = "instagram"
    title = "Instagram"
    texts_first = True
    unsure = frozenset({"publish"})
    unsure_phases = frozenset({Phase.CONFIRMING})
    without: Mapping[Task, str] = {
        Task.UPDATE: "Instagram lets nobody but its app change a post.",
        Task.DELETE: "Instagram lets nobody but its app delete a reel: delete it there.",
    }

    def __init__(self, base: str = "https://graph.facebook.com", version: str = VERSION) -> None:
        super().__init__(base, version)

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        mentions = sum(1 for word in post.text.split() if len(word) > 1 and word[0] == "@")
        found = [
            *conformance(post),
            *no_such(post, ("public",), self.title),
            *over("text", len(post.text), _CAPTION, "characters"),
            *over("text", hashtags(post.text), _HASHTAGS, "hashtags"),
            *over("text", mentions, _MENTIONS, "mentions"),
            *over("video", post.video.size_bytes, _MOST_BYTES, "bytes"),
            *over("video", post.video.duration_s, _MOST_S, "seconds"),
        ]
        if post.video.duration_s < _LEAST_S:
            found.append(PostRefusal(field="video", words="Instagram wants at least 3 seconds."))
        if post.publish_at is not None:
            words = "Instagram has no times of publication: post it when it is due."
            found.append(PostRefusal(field="publish_at", words=words))
        if post.draft:
            found.append(PostRefusal(field="draft", words="Instagram takes no drafts."))
        if account.posts_left is not None and account.posts_left <= 0:
            words = "The account has reached its posts of 24 hours."
            found.append(PostRefusal(field="account", words=words))
        cover = post.reel.cover_ms
        if cover is not None and cover > 1000 * post.video.duration_s:
            words = "The cover's time is not within the video: set an earlier one."
            found.append(PostRefusal(field="reel.cover_ms", words=words))
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        return (Charge(bucket="instagram.containers", amount=1), _POSTS)

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, account, state, now = turn.post, turn.account, turn.state, turn.now
        match state.phase:
            case Phase.NEW:
                if state.memo.get("limit"):
                    return self.start(post, account)
                return self._limit("limit", account)
            case Phase.SENDING:
                return self.bytes_from(post, state)
            case Phase.PROCESSING:
                return self.look(state)
            case Phase.FINISHING:
                return self._finish(account, state, now)
            case _:
                if state.post_id:
                    return self.reading("permalink", state.post_id, "permalink")
                fields = "id,permalink,caption,timestamp"
                return self.reading("recent", f"{account.remote_id}/media", fields)

    def start(self, post: Publication, account: PostingAccount) -> PlatformCall:
        """Make a container. Nobody sees it, and it goes away after a day."""
        fields = {
            "media_type": "REELS",
            "upload_type": "resumable",
            "caption": post.text,
            "share_to_feed": "true" if post.reel.share_to_feed else "false",
        }
        if post.reel.cover_ms is not None:
            fields["thumb_offset"] = str(post.reel.cover_ms)
        if post.reel.collaborators:
            names = ",".join(f'"{name}"' for name in post.reel.collaborators)
            fields["collaborators"] = f"[{names}]"
        call = self.form("container", Verb.START, f"{account.remote_id}/media", **fields)
        return replace(call, charges=(Charge(bucket="instagram.containers", amount=1),))

    def look(self, state: RemoteState) -> PlatformCall:
        """One read of the container."""
        return self.reading("status", state.remote_id, "status_code,status")

    def finish(self, account: PostingAccount, state: RemoteState) -> PlatformCall:
        """Publish the container: done twice, it would be two reels."""
        path = f"{account.remote_id}/media_publish"
        call = self.form("publish", Verb.FINISH, path, creation_id=state.remote_id)
        return replace(call, once=True, public=True, charges=(_POSTS,))

    def review(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        return self.reading("review", state.post_id, "permalink") if state.post_id else None

    def lookup(self, turn: Turn) -> PlatformCall:
        state = turn.state
        if state.armed == "bytes":
            return self.reading("arrived", state.remote_id, "status_code,status,video_status")
        return self.reading("published", state.remote_id, "status_code,status")

    def _finish(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> PlatformCall | RemoteState:
        if not state.memo.get("published_from"):
            since = now.astimezone(UTC) - timedelta(minutes=5)
            return state.remembering(published_from=since.strftime("%Y-%m-%dT%H:%M:%S"))
        return self.finish(account, state)

    def _limit(self, name: str, account: PostingAccount) -> PlatformCall:
        return self.reading(name, f"{account.remote_id}/content_publishing_limit", _LIMIT)

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "limit": self._limited,
            "container": self._opened,
            "bytes": self._all_sent,
            "arrived": self._arrived,
            "status": self._looked,
            "publish": self._published,
            "published": self._sought,
            "permalink": self._linked,
            "review": self.done_task,
            "recent": self._found,
        }

    def _limited(self, turn: Turn) -> RemoteState:
        account, state, reply, now = turn.account, turn.state, turn.reply, turn.now
        left = self.account_read(account, reply).posts_left
        if left is None or left > 0:
            return state.remembering(limit="read")
        until = now + timedelta(seconds=_FULL_S)
        fault = Fault(
            code="9/2207042", remedy=Remedy.WAIT, until=until,
            words="The account has reached its posts of 24 hours.",
        )  # fmt: skip
        return state.having(fault=fault, not_before=until)

    def _opened(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        read = reply.object()
        return state.having(
            phase=Phase.SENDING, remote_id=needed(read, "id"), sent=0,
            session=self.own(needed(read, "uri")),
        )  # fmt: skip

    def _all_sent(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        if reply.object().get("success") is not True:
            raise AnswerUnusable("the answer does not say that the bytes are there")
        return state.having(phase=Phase.PROCESSING, sent=post.video.size_bytes)

    def _arrived(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        read = reply.object()
        code = text_at(read, "status_code")
        if code == "EXPIRED":
            return self.restarted(state, now)
        if code in ("ERROR", "FINISHED", "PUBLISHED"):
            return self._looked(turn.at(state.having(armed="")))
        phase = text_at(read, "video_status", "uploading_phase", "status")
        has = count_at(read, "video_status", "uploading_phase", "bytes_transferred") or 0
        if phase == "complete" or has >= post.video.size_bytes:
            return state.having(phase=Phase.PROCESSING, sent=post.video.size_bytes, armed="")
        return state.having(sent=has, armed="")

    def _looked(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        read = reply.object()
        match needed(read, "status_code"):
            case "FINISHED":
                return state.having(phase=Phase.FINISHING, sent=post.video.size_bytes)
            case "PUBLISHED":
                return state.having(phase=Phase.CONFIRMING, armed="")
            case "EXPIRED":
                return self.restarted(state, now)
            case "ERROR":
                said = text_at(read, "status")
                code = next((code for code in _ERRORS if code in said), "ERROR")
                return self.fatal(state, code, _ERRORS.get(code, "Instagram refused the video."))
            case _:
                rarely = state.looks >= _LOOKS_A_MINUTE
                return self.later(state, now, _RARELY_S if rarely else _LOOK_S)

    def _published(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        return state.having(phase=Phase.CONFIRMING, post_id=needed(reply.object(), "id"))

    def _sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        match needed(reply.object(), "status_code"):
            case "PUBLISHED":
                return state.having(phase=Phase.CONFIRMING, armed="")
            case "EXPIRED" | "ERROR":
                return self.fatal(state, "expired", "The container expired before it was public.")
            case _:
                return self.absent(state, now)

    def _linked(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        url = web_address(needed(reply.object(), "permalink"))
        return state.having(phase=Phase.PUBLISHED, url=url, session="")

    def _found(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        since = state.memo.get("published_from", "")
        for item in list_at(reply.object(), "data"):
            if text_at(item, "caption") == post.text and text_at(item, "timestamp") >= since:
                return state.having(
                    phase=Phase.PUBLISHED, session="", post_id=text_at(item, "id"),
                    url=web_address(text_at(item, "permalink")),
                )  # fmt: skip
        if state.looks < 3:
            return self.later(state, now, _LOOK_S)
        return self.known(state) or state

    def known(self, state: RemoteState) -> RemoteState | None:
        """It is public; only where could not be read."""
        if state.phase is not Phase.CONFIRMING:
            return None
        note = "Instagram says that it is published, but does not show where."
        return state.having(
            phase=Phase.PUBLISHED, notes=(*state.notes, note), session="", armed="", fault=None,
            not_before=None,
        )  # fmt: skip

    # Before and after

    def account(self, account: PostingAccount) -> PlatformCall | None:
        return self._limit("account", account)

    def account_read(self, account: PostingAccount, reply: Reply) -> PostingAccount:
        read = list_at(reply.object(), "data")
        total = count_at(read, 0, "config", "quota_total")
        used = count_at(read, 0, "quota_usage")
        left = None if total is None or used is None else max(0, total - used)
        return account.model_copy(update={"posts_left": left})

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        if not state.post_id:
            return ()
        metric = "views,likes,comments,shares,saved,ig_reels_video_view_total_time"
        url = self.edge(f"{state.post_id}/insights", metric=metric)
        return (PlatformCall("statistics", Verb.STATISTICS, "GET", url),)

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        found = self.insights(replies)
        watched_ms = found.get("ig_reels_video_view_total_time")
        return PostFigures(
            views=found.get("views"), likes=found.get("likes"), comments=found.get("comments"),
            shares=found.get("shares"), saves=found.get("saved"),
            watch_s=None if watched_ms is None else watched_ms / 1000.0,
        )  # fmt: skip
