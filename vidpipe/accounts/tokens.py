"""Random tokens: refresh tokens, API keys, links in e-mails. Only their SHA-256 is kept.

A fast hash suffices: a token has 256 random bits, which nobody guesses, unlike a password.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

_BYTES = 32
#: Begins every API key, so that scanners of repositories find one that was lost.
KEY_MARK = "vp_"
#: Characters after the mark that are shown: enough to tell keys apart, 240 bits stay unknown.
_SHOWN = 8


@dataclass(frozen=True)
class NewKey:
    """An API key at the only moment when it is known.

    Attributes:
        secret: the whole key.
        prefix: its beginning, which is kept and shown.
        sha256: what is kept of the whole.
    """

    secret: str
    prefix: str
    sha256: str


def new_token() -> str:
    """256 random bits, in letters that a URL may hold."""
    return secrets.token_urlsafe(_BYTES)


def new_id() -> str:
    """An identifier that says nothing and is not used twice."""
    return secrets.token_hex(16)


def sha256(token: str) -> str:
    """What is kept of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> NewKey:
    """A new API key."""
    # Hexadecimal after the mark: no character of a prefix means something to a database or shell.
    prefix = KEY_MARK + secrets.token_hex(_SHOWN // 2)
    secret = f"{prefix}_{new_token()}"
    return NewKey(secret, prefix, sha256(secret))
