"""Accounts as a whole: what the service and the command line work with."""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.accounts.audit import Audit
from vidpipe.accounts.invitations import Invitations
from vidpipe.accounts.keys import Keys
from vidpipe.accounts.lockout import Lockout
from vidpipe.accounts.logins import Logins
from vidpipe.accounts.options import AccountOptions
from vidpipe.accounts.passwords import Passwords
from vidpipe.accounts.rates import RateLimits
from vidpipe.accounts.signing import Signer
from vidpipe.accounts.users import Users
from vidpipe.catalog.sessions import Sessions


class Accounts:
    """Users, their logins, keys, limits and the audit log, over one database.

    Args:
        sessions: of the database; `vidpipe migrate` has been run on it.
        options: what is set.
        secrets: what tokens are signed with; none: nobody can log in, all else works.
    """

    def __init__(
        self, sessions: Sessions, options: AccountOptions, secrets: Sequence[str] = ()
    ) -> None:
        self.sessions = sessions
        self.options = options
        self._secrets = tuple(secrets)
        passwords = Passwords(options.password.min_length)
        self.users = Users(sessions, passwords)
        self.invitations = Invitations(sessions)
        self.keys = Keys(sessions)
        self.audit = Audit(sessions)
        self.rates = RateLimits(sessions)
        self._passwords = passwords
        self._lockout = Lockout(sessions, options.password)
        self._signer: Signer | None = None
        self._logins: Logins | None = None

    @property
    def can_log_in(self) -> bool:
        """Whether there is a secret, without which there are keys alone."""
        return bool(self._secrets)

    @property
    def signer(self) -> Signer:
        """Signs tokens.

        Raises:
            Misconfigured: there is no secret.
        """
        if self._signer is None:
            self._signer = Signer(self._secrets)
        return self._signer

    @property
    def logins(self) -> Logins:
        """Sessions of users.

        Raises:
            Misconfigured: there is no secret.
        """
        if self._logins is None:
            self._logins = Logins(
                self.sessions, self._passwords, self._lockout, self.signer, self.options.session
            )
        return self._logins

    async def close(self) -> None:
        """Close every connection."""
        await self.sessions.close()
