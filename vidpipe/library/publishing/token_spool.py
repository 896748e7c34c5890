"""Fresh tokens on this machine's disk, until the catalog has them.

A platform that gives a refresh token once takes the one before no more. Whoever was answered
writes what it was given here before it does anything else: if it is gone before the catalog has
it, or the catalog is away, the next process on this machine finds it. Contents are sealed.

Each has a file of its own, named by its account and the refresh token that it was got with, which
is good once: whoever removes one removes no other that came later.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from vidpipe.observability import events
from vidpipe.storage.files import flush

#: Seconds after which whoever began to write a file is taken to be gone.
_LEFT_S = 3600.0


@dataclass(frozen=True)
class SpooledToken:
    """What came for an account.

    Attributes:
        account_id: of which.
        of: the digest of the refresh token that it was got with.
        sealed: its whole secret, as the catalog keeps it.
    """

    account_id: str
    of: str
    sealed: str

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.account_id}.{self.of[:16]}"


class TokenSpool:
    """The files of a folder, one for each token.

    Args:
        folder: made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, account_id: str, refresh: SecretStr, sealed: str) -> SpooledToken:
        """Write down what came, and have the disk have it; where it cannot, a log says so.

        Args:
            account_id: of which account.
            refresh: what it was got with.
            sealed: its whole secret.
        """
        kept = SpooledToken(account_id, digest_of(refresh), sealed)
        path = self._folder / kept.name
        own = path.with_name(f".{kept.name}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(asdict(kept)))
                file.flush()
                os.fsync(file.fileno())
            os.replace(own, path)
            # Of its name, and of the folder's, which may be new.
            flush(self._folder)
            flush(self._folder.parent)
        except OSError as error:
            events.warning(
                "account_token_unkept", account_id=account_id, message=str(error.strerror)
            )
        return kept

    def find(self, account_id: str, refresh: SecretStr | None) -> SpooledToken | None:
        """What was got with a refresh token; None: nothing, or nothing that can be read."""
        if refresh is None:
            return None
        return self._read(SpooledToken(account_id, digest_of(refresh), "").name)

    def drop(self, spooled: SpooledToken) -> None:
        """The catalog has it, or nobody wants it any more."""
        try:
            (self._folder / spooled.name).unlink(missing_ok=True)
        except OSError as error:
            events.warning(
                "account_token_left", account_id=spooled.account_id, message=str(error.strerror)
            )

    def all(self) -> Iterator[SpooledToken]:
        """Everything that is kept; what writers left that were killed is removed."""
        try:
            paths = list(self._folder.iterdir())
        except OSError:
            return
        for path in paths:
            if path.name.startswith("."):
                _remove_old(path)
            elif (found := self._read(path.name)) is not None:
                yield found

    def _read(self, name: str) -> SpooledToken | None:
        try:
            read = json.loads((self._folder / name).read_text("utf-8"))
            found = SpooledToken(str(read["account_id"]), str(read["of"]), str(read["sealed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.name == name else None


def _remove_old(path: Path) -> None:
    """Remove what nobody writes any more."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _LEFT_S:
            path.unlink()


def digest_of(refresh: SecretStr) -> str:
    """Tells one refresh token from another, and nothing of it."""
    return hashlib.sha256(refresh.get_secret_value().encode()).hexdigest()
