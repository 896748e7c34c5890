"""A fake of the YouTube Data API v3."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind, Refused, Route, ShownPost
from vidpipe_fakes.oauth import FakeOAuth, OAuthPaths, s256

_GRAIN = 262_144
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")
_PACIFIC = ZoneInfo("America/Los_Angeles")
_REASONS = {
    Kind.EXPIRED: (401, "authError"),
    Kind.REVOKED: (401, "authError"),
    Kind.RATE: (429, "rateLimitExceeded"),
    Kind.QUOTA: (403, "quotaExceeded"),
    Kind.BROKEN: (500, "internalError"),
    Kind.UNAVAILABLE: (503, "backendError"),
    Kind.GONE: (404, "notFound"),
}


@dataclass
class _Session:
    resource: dict[str, Any]
    total: int
    account: str
    kept: bytearray = field(default_factory=bytearray)
    video: str = ""


@dataclass
class FakeVideo:
    """A video on the fake."""

    id: str
    account: str
    snippet: dict[str, Any]
    status: dict[str, Any]
    size: int
    sha256: str
    ready_at: datetime
    published_at: datetime
    thumbnail: int = 0
    captions: list[dict[str, Any]] = field(default_factory=list)


class FakeYouTube(FakePlatform):
    """YouTube.

    Attributes:
        processing_s: how long a video is processed.
        audited: whether the project may make videos public.
        reject: the reason that the next videos are rejected for.
        upload_limit: of the channel, in all.
    """

    name = "youtube"
    title = "YouTube"
    ACCOUNT = "UCfakechannel"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.sessions: dict[str, _Session] = {}
        self.videos: dict[str, FakeVideo] = {}
        self.playlists: dict[str, list[str]] = {"PLfake": []}
        self.processing_s, self.audited, self.reject = 30.0, True, ""
        self.upload_limit, self.units_a_day, self.uploads_a_day = 1000, 10_000, 100
        self._day, self._units, self._uploads = "", 0, 0
        paths = OAuthPaths("/o/oauth2/v2/auth", "/token", "/revoke", pkce=s256, again=False)
        self.oauth = FakeOAuth(self, paths, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        up, api = "/upload/youtube/v3", "/youtube/v3"
        return (
            self.route("session", "POST", f"{up}/videos", self._open),
            self.route("ask", "PUT", f"{up}/videos", self._ask),
            self.route("chunk", "PUT", f"{up}/videos", self._chunk),
            self.route("thumbnail", "POST", f"{up}/thumbnails/set", self._thumbnail),
            self.route("captions", "POST", f"{up}/captions", self._captions),
            self.route("videos_list", "GET", f"{api}/videos", self._list),
            self.route("publish", "PUT", f"{api}/videos", self._update),
            self.route("delete", "DELETE", f"{api}/videos", self._delete),
            self.route("captions_list", "GET", f"{api}/captions", self._captions_list),
            self.route("playlist", "POST", f"{api}/playlistItems", self._add),
            self.route("playlist_list", "GET", f"{api}/playlistItems", self._items),
            self.route("channels", "GET", f"{api}/channels", self._channels),
            self.route("analytics", "GET", "/v2/reports", self._analytics),
            *self.oauth.routes(),
        )

    def chosen(self, op: str, asked: Asked) -> bool:
        bare = asked.headers.get("content-range", "").startswith("bytes */")
        return {"ask": bare, "chunk": not bare}.get(op, True)

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        status, reason = _REASONS[kind]
        answer = _error(status, reason)
        if wait_s is not None:
            answer.headers["Retry-After"] = str(wait_s)
        return answer

    def _spend(self, units: int, uploads: int = 0) -> None:
        today = self.clock().astimezone(_PACIFIC).date().isoformat()
        if today != self._day:
            self._day, self._units, self._uploads = today, 0, 0
        over = self._units + units > self.units_a_day
        if over or self._uploads + uploads > self.uploads_a_day:
            raise Refused(_error(403, "quotaExceeded"))
        self._units += units
        self._uploads += uploads
        self.bill["youtube.units"] += units
        self.bill["youtube.uploads"] += uploads

    # Upload

    def _open(self, asked: Asked) -> Response:
        self._spend(0, 1)
        if asked.query.get("uploadType") != "resumable":
            raise Refused(_error(400, "badRequest"))
        resource = asked.json()
        self._checked(resource)
        if len(self.videos) >= self.upload_limit:
            raise Refused(_error(400, "uploadLimitExceeded"))
        total = asked.headers.get("x-upload-content-length", "")
        kind = asked.headers.get("x-upload-content-type", "")
        if not total.isdecimal() or not kind.startswith(("video/", "application/octet-stream")):
            raise Refused(_error(400, "mediaBodyRequired"))
        name = f"session{self.number()}"
        self.sessions[name] = _Session(resource, int(total), asked.account)
        where = f"{asked.base}/upload/youtube/v3/videos?uploadType=resumable&upload_id={name}"
        return Response(b"", 200, {"Location": where})

    def _checked(self, resource: Mapping[str, Any]) -> None:
        snippet, status = resource.get("snippet") or {}, resource.get("status") or {}
        title, text = snippet.get("title", ""), snippet.get("description", "")
        if not title or len(title) > 100 or set(title) & set("<>"):
            raise Refused(_error(400, "invalidTitle"))
        if len(text.encode()) > 5000 or set(text) & set("<>"):
            raise Refused(_error(400, "invalidDescription"))
        if sum(len(t) + 3 * (" " in t) for t in snippet.get("tags", ())) > 500:
            raise Refused(_error(400, "invalidTags"))
        self._checked_status(status)

    def _checked_status(self, status: Mapping[str, Any]) -> None:
        if status.get("privacyStatus", "public") not in ("public", "unlisted", "private"):
            raise Refused(_error(400, "invalidVideoMetadata"))
        at = status.get("publishAt")
        if at and (
            status.get("privacyStatus") != "private"
            or datetime.fromisoformat(at.replace("Z", "+00:00")) <= self.clock()
        ):
            raise Refused(_error(400, "invalidPublishAt"))

    def _session(self, asked: Asked) -> _Session:
        session = self.sessions.get(asked.query.get("upload_id", ""))
        if session is None:
            raise Refused(_error(404, "notFound"))
        return session

    def _ask(self, asked: Asked) -> Response:
        return self._state(self._session(asked))

    def _chunk(self, asked: Asked) -> Response:
        session = self._session(asked)
        match = _RANGE.fullmatch(asked.headers.get("content-range", ""))
        if match is None or match[1] is None or session.video:
            return self._state(session) if session.video else _error(400, "badRequest")
        first, last, total = int(match[1]), int(match[2]), int(match[3])
        size = last - first + 1
        if total != session.total or size != len(asked.body):
            raise Refused(_error(400, "badRequest"))
        if last + 1 < total and size % _GRAIN:
            raise Refused(_error(400, "badRequest"))
        if first != len(session.kept):
            # It has other bytes: it says which.
            return self._state(session)
        session.kept += asked.body
        if len(session.kept) == total:
            self._made(session)
        return self._state(session)

    def partial(self, op: str, asked: Asked, groups: Mapping[str, str]) -> None:
        session = self.sessions.get(asked.query.get("upload_id", ""))
        if op == "chunk" and session is not None and not session.video:
            session.kept += asked.body[: len(asked.body) // _GRAIN * _GRAIN]

    def _state(self, session: _Session) -> Response:
        if session.video:
            return JSONResponse(self._resource(self.videos[session.video]))
        kept = len(session.kept)
        return Response(b"", 308, {"Range": f"bytes=0-{kept - 1}"} if kept else {})

    def _made(self, session: _Session) -> None:
        name = f"vid{self.number():08d}"
        digest = hashlib.sha256(session.kept).hexdigest()
        status = {"privacyStatus": "public", **session.resource.get("status", {})}
        status["uploadStatus"] = "uploaded"
        if self.reject:
            status |= {"uploadStatus": "rejected", "rejectionReason": self.reject}
        elif any(video.sha256 == digest for video in self.videos.values()):
            status |= {"uploadStatus": "rejected", "rejectionReason": "duplicate"}
        now = self.clock()
        self.videos[name] = FakeVideo(
            name, session.account, dict(session.resource["snippet"]), status, len(session.kept),
            digest, now + timedelta(seconds=self.processing_s), now,
        )  # fmt: skip
        session.video = name
        session.kept = bytearray()

    # Videos

    def _video(self, name: str) -> FakeVideo:
        video = self.videos.get(name)
        if video is None:
            raise Refused(_error(404, "videoNotFound"))
        return video

    def _resource(self, video: FakeVideo) -> dict[str, Any]:
        status = dict(video.status)
        seen = self.audience(video.id, video.published_at)
        working = "processing"
        if status["uploadStatus"] == "uploaded" and self.clock() >= video.ready_at:
            status["uploadStatus"], working = "processed", "succeeded"
        return {
            "kind": "youtube#video",
            "id": video.id,
            "snippet": video.snippet,
            "status": status,
            "processingDetails": {"processingStatus": working},
            "statistics": {
                "viewCount": str(seen.views),
                "likeCount": str(seen.likes),
                "commentCount": str(seen.comments),
            },
        }

    def _list(self, asked: Asked) -> Response:
        self._spend(1)
        parts = {"id", "kind", *asked.query.get("part", "").split(",")}
        names = asked.query.get("id", "").split(",")
        found = [self._resource(self.videos[name]) for name in names if name in self.videos]
        items = [{k: v for k, v in one.items() if k in parts} for one in found]
        return JSONResponse({"kind": "youtube#videoListResponse", "items": items})

    def _update(self, asked: Asked) -> Response:
        self._spend(50)
        resource = asked.json()
        video = self._video(str(resource.get("id")))
        if "status" in asked.query.get("part", ""):
            status = resource.get("status") or {}
            self._checked_status(status)
            if status.get("publishAt") and video.status.get("privacyStatus") == "public":
                raise Refused(_error(400, "invalidPublishAt"))
            privacy = status.get("privacyStatus") if self.audited else "private"
            kept = {
                k: v
                for k, v in video.status.items()
                if k in ("uploadStatus", "rejectionReason", "failureReason")
            }
            video.status = {**status, **kept, "privacyStatus": privacy}
        if "snippet" in asked.query.get("part", ""):
            snippet = resource.get("snippet") or {}
            if not snippet.get("title") or not snippet.get("categoryId"):
                raise Refused(_error(400, "invalidVideoMetadata"))
            video.snippet = dict(snippet)
        return JSONResponse(self._resource(video))

    def _delete(self, asked: Asked) -> Response:
        self._spend(50)
        self._video(asked.query.get("id", ""))
        del self.videos[asked.query["id"]]
        return Response(b"", 204)

    # Attachments

    def _thumbnail(self, asked: Asked) -> Response:
        self._spend(50)
        video = self._video(asked.query.get("videoId", ""))
        if asked.headers.get("content-type") not in ("image/jpeg", "image/png"):
            raise Refused(_error(400, "imageFormatUnsupported"))
        video.thumbnail = len(asked.body)
        return JSONResponse({"kind": "youtube#thumbnailSetResponse", "items": []})

    def _captions(self, asked: Asked) -> Response:
        self._spend(400)
        mark = asked.headers.get("content-type", "").partition("boundary=")[2].strip('"')
        parts = asked.body.split(f"--{mark}".encode())
        if not mark or len(parts) != 4:
            raise Refused(_error(400, "contentRequired"))
        snippet = json.loads(parts[1].partition(b"\r\n\r\n")[2])["snippet"]
        video = self._video(snippet["videoId"])
        same = (snippet["language"], snippet["name"])
        if any((c["language"], c["name"]) == same for c in video.captions):
            raise Refused(_error(409, "captionExists"))
        size = len(parts[2].partition(b"\r\n\r\n")[2]) - 2
        made = {**snippet, "trackKind": "standard", "status": "serving", "size": size}
        video.captions.append(made)
        return JSONResponse({"kind": "youtube#caption", "id": f"cap{self.number()}"})

    def _captions_list(self, asked: Asked) -> Response:
        self._spend(50)
        video = self._video(asked.query.get("videoId", ""))
        return JSONResponse({"items": [{"snippet": caption} for caption in video.captions]})

    def _add(self, asked: Asked) -> Response:
        self._spend(50)
        snippet = asked.json().get("snippet", {})
        playlist = self.playlists.get(snippet.get("playlistId", ""))
        if playlist is None:
            raise Refused(_error(404, "playlistNotFound"))
        playlist.append(self._video(snippet["resourceId"]["videoId"]).id)
        return JSONResponse({"kind": "youtube#playlistItem", "id": f"item{self.number()}"})

    def _items(self, asked: Asked) -> Response:
        self._spend(1)
        wanted, video = asked.query.get("playlistId", ""), asked.query.get("videoId")
        if wanted.startswith("UU"):
            names = [v.id for v in reversed(self.videos.values())]
        elif wanted in self.playlists:
            names = [n for n in self.playlists[wanted] if video in (None, n)]
        else:
            raise Refused(_error(404, "playlistNotFound"))
        items = [
            {
                "snippet": {
                    "title": self.videos[name].snippet["title"],
                    "publishedAt": self.videos[name].published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "resourceId": {"kind": "youtube#video", "videoId": name},
                }
            }
            for name in names
        ]
        return JSONResponse({"items": items})

    def _channels(self, asked: Asked) -> Response:
        self._spend(1)
        uploads = "UU" + asked.account[2:]
        one = {
            "id": asked.account,
            "snippet": {"title": "Fake channel"},
            "contentDetails": {"relatedPlaylists": {"uploads": uploads}},
        }
        return JSONResponse({"items": [one]})

    def _analytics(self, asked: Asked) -> Response:
        name = asked.query.get("filters", "").partition("video==")[2]
        video = self.videos.get(name)
        if video is None or video.account != asked.account:
            return JSONResponse({"rows": []})
        seen = self.audience(name, video.published_at)
        return JSONResponse({"rows": [[seen.views, seen.shares, seen.watch_ms / 60_000.0]]})

    def shown(self) -> list[ShownPost]:
        return [
            ShownPost(
                v.id, v.account, v.snippet["title"], v.size, v.sha256,
                "scheduled" if v.status.get("publishAt") else v.status["privacyStatus"],
                f"https://www.youtube.com/watch?v={v.id}", v.published_at.isoformat(),
            )
            for v in self.videos.values()
            if v.status["privacyStatus"] != "private" or v.status.get("publishAt")
        ]  # fmt: skip


def _error(status: int, reason: str) -> Response:
    domain = "youtube.quota" if reason == "quotaExceeded" else "youtube.video"
    errors = [{"domain": domain, "reason": reason, "message": f"fake: {reason}"}]
    error = {"code": status, "message": f"fake: {reason}", "errors": errors}
    return JSONResponse({"error": error}, status)
