"""`vidpipe run --progress jsonl`: the events of a run as lines of JSON, as streams have them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vidpipe.cli.app import err

if TYPE_CHECKING:
    from vidpipe.catalog.event_types import EventView, ProgressEvent
    from vidpipe.library import Library


class _Lines:
    """Prints what belongs to one recording; what comes before it is known which waits."""

    def __init__(self, upload_key: str) -> None:
        self._upload_key = upload_key
        self._video_id: str | None = None
        self._held: list[EventView | ProgressEvent] = []
        self._lock = threading.RLock()

    def know(self, video_id: str) -> None:
        """Which video the recording is."""
        with self._lock:
            self._video_id = video_id
            held, self._held = self._held, []
            for event in held:
                self.say(event)

    def say(self, event: EventView | ProgressEvent) -> None:
        """Print it, where it is of the recording."""
        with self._lock:
            self._say(event)

    def _say(self, event: EventView | ProgressEvent) -> None:
        data = event.data if isinstance(event.data, dict) else event.data.model_dump()
        own = data.get("upload_key") == self._upload_key
        if own and self._video_id is None and data.get("video_id"):
            self.know(str(data["video_id"]))
        if own or (self._video_id is not None and data.get("video_id") == self._video_id):
            sys.stdout.write(f"{event.model_dump_json()}\n")
            sys.stdout.flush()
        elif self._video_id is None:
            self._held.append(event)


@contextmanager
def events_as_lines(library: Library, file: Path, channel: str) -> Iterator[Callable[[str], None]]:
    """While inside, what happens to a recording is printed; a reader that is gone harms nothing.

    Yields:
        To be told which video it is, where that is known.
    """
    from vidpipe.library.watching import happening

    lines = _Lines(f"{channel}/{file.name}")
    rooms = library.events.rooms(library.engine.channels, channels=[channel])
    start, over = library.events.newest_id(), threading.Event()

    def watch() -> None:
        try:
            for event in happening(library, rooms, start, stop=over.is_set):
                if event is not None:
                    lines.say(event)
        except Exception as error:
            err.print(f"vidpipe: events are not shown any more: {error}")

    watching = threading.Thread(target=watch, name="vidpipe-lines", daemon=True)
    watching.start()
    try:
        yield lines.know
    finally:
        over.set()
        watching.join(10.0)
