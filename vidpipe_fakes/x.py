"""A fake of X: chunked media, posts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind, RateWindow, Refused, Route, ShownPost
from vidpipe_fakes.oauth import FakeOAuth, OAuthPaths, s256

_PROBLEM = "https://api.x.com/2/problems"
_ERRORS = {
    Kind.EXPIRED: (401, "about:blank", "Unauthorized"),
    Kind.REVOKED: (401, "about:blank", "Unauthorized"),
    Kind.RATE: (429, "about:blank", "Too Many Requests"),
    Kind.QUOTA: (429, f"{_PROBLEM}/usage-capped", "Usage cap exceeded"),
    Kind.BROKEN: (500, "about:blank", "Internal Server Error"),
    Kind.UNAVAILABLE: (503, "about:blank", "Over capacity"),
    Kind.GONE: (404, f"{_PROBLEM}/resource-not-found", "Media not found"),
}


@dataclass
class _Media:
    id: str
    account: str
    total: int
    expires_at: datetime
    segments: dict[int, bytes] = field(default_factory=dict)
    done_at: datetime | None = None
    failed: bool = False

    @property
    def key(self) -> str:
        return f"13_{self.id}"


class FakeX(FakePlatform):
    """X.

    Attributes:
        processing_s: until media can be posted.
        fail: whether the next media fail.
        forgets_duplicates: whether the same text may be posted again.
    """

    name = "x"
    title = "X"
    ACCOUNT = "2244994945"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.media: dict[str, _Media] = {}
        self.processing_s, self.fail, self.forgets_duplicates = 10.0, False, False
        self._keys: dict[str, str] = {}
        self._uploads, self._posted = RateWindow(1875, 900.0), RateWindow(100, 900.0)
        paths = OAuthPaths(
            "/i/oauth2/authorize", "/2/oauth2/token", "/2/oauth2/revoke", basic=True, pkce=s256,
            rotates=True, life_s=7200,
        )  # fmt: skip
        self.oauth = FakeOAuth(self, paths, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        api = "/2/media/upload"
        return (
            self.route("initialize", "POST", f"{api}/initialize", self._initialize),
            self.route("append", "POST", rf"{api}/(?P<name>\d+)/append", self._append),
            self.route("finalize", "POST", rf"{api}/(?P<name>\d+)/finalize", self._finalize),
            self.route("status", "GET", api, self._status),
            self.route("post", "POST", "/2/tweets", self._post),
            self.route("tweets", "GET", r"/2/users/(?P<user>\d+)/tweets", self._tweets),
            self.route("delete", "DELETE", r"/2/tweets/(?P<name>\d+)", self._delete),
            self.route("statistics", "GET", r"/2/tweets/(?P<name>\d+)", self._read),
            self.route("me", "GET", "/2/users/me", self._me),
            *self.oauth.routes(),
        )

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        answer = _error(*_ERRORS[kind])
        if wait_s is not None:
            reset = int(self.clock().timestamp()) + wait_s
            answer.headers["x-rate-limit-reset"] = str(reset)
        return answer

    def _me(self, asked: Asked) -> Response:
        return JSONResponse({"data": {"id": asked.account, "username": "fake", "name": "A fake"}})

    def _counted(self, window: RateWindow) -> None:
        if window is self._uploads:
            self.bill["x.media"] += 1
        if not window.take(self.clock()):
            raise Refused(self.refusal(Kind.RATE, 900))

    def _initialize(self, asked: Asked) -> Response:
        self._counted(self._uploads)
        wanted = asked.json()
        total = wanted.get("total_bytes")
        kinds = ("tweet_video", "amplify_video")
        if not isinstance(total, int) or total <= 0 or wanted.get("media_category") not in kinds:
            raise Refused(_error(400, f"{_PROBLEM}/invalid-request", "Invalid Request"))
        name = str(1_880_000_000_000_000_000 + self.number())
        expires = self.clock() + timedelta(seconds=1_295_999)
        media = _Media(name, asked.account, total, expires)
        self.media[name] = media
        data = {"id": name, "media_key": media.key, "expires_after_secs": 1_295_999}
        return JSONResponse({"data": data})

    def _of(self, asked: Asked, name: str) -> _Media:
        media = self.media.get(name)
        if media is None or media.account != asked.account or media.expires_at <= self.clock():
            raise Refused(self.refusal(Kind.GONE))
        return media

    def _append(self, asked: Asked, name: str) -> Response:
        self._counted(self._uploads)
        media = self._of(asked, name)
        mark = asked.headers.get("content-type", "").partition("boundary=")[2]
        fields: dict[str, bytes] = {}
        for part in asked.body.split(f"--{mark}\r\n".encode())[1:]:
            head, _, rest = part.partition(b"\r\n\r\n")
            field_name = head.decode().partition('name="')[2].partition('"')[0]
            value = rest.removesuffix(f"\r\n--{mark}--\r\n".encode())
            fields[field_name] = value if value is not rest else rest.removesuffix(b"\r\n")
        index, data = fields.get("segment_index", b""), fields.get("media", b"")
        if not index.isdigit() or int(index) > 999 or not 0 < len(data) <= 5_000_000:
            raise Refused(_error(400, f"{_PROBLEM}/invalid-request", "Invalid Request"))
        media.segments[int(index)] = data
        return JSONResponse({"data": {"expires_at": int(media.expires_at.timestamp())}})

    def _finalize(self, asked: Asked, name: str) -> Response:
        self._counted(self._uploads)
        media = self._of(asked, name)
        whole = sum(len(one) for one in media.segments.values())
        count = len(media.segments)
        if whole != media.total or sorted(media.segments) != list(range(count)):
            raise Refused(_error(400, f"{_PROBLEM}/invalid-request", "Invalid Request"))
        if media.done_at is None:
            media.done_at, media.failed = self.clock(), self.fail
        return JSONResponse({"data": self._data(media)})

    def _data(self, media: _Media) -> dict[str, Any]:
        data: dict[str, Any] = {"id": media.id, "media_key": media.key}
        if media.done_at is None:
            return data
        ready = self.clock() >= media.done_at + timedelta(seconds=self.processing_s)
        info: dict[str, Any] = {"state": "in_progress", "check_after_secs": 3}
        if ready:
            info = {"state": "succeeded", "progress_percent": 100}
        if ready and media.failed:
            info = {"state": "failed", "error": {"name": "InvalidMedia", "code": 1}}
        return {**data, "size": media.total, "processing_info": info}

    def _status(self, asked: Asked) -> Response:
        if asked.query.get("command") != "STATUS":
            raise Refused(_error(400, f"{_PROBLEM}/invalid-request", "Invalid Request"))
        return JSONResponse({"data": self._data(self._of(asked, asked.query.get("media_id", "")))})

    def _post(self, asked: Asked) -> Response:
        self._counted(self._posted)
        body = asked.json()
        names = body.get("media", {}).get("media_ids") or []
        media = self.media.get(names[0]) if names else None
        if media is None or self._data(media).get("processing_info", {}).get("state") != (
            "succeeded"
        ):
            detail = "Your media IDs are invalid."
            raise Refused(_error(400, f"{_PROBLEM}/invalid-request", "Invalid Request", detail))
        text = body.get("text", "")
        if not self.forgets_duplicates and any(
            post.text == text and post.account == asked.account for post in self.posts
        ):
            detail = "You are not allowed to create a Tweet with duplicate content."
            raise Refused(_error(403, "about:blank", "Forbidden", detail))
        self.bill["x.usd"] += 0.2 if re.search(r"https?://|www\.", text) else 0.015
        self.bill["x.posts"] += 1
        name = str(1_900_000_000_000_000_000 + self.number())
        whole = b"".join(media.segments[i] for i in sorted(media.segments))
        self._keys[name] = media.key
        self.posts.append(
            ShownPost(
                name, asked.account, text, media.total, hashlib.sha256(whole).hexdigest(),
                "public", f"https://x.com/i/web/status/{name}", self.clock().isoformat(),
            )
        )  # fmt: skip
        return JSONResponse({"data": {"id": name, "text": text}}, 201)

    def _tweets(self, asked: Asked, user: str) -> Response:
        found = [
            {"id": p.id, "text": p.text, "attachments": {"media_keys": [self._keys[p.id]]}}
            for p in self.listed()
            if p.account == user
        ]
        answer: dict[str, Any] = {"meta": {"result_count": len(found)}}
        if found:
            answer["data"] = found
        return JSONResponse(answer)

    def _delete(self, asked: Asked, name: str) -> Response:
        if all(post.id != name for post in self.posts):
            raise Refused(self.refusal(Kind.GONE))
        self.posts = [post for post in self.posts if post.id != name]
        return JSONResponse({"data": {"deleted": True}})

    def _read(self, asked: Asked, name: str) -> Response:
        post = next((post for post in self.posts if post.id == name), None)
        if post is None:
            gone = {"title": "Not Found Error", "type": f"{_PROBLEM}/resource-not-found"}
            return JSONResponse({"errors": [gone]})
        seen = self.audience(name, post.at)
        counts = {
            "impression_count": seen.views, "like_count": seen.likes, "quote_count": 0,
            "reply_count": seen.comments, "retweet_count": seen.shares,
            "bookmark_count": seen.saves,
        }  # fmt: skip
        return JSONResponse({"data": {"id": name, "public_metrics": counts}})


def _error(status: int, kind: str, title: str, detail: str = "") -> Response:
    said = {"title": title, "type": kind, "status": status, "detail": detail or title}
    return JSONResponse(said, status)
