"""Whoever sends a request, and whether their key or session is good for an action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Depends, Request

from vidpipe.accounts.model import LOCAL, RULES, Action, Principal
from vidpipe.api.problems import Forbidden


async def principal(request: Request) -> Principal:  # noqa: ARG001
    """Whoever works on this machine: an embedded installation has no login."""
    return LOCAL


def require(action: Action) -> Callable[..., Awaitable[Principal]]:
    """A dependency: whoever asks, where what they use is good for the action.

    Whether they may do it to a channel is asked with the channel, see `vidpipe.api.asked`.
    """

    async def required(who: Principal = Depends(principal)) -> Principal:  # noqa: B008
        if RULES[action][1] not in who.scopes:
            raise Forbidden(f"this key or session is not good for: {action}")
        return who

    required.action = action  # type: ignore[attr-defined]
    return required
