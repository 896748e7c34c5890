"""Roles of users in organisations and channels, within the transaction of a change."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.model import Grant, Role
from vidpipe.catalog.account_tables import MembershipRow, UserRow
from vidpipe.errors import InputRejected, Misconfigured

_NAME = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+)*")
#: The role of whoever manages an organisation as a whole.
ADMIN = {"role": Role.ADMIN.name.lower(), "channel": ""}


class LastAdmin(Misconfigured):
    """Nobody would manage the organisation any more."""


def organisation_name(text: str) -> str:
    """A name of an organisation or a channel.

    Raises:
        InputRejected: other characters than lower case letters, digits, `_` and `-`.
    """
    if len(text) > 64 or not _NAME.fullmatch(text):
        raise InputRejected("bad_name", "a name has lower case letters, digits, _ and - in it")
    return text


async def grants_of(
    session: AsyncSession, user_ids: Collection[str]
) -> dict[str, tuple[Grant, ...]]:
    """The roles of users, by their ids."""
    query = select(MembershipRow).where(MembershipRow.user_id.in_(user_ids))
    found: dict[str, tuple[Grant, ...]] = dict.fromkeys(user_ids, ())
    for row in await session.scalars(query.order_by(MembershipRow.organisation)):
        grant = Grant(row.organisation, Role[row.role.upper()], row.channel or None)
        found[row.user_id] += (grant,)
    return found


async def give(session: AsyncSession, user_id: str, grant: Grant, by: Actor) -> None:
    """Give someone a role, in place of the one they had there.

    Raises:
        LastAdmin: they are the last admin of the organisation, and would be none.
    """
    organisation = organisation_name(grant.organisation)
    channel = organisation_name(grant.channel) if grant.channel else ""
    await lock_admins(session, [organisation])
    row = await session.get(MembershipRow, (user_id, organisation, channel))
    role = grant.role.name.lower()
    before = {"role": row.role, "channel": channel} if row is not None else None
    if row is None:
        row = MembershipRow(user_id=user_id, organisation=organisation, channel=channel, role=role)
        session.add(row)
    row.role = role
    await session.flush()
    if before == ADMIN and row.role != ADMIN["role"]:
        await keep_an_admin(session, organisation, by)
    record(
        session,
        by,
        "role.give",
        f"user:{user_id}",
        organisation=organisation,
        before=before,
        after={"role": role, "channel": channel},
        details={"role": role, "channel": channel},
    )


async def lock_admins(session: AsyncSession, organisations: Collection[str]) -> None:
    """Of two changes of who manages an organisation the later sees the earlier."""
    query = select(MembershipRow.user_id).where(
        MembershipRow.organisation.in_(organisations),
        MembershipRow.channel == "",
        MembershipRow.role == ADMIN["role"],
    )
    order = (MembershipRow.organisation, MembershipRow.user_id)
    await session.execute(query.order_by(*order).with_for_update())


async def keep_an_admin(session: AsyncSession, organisation: str, by: Actor) -> None:
    """Nobody locks an organisation out of itself; who has the command line may.

    Raises:
        LastAdmin: nobody who may log in would manage it any more.
    """
    if not by.id.startswith(("user:", "key:")):
        return
    await session.flush()
    query = (
        select(UserRow.user_id)
        .join(MembershipRow, MembershipRow.user_id == UserRow.user_id)
        .where(
            MembershipRow.organisation == organisation,
            MembershipRow.channel == "",
            MembershipRow.role == ADMIN["role"],
            UserRow.disabled_at.is_(None),
        )
    )
    if await session.scalar(query.limit(1)) is None:
        raise LastAdmin(f"{organisation} would have no admin any more: make someone else one first")
