"""A fake of Facebook's reels of Pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, Refused, Route, ShownPost
from vidpipe_fakes.graph import LOGIN, VERSION, FakeGraph, graph_error, rupload_error
from vidpipe_fakes.oauth import FakeOAuth


@dataclass
class _Reel:
    id: str
    page: str
    size: int = 0
    kept: bytearray = field(default_factory=bytearray)
    full: bool = False
    state: str = ""
    text: str = ""
    finished_at: datetime | None = None
    scheduled_at: datetime | None = None
    failed: bool = False


class FakeFacebook(FakeGraph):
    """Facebook Pages.

    Attributes:
        processing_s: until a finished reel is shown.
        fail: whether the next reels fail.
    """

    name = "facebook"
    title = "Facebook"
    ACCOUNT = "100000000000001"

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.reels: dict[str, _Reel] = {}
        self.processing_s, self.fail = 60.0, False
        self.oauth = FakeOAuth(self, LOGIN, self.ACCOUNT)
        super().__init__(clock)

    def routes(self) -> Sequence[Route]:
        page = rf"{VERSION}/(?P<page>1000\d+)"
        video = rf"{VERSION}/(?P<name>9\d+)"
        return (
            self.route("start", "POST", f"{page}/video_reels", self._start),
            self.route("finish", "POST", f"{page}/video_reels", self._finish),
            self.route("bytes", "POST", rf"/video-upload{video}", self._bytes, "oauth"),
            self.route("status", "GET", video, self._status),
            self.route("update", "POST", video, self._update),
            self.route("delete", "DELETE", video, self._delete),
            self.route("statistics", "GET", f"{video}/video_insights", self._insights),
            self.route("accounts", "GET", f"{VERSION}/me/accounts", self._accounts),
            self.route("me", "GET", f"{VERSION}/me", self.who),
            *self.oauth.routes(),
        )

    def chosen(self, op: str, asked: Asked) -> bool:
        if op in ("start", "finish"):
            return asked.form().get("upload_phase") == op
        return True

    def _accounts(self, asked: Asked) -> Response:
        page = {"id": asked.account, "name": "A page", "access_token": self.token(asked.account)}
        return JSONResponse({"data": [page]})

    def _own(self, asked: Asked, page: str) -> None:
        if asked.account != page:
            raise Refused(graph_error(403, 200))

    def _start(self, asked: Asked, page: str) -> Response:
        self._own(asked, page)
        name = str(900_000_000 + self.number())
        self.reels[name] = _Reel(name, page)
        version = asked.path.split("/")[1]
        url = f"{asked.base}/video-upload/{version}/{name}"
        return JSONResponse({"video_id": name, "upload_url": url})

    def _reel(self, name: str) -> _Reel:
        reel = self.reels.get(name)
        if reel is None:
            raise Refused(graph_error(404, 803))
        return reel

    def _bytes(self, asked: Asked, name: str) -> Response:
        reel = self._reel(name)
        offset, size = asked.headers.get("offset", ""), asked.headers.get("file_size", "")
        if not offset.isdecimal() or not size.isdecimal():
            raise Refused(rupload_error(400, "offset and file_size", retriable=False))
        if int(offset) != len(reel.kept) or reel.size not in (0, int(size)):
            raise Refused(rupload_error(400, "wrong offset", retriable=True))
        reel.size = int(size)
        reel.kept += asked.body
        if len(reel.kept) > reel.size:
            raise Refused(rupload_error(400, "too many bytes", retriable=False))
        reel.full = len(reel.kept) == reel.size
        return JSONResponse({"success": True})

    def partial(self, op: str, asked: Asked, groups: Mapping[str, str]) -> None:
        reel = self.reels.get(groups.get("name", ""))
        if op == "bytes" and reel and asked.headers.get("offset") == str(len(reel.kept)):
            reel.size = int(asked.headers["file_size"])
            reel.kept += asked.body

    def _finish(self, asked: Asked, page: str) -> Response:
        self._own(asked, page)
        form = asked.form()
        reel = self._reel(form.get("video_id", ""))
        if not reel.full:
            raise Refused(graph_error(400, 100))
        state = form.get("video_state")
        if state not in ("PUBLISHED", "SCHEDULED", "DRAFT"):
            raise Refused(graph_error(400, 100))
        now = self.clock()
        if state == "SCHEDULED":
            at = datetime.fromtimestamp(int(form.get("scheduled_publish_time", "0")), UTC)
            if not now + timedelta(minutes=10) <= at <= now + timedelta(days=30):
                raise Refused(graph_error(400, 100))
            reel.scheduled_at = at
        self.bill["facebook.posts"] += 1
        if reel.state:
            # Finished twice, it is a second post of the same video.
            self._show(reel)
        reel.state, reel.text = state, form.get("description", "")
        reel.finished_at, reel.failed = now, self.fail
        if not self.fail and state != "DRAFT":
            self._show(reel)
        return JSONResponse({"success": True, "post_id": f"{page}_{reel.id}"})

    def _show(self, reel: _Reel) -> None:
        visible = "scheduled" if reel.scheduled_at else "public"
        digest = hashlib.sha256(reel.kept).hexdigest()
        url = f"https://www.facebook.com/reel/{reel.id}"
        self.posts.append(
            ShownPost(
                reel.id, reel.page, reel.text, len(reel.kept), digest, visible, url,
                self.clock().isoformat(),
            )
        )  # fmt: skip

    def _status(self, asked: Asked, name: str) -> Response:
        reel = self._reel(name)
        if asked.query.get("fields", "").startswith("likes"):
            seen = self.audience(name, reel.finished_at or self.clock())
            counts = {"likes": seen.likes, "comments": seen.comments}
            said = {kind: {"summary": {"total_count": n}} for kind, n in counts.items()}
            return JSONResponse({**said, "id": name})
        now = self.clock()
        ready = reel.finished_at is not None and now >= reel.finished_at + timedelta(
            seconds=self.processing_s
        )
        publishing: dict[str, str] = {"status": "not_started"}
        if reel.state:
            publishing["status"] = "in_progress"
        if ready:
            shown = {"PUBLISHED": "published", "SCHEDULED": "scheduled", "DRAFT": "draft"}
            publishing = {"status": "complete", "publish_status": shown[reel.state]}
        failed = ready and reel.failed
        status = {
            "video_status": "error" if failed else "ready" if ready else "processing",
            "uploading_phase": {
                "status": "complete" if reel.full else "in_progress",
                "bytes_transfered": len(reel.kept),
            },
            "processing_phase": {"status": "error" if failed else "complete"},
            "publishing_phase": {"status": "error"} if failed else publishing,
        }
        return JSONResponse({"id": name, "status": status, "permalink_url": f"/reel/{name}/"})

    def _update(self, asked: Asked, name: str) -> Response:
        reel = self._reel(name)
        reel.text = asked.form().get("description", reel.text)
        for post in self.posts:
            if post.id == name:
                post.text = reel.text
        return JSONResponse({"success": True})

    def _delete(self, asked: Asked, name: str) -> Response:
        self._reel(name)
        del self.reels[name]
        self.posts = [post for post in self.posts if post.id != name]
        return JSONResponse({"success": True})

    def _insights(self, asked: Asked, name: str) -> Response:
        seen = self.audience(name, self._reel(name).finished_at or self.clock())
        counts = {
            "blue_reels_play_count": seen.views, "post_video_view_time": seen.watch_ms,
            "post_video_social_actions": seen.shares,
        }  # fmt: skip
        data = [{"name": k, "values": [{"value": v}]} for k, v in counts.items()]
        return JSONResponse({"data": data})
