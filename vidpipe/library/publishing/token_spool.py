"""Fresh tokens on this machine's disk, until the catalog has them.

A platform that gives a refresh token once takes the one before no more. Whoever was answered
writes what it was given here before it does anything else: if it is gone before the catalog has
it, or the catalog is away, the next process on this machine finds it. Contents are sealed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from vidpipe.observability import events


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


class TokenSpool:
    """The files of a folder, one an account.

    Args:
        folder: made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, account_id: str, refresh: SecretStr | None, sealed: str) -> None:
        """Write down what came, and have the disk have it; where it cannot, a log says so."""
        if refresh is None:
            return
        path = self._folder / account_id
        own = path.with_name(f".{account_id}.{os.getpid()}")
        said = json.dumps({"of": digest_of(refresh), "sealed": sealed})
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(said)
                file.flush()
                os.fsync(file.fileno())
            os.replace(own, path)
        except OSError as error:
            events.warning(
                "account_token_unkept", account_id=account_id, message=str(error.strerror)
            )

    def find(self, account_id: str) -> SpooledToken | None:
        """What is kept for an account; None: nothing, or nothing that can be read."""
        try:
            read = json.loads((self._folder / account_id).read_text("utf-8"))
            return SpooledToken(account_id, str(read["of"]), str(read["sealed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def drop(self, account_id: str) -> None:
        """The catalog has it, or nobody wants it any more."""
        try:
            (self._folder / account_id).unlink(missing_ok=True)
        except OSError as error:
            events.warning("account_token_left", account_id=account_id, message=str(error.strerror))

    def all(self) -> Iterator[SpooledToken]:
        """Everything that is kept."""
        try:
            names = [path.name for path in self._folder.iterdir() if not path.name.startswith(".")]
        except OSError:
            return
        for name in names:
            if (found := self.find(name)) is not None:
                yield found


def digest_of(refresh: SecretStr) -> str:
    """Tells one refresh token from another, and nothing of it."""
    return hashlib.sha256(refresh.get_secret_value().encode()).hexdigest()
