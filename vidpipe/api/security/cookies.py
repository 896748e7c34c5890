"""A browser's session: cookies that no script reads, and a token against forged requests.

The access token is sent with every request, the refresh token to `/api/v1/auth` alone. The CSRF
token is signed and bound to the session: a page of another origin can neither read it nor make one
for this session, so that the header that repeats it shows that our own page asks (OWASP: signed
double-submit cookie).
"""

from __future__ import annotations

import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from vidpipe.accounts.logins import Login
from vidpipe.accounts.signing import Signer
from vidpipe.api.security.gate import Gate

CSRF_HEADER = "x-csrf-token"
_AUTH_PATH = "/api/v1/auth"
_CSRF = "csrf"


def names(gate: Gate) -> tuple[str, str, str]:
    """Of the cookies with the access, the refresh and the CSRF token.

    `__Host-` and `__Secure-` are prefixes that a browser takes from HTTPS alone: no neighbour on
    the same domain can plant such a cookie.
    """
    if gate.secure:
        return "__Host-vidpipe_access", "__Secure-vidpipe_refresh", "__Host-vidpipe_csrf"
    return "vidpipe_access", "vidpipe_refresh", "vidpipe_csrf"


def set_cookies(response: Response, gate: Gate, login: Login) -> str:
    """Put a login into cookies; the CSRF token, which the page sends in a header."""
    access, refresh, csrf = names(gate)
    token = gate.accounts.signer.sign(_CSRF, login.session_id)
    lasts = gate.settings.accounts.session.refresh_s
    common = {"secure": gate.secure, "samesite": "lax"}
    response.set_cookie(access, login.access_token, login.access_s, httponly=True, **common)  # type: ignore[arg-type]
    response.set_cookie(
        refresh,
        login.refresh_token,
        lasts,
        path=_AUTH_PATH,
        httponly=True,
        **common,  # type: ignore[arg-type]
    )
    # Read by our own pages, and good for nothing without the other two.
    response.set_cookie(csrf, token, lasts, httponly=False, **common)  # type: ignore[arg-type]
    return token


def clear_cookies(response: Response, gate: Gate) -> None:
    """Take the cookies back."""
    access, refresh, csrf = names(gate)
    for name, path in ((access, "/"), (refresh, _AUTH_PATH), (csrf, "/")):
        response.delete_cookie(name, path=path, secure=gate.secure, samesite="lax")


def access_cookie(connection: HTTPConnection, gate: Gate) -> str | None:
    """The access token that a browser sent."""
    return connection.cookies.get(names(gate)[0])


def refresh_cookie(connection: HTTPConnection, gate: Gate) -> str | None:
    """The refresh token that a browser sent."""
    return connection.cookies.get(names(gate)[1])


def session_of_page(connection: HTTPConnection, gate: Gate) -> str | None:
    """The session of a browser, by the cookie that every page of ours gets; good to end it."""
    if not gate.accounts.can_log_in:
        return None
    return gate.accounts.signer.signed(_CSRF, connection.cookies.get(names(gate)[2], ""))


def csrf_holds(connection: HTTPConnection, gate: Gate, session_id: str) -> bool:
    """Whether the request's header repeats the cookie, and both are of this session."""
    signer: Signer = gate.accounts.signer
    cookie = connection.cookies.get(names(gate)[2], "")
    header = connection.headers.get(CSRF_HEADER, "")
    if not cookie.isascii() or not header.isascii() or not hmac.compare_digest(cookie, header):
        return False
    return signer.signed(_CSRF, header) == session_id
