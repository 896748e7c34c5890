"""Connecting an account from a terminal: the browser comes back to this machine (RFC 8252).

Whoever waits listens on 127.0.0.1 alone, for as long as the platform's answer is good, and takes
one return: the one that it began.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import typer

from vidpipe.cli.app import err, line
from vidpipe.errors import Misconfigured, Unavailable, VidpipeError

if TYPE_CHECKING:
    from vidpipe.library import Library, SocialAccountView

_HOST = "127.0.0.1"
#: Seconds that one request may take to arrive, and between two looks at the time.
_REQUEST_S, _LOOK_S = 5.0, 1.0
#: How often somebody may paste something else.
_PASTES = 10


def connect(
    asked: Library, channel: str, platform: str, application: str | None, port: int, paste: bool
) -> tuple[SocialAccountView, ...]:
    """Send somebody to a platform, and take what they come back with.

    Raises:
        NotConnected: why it did not work, and what to do.
        Misconfigured: it cannot be begun, or the port is taken.
        Unavailable: nobody came back.
    """
    from vidpipe.accounts.audit import COMMAND_LINE
    from vidpipe.library.publishing.connecting import CONNECTING, return_address

    accounts = asked.social_accounts

    def finish(query: Mapping[str, str]) -> tuple[SocialAccountView, ...]:
        return accounts.finish(
            platform,
            state=query.get("state", ""),
            code=query.get("code", ""),
            error=query.get("error", ""),
            by="local",
            audit=COMMAND_LINE,
        )

    def begin(where: str) -> str:
        back = return_address(where, platform)
        begun = accounts.begin(
            channel, platform, application=application, by="local", redirect_uri=back
        )
        assert begun.authorize_url is not None
        err.print("vidpipe: open this address in a browser, and allow posting:")
        typer.echo(begun.authorize_url)
        return begun.authorize_url

    if paste:
        url = begin(asked.engine.settings.public_url or f"http://{_HOST}:{port}")
        return finish(_pasted(_query(url).get("state", "")))
    server = _listening(port)
    with server:
        url = begin(f"http://{_HOST}:{server.server_port}")
        err.print(f"vidpipe: waiting for the browser to come back to {_HOST}:{server.server_port}")
        server.path = f"/oauth/return/{platform}"
        server.state = _query(url).get("state", "")
        server.finish = finish
        until = time.monotonic() + CONNECTING.total_seconds()
        while server.found is None and server.problem is None and time.monotonic() < until:
            server.handle_request()
    if server.problem is not None:
        raise server.problem
    if server.found is None:
        raise Unavailable("nobody came back from the platform within 10 minutes: begin again")
    return server.found


def _pasted(state: str) -> dict[str, str]:
    """The query of the address that a browser ended at, as somebody pastes it.

    Raises:
        Unavailable: there is nothing to read, or nothing of it is that address.
    """
    err.print("vidpipe: then paste the address that the browser ends at, and press enter:")
    for _ in range(_PASTES):
        try:
            query = _query(input().strip())
        except EOFError:
            break
        if query.get("state") == state and query.keys() & {"code", "error"}:
            return query
        err.print(
            "vidpipe: this is not the address that the browser ended at after you allowed it: all "
            "of it, with `state=` and `code=` in it. Paste it again:",
            style="yellow",
        )
    raise Unavailable("nobody pasted the address that the browser ended at: begin again")


class _Returned(HTTPServer):
    """Waits for one return."""

    timeout = _LOOK_S
    path = ""
    state = ""
    finish: Callable[[Mapping[str, str]], tuple[SocialAccountView, ...]]
    found: tuple[SocialAccountView, ...] | None = None
    problem: Exception | None = None

    def handle_error(self, *_: object) -> None:
        """A connection that breaks ends nothing."""


class _Return(BaseHTTPRequestHandler):
    server: _Returned
    timeout = _REQUEST_S
    # What stands in its address is a secret.
    log_message = staticmethod(lambda *_: None)  # type: ignore[assignment]

    def do_GET(self) -> None:
        """Take the return; whatever else is asked here is not there."""
        at, query = urlsplit(self.path), _query(self.path)
        mine = self.headers.get("Host", "") == f"{_HOST}:{self.server.server_port}"
        if not mine or at.path != self.server.path or query.get("state") != self.server.state:
            self._say(404, "There is nothing here", "This is not what is waited for.")
            return
        try:
            self.server.found = self.server.finish(query)
        except VidpipeError as error:
            self.server.problem = error
            self._say(409, "Not connected", str(error))
            return
        except Exception as error:
            self.server.problem = error
            self._say(500, "Not connected", "The command that waited says why.")
            return
        self._say(200, "Connected", "You can close this window: vidpipe has what it needs.")

    def _say(self, status: int, title: str, words: str) -> None:
        said = html.escape(line(words))
        body = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
            "<style>body{font:16px/1.5 system-ui;max-width:36rem;margin:10vh auto;padding:0 1rem;"
            f"color-scheme:light dark}}</style><h1>{title}</h1><p>{said}</html>"
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)


def _listening(port: int) -> _Returned:
    try:
        return _Returned((_HOST, port), _Return)
    except OSError as error:
        raise Misconfigured(
            f"port {port} of this machine cannot be listened on ({error.strerror}): name another "
            "one with --port; the platform may want its address on its page for developers"
        ) from error


def _query(url: str) -> dict[str, str]:
    """The query of an address, the first of each name."""
    try:
        return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    except ValueError:
        return {}
