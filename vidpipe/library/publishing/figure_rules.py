"""When the figures of a post are read, and when not any more.

Most views of a clip come in its first weeks, so those are read every day. Each reading takes a
request of the platform: on YouTube a unit of the 10,000 that a project has a day, from which posts
are uploaded as well. A library of 2,000 posts that were all read every day would take a fifth of
them to learn what has hardly changed; read this way it takes some hundred.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

#: How often figures are read of posts up to an age: every day, every week, every month; of older
#: ones not any more.
STEPS: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(days=30), timedelta(days=1)),
    (timedelta(days=180), timedelta(days=7)),
    (timedelta(days=730), timedelta(days=30)),
)
#: A post has hardly been seen before.
SOONEST = timedelta(hours=1)
#: After an answer that says nothing: so long, twice as long each time, at most so often.
_FIRST_AGAIN, MOST_FAILURES = timedelta(minutes=15), 5
_DAY = timedelta(days=1)
_DAY_S = 86_400


def own_time(post_id: str) -> timedelta:
    """The time of the day (UTC) at which a post is read: posts are spread over the day."""
    digest = hashlib.sha256(post_id.encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % _DAY_S)


def first_reading(post_id: str, posted_at: datetime) -> datetime:
    """When the figures of a post are read first."""
    soonest = posted_at + SOONEST
    moment = _midnight(soonest) + own_time(post_id)
    return moment if moment >= soonest else moment + _DAY


def next_reading(post_id: str, posted_at: datetime, at: datetime) -> datetime | None:
    """When they are read again, at the post's own time of the day; None: it is too old.

    Args:
        post_id: whose.
        posted_at: when it was posted.
        at: when they were read last.
    """
    every = next((step for most, step in STEPS if at - posted_at < most), None)
    if every is None:
        return None
    # What was read late is read at its own time again.
    wanted = at + every
    moment = _midnight(wanted) + own_time(post_id)
    if moment - wanted > _DAY / 2:
        moment -= _DAY
    elif wanted - moment >= _DAY / 2:
        moment += _DAY
    return moment


def again_after(failures: int) -> timedelta:
    """How long to wait after so many answers in a row that said nothing."""
    return min(_FIRST_AGAIN * 2.0 ** (failures - 1), timedelta(hours=4))


def spread(post_id: str) -> timedelta:
    """Up to half an hour, so that not all go on in the moment in which a quota is renewed."""
    return own_time(post_id) / 48


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
