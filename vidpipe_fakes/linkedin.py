"""A fake of LinkedIn's videos and posts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind, Refused, Route, ShownPost
from vidpipe_fakes.oauth import FakeOAuth, OAuthPaths

_VERSION = re.compile(r"20\d{4}")
_CODES = {
    Kind.EXPIRED: (401, "EXPIRED_ACCESS_TOKEN", 65602),
    Kind.REVOKED: (401, "REVOKED_ACCESS_TOKEN", 65601),
    Kind.RATE: (429, "RATE_LIMITED", 101),
    Kind.QUOTA: (429, "TOO_MANY_REQUESTS", 101),
    Kind.BROKEN: (500, "INTERNAL_SERVER_ERROR", 0),
    Kind.UNAVAILABLE: (503, "SERVICE_UNAVAILABLE", 0),
    Kind.GONE: (403, "EXPIRED_UPLOAD", 0),
}


@dataclass
class _Asset:
    urn: str
    owner: str
    size: int
    token: str
    parts: dict[int, bytes] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    done_at: datetime | None = None
    failed: bool = False
    sha256: str = ""


class FakeLinkedIn(FakePlatform):
    """LinkedIn.

    Attributes:
        part_bytes: how it cuts files.
        processing_s: until a video can be posted.
        reads: whether the application may read posts.
        fail: whether the next videos fail.
    """

    name = "linkedin"
    title = "LinkedIn"
    ACCOUNT = "urn:li:organization:1"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.videos: dict[str, _Asset] = {}
        self.part_bytes, self.processing_s = 4 * 2**20, 30.0
        self.reads, self.fail = True, False
        self._media: dict[str, str] = {}
        paths = OAuthPaths(
            "/oauth/v2/authorization", "/oauth/v2/accessToken", "/oauth/v2/revoke",
            life_s=60 * 86_400, revokes_access=True,
        )  # fmt: skip
        self.oauth = FakeOAuth(self, paths, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        return (
            self.route("initialize", "POST", "/rest/videos", self._initialize),
            self.route("finalize", "POST", "/rest/videos", self._finalize),
            self.route("status", "GET", r"/rest/videos/(?P<urn>[^/]+)", self._status),
            self.route(
                "part", "PUT", r"/dms-uploads/(?P<name>\w+)/(?P<part>\d+)", self._part, "none"
            ),
            self.route("post", "POST", "/rest/posts", self._post),
            self.route("posts", "GET", "/rest/posts", self._posts_of),
            self.route("review", "GET", r"/rest/posts/(?P<urn>[^/]+)", self._one),
            self.route("update", "POST", r"/rest/posts/(?P<urn>[^/]+)", self._update),
            self.route("delete", "DELETE", r"/rest/posts/(?P<urn>[^/]+)", self._delete),
            self.route("statistics", "GET", r"/rest/socialMetadata/(?P<urn>[^/]+)", self._social),
            self.route("me", "GET", "/v2/userinfo", self._me),
            self.route("pages", "GET", "/rest/organizationAcls", self._pages),
            *self.oauth.routes(),
        )

    def chosen(self, op: str, asked: Asked) -> bool:
        action = asked.query.get("action")
        wanted = {"initialize": "initializeUpload", "finalize": "finalizeUpload"}.get(op)
        return wanted is None or wanted == action

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        answer = _error(*_CODES[kind])
        if wait_s is not None:
            answer.headers["Retry-After"] = str(wait_s)
        return answer

    def _me(self, asked: Asked) -> Response:
        return JSONResponse({"sub": "person1", "name": "A member"})

    def _pages(self, asked: Asked) -> Response:
        self._versioned(asked)
        if not self.reads:
            raise Refused(_error(403, "ACCESS_DENIED", 100))
        page = {"role": "ADMINISTRATOR", "state": "APPROVED", "organization": asked.account}
        return JSONResponse({"elements": [page]})

    def _versioned(self, asked: Asked) -> None:
        if not _VERSION.fullmatch(asked.headers.get("linkedin-version", "")):
            raise Refused(_error(400, "VERSION_MISSING", 0))
        if asked.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Refused(_error(400, "ILLEGAL_ARGUMENT", 0))

    def _initialize(self, asked: Asked) -> Response:
        self._versioned(asked)
        wanted = asked.json().get("initializeUploadRequest") or {}
        if wanted.get("owner") != asked.account:
            raise Refused(_error(403, "ACCESS_DENIED", 100))
        size = int(wanted.get("fileSizeBytes", 0))
        if size <= 0:
            raise Refused(_error(400, "INVALID_ARGUMENT", 0))
        name = f"C{self.number()}"
        urn = f"urn:li:video:{name}"
        self.videos[urn] = _Asset(urn, asked.account, size, f"token{name}")
        slots = [
            {
                "uploadUrl": f"{asked.base}/dms-uploads/{name}/{part}",
                "firstByte": first,
                "lastByte": min(first + self.part_bytes, size) - 1,
            }
            for part, first in enumerate(range(0, size, self.part_bytes))
        ]
        value = {
            "video": urn, "uploadToken": f"token{name}", "uploadInstructions": slots,
            "uploadUrlsExpireAt": 0,
        }  # fmt: skip
        return JSONResponse({"value": value})

    def _part(self, asked: Asked, name: str, part: str) -> Response:
        video = self.videos.get(f"urn:li:video:{name}")
        if video is None or video.done_at is not None:
            return Response(b"", 403)
        if "authorization" in asked.headers:
            return Response(b"an access token does not belong on a signed address", 400)
        first = int(part) * self.part_bytes
        if len(asked.body) != min(self.part_bytes, video.size - first):
            return Response(b"", 400)
        tag = f"/etag/{hashlib.md5(asked.body, usedforsecurity=False).hexdigest()}"
        video.parts[int(part)], video.tags[int(part)] = asked.body, tag
        return Response(b"", 200, {"ETag": f'"{tag}"'})

    def _finalize(self, asked: Asked) -> Response:
        self._versioned(asked)
        wanted = asked.json().get("finalizeUploadRequest") or {}
        video = self.videos.get(wanted.get("video", ""))
        if video is None or wanted.get("uploadToken") != video.token:
            raise Refused(_error(404, "NOT_FOUND", 0))
        if video.done_at is not None:
            raise Refused(_error(400, "ILLEGAL_STATE", 0))
        count = -(-video.size // self.part_bytes)
        if wanted.get("uploadedPartIds") != [video.tags.get(i) for i in range(count)]:
            raise Refused(_error(400, "INVALID_PARTS", 0))
        video.done_at, video.failed = self.clock(), self.fail
        whole = b"".join(video.parts[i] for i in range(count))
        video.sha256 = hashlib.sha256(whole).hexdigest()
        return Response(b"", 200)

    def _state(self, video: _Asset) -> str:
        if video.done_at is None:
            return "WAITING_UPLOAD"
        if self.clock() < video.done_at + timedelta(seconds=self.processing_s):
            return "PROCESSING"
        return "PROCESSING_FAILED" if video.failed else "AVAILABLE"

    def _status(self, asked: Asked, urn: str) -> Response:
        self._versioned(asked)
        video = self.videos.get(unquote(urn))
        if video is None:
            raise Refused(_error(404, "NOT_FOUND", 0))
        return JSONResponse({"id": video.urn, "owner": video.owner, "status": self._state(video)})

    def _post(self, asked: Asked) -> Response:
        self._versioned(asked)
        body = asked.json()
        if body.get("author") != asked.account:
            raise Refused(_error(403, "ACCESS_DENIED", 100))
        if len(body.get("commentary", "")) > 3000 or body.get("lifecycleState") != "PUBLISHED":
            raise Refused(_error(422, "INVALID_ARGUMENT", 0))
        media = body.get("content", {}).get("media", {})
        video = self.videos.get(media.get("id", ""))
        if video is None:
            raise Refused(_error(400, "MEDIA_NOT_FOUND", 0))
        if self._state(video) != "AVAILABLE":
            raise Refused(_error(400, "MEDIA_ASSET_PROCESSING", 0))
        # Posted twice, it is two posts.
        self.bill["linkedin.posts"] += 1
        urn = f"urn:li:share:{7_000_000_000 + self.number()}"
        self._media[urn] = video.urn
        self.posts.append(
            ShownPost(
                urn, asked.account, body["commentary"], video.size, video.sha256, "public",
                f"https://www.linkedin.com/feed/update/{urn}/", self.clock().isoformat(),
            )
        )  # fmt: skip
        return Response(b"", 201, {"x-restli-id": urn})

    def _posts_of(self, asked: Asked) -> Response:
        self._versioned(asked)
        if asked.headers.get("x-restli-method") != "FINDER":
            raise Refused(_error(400, "ILLEGAL_ARGUMENT", 0))
        if not self.reads or asked.query.get("author") != asked.account:
            raise Refused(_error(403, "ACCESS_DENIED", 100))
        found: list[dict[str, Any]] = [
            {"id": p.id, "commentary": p.text, "content": {"media": {"id": self._media[p.id]}}}
            for p in self.listed()
        ]
        return JSONResponse({"elements": found[: int(asked.query.get("count", 10))]})

    def _one(self, asked: Asked, urn: str) -> Response:
        self._versioned(asked)
        for post in self.posts:
            if post.id == unquote(urn):
                return JSONResponse({"id": post.id, "commentary": post.text})
        raise Refused(_error(404, "NOT_FOUND", 0))

    def _update(self, asked: Asked, urn: str) -> Response:
        self._versioned(asked)
        if asked.headers.get("x-restli-method") != "PARTIAL_UPDATE":
            raise Refused(_error(400, "ILLEGAL_ARGUMENT", 0))
        for post in self.posts:
            if post.id == unquote(urn):
                post.text = asked.json()["patch"]["$set"]["commentary"]
                return Response(b"", 204)
        raise Refused(_error(404, "NOT_FOUND", 0))

    def _delete(self, asked: Asked, urn: str) -> Response:
        self._versioned(asked)
        self.posts = [post for post in self.posts if post.id != unquote(urn)]
        return Response(b"", 204)

    def _social(self, asked: Asked, urn: str) -> Response:
        self._versioned(asked)
        post = next((post for post in self.posts if post.id == unquote(urn)), None)
        if post is None:
            raise Refused(_error(404, "NOT_FOUND", 0))
        seen = self.audience(post.id, post.at)
        praise = seen.likes // 5
        kinds = {
            "LIKE": {"reactionType": "LIKE", "count": seen.likes - praise},
            "PRAISE": {"reactionType": "PRAISE", "count": praise},
        }
        return JSONResponse(
            {"reactionSummaries": kinds, "commentSummary": {"count": seen.comments}}
        )


def _error(status: int, code: str, number: int) -> Response:
    said = {"status": status, "code": code, "serviceErrorCode": number, "message": f"fake: {code}"}
    return JSONResponse(said, status)
