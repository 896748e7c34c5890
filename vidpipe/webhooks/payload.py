"""What is sent of an event: `type`, `timestamp`, and `data` with ids and links."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from vidpipe.catalog.event_tables import EventRow

#: Where the thing of each id is in the API.
_PLACES = {
    "job_id": ("job", "jobs"),
    "video_id": ("video", "videos"),
    "project_id": ("project", "projects"),
}


def payload(event: EventRow, organisation: str | None, public_url: str) -> str:
    """The body of the requests that tell of an event: JSON, the same each time.

    Args:
        event: what happened.
        organisation: whose event it is.
        public_url: where the service is; empty: links are paths.
    """
    base = f"{public_url.rstrip('/')}/api/v1"
    links = {
        name: f"{base}/{place}/{event.data[key]}"
        for key, (name, place) in _PLACES.items()
        if event.data.get(key) is not None
    }
    whose = {"organisation": organisation, "channel": event.channel}
    data = {**event.data, "links": links}
    if event.channel is not None:
        data = {**whose, **data}
    sent = {"type": event.type, "timestamp": _moment(event.occurred_at), "data": data}
    return json.dumps(sent, ensure_ascii=False, separators=(",", ":"))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
