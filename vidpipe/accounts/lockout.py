"""Guessing passwords: after some failures in a row one has to wait.

An attempt counts before the password is looked at, so that many at once are no more than one
after the other. Addresses that nobody has count as well: a lockout says nothing about who exists.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from vidpipe.accounts.options import PasswordOptions
from vidpipe.accounts.tokens import sha256
from vidpipe.catalog.account_tables import LoginAttemptRow
from vidpipe.catalog.sessions import Sessions, insert_for
from vidpipe.catalog.tables import now


class Lockout:
    """Counts failed logins of an address."""

    def __init__(self, sessions: Sessions, options: PasswordOptions) -> None:
        self._sessions = sessions
        self._options = options

    async def attempt(self, email: str) -> float | None:
        """Count an attempt as failed until `succeeded` is called.

        Returns:
            Seconds to wait, without a look at the password; None: go on.
        """
        moment = now()
        lasts = timedelta(seconds=self._options.lockout_s)
        subject = sha256(email)
        async with self._sessions.writing() as session:
            # What strangers tried is forgotten with the time that it matters for.
            old = LoginAttemptRow.last_at < moment - lasts
            await session.execute(delete(LoginAttemptRow).where(old))
            await session.execute(
                insert_for(session)(LoginAttemptRow)
                .values(subject=subject, failures=0, last_at=moment)
                .on_conflict_do_nothing()
            )
            row = await session.get_one(LoginAttemptRow, subject, with_for_update=True)
            if row.locked_until is not None and row.locked_until > moment:
                return (row.locked_until - moment).total_seconds()
            row.failures += 1
            row.last_at = moment
            if row.failures >= self._options.max_failures:
                row.locked_until = moment + lasts
            return None

    async def succeeded(self, email: str) -> None:
        """The password was right: earlier failures are forgotten."""
        async with self._sessions.writing() as session:
            await unlock(session, email)


async def unlock(session: AsyncSession, email: str) -> None:
    """Forget the failures of an address."""
    await session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.subject == sha256(email)))
