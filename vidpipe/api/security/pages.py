"""The pages behind the same login as the API."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from vidpipe.accounts.model import LOCAL, Action, Principal
from vidpipe.api.problems import ApiError
from vidpipe.api.security.client import is_forwarded
from vidpipe.api.security.dependencies import identify
from vidpipe.api.security.gate import Gate
from vidpipe.errors import Unavailable
from vidpipe.library import Library


class PagesGate:
    """Lets whoever may see everything look: pages show the videos of every organisation.

    On this machine they are as open as they ever were; the host that is asked for is looked at by
    the pages themselves.
    """

    def __init__(self, app: ASGIApp, gate: Gate, library: Library) -> None:
        self.app = app
        self.gate = gate
        self.library = library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection({**scope, "app": _State(self.gate)})
        # What a proxy passes on comes from anywhere.
        if self.gate.open_here and not is_forwarded(connection):
            await self.app(scope, receive, send)
            return
        try:
            known = await identify(connection)
        except ApiError as error:
            refused = PlainTextResponse(f"{error.detail}\n", error.status, headers=error.headers)
            await refused(scope, receive, send)
            return
        except Unavailable:
            said = "The catalog cannot be reached. Try again in a moment.\n"
            await PlainTextResponse(said, 503)(scope, receive, send)
            return
        if not self._may_look(known.principal):
            said = "These pages show every organisation; you may not see all of them.\n"
            await PlainTextResponse(said, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _may_look(self, principal: Principal) -> bool:
        channels = self.library.engine.channels.values()
        return principal is LOCAL or all(
            principal.may(Action.READ, channel.organisation, channel.name) for channel in channels
        )


class _State:
    """What `gate_of` looks for in an application."""

    def __init__(self, gate: Gate) -> None:
        self.state = self
        self.gate = gate
