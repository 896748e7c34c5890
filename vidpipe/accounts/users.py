"""Users: who there is, what they are where, and the links that are sent to them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.lockout import unlock
from vidpipe.accounts.memberships import ADMIN, give, grants_of, keep_an_admin, lock_admins
from vidpipe.accounts.model import Grant, Role
from vidpipe.accounts.passwords import Passwords
from vidpipe.accounts.tokens import new_id, new_token, sha256
from vidpipe.catalog.account_tables import (
    IdentityRow,
    MembershipRow,
    OneTimeTokenRow,
    SessionRow,
    UserRow,
)
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected, Misconfigured

#: Something, an at sign, a domain: whether it exists is for a message to find out. No character
#: that ends a header or a line (RFC 5321, 4.5.3.1: 254 in all, 64 before the at sign).
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\[\]\\_]{1,189}")
_ID = re.compile(r"[0-9a-f]{32}")


class UnknownAccount(Misconfigured):
    """There is no user, key or membership of this name."""


class Purpose(StrEnum):
    """What a link in an e-mail is for."""

    VERIFY = "verify"
    RESET = "reset"
    INVITE = "invite"


#: How long a link holds. OWASP's cheat sheet on forgotten passwords wants a short time without
#: naming one; people read mail within hours, and an invitation after a weekend.
LIFETIMES = {
    Purpose.VERIFY: timedelta(days=2),
    Purpose.RESET: timedelta(hours=1),
    Purpose.INVITE: timedelta(days=7),
}


@dataclass(frozen=True)
class User:
    """Someone who may log in.

    Attributes:
        id: 32 hexadecimal digits.
        email: in lower case.
        verified: whether the address was shown to be theirs.
        disabled: whether they may not log in (any more).
        has_password: whether there is a password.
        created_at: when the account was made, in UTC.
        last_login_at: when they last logged in, in UTC.
        grants: their roles.
    """

    id: str
    email: str
    verified: bool
    disabled: bool
    has_password: bool
    created_at: datetime
    last_login_at: datetime | None
    grants: tuple[Grant, ...] = field(default=())

    @property
    def principal_id(self) -> str:
        return f"user:{self.id}"


def is_email(text: str) -> bool:
    """Whether this can be an e-mail address."""
    encodable = not any("\ud800" <= c <= "\udfff" for c in text)
    return encodable and bool(_EMAIL.fullmatch(text)) and ".." not in text


def email_address(text: str) -> str:
    """An e-mail address as accounts are known by it: in lower case.

    Raises:
        InputRejected: it is none.
    """
    found = text.strip().lower()
    if not is_email(found):
        raise InputRejected("not_an_email", "this is no e-mail address")
    return found


def view(row: UserRow, grants: tuple[Grant, ...]) -> User:
    """A row as a value."""
    return User(
        id=row.user_id,
        email=row.email,
        verified=row.verified_at is not None,
        disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        grants=grants,
    )


def _fields(row: UserRow) -> dict[str, Any]:
    """What the audit log's digests are of."""
    names = ("email", "verified_at", "disabled_at")
    return {name: getattr(row, name) for name in names} | {"password": bool(row.password_hash)}


class Users:
    """Adds users, changes what they are, and keeps their passwords."""

    def __init__(self, sessions: Sessions, passwords: Passwords) -> None:
        self._sessions = sessions
        self._passwords = passwords

    # Looking

    async def count(self) -> int:
        """How many users may log in."""
        query = select(func.count()).select_from(UserRow).where(UserRow.disabled_at.is_(None))
        async with self._sessions.reading() as session:
            return await session.scalar(query) or 0

    async def list(
        self, organisations: Collection[str] | None = None, *, after: str = "", limit: int = 100
    ) -> list[User]:
        """Users by e-mail address.

        Args:
            organisations: only those who have a role in one of these; None: all.
            after: only those whose address comes after this one: the next page.
            limit: how many.
        """
        query = select(UserRow).where(UserRow.email > after).order_by(UserRow.email).limit(limit)
        if organisations is not None:
            belongs = exists().where(
                MembershipRow.user_id == UserRow.user_id,
                MembershipRow.organisation.in_(organisations),
            )
            query = query.where(belongs)
        async with self._sessions.reading() as session:
            rows = list(await session.scalars(query))
            grants = await grants_of(session, [row.user_id for row in rows])
        return [view(row, grants[row.user_id]) for row in rows]

    async def get(self, who: str) -> User:
        """A user by id or e-mail address.

        Raises:
            UnknownAccount: there is none.
        """
        async with self._sessions.reading() as session:
            row = await _find(session, who)
            return view(row, (await grants_of(session, [row.user_id]))[row.user_id])

    # Changing

    async def add(
        self,
        email: str,
        by: Actor,
        *,
        password: str | None = None,
        grants: Collection[Grant] = (),
        verified: bool = False,
    ) -> User:
        """Add a user.

        Raises:
            InputRejected: the address is none, or taken; the password is refused.
        """
        address = email_address(email)
        hashed = await self._new_hash(password, address) if password is not None else None
        row = UserRow(
            user_id=new_id(),
            email=address,
            password_hash=hashed,
            verified_at=now() if verified else None,
        )
        async with self._sessions.writing() as session:
            session.add(row)
            try:
                await session.flush()
            except IntegrityError as error:
                raise InputRejected("email_taken", f"there is a user {address} already") from error
            what = f"user:{row.user_id}"
            for organisation in _organisations(grants):
                record(session, by, "user.add", what, organisation=organisation, after=_fields(row))
            for grant in grants:
                await give(session, row.user_id, grant, by)
        return view(row, tuple(grants))

    async def give_role(self, who: str, grant: Grant, by: Actor) -> User:
        """Give someone a role in an organisation or a channel, in place of the one they had.

        Raises:
            LastAdmin: they are the last admin of the organisation, and would be none.
        """
        async with self._sessions.writing() as session:
            row = await _find(session, who)
            await give(session, row.user_id, grant, by)
            return view(row, (await grants_of(session, [row.user_id]))[row.user_id])

    async def take_role(self, who: str, organisation: str, channel: str | None, by: Actor) -> None:
        """Take a role away.

        Raises:
            UnknownAccount: they have none there.
            LastAdmin: they are the last admin of the organisation.
        """
        async with self._sessions.writing() as session:
            row = await _find(session, who)
            await lock_admins(session, [organisation])
            have = await session.get(MembershipRow, (row.user_id, organisation, channel or ""))
            if have is None:
                raise UnknownAccount(f"{row.email} has no role there")
            before = {"role": have.role, "channel": have.channel}
            await session.delete(have)
            if before == ADMIN:
                await keep_an_admin(session, organisation, by)
            record(
                session,
                by,
                "role.take",
                f"user:{row.user_id}",
                organisation=organisation,
                before=before,
            )

    async def set_disabled(self, who: str, disabled: bool, by: Actor) -> User:
        """Let someone in no more, or again. Sessions end and keys stop with the next request.

        Raises:
            LastAdmin: they are the last admin of an organisation.
        """
        async with self._sessions.writing() as session:
            row = await _find(session, who)
            grants = (await grants_of(session, [row.user_id]))[row.user_id]
            await lock_admins(session, {grant.organisation for grant in grants})
            before = _fields(row)
            row.disabled_at = now() if disabled else None
            if disabled:
                await _end_sessions(session, row.user_id, "disabled")
            action = "user.disable" if disabled else "user.enable"
            await session.flush()
            for grant in grants:
                if disabled and grant.role is Role.ADMIN and grant.channel is None:
                    await keep_an_admin(session, grant.organisation, by)
            # A row for each organisation: it stays theirs when the role there is taken away.
            for organisation in _organisations(grants):
                record(
                    session,
                    by,
                    action,
                    f"user:{row.user_id}",
                    organisation=organisation,
                    before=before,
                    after=_fields(row),
                )
            return view(row, grants)

    async def set_password(
        self, who: str, password: str, by: Actor, *, keep_session: str | None = None
    ) -> None:
        """Change a password, and end every session but one.

        Raises:
            InputRejected: the password is refused.
        """
        user = await self.get(who)
        hashed = await self._new_hash(password, user.email)
        async with self._sessions.writing() as session:
            row = await _find(session, user.id)
            row.password_hash = hashed
            await _end_sessions(session, row.user_id, "password", but=keep_session)
            await unlock(session, row.email)
            await _forget_links(session, row.user_id)
            record(session, by, "user.password", f"user:{row.user_id}")

    # Links in e-mails

    async def new_link(self, user_id: str, purpose: Purpose) -> str:
        """A token for a link; earlier ones for the same purpose are good for nothing any more."""
        token = new_token()
        async with self._sessions.writing() as session:
            old = (OneTimeTokenRow.user_id == user_id, OneTimeTokenRow.purpose == purpose.value)
            await session.execute(delete(OneTimeTokenRow).where(*old))
            session.add(
                OneTimeTokenRow(
                    sha256=sha256(token),
                    user_id=user_id,
                    purpose=purpose.value,
                    expires_at=now() + LIFETIMES[purpose],
                )
            )
        return token

    async def use_link(
        self, token: str, purpose: Purpose, by: Actor, *, password: str | None = None
    ) -> User | None:
        """Follow a link: the address is shown to be theirs, and they have the password.

        Returns:
            The user; None: the token is none of ours, was used, is too old, or was for something
            else, or the user is disabled.

        Raises:
            InputRejected: the password is refused; the link can be followed again.
        """
        hashed = None
        if password is not None:
            known = await self._owner(token, purpose)
            if known is None:
                return None
            hashed = await self._new_hash(password, known)
        moment = now()
        async with self._sessions.writing() as session:
            # One statement decides who was first.
            used = await session.execute(
                update(OneTimeTokenRow)
                .where(*_usable(token, purpose))
                .values(used_at=moment)
                .returning(OneTimeTokenRow.user_id)
            )
            user_id = used.scalar()
            row = await session.get(UserRow, user_id) if user_id is not None else None
            if row is None or row.disabled_at is not None:
                return None
            row.verified_at = row.verified_at or moment
            if hashed is not None:
                row.password_hash = hashed
                await _end_sessions(session, row.user_id, "password")
                await unlock(session, row.email)
                await _forget_links(session, row.user_id)
            record(session, by, f"user.{purpose.value}", f"user:{row.user_id}")
            return view(row, (await grants_of(session, [row.user_id]))[row.user_id])

    async def _owner(self, token: str, purpose: Purpose) -> str | None:
        query = select(UserRow.email).join(
            OneTimeTokenRow, OneTimeTokenRow.user_id == UserRow.user_id
        )
        async with self._sessions.reading() as session:
            email: str | None = await session.scalar(query.where(*_usable(token, purpose)))
            return email

    # Providers

    async def by_identity(self, issuer: str, subject: str) -> User | None:
        """Who a provider's subject is; None: nobody yet."""
        query = select(UserRow).join(IdentityRow, IdentityRow.user_id == UserRow.user_id)
        mine = (IdentityRow.issuer == issuer, IdentityRow.subject == subject)
        async with self._sessions.reading() as session:
            row = await session.scalar(query.where(*mine))
            if row is None:
                return None
            return view(row, (await grants_of(session, [row.user_id]))[row.user_id])

    async def link_identity(self, user_id: str, issuer: str, subject: str, by: Actor) -> None:
        """From now on this subject of the provider is this user; the address is theirs."""
        async with self._sessions.writing() as session:
            row = await _find(session, user_id)
            row.verified_at = row.verified_at or now()
            session.add(IdentityRow(issuer=issuer, subject=subject, user_id=user_id))
            details = {"issuer": issuer}
            record(session, by, "user.identity", f"user:{user_id}", details=details)

    async def _new_hash(self, password: str, email: str) -> str:
        self._passwords.check(password, [email, *re.split(r"[^\w]+", email)])
        return await self._passwords.hash(password)


def _usable(token: str, purpose: Purpose) -> tuple[Any, ...]:
    return (
        OneTimeTokenRow.sha256 == sha256(token),
        OneTimeTokenRow.purpose == purpose.value,
        OneTimeTokenRow.used_at.is_(None),
        OneTimeTokenRow.expires_at > now(),
    )


async def _find(session: AsyncSession, who: str) -> UserRow:
    who = who.strip().lower()
    column = UserRow.email if "@" in who else UserRow.user_id
    known = is_email(who) or _ID.fullmatch(who)
    query = select(UserRow).where(column == who)
    row: UserRow | None = await session.scalar(query) if known else None
    if row is None:
        raise UnknownAccount(f"there is no user {who}")
    return row


def _organisations(grants: Collection[Grant]) -> list[str | None]:
    """Whom a change of a user concerns: each organisation of theirs, or nobody in particular."""
    names: list[str | None] = [*sorted({grant.organisation for grant in grants})]
    return names or [None]


async def _forget_links(session: AsyncSession, user_id: str) -> None:
    """With a new password every code that was sent before is good for nothing any more."""
    unused = (OneTimeTokenRow.user_id == user_id, OneTimeTokenRow.used_at.is_(None))
    await session.execute(delete(OneTimeTokenRow).where(*unused))


async def _end_sessions(
    session: AsyncSession, user_id: str, why: str, but: str | None = None
) -> None:
    mine = (SessionRow.user_id == user_id, SessionRow.revoked_at.is_(None))
    change = update(SessionRow).where(*mine).values(revoked_at=now(), revoked_because=why)
    if but is not None:
        change = change.where(SessionRow.session_id != but)
    await session.execute(change)
