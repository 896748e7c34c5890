"""The server within the service: streamable HTTP, behind the same login as the API."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import INVALID_REQUEST
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from vidpipe.api.app import Extension
from vidpipe.api.problems import AWAY, ApiError
from vidpipe.api.security.dependencies import actor_of, known_of
from vidpipe.api.security.gate import Gate
from vidpipe.api.security.pages import Keeper
from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.mcp.callers import Caller
from vidpipe.mcp.tools import server

PATH = "/mcp"


def extension() -> Extension:
    """What `vidpipe serve` adds to its application."""
    return Extension(PATH, _made)


def _made(library: Library, gate: Gate) -> tuple[ASGIApp, AbstractAsyncContextManager[None]]:
    async def who(ctx: Context[Any, Any]) -> Caller:
        request = ctx.request_context.request
        assert request is not None, "every call comes with an HTTP request"
        found: Caller = request.scope["vidpipe.caller"]
        return found

    tools = server(library, who)
    # Every request stands for itself: any of several processes may answer it, and each is asked
    # who sends it. Host and origin are looked at before.
    app = tools.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return McpGate(app, gate), tools.session_manager.run()


class McpGate:
    """Finds out who sends a request, as the API does; nobody gets further without a name."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] != "POST":
            # Without sessions there is nothing to listen to, and nothing to end.
            error = ApiError(405, "method_not_allowed", "send POST", headers={"Allow": "POST"})
            await _refused(scope, error)(scope, receive, send)
            return
        connection = HTTPConnection({**scope, "app": Keeper(self.gate)})
        try:
            known = await known_of(connection)
        except ApiError as error:
            await _refused(scope, error)(scope, receive, send)
            return
        except Unavailable:
            await _refused(scope, ApiError(503, "unavailable", AWAY))(scope, receive, send)
            return
        actor = actor_of(connection, known.principal.id)
        caller = Caller(known.principal, actor, self.gate.accounts)
        await self.app({**scope, "vidpipe.caller": caller}, receive, send)


def _refused(scope: Scope, error: ApiError) -> JSONResponse:
    """An error as clients of the protocol read one, and with the status that it has in HTTP."""
    request_id = str(scope.get("vidpipe.request_id", ""))
    said = {
        "code": INVALID_REQUEST,
        "message": f"{error.code}: {error.detail}",
        "data": {"code": error.code, "request_id": request_id, "details": error.details},
    }
    body = {"jsonrpc": "2.0", "id": None, "error": said}
    return JSONResponse(body, error.status, headers=error.headers)
