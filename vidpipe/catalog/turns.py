"""Chores that every process has, and that one of them does for all: whose turn it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import String
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from vidpipe.catalog.database import Database
from vidpipe.catalog.leases import Leased, Leases
from vidpipe.catalog.tables import Base, now

#: Seconds after which a process that has a turn is taken to have died.
_LEASE_S = 300.0


class ChoreTurnRow(Leased, Base):
    """A chore that is due for all processes together; `place` is how far it has got."""

    __tablename__ = "chore_turns"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[str] = mapped_column(String(200), default="")


class ChoreTurns:
    """Gives one process at a time the turn of a chore."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @cached_property
    def _leases(self) -> Leases[ChoreTurnRow]:
        return Leases(self._db, ChoreTurnRow, lease_s=_LEASE_S)

    def take(self, name: str) -> ChoreTurnRow | None:
        """The turn of a chore; None: it is not due, or another process has it."""
        with self._db.session() as session:
            known = session.get(ChoreTurnRow, name) is not None
        if not known:
            try:
                with self._db.writing() as session:
                    session.add(ChoreTurnRow(name=name, place="", due_at=now(), claims=0))
            except IntegrityError:
                # Another process was faster.
                pass
        return next(iter(self._leases.claim(1, ChoreTurnRow.name == name)), None)

    def extend(self, turn: ChoreTurnRow) -> bool:
        """Have a turn last its whole time again; False: another process has it by now."""
        return self._leases.extend(turn)

    def done(self, turn: ChoreTurnRow, place: str, every: timedelta) -> datetime:
        """End a turn.

        Args:
            turn: as it was taken.
            place: how far it has got; empty: through everything.
            every: how long after it has got through it begins again.

        Returns:
            When it is due again.
        """
        due_at = now() if place else now() + every

        def work(_: Session, mine: ChoreTurnRow) -> None:
            mine.place = place

        self._leases.settle(turn, work, due_at=due_at)
        return due_at
