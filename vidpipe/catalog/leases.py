"""Work in the database that several processes share: each piece is claimed with a lease.

A row that is to be worked on has a moment at which it is due. Whoever claims it moves that
moment to the end of its lease and puts a token of its own on it. It extends the lease while it
works, and settles the row when it is done. A process that dies settles nothing: its row
becomes due again by itself, and another takes it over.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Integer, String, inspect, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from vidpipe.catalog.database import Database
from vidpipe.catalog.tables import Utc, now


class Leased:
    """The columns of a table whose rows are work.

    Attributes:
        due_at: when it is to be worked on, or when the lease on it ends; None: not any more.
        lease: the token of whoever works on it; None: nobody does.
        claims: how often it was claimed since it was last settled. More than once: a process
            that had it died, or lost its lease.
    """

    due_at: Mapped[datetime | None] = mapped_column(Utc)
    lease: Mapped[str | None] = mapped_column(String(32))
    claims: Mapped[int] = mapped_column(Integer, default=0)


Row = TypeVar("Row", bound=Leased)


class Leases(Generic[Row]):
    """Claims the rows of one table.

    Clocks of machines that share a database may differ by less than a lease lasts.

    Args:
        database: where the table is.
        table: one with the columns of `Leased`; an index on `due_at` serves the claims.
        lease_s: seconds that a lease lasts, unless it is extended.
        clock: says which moment it is; None: this machine's.
    """

    def __init__(
        self,
        database: Database,
        table: type[Row],
        *,
        lease_s: float,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._db = database
        self._clock = clock
        self._table: Any = table
        self._lease = timedelta(seconds=lease_s)
        mapped = inspect(table, raiseerr=True)
        self._key = tuple(mapped.get_property_by_column(c).key for c in mapped.primary_key)

    def _now(self) -> datetime:
        return self._clock() if self._clock is not None else now()

    def claim(self, limit: int = 1, *where: ColumnElement[bool]) -> list[Row]:
        """Take rows that are due and that nobody has, those first that are due longest.

        Args:
            limit: how many at most.
            where: more conditions.

        Returns:
            Detached rows, each with the token of its lease.
        """
        table = self._table
        due = (
            select(table)
            .where(table.due_at <= self._now(), *where)
            .order_by(table.due_at, *(getattr(table, name) for name in self._key))
            .limit(limit)
        )
        # SQLite has one lock for everybody who writes: it is not taken to find nothing.
        with self._db.session() as session:
            if session.scalars(due.limit(1)).first() is None:
                return []
        with self._db.writing() as session:
            rows = list(session.scalars(due.with_for_update(skip_locked=True)))
            for row in rows:
                row.lease = uuid.uuid4().hex
                row.claims += 1
                row.due_at = self._now() + self._lease
        return rows

    def extend(self, row: Row) -> bool:
        """Have a lease last its whole time again; False: it was lost, so that the work is not
        this process's any more."""
        until = self._now() + self._lease
        query = update(self._table).where(*self._mine(row)).values(due_at=until)
        with self._db.writing() as session:
            kept = session.scalar(query.returning(self._table.lease)) is not None
        if kept:
            row.due_at = until
        return kept

    def keep(self, row: Row, work: Callable[[Session, Row], None]) -> bool:
        """Write down how far the work is, and have the lease last its whole time again, in one
        transaction.

        Args:
            row: as it was claimed.
            work: changes the row, and whatever else belongs to it, within the transaction.

        Returns:
            False where the lease was lost: nothing was written then.
        """
        with self._db.writing() as session:
            query = select(self._table).where(*self._mine(row)).with_for_update()
            mine: Row | None = session.scalars(query).one_or_none()
            if mine is None:
                return False
            mine.due_at = row.due_at = self._now() + self._lease
            work(session, mine)
        return True

    def settle(
        self,
        row: Row,
        work: Callable[[Session, Row], None] = lambda _, __: None,
        *,
        due_at: datetime | None = None,
    ) -> bool:
        """Write down what came of the work, and end the lease, in one transaction.

        Args:
            row: as it was claimed.
            work: changes the row, and whatever else belongs to it, within the transaction. It is
                given the row as it stands now.
            due_at: when it is to be worked on again; None: it is done.

        Returns:
            False where the lease was lost: nothing was written then.
        """
        with self._db.writing() as session:
            query = select(self._table).where(*self._mine(row)).with_for_update()
            mine: Row | None = session.scalars(query).one_or_none()
            if mine is None:
                return False
            mine.due_at, mine.lease, mine.claims = due_at, None, 0
            work(session, mine)
        return True

    def _mine(self, row: Row) -> tuple[ColumnElement[bool], ...]:
        same = [getattr(self._table, name) == getattr(row, name) for name in self._key]
        return (*same, self._table.lease == row.lease)
