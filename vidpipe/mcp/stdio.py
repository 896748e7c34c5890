"""The server as a program that a language model's host starts: standard input and output."""

from __future__ import annotations

from typing import Any

import anyio
from mcp.server.mcpserver import Context

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import LOCAL
from vidpipe.api.security.dependencies import Unauthenticated
from vidpipe.api.security.gate import open_accounts
from vidpipe.errors import Misconfigured
from vidpipe.library import Library
from vidpipe.mcp.callers import Caller
from vidpipe.mcp.tools import server


def run(library: Library, key: str | None = None) -> None:
    """Serve until standard input ends.

    Args:
        library: what the tools work on.
        key: an API key, which the tools may do no more than; none: all that whoever works on
            this machine may.

    Raises:
        Misconfigured: the key is none that is good.
    """
    # The catalog is made, or brought up to date, before anybody is looked up in it.
    library.totals()
    anyio.run(_run, library, key)


async def _run(library: Library, key: str | None) -> None:
    accounts = open_accounts(library.engine.settings)

    async def who(_: Context[Any, Any] | None) -> Caller:
        principal = LOCAL
        if key is not None:
            found = await accounts.keys.principal(key)
            if found is None:
                raise Unauthenticated("the key is not known, was revoked or has expired")
            principal = found
        return Caller(principal, Actor(principal.id), accounts)

    try:
        try:
            await who(None)
        except Unauthenticated as error:
            raise Misconfigured(f"VIDPIPE_API_KEY: {error.detail}") from error
        await server(library, who).run_stdio_async()
    finally:
        await accounts.close()
