"""Several transactions made into one: what a request changes is changed as a whole, or not at all.

Parts of a library each open the transaction that they need. Within a unit these are parts of one
transaction, which ends when the request has all that it is to change, and the row of the audit log
that tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from vidpipe.catalog.transitions import LoggedSession, say_later

#: Where a session keeps what its transaction adds to totals.
PENDING_TOTALS = "vidpipe.totals"
#: Where a session keeps the events that its transaction emits.
PENDING_EVENTS = "vidpipe.events"
#: Where a session keeps whether its transaction has a row of the audit log.
AUDITED = "vidpipe.audited"

_CHANGED = "vidpipe.changed"

_CURRENT: ContextVar[UnitOfWork | None] = ContextVar("vidpipe_unit", default=None)


class UnitOfWork:
    """One transaction, begun by the first change within it, of one thread.

    Args:
        engine: of the database; options of its transactions are set.

    Attributes:
        changed: whether rows were added, changed or removed.
        audited: whether a row of the audit log is part of it.
        left: whether what comes now is a transaction of its own again.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._totals: dict[Any, tuple[int, float]] = {}
        self._events: list[Any] = []
        self._said: list[Callable[[], None]] = []
        self._afterwards: list[Callable[[], None]] = []
        self.changed = False
        self.audited = False
        self.left = False
        self._ended = False

    def of(self, engine: Engine) -> bool:
        """Whether it is one of this database."""
        return self._engine.pool is engine.pool

    @property
    def begun(self) -> bool:
        """Whether a part was begun, which may have changed something."""
        return self._connection is not None

    @contextmanager
    def part(self) -> Iterator[Session]:
        """A part that writes: kept with all others, or taken back alone where it fails.

        Where the first one fails there is nothing else: the lock that it took is let go of.

        Raises:
            RuntimeError: what was changed stands already, so that this would be lost.
        """
        if self._ended:
            raise RuntimeError("something is changed after the changes of its unit were committed")
        before = self._connection is not None, dict(self._totals), len(self._events)
        flags, said = (self.changed, self.audited), len(self._said)
        try:
            with self._joined(self._writable()) as session:
                session.info[PENDING_EVENTS] = []
                yield session
                session.flush()
        except BaseException:
            # Parts within it are taken back with it.
            begun, self._totals, events = before
            del self._events[events:], self._said[said:]
            self.changed, self.audited = flags
            if not begun:
                self._close()
            raise
        for key, (count, value) in session.info.pop(PENDING_TOTALS, {}).items():
            counted, sum_ = self._totals.get(key, (0, 0.0))
            self._totals[key] = (counted + count, sum_ + value)
        self._events += session.info.pop(PENDING_EVENTS)
        self._said += say_later(session)
        self.changed |= bool(session.info.get(_CHANGED))
        self.audited |= bool(session.info.get(AUDITED))

    def _writable(self) -> Connection:
        """The transaction's connection; the first time it is begun."""
        if self._connection is None:
            connection = self._engine.connect()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        """Without a commit what it has is rolled back."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A part that reads what was changed until now."""
        assert self._connection is not None
        with self._joined(self._connection) as session:
            yield session

    @contextmanager
    def _joined(self, connection: Connection) -> Iterator[Session]:
        with (
            LoggedSession(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            ) as session,
            session.begin(),
        ):
            # Its savepoint is begun at once: one that is begun by its first statement would be
            # part of whatever was begun meanwhile, and end with that.
            session.connection()
            say_later(session)
            yield session

    def afterwards(self, work: Callable[[], None]) -> None:
        """Have something done once the changes stand, and not at all where they do not."""
        self._afterwards.append(work)

    def commit(self, ending: Callable[[Session], None]) -> None:
        """Have the changes stand. Nothing more can be changed in it then.

        Args:
            ending: writes what every transaction ends with, such as its events.
        """
        self._ended = True
        if self._connection is not None:
            with self._joined(self._connection) as session:
                if self._totals:
                    session.info[PENDING_TOTALS] = dict(self._totals)
                session.info[PENDING_EVENTS] = list(self._events)
                ending(session)
            connection, self._connection = self._connection, None
            with connection:
                connection.commit()
        said, self._said = self._said, []
        for say in said:
            say()
        works, self._afterwards = self._afterwards, []
        with apart():
            for work in works:
                work()

    def roll_back(self) -> None:
        """Have nothing of it stand."""
        self._totals, self._events, self._said, self._afterwards = {}, [], [], []
        self.changed = self.audited = False
        self._close()


@event.listens_for(LoggedSession, "after_flush")
def _notice(session: Session, _: object) -> None:
    modified = any(session.is_modified(row) for row in session.dirty)
    if session.new or session.deleted or modified:
        session.info[_CHANGED] = True


def current(engine: Engine) -> UnitOfWork | None:
    """The unit that this thread works in, if it is one of this database."""
    unit = _CURRENT.get()
    return unit if unit is not None and not unit.left and unit.of(engine) else None


@contextmanager
def within(unit: UnitOfWork) -> Iterator[UnitOfWork]:
    """Have what this thread changes be parts of a unit."""
    token = _CURRENT.set(unit)
    try:
        yield unit
    finally:
        _CURRENT.reset(token)


@contextmanager
def apart() -> Iterator[None]:
    """Have what this thread changes be transactions of their own, whatever becomes of the unit.

    On SQLite only while nothing was changed in the unit: it has the lock from then on.
    """
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)
