"""OAuth 2.0 with PKCE: where a person is sent, and what a code and a refresh token are changed for.

Nothing here connects or keeps anything: requests are data, and `granted` reads their answers.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from vidpipe.errors import VidpipeError
from vidpipe.publishing.calls import (
    Arrival,
    Auth,
    PlatformCall,
    Reply,
    as_form,
    count_at,
    text_at,
    with_query,
)
from vidpipe.publishing.faults import UNNAMED_WAIT_S
from vidpipe.publishing.model import Remedy, Verb
from vidpipe.publishing.platforms import PLATFORMS
from vidpipe.webhooks.sending import retry_after_s

#: How a challenge is made of a verifier; "": the platform has no PKCE for applications of servers.
Challenge = Literal["S256", "hex", ""]
#: Refreshed so long before they expire.
EARLY = timedelta(minutes=10)


@dataclass(frozen=True)
class OAuthPlatform:
    """How one platform does OAuth.

    Attributes:
        client_field: what it calls the id of the application.
        client_auth: where the application's secret goes: the body, or HTTP Basic.
        separator: between scopes.
        challenge: PKCE's; `hex` is TikTok's, SHA-256 in hexadecimal.
        extra: further parameters of the authorisation.
        renews: how a token is renewed: by a refresh token, or by exchanging the token itself.
        revokes: which of a pair ends what was granted.
        early: how long before it expires a token is renewed: with those that are exchanged, a
            platform that is away for a day must not end the connection.
        exchange_url: where a short-lived token is changed for a long-lived one.
        default_life_s: of a token whose answer names none.
        rotates: whether a refresh token is good once, and the next one comes with the answer.
    """

    name: str
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    revoke_url: str = ""
    client_field: str = "client_id"
    client_auth: Literal["body", "basic"] = "body"
    separator: str = " "
    challenge: Challenge = "S256"
    extra: Mapping[str, str] = field(default_factory=dict)
    renews: Literal["refresh_token", "fb_exchange_token"] = "refresh_token"
    revokes: Literal["refresh", "access"] = "refresh"
    early: timedelta = EARLY
    exchange_url: str = ""
    default_life_s: int = 3600
    rotates: bool = False

    def at(self, base: str) -> OAuthPlatform:
        """The same with every address at another place: a fake's."""

        def moved(url: str) -> str:
            return f"{base.rstrip('/')}{urlsplit(url).path}" if url else ""

        return replace(
            self,
            authorize_url=moved(self.authorize_url),
            token_url=moved(self.token_url),
            revoke_url=moved(self.revoke_url),
            exchange_url=moved(self.exchange_url),
        )


@dataclass(frozen=True)
class OAuthClient:
    """The application as a platform knows it."""

    client_id: str
    client_secret: SecretStr
    redirect_uri: str


@dataclass(frozen=True)
class Authorisation:
    """Where a person is sent, and what is kept until they come back.

    Attributes:
        state: comes back with the code; another one is not theirs.
        verifier: proves that who has the code began this; kept secret, used once.
    """

    url: str
    state: str
    verifier: SecretStr


@dataclass(frozen=True)
class TokenGrant:
    """What a platform gave; secrets are hidden in what is printed.

    Attributes:
        refresh: None: it gave none, so the one before stays.
        remote_id: of the account, where the answer names it.
    """

    access: SecretStr
    expires_at: datetime
    refresh: SecretStr | None = None
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    remote_id: str = ""

    def due(self, now: datetime, early: timedelta = EARLY) -> bool:
        """Whether it is to be renewed now; `early` as the platform has it."""
        return self.expires_at - now <= early


class GrantRefused(VidpipeError):
    """A platform gave no token.

    Args:
        reason: stable: the platform's own, such as `invalid_grant`.
        remedy: RECONNECT: a person has to connect the account again; WAIT: later; GIVE_UP: the
            application itself is not accepted, see its id and secret.
        words: for a person.
    """

    def __init__(
        self, reason: str, remedy: Remedy, words: str, *, retry_after_s: float | None = None
    ) -> None:
        self.reason = reason
        self.remedy = remedy
        self.retry_after_s = retry_after_s
        super().__init__(words)


def challenge_of(verifier: str, method: Challenge) -> str:
    """PKCE's challenge (RFC 7636): what is shown first, of what is shown later."""
    digest = hashlib.sha256(verifier.encode("ascii"))
    if method == "hex":
        return digest.hexdigest()
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def authorise(
    platform: OAuthPlatform, client: OAuthClient, scopes: Sequence[str] = ()
) -> Authorisation:
    """Where to send a person.

    Args:
        platform: how it does OAuth.
        client: the application.
        scopes: what is asked for; none: all that publishing needs.
    """
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    query = {
        platform.client_field: client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": platform.separator.join(scopes or platform.scopes),
        "state": state,
        **platform.extra,
    }
    if platform.challenge:
        query["code_challenge"] = challenge_of(verifier, platform.challenge)
        query["code_challenge_method"] = "S256"
    return Authorisation(with_query(platform.authorize_url, **query), state, SecretStr(verifier))


def exchange(
    platform: OAuthPlatform, client: OAuthClient, code: SecretStr, verifier: SecretStr
) -> PlatformCall:
    """The request that changes a code for tokens. A code is good once: it is never repeated."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.get_secret_value(),
        "redirect_uri": client.redirect_uri,
    }
    if platform.challenge:
        fields["code_verifier"] = verifier.get_secret_value()
    return _token_call("exchange", platform, client, platform.token_url, fields)


def prolong(platform: OAuthPlatform, client: OAuthClient, grant: TokenGrant) -> PlatformCall | None:
    """The request that changes a first token for one that lives long; None: not needed."""
    return _exchange(platform, client, grant) if platform.exchange_url else None


def renew(platform: OAuthPlatform, client: OAuthClient, grant: TokenGrant) -> PlatformCall | None:
    """The request for a fresh access token; None: there is nothing to ask for one with."""
    if platform.renews == "fb_exchange_token":
        return _exchange(platform, client, grant)
    if grant.refresh is None:
        return None
    fields = {"grant_type": "refresh_token", "refresh_token": grant.refresh.get_secret_value()}
    return _token_call("renew", platform, client, platform.token_url, fields)


def _exchange(platform: OAuthPlatform, client: OAuthClient, grant: TokenGrant) -> PlatformCall:
    token = grant.access.get_secret_value()
    fields = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
    return _token_call("renew", platform, client, platform.exchange_url, fields)


def revoke(platform: OAuthPlatform, client: OAuthClient, grant: TokenGrant) -> PlatformCall | None:
    """The request that ends what was granted; None: the platform has none, end it there."""
    if not platform.revoke_url:
        return None
    if platform.renews == "fb_exchange_token":
        return PlatformCall("revoke", Verb.REFRESH, "DELETE", platform.revoke_url, auth=Auth.BEARER)
    refresh = grant.refresh if platform.revokes == "refresh" else None
    token = refresh or grant.access
    return _token_call(
        "revoke", platform, client, platform.revoke_url, {"token": token.get_secret_value()}
    )


def _token_call(
    name: str, platform: OAuthPlatform, client: OAuthClient, url: str, fields: Mapping[str, str]
) -> PlatformCall:
    secret = client.client_secret.get_secret_value()
    fields = {**fields, platform.client_field: client.client_id}
    headers: tuple[tuple[str, str], ...] = (("Accept", "application/json"),)
    if platform.client_auth == "basic":
        pair = base64.b64encode(f"{client.client_id}:{secret}".encode()).decode()
        headers = (*headers, ("Authorization", f"Basic {pair}"))
    elif secret:
        fields["client_secret"] = secret
    kind, body = as_form(fields)
    return PlatformCall(name, Verb.REFRESH, "POST", url, (*headers, *kind), body, auth=Auth.NONE)


def granted(platform: OAuthPlatform, reply: Reply, now: datetime) -> TokenGrant:
    """The tokens in an answer.

    Raises:
        GrantRefused: there are none; says what helps. Its text holds nothing of the answer.
    """
    read = reply.json()
    access = text_at(read, "access_token")
    if not (reply.ok and access):
        raise refusal_of(platform, reply)
    life_s = count_at(read, "expires_in") or platform.default_life_s
    refresh = text_at(read, "refresh_token")
    refresh_s = count_at(read, "refresh_expires_in") or count_at(read, "refresh_token_expires_in")
    scope = text_at(read, "scope")
    return TokenGrant(
        access=SecretStr(access),
        expires_at=now + timedelta(seconds=life_s),
        refresh=SecretStr(refresh) if refresh else None,
        refresh_expires_at=now + timedelta(seconds=refresh_s) if refresh_s else None,
        scopes=tuple(scope.replace(",", " ").split()),
        remote_id=text_at(read, "open_id"),
    )


def refusal_of(platform: OAuthPlatform, reply: Reply) -> GrantRefused:
    """Why there is no token, in words for a person."""
    reason, title = _reason(reply.json()), PLATFORMS[platform.name].title
    if reply.arrival is not Arrival.ANSWERED or reply.status >= 500 or reply.status == 429:
        wait_s = retry_after_s(reply.header("retry-after")) or UNNAMED_WAIT_S / 10
        words = f"{title} gives no tokens for the moment; it is asked again."
        why = reason or reply.why or f"http_{reply.status}"
        return GrantRefused(why, Remedy.WAIT, words, retry_after_s=wait_s)
    if reason in ("invalid_client", "unauthorized_client"):
        words = (
            f"{title} does not accept this application: compare its id and secret with "
            "the platform's page for developers."
        )
        return GrantRefused(reason, Remedy.GIVE_UP, words)
    words = f"{title} does not accept what was granted any more: connect the account again."
    return GrantRefused(reason or f"http_{reply.status}", Remedy.RECONNECT, words)


def _reason(read: Mapping[str, Any]) -> str:
    error = read.get("error")
    found = text_at(error, "type") or text_at(error, "code") if isinstance(error, dict) else error
    found = found or read.get("error_code") or read.get("error_type") or ""
    text = str(found)
    return text if len(text) <= 60 and text.replace("_", "").isalnum() else "refused"
