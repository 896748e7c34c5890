"""Passwords: which are refused, and how the others are kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from vidpipe.errors import InputRejected
from vidpipe.extras import from_extra

if TYPE_CHECKING:
    from pwdlib import PasswordHash

#: NIST SP 800-63B wants 64 allowed at least; longer ones would only cost time.
MAX_LENGTH = 128
#: zxcvbn's 3 of 4: more than 10^8 guesses, "safely unguessable: moderate protection from offline
#: slow-hash scenario" (its README). It knows the 30,000 most common passwords, names, words,
#: keyboard rows, dates, repetitions, and what it is told of the user.
_MIN_SCORE = 3
#: What zxcvbn reads of a password: its time grows with the square of the length.
_ESTIMATED = 72
#: Hashes at once: each takes 64 MiB (argon2-cffi's defaults, RFC 9106's second recommendation).
_AT_ONCE = 4


class Passwords:
    """Hashes passwords with argon2id, off the loop, a few at a time."""

    def __init__(self, min_length: int = 12) -> None:
        with from_extra("service"):
            from pwdlib import PasswordHash
            from pwdlib.hashers.argon2 import Argon2Hasher
        self.min_length = min_length
        self._hasher: PasswordHash = PasswordHash((Argon2Hasher(),))
        self._limit: anyio.CapacityLimiter | None = None
        #: Verified where there is no user, so that the answer takes as long.
        self._nobody: str | None = None

    def check(self, password: str, about: Iterable[str] = ()) -> None:
        """Refuse a password that is too short, too long, common or about the user.

        Args:
            password: as it was typed.
            about: words that an attacker tries first, such as the parts of the e-mail address.

        Raises:
            InputRejected: `weak_password`, with what to do.
        """
        length = len(_normal(password))
        if length < self.min_length:
            raise InputRejected(
                "weak_password",
                f"the password has {length} characters; it needs {self.min_length} at least. "
                "Several words are easy to remember",
            )
        if length > MAX_LENGTH:
            raise InputRejected("weak_password", f"a password has {MAX_LENGTH} characters at most")
        with from_extra("service"):
            from zxcvbn import zxcvbn
        found = zxcvbn(
            _normal(password)[:_ESTIMATED].lower(), user_inputs=["vidpipe", *map(str.lower, about)]
        )
        if found["score"] < _MIN_SCORE:
            raise InputRejected(
                "weak_password",
                "the password is common or easily guessed. Take several unrelated words, or let a "
                "password manager make one",
            )

    async def hash(self, password: str) -> str:
        """The argon2id hash to be kept."""
        return await self._off_loop(password)

    async def verify(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash where the kept one has weaker parameters.

        Takes as long where there is no hash.
        """
        if len(password) > MAX_LENGTH:
            kept, password = None, "x"
        if self._nobody is None:
            self._nobody = await self._off_loop("nobody has this password")
        right, renewed = await anyio.to_thread.run_sync(
            self._hasher.verify_and_update,
            _bytes(password),
            kept or self._nobody,
            limiter=self._limiter(),
        )
        return (right, renewed) if kept else (False, None)

    async def _off_loop(self, password: str) -> str:
        return await anyio.to_thread.run_sync(
            self._hasher.hash, _bytes(password), limiter=self._limiter()
        )

    def _limiter(self) -> anyio.CapacityLimiter:
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(_AT_ONCE)
        return self._limit


def _normal(password: str) -> str:
    """One form for the same letters, however a keyboard makes them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    """What is hashed; letters that no encoding has are only a wrong password."""
    return _normal(password).encode("utf-8", "surrogatepass")
