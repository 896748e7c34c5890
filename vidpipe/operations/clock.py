"""What time it is, as far as that can be believed by somebody who removes what is old.

A clock can be wrong by years: a battery is empty, a machine goes on from a snapshot, a
container is started with another time. What is removed for its age then never comes back.
Therefore a look believes the time it has seen pass: what the clock went on by since the last
look, at most a week of it. What it is behind it catches up, at twice the pace.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from vidpipe.storage.keys import RETENTION_CLOCK
from vidpipe.storage.objects import ObjectStore

#: A machine that is off longer than this is believed a part of it at first, in seconds.
_GAP_S = 7 * 86_400.0
#: Looks that follow each other so closely, in seconds, may catch up: every night, and one missed.
_OFTEN_S = 2 * 86_400.0


class ClockReading(BaseModel):
    """When somebody looked: what the clock said and what was believed, in s since 1970."""

    model_config = ConfigDict(frozen=True)

    clock_s: float
    believed_s: float


def believe(store: ObjectStore, clock_s: float, known: Iterable[datetime]) -> ClockReading:
    """What to believe of a clock that says `clock_s`, before any look, or after the last one.

    Args:
        store: where the last look is written down.
        clock_s: what the clock says, in seconds since 1970.
        known: moments at which something happened here, for the first look.
    """
    last = _last(store)
    if last is None:
        newest = max((moment.timestamp() for moment in known), default=clock_s)
        return ClockReading(clock_s=clock_s, believed_s=min(clock_s, newest + _GAP_S))
    passed_s = min(max(clock_s - last.clock_s, 0.0), _GAP_S)
    pace = 2 if passed_s <= _OFTEN_S else 1
    return ClockReading(clock_s=clock_s, believed_s=min(clock_s, last.believed_s + pace * passed_s))


def keep(store: ObjectStore, look: ClockReading) -> None:
    """Write a look down, for the next one."""
    store.put_bytes(RETENTION_CLOCK, look.model_dump_json().encode())


def _last(store: ObjectStore) -> ClockReading | None:
    body = store.get_bytes(RETENTION_CLOCK)
    try:
        return ClockReading.model_validate_json(body) if body is not None else None
    except ValidationError:
        return None
