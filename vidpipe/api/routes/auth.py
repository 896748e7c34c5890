"""Logging in and out, passwords, links in e-mails."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vidpipe.accounts.logins import Login, LoginRefused
from vidpipe.accounts.model import Action
from vidpipe.accounts.users import Purpose
from vidpipe.api.described import errors
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.security.client import is_foreign
from vidpipe.api.security.cookies import (
    clear_cookies,
    csrf_holds,
    refresh_cookie,
    set_cookies,
)
from vidpipe.api.security.dependencies import (
    Known,
    Unauthenticated,
    actor_of,
    gate_of,
    session,
)
from vidpipe.api.security.entering import (
    GRACE_S,
    NO_LOGIN,
    SENT,
    check_open,
    end_old,
    joined,
    limit_login,
    limit_refresh,
    login_page,
    own_page,
    refusal,
    send_registration,
    send_reset,
    take_offer,
    use_code,
)
from vidpipe.api.security.gate import Gate

router = APIRouter(prefix="/auth", tags=["accounts"])
SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="id of a login")]
Who = Annotated[Known, Depends(session)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LoginBody(_Body):
    """Who logs in, and where the tokens go."""

    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=1024)
    transport: Literal["token", "cookie"] = Field(
        default="token", description="tokens in the answer, or in cookies of a browser"
    )


class RefreshBody(_Body):
    """The refresh token; none: the cookie's."""

    refresh_token: SecretStr | None = Field(default=None, max_length=1024)


class EmailBody(_Body):
    """An e-mail address."""

    email: str = Field(max_length=254)


class NewPasswordBody(_Body):
    """The code of a message, and the password that is to be."""

    token: SecretStr = Field(max_length=1024)
    password: SecretStr = Field(max_length=1024)


class CodeBody(_Body):
    """The code of a message."""

    token: SecretStr = Field(max_length=1024)


class ChangePasswordBody(_Body):
    """The password that was, and the one that is to be."""

    old: SecretStr = Field(max_length=1024)
    new: SecretStr = Field(max_length=1024)


class Tokens(BaseModel):
    """A login. With cookies the tokens are null, and `csrf_token` goes into `X-CSRF-Token`."""

    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    access_token: str | None
    refresh_token: str | None
    csrf_token: str | None
    expires_in: int = Field(description="seconds that the access token is good for")
    until: datetime = Field(description="when one has to log in again")


class GrantView(BaseModel):
    """A role, and where."""

    organisation: str
    channel: str | None
    role: Literal["viewer", "editor", "admin"]


class Me(BaseModel):
    """Whoever asks."""

    id: str
    name: str
    scopes: tuple[str, ...]
    grants: tuple[GrantView, ...]
    everything: bool = Field(description="whether no role is asked for")


class SessionInfo(BaseModel):
    """A login that holds."""

    id: str
    method: str
    address: str
    created_at: datetime
    expires_at: datetime
    current: bool


class Said(BaseModel):
    """What was done."""

    detail: str


_A_MOMENT = {
    "description": "Another request renewed the cookies a moment ago: the page leads on by itself",
    "content": {"text/html": {"schema": {"type": "string"}, "example": "One moment…\n"}},
}
_STRICT = [Depends(limit_login)]


@router.post("/login", summary="Log in", responses=errors(), dependencies=_STRICT)
async def log_in(request: Request, response: Response, body: LoginBody) -> Tokens:
    """Log in with an e-mail address and a password. The answer does not tell which was wrong."""
    gate = gate_of(request)
    by = actor_of(request)
    await end_old(request)
    found = await gate.accounts.logins.with_password(
        body.email, body.password.get_secret_value(), by
    )
    if isinstance(found, LoginRefused):
        raise refusal(found)
    return _answer(response, gate, found, cookies=body.transport == "cookie")


@router.post(
    "/refresh",
    summary="Continue a login",
    responses=errors(),
    dependencies=[Depends(limit_refresh)],
)
async def refresh(request: Request, response: Response, body: RefreshBody) -> Tokens:
    """The next tokens for a refresh token, which is good once. Its reuse ends the login."""
    gate = gate_of(request)
    if not gate.accounts.can_log_in:
        raise ApiError(503, "no_login", NO_LOGIN)
    cookies = body.refresh_token is None
    token = (
        body.refresh_token.get_secret_value()
        if body.refresh_token is not None
        else refresh_cookie(request, gate)
    )
    if not token:
        raise Unauthenticated("there is no refresh token")
    if cookies:
        session_id = await gate.accounts.logins.session_of(token)
        if session_id is None or not csrf_holds(request, gate, session_id):
            raise ApiError(403, "csrf", "send the header X-CSRF-Token")
    found = await gate.accounts.logins.refresh(token, actor_of(request))
    if isinstance(found, LoginRefused):
        raise _without_cookies(refusal(found), gate) if cookies else refusal(found)
    return _answer(response, gate, found, cookies=cookies)


@router.get(
    "/continue",
    summary="Continue a login in a browser",
    status_code=303,
    response_class=RedirectResponse,
    responses={200: _A_MOMENT, **errors()},
    dependencies=[Depends(limit_refresh)],
)
async def continue_login(
    request: Request,
    to: Annotated[str, Query(max_length=2048, description="the page to go to")] = "/",
) -> Response:
    """Renew the cookies of a browser, and lead it on; without a login that holds to the page to
    log in."""
    gate = gate_of(request)
    to = own_page(to)
    token = refresh_cookie(request, gate)
    if not token or not gate.accounts.can_log_in:
        return RedirectResponse(login_page(to), 303)
    found = await gate.accounts.logins.refresh(token, actor_of(request), grace_s=GRACE_S)
    if not isinstance(found, LoginRefused):
        response = RedirectResponse(to, 303)
        set_cookies(response, gate, found)
        return response
    if found.reason == "just_used":
        # Another tab was first: in a moment the browser has what it was given.
        return HTMLResponse("One moment…\n", headers={"Refresh": f"1; url={to}"})
    response = RedirectResponse(login_page(to), 303)
    clear_cookies(response, gate)
    return response


@router.post("/logout", summary="Log out", status_code=204, responses=errors())
async def log_out(request: Request, who: Who) -> Response:
    """End this login: its tokens are refused from now on."""
    gate = gate_of(request)
    if who.session_id is not None:
        await gate.accounts.logins.end(who.session_id, actor_of(request, who.principal.id))
    response = Response(status_code=204)
    clear_cookies(response, gate)
    return response


@router.get("/me", summary="Who you are", responses=errors())
async def me(who: Who) -> Me:
    """Whoever asks: a user, a key, or this machine."""
    principal = who.principal
    return Me(
        id=principal.id,
        name=principal.name,
        scopes=tuple(sorted(principal.scopes)),
        grants=tuple(
            GrantView(organisation=g.organisation, channel=g.channel, role=_role(g.role.name))
            for g in principal.grants
        ),
        everything=principal.everything,
    )


@router.get("/sessions", summary="List your logins", responses=errors())
async def list_sessions(request: Request, who: Who) -> list[SessionInfo]:
    """Your logins that hold, the oldest first."""
    user_id = _user(who)
    found = await gate_of(request).accounts.logins.list(user_id)
    return [
        SessionInfo(
            id=s.id,
            method=s.method,
            address=s.address,
            created_at=s.created_at,
            expires_at=s.expires_at,
            current=s.id == who.session_id,
        )
        for s in found
    ]


@router.delete(
    "/sessions/{session_id}", summary="End a login", status_code=204, responses=errors(404)
)
async def end_session(request: Request, who: Who, session_id: SessionId) -> Response:
    """End one of your logins."""
    by = actor_of(request, who.principal.id)
    logins = gate_of(request).accounts.logins
    if not await logins.end(session_id, by, user_id=_user(who)):
        raise ApiError(404, "session_not_found", "you have no such login")
    return Response(status_code=204)


@router.put("/password", summary="Change your password", responses=errors())
async def change_password(request: Request, who: Who, body: ChangePasswordBody) -> Said:
    """Change your password. Your other logins end."""
    await limit_login(request)
    gate, user_id = gate_of(request), _user(who)
    by = actor_of(request, who.principal.id)
    refused = await gate.accounts.logins.check_password(
        who.principal.name, body.old.get_secret_value(), by
    )
    if refused is not None:
        raise refusal(refused)
    await gate.accounts.users.set_password(
        user_id, body.new.get_secret_value(), by, keep_session=who.session_id
    )
    return Said(detail="the password was changed; your other logins have ended")


@router.post(
    "/register", summary="Register", status_code=202, responses=errors(), dependencies=_STRICT
)
async def register(request: Request, tasks: BackgroundTasks, body: EmailBody) -> Said:
    """Ask for an account, where registration is open. A message has the code that confirms it.

    The password is chosen with the code: whoever registers another's address sets none for them.
    """
    gate = gate_of(request)
    check_open(gate)
    tasks.add_task(send_registration, gate, actor_of(request), body.email)
    return Said(detail=SENT)


@router.post("/verify", summary="Confirm your address", responses=errors(400), dependencies=_STRICT)
async def verify(request: Request, body: NewPasswordBody) -> Said:
    """Confirm that an address is yours, with the code of the message, and choose a password."""
    await _use(request, body, Purpose.VERIFY)
    return Said(detail="the address is confirmed; log in")


@router.post(
    "/reset/request",
    summary="Ask for a new password",
    status_code=202,
    responses=errors(),
    dependencies=_STRICT,
)
async def request_reset(request: Request, tasks: BackgroundTasks, body: EmailBody) -> Said:
    """Ask for a message with a code. The answer is the same whether there is an account."""
    tasks.add_task(send_reset, gate_of(request), body.email)
    return Said(detail=SENT)


@router.post("/reset", summary="Choose a new password", responses=errors(400), dependencies=_STRICT)
async def reset(request: Request, body: NewPasswordBody) -> Said:
    """Choose a new password, with the code of the message. Every login of yours ends."""
    await _use(request, body, Purpose.RESET)
    return Said(detail="the password was changed; log in")


@router.post("/invite", summary="Accept an invitation", responses=errors(400), dependencies=_STRICT)
async def accept_invitation(request: Request, body: NewPasswordBody) -> Said:
    """Choose a password, with the code of the invitation."""
    await _use(request, body, Purpose.INVITE)
    return Said(detail="welcome; log in")


@router.post("/join", summary="Accept a role", responses=errors(400), dependencies=_STRICT)
async def accept_role(request: Request, body: CodeBody) -> Said:
    """Take a role in another organisation, with the code of the message that offered it."""
    grant = await take_offer(request, body.token.get_secret_value())
    return Said(detail=joined(grant))


@router.get(
    "/allow", summary="Ask for a proxy whether someone may", status_code=204, responses=errors()
)
async def allow(
    request: Request,
    who: Who,
    action: Annotated[Action, Query(description="what they want to do")] = Action.CONFIGURE,
    organisation: Annotated[
        str, Query(max_length=64, description="of which they want to do it")
    ] = "default",
) -> Response:
    """What nginx's `auth_request` asks before it lets someone through to another service.

    204 and who they are in `X-Vidpipe-User`, else 401 or 403. The headers of the original request
    are those of this one: one of another origin's page is refused, whatever cookies it has.
    """
    if is_foreign(request, gate_of(request).settings.service.cors_origins):
        raise ApiError(403, "foreign_origin", "pages of other origins may not ask for this")
    if not who.principal.may(action, organisation):
        raise Forbidden(f"you may not do this: {action}")
    return Response(status_code=204, headers={"X-Vidpipe-User": who.principal.id})


async def _use(request: Request, body: NewPasswordBody, purpose: Purpose) -> None:
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    await use_code(request, token, purpose, password)


def _without_cookies(error: ApiError, gate: Gate) -> ApiError:
    """An error whose answer takes the cookies back, which are good for nothing any more."""
    response = Response()
    clear_cookies(response, gate)
    error.cookies = tuple(response.headers.getlist("set-cookie"))
    return error


def _answer(response: Response, gate: Gate, login: Login, *, cookies: bool) -> Tokens:
    csrf = set_cookies(response, gate, login) if cookies else None
    return Tokens(
        access_token=None if cookies else login.access_token,
        refresh_token=None if cookies else login.refresh_token,
        csrf_token=csrf,
        expires_in=login.access_s,
        until=login.until,
    )


def _user(who: Known) -> str:
    kind, _, user_id = who.principal.id.partition(":")
    if kind != "user":
        raise Forbidden("only a user has this: log in")
    return user_id


def _role(name: str) -> Literal["viewer", "editor", "admin"]:
    found: Literal["viewer", "editor", "admin"] = name.lower()  # type: ignore[assignment]
    return found
