"""What is true of every answer: to whom it is given, and what a browser may do with it."""

from __future__ import annotations

import ipaddress
import platform
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidpipe.pipeline.engine import Engine


def known_hosts(public_url: str) -> frozenset[str]:
    """The names that this server is called by, besides addresses, in lower case."""
    here = platform.node().lower()
    named = urlsplit(public_url).hostname if public_url else None
    return frozenset(n for n in ("localhost", here, f"{here}.local", named) if n)


def is_host(header: str, known: Collection[str]) -> bool:
    """Whether a Host header names this server.

    A page of somebody else's whose name leads here for a moment (DNS rebinding) sends its
    own name. An address is never such a name.
    """
    host = header.strip().lower()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".") in known
    return True


def policy(engine: Engine) -> str:
    """What pages may load: nothing of anybody else's, but the store's own files.

    Inline styles are our own pages'; there is no script.
    """
    files = "'self'"
    if not engine.store.is_local and not engine.settings.proxy_downloads:
        where = urlsplit(engine.link("x"))
        files = f"'self' {where.scheme}://{where.netloc}"
    return (
        f"default-src 'none'; img-src {files} data:; media-src {files}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class Guard:
    """Asks who is called, and says with every answer what a browser may do with it.

    What an answer says of that itself stands.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], content_policy: str) -> None:
        self.app = app
        self.hosts = hosts
        self.headers = [
            (b"content-security-policy", content_policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                own = [header for header in self.headers if header[0] not in said]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        app: Any = self.app
        if not is_host(_host(scope), self.hosts):
            said = "This server is not called so. Its name is set with VIDPIPE_PUBLIC_URL.\n"
            app = PlainTextResponse(said, 421)
        await app(scope, receive, answer)


def _host(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name == b"host"]
    return values[0].decode("latin-1") if len(values) == 1 else ""
