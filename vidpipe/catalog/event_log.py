"""Reading what happened, from one event to the next, and removing what is old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, or_, select

from vidpipe.catalog.database import Database
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.webhook_tables import DeliveryRow

#: Rows that one transaction removes.
_PORTION = 500


@dataclass(frozen=True)
class EventRecord:
    """An event as it was read.

    Attributes:
        id: grows in the order of commits.
        event_id: the same in webhooks.
        kind: its type.
        channel: whose it is.
        occurred_at: when it happened, in UTC.
        data: what it says.
        video_id: of the video that it is about, if any.
        job_id: of the job that it is about, if any.
    """

    id: int
    event_id: str
    kind: str
    channel: str
    occurred_at: datetime
    data: Mapping[str, Any]
    video_id: str | None
    job_id: str | None


@dataclass(frozen=True)
class JobRoom:
    """What concerns one job: itself, and what happens to its video from then on.

    Attributes:
        video_id: None: intake has not taken its upload yet.
        since: when it was created.
    """

    video_id: str | None
    since: datetime

    def has(self, event: EventRecord) -> bool:
        """Whether an event of its video is of its time."""
        same = self.video_id is not None and event.video_id == self.video_id
        return same and event.occurred_at >= self.since


@dataclass(frozen=True)
class Rooms:
    """Which events somebody wants, and may have.

    Attributes:
        channels: that they may read; nothing of another one is ever given.
        places: channels that they want as a whole; with no room at all: every one.
        videos: single videos that they want.
        jobs: single jobs that they want, by id.
        kinds: types of events, `stage.*` for a family; none: all.
        everything: whether no room was named.
    """

    channels: frozenset[str]
    places: frozenset[str] = frozenset()
    videos: frozenset[str] = frozenset()
    jobs: Mapping[str, JobRoom] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    everything: bool = True

    def have(self, event: EventRecord) -> bool:
        """Whether an event is one of these."""
        if event.channel not in self.channels:
            return False
        if self.kinds and not any(is_of(event.kind, kind) for kind in self.kinds):
            return False
        return (
            self.everything
            or event.channel in self.places
            or event.video_id in self.videos
            or event.job_id in self.jobs
            or any(room.has(event) for room in self.jobs.values())
        )

    def have_video(self, video_id: str, channel: str) -> bool:
        """Whether the progress of a video is to be told of."""
        return channel in self.channels and (
            self.everything
            or channel in self.places
            or video_id in self.videos
            or any(room.video_id == video_id for room in self.jobs.values())
        )

    def knowing(self, event: EventRecord) -> Rooms:
        """The same, once an event has said which video a job of these is of."""
        room = self.jobs.get(event.job_id or "")
        if room is None or event.video_id is None or room.video_id == event.video_id:
            return self
        known = replace(room, video_id=event.video_id)
        return replace(self, jobs={**self.jobs, str(event.job_id): known})

    def condition(self) -> ColumnElement[bool]:
        """The same as `have`, for the database."""
        if not self.channels:
            return false()
        wanted: list[ColumnElement[bool]] = [EventRow.channel.in_(self.channels)]
        if self.kinds:
            wanted.append(or_(*(_kind(kind) for kind in self.kinds)))
        if not self.everything:
            of_jobs = [
                and_(EventRow.video_id == room.video_id, EventRow.occurred_at >= room.since)
                for room in self.jobs.values()
                if room.video_id is not None
            ]
            wanted.append(
                or_(
                    EventRow.channel.in_(self.places),
                    EventRow.video_id.in_(self.videos),
                    EventRow.job_id.in_(self.jobs),
                    *of_jobs,
                )
            )
        return and_(*wanted)


class Missed(StrEnum):
    """Why what somebody missed cannot be told any more.

    Attributes:
        TOO_MANY: it is more than is replayed.
        EXPIRED: some of it was removed.
        UNKNOWN_ID: there is no such event yet: the catalog is another one, or an older copy.
    """

    TOO_MANY = "too_many"
    EXPIRED = "expired"
    UNKNOWN_ID = "unknown_id"


class EventLog:
    """Events of all channels, in the order in which they were committed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def newest_id(self) -> int:
        """The id of the newest event; 0 where there is none."""
        with self._db.session() as session:
            return session.scalar(select(func.max(EventRow.id))) or 0

    def after(
        self,
        after: int,
        limit: int,
        *,
        rooms: Rooms | None = None,
        up_to: int | None = None,
    ) -> list[EventRecord]:
        """Events with higher ids, the oldest first; of everybody where no rooms are named."""
        query = _rows().where(EventRow.id > after)
        if up_to is not None:
            query = query.where(EventRow.id <= up_to)
        if rooms is not None:
            query = query.where(rooms.condition())
        with self._db.session() as session:
            return [
                _record(row) for row in session.execute(query.order_by(EventRow.id).limit(limit))
            ]

    def page(
        self, limit: int, *, rooms: Rooms, after: int | None = None, newest_first: bool = True
    ) -> list[EventRecord]:
        """Events of these rooms before or behind an id, as the order is."""
        if not newest_first:
            return self.after(after or 0, limit, rooms=rooms)
        query = _rows().where(rooms.condition())
        if after is not None:
            query = query.where(EventRow.id < after)
        with self._db.session() as session:
            found = session.execute(query.order_by(EventRow.id.desc()).limit(limit))
            return [_record(row) for row in found]

    def missed(
        self, after: int, limit: int, *, rooms: Rooms, kept_since: datetime
    ) -> tuple[int, list[EventRecord] | Missed]:
        """What somebody missed who has read up to an id, or why that cannot be told any more;
        and the newest id up to which that is so.

        Args:
            after: the last id that they read.
            limit: how many are told at most.
            rooms: what they want.
            kept_since: events from before may have been removed.
        """
        with self._db.together():
            newest = self.newest_id()
            if after > newest:
                return newest, Missed.UNKNOWN_ID
            if after == newest:
                return newest, []
            with self._db.session() as session:
                kept = session.scalar(
                    select(func.min(EventRow.id)).where(EventRow.occurred_at >= kept_since)
                )
            if kept is None or after < kept - 1:
                return newest, Missed.EXPIRED
            found = self.after(after, limit + 1, rooms=rooms, up_to=newest)
        return newest, Missed.TOO_MANY if len(found) > limit else found

    def remove_old(self, before: datetime) -> bool:
        """Remove events that are older; whether there is more.

        Those that webhooks are told of stay until these are over, and the newest stays always:
        SQLite would give its id again.
        """
        delivered = exists().where(DeliveryRow.event == EventRow.id)
        newest = select(func.max(EventRow.id)).scalar_subquery()
        old = (
            select(EventRow.id)
            .where(
                EventRow.occurred_at < before,
                EventRow.due_at.is_(None),
                EventRow.id < newest,
                ~delivered,
            )
            .limit(_PORTION)
        )
        with self._db.session() as session:
            ids: Sequence[int] = session.scalars(old).all()
        if ids:
            with self._db.writing() as session:
                session.execute(delete(EventRow).where(EventRow.id.in_(ids)))
        return len(ids) == _PORTION


def is_of(kind: str, wanted: str) -> bool:
    """Whether a type of events is one, or of a family as `stage.*`."""
    return kind.startswith(wanted[:-1]) if wanted.endswith(".*") else kind == wanted


def _kind(wanted: str) -> ColumnElement[bool]:
    if wanted.endswith(".*"):
        return EventRow.type.startswith(wanted[:-1], autoescape=True)
    return EventRow.type == wanted


def _rows() -> Any:
    return select(
        EventRow.id,
        EventRow.event_id,
        EventRow.type,
        EventRow.channel,
        EventRow.occurred_at,
        EventRow.data,
        EventRow.video_id,
        EventRow.job_id,
    ).where(EventRow.channel.is_not(None))


def _record(row: Any) -> EventRecord:
    return EventRecord(*row)
