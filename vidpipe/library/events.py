"""What happened, and how far what goes on is, as whoever watches is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from vidpipe.catalog.event_log import EventRecord, JobRoom, Missed, Rooms, is_of
from vidpipe.catalog.event_types import EVENTS, EventView, ProgressEvent, StageProgress
from vidpipe.catalog.progress import ProgressRecord
from vidpipe.catalog.tables import now
from vidpipe.library.errors import Refused
from vidpipe.library.views import JobView, Page
from vidpipe.pipeline.engine import Engine

#: How long the last word of how far a run is counts, where nothing more is heard of it.
_HEARD = timedelta(hours=1)
#: What lasts longer from what it tells to its commit may be removed before what has a lower id.
_LONGEST = timedelta(hours=1)


class Events:
    """Reads events, oldest first or newest first, of whoever may see what."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def rooms(
        self,
        readable: Collection[str],
        *,
        organisations: Collection[str] = (),
        channels: Collection[str] = (),
        videos: Collection[str] = (),
        jobs: Iterable[JobView] = (),
        kinds: Collection[str] = (),
    ) -> Rooms:
        """What somebody wants to be told of; with no room at all: all that they may read.

        Args:
            readable: the channels that they may read.
            organisations: all channels of these.
            channels: these channels as a whole.
            videos: ids of single videos.
            jobs: single jobs; what happens to their videos from then on belongs to them.
            kinds: only these types of events, or families of types as `stage.*`.

        Raises:
            Refused: there is no such type.
        """
        for kind in kinds:
            if not any(is_of(known, kind) for known in EVENTS):
                raise Refused(f"type: there is no {kind!r}; see the reference of events")
        known = self.engine.channels
        of = {name for name in readable if known[name].organisation in organisations}
        wanted = {job.job_id: JobRoom(job.video_id, job.created_at) for job in jobs}
        return Rooms(
            channels=frozenset(readable),
            places=frozenset(channels) | of,
            videos=frozenset(videos),
            jobs=wanted,
            kinds=tuple(kinds),
            everything=not (organisations or channels or videos or wanted),
        )

    # Reading

    def newest_id(self) -> int:
        """The id of the newest event of all; 0 where nothing happened yet."""
        return self.engine.catalog.events.newest_id()

    def after(self, after: int, rooms: Rooms, limit: int = 500) -> list[EventView]:
        """Events with higher ids, the oldest first."""
        found = self.engine.catalog.events.after(after, limit, rooms=rooms)
        return [self.view(record) for record in found]

    def missed(self, after: int, rooms: Rooms) -> tuple[int, list[EventRecord] | Missed]:
        """What somebody missed who has read up to an id, or why that cannot be told; and the
        newest id up to which that is so."""
        options = self.engine.settings.events
        since = now() - timedelta(days=options.keep_days)
        return self.engine.catalog.events.missed(
            after, options.replay, rooms=rooms, kept_since=since
        )

    def page(
        self, rooms: Rooms, *, limit: int, cursor: int | None = None, newest_first: bool = True
    ) -> Page[EventView]:
        """Events of these rooms; `next_cursor` is the id of the last of the page."""
        found = self.engine.catalog.events.page(
            limit + 1, rooms=rooms, after=cursor, newest_first=newest_first
        )
        items = tuple(self.view(record) for record in found[:limit])
        more = str(items[-1].id) if len(found) > limit else None
        return Page[EventView](items=items, next_cursor=more)

    def progress(self, rooms: Rooms, since: datetime | None = None) -> list[ProgressEvent]:
        """How far what goes on is, as it was last heard of."""
        found = self.engine.catalog.progress.since(since or self.heard_since())
        return [
            self.progress_view(record)
            for record in found
            if rooms.have_video(record.video_id, record.channel)
        ]

    @staticmethod
    def heard_since() -> datetime:
        """What was last heard of a run before that is not told any more."""
        return now() - _HEARD

    def remove_old(self) -> bool:
        """Remove events that are older than they are kept; whether there is more."""
        before = now() - timedelta(days=self.engine.settings.events.keep_days) - _LONGEST
        self.engine.catalog.progress.remove_old(now() - timedelta(days=1))
        return self.engine.catalog.events.remove_old(before)

    # As others see them

    def view(self, record: EventRecord) -> EventView:
        """An event with whose it is."""
        return EventView(
            id=record.id,
            event_id=record.event_id,
            type=record.kind,
            timestamp=record.occurred_at,
            organisation=self._whose(record.channel),
            channel=record.channel,
            data=_mapping(record.data),
        )

    def progress_view(self, record: ProgressRecord) -> ProgressEvent:
        """Progress with whose it is."""
        done = {name: round(100.0 * part, 1) for name, part in record.stages.items()}
        return ProgressEvent(
            timestamp=record.updated_at,
            organisation=self._whose(record.channel),
            channel=record.channel,
            data=StageProgress(
                video_id=record.video_id,
                stage=record.stage,
                stage_percent=done.get(record.stage, 0.0),
                percent=record.percent,
                eta_s=record.eta_s,
                stages=done,
            ),
        )

    def _whose(self, channel: str) -> str | None:
        found = self.engine.channels.get(channel)
        return found.organisation if found is not None else None


def _mapping(data: object) -> dict[str, object]:
    """What an event says; one of an older schema may have been of another form."""
    return dict(data) if isinstance(data, Mapping) else {}
