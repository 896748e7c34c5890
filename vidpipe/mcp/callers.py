"""Who calls a tool, and what is said to them of errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import Principal
from vidpipe.api.problems import AWAY, KINDS, ApiError
from vidpipe.errors import InputRejected, Unavailable, VidpipeError
from vidpipe.library import NotDecided
from vidpipe.observability import events

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

_OURS = "this cannot be answered; the log of the server says why"


@dataclass(frozen=True)
class Caller:
    """Who calls a tool.

    Attributes:
        principal: what they may do.
        actor: the same for the audit log.
        accounts: that keep the log.
    """

    principal: Principal
    actor: Actor
    accounts: Accounts


#: Finds out who calls, with every call: what was revoked is refused at once.
WhoCalls = Callable[["Context[Any, Any]"], Awaitable[Caller]]


def said_of(error: VidpipeError) -> str:
    """An error in words for whoever called: nothing of the deployment is in them."""
    if isinstance(error, ApiError):
        return f"{error.code}: {error.detail}"
    if isinstance(error, NotDecided):
        return f"{error.code}: {error}"
    for kind, _, code in KINDS:
        if isinstance(error, kind):
            return f"{code}: {error}"
    if isinstance(error, InputRejected):
        return f"input_rejected: {error.message}"
    if isinstance(error, Unavailable):
        events.warning("mcp_call_unavailable", message=str(error))
        return f"unavailable: {AWAY}"
    events.error("mcp_call_failed", cause=error)
    return f"internal_error: {_OURS}"
