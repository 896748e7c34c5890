"""Buckets of budgets and quotas: how much was spent of each, and how much calls hold.

Their statements are text, made once for each number of buckets: putting one together took longer
than the database does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from vidpipe.catalog.cost_tables import CostBucketRow

_BUCKETS = CostBucketRow.__table__
_LOCKED = (
    select(_BUCKETS.c.key)
    .where(_BUCKETS.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(_BUCKETS.c.key)
    .with_for_update()
)
_OPENED = text(
    "INSERT INTO cost_buckets (key, spent, reserved) VALUES (:key, 0, 0) ON CONFLICT DO NOTHING"
)


class BucketsMissing(Exception):
    """Buckets that there are not yet; opened before any is locked."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = sorted(keys)
        super().__init__(*self.keys)


@dataclass
class BucketShift:
    """What is added to buckets, by key."""

    spent: dict[str, int] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)


def open_buckets(session: Session, keys: Sequence[str]) -> None:
    """Open those that there are not yet, with nothing in them."""
    session.connection().execute(_OPENED, [{"key": key} for key in keys])


def _lock(session: Session, keys: Sequence[str]) -> Sequence[str]:
    """Take buckets in one order, so that no two transactions wait for each other.

    Returns:
        Those that were taken. One that is opened a moment later is not among them: whoever
        changed it all the same would take it out of the order.
    """
    if session.get_bind().dialect.name == "sqlite":
        return keys
    return session.connection().scalars(_LOCKED, {"keys": list(keys)}).all()


@cache
def _hold_statement(count: int) -> TextClause:
    """Adds to each of so many buckets that has room, in one statement."""
    return text(
        f"WITH {_table(count)} UPDATE cost_buckets SET reserved = reserved + asked.a FROM asked "  # noqa: S608
        "WHERE cost_buckets.key = asked.own AND spent + reserved + asked.a <= asked.b "
        "RETURNING key, spent + reserved, soft_told"
    )


@cache
def _open_statement(count: int) -> TextClause:
    """Opens those that there are not yet, with what is held of them where they have room."""
    return text(
        f"WITH {_table(count)} INSERT INTO cost_buckets (key, spent, reserved) "  # noqa: S608
        "SELECT own, 0, CASE WHEN a <= b THEN a ELSE 0 END FROM asked WHERE true "
        "ON CONFLICT DO NOTHING RETURNING key, reserved, soft_told"
    )


@cache
def _shift_statement(count: int) -> TextClause:
    """Adds to what was spent of, and is held in, so many buckets."""
    return text(
        f"WITH {_table(count)} UPDATE cost_buckets SET spent = spent + asked.a, "  # noqa: S608
        "reserved = reserved + asked.b FROM asked WHERE cost_buckets.key = asked.own"
    )


def _table(count: int) -> str:
    """So many rows of a key and two numbers; their values are bound, see `_bound`."""
    rows = ", ".join(f"(:own{n}, :a{n}, :b{n})" for n in range(count))
    return f"asked (own, a, b) AS (VALUES {rows})"


def _bound(keys: Sequence[str], a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for n, key in enumerate(keys):
        found |= {f"own{n}": key, f"a{n}": a.get(key, 0), f"b{n}": b.get(key, 0)}
    return found


def hold_in_buckets(
    session: Session, ask: Mapping[str, int], room: Mapping[str, int]
) -> dict[str, tuple[int, datetime | None]]:
    """Hold in every bucket that has room, in one statement.

    Args:
        session: a transaction that writes.
        ask: what is to be held, by the bucket's key.
        room: the most that each may have, spent and held, with it.

    Returns:
        Of those that had room: what is in them now, and when their soft limit was told of.

    Raises:
        BucketsMissing: some are to be opened first, in a transaction of their own.
    """
    keys = sorted(ask)
    taken = _lock(session, keys)
    have: dict[str, tuple[int, datetime | None]] = {}
    own = session.connection()
    if taken:
        fits = own.execute(_hold_statement(len(taken)), _bound(taken, ask, room))
        have = {key: (after, told) for key, after, told in fits}
    if len(have) == len(keys):
        return have
    rest = [key for key in keys if key not in have]
    if session.get_bind().dialect.name == "sqlite":
        # Who writes has the one lock that there is: nobody else opens them meanwhile.
        opened = own.execute(_open_statement(len(rest)), _bound(rest, ask, room))
        fitting = {key: (after, told) for key, after, told in opened if ask[key] <= room[key]}
        return have | fitting
    query = select(CostBucketRow.key, CostBucketRow.spent + CostBucketRow.reserved)
    stand = dict(session.execute(query.where(CostBucketRow.key.in_(rest))).tuples().all())
    if any(stand[key] + ask[key] > room[key] for key in stand):
        return have
    # Others opened some of them since: it is tried anew with all.
    raise BucketsMissing([key for key in rest if key not in stand])


def shift_buckets(session: Session, shift: BucketShift) -> None:
    """Add to what was spent of buckets, and is held in them."""
    keys = sorted({*shift.spent, *shift.reserved})
    if not keys:
        return
    _lock(session, keys)
    # What the session has of these buckets is not looked at again.
    changes = _bound(keys, shift.spent, shift.reserved)
    session.connection().execute(_shift_statement(len(keys)), changes)
