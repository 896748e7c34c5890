"""A fake of Instagram's content publishing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, Refused, Route, ShownPost
from vidpipe_fakes.graph import LOGIN, VERSION, FakeGraph, graph_error, rupload_error
from vidpipe_fakes.oauth import FakeOAuth


@dataclass
class _Box:
    """A container."""

    id: str
    account: str
    caption: str
    made_at: datetime
    size: int = 0
    kept: bytearray = field(default_factory=bytearray)
    full_at: datetime | None = None
    published: bool = False
    failed: str = ""


class FakeInstagram(FakeGraph):
    """Instagram.

    Attributes:
        processing_s: until a full container can be published.
        fail: the subcode that the next containers fail with.
        quota: posts in 24 hours, moving.
    """

    name = "instagram"
    title = "Instagram"
    ACCOUNT = "17840000000000001"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.boxes: dict[str, _Box] = {}
        self.processing_s, self.fail, self.quota = 90.0, "", 100
        self.used: list[datetime] = []
        self.oauth = FakeOAuth(self, LOGIN, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        user = rf"{VERSION}/(?P<user>1784\d+)"
        return (
            self.route("limit", "GET", f"{user}/content_publishing_limit", self._limit),
            self.route("container", "POST", f"{user}/media", self._made),
            self.route("publish", "POST", f"{user}/media_publish", self._publish),
            self.route("recent", "GET", f"{user}/media", self._recent),
            self.route(
                "bytes", "POST", rf"/ig-api-upload{VERSION}/(?P<name>\d+)", self._bytes, "oauth"
            ),
            self.route("status", "GET", rf"{VERSION}/(?P<name>\d+)", self._status),
            self.route("statistics", "GET", rf"{VERSION}/(?P<name>\d+)/insights", self._insights),
            self.route("accounts", "GET", f"{VERSION}/me/accounts", self._accounts),
            self.route("me", "GET", f"{VERSION}/me", self.who),
            *self.oauth.routes(),
        )

    def _accounts(self, asked: Asked) -> Response:
        linked = {"id": asked.account, "username": "fake.insta"}
        pages = [
            {"id": "1", "name": "A page", "access_token": self.token(asked.account),
             "instagram_business_account": linked},
            {"id": "2", "name": "Another page", "access_token": "unused"},
        ]  # fmt: skip
        return JSONResponse({"data": pages})

    def _left(self) -> int:
        day = self.clock() - timedelta(hours=24)
        self.used = [at for at in self.used if at > day]
        return self.quota - len(self.used)

    def _own(self, asked: Asked, user: str) -> None:
        if asked.account != user:
            raise Refused(graph_error(403, 200))

    def _limit(self, asked: Asked, user: str) -> Response:
        self._own(asked, user)
        used = self.quota - self._left()
        config = {"quota_total": self.quota, "quota_duration": 86_400}
        return JSONResponse({"data": [{"quota_usage": used, "config": config}]})

    def _made(self, asked: Asked, user: str) -> Response:
        self._own(asked, user)
        form = asked.form()
        caption = form.get("caption", "")
        if form.get("media_type") != "REELS" or form.get("upload_type") != "resumable":
            raise Refused(graph_error(400, 100))
        if len(caption) > 2200 or caption.count("#") > 30:
            raise Refused(graph_error(400, 100))
        self.bill["instagram.containers"] += 1
        name = str(18_000_000_000 + self.number())
        self.boxes[name] = _Box(name, user, caption, self.clock())
        version = asked.path.split("/")[1]
        uri = f"{asked.base}/ig-api-upload/{version}/{name}"
        return JSONResponse({"id": name, "uri": uri})

    def _box(self, name: str) -> _Box:
        box = self.boxes.get(name)
        if box is None:
            raise Refused(graph_error(400, 24, 2207008))
        return box

    def _bytes(self, asked: Asked, name: str) -> Response:
        box = self._box(name)
        if self._expired(box):
            raise Refused(rupload_error(410, "expired", retriable=False))
        offset, size = asked.headers.get("offset", ""), asked.headers.get("file_size", "")
        if not offset.isdecimal() or not size.isdecimal():
            raise Refused(rupload_error(400, "offset and file_size", retriable=False))
        if int(offset) != len(box.kept) or box.size not in (0, int(size)):
            raise Refused(rupload_error(400, "wrong offset", retriable=True))
        box.size = int(size)
        box.kept += asked.body
        if len(box.kept) > box.size:
            raise Refused(rupload_error(400, "too many bytes", retriable=False))
        if len(box.kept) == box.size:
            box.full_at, box.failed = self.clock(), self.fail
        return JSONResponse({"success": True, "message": "Upload successful."})

    def partial(self, op: str, asked: Asked, groups: Mapping[str, str]) -> None:
        box = self.boxes.get(groups.get("name", ""))
        if op == "bytes" and box and asked.headers.get("offset") == str(len(box.kept)):
            box.size = int(asked.headers["file_size"])
            box.kept += asked.body

    def _expired(self, box: _Box) -> bool:
        return not box.published and self.clock() - box.made_at > timedelta(hours=24)

    def _code(self, box: _Box) -> str:
        if box.published:
            return "PUBLISHED"
        if self._expired(box):
            return "EXPIRED"
        if box.full_at is None:
            return "IN_PROGRESS"
        if self.clock() < box.full_at + timedelta(seconds=self.processing_s):
            return "IN_PROGRESS"
        return "ERROR" if box.failed else "FINISHED"

    def _status(self, asked: Asked, name: str) -> Response:
        media = next((post for post in self.posts if post.id == name), None)
        if media is not None:
            return JSONResponse({"id": name, "permalink": media.url})
        if name.startswith("179"):
            raise Refused(graph_error(400, 100, 33))
        box = self._box(name)
        code = self._code(box)
        said = f"Error: {box.failed}" if code == "ERROR" else code
        full = box.full_at is not None
        uploading = {
            "status": "complete" if full else "in_progress",
            "bytes_transferred": len(box.kept),
        }
        found = {
            "id": name,
            "status_code": code,
            "status": said,
            "video_status": {"uploading_phase": uploading},
        }
        fields = asked.query.get("fields", "").split(",")
        return JSONResponse({k: v for k, v in found.items() if k in ("id", *fields)})

    def _publish(self, asked: Asked, user: str) -> Response:
        self._own(asked, user)
        box = self._box(asked.form().get("creation_id", ""))
        code = self._code(box)
        if code == "EXPIRED":
            raise Refused(graph_error(400, 24, 2207020))
        if code == "IN_PROGRESS":
            raise Refused(graph_error(400, 9007, 2207027))
        if code == "ERROR":
            raise Refused(graph_error(400, 100, int(box.failed)))
        if self._left() <= 0:
            raise Refused(graph_error(403, 9, 2207042))
        # Published twice, it is two reels: nobody here knows that they are the same.
        box.published = True
        self.bill["instagram.posts"] += 1
        self.used.append(self.clock())
        name = str(17_900_000_000 + self.number())
        digest = hashlib.sha256(box.kept).hexdigest()
        url = f"https://www.instagram.com/reel/F{name}/"
        self.posts.append(
            ShownPost(
                name, user, box.caption, len(box.kept), digest, "public", url,
                self.clock().isoformat(),
            )
        )  # fmt: skip
        return JSONResponse({"id": name})

    def _recent(self, asked: Asked, user: str) -> Response:
        self._own(asked, user)
        found = [
            {
                "id": post.id,
                "permalink": post.url,
                "caption": post.text,
                "timestamp": datetime.fromisoformat(post.at).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            }
            for post in self.listed()
        ]
        return JSONResponse({"data": found[:25]})

    def _insights(self, asked: Asked, name: str) -> Response:
        post = next((post for post in self.posts if post.id == name), None)
        if post is None:
            raise Refused(graph_error(400, 100, 33))
        seen = self.audience(name, post.at)
        counts = {
            "views": seen.views, "likes": seen.likes, "comments": seen.comments,
            "shares": seen.shares, "saved": seen.saves,
            "ig_reels_video_view_total_time": seen.watch_ms,
        }  # fmt: skip
        data = [{"name": k, "values": [{"value": v}]} for k, v in counts.items()]
        return JSONResponse({"data": data})

    def gone(self, name: str) -> None:
        """Let a container expire now."""
        self.boxes[name].made_at -= timedelta(days=2)
