"""What is true of every request to the API: an id, a size, a time, an origin."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidpipe.api.problems import OURS, problem
from vidpipe.observability import events
from vidpipe.observability.context import bound, fresh_traceparent, parsed
from vidpipe.observability.spans import Span, recorded, span

#: An id of a client's that is kept: it goes into logs and headers.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
#: What is asked every few seconds by whatever watches the service.
_PROBES = frozenset({"/health", "/ready", "/metrics"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def request_id_of(given: str | None) -> str:
    """The id that a client gave, where it is sane, else one of ours."""
    if given is not None and _SANE.fullmatch(given):
        return given
    return f"req-{uuid.uuid4().hex[:12]}"


def _say(scope: Scope, mount: object, status: int, wall_s: float, traced: Span) -> None:
    """One line of what was asked and answered: by the route, as a path may hold anything."""
    found = scope.get("route")
    route = getattr(found, "path", None) if found is not mount else None
    method, where = scope["method"], f"{scope.get('root_path', '')}{route}" if route else None
    traced.rename(f"{method} {where}" if where else method)
    traced.set(http__route=where, http__response__status_code=status or None)
    if status == 0 or status >= 500:
        traced.fail(str(status or "gone"))
    params = scope.get("path_params", {})
    ids = {name: str(params[name]) for name in ("job_id", "video_id") if name in params}
    say = events.debug if route in _PROBES else events.info
    say(
        "http_request_done" if status else "http_request_dropped",
        method=method,
        route=where or "none",
        status=status,
        wall_s=round(wall_s, 4),
        **ids,
    )


class RequestLimits:
    """What one request may take: a route that streams lifts it once it knows who asks.

    Attributes:
        max_body_bytes: more than that is refused; None: the route counts itself.
    """

    def __init__(self, max_body_bytes: int, time: asyncio.Timeout) -> None:
        self.max_body_bytes: int | None = max_body_bytes
        self._time = time

    def check(self, count: int) -> None:
        """Refuse a body of so many bytes where that is too many.

        Raises:
            HTTPException: 413; FastAPI takes every other kind of error for a body that is no JSON.
        """
        if self.max_body_bytes is not None and count > self.max_body_bytes:
            raise HTTPException(413, f"a request may have {self.max_body_bytes} bytes at most")

    def lift(self) -> None:
        """Let the body be as long, and the request take as long, as the route sees fit."""
        self.max_body_bytes = None
        if not self._time.expired():
            self._time.reschedule(None)


def limits_of(scope: Scope) -> RequestLimits:
    """What a request to the API may take."""
    limits: RequestLimits = scope["vidpipe.limits"]
    return limits


def _announced(headers: Headers) -> int:
    said = headers.get("content-length", "0")
    return int(said[:18]) if said.isdecimal() else 0


class Envelope:
    """Outermost of the API: whatever happens inside, the answer has an id and came in time.

    Args:
        app: what answers.
        max_body_bytes: more is refused: 413.
        timeout_s: what takes longer is given up: 504.
        origins: whose pages may change things from a browser, besides our own.
    """

    def __init__(
        self, app: ASGIApp, max_body_bytes: int, timeout_s: float, origins: Collection[str]
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.timeout_s = timeout_s
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get("x-request-id"))
        scope["vidpipe.request_id"] = request_id
        # That of the mount; one of ours takes its place where one is found.
        mount = scope.get("route")
        given = headers.get("traceparent")
        # Without anybody who records spans there is a trace all the same: an id in the logs.
        trace = given if parsed(given) or recorded() else fresh_traceparent()
        with (
            bound(request_id=request_id, traceparent=trace),
            span(scope["method"], kind="server", http__request__method=scope["method"]) as traced,
        ):
            began_s = time.monotonic()
            status = 0

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self._answer(scope, headers, request_id, receive, watched)
            finally:
                _say(scope, mount, status, time.monotonic() - began_s, traced)

    async def _answer(
        self, scope: Scope, headers: Headers, request_id: str, receive: Receive, send: Send
    ) -> None:
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                own = [(b"x-request-id", request_id.encode()), (b"cache-control", b"no-store")]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        async def refuse(status: int, code: str, detail: str) -> None:
            if not begun:
                response = problem(request_id, status, code, detail)
                await response(scope, receive, answer)

        if self._is_foreign(scope["method"], headers):
            detail = "pages of other origins may not change anything here; those may that are in"
            await refuse(403, "foreign_origin", f"{detail} VIDPIPE_SERVICE__CORS_ORIGINS")
            return
        clock = asyncio.timeout(self.timeout_s)
        limits = scope["vidpipe.limits"] = RequestLimits(self.max_body_bytes, clock)
        # What is announced need not come before it is refused.
        announced, came = _announced(headers), 0

        async def counted() -> Message:
            nonlocal came
            limits.check(announced)
            message = await receive()
            came += len(message.get("body", b""))
            limits.check(came)
            return message

        try:
            async with clock:
                await self.app(scope, counted, answer)
        except Exception as error:
            if isinstance(error, TimeoutError) and clock.expired():
                await refuse(504, "timeout", f"this took longer than {self.timeout_s:g} seconds")
                return
            events.error("http_request_failed", cause=error, code="internal_error")
            if begun:
                raise
            await refuse(500, "internal_error", OURS)

    def _is_foreign(self, method: str, headers: Headers) -> bool:
        """Whether someone else's page sends this: a browser says so, and a page cannot lie.

        Without a login whatever a browser on this machine sends would be obeyed.
        """
        if method in _READS:
            return False
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") in ("cross-site", "same-site")
        own = urlsplit(origin).netloc == headers.get("host") and origin != "null"
        return not own and origin not in self.origins
