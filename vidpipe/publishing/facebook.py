"""Facebook Page reels: a video is opened, filled and finished; then Facebook works on it.

What tells whether it was finished is the video's own status, whose id is known before a byte is
sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vidpipe.publishing.calls import (
    AnswerUnusable,
    PlatformCall,
    Reply,
    count_at,
    needed,
    text_at,
    web_address,
)
from vidpipe.publishing.checks import conformance, over
from vidpipe.publishing.graph import VERSION, Graph, no_such
from vidpipe.publishing.machine import Taker, Turn
from vidpipe.publishing.model import (
    Charge,
    Phase,
    PostFigures,
    PostingAccount,
    PostRefusal,
    Publication,
    RemoteState,
    Verb,
)

_TEXT = 63_206
_LEAST_S, _MOST_S = 3.0, 90.0
_SOONEST, _LATEST = timedelta(minutes=10), timedelta(days=30)
_LOOK_S, _LONGEST_LOOK_S = 30.0, 1800.0
_DONE = frozenset({"complete", "published", "scheduled", "draft"})


class Facebook(Graph):
    """Reels of a Page; a profile has no API.

    Args:
        base: of the Graph API.
        version: of it.
    """

    name = "facebook"
    title = "Facebook"
    unsure = frozenset({"finish"})
    unsure_phases = frozenset({Phase.PROCESSING})

    def __init__(self, base: str = "https://graph.facebook.com", version: str = VERSION) -> None:
        super().__init__(base, version)

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        found = [
            *conformance(post),
            *no_such(post, ("public",), self.title),
            *over("text", len(post.text), _TEXT, "characters"),
            *over("video", post.video.duration_s, _MOST_S, "seconds"),
        ]
        if post.video.duration_s < _LEAST_S:
            found.append(PostRefusal(field="video", words="Facebook wants at least 3 seconds."))
        if post.draft and post.publish_at is not None:
            found.append(
                PostRefusal(field="publish_at", words="A draft has no time of publication.")
            )
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        return (Charge(bucket="facebook.posts", amount=1),)

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, account, state = turn.post, turn.account, turn.state
        match state.phase:
            case Phase.NEW:
                return self.start(account)
            case Phase.SENDING:
                return self.bytes_from(post, state)
            case Phase.FINISHING:
                return self._not_yet(turn) or self.finish(turn)
            case _:
                return self.look(state)

    def start(self, account: PostingAccount) -> PlatformCall:
        """Open a video. Nobody sees it until it is finished."""
        path = f"{account.remote_id}/video_reels"
        return self.form("start", Verb.START, path, upload_phase="start")

    def look(self, state: RemoteState, name: str = "status") -> PlatformCall:
        """One read of the video."""
        return self.reading(name, state.remote_id, "status,permalink_url")

    def _not_yet(self, turn: Turn) -> RemoteState | None:
        """Facebook takes no time that is too near or too far: until then it is ours to wait."""
        opens, now = turn.post.publish_at, turn.now
        if opens is None or turn.post.draft or not now < opens:
            return None
        if now + _SOONEST < opens < now + _LATEST:
            return None
        until = opens if opens <= now + _SOONEST else opens - _LATEST + _SOONEST
        return turn.state.having(not_before=until, moved_at=until)

    def finish(self, turn: Turn) -> PlatformCall:
        """Publish the video, at once or at its time, or leave it as a draft."""
        post, account, state, now = turn.post, turn.account, turn.state, turn.now
        fields = {
            "upload_phase": "finish",
            "video_id": state.remote_id,
            "video_state": "DRAFT" if post.draft else "PUBLISHED",
            "description": post.text,
        }
        if post.title:
            fields["title"] = post.title
        if post.publish_at is not None and now + _SOONEST < post.publish_at < now + _LATEST:
            when = str(int(post.publish_at.timestamp()))
            fields |= {"video_state": "SCHEDULED", "scheduled_publish_time": when}
        call = self.form("finish", Verb.FINISH, f"{account.remote_id}/video_reels", **fields)
        return replace(call, once=True, public=not post.draft, charges=self.estimate(post))

    def update(self, turn: Turn) -> PlatformCall | None:
        post, state = turn.post, turn.state
        return self.form("update", Verb.UPDATE, state.remote_id, description=post.text)

    def review(self, turn: Turn) -> PlatformCall | None:
        return self.look(turn.state, "review")

    def delete(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        return PlatformCall("delete", Verb.DELETE, "DELETE", self.edge(state.remote_id))

    def discard(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        if not state.remote_id:
            return None
        return PlatformCall("discard", Verb.CANCEL, "DELETE", self.edge(state.remote_id))

    def lookup(self, turn: Turn) -> PlatformCall:
        state = turn.state
        return self.look(state, "arrived" if state.armed == "bytes" else "finished")

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "start": self._opened,
            "bytes": self._all_sent,
            "arrived": self._arrived,
            "finish": self._finished,
            "finished": self._sought,
            "status": self._looked,
            "review": self._reviewed,
            "update": self.done_task,
            "delete": self.done_task,
            "discard": self.done_task,
        }

    def _opened(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        read = reply.object()
        return state.having(
            phase=Phase.SENDING, remote_id=needed(read, "video_id"), sent=0,
            session=self.own(needed(read, "upload_url")),
        )  # fmt: skip

    def _all_sent(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        if reply.object().get("success") is not True:
            raise AnswerUnusable("the answer does not say that the bytes are there")
        return state.having(phase=Phase.FINISHING, sent=post.video.size_bytes)

    def _arrived(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        status = reply.object().get("status")
        if needed(status, "video_status") in ("error", "upload_failed", "expired"):
            return self.restarted(state, now)
        phase = text_at(status, "uploading_phase", "status")
        has = count_at(status, "uploading_phase", "bytes_transfered") or 0
        if phase == "complete" or has >= post.video.size_bytes:
            return state.having(phase=Phase.FINISHING, sent=post.video.size_bytes, armed="")
        return state.having(sent=has, armed="")

    def _finished(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        if reply.object().get("success") is not True:
            raise AnswerUnusable("the answer does not say that it was taken")
        return state.having(phase=Phase.PROCESSING, armed="", session="")

    def _sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        status = reply.object().get("status")
        publishing = needed(status, "publishing_phase", "status")
        if publishing == "not_started":
            return self.absent(state, now)
        return self._looked(turn.at(state.having(phase=Phase.PROCESSING, armed="", session="")))

    def _looked(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        read = reply.object()
        status = read.get("status")
        overall = needed(status, "video_status")
        for phase in ("processing_phase", "publishing_phase", "uploading_phase"):
            if text_at(status, phase, "status") == "error" or overall == "error":
                words = "Facebook could not process or publish the video."
                return self.fatal(state, f"{phase}_error", words)
        publishing = text_at(status, "publishing_phase", "status")
        if publishing not in _DONE:
            return self.later(state, now, min(_LOOK_S * 1.5**state.looks, _LONGEST_LOOK_S))
        shown = text_at(status, "publishing_phase", "publish_status") or publishing
        ends = {"draft": Phase.DRAFTED, "scheduled": Phase.SCHEDULED}
        link = text_at(read, "permalink_url")
        url = web_address(f"https://www.facebook.com{link}" if link.startswith("/") else link)
        return state.having(
            phase=ends.get(shown, Phase.PUBLISHED), post_id=state.remote_id, url=url
        )

    def _reviewed(self, turn: Turn) -> RemoteState:
        """Also: a scheduled reel has become public."""
        return self._ended_task(self._looked(turn))

    # After

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        metric = "blue_reels_play_count,post_video_view_time,post_video_social_actions"
        url = self.edge(f"{state.remote_id}/video_insights", metric=metric)
        fields = "likes.summary(true).limit(0),comments.summary(true).limit(0)"
        return (
            PlatformCall("statistics", Verb.STATISTICS, "GET", url),
            PlatformCall(
                "reactions", Verb.STATISTICS, "GET", self.edge(state.remote_id, fields=fields)
            ),
        )

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        found = self.insights(replies[:1])
        read = replies[1].json() if len(replies) > 1 else {}
        watched_ms = found.get("post_video_view_time")
        return PostFigures(
            views=found.get("blue_reels_play_count"),
            likes=count_at(read, "likes", "summary", "total_count"),
            comments=count_at(read, "comments", "summary", "total_count"),
            shares=found.get("post_video_social_actions"),
            watch_s=None if watched_ms is None else watched_ms / 1000.0,
        )
