"""A receiver of posts by webhook: checks signatures, and takes each post once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.responses import JSONResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, Kind, Refused, Route, ShownPost

_STATUS = {
    Kind.EXPIRED: 401,
    Kind.REVOKED: 401,
    Kind.RATE: 429,
    Kind.QUOTA: 429,
    Kind.BROKEN: 500,
    Kind.UNAVAILABLE: 503,
    Kind.GONE: 410,
}


class FakeReceiver(FakePlatform):
    """Whatever is behind a webhook."""

    name = "webhook"
    title = "A receiver of posts"
    ACCOUNT = "receiver"
    #: 32 bytes in base64, as Standard Webhooks has it.
    SECRET = "whsec_" + base64.b64encode(b"fake-secret-of-thirty-two-bytes!").decode()

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.taken: dict[str, str] = {}
        super().__init__(clock)

    def token(self, account: str, *scopes: str, life_s: float = 3600.0) -> str:
        """What requests are signed with; it does not expire."""
        return self.SECRET

    def routes(self) -> Sequence[Route]:
        return (self.route("post", "POST", "/posts", self._post, "none"),)

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        headers = {"Retry-After": str(wait_s)} if wait_s is not None else {}
        return JSONResponse({"error": str(kind)}, _STATUS[kind], headers)

    def _signed(self, asked: Asked) -> None:
        name, at = asked.headers.get("webhook-id", ""), asked.headers.get("webhook-timestamp", "")
        key = base64.b64decode(self.SECRET.removeprefix("whsec_"))
        signed = f"{name}.{at}.".encode() + asked.body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = asked.headers.get("webhook-signature", "").split()
        if not any(hmac.compare_digest(f"v1,{wanted}", one) for one in given):
            raise Refused(JSONResponse({"error": "the signature is wrong"}, 401))

    def _post(self, asked: Asked) -> Response:
        self._signed(asked)
        read, name = asked.json(), asked.headers["webhook-id"]
        said = read.get("data", {})
        key = str(said.get("key"))
        if read.get("type") == "post.delete":
            self.posts = [post for post in self.posts if post.id != self.taken.get(key)]
        elif read.get("type") == "post.update":
            for post in self.posts:
                if post.id == self.taken.get(key):
                    post.text = said["text"]
        elif name not in self.taken:
            self.taken[name] = f"r{self.number()}"
            size = said["video"]["size_bytes"]
            url = f"https://example.com/{self.taken[name]}"
            self.posts.append(
                ShownPost(
                    self.taken[name], self.ACCOUNT, said["text"], size, "", "public", url,
                    self.clock().isoformat(),
                )
            )  # fmt: skip
        shown = self.taken.get(key, "")
        return JSONResponse({"id": shown, "url": f"https://example.com/{shown}"})
