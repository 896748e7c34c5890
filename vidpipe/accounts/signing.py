"""What is signed instead of kept: access tokens, and values that a browser brings back.

Every use has a key of its own, derived from the secret: a token of one kind is none of another.
Of several secrets the first signs and all verify, so that one can be exchanged without logging
anybody out: add the new one in front, and drop the old one after the longest lifetime.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidpipe.accounts.options import MIN_SECRET_CHARACTERS
from vidpipe.errors import Misconfigured
from vidpipe.extras import from_extra
from vidpipe.private_files import private_text

_ISSUER = "vidpipe"
_ALGORITHM = "HS256"
#: The type of access tokens (RFC 9068): nothing else that we sign passes for one.
_TYPE = "at+jwt"
#: Clocks of several machines differ by this many seconds at most.
_SKEW_S = 5
#: Characters of a token at most; ours have some 400.
_LONGEST = 4096
SECRET_FILE = "secret"  # noqa: S105 (the name of a file)


@dataclass(frozen=True)
class AccessToken:
    """What a verified access token says.

    Attributes:
        user_id: whose it is.
        session_id: the login that it comes from.
    """

    user_id: str
    session_id: str


class Signer:
    """Signs and verifies with one or more secrets.

    Raises:
        Misconfigured: there is none, or one is too short.
    """

    def __init__(self, given: Sequence[str]) -> None:
        if not given or any(len(secret) < MIN_SECRET_CHARACTERS for secret in given):
            raise Misconfigured(
                "VIDPIPE_ACCOUNTS__SECRETS: there is none of "
                f"{MIN_SECRET_CHARACTERS} characters; make one with `openssl rand -hex 32`"
            )
        self._secrets = [secret.encode() for secret in given]

    def _keys(self, use: str) -> list[bytes]:
        return [
            hmac.digest(secret, f"vidpipe {use}".encode(), "sha256") for secret in self._secrets
        ]

    def access_token(self, token: AccessToken, lifetime_s: int) -> str:
        """A JWT for the authorization header."""
        with from_extra("service"):
            from joserfc import jwt
            from joserfc.jwk import OctKey
        key = self._keys("access")[0]
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _ISSUER,
            "sub": token.user_id,
            "sid": token.session_id,
            "iat": now,
            "exp": now + lifetime_s,
        }
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": _name(key)}
        return jwt.encode(header, claims, OctKey.import_key(key), algorithms=[_ALGORITHM])

    def read_access_token(self, token: str) -> AccessToken | None:
        """What it says, or None: not ours, of another kind, altered, or expired."""
        with from_extra("service"):
            from joserfc import jwt
            from joserfc.errors import JoseError
            from joserfc.jwk import OctKey
        registry = jwt.JWTClaimsRegistry(
            leeway=_SKEW_S,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": _ISSUER},
            sub={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        if not token.isascii() or len(token) > _LONGEST:
            return None
        for key in self._keys("access"):
            try:
                found = jwt.decode(token, OctKey.import_key(key), algorithms=[_ALGORITHM])
                if found.header.get("typ") != _TYPE or found.header.get("kid") != _name(key):
                    continue
                registry.validate(found.claims)
                user_id, session_id = found.claims["sub"], found.claims["sid"]
            except (JoseError, ValueError, TypeError):
                # Strangers send anything: what cannot be read is as good as none.
                continue
            if isinstance(user_id, str) and isinstance(session_id, str):
                return AccessToken(user_id, session_id)
        return None

    def sign(self, use: str, value: str, lifetime_s: int | None = None) -> str:
        """A value that comes back by way of a browser, with what shows that it is ours."""
        until = str(int(time.time()) + lifetime_s) if lifetime_s is not None else ""
        text = f"{value}.{until}"
        return f"{text}.{_mac(self._keys(use)[0], text)}"

    def signed(self, use: str, text: str) -> str | None:
        """The value of what was signed for this use; None: it was not, or is too old."""
        value_and_until, _, mac = text.rpartition(".")
        if not mac.isascii():
            return None
        made = [_mac(key, value_and_until) for key in self._keys(use)]
        if not any(hmac.compare_digest(mac.encode(), one.encode()) for one in made):
            return None
        value, _, until = value_and_until.rpartition(".")
        if until and time.time() > int(until):
            return None
        return value


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _name(key: bytes) -> str:
    """The `kid` of a derived key, which tells nothing of the secret."""
    return hashlib.sha256(b"kid" + key).hexdigest()[:16]


def embedded_secret(home: Path) -> str:
    """The secret of an embedded installation: made once, readable by its owner alone.

    Raises:
        Misconfigured: others may read the file, or it cannot be written.
    """
    path = home / SECRET_FILE
    text = private_text(path, lambda: secrets.token_hex(32))
    if len(text) < MIN_SECRET_CHARACTERS:
        raise Misconfigured(f"{path} holds no secret: remove it, and a new one is made")
    return text
