"""API keys: for programs, with a role in one organisation and a few scopes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.memberships import grants_of, organisation_name
from vidpipe.accounts.model import Grant, Principal, Role, Scope
from vidpipe.accounts.tokens import KEY_MARK, new_id, new_key, sha256
from vidpipe.accounts.users import UnknownAccount
from vidpipe.catalog.account_tables import ApiKeyRow, UserRow
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected

#: `last_used_at` is that exact: else every request of a program would write.
_EXACT = timedelta(minutes=1)
_LONGEST_NAME = 100


@dataclass(frozen=True)
class ApiKey:
    """A key of a program, without what it is.

    Attributes:
        id: 32 hexadecimal digits.
        prefix: how it begins.
        name: what it is for.
        organisation: where it is good for something.
        channels: the only channels of it; None: all.
        role: what it is there.
        scopes: what it is good for.
        owner: the user whose rights bound it; None: a machine's own.
        created_at: when it was made, in UTC.
        expires_at: until when it is good; None: until it is revoked.
        last_used_at: when it was last used, to the minute.
        revoked: whether it is good for nothing any more.
    """

    id: str
    prefix: str
    name: str
    organisation: str
    channels: tuple[str, ...] | None
    role: Role
    scopes: frozenset[Scope]
    owner: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Its own roles; an owner who has less bounds them."""
        places: tuple[str | None, ...] = self.channels if self.channels is not None else (None,)
        return tuple(Grant(self.organisation, self.role, channel) for channel in places)


def bounded(own: Collection[Grant], owner: Collection[Grant]) -> tuple[Grant, ...]:
    """What is left of a key's grants with the roles that its owner has now."""
    left = []
    for key in own:
        for user in owner:
            if key.organisation != user.organisation:
                continue
            if None not in (key.channel, user.channel) and key.channel != user.channel:
                continue
            channel = key.channel if key.channel is not None else user.channel
            left.append(Grant(key.organisation, min(key.role, user.role), channel))
    return tuple(left)


class Keys:
    """Makes keys, says whose one is, and revokes them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def create(
        self,
        name: str,
        by: Actor,
        *,
        organisation: str,
        role: Role = Role.EDITOR,
        scopes: Collection[Scope] = (Scope.READ, Scope.WRITE),
        channels: Collection[str] | None = None,
        owner: str | None = None,
        lifetime: timedelta | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Returns:
            The key as it is kept, and its secret, which nobody can show again.

        Raises:
            InputRejected: a name that cannot be, or no scope.
        """
        if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            raise InputRejected("bad_name", f"a key's name has 1 to {_LONGEST_NAME} characters")
        if not scopes:
            raise InputRejected("no_scope", "a key without a scope is good for nothing")
        made = new_key()
        row = ApiKeyRow(
            key_id=new_id(),
            prefix=made.prefix,
            sha256=made.sha256,
            name=name.strip(),
            organisation=organisation_name(organisation),
            channels=sorted(map(organisation_name, channels)) if channels is not None else None,
            role=role.name.lower(),
            scopes=sorted(s.value for s in scopes),
            owner_id=owner,
            expires_at=now() + lifetime if lifetime is not None else None,
        )
        async with self._sessions.writing() as session:
            session.add(row)
            await session.flush()
            record(
                session,
                by,
                "key.create",
                f"key:{row.key_id}",
                organisation=row.organisation,
                after={"role": row.role, "scopes": row.scopes, "channels": row.channels},
                details={"name": row.name, "prefix": row.prefix},
            )
        return key_view(row), made.secret

    async def list(
        self, organisations: Collection[str] | None = None, *, owner: str | None = None
    ) -> list[ApiKey]:
        """Keys, the newest first: of these organisations (None: all), of this user."""
        query = select(ApiKeyRow).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.key_id)
        if organisations is not None:
            query = query.where(ApiKeyRow.organisation.in_(organisations))
        if owner is not None:
            query = query.where(ApiKeyRow.owner_id == owner)
        async with self._sessions.reading() as session:
            return [key_view(row) for row in await session.scalars(query)]

    async def get(self, which: str) -> ApiKey:
        """A key by its id or prefix.

        Raises:
            UnknownAccount: there is none.
        """
        async with self._sessions.reading() as session:
            return key_view(await _find(session, which))

    async def revoke(self, which: str, by: Actor) -> ApiKey:
        """Make a key good for nothing, from the next request on.

        Raises:
            UnknownAccount: there is none.
        """
        async with self._sessions.writing() as session:
            row = await _find(session, which)
            if row.revoked_at is None:
                row.revoked_at = now()
                record(
                    session,
                    by,
                    "key.revoke",
                    f"key:{row.key_id}",
                    organisation=row.organisation,
                    before={"role": row.role, "scopes": row.scopes, "channels": row.channels},
                )
            return key_view(row)

    async def principal(self, secret: str) -> Principal | None:
        """Whom a key stands for; None: nobody (any more)."""
        if not secret.startswith(KEY_MARK):
            return None
        moment = now()
        async with self._sessions.reading() as session:
            row = await session.scalar(
                select(ApiKeyRow).where(
                    ApiKeyRow.sha256 == sha256(secret), ApiKeyRow.revoked_at.is_(None)
                )
            )
            if row is None or (row.expires_at is not None and row.expires_at <= moment):
                return None
            key = key_view(row)
            grants = key.grants
            if key.owner is not None:
                owner = await session.get(UserRow, key.owner)
                if owner is None or owner.disabled_at is not None:
                    return None
                grants = bounded(grants, (await grants_of(session, [key.owner]))[key.owner])
        if key.last_used_at is None or moment - key.last_used_at > _EXACT:
            async with self._sessions.writing() as session:
                (await session.get_one(ApiKeyRow, key.id)).last_used_at = moment
        return Principal(f"key:{key.id}", key.name, grants, key.scopes)


async def _find(session: AsyncSession, which: str) -> ApiKeyRow:
    column = ApiKeyRow.prefix if which.startswith(KEY_MARK) else ApiKeyRow.key_id
    known = which.isascii() and which.isprintable()
    query = select(ApiKeyRow).where(column == which)
    row: ApiKeyRow | None = await session.scalar(query) if known else None
    if row is None:
        raise UnknownAccount(f"there is no key {which}")
    return row


def key_view(row: ApiKeyRow) -> ApiKey:
    """A row as a value."""
    return ApiKey(
        id=row.key_id,
        prefix=row.prefix,
        name=row.name,
        organisation=row.organisation,
        channels=tuple(row.channels) if row.channels is not None else None,
        role=Role[row.role.upper()],
        scopes=frozenset(Scope(s) for s in row.scopes),
        owner=row.owner_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked=row.revoked_at is not None,
    )
