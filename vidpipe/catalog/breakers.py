"""Services that are out of order: nobody calls them for a while, then one call tries.

One row for each service, shared by all processes; a service that never failed has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.cost_tables import BreakerRow, CostReservationRow
from vidpipe.catalog.database import Database
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.events import emit
from vidpipe.catalog.notices import Notice, tell

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
_ROWS = BreakerRow.__table__
_STATE = select(_ROWS.c.state, _ROWS.c.retry_at, _ROWS.c.pause_until).where(
    _ROWS.c.service == bindparam("service")
)
#: Seconds after which somebody looks again whether the one who tries is done.
_LOOK_S = 2.0


@dataclass(frozen=True)
class BreakerRules:
    """When a service counts as out of order.

    Attributes:
        failures: so many in a row, of whichever process.
        first_s: seconds until the first call tries again; twice as long with each that fails.
        longest_s: that this takes at most.
    """

    failures: int = 5
    first_s: float = 15.0
    longest_s: float = 600.0


@dataclass(frozen=True)
class Closed:
    """Why a service is not called.

    Attributes:
        why: for people.
        until: when it may be; None: that is not known.
        wait_s: seconds after which it is worth asking again.
        out_of_order: else it only asks for a pause.
    """

    why: str
    until: datetime | None
    wait_s: float
    out_of_order: bool = True


def way_closed(session: Session, row: CostReservationRow) -> Closed | None:
    """Why a service is not called now; None: it is.

    The one call that tries a service whose time has come holds the trial (`row.trial`).
    """
    row.trial = False
    found = session.connection().execute(_STATE, {"service": row.service}).one_or_none()
    if found is None:
        return None
    at = row.at
    if found.pause_until is not None and found.pause_until > at:
        wait_s = (found.pause_until - at).total_seconds()
        why = f"{row.service} asks not to be called yet"
        return Closed(why, found.pause_until, wait_s, out_of_order=False)
    if found.state == CLOSED:
        return None
    taken = session.execute(
        update(BreakerRow)
        .where(
            BreakerRow.service == row.service,
            or_(
                and_(BreakerRow.state == OPEN, BreakerRow.retry_at <= at),
                and_(BreakerRow.state == HALF_OPEN, BreakerRow.trial_until <= at),
            ),
        )
        .values(
            state=HALF_OPEN,
            trial=row.reservation_id,
            trial_until=row.expires_at,
            changed_at=at,
        )
        .returning(BreakerRow.service)
        .execution_options(synchronize_session=False)
    ).all()
    if taken:
        row.trial = True
        return None
    if found.state == OPEN and found.retry_at is not None and found.retry_at > at:
        wait_s = (found.retry_at - at).total_seconds()
        return Closed(f"{row.service} is out of order", found.retry_at, wait_s)
    return Closed(f"{row.service} was out of order and is being tried", None, _LOOK_S)


def note_outcome(
    session: Session,
    row: CostReservationRow,
    rules: BreakerRules,
    works: bool | None,
    pause_s: float | None,
    at: datetime,
) -> None:
    """What a call says of its service."""
    if works is not False and pause_s is None:
        # What most calls say, of services that never failed: there is nothing to note.
        state = session.connection().execute(_STATE, {"service": row.service})
        if state.one_or_none() is None:
            return
    found = session.get(BreakerRow, row.service, with_for_update=True)
    if found is None:
        found = BreakerRow(service=row.service, state=CLOSED, failures=0, opened=0, changed_at=at)
        session.add(found)
    if pause_s is not None:
        found.pause_until = at + timedelta(seconds=pause_s)
    if works is None:
        return
    if works:
        _note_works(session, found, row, at, pauses=pause_s is not None)
        return
    found.failures += 1
    if found.state == CLOSED and found.failures < rules.failures:
        return
    if found.state == OPEN or (found.state == HALF_OPEN and not row.trial):
        return
    wait_s = min(rules.longest_s, rules.first_s * 2.0 ** min(found.opened, 30))
    if found.state == CLOSED:
        _emit(session, "service.unavailable", row, {"failures": found.failures})
    found.state, found.retry_at, found.changed_at = OPEN, at + timedelta(seconds=wait_s), at
    found.trial = found.trial_until = None
    found.opened += 1


def _note_works(
    session: Session, found: BreakerRow, row: CostReservationRow, at: datetime, *, pauses: bool
) -> None:
    """A service works, although it may ask for a pause."""
    if found.state != CLOSED and not row.trial:
        # It began before the service broke down.
        return
    if found.state != CLOSED:
        _emit(session, "service.recovered", row, {})
    if found.state != CLOSED or found.failures:
        found.state, found.failures, found.opened = CLOSED, 0, 0
        found.retry_at = found.trial = found.trial_until = None
        found.changed_at = at
        if not pauses:
            found.pause_until = None


def _emit(session: Session, kind: str, row: CostReservationRow, more: dict[str, Any]) -> None:
    emit(session, kind, row.channel, {"service": row.service, **more})


def _tell_reset(session: Session, service: str) -> None:
    """Whoever was told that it is out of order is told that it is called again."""
    query = select(EventRow.channel).where(
        EventRow.type == "service.unavailable",
        EventRow.data["service"].as_string() == service,
        EventRow.channel.is_not(None),
    )
    channel = session.scalar(query.order_by(EventRow.id.desc()).limit(1))
    if channel is not None:
        emit(session, "service.recovered", channel, {"service": service})
    else:
        # So long ago that the event is gone; what people were told may not be.
        tell(session, Notice("service.away", "", subject=service, over=True))


class Breakers:
    """Looks at them, and closes one by hand."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[BreakerRow]:
        """Services that failed at least once."""
        with self._db.session() as session:
            return list(session.scalars(select(BreakerRow).order_by(BreakerRow.service)))

    def reset(self, service: str, at: datetime) -> bool:
        """Call a service again at once; False where nothing kept it from being called."""
        with self._db.writing() as session:
            found = session.get(BreakerRow, service, with_for_update=True)
            if found is None:
                return False
            if found.state != CLOSED:
                _tell_reset(session, service)
            found.state, found.failures, found.opened, found.changed_at = CLOSED, 0, 0, at
            found.retry_at = found.trial = found.trial_until = found.pause_until = None
            return True
