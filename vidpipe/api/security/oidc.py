"""Logging in with an OpenID Connect provider: authorization code with PKCE.

What has to come back to this browser (state, nonce, verifier) is kept in a signed cookie that
lasts ten minutes, and in no table. Endpoints and keys come from the provider's own description.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidpipe.accounts.options import OidcOptions
from vidpipe.accounts.signing import Signer
from vidpipe.accounts.users import is_email
from vidpipe.errors import Unavailable
from vidpipe.extras import from_extra

if TYPE_CHECKING:
    import httpx

STATE_S = 600
_USE = "oidc"
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
#: Clocks of the provider and ours differ by this many seconds at most.
_SKEW_S = 60


@dataclass(frozen=True)
class Identity:
    """Who the provider says someone is.

    Attributes:
        issuer: the provider.
        subject: its name for them, which never changes.
        email: their address, in lower case; None: the provider does not vouch for one.
    """

    issuer: str
    subject: str
    email: str | None


class Provider:
    """One provider, as it describes itself.

    Args:
        options: where it is, and who we are to it.
        signer: signs what a browser keeps meanwhile.
        redirect_uri: where the provider sends browsers back to.
        transport: in place of the network, in tests.
    """

    def __init__(
        self,
        options: OidcOptions,
        signer: Signer,
        redirect_uri: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._options = options
        self._signer = signer
        self._redirect_uri = redirect_uri
        self._transport = transport
        self._described: dict[str, Any] | None = None

    async def begin(self) -> tuple[str, str]:
        """Where the browser goes, and the cookie that it brings back."""
        described = await self._description()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier})
        return str(url), self._signer.sign(_USE, kept, STATE_S)

    async def finish(self, code: str, state: str, cookie: str) -> Identity | None:
        """Who came back; None: not the browser that went, or the provider vouches for nothing.

        Raises:
            Unavailable: the provider cannot be reached.
        """
        kept = self._signer.signed(_USE, cookie)
        if kept is None:
            return None
        began = json.loads(kept)
        if not state.isascii() or not hmac.compare_digest(began["state"], state):
            return None
        with from_extra("service"):
            import httpx
            from authlib.common.errors import AuthlibBaseError
        described = await self._description()
        try:
            async with self._client() as client:
                tokens = await client.fetch_token(
                    described["token_endpoint"], code=code, code_verifier=began["verifier"]
                )
        except AuthlibBaseError:
            # The code is none, was used, or belongs to another verifier.
            return None
        except httpx.HTTPError as error:
            raise Unavailable(f"the OpenID provider: {type(error).__name__}") from error
        return await self._read(str(tokens.get("id_token", "")), began["nonce"], described)

    async def _read(self, token: str, nonce: str, described: dict[str, Any]) -> Identity | None:
        """What an ID token says: signed by the provider, for us, just now, for this login."""
        with from_extra("service"):
            from joserfc import jwt
            from joserfc.errors import JoseError
            from joserfc.jwk import KeySet
        keys = KeySet.import_key_set(await self._get(described["jwks_uri"]))  # type: ignore[arg-type]
        registry = jwt.JWTClaimsRegistry(
            leeway=_SKEW_S,
            iss={"essential": True, "value": described["issuer"]},
            aud={"essential": True, "value": self._options.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        email = str(claims.get("email", "")).strip().lower()
        vouched = claims.get("email_verified") is True and is_email(email)
        return Identity(described["issuer"], str(claims["sub"]), email if vouched else None)

    async def _description(self) -> dict[str, Any]:
        if self._described is None:
            issuer = self._options.issuer.rstrip("/")
            found = await self._get(f"{issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != issuer:
                raise Unavailable("the OpenID provider names another issuer than the settings")
            self._described = found
        return self._described

    async def _get(self, url: str) -> dict[str, Any]:
        with from_extra("service"):
            import httpx
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=10.0) as client:
                answer = (await client.get(url)).raise_for_status()
                found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"the OpenID provider: {type(error).__name__}") from error
        return found

    def _client(self) -> Any:
        with from_extra("service"):
            from authlib.integrations.httpx_client import AsyncOAuth2Client
        return AsyncOAuth2Client(
            client_id=self._options.client_id,
            client_secret=self._options.client_secret.get_secret_value() or None,
            scope=self._options.scope,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            transport=self._transport,
            timeout=10.0,
        )
