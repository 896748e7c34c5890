"""The pages behind the same login as the API."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vidpipe.accounts.model import Action
from vidpipe.api.problems import ApiError
from vidpipe.api.security.client import is_forwarded
from vidpipe.api.security.cookies import session_of_page
from vidpipe.api.security.dependencies import Known, Unauthenticated, identify, limit_address
from vidpipe.api.security.entering import login_page
from vidpipe.api.security.gate import Gate
from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.web.viewer import Viewer, set_viewer


class PagesGate:
    """Lets people look: at the videos of the channels that they may read.

    A browser without a login is led to the page to log in, and one whose access token has run out
    by way of its renewal back to where it was. On this machine pages are as open as they ever were;
    the host that is asked for is looked at by the pages themselves.
    """

    def __init__(self, app: ASGIApp, gate: Gate, library: Library, guard: Middleware) -> None:
        self.app = app
        self.gate = gate
        self.library = library
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection({**scope, "app": Keeper(self.gate)})
        # What a proxy passes on comes from anywhere.
        if self.gate.open_here and not is_forwarded(connection):
            await self.app(scope, receive, send)
            return
        answer = await self._refusal(connection, scope)
        if answer is None:
            await self.app(scope, receive, send)
            return
        guarded = self.guard.cls(answer, *self.guard.args, **self.guard.kwargs)
        await guarded(scope, receive, send)

    async def _refusal(self, connection: HTTPConnection, scope: Scope) -> Response | None:
        """The answer to whoever may not look; None: they may, and the pages are told what at."""
        try:
            try:
                known = await identify(connection)
            except Unauthenticated:
                await limit_address(connection)
                raise
        except Unauthenticated as error:
            if "text/html" in connection.headers.get("accept", ""):
                return RedirectResponse(self._way_in(connection), 303)
            return PlainTextResponse(f"{error.detail}\n", error.status, headers=error.headers)
        except ApiError as error:
            return PlainTextResponse(f"{error.detail}\n", error.status, headers=error.headers)
        except Unavailable:
            return PlainTextResponse("The catalog cannot be reached. Try again in a moment.\n", 503)
        set_viewer(scope, self._viewer(known))
        return None

    def _way_in(self, connection: HTTPConnection) -> str:
        url = connection.url
        to = quote(url.path, safe="/%") + (f"?{url.query}" if url.query else "")
        if session_of_page(connection, self.gate) is None:
            return login_page(to)
        return f"/api/v1/auth/continue?{urlencode({'to': to})}"

    def _viewer(self, known: Known) -> Viewer:
        principal = known.principal
        channels = self.library.engine.channels
        sees = principal.channels(
            Action.READ, ((channel.organisation, name) for name, channel in channels.items())
        )
        everything = principal.everything or len(sees) == len(channels)
        return Viewer(
            principal.name if known.by_cookie else "", None if everything and sees else sees
        )


class Keeper:
    """What `gate_of` looks for in an application."""

    def __init__(self, gate: Gate) -> None:
        self.state = self
        self.gate = gate
