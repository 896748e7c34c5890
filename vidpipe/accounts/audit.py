"""The audit log: who did what to which object. It is written in the transaction of the change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vidpipe.catalog.account_tables import AuditRow, MembershipRow
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.units import AUDITED

#: Rows of one page at most.
MOST = 500


@dataclass(frozen=True)
class Actor:
    """Who does something, and by which request.

    Attributes:
        id: the principal's: `user:…`, `key:…`, `local`; `nobody` before a login.
        request_id: of the request; empty on the command line.
        address: where it came from; empty on the command line.
    """

    id: str
    request_id: str = ""
    address: str = ""


#: Whoever works on the command line of the machine.
COMMAND_LINE = Actor("local")


@dataclass(frozen=True)
class AuditEntry:
    """One row of the audit log.

    Attributes:
        id: its number; later ones are larger.
        at: when it was done, in UTC.
        actor: who did it.
        action: what was done, such as `user.disable`.
        object: to what, such as `user:…`.
        organisation: to whose; None: to nobody's in particular.
        before: digest of the object before; None: there was none.
        after: digest of the object afterwards; None: there is none.
        succeeded: whether it was done, or refused.
        request_id: the request's.
        address: where the request came from.
        details: what no digest can say.
    """

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    organisation: str | None
    before: str | None
    after: str | None
    succeeded: bool
    request_id: str
    address: str
    details: Mapping[str, Any]


def digest(fields: Mapping[str, Any] | None) -> str | None:
    """The SHA-256 of an object's fields as JSON, in one order; None of none."""
    if fields is None:
        return None
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record(
    session: AsyncSession | Session,
    by: Actor,
    action: str,
    what: str,
    *,
    organisation: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    succeeded: bool = True,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a row to the transaction of the change that it tells of."""
    session.add(
        AuditRow(
            actor=by.id[:64],
            action=action,
            object=what[:1200],
            organisation=organisation,
            before=digest(before),
            after=digest(after),
            succeeded=succeeded,
            request_id=by.request_id[:64],
            address=by.address[:64],
            details=dict(details or {}),
        )
    )
    session.info[AUDITED] = True


class Audit:
    """Reads the log, and writes what others than accounts did."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def write(self, by: Actor, action: str, what: str, **fields: Any) -> None:
        """Add a row in a transaction of its own; the arguments are those of `record`."""
        async with self._sessions.writing() as session:
            record(session, by, action, what, **fields)

    async def read(
        self,
        *,
        organisations: Collection[str] | None = None,
        actor: str | None = None,
        action: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[AuditEntry]:
        """The newest rows first.

        Args:
            organisations: only of these, and of users who have a role in one; None: all.
            actor: only what they did.
            action: only this, or all that begins with it and a dot.
            before_id: only what is older than this row: the next page.
            limit: how many, 500 at most.
        """
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(max(1, min(limit, MOST)))
        if organisations is not None:
            # What a user did elsewhere, before they had a role here, is none of these' business.
            mine = exists().where(
                literal("user:") + MembershipRow.user_id == AuditRow.object,
                MembershipRow.organisation.in_(organisations),
                MembershipRow.created_at <= AuditRow.at,
            )
            query = query.where(
                or_(
                    AuditRow.organisation.in_(organisations),
                    AuditRow.organisation.is_(None) & mine,
                )
            )
        if actor is not None:
            query = query.where(AuditRow.actor == actor)
        if action is not None:
            below = AuditRow.action.startswith(f"{action}.", autoescape=True)
            query = query.where(or_(AuditRow.action == action, below))
        if before_id is not None:
            query = query.where(AuditRow.id < before_id)
        async with self._sessions.reading() as session:
            rows = list(await session.scalars(query))
        return [
            AuditEntry(
                *(row.id, row.at, row.actor, row.action, row.object, row.organisation),
                *(row.before, row.after, row.succeeded, row.request_id, row.address, row.details),
            )
            for row in rows
        ]
