"""What goes on at this moment: what runs, what waits, who works."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from vidpipe.catalog.database import Database
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.following import alive_since
from vidpipe.catalog.states import FailureState, JobState, RequestState
from vidpipe.catalog.tables import (
    FailureRow,
    Heartbeat,
    JobRow,
    RequestRow,
    StageRunRow,
    UploadRow,
    Video,
    now,
)

Channels = Collection[str] | None


@dataclass(frozen=True)
class AtWork:
    """A run that a living process leads.

    `began_at` is when the orchestrator took it; None: nobody asked it to, or that is not known.
    """

    run_id: str
    host: str
    video: Video
    stages: list[str] | None
    began_at: datetime | None


@dataclass(frozen=True)
class Waits:
    """A request that no living process works on.

    `place` is its place among those of its channel whose time has come, from 1 on; `failure` is
    the last one of its video that is not resolved.
    """

    request: RequestRow
    video: Video
    place: int
    failure: FailureRow | None


class Overview:
    """Reads a little of each, the first of what is long."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def at_work(self, channels: Channels, limit: int) -> list[AtWork]:
        """Runs that are alive, the longest at work first."""
        query = (
            select(Heartbeat, Video, RequestRow)
            .join(Video, Video.video_id == Heartbeat.video_id)
            .outerjoin(RequestRow, RequestRow.run_id == Heartbeat.run_id)
            .where(Heartbeat.at >= alive_since(), *_of(Video.channel, channels))
            .order_by(RequestRow.updated_at, Heartbeat.run_id)
            .limit(limit)
        )
        with self._db.session() as session:
            return [
                AtWork(
                    beat.run_id,
                    beat.host,
                    video,
                    request.stages if request is not None else None,
                    request.updated_at if request is not None else None,
                )
                for beat, video, request in session.execute(query)
            ]

    def due(self, settled_s: float = 0.0) -> tuple[datetime | None, int]:
        """Since when something is due that nobody has taken, and how much there is."""
        at = now()
        began = func.coalesce(RequestRow.not_before, RequestRow.created_at)
        requests = select(func.min(began), func.count()).where(
            RequestRow.state == RequestState.OPEN,
            or_(RequestRow.not_before.is_(None), RequestRow.not_before <= at),
        )
        noticed = func.coalesce(UploadRow.not_before, UploadRow.changed_at)
        uploads = select(func.min(noticed), func.count()).where(
            UploadRow.state == "pending",
            UploadRow.changed_at <= at - timedelta(seconds=settled_s),
            or_(UploadRow.not_before.is_(None), UploadRow.not_before <= at),
        )
        with self._db.session() as session:
            found = [session.execute(query).one() for query in (requests, uploads)]
        moments = [since for since, _ in found if since is not None]
        return min(moments, default=None), sum(count for _, count in found)

    def newest_stages(self, video_id: str, limit: int) -> list[StageRunRow]:
        """The newest runs of stages of a video, the newest first."""
        query = select(StageRunRow).where(StageRunRow.video_id == video_id)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(StageRunRow.id.desc()).limit(limit)))

    def waiting(self, channels: Channels, limit: int) -> list[Waits]:
        """Requests whose time has come, in the order of their channels; then those that are tried
        again later; then those that were handed over and are not at work."""
        at = now()
        due = or_(RequestRow.not_before.is_(None), RequestRow.not_before <= at)
        place = func.row_number().over(
            partition_by=RequestRow.channel,
            order_by=(RequestRow.priority.desc(), RequestRow.id),
        )
        ranked = (
            select(RequestRow.id, place.label("place"))
            .where(RequestRow.state == RequestState.OPEN, due)
            .subquery()
        )
        alive = select(Heartbeat.run_id).where(Heartbeat.at >= alive_since())
        query = (
            select(RequestRow, Video, func.coalesce(ranked.c.place, 0))
            .join(Video, Video.video_id == RequestRow.video_id)
            .outerjoin(ranked, ranked.c.id == RequestRow.id)
            .where(
                RequestRow.state != RequestState.DONE,
                or_(RequestRow.run_id.is_(None), RequestRow.run_id.not_in(alive)),
                *_of(RequestRow.channel, channels),
            )
            .order_by(
                ranked.c.place.is_(None), ranked.c.place, RequestRow.not_before, RequestRow.id
            )
            .limit(limit)
        )
        with self._db.session() as session:
            rows = session.execute(query).all()
            ids = [request.video_id for request, _, _ in rows]
            failed = select(FailureRow).where(
                FailureRow.subject.in_(ids), FailureRow.state == FailureState.WAITING
            )
            failures = {row.subject: row for row in session.scalars(failed)}
        return [
            Waits(request, video, number, failures.get(request.video_id))
            for request, video, number in rows
        ]

    def in_flight(self) -> dict[str, int]:
        """Requests that were handed over and are not done, by channel."""
        query = (
            select(RequestRow.channel, func.count())
            .where(RequestRow.state == RequestState.SUBMITTED)
            .group_by(RequestRow.channel)
        )
        with self._db.session() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def submitted(self, video_ids: Sequence[str]) -> set[str]:
        """Which of these videos a run was handed over of."""
        query = select(RequestRow.video_id).where(
            RequestRow.video_id.in_(video_ids), RequestRow.state == RequestState.SUBMITTED
        )
        with self._db.session() as session:
            return set(session.scalars(query))

    def pending_uploads(self, channels: Channels, limit: int) -> list[UploadRow]:
        """Uploads that intake has still to decide on, the oldest first."""
        query = (
            select(UploadRow)
            .where(UploadRow.state == "pending", *_of(UploadRow.channel, channels))
            .order_by(UploadRow.changed_at, UploadRow.key)
        )
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def open_downloads(self, channels: Channels, limit: int) -> list[DownloadRow]:
        """Recordings behind links that are not fetched yet, those at work first."""
        query = (
            select(DownloadRow)
            .where(
                DownloadRow.state.in_(("waiting", "running")),
                *_of(DownloadRow.channel, channels),
            )
            .order_by(DownloadRow.state, DownloadRow.created_at, DownloadRow.job_id)
        )
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def for_review(self, channels: Channels, limit: int) -> list[JobRow]:
        """Jobs that wait for somebody's word, the oldest first."""
        query = (
            select(JobRow)
            .where(JobRow.state == JobState.WAITING_FOR_REVIEW, *_of(JobRow.channel, channels))
            .order_by(JobRow.updated_at, JobRow.job_id)
        )
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))


def _of(column: InstrumentedAttribute[str], channels: Channels) -> list[ColumnElement[bool]]:
    return [] if channels is None else [column.in_(channels)]
