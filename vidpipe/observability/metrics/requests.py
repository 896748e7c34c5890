"""Requests over HTTP that this process answered: how many, how fast, how they ended."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Gauge, Histogram
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidpipe.observability.metrics.catalog import PREFIX

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
#: A label for what has none of few values: nobody can make series by asking for odd things.
_OTHER = "other"
_NO_ROUTE = "unmatched"
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class RequestMetrics:
    """Outermost of the service: measures what passes, by the template of the route.

    Args:
        app: what answers.
        registry: where the figures go.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self._took = Histogram(
            f"{PREFIX}http_request_duration_seconds",
            "Seconds from a request to the last byte of its answer; of streams to the first.",
            ("method", "route", "status"),
            buckets=_REQUEST_S,
            registry=registry,
        )
        self._running = Gauge(
            f"{PREFIX}http_requests_in_progress",
            "Requests that are being answered.",
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        took_s: float | None = None

        async def noted(message: Message) -> None:
            nonlocal status, took_s
            if message["type"] == "http.response.start":
                status = message["status"]
                if _is_stream(message):
                    took_s = time.perf_counter() - began_s
            await send(message)

        began_s = time.perf_counter()
        self._running.inc()
        try:
            await self.app(scope, receive, noted)
        finally:
            self._running.dec()
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            took = self._took.labels(method, template(scope), str(status))
            took.observe(took_s if took_s is not None else time.perf_counter() - began_s)


def _is_stream(message: Message) -> bool:
    """Whether an answer lasts as long as somebody watches: what counts is when it begins."""
    kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
    return any(kind.startswith(b"text/event-stream") for kind in kinds)


def template(scope: Scope) -> str:
    """The path of the route that answered, with the names of its parts in place of their values."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if not isinstance(path, str) or isinstance(route, Mount):
        return _NO_ROUTE
    return f"{scope.get('root_path', '')}{path}"
