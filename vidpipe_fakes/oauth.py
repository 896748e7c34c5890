"""The OAuth side of fakes: consent, codes with PKCE, refresh tokens, revocation."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from vidpipe_fakes.core import Asked, FakePlatform, FakeToken, Route


@dataclass(frozen=True)
class OAuthPaths:
    """How a platform does OAuth.

    Attributes:
        pkce: how a challenge is made of a verifier; None: the platform knows none.
        rotates: whether a refresh token is good once.
        revokes_access: whether only an access token ends what was granted.
        again: whether a refresh gives a refresh token, too.
    """

    authorize: str
    token: str
    revoke: str = ""
    exchange: str = ""
    client_field: str = "client_id"
    basic: bool = False
    pkce: Callable[[str], str] | None = None
    rotates: bool = False
    revokes_access: bool = False
    again: bool = True
    life_s: int = 3600


def s256(verifier: str) -> str:
    """RFC 7636."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hexadecimal(verifier: str) -> str:
    """TikTok's."""
    return hashlib.sha256(verifier.encode()).hexdigest()


@dataclass
class _Code:
    account: str
    redirect_uri: str
    challenge: str
    scope: str


class FakeOAuth:
    """Endpoints of OAuth on a fake.

    Args:
        fake: whose tokens they give.
        paths: how its platform does it.
        account: who consents.
    """

    CLIENT_ID, CLIENT_SECRET = "fake-client", "fake-client-secret"

    def __init__(self, fake: FakePlatform, paths: OAuthPaths, account: str) -> None:
        self._fake, self._paths, self._account = fake, paths, account
        self._codes: dict[str, _Code] = {}
        self.refresh_tokens: dict[str, tuple[str, str]] = {}
        self.denies = False

    def routes(self) -> list[Route]:
        """What it answers."""
        make, paths = self._fake.route, self._paths
        found = [
            make("oauth_authorize", "GET", paths.authorize, self._authorize, "none"),
            make("oauth_token", "POST", paths.token, self._token, "none"),
        ]
        if paths.revoke:
            found.append(make("oauth_revoke", "POST", paths.revoke, self._revoke, "none"))
            found.append(make("oauth_revoke", "DELETE", paths.revoke, self._revoked_own))
        if paths.exchange:
            path = paths.exchange
            if path != paths.token:
                found.append(make("oauth_exchange", "POST", path, self._exchange, "none"))
                found.append(make("oauth_exchange", "GET", path, self._exchange, "none"))
        return found

    def _authorize(self, asked: Asked) -> Response:
        query = asked.query
        if query.get(self._paths.client_field) != self.CLIENT_ID:
            return JSONResponse({"error": "invalid_client"}, 400)
        if query.get("response_type") != "code" or not query.get("redirect_uri"):
            return JSONResponse({"error": "invalid_request"}, 400)
        if self._paths.pkce and not (
            query.get("code_challenge") and query.get("code_challenge_method") == "S256"
        ):
            return JSONResponse({"error": "invalid_request", "why": "PKCE is wanted"}, 400)
        back = {"state": query.get("state", "")}
        if self.denies:
            back["error"] = "access_denied"
        else:
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(
                self._account, query["redirect_uri"], query.get("code_challenge", ""),
                query.get("scope", ""),
            )  # fmt: skip
            back["code"] = code
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    def _token(self, asked: Asked) -> Response:
        form = asked.form()
        if not self._is_client(asked, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(form)
            case "refresh_token":
                return self._by_refresh(form)
            case "fb_exchange_token":
                return self._exchange(asked)
            case _:
                return JSONResponse({"error": "unsupported_grant_type"}, 400)

    def _is_client(self, asked: Asked, form: Mapping[str, str]) -> bool:
        if self._paths.basic:
            pair = f"{self.CLIENT_ID}:{self.CLIENT_SECRET}"
            wanted = "Basic " + base64.b64encode(pair.encode()).decode()
            return asked.headers.get("authorization") == wanted
        return (
            form.get(self._paths.client_field) == self.CLIENT_ID
            and form.get("client_secret") == self.CLIENT_SECRET
        )

    def _by_code(self, form: Mapping[str, str]) -> Response:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.redirect_uri != form.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        pkce = self._paths.pkce
        if pkce and pkce(form.get("code_verifier", "")) != code.challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._given(code.account, code.scope, first=True)

    def _by_refresh(self, form: Mapping[str, str]) -> Response:
        token = form.get("refresh_token", "")
        known = self.refresh_tokens.get(token)
        if known is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if self._paths.rotates:
            del self.refresh_tokens[token]
        return self._given(*known, first=self._paths.again)

    def _exchange(self, asked: Asked) -> Response:
        given = {**asked.query, **asked.form()}
        old = given.get("access_token") or given.get("fb_exchange_token", "")
        known = self._fake.tokens.get(old)
        if known is None:
            return JSONResponse({"error": {"code": 190, "type": "OAuthException"}}, 400)
        token = self._fake.token(known.account, *known.scopes, life_s=60 * 86_400)
        return JSONResponse(
            {"access_token": token, "token_type": "bearer", "expires_in": 5_184_000}
        )

    def _given(self, account: str, scope: str, *, first: bool) -> Response:
        scopes = scope.replace(",", " ").split()
        access = self._fake.token(account, *scopes, life_s=self._paths.life_s)
        made = {
            "access_token": access, "expires_in": self._paths.life_s, "scope": scope,
            "token_type": "Bearer",
        }  # fmt: skip
        if first and not self._paths.exchange:
            refresh = f"fake-refresh-{secrets.token_hex(16)}"
            self.refresh_tokens[refresh] = (account, scope)
            made["refresh_token"] = refresh
        return JSONResponse(made)

    def _revoke(self, asked: Asked) -> Response:
        token = {**asked.query, **asked.form()}.get("token", "")
        if self._paths.revokes_access:
            access = self._fake.tokens.get(token)
            known = None if access is None else (access.account, "")
        else:
            known = self.refresh_tokens.pop(token, None)
        if known is not None:
            for name, one in list(self._fake.tokens.items()):
                if one.account == known[0]:
                    del self._fake.tokens[name]
        elif self._fake.tokens.pop(token, None) is None:
            return JSONResponse({"error": "invalid_token"}, 400)
        return JSONResponse({})

    def _revoked_own(self, asked: Asked) -> Response:
        secret = asked.headers.get("authorization", "").partition(" ")[2]
        self._fake.tokens.pop(secret, None)
        return JSONResponse({"success": True})

    def expire(self, token: str) -> None:
        """Let an access token expire now."""
        known = self._fake.tokens[token]
        self._fake.tokens[token] = FakeToken(
            known.account, self._fake.clock() - timedelta(seconds=1), known.scopes
        )
