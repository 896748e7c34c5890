"""Logging in with an OpenID Connect provider."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.logins import LoginMethod, LoginRefused
from vidpipe.accounts.users import UnknownAccount, User
from vidpipe.api.described import errors
from vidpipe.api.problems import ApiError
from vidpipe.api.security.cookies import set_cookies
from vidpipe.api.security.dependencies import Unauthenticated, actor_of, gate_of, limit
from vidpipe.api.security.gate import Gate
from vidpipe.api.security.oidc import STATE_S, Identity, Provider

router = APIRouter(prefix="/auth/oidc", tags=["accounts"])
_COOKIE = "vidpipe_oidc"
_PATH = "/api/v1/auth/oidc"


async def _limited(request: Request) -> None:
    gate = gate_of(request)
    if not gate.settings.accounts.oidc.configured or not gate.accounts.can_log_in:
        raise ApiError(404, "no_provider", "no OpenID Connect provider is set")
    rates = gate.settings.accounts.rates
    await limit(request, f"login:{actor_of(request).address}", rates.login)


_STRICT = [Depends(_limited)]


def provider_of(gate: Gate) -> Provider:
    """The provider that is set."""
    back = f"{gate.settings.public_url.rstrip('/')}{_PATH}/callback"
    return Provider(gate.settings.accounts.oidc, gate.accounts.signer, back)


@router.get(
    "/start",
    summary="Log in with the provider",
    status_code=303,
    responses=errors(404),
    dependencies=_STRICT,
)
async def start(request: Request) -> Response:
    """Send the browser to the provider."""
    gate = gate_of(request)
    url, kept = await provider_of(gate).begin()
    response = RedirectResponse(url, 303)
    # Lax: the provider's page leads back here.
    response.set_cookie(
        _COOKIE, kept, STATE_S, path=_PATH, secure=gate.secure, httponly=True, samesite="lax"
    )
    return response


@router.get(
    "/callback",
    summary="Come back from the provider",
    status_code=303,
    responses=errors(404),
    dependencies=_STRICT,
)
async def callback(
    request: Request,
    state: Annotated[str, Query(max_length=512, description="as it was sent")],
    code: Annotated[str, Query(max_length=4096, description="of the provider")] = "",
) -> Response:
    """Take the provider's word for who someone is, and log them in with cookies."""
    gate, by = gate_of(request), actor_of(request)
    cookie = request.cookies.get(_COOKIE, "")
    found = await provider_of(gate).finish(code, state, cookie) if code and cookie else None
    user = await _who(gate, found, by) if found is not None else None
    if user is None:
        await gate.accounts.audit.write(
            by, "session.start", "nobody", succeeded=False, details={"reason": "oidc"}
        )
        raise Unauthenticated("this login did not succeed; begin again, or ask an administrator")
    login = await gate.accounts.logins.start(user.id, LoginMethod.OIDC, by)
    if isinstance(login, LoginRefused):
        raise Unauthenticated("this login did not succeed; begin again, or ask an administrator")
    response = RedirectResponse("/", 303)
    response.delete_cookie(_COOKIE, path=_PATH)
    set_cookies(response, gate, login)
    return response


async def _who(gate: Gate, found: Identity, by: Actor) -> User | None:
    """The user behind an identity: the one it was before, or whose address it vouches for."""
    users = gate.accounts.users
    known = await users.by_identity(found.issuer, found.subject)
    if known is not None:
        return known
    if found.email is None:
        return None
    try:
        user = await users.get(found.email)
    except UnknownAccount:
        if not _may_sign_up(gate, found.email):
            return None
        user = await users.add(found.email, by, verified=True)
    await users.link_identity(user.id, found.issuer, found.subject, by)
    return user


def _may_sign_up(gate: Gate, email: str) -> bool:
    options = gate.settings.accounts.oidc
    if options.sign_up == "domain":
        return email.rpartition("@")[2] in {d.lower() for d in options.domains}
    return options.sign_up == "anyone"
