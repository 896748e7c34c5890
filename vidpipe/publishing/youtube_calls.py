"""Requests to YouTube's Data API v3, with what each takes of the day's quota."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from vidpipe.publishing.calls import PlatformCall, Slice, as_json, with_query
from vidpipe.publishing.model import (
    THUMBNAIL,
    VIDEO,
    CaptionAttachment,
    Charge,
    PictureAttachment,
    Publication,
    RemoteState,
    Verb,
)

UNITS, UPLOADS = "youtube.units", "youtube.uploads"
_CHANGE, _CAPTION = Charge(bucket=UNITS, amount=50), Charge(bucket=UNITS, amount=400)
_READ = Charge(bucket=UNITS, amount=1)


class YouTubeCalls:
    """Makes requests for a post; what follows from the answers is `YouTube`'s.

    Args:
        base: of the Data API.
        analytics: of the Analytics API; empty: not asked.
        chunk_bytes: how much of a video is sent at once.
    """

    def __init__(self, base: str, analytics: str, chunk_bytes: int) -> None:
        self.base = base
        self.chunk_bytes = chunk_bytes
        self._analytics = analytics

    # The video

    def session(self, post: Publication) -> PlatformCall:
        """Open an upload session. A session without bytes is nothing: it may be opened twice."""
        headers, body = as_json({"snippet": self.snippet(post), "status": self.status(post)})
        query = {
            "uploadType": "resumable",
            "part": "snippet,status",
            "notifySubscribers": _said(post.notify),
        }
        return PlatformCall(
            name="session", verb=Verb.START, method="POST",
            url=with_query(f"{self.base}/upload/youtube/v3/videos", **query),
            headers=(
                *headers,
                ("X-Upload-Content-Length", str(post.video.size_bytes)),
                ("X-Upload-Content-Type", post.video.content_type),
            ),
            body=body, charges=(Charge(bucket=UPLOADS, amount=1),),
        )  # fmt: skip

    def ask(self, post: Publication, state: RemoteState) -> PlatformCall:
        """How much of the video a session has."""
        return PlatformCall(
            name="ask", verb=Verb.LOOK, method="PUT", url=state.session,
            headers=(("Content-Range", f"bytes */{post.video.size_bytes}"),),
        )  # fmt: skip

    def chunk(self, post: Publication, state: RemoteState) -> PlatformCall:
        """The next chunk. The video comes to be with the last one."""
        total = post.video.size_bytes
        end = min(state.sent + self.chunk_bytes, total)
        return PlatformCall(
            name="chunk", verb=Verb.SEND, method="PUT", url=state.session,
            headers=(
                ("Content-Type", post.video.content_type),
                ("Content-Range", f"bytes {state.sent}-{end - 1}/{total}"),
            ),
            body=(Slice(VIDEO, state.sent, end),), once=True, timeout_s=300.0,
        )  # fmt: skip

    def video(self, state: RemoteState, name: str = "status") -> PlatformCall:
        """One read of the video."""
        url = self._url("videos", part="status,processingDetails", id=state.remote_id)
        return PlatformCall(name=name, verb=Verb.LOOK, method="GET", url=url, charges=(_READ,))

    def publish(self, post: Publication, state: RemoteState, now: datetime) -> PlatformCall:
        """Make the video public, at once or at its time: a change that may be made twice."""
        status = self.status(post) | {"privacyStatus": post.privacy}
        if post.publish_at is not None and post.publish_at > now + timedelta(minutes=1):
            status |= {"privacyStatus": "private", "publishAt": utc(post.publish_at)}
        headers, body = as_json({"id": state.remote_id, "status": status})
        return PlatformCall(
            name="publish", verb=Verb.FINISH, method="PUT", url=self._url("videos", part="status"),
            headers=headers, body=body, once=True, public=True, charges=(_CHANGE,),
        )  # fmt: skip

    def withhold(self, post: Publication, state: RemoteState) -> PlatformCall:
        """Private without a time: `publishAt` is gone when a status without it is set."""
        headers, body = as_json({"id": state.remote_id, "status": self.status(post)})
        return PlatformCall(
            name="withhold", verb=Verb.UPDATE, method="PUT", url=self._url("videos", part="status"),
            headers=headers, body=body, charges=(_CHANGE,),
        )  # fmt: skip

    def update(self, post: Publication, state: RemoteState) -> PlatformCall:
        """Change its texts."""
        headers, body = as_json({"id": state.remote_id, "snippet": self.snippet(post)})
        return PlatformCall(
            name="update", verb=Verb.UPDATE, method="PUT",
            url=self._url("videos", part="snippet"), headers=headers, body=body,
            charges=(_CHANGE,),
        )  # fmt: skip

    def removal(self, name: str, verb: Verb, state: RemoteState) -> PlatformCall:
        """Remove the video."""
        url = self._url("videos", id=state.remote_id)
        return PlatformCall(name, verb, "DELETE", url, charges=(_CHANGE,))

    # What belongs to it

    def thumbnail(self, thumbnail: PictureAttachment, state: RemoteState) -> PlatformCall:
        """Set the picture that stands for the video."""
        url = f"{self.base}/upload/youtube/v3/thumbnails/set"
        return PlatformCall(
            name=THUMBNAIL, verb=Verb.SEND, method="POST",
            url=with_query(url, videoId=state.remote_id, uploadType="media"),
            headers=(("Content-Type", thumbnail.content_type),),
            body=(Slice(THUMBNAIL, 0, thumbnail.size_bytes),),
            optional=True, charges=(_CHANGE,),
        )  # fmt: skip

    def captions(self, caption: CaptionAttachment, state: RemoteState) -> PlatformCall:
        """Set captions of one language, in one request with what they are."""
        snippet = {
            "videoId": state.remote_id,
            "language": caption.language,
            "name": caption.name,
            "isDraft": False,
        }
        mark = f"vidpipe-{state.key}"
        head = (
            f"--{mark}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
            f"{json.dumps({'snippet': snippet}, ensure_ascii=False)}\r\n"
            f"--{mark}\r\nContent-Type: {caption.content_type}\r\n\r\n"
        )
        url = f"{self.base}/upload/youtube/v3/captions"
        return PlatformCall(
            name="captions", verb=Verb.SEND, method="POST",
            url=with_query(url, part="snippet", uploadType="multipart"),
            headers=(("Content-Type", f'multipart/related; boundary="{mark}"'),),
            body=(
                head.encode(),
                Slice(caption.file, 0, caption.size_bytes),
                f"\r\n--{mark}--\r\n".encode(),
            ),
            once=True, optional=True, charges=(_CAPTION,),
        )  # fmt: skip

    def captions_there(self, state: RemoteState) -> PlatformCall:
        """The captions that the video has."""
        url = self._url("captions", part="snippet", videoId=state.remote_id)
        charge = Charge(bucket=UNITS, amount=50)
        return PlatformCall("captions_there", Verb.LOOK, "GET", url, charges=(charge,))

    def playlist(self, playlist: str, state: RemoteState) -> PlatformCall:
        """Put the video into a playlist."""
        resource = {"kind": "youtube#video", "videoId": state.remote_id}
        headers, body = as_json({"snippet": {"playlistId": playlist, "resourceId": resource}})
        return PlatformCall(
            name="playlist", verb=Verb.SEND, method="POST",
            url=self._url("playlistItems", part="snippet"), headers=headers, body=body,
            once=True, optional=True, charges=(_CHANGE,),
        )  # fmt: skip

    def playlist_there(self, playlist: str, state: RemoteState) -> PlatformCall:
        """The video's place in a playlist, if it has one."""
        url = self._url(
            "playlistItems", part="snippet", playlistId=playlist, videoId=state.remote_id
        )
        return PlatformCall("playlist_there", Verb.LOOK, "GET", url, charges=(_READ,))

    # What else is read

    def channel(self) -> PlatformCall:
        """The playlist of all that the channel has uploaded."""
        url = self._url("channels", part="contentDetails", mine="true")
        return PlatformCall("channel", Verb.LOOK, "GET", url, charges=(_READ,))

    def uploads(self, playlist: str) -> PlatformCall:
        """What was uploaded last."""
        url = self._url("playlistItems", part="snippet", playlistId=playlist, maxResults="50")
        return PlatformCall("uploads", Verb.LOOK, "GET", url, charges=(_READ,))

    def account(self) -> PlatformCall:
        """The channel's id and name."""
        url = self._url("channels", part="id,snippet", mine="true")
        return PlatformCall("account", Verb.LOOK, "GET", url, charges=(_READ,))

    def statistics(self, state: RemoteState, now: datetime) -> tuple[PlatformCall, ...]:
        """How often the video was seen and, where Analytics are asked, for how long."""
        url = self._url("videos", part="statistics", id=state.remote_id)
        counts = PlatformCall("statistics", Verb.STATISTICS, "GET", url, charges=(_READ,))
        if not self._analytics:
            return (counts,)
        query = {
            "ids": "channel==MINE",
            "startDate": state.began_at.date().isoformat(),
            "endDate": now.date().isoformat(),
            "metrics": "views,shares,estimatedMinutesWatched",
            "filters": f"video=={state.remote_id}",
        }
        url = with_query(f"{self._analytics}/v2/reports", **query)
        return counts, PlatformCall("analytics", Verb.STATISTICS, "GET", url)

    # Bodies, as the discovery document has them

    def snippet(self, post: Publication) -> dict[str, Any]:
        """`VideoSnippet`: an update replaces all of it, so all of it is sent."""
        made: dict[str, Any] = {
            "title": post.title,
            "description": post.text,
            "categoryId": post.category or "22",
        }
        if post.tags:
            made["tags"] = list(post.tags)
        if post.language:
            made |= {"defaultLanguage": post.language, "defaultAudioLanguage": post.language}
        return made

    def status(self, post: Publication) -> dict[str, Any]:
        """`VideoStatus` of a video that nobody sees yet."""
        return {
            "privacyStatus": "private",
            "selfDeclaredMadeForKids": post.made_for_kids,
            "containsSyntheticMedia": post.synthetic,
            "embeddable": post.embeddable,
            "license": "youtube",
        }

    def _url(self, resource: str, **query: str) -> str:
        return with_query(f"{self.base}/youtube/v3/{resource}", **query)


def _said(value: bool) -> str:
    return "true" if value else "false"


def utc(moment: datetime) -> str:
    """A moment as YouTube writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
