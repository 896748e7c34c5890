"""Logging in, staying so, and who a token stands for.

A login is a session: the family of its refresh tokens, each good once. Whoever brings one a second
time, the thief or the owner, ends the family (RFC 9700, 4.14.2). Every request looks the session
up, so that a session that was ended or a user who was disabled is refused with the next request,
not only once the access token expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.lockout import Lockout, unlock
from vidpipe.accounts.memberships import grants_of
from vidpipe.accounts.model import Principal, Scope
from vidpipe.accounts.options import SessionOptions
from vidpipe.accounts.passwords import Passwords
from vidpipe.accounts.signing import AccessToken, Signer
from vidpipe.accounts.tokens import new_id, new_token, sha256
from vidpipe.accounts.users import User, is_email, view
from vidpipe.catalog.account_tables import RefreshTokenRow, SessionRow, UserRow
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.tables import now

#: Ended sessions are kept this long, so that a stolen token is still noticed.
_KEPT = timedelta(days=7)


class LoginMethod(StrEnum):
    """How someone showed who they are."""

    PASSWORD = "password"  # noqa: S105
    OIDC = "oidc"


@dataclass(frozen=True)
class Login:
    """What someone has who logged in.

    Attributes:
        user: who they are.
        session_id: the login.
        access_token: a JWT for the next minutes.
        access_s: how many seconds it is good for.
        refresh_token: brings the next pair, once.
        until: when they have to log in again, in UTC.
    """

    user: User
    session_id: str
    access_token: str
    access_s: int
    refresh_token: str
    until: datetime


@dataclass(frozen=True)
class LoginRefused:
    """Why nobody was logged in.

    Attributes:
        reason: `credentials`, `locked`, `unverified` or `disabled`; of a token `token`, or
            `just_used` where that was within the grace.
        retry_after_s: seconds to wait where waiting helps.
    """

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True)
class SessionView:
    """One login of a user, as they see it."""

    id: str
    method: str
    address: str
    created_at: datetime
    expires_at: datetime


class Logins:
    """Starts, continues and ends sessions."""

    def __init__(
        self,
        sessions: Sessions,
        passwords: Passwords,
        lockout: Lockout,
        signer: Signer,
        options: SessionOptions,
    ) -> None:
        self._sessions = sessions
        self._passwords = passwords
        self._lockout = lockout
        self._signer = signer
        self._options = options

    async def with_password(self, email: str, password: str, by: Actor) -> Login | LoginRefused:
        """Log in; it takes as long whether there is such a user or not."""
        found = await self._checked(email, password, by)
        if isinstance(found, LoginRefused):
            return found
        row, renewed = found
        return await self.start(row.user_id, LoginMethod.PASSWORD, by, new_hash=renewed)

    async def check_password(self, email: str, password: str, by: Actor) -> LoginRefused | None:
        """Whether it is the password of someone who is logged in; guesses count as at a login."""
        found = await self._checked(email, password, by)
        if isinstance(found, LoginRefused):
            return found
        await self._lockout.succeeded(email)
        return None

    async def _checked(
        self, email: str, password: str, by: Actor
    ) -> tuple[UserRow, str | None] | LoginRefused:
        """The user whose password it is, and a new hash where the kept one has grown weak."""
        email = email.strip().lower()
        wait_s = await self._lockout.attempt(email)
        if wait_s is not None:
            await self._refuse(by, None, "locked")
            return LoginRefused("locked", wait_s)
        row = None
        if is_email(email):
            async with self._sessions.reading() as session:
                row = await session.scalar(select(UserRow).where(UserRow.email == email))
        kept = row.password_hash if row is not None else None
        right, renewed = await self._passwords.verify(password, kept)
        if row is None or not right:
            await self._refuse(by, row, "credentials")
            return LoginRefused("credentials")
        if row.disabled_at is not None or row.verified_at is None:
            reason = "disabled" if row.disabled_at is not None else "unverified"
            await self._refuse(by, row, reason)
            return LoginRefused(reason)
        return row, renewed

    async def start(
        self, user_id: str, method: LoginMethod, by: Actor, *, new_hash: str | None = None
    ) -> Login | LoginRefused:
        """Begin a session of someone who has shown who they are."""
        moment = now()
        refresh = new_token()
        async with self._sessions.writing() as session:
            row = await session.get(UserRow, user_id)
            if row is None or row.disabled_at is not None:
                return LoginRefused("disabled")
            row.last_login_at = moment
            row.password_hash = new_hash or row.password_hash
            await unlock(session, row.email)
            await session.execute(delete(SessionRow).where(SessionRow.expires_at < moment - _KEPT))
            begun = SessionRow(
                session_id=new_id(),
                user_id=user_id,
                method=method.value,
                address=by.address[:64],
                expires_at=moment + timedelta(seconds=self._options.refresh_s),
            )
            session.add(begun)
            await session.flush()
            session.add(RefreshTokenRow(sha256=sha256(refresh), session_id=begun.session_id))
            who = Actor(f"user:{user_id}", by.request_id, by.address)
            details = {"method": method.value}
            record(session, who, "session.start", f"user:{user_id}", details=details)
            user = view(row, (await grants_of(session, [user_id]))[user_id])
        return self._login(user, begun, refresh)

    async def refresh(self, token: str, by: Actor, *, grace_s: float = 0.0) -> Login | LoginRefused:
        """The next pair of tokens for a refresh token that was not used yet.

        Args:
            token: the refresh token.
            by: who sends it.
            grace_s: seconds after its use in which another one is refused, and does not end the
                session: a browser's tabs send the same cookie at the same time.
        """
        digest, moment = sha256(token), now()
        renewed = new_token()
        async with self._sessions.writing() as session:
            # One statement decides which of two requests was first.
            used = await session.execute(
                update(RefreshTokenRow)
                .where(RefreshTokenRow.sha256 == digest, RefreshTokenRow.used_at.is_(None))
                .values(used_at=moment)
                .returning(RefreshTokenRow.session_id)
            )
            session_id = used.scalar()
            if session_id is None:
                used_before = await session.get(RefreshTokenRow, digest)
                if used_before is None:
                    return LoginRefused("token")
                # Of two at once the one that came first may be the one that was used second.
                since = abs(moment - (used_before.used_at or moment))
                alive = await _alive(session, used_before.session_id, moment)
                if alive is not None and since < timedelta(seconds=grace_s):
                    return LoginRefused("just_used")
                await self._reused(session, used_before, by)
                return LoginRefused("token")
            found = await _alive(session, session_id, moment)
            if found is None:
                return LoginRefused("token")
            begun, row = found
            session.add(RefreshTokenRow(sha256=sha256(renewed), session_id=session_id))
            user = view(row, (await grants_of(session, [row.user_id]))[row.user_id])
        return self._login(user, begun, renewed)

    async def session_of(self, refresh_token: str) -> str | None:
        """The session that a refresh token, used or not, belongs to."""
        async with self._sessions.reading() as session:
            row = await session.get(RefreshTokenRow, sha256(refresh_token))
            return row.session_id if row is not None else None

    async def end(self, session_id: str, by: Actor, *, user_id: str | None = None) -> bool:
        """End a session; whether there was one, and of this user if one is named."""
        async with self._sessions.writing() as session:
            row = await session.get(SessionRow, session_id)
            if row is None or row.revoked_at is not None or user_id not in (None, row.user_id):
                return False
            row.revoked_at, row.revoked_because = now(), "logout"
            record(session, by, "session.end", f"user:{row.user_id}")
            return True

    async def list(self, user_id: str) -> list[SessionView]:
        """The sessions of a user that hold."""
        query = select(SessionRow).where(
            SessionRow.user_id == user_id,
            SessionRow.revoked_at.is_(None),
            SessionRow.expires_at > now(),
        )
        async with self._sessions.reading() as session:
            rows = await session.scalars(query.order_by(SessionRow.created_at))
            return [
                SessionView(r.session_id, r.method, r.address, r.created_at, r.expires_at)
                for r in rows
            ]

    async def principal(self, access_token: str) -> tuple[Principal, str] | None:
        """Whom an access token stands for, and its session; None: nobody (any more)."""
        said = self._signer.read_access_token(access_token)
        if said is None:
            return None
        found = await self.of_session(said.session_id)
        if found is None or found.id != f"user:{said.user_id}":
            return None
        return found, said.session_id

    async def of_session(self, session_id: str) -> Principal | None:
        """Whom a login stands for; None: nobody (any more)."""
        async with self._sessions.reading() as session:
            found = await _alive(session, session_id, now())
            if found is None:
                return None
            row = found[1]
            grants = (await grants_of(session, [row.user_id]))[row.user_id]
        return Principal(f"user:{row.user_id}", row.email, grants, frozenset(Scope))

    def _login(self, user: User, begun: SessionRow, refresh_token: str) -> Login:
        access = AccessToken(user.id, begun.session_id)
        return Login(
            user=user,
            session_id=begun.session_id,
            access_token=self._signer.access_token(access, self._options.access_s),
            access_s=self._options.access_s,
            refresh_token=refresh_token,
            until=begun.expires_at,
        )

    async def _reused(self, session: AsyncSession, row: RefreshTokenRow, by: Actor) -> None:
        """A token that was used comes again: the family ends."""
        family = await session.get_one(SessionRow, row.session_id)
        if family.revoked_at is None:
            family.revoked_at, family.revoked_because = now(), "reuse"
            what = f"user:{family.user_id}"
            record(session, by, "session.reuse", what, succeeded=False)

    async def _refuse(self, by: Actor, row: UserRow | None, reason: str) -> None:
        async with self._sessions.writing() as session:
            what = f"user:{row.user_id}" if row is not None else "nobody"
            record(session, by, "session.start", what, succeeded=False, details={"reason": reason})


async def _alive(
    session: AsyncSession, session_id: str, moment: datetime
) -> tuple[SessionRow, UserRow] | None:
    """A session that holds, and its user; None: ended, too old, or the user is disabled."""
    query = (
        select(SessionRow, UserRow)
        .join(UserRow, UserRow.user_id == SessionRow.user_id)
        .where(
            SessionRow.session_id == session_id,
            SessionRow.revoked_at.is_(None),
            SessionRow.expires_at > moment,
            UserRow.disabled_at.is_(None),
        )
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row is not None else None
