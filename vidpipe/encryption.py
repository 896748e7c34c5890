"""Secrets at rest: encrypted in the database, under keys that are not in it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from vidpipe.errors import Misconfigured
from vidpipe.extras import from_extra
from vidpipe.private_files import private_text

#: The key of an embedded installation, in its home.
KEY_FILE = "encryption.key"
_SETTING = "VIDPIPE_ENCRYPTION_KEYS"
_KEY_BYTES = 32


def is_key(text: str) -> bool:
    """Whether this is a key: 32 bytes in base64, of the alphabet for URLs."""
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


class Vault:
    """Encrypts with the first of its keys, and decrypts with each (Fernet: AES-128-CBC, HMAC).

    Args:
        keys: each 32 bytes in base64 for URLs.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        with from_extra("service"):
            from cryptography.fernet import Fernet, MultiFernet
        self._first = Fernet(keys[0])
        #: Tells the key that it encrypts with from others, and nothing else of it.
        self.key_id = hashlib.sha256(f"vidpipe key {keys[0]}".encode()).hexdigest()[:16]
        self._all = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        """A text encrypted."""
        return self._all.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was encrypted.

        Raises:
            Misconfigured: none of the keys is the one that it was encrypted with.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._all.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Misconfigured(
                f"{_SETTING}: a secret in the catalog was encrypted with another key; put that "
                "one behind the first"
            ) from error

    def renewed(self, sealed: str) -> str | None:
        """The same encrypted with the first key; None where it is already.

        Raises:
            Misconfigured: none of the keys is the one that it was encrypted with.
        """
        from cryptography.fernet import InvalidToken

        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None


def open_vault(keys: Sequence[str], home: Path, *, embedded: bool) -> Vault:
    """The vault of an installation.

    Args:
        keys: those that are set.
        home: where an embedded installation keeps a key of its own, made on first use.
        embedded: whether the catalog is a file of this machine.

    Raises:
        Misconfigured: no key is set, and it is not embedded; or the file of the key is damaged.
    """
    if keys:
        return Vault(keys)
    if not embedded:
        raise Misconfigured(
            f"{_SETTING}: no key is set, and secrets are kept encrypted only; make one with "
            "`openssl rand -base64 32 | tr +/ -_` and set it as JSON, a list of one"
        )
    path = home / KEY_FILE
    text = private_text(path, lambda: base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode())
    if not is_key(text):
        raise Misconfigured(f"{path} holds no key: put it back from a copy")
    return Vault([text])
