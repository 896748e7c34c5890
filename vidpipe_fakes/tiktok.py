"""A fake of TikTok's Content Posting API v2."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind, RateWindow, Refused, Route, ShownPost
from vidpipe_fakes.oauth import FakeOAuth, OAuthPaths, hexadecimal

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_LEAST, _MOST, _MOST_LAST = 5_000_000, 64_000_000, 128_000_000
_CODES = {
    Kind.EXPIRED: (401, "access_token_invalid"),
    Kind.REVOKED: (401, "access_token_invalid"),
    Kind.RATE: (429, "rate_limit_exceeded"),
    # Refusals for posting too much come with 200.
    Kind.QUOTA: (200, "spam_risk_too_many_posts"),
    Kind.BROKEN: (500, "internal_error"),
    Kind.UNAVAILABLE: (503, "internal_error"),
    Kind.GONE: (403, "upload_url_expired"),
}


@dataclass
class _Upload:
    """One post from its start on."""

    id: str
    account: str
    info: dict[str, Any]
    size: int
    chunk: int
    count: int
    draft: bool
    expires_at: datetime
    kept: bytearray = field(default_factory=bytearray)
    chunks: int = 0
    done_at: datetime | None = None
    post_id: str = ""
    failed: str = ""


class FakeTikTok(FakePlatform):
    """TikTok.

    Attributes:
        processing_s: until a complete upload is a post.
        moderation_s: until a public post has an address, after that.
        fail: the reason that the next posts fail for.
        audited: whether the application may post publicly.
        options: of privacy that the creator has.
    """

    name = "tiktok"
    title = "TikTok"
    ACCOUNT = "fake_creator"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.uploads: dict[str, _Upload] = {}
        self.processing_s, self.fail, self.audited, self.moderation_s = 20.0, "", True, 0.0
        self.options = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
        self.longest_s, self.url_life_s = 600, 3600.0
        self._inits: dict[str, RateWindow] = defaultdict(lambda: RateWindow(6, 60.0))
        self._looks: dict[str, RateWindow] = defaultdict(lambda: RateWindow(30, 60.0))
        paths = OAuthPaths(
            "/v2/auth/authorize/", "/v2/oauth/token/", "/v2/oauth/revoke/",
            client_field="client_key", pkce=hexadecimal, rotates=True, life_s=86_400,
            revokes_access=True,
        )  # fmt: skip
        self.oauth = FakeOAuth(self, paths, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        api = "/v2/post/publish"
        return (
            self.route("creator", "POST", f"{api}/creator_info/query/", self._creator),
            self.route("init", "POST", f"{api}/video/init/", self._direct),
            self.route("init", "POST", f"{api}/inbox/video/init/", self._inbox),
            self.route("chunk", "PUT", r"/video/(?P<name>\w+)/", self._chunk, "none"),
            self.route("status", "POST", f"{api}/status/fetch/", self._status),
            self.route("statistics", "POST", "/v2/video/query/", self._query),
            self.route("me", "GET", "/v2/user/info/", self._me),
            *self.oauth.routes(),
        )

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        answer = _error(*_CODES[kind])
        if wait_s is not None:
            answer.headers["Retry-After"] = str(wait_s)
        return answer

    def _me(self, asked: Asked) -> Response:
        return _ok({"user": {"open_id": asked.account, "display_name": "A creator"}})

    def _creator(self, asked: Asked) -> Response:
        return _ok(
            {
                "creator_username": asked.account,
                "creator_nickname": "Fake creator",
                "creator_avatar_url": "https://example.com/avatar.jpg",
                "privacy_level_options": self.options,
                "comment_disabled": False,
                "duet_disabled": False,
                "stitch_disabled": True,
                "max_video_post_duration_sec": self.longest_s,
            }
        )

    def _direct(self, asked: Asked) -> Response:
        info = asked.json().get("post_info")
        if not isinstance(info, dict) or "privacy_level" not in info:
            raise Refused(_error(400, "invalid_params"))
        if len(info.get("title", "").encode("utf-16-le")) > 2 * 2200:
            raise Refused(_error(400, "invalid_params"))
        if info["privacy_level"] not in self.options:
            raise Refused(_error(400, "privacy_level_option_mismatch"))
        if not self.audited and info["privacy_level"] != "SELF_ONLY":
            code = "unaudited_client_can_only_post_to_private_accounts"
            raise Refused(_error(403, code))
        return self._opened(asked, info, draft=False)

    def _inbox(self, asked: Asked) -> Response:
        day = self.clock() - timedelta(hours=24)
        pending = [
            one
            for one in self.uploads.values()
            if one.draft and one.account == asked.account and one.done_at and one.done_at > day
        ]
        if len(pending) >= 5:
            raise Refused(_error(200, "spam_risk_too_many_pending_share"))
        return self._opened(asked, {}, draft=True)

    def _opened(self, asked: Asked, info: dict[str, Any], *, draft: bool) -> Response:
        if not self._inits[asked.account].take(self.clock()):
            raise Refused(_error(429, "rate_limit_exceeded"))
        source = asked.json().get("source_info") or {}
        size, chunk = int(source.get("video_size", 0)), int(source.get("chunk_size", 0))
        count = int(source.get("total_chunk_count", 0))
        small = size < _LEAST
        sound = (small and chunk == size and count == 1) or (
            not small
            and _LEAST <= chunk <= _MOST
            and count == size // chunk
            and size - (count - 1) * chunk <= _MOST_LAST
            and 1 <= count <= 1000
        )
        # A file of up to 64 MB may go whole.
        sound = sound or (not small and chunk == size <= _MOST and count == 1)
        if source.get("source") != "FILE_UPLOAD" or not sound:
            raise Refused(_error(400, "invalid_params"))
        self.bill["tiktok.init"] += 1
        name = f"v_pub_file{self.number()}"
        expires = self.clock() + timedelta(seconds=self.url_life_s)
        self.uploads[name] = _Upload(
            name, asked.account, info, size, chunk, count, draft, expires
        )  # fmt: skip
        url = f"{asked.base}/video/{name}/?upload_id={name}&upload_token=fake"
        return _ok({"publish_id": name, "upload_url": url})

    def _chunk(self, asked: Asked, name: str) -> Response:
        upload = self.uploads.get(name)
        if upload is None or upload.expires_at <= self.clock():
            return Response(b"", 403)
        if "authorization" in asked.headers:
            return Response(b"an access token does not belong here", 400)
        match = _RANGE.fullmatch(asked.headers.get("content-range", ""))
        if match is None or upload.done_at is not None:
            return Response(b"", 416 if upload.done_at else 400)
        first, last, total = (int(group) for group in match.groups())
        is_last = upload.chunks == upload.count - 1
        wanted = upload.size - first if is_last else upload.chunk
        if first != len(upload.kept) or total != upload.size:
            return Response(b"", 416)
        if last - first + 1 != wanted or len(asked.body) != wanted:
            return Response(b"", 400)
        upload.kept += asked.body
        upload.chunks += 1
        if not is_last:
            span = f"bytes 0-{len(upload.kept) - 1}/{upload.size}"
            return Response(b"", 206, {"Content-Range": span})
        upload.done_at = self.clock()
        upload.failed = self.fail
        if not upload.failed:
            self._post(upload)
        return Response(b"", 201)

    def _post(self, upload: _Upload) -> None:
        upload.post_id = str(7_000_000_000_000_000_000 + self.number())
        if upload.draft:
            return
        digest = hashlib.sha256(upload.kept).hexdigest()
        public = upload.info["privacy_level"] == "PUBLIC_TO_EVERYONE"
        url = f"https://www.tiktok.com/@{upload.account}/video/{upload.post_id}"
        self.posts.append(
            ShownPost(
                upload.post_id, upload.account, upload.info.get("title", ""), upload.size,
                digest, "public" if public else upload.info["privacy_level"], url,
                self.clock().isoformat(),
            )
        )  # fmt: skip

    def _status(self, asked: Asked) -> Response:
        if not self._looks[asked.account].take(self.clock()):
            raise Refused(_error(429, "rate_limit_exceeded"))
        upload = self.uploads.get(str(asked.json().get("publish_id")))
        if upload is None or upload.account != asked.account:
            raise Refused(_error(400, "invalid_publish_id"))
        data: dict[str, Any] = {
            "status": "PROCESSING_UPLOAD",
            "uploaded_bytes": len(upload.kept),
            "publicaly_available_post_id": [],
        }
        waited = self.clock() - (upload.done_at or self.clock())
        ready = upload.done_at is not None and waited >= timedelta(seconds=self.processing_s)
        if ready and upload.failed:
            data |= {"status": "FAILED", "fail_reason": upload.failed}
        elif ready and upload.draft:
            data["status"] = "SEND_TO_USER_INBOX"
        elif ready:
            data["status"] = "PUBLISH_COMPLETE"
            moderated = waited >= timedelta(seconds=self.processing_s + self.moderation_s)
            if moderated and upload.info["privacy_level"] == "PUBLIC_TO_EVERYONE":
                data["publicaly_available_post_id"] = [int(upload.post_id)]
        return _ok(data)

    def _query(self, asked: Asked) -> Response:
        names = asked.json().get("filters", {}).get("video_ids", [])
        videos = []
        for post in self.posts:
            if post.id in names:
                seen = self.audience(post.id, post.at)
                counts = {
                    "view_count": seen.views, "like_count": seen.likes,
                    "comment_count": seen.comments, "share_count": seen.shares,
                }  # fmt: skip
                videos.append({"id": post.id, **counts})
        return _ok({"videos": videos})

    def drafts(self) -> list[str]:
        """Drafts in creators' inboxes."""
        return [u.post_id for u in self.uploads.values() if u.draft and u.post_id]


def _ok(data: Mapping[str, Any]) -> Response:
    return JSONResponse({"data": data, "error": {"code": "ok", "message": "", "log_id": "fake"}})


def _error(status: int, code: str) -> Response:
    error = {"code": code, "message": f"fake: {code}", "log_id": "fake"}
    return JSONResponse({"data": {}, "error": error}, status)
