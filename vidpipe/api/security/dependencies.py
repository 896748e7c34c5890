"""Whoever sends a request, and whether their key or session is good for an action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import LOCAL, RULES, Action, Principal
from vidpipe.accounts.tokens import KEY_MARK
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.security.client import address_of, is_foreign, is_forwarded
from vidpipe.api.security.cookies import access_cookie, csrf_holds
from vidpipe.api.security.gate import ANONYMOUS, Gate

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Unauthenticated(ApiError):
    """Whoever asks has not shown who they are."""

    def __init__(self, detail: str) -> None:
        headers = {"WWW-Authenticate": 'Bearer realm="vidpipe"'}
        super().__init__(401, "unauthenticated", detail, headers=headers)


@dataclass(frozen=True)
class Known:
    """Who a request is from.

    Attributes:
        principal: whoever asks.
        session_id: their login; None of a key, and of whoever has no login.
        by_cookie: whether a browser sent its cookies.
    """

    principal: Principal
    session_id: str | None = None
    by_cookie: bool = False


def gate_of(connection: HTTPConnection) -> Gate:
    """The gate of the application that answers."""
    found: Gate = connection.app.state.gate
    return found


def actor_of(connection: HTTPConnection, principal_id: str = "nobody") -> Actor:
    """Who does something, for the audit log."""
    request_id = str(connection.scope.get("vidpipe.request_id", ""))
    return Actor(principal_id, request_id, address_of(connection, gate_of(connection).trusted))


async def identify(connection: HTTPConnection) -> Known:
    """Who a request is from: by its key, its token, its cookies, or because it comes from here.

    Raises:
        ApiError: 401, nobody who is known; 403, a page of someone else's sends the cookies, or
            asks an installation without a login.
    """
    gate = gate_of(connection)
    header = connection.headers.get("authorization")
    if header is not None:
        return await _by_bearer(gate, header)
    found = await _by_cookie(gate, connection)
    if found is not None:
        return found
    if gate.open_here and not is_forwarded(connection):
        if is_foreign(connection, gate.settings.service.cors_origins):
            raise ApiError(403, "foreign_origin", "pages of other origins may not ask for this")
        return Known(LOCAL)
    if gate.settings.accounts.anonymous_read:
        return Known(ANONYMOUS)
    raise Unauthenticated("log in, or send an API key")


async def _by_bearer(gate: Gate, header: str) -> Known:
    kind, _, token = header.partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("send `Authorization: Bearer` with an API key or an access token")
    if token.startswith(KEY_MARK):
        principal = await gate.accounts.keys.principal(token)
        if principal is not None:
            return Known(principal)
    elif gate.accounts.can_log_in:
        found = await gate.accounts.logins.principal(token)
        if found is not None:
            return Known(found[0], found[1])
    raise Unauthenticated("the key or token is not known, was revoked or has expired")


async def _by_cookie(gate: Gate, connection: HTTPConnection) -> Known | None:
    token = access_cookie(connection, gate)
    if not token or not gate.accounts.can_log_in:
        return None
    found = await gate.accounts.logins.principal(token)
    if found is None:
        return None
    if connection.scope.get("method", "GET") not in _READS and not csrf_holds(
        connection, gate, found[1]
    ):
        raise ApiError(
            403, "csrf", "send the header X-CSRF-Token with the value of the cookie vidpipe_csrf"
        )
    return Known(found[0], found[1], by_cookie=True)


async def limit(connection: HTTPConnection, subject: str, per_minute: int) -> None:
    """Count a request of someone.

    Raises:
        ApiError: 429 with `Retry-After`.
    """
    wait_s = await gate_of(connection).accounts.rates.take(subject, per_minute)
    if wait_s is not None:
        raise too_many(wait_s)


async def limit_address(connection: HTTPConnection) -> None:
    """Count a request of somebody who has not shown who they are.

    Raises:
        ApiError: 429 with `Retry-After`.
    """
    rates = gate_of(connection).settings.accounts.rates
    await limit(connection, f"address:{actor_of(connection).address}", rates.per_address)


def too_many(wait_s: float) -> ApiError:
    """The answer to whoever asks too often."""
    seconds = max(1, -int(-wait_s // 1))
    return ApiError(
        429,
        "rate_limit_exceeded",
        f"too many requests; try again in {seconds} s",
        details={"retry_after_seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )


async def known_of(connection: HTTPConnection) -> Known:
    """Who asks, within their limit.

    Raises:
        ApiError: 401 or 403, see `identify`; 429, they ask too often.
    """
    rates = gate_of(connection).settings.accounts.rates
    try:
        known = await identify(connection)
    except Unauthenticated:
        await limit_address(connection)
        raise
    who = known.principal
    if who is ANONYMOUS:
        await limit_address(connection)
    elif who is not LOCAL:
        most = rates.per_key if who.id.startswith("key:") else rates.per_user
        await limit(connection, who.id, most)
    return known


async def _known(request: Request) -> Known:
    return await known_of(request)


async def principal(known: Known = Depends(_known)) -> Principal:  # noqa: B008
    """Whoever asks."""
    return known.principal


async def session(known: Known = Depends(_known)) -> Known:  # noqa: B008
    """Whoever asks, and with which login."""
    return known


def check_scope(who: Principal, action: Action) -> None:
    """Whether what somebody uses is good for an action.

    Raises:
        Forbidden: its scopes have none that is.
    """
    needed = RULES[action][1]
    if needed not in who.scopes:
        raise Forbidden(
            f"this key or session is not good for: {action}; that needs the scope {needed}"
        )


def require(action: Action) -> Callable[..., Awaitable[Principal]]:
    """A dependency: whoever asks, where what they use is good for the action.

    Whether they may do it to a channel is asked with the channel, see `vidpipe.api.asked`.
    """

    async def required(who: Principal = Depends(principal)) -> Principal:  # noqa: B008
        check_scope(who, action)
        return who

    required.action = action  # type: ignore[attr-defined]
    return required
