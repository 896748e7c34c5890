"""Watching what happens from a process of one's own: the catalog is asked again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from vidpipe.catalog.event_log import Rooms
from vidpipe.catalog.event_types import EventView, ProgressEvent
from vidpipe.catalog.tables import now
from vidpipe.library.library import Library

#: Seconds between two looks.
_LOOK_S = 0.5
_PORTION = 500
#: Progress is looked for from so long before the last look on: clocks of machines differ.
_SKEW = timedelta(seconds=5)


def happening(
    library: Library,
    rooms: Rooms,
    after: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: bool = True,
) -> Iterator[EventView | ProgressEvent | None]:
    """Events with higher ids as they come, each once and in order, and how far runs are.

    Args:
        library: where.
        rooms: what is wanted.
        after: the last id that is known already.
        stop: asked after each look; when it is so, what came until then is all.
        progress: whether to tell how far runs are.

    Yields:
        What happened; None where nothing did for half a second.
    """
    told: dict[str, datetime] = {}
    looked = now()
    while True:
        last = stop()
        # One look more than is needed, so that what is already there is all told.
        found = library.engine.catalog.events.after(after, _PORTION)
        for record in found:
            after = record.id
            rooms = rooms.knowing(record)
            if rooms.have(record):
                yield library.events.view(record)
        if len(found) == _PORTION:
            continue
        since, looked = looked - _SKEW, now()
        for event in library.events.progress(rooms, since) if progress else ():
            if told.get(event.data.video_id) != event.timestamp:
                told[event.data.video_id] = event.timestamp
                yield event
        if last:
            return
        yield None
        time.sleep(_LOOK_S)
