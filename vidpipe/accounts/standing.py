"""What somebody may do at this moment, by the id that something of theirs was written down with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidpipe.accounts.keys import bounded, key_view
from vidpipe.accounts.model import LOCAL, Grant, Principal, Role, Scope
from vidpipe.catalog.account_tables import ApiKeyRow, MembershipRow, UserRow
from vidpipe.catalog.tables import now


def standing(session: Session, who: str) -> Principal | None:
    """Whom an id of the audit log stands for now; None: nobody, or nobody any more.

    Args:
        session: of the catalog.
        who: `user:…`, `key:…`, or `local`: the machine itself, which may everything.
    """
    kind, _, name = who.partition(":")
    if kind == "user":
        user = session.get(UserRow, name)
        if user is None or user.disabled_at is not None:
            return None
        return Principal(who, user.email, _grants(session, name), frozenset(Scope))
    if kind == "key":
        row = session.get(ApiKeyRow, name)
        if row is None or row.revoked_at is not None:
            return None
        if row.expires_at is not None and row.expires_at <= now():
            return None
        key = key_view(row)
        grants = key.grants
        if key.owner is not None:
            owner = session.get(UserRow, key.owner)
            if owner is None or owner.disabled_at is not None:
                return None
            grants = bounded(grants, _grants(session, key.owner))
        return Principal(who, key.name, grants, key.scopes)
    return LOCAL if who == LOCAL.id else None


def _grants(session: Session, user_id: str) -> tuple[Grant, ...]:
    rows = session.scalars(select(MembershipRow).where(MembershipRow.user_id == user_id))
    return tuple(Grant(r.organisation, Role[r.role.upper()], r.channel or None) for r in rows)
