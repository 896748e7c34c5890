"""One reader of events in each server process, for all streams that are open there.

It reads what is new once and hands it to every stream that wants it: a stream holds no session of
the database. PostgreSQL wakes it (LISTEN); SQLite, and a server that cannot wake anybody through
its connection pooler, is asked again and again. Nobody works where nobody watches.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from vidpipe.api.problems import ApiError
from vidpipe.catalog.event_log import EventRecord, Rooms
from vidpipe.catalog.events import WAKE
from vidpipe.catalog.progress import ProgressRecord
from vidpipe.catalog.sessions import listening
from vidpipe.catalog.tables import now
from vidpipe.library import Library
from vidpipe.observability import events

#: Seconds without a word after which a stream gets a sign of life.
HEARTBEAT_S = 15.0
#: Seconds between two looks, where nothing wakes the reader, and where something does.
_POLL_S, _AWAKE_S = 0.5, 2.0
#: Seconds between two looks at least, however often it is woken.
_REST_S = 0.05
#: Events that are read at once.
_PORTION = 500
#: What a stream may leave lying: then it is ended, and comes back for what it missed.
_BEHIND = 2000
#: Progress is looked for from so long before the last look on: clocks of machines differ.
_SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class StreamFrame:
    """One thing that a stream is told, in the forms in which it is sent: made once for all.

    Attributes:
        name: its type.
        data: as JSON.
        id: of an event; None: it has none.
        channel: whose it is; None: it concerns the stream itself.
    """

    name: str
    data: str
    id: int | None = None
    channel: str | None = None

    @cached_property
    def sse(self) -> bytes:
        """As server-sent events have it."""
        head = f"id: {self.id}\n" if self.id is not None else ""
        return f"{head}event: {self.name}\ndata: {self.data}\n\n".encode()

    @cached_property
    def text(self) -> str:
        """As a message over a WebSocket."""
        return f'{{"event":{json.dumps(self.name)},"data":{self.data}}}'


@dataclass(eq=False)
class Subscription:
    """What one stream still has to be told."""

    who: str
    rooms: Rooms
    progress: bool
    #: Events up to this id it has, or gets from elsewhere.
    seen: int = 0
    ended: str | None = None
    sent: float = field(default_factory=time.monotonic)
    waiting: deque[StreamFrame] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: StreamFrame) -> None:
        """Have it told; one that takes nothing is ended."""
        if len(self.waiting) >= _BEHIND:
            self.end("lagging")
            return
        self.waiting.append(frame)
        self._wake.set()

    def skip(self, up_to: int) -> None:
        """What it has of events from elsewhere is not told again."""
        self.seen = max(self.seen, up_to)
        kept = [f for f in self.waiting if f.id is None or f.id > self.seen]
        self.waiting = deque(kept)

    def end(self, why: str) -> None:
        """Nothing more is told, and why."""
        if self.ended is None:
            self.ended = why
            self.waiting.clear()
        self._wake.set()

    async def next(self, timeout_s: float) -> StreamFrame | None:
        """What is to be told next; None: nothing came in that time, or it was ended."""
        if not self.waiting and self.ended is None:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, timeout_s))
        return self.waiting.popleft() if self.waiting else None


class EventFeed:
    """Reads what is new for the streams of this process.

    Args:
        library: what happens in.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._streams: set[Subscription] = set()
        self._of: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._started: asyncio.Future[None] | None = None
        self._position = 0
        self._looked: datetime = now()
        self._told: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._is_woken = False
        self._closed = False

    @property
    def count(self) -> int:
        """Streams that are open."""
        return len(self._streams)

    async def open(self, who: str, rooms: Rooms, *, progress: bool = True) -> Subscription:
        """A stream of what happens from now on; `seen` is the newest event before.

        Args:
            who: whose stream it is, for the limits.
            rooms: what they want.
            progress: whether they want to know how far runs are.

        Raises:
            ApiError: 429, they have too many open; 503, this process has.
            Unavailable: the catalog cannot be reached.
        """
        options = self._library.engine.settings.events
        if self._closed or len(self._streams) >= options.streams:
            raise ApiError(
                503,
                "no_streams_left",
                "this server has as many streams open as it may",
                headers={"Retry-After": "10"},
            )
        if self._of[who] >= options.streams_per_user:
            raise ApiError(
                429,
                "too_many_streams",
                f"you have {options.streams_per_user} streams open: close one; one stream takes "
                "several rooms",
                headers={"Retry-After": "10"},
            )
        made = Subscription(who, rooms, progress)
        # Counted at once: others come while the reader starts.
        self._streams.add(made)
        self._of[who] += 1
        try:
            await self._reading()
        except BaseException:
            self.close(made)
            raise
        # What was handed out while it waited, its first look at the catalog has.
        made.waiting.clear()
        made.seen = self._position
        return made

    def close(self, stream: Subscription) -> None:
        """A stream is over."""
        if stream in self._streams:
            self._streams.discard(stream)
            self._of[stream.who] -= 1
            self._of += Counter()

    def end_all(self, why: str = "shutdown") -> None:
        """The process is to end: every stream is told so, and none is opened any more."""
        self._closed = True
        for stream in self._streams:
            stream.end(why)

    # Reading

    async def _reading(self) -> None:
        """The reader is at work, and knows where it stands."""
        if self._task is None or self._task.done():
            loop = asyncio.get_running_loop()
            self._started = loop.create_future()
            self._task = asyncio.create_task(self._read_on(self._started), name="events")
        assert self._started is not None
        await asyncio.shield(self._started)

    async def _read_on(self, started: asyncio.Future[None]) -> None:
        """As long as there are streams."""
        self._wake = asyncio.Event()
        try:
            self._position = await asyncio.to_thread(self._library.events.newest_id)
        except Exception as error:
            started.set_exception(error)
            # Whoever waits is told; where nobody does any more, nobody has to be.
            started.exception()
            return
        self._looked, self._told = now(), {}
        started.set_result(None)
        listener = asyncio.create_task(self._listen(), name="events listener")
        try:
            failures = 0
            while self._streams:
                try:
                    more = await self._look()
                    failures = 0
                except Exception as error:
                    # The database may be away for a while: streams stay, and go on after that.
                    failures += 1
                    more = False
                    if failures == 1:
                        events.warning("event_feed_failed", cause=error)
                if more:
                    continue
                wait_s = _AWAKE_S if self._is_woken else _POLL_S
                wait_s = min(10.0, wait_s * 2 ** min(failures, 5))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), wait_s)
                    await asyncio.sleep(_REST_S)
                self._wake.clear()
        finally:
            # Whoever comes from now on begins another one.
            self._task = None
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _look(self) -> bool:
        """Hand out what is new; whether there is more."""
        found, progress = await asyncio.to_thread(self._read)
        for record in found:
            self._position = record.id
            self._hand_out(record)
        for heard in progress:
            if self._told.get(heard.video_id) == heard.updated_at:
                continue
            self._told[heard.video_id] = heard.updated_at
            self._hand_out_progress(heard)
        if len(self._told) > len(progress) + 1000:
            self._told = {heard.video_id: heard.updated_at for heard in progress}
        return len(found) == _PORTION

    def _read(self) -> tuple[list[EventRecord], list[ProgressRecord]]:
        catalog = self._library.engine.catalog
        since, self._looked = self._looked - _SKEW, now()
        with catalog.together():
            found = catalog.events.after(self._position, _PORTION)
            return found, catalog.progress.since(since)

    def _hand_out(self, record: EventRecord) -> None:
        frame: StreamFrame | None = None
        for stream in tuple(self._streams):
            if record.id <= stream.seen:
                continue
            stream.rooms = stream.rooms.knowing(record)
            if stream.rooms.have(record):
                frame = frame or self.frame(record)
                stream.put(frame)

    def _hand_out_progress(self, heard: ProgressRecord) -> None:
        frame: StreamFrame | None = None
        for stream in tuple(self._streams):
            if stream.progress and stream.rooms.have_video(heard.video_id, heard.channel):
                frame = frame or self.progress_frame(heard)
                stream.put(frame)

    def frame(self, record: EventRecord) -> StreamFrame:
        """An event as streams are told of it."""
        said = self._library.events.view(record).model_dump_json()
        return StreamFrame(record.kind, said, record.id, record.channel)

    def progress_frame(self, heard: ProgressRecord) -> StreamFrame:
        """Progress as streams are told of it."""
        said = self._library.events.progress_view(heard).model_dump_json()
        return StreamFrame("progress", said, None, heard.channel)

    # Being woken

    async def _listen(self) -> None:
        """Have PostgreSQL say when something is new; SQLite never does."""
        url = self._library.engine.settings.database_url.get_secret_value()
        while True:
            with suppress(Exception):
                async for _ in listening(url, WAKE, self._wake.set):
                    self._is_woken = True
            self._is_woken = False
            if self._library.engine.catalog.embedded:
                return
            await asyncio.sleep(2.0)


def ready(newest: int, missed: int) -> StreamFrame:
    """The first thing that a stream is told: where it begins, and how much is told again."""
    return StreamFrame("ready", json.dumps({"id": newest, "missed": missed}), newest)


def reload(newest: int, reason: str) -> StreamFrame:
    """What was missed cannot be told any more."""
    return StreamFrame("reload", json.dumps({"id": newest, "reason": reason}), newest)


def closed(reason: str) -> StreamFrame:
    """The last thing that a stream is told."""
    return StreamFrame("closed", json.dumps({"reason": reason}))


async def told(
    feed: EventFeed,
    stream: Subscription,
    first: Sequence[StreamFrame],
    *,
    seconds: float | None,
    readable: Callable[[], Awaitable[frozenset[str]]],
    recheck_s: float,
) -> AsyncIterator[StreamFrame | None]:
    """What a stream sends until it ends; None: a sign of life.

    Args:
        feed: whose stream it is.
        stream: what comes.
        first: what is told before.
        seconds: after which it ends; None: never.
        readable: gives the channels that may be read now.
        recheck_s: seconds between two times that it is asked.
    """
    try:
        began = checked = time.monotonic()
        for frame in first:
            yield frame
        while stream.ended is None:
            left = HEARTBEAT_S
            if seconds is not None:
                left = min(left, began + seconds - time.monotonic())
                if left <= 0:
                    return
            found = await stream.next(min(left, recheck_s))
            at = time.monotonic()
            if at - checked >= recheck_s:
                checked = at
                channels = await readable()
                if not channels:
                    stream.end("revoked")
                    break
                stream.rooms = replace(stream.rooms, channels=channels)
            if found is not None and found.channel in (None, *stream.rooms.channels):
                yield found
            elif stream.ended is None and at - stream.sent >= HEARTBEAT_S - 0.01:
                yield None
            else:
                continue
            stream.sent = at
        yield closed(stream.ended or "shutdown")
    finally:
        feed.close(stream)
