"""What waits for a budget: who goes on where one is changed, and whether one was meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.cost_tables import BudgetRaiseRow, BudgetRow, BudgetUnsetRow
from vidpipe.catalog.publishing_tables import PostReadingRow, PostRow
from vidpipe.catalog.tables import now
from vidpipe.errors import BudgetExceeded

#: Clocks of two machines differ by less.
_CLOCKS = timedelta(seconds=5)


def wake_unpaid(session: Session) -> int:
    """Posts that wait for a budget, and readings of their figures, are due at once; how many.

    One that somebody works on just now is left to whoever does: see `budget_changed`.

    Args:
        session: of the transaction that changes a budget.
    """
    at, unpaid = now(), BudgetExceeded.cause
    posts = update(PostRow).where(
        PostRow.code == unpaid, PostRow.due_at.is_not(None), PostRow.lease.is_(None)
    )
    readings = update(PostReadingRow).where(
        PostReadingRow.code == unpaid,
        PostReadingRow.due_at.is_not(None),
        PostReadingRow.lease.is_(None),
    )
    woken = 0
    for query in (
        posts.values(due_at=at, waits_until=None, code="", problem=""),
        readings.values(due_at=at),
    ):
        done: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            query.execution_options(synchronize_session=False)
        )
        woken += done.rowcount
    return woken


def budget_changed(session: Session, since: datetime) -> bool:
    """Whether a budget was set, unset or raised: what it refused before may be allowed by now.

    Whatever writes down that it waits asks in the same transaction: who changed the budget while
    it was still at work did not find it among what waits.

    Args:
        session: of the transaction that says that something waits.
        since: a moment before it was refused.
    """
    after = since - _CLOCKS
    changed = select(BudgetRow.scope).where(BudgetRow.updated_at >= after).limit(1)
    raised = select(BudgetRaiseRow.id).where(BudgetRaiseRow.at >= after).limit(1)
    unset = select(BudgetUnsetRow.scope).where(BudgetUnsetRow.unset_at >= after).limit(1)
    either = or_(changed.exists(), unset.exists(), raised.exists())
    return bool(session.scalar(select(either)))
