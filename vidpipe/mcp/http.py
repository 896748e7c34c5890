"""The server within the service: streamable HTTP, behind the same login as the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
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

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from mcp.server.mcpserver import Context

PATH = "/mcp"
#: JSON-RPC 2.0, section 5.1: what was sent is no valid request.
INVALID_REQUEST = -32600


def installed() -> bool:
    """Whether the SDK of the protocol is there: the extra `mcp`."""
    return find_spec("mcp") is not None


def extension() -> Extension:
    """What `vidpipe serve` adds to its application."""
    return Extension(PATH, _made)


def _made(library: Library, gate: Gate) -> tuple[ASGIApp, AbstractAsyncContextManager[None]]:
    def make() -> MCPServer[Any]:
        from vidpipe.mcp.tools import server

        return server(library, who)

    async def who(ctx: Context[Any, Any]) -> Caller:
        request = ctx.request_context.request
        assert request is not None, "every call comes with an HTTP request"
        found: Caller = request.scope["vidpipe.caller"]
        return found

    tools = OnDemand(make)
    return McpGate(tools, gate), tools.served()


class OnDemand:
    """The tools as an application, made when they are first asked for.

    Their SDK takes 25 MiB, and most services are never asked.

    Args:
        make: makes the server; called once, in a thread.
    """

    def __init__(self, make: Callable[[], MCPServer[Any]]) -> None:
        self._make = make
        self._wanted = asyncio.Event()
        self._app: asyncio.Future[ASGIApp] | None = None

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """While the service runs."""
        self._app = asyncio.get_running_loop().create_future()
        async with anyio.create_task_group() as group:
            group.start_soon(self._run, self._app)
            yield
            group.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None, "the service runs"
        self._wanted.set()
        await (await asyncio.shield(self._app))(scope, receive, send)

    async def _run(self, app: asyncio.Future[ASGIApp]) -> None:
        await self._wanted.wait()
        try:
            tools = await anyio.to_thread.run_sync(self._make)
        except Exception as error:
            # Everyone who asks is told of it; the rest of the service goes on.
            app.set_exception(error)
            return
        # Every request stands for itself: any of several processes may answer it, and each is
        # asked who sends it. Host and origin are looked at before.
        made = tools.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            json_response=True,
            transport_security=_checked_before(),
        )
        async with tools.session_manager.run():
            app.set_result(made)
            await anyio.sleep_forever()


def _checked_before() -> Any:
    from mcp.server.transport_security import TransportSecuritySettings

    return TransportSecuritySettings(enable_dns_rebinding_protection=False)


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
