"""Everything that happens, written down in the transaction in which it happens.

An event that is rolled back was never there, and one that is committed is not lost. Whoever reads
them (streams, webhooks, lists) goes by their ids: events are inserted last of all in their
transaction, under a lock that it holds until it is committed. So ids grow in the order of commits,
and whoever has read up to an id has missed none before it. SQLite has one writer at a time;
PostgreSQL has an advisory lock, held for an insert and a commit. A horizon of transaction ids
would need no lock, and would hold every reader back for as long as anybody's transaction lasts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.event_types import EVENTS
from vidpipe.catalog.notices import tell_of_event
from vidpipe.catalog.tables import now
from vidpipe.catalog.units import PENDING_EVENTS
from vidpipe.catalog.webhook_tables import EndpointRow

#: Every type that is emitted, and when.
EVENT_TYPES: dict[str, str] = {
    kind: (data.__doc__ or "").splitlines()[0].rstrip(".") for kind, data in EVENTS.items()
}
#: Those that end something: what a webhook is told of where nobody says more.
OUTCOMES = ("job.completed", "job.failed", "job.cancelled", "video.completed", "video.failed")
#: Sent by hand to one endpoint, whatever it subscribed to.
PING = "ping"
#: What listens is woken on: PostgreSQL's LISTEN.
WAKE = "vidpipe_events"
#: PostgreSQL's advisory lock of inserting events: any number that is ours.
_ORDER_LOCK = 7_614_208_556


def emit(session: Session, kind: str, channel: str, data: Mapping[str, Any]) -> None:
    """Have an event written with the transaction.

    Args:
        session: of the transaction that changes what the event tells of, see `Database.writing`.
        kind: one of `EVENT_TYPES`.
        channel: whose event it is.
        data: as its class in `vidpipe.catalog.event_types` has it.

    Raises:
        ValueError: there is no such type, its data are others, or the session is one that
            `Database.writing` did not open.
    """
    typed = EVENTS.get(kind)
    if typed is None:
        raise ValueError(f"there is no event {kind}: it has no class in catalog/event_types.py")
    said = typed.model_validate(dict(data)).model_dump(mode="json", exclude_unset=True)
    pending: list[EventRow] | None = session.info.get(PENDING_EVENTS)
    if pending is None:
        raise ValueError(f"{kind} is emitted outside of Database.writing")
    pending.append(new_event(kind, channel, said))
    tell_of_event(session, kind, channel, said)


def new_event(kind: str, channel: str | None, data: Mapping[str, Any]) -> EventRow:
    """A row of an event that webhooks need not be told of."""
    return EventRow(
        event_id=f"event-{uuid.uuid4().hex}",
        type=kind,
        channel=channel,
        data=dict(data),
        video_id=data.get("video_id"),
        job_id=data.get("job_id"),
        occurred_at=now(),
        claims=0,
    )


def write(session: Session) -> None:
    """Write down what was emitted in a transaction, after everything else in it.

    Nothing is waited for once the lock is held, so that nobody waits in a circle.
    """
    rows: list[EventRow] = session.info.pop(PENDING_EVENTS, [])
    if not rows:
        return
    session.flush()
    query = select(EndpointRow.types).where(EndpointRow.disabled_at.is_(None))
    wanted = {kind for types in session.scalars(query) for kind in types}
    for row in rows:
        row.due_at = row.occurred_at if row.type in wanted else None
    server = session.get_bind().dialect.name == "postgresql"
    if server:
        session.execute(select(func.pg_advisory_xact_lock(_ORDER_LOCK)))
    session.add_all(rows)
    session.flush()
    if server:
        wake(session, "event")


def wake(session: Session, what: str) -> None:
    """Wake what listens, once the transaction is committed.

    A listener that hangs would let the server's queue run full, and every notification fail:
    before that none is sent, and listeners find what is new by themselves a little later.
    """
    session.execute(
        text(
            "SELECT pg_notify(:channel, :what) FROM (SELECT pg_notification_queue_usage() AS used)"
            " AS queue WHERE used < 0.5"
        ),
        {"channel": WAKE, "what": what},
    )
