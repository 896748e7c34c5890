"""What others may want to know of: written down in the transaction in which it happens.

An event that is rolled back was never there, and one that is committed is not lost: a worker
finds it and writes the deliveries (`vidpipe.webhooks`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import EndpointRow, EventRow

#: Every type that is emitted, and when. A part that emits another adds it here.
EVENT_TYPES: dict[str, str] = {
    "edits.changed": "a new version of what people decided of a video was saved",
    "job.completed": "a job is done: all that it asked for was made",
    "job.failed": "a job was given up",
    "job.cancelled": "a job was taken back, or its video was retired",
    "video.completed": "a run made everything of a video",
    "video.failed": "a video was given up, until someone retries it",
}
#: Sent by hand to one endpoint, whatever it subscribed to.
PING = "ping"


def emit(session: Session, kind: str, channel: str, data: Mapping[str, Any]) -> None:
    """Write an event down, if anybody is to be told of any.

    Args:
        session: of the transaction that changes what the event tells of.
        kind: one of `EVENT_TYPES`.
        channel: whose event it is.
        data: ids, states and codes; nothing secret, and no text of strangers'.
    """
    assert kind in EVENT_TYPES, kind
    listening = select(EndpointRow.endpoint_id).where(EndpointRow.disabled_at.is_(None)).limit(1)
    if session.scalar(listening) is not None:
        session.add(new_event(kind, channel, data))


def new_event(kind: str, channel: str | None, data: Mapping[str, Any]) -> EventRow:
    """A row of an event whose deliveries are to be written."""
    at = now()
    return EventRow(
        event_id=f"event-{uuid.uuid4().hex}",
        type=kind,
        channel=channel,
        data=dict(data),
        occurred_at=at,
        due_at=at,
        claims=0,
    )
