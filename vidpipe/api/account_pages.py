"""Pages to log in, to log out, and to choose a password: forms without a script."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vidpipe.accounts.logins import LoginRefused
from vidpipe.accounts.users import Purpose
from vidpipe.api.problems import ApiError
from vidpipe.api.security.client import is_foreign, is_forwarded
from vidpipe.api.security.cookies import clear_cookies, session_of_page, set_cookies
from vidpipe.api.security.dependencies import actor_of, gate_of
from vidpipe.api.security.entering import (
    NO_LOGIN,
    SENT,
    check_open,
    joined,
    limit_login,
    own_page,
    refusal,
    send_registration,
    send_reset,
    take_offer,
    use_code,
)
from vidpipe.api.security.gate import Gate
from vidpipe.errors import InputRejected, Unavailable
from vidpipe.web.rendering import page

#: Bytes of a form: an address, a code and two passwords of the longest kind.
_MOST = 16 * 1024
_AWAY = "The catalog cannot be reached. Try again in a moment."
_CODES = {"verify": Purpose.VERIFY, "reset": Purpose.RESET, "invite": Purpose.INVITE}
_JOIN = "You are invited"
_TITLES = {
    "verify": "Confirm your address",
    "reset": "Choose a new password",
    "invite": "Welcome to vidpipe",
}


@dataclass(frozen=True)
class _Field:
    name: str
    label: str = ""
    kind: str = "text"
    completes: str = "off"
    value: str = ""
    focus: bool = False


@dataclass(frozen=True)
class _Link:
    address: str
    label: str


@dataclass(frozen=True)
class _Form:
    title: str
    action: str
    fields: tuple[_Field, ...] = ()
    button: str = ""
    said: str = ""
    problem: str = ""
    links: tuple[_Link, ...] = ()


_TO_LOGIN = _Link("/login", "Log in")


def account_pages(gate: Gate, guard: Middleware) -> Starlette:
    """The pages as an application.

    Args:
        gate: users, and who sends them messages.
        guard: what looks at every request to pages.
    """
    app = Starlette(routes=_ROUTES, middleware=[guard])
    app.state.gate = gate
    return app


async def _login_page(request: Request) -> Response:
    gate, to = gate_of(request), own_page(request.query_params.get("next", "/"))
    if gate.open_here and not is_forwarded(request):
        return RedirectResponse(to, 303)
    if not gate.accounts.can_log_in:
        return _shown(request, _Form("Log in", "/login", problem=_sentence(NO_LOGIN)), 503)
    return _shown(request, _login_form(gate, to))


async def _log_in(request: Request) -> Response:
    gate, form = gate_of(request), await _form_of(request)
    to, email = own_page(form.get("next", "/")), form.get("email", "")
    try:
        await limit_login(request)
        by = actor_of(request)
        old = session_of_page(request, gate)
        if old is not None:
            await gate.accounts.logins.end(old, by)
        found = await gate.accounts.logins.with_password(email, form.get("password", ""), by)
        if isinstance(found, LoginRefused):
            raise refusal(found)
    except (ApiError, Unavailable) as error:
        again = _login_form(gate, to, email=email, problem=_words(error))
        return _shown(request, again, _status(error), error)
    response = RedirectResponse(to, 303)
    set_cookies(response, gate, found)
    return response


async def _log_out(request: Request) -> Response:
    gate = gate_of(request)
    response = RedirectResponse("/login", 303)
    # The cookies are sent with no form of another site (SameSite), and by a neighbour's not taken.
    if is_foreign(request, gate.settings.service.cors_origins):
        return response
    session_id = session_of_page(request, gate)
    try:
        if session_id is not None:
            await gate.accounts.logins.end(session_id, actor_of(request))
    except Unavailable:
        return _shown(request, _Form("Log out", "", problem=_AWAY, links=(_TO_LOGIN,)), 503)
    clear_cookies(response, gate)
    return response


async def _account_page(request: Request) -> Response:
    what = request.path_params["what"]
    form = _account_form(gate_of(request), what, code=request.query_params.get("code", ""))
    if form is None:
        return _shown(request, _Form("There is no such page", "", links=(_TO_LOGIN,)), 404)
    return _shown(request, form)


async def _account(request: Request) -> Response:
    what, given = request.path_params["what"], await _form_of(request)
    gate = gate_of(request)
    code, email = given.get("code", ""), given.get("email", "")
    if _account_form(gate, what) is None:
        return _shown(request, _Form("There is no such page", "", links=(_TO_LOGIN,)), 404)
    try:
        await limit_login(request)
        if what in _CODES:
            await use_code(request, code.strip(), _CODES[what], given.get("password", ""))
            done = _Form(_TITLES[what], "", said="Your password is set.", links=(_TO_LOGIN,))
            return _shown(request, done)
        if what == "join":
            said = _sentence(joined(await take_offer(request, code.strip())))
            return _shown(request, _Form(_JOIN, "", said=said, links=(_TO_LOGIN,)))
        if what == "register":
            check_open(gate)
            task = BackgroundTask(send_registration, gate, actor_of(request), email)
        else:
            task = BackgroundTask(send_reset, gate, email)
    except (ApiError, InputRejected, Unavailable) as error:
        again = _account_form(gate, what, code=code, email=email, problem=_words(error))
        assert again is not None
        return _shown(request, again, _status(error), error)
    sent = _shown(request, _Form("Look into your mail", "", said=_sentence(SENT)))
    sent.background = task
    return sent


def _login_form(gate: Gate, to: str, *, email: str = "", problem: str = "") -> _Form:
    links = [_Link("/account/forgot", "I forgot my password")]
    if gate.settings.accounts.registration == "open":
        links.append(_Link("/account/register", "I have no account yet"))
    if gate.settings.accounts.oidc.configured:
        links.insert(0, _Link("/api/v1/auth/oidc/start", "Log in with your organisation"))
    return _Form(
        "Log in",
        "/login",
        (
            _Field("email", "E-mail address", "email", "username", email, focus=not email),
            _Field("password", "Password", "password", "current-password", focus=bool(email)),
            _Field("next", kind="hidden", value=to),
        ),
        "Log in",
        problem=problem,
        links=tuple(links),
    )


def _account_form(
    gate: Gate, what: str, *, code: str = "", email: str = "", problem: str = ""
) -> _Form | None:
    """The form of a page; None: there is none of this name, or nobody may register."""
    action = f"/account/{what}"
    fields: tuple[_Field, ...]
    if what in _CODES:
        fields = (
            _Field("code", "The code of the message", value=code, focus=not code),
            _Field("password", "Your password", "password", "new-password", focus=bool(code)),
        )
        said = "Choose a password: long, and not a common one."
        return _Form(_TITLES[what], action, fields, "Continue", said, problem, (_TO_LOGIN,))
    if what == "join":
        fields = (_Field("code", "The code of the message", value=code, focus=not code),)
        said = "Accept the role that you are offered. If you do not want it, do nothing."
        return _Form(_JOIN, action, fields, "Accept", said, problem, (_TO_LOGIN,))
    is_open = gate.settings.accounts.registration == "open"
    titles = {"forgot": "Forgot your password?"} | ({"register": "Register"} if is_open else {})
    if what not in titles:
        return None
    fields = (_Field("email", "E-mail address", "email", "username", email, focus=True),)
    said = "A message brings you the code to choose one."
    return _Form(titles[what], action, fields, "Send it", said, problem, (_TO_LOGIN,))


def _shown(
    request: Request, form: _Form, status: int = 200, error: Exception | None = None
) -> Response:
    made = page(request, "account.html", status, form=form)
    made.headers["Cache-Control"] = "no-store"
    if isinstance(error, ApiError):
        made.headers.update(error.headers)
    return made


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form; none of one that is too large to be ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _words(error: Exception) -> str:
    if isinstance(error, ApiError):
        return _sentence(error.detail)
    return _sentence(error.message) if isinstance(error, InputRejected) else _AWAY


def _status(error: Exception) -> int:
    if isinstance(error, ApiError):
        return error.status
    return 422 if isinstance(error, InputRejected) else 503


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


_ROUTES = [
    Route("/login", _login_page, methods=["GET"]),
    Route("/login", _log_in, methods=["POST"]),
    Route("/logout", _log_out, methods=["POST"]),
    Route("/account/{what}", _account_page, methods=["GET"]),
    Route("/account/{what}", _account, methods=["POST"]),
]
#: What the pages answer.
ACCOUNT_PATHS = tuple(dict.fromkeys(route.path for route in _ROUTES))
