"""YouTube Data API v3: resumable upload, attachments, publication.

A video is always uploaded as private. It is published by a change of its status when it has been
processed and everything belonging to it is there, so nobody sees half a post, and what YouTube
rejects was never public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from vidpipe.platforms.counting import counted
from vidpipe.publishing.calls import (
    AnswerUnusable,
    PlatformCall,
    Reply,
    count_at,
    list_at,
    needed,
    text_at,
)
from vidpipe.publishing.checks import conformance, over
from vidpipe.publishing.machine import MOST_FAILURES, Machine, Taker, Turn
from vidpipe.publishing.model import (
    THUMBNAIL,
    Charge,
    Phase,
    PostFigures,
    PostingAccount,
    PostRefusal,
    Publication,
    RemoteState,
    Task,
    Verb,
)
from vidpipe.publishing.youtube_calls import UNITS, UPLOADS, YouTubeCalls, utc
from vidpipe.publishing.youtube_faults import FAILED, FAULTS, REJECTED

#: Chunks are multiples of it, but for the last.
GRAIN_BYTES = 262_144
CHUNK_BYTES = 32 * GRAIN_BYTES
MOST_BYTES = 274_877_906_944
MOST_THUMBNAIL_BYTES, MOST_CAPTION_BYTES = 52_428_800, 100 * 2**20
_TITLE, _DESCRIPTION_BYTES, _TAGS = 100, 5000, 500
#: Seconds between two looks at a video that is being processed: the first and the longest.
_LOOK_S, _LONGEST_LOOK_S = 15.0, 1800.0
_RANGE = re.compile(r"bytes=0-(\d{1,15})")
_BASE = "https://www.googleapis.com"
_ANALYTICS = "https://youtubeanalytics.googleapis.com"


class YouTube(Machine):
    """YouTube.

    Args:
        base: of the Data API.
        analytics: of the Analytics API, for watch time; empty: not asked. None: YouTube's, or
            the fake's where `base` is one.
        chunk_bytes: how much is sent at once, a multiple of `GRAIN_BYTES`.
    """

    name = "youtube"
    title = "YouTube"
    faults = FAULTS
    unsure = frozenset({"publish"})
    withholds = True

    def __init__(
        self,
        base: str = _BASE,
        analytics: str | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        if chunk_bytes <= 0 or chunk_bytes % GRAIN_BYTES:
            raise ValueError(f"chunk_bytes: a multiple of {GRAIN_BYTES}")
        super().__init__(base, ("googleapis.com",))
        # Who asks a fake asks nothing of YouTube.
        usual = _ANALYTICS if self.base == _BASE else self.base
        analytics = (usual if analytics is None else analytics).rstrip("/")
        self.calls = YouTubeCalls(self.base, analytics, chunk_bytes)

    def codes(self, reply: Reply) -> Sequence[str]:
        error = reply.json().get("error")
        return [text_at(one, "reason") for one in list_at(error, "errors")] if error else []

    def refused(self, reply: Reply, call: PlatformCall) -> bool:
        if call.name in ("chunk", "ask") and reply.status == 308:
            return False
        return not reply.ok

    # Before

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        tags = sum(len(tag) + (2 if " " in tag else 0) for tag in post.tags) + len(post.tags)
        found = [
            *conformance(post),
            *over("title", len(post.title), _TITLE, "characters"),
            *over("text", counted(post.text, "bytes"), _DESCRIPTION_BYTES, "bytes"),
            *over("tags", tags - bool(post.tags), _TAGS, "characters with commas and quotes"),
            *over("video", post.video.size_bytes, MOST_BYTES, "bytes"),
        ]
        if not post.title.strip():
            found.append(PostRefusal(field="title", words="YouTube wants a title."))
        for field, text in (("title", post.title), ("text", post.text)):
            if "<" in text or ">" in text:
                found.append(PostRefusal(field=field, words="YouTube takes neither < nor >."))
        if post.thumbnail is not None:
            size = post.thumbnail.size_bytes
            found += over("thumbnail", size, MOST_THUMBNAIL_BYTES, "bytes")
        for caption in post.captions:
            found += over(caption.file, caption.size_bytes, MOST_CAPTION_BYTES, "bytes")
        if post.privacy not in ("public", "unlisted", "private"):
            words = "YouTube knows public, unlisted and private."
            found.append(PostRefusal(field="privacy", words=words))
        if post.publish_at is not None and post.privacy != "public":
            words = "What YouTube publishes at a time is public then: set privacy to public."
            found.append(PostRefusal(field="publish_at", words=words))
        if post.draft:
            found.append(
                PostRefusal(field="draft", words="YouTube has no drafts: set privacy to private.")
            )
        return tuple(found)

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        changes = (post.thumbnail is not None) + len(post.playlists) + self._is_changed(post)
        units = 50 * changes + 400 * len(post.captions) + 3
        return (Charge(bucket=UPLOADS, amount=1), Charge(bucket=UNITS, amount=units))

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, state, now = turn.post, turn.state, turn.now
        match state.phase:
            case Phase.NEW:
                return self.calls.session(post)
            case Phase.SENDING:
                return self._send(post, state)
            case Phase.CONFIRMING:
                return self._seek(state)
            case Phase.PROCESSING:
                return self.calls.video(state)
            case Phase.ADDING:
                return self._attach(post, state)
            case _:
                if not self._is_changed(post):
                    return state.having(phase=Phase.PUBLISHED)
                return self.calls.publish(post, state, now)

    def _send(self, post: Publication, state: RemoteState) -> PlatformCall | RemoteState:
        if state.sent >= post.video.size_bytes:
            return self.calls.ask(post, state)
        is_last = state.sent + self.calls.chunk_bytes >= post.video.size_bytes
        if is_last and not state.memo.get("last"):
            return state.remembering(last="sent")
        return self.calls.chunk(post, state)

    def withhold(self, turn: Turn) -> PlatformCall | None:
        return self.calls.withhold(turn.post, turn.state)

    def reopen(self, turn: Turn) -> PlatformCall | None:
        """At its time, or at once: the same as publishing it, and as often as one likes."""
        call = self.calls.publish(turn.post, turn.state, turn.now)
        return replace(call, name="reopen", verb=Verb.UPDATE, once=False)

    def update(self, turn: Turn) -> PlatformCall | None:
        return self.calls.update(turn.post, turn.state)

    def review(self, turn: Turn) -> PlatformCall | None:
        return self.calls.video(turn.state, "review")

    def delete(self, turn: Turn) -> PlatformCall | None:
        return self.calls.removal("delete", Verb.DELETE, turn.state)

    def discard(self, turn: Turn) -> PlatformCall | None:
        state = turn.state
        return self.calls.removal("discard", Verb.CANCEL, state) if state.remote_id else None

    def lookup(self, turn: Turn) -> PlatformCall:
        post, state = turn.post, turn.state
        match state.armed:
            case "chunk":
                return self.calls.ask(post, state)
            case "captions":
                return self.calls.captions_there(state)
            case "playlist":
                playlist = state.memo.get("attaching", "").partition(":")[2]
                return self.calls.playlist_there(playlist, state)
            case _:
                return self.calls.video(state, "verify")

    def _is_changed(self, post: Publication) -> bool:
        return post.privacy != "private" or post.publish_at is not None

    # Attachments

    def _attach(self, post: Publication, state: RemoteState) -> PlatformCall | RemoteState:
        if post.thumbnail is not None and THUMBNAIL not in state.done:
            if state.memo.get("attaching") != THUMBNAIL:
                return state.remembering(attaching=THUMBNAIL)
            return self.calls.thumbnail(post.thumbnail, state)
        for caption in post.captions:
            if caption.file not in state.done:
                if state.memo.get("attaching") != caption.file:
                    return state.remembering(attaching=caption.file)
                return self.calls.captions(caption, state)
        for playlist in post.playlists:
            if f"playlist:{playlist}" not in state.done:
                if state.memo.get("attaching") != f"playlist:{playlist}":
                    return state.remembering(attaching=f"playlist:{playlist}")
                return self.calls.playlist(playlist, state)
        return state.having(phase=Phase.FINISHING)

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "session": self._opened,
            "chunk": self._kept,
            "ask": self._kept,
            "channel": self._channel_read,
            "uploads": self._sought,
            "status": self._looked,
            "verify": self._verified,
            "publish": self._published,
            THUMBNAIL: self._attached,
            "captions": self._attached,
            "playlist": self._attached,
            "captions_there": self._captions_sought,
            "playlist_there": self._playlist_sought,
            "review": self._reviewed,
            "update": self.done_task,
            "withhold": self._withheld,
            "reopen": self._reopened,
            "delete": self.done_task,
            "discard": self.done_task,
        }

    def _opened(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        where = reply.header("location")
        if not where:
            raise AnswerUnusable("the answer names no session")
        return state.having(phase=Phase.SENDING, session=self.own(where), sent=0)

    def _kept(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        if reply.status != 308:
            video = needed(reply.object(), "id")
            return state.having(
                phase=Phase.PROCESSING, remote_id=video, sent=post.video.size_bytes, session="",
                armed="", url=f"https://www.youtube.com/watch?v={video}",
            )  # fmt: skip
        match = _RANGE.fullmatch(reply.header("range"))
        kept = int(match[1]) + 1 if match else 0
        if kept > post.video.size_bytes:
            raise AnswerUnusable("the answer names more bytes than there are")
        if kept > state.sent:
            return state.having(sent=kept, armed="")
        # It has no more than before: that has an end, too.
        if state.failures + 1 >= MOST_FAILURES:
            return self.fatal(state, "no_progress", "YouTube keeps none of what it is sent.")
        state = state.having(sent=kept, armed="", failures=state.failures + 1)
        wait_s = _LOOK_S if kept == post.video.size_bytes else 1.0
        return state.having(not_before=now + timedelta(seconds=wait_s))

    def lost(self, state: RemoteState, now: datetime) -> RemoteState:
        """A session is gone. When its last bytes may have arrived, the video may be there."""
        if state.session and state.sent and state.memo.get("last"):
            return state.having(phase=Phase.CONFIRMING, armed="", looks=0)
        return self.restarted(state, now)

    def _seek(self, state: RemoteState) -> PlatformCall:
        uploads = state.memo.get("uploads")
        return self.calls.uploads(uploads) if uploads else self.calls.channel()

    def _channel_read(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        channels = list_at(reply.object(), "items")
        playlists = text_at(channels, 0, "contentDetails", "relatedPlaylists", "uploads")
        if not playlists:
            raise AnswerUnusable("the answer names no playlist of uploads")
        return state.remembering(uploads=playlists)

    def _sought(self, turn: Turn) -> RemoteState:
        post, state, reply, now = turn.post, turn.state, turn.reply, turn.now
        since = utc(state.began_at - timedelta(minutes=5))
        for item in list_at(reply.object(), "items"):
            snippet = item.get("snippet")
            same = text_at(snippet, "title") == post.title
            video = text_at(snippet, "resourceId", "videoId")
            if same and video and text_at(snippet, "publishedAt") >= since:
                return state.having(
                    phase=Phase.PROCESSING, remote_id=video, session="",
                    sent=post.video.size_bytes, url=f"https://www.youtube.com/watch?v={video}",
                )  # fmt: skip
        if state.looks + 1 < 3:
            return self.later(state, now, 60.0)
        return self.restarted(state, now)

    def _looked(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        video = self._video(reply)
        if video is None:
            if state.looks + 1 < 5:
                return self.later(state, now, 60.0)
            return self.fatal(
                state,
                "videoNotFound",
                "The video is not on YouTube any more: post it again if it was not meant to go.",
            )
        upload = text_at(video, "status", "uploadStatus")
        if upload == "rejected":
            reason = text_at(video, "status", "rejectionReason") or "rejected"
            return self.fatal(state, reason, REJECTED.get(reason, "YouTube rejected the video."))
        if upload in ("failed", "deleted"):
            reason = text_at(video, "status", "failureReason") or upload
            return self.fatal(state, reason, FAILED.get(reason, "The video is not on YouTube."))
        working = text_at(video, "processingDetails", "processingStatus")
        if working in ("failed", "terminated"):
            return self.fatal(state, f"processing_{working}", "YouTube could not process it.")
        if upload == "processed" and working in ("", "succeeded"):
            return state.having(phase=Phase.ADDING)
        return self.later(state, now, min(_LOOK_S * 1.5**state.looks, _LONGEST_LOOK_S))

    def _attached(self, turn: Turn) -> RemoteState:
        state = turn.state
        return state.having(done=(*state.done, state.memo["attaching"]), armed="")

    def _captions_sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        language = state.memo["attaching"].partition(":")[2]
        for item in list_at(reply.object(), "items"):
            snippet = item.get("snippet")
            if text_at(snippet, "language") == language and text_at(snippet, "trackKind") != "ASR":
                return self._attached(turn.at(state))
        return self.absent(state, now)

    def _playlist_sought(self, turn: Turn) -> RemoteState:
        state, reply, now = turn.state, turn.reply, turn.now
        if list_at(reply.object(), "items"):
            return self._attached(turn.at(state))
        return self.absent(state, now)

    def _published(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        status = reply.object().get("status")
        privacy = text_at(status, "privacyStatus")
        if text_at(status, "publishAt"):
            return state.having(phase=Phase.SCHEDULED, post_id=state.remote_id, armed="")
        if privacy == post.privacy:
            return state.having(phase=Phase.PUBLISHED, post_id=state.remote_id, armed="")
        if privacy == "private":
            return self.fatal(state, "locked_private", _LOCKED)
        raise AnswerUnusable("the answer does not name the privacy")

    def _withheld(self, turn: Turn) -> RemoteState:
        status = turn.reply.object().get("status")
        if text_at(status, "privacyStatus") != "private" or text_at(status, "publishAt"):
            raise AnswerUnusable("the answer does not say that the video is private")
        return self._ended_task(turn.state)

    def _reopened(self, turn: Turn) -> RemoteState:
        after = self._published(turn)
        return self._ended_task(after) if after.posted else after

    def _verified(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        status = (self._video(reply) or {}).get("status")
        if text_at(status, "publishAt"):
            return state.having(phase=Phase.SCHEDULED, post_id=state.remote_id, armed="")
        if text_at(status, "privacyStatus") == post.privacy:
            return state.having(phase=Phase.PUBLISHED, post_id=state.remote_id, armed="")
        return state.having(armed="", failures=state.failures)

    def _reviewed(self, turn: Turn) -> RemoteState:
        """Also: a scheduled video has become public, or was made private by its owner."""
        state = turn.state
        video = self._video(turn.reply)
        if video is None:
            return self._ended_task(state.having(task=Task.DELETE))
        status = video.get("status")
        if text_at(status, "uploadStatus") in ("rejected", "failed", "deleted"):
            return self._looked(turn)
        if text_at(status, "publishAt"):
            return self._ended_task(state.having(phase=Phase.SCHEDULED))
        private = text_at(status, "privacyStatus") == "private"
        if state.phase is Phase.WITHHELD and private:
            return self._ended_task(state)
        return self._ended_task(state.having(phase=Phase.PUBLISHED))

    def _video(self, reply: Reply) -> dict[str, Any] | None:
        read = reply.object()
        if "items" not in read:
            raise AnswerUnusable("the answer names no items")
        return next(iter(list_at(read, "items")), None)

    # After

    def statistics(
        self, account: PostingAccount, state: RemoteState, now: datetime
    ) -> tuple[PlatformCall, ...]:
        return self.calls.statistics(state, now)

    def figures(self, replies: Sequence[Reply]) -> PostFigures:
        items = list_at(replies[0].json(), "items") if replies and replies[0].ok else []
        found = items[0] if items else {}
        rows = replies[1].json().get("rows") if len(replies) > 1 and replies[1].ok else None
        return PostFigures(
            views=count_at(found, "statistics", "viewCount"),
            likes=count_at(found, "statistics", "likeCount"),
            comments=count_at(found, "statistics", "commentCount"),
            shares=count_at(rows, 0, 1),
            watch_s=60.0 * float(text_at(rows, 0, 2)) if text_at(rows, 0, 2) else None,
        )

    def seems_gone(self, replies: Sequence[Reply]) -> bool:
        counts = replies[0] if replies else None
        return counts is not None and counts.ok and counts.json().get("items") == []

    def account(self, account: PostingAccount) -> PlatformCall | None:
        return self.calls.account()

    def account_read(self, account: PostingAccount, reply: Reply) -> PostingAccount:
        found = list_at(reply.object(), "items")
        return account.model_copy(
            update={
                "remote_id": needed(found, 0, "id"),
                "name": text_at(found, 0, "snippet", "title"),
            }
        )


_LOCKED = (
    "YouTube kept the video private: the Google project has not passed YouTube's audit. "
    "Have it audited, or publish the video in YouTube Studio."
)
