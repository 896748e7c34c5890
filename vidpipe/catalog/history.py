"""What was done and what became of it, counted: what reports are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select

from vidpipe.catalog.database import Database
from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import ClipRow, ExportRow, FailureRow, StageRunRow, UploadRow, Video


@dataclass(frozen=True)
class FinishedVideo:
    """A video that was finished, and what came of it."""

    at: datetime
    channel: str
    recorded_s: float
    clips: int


@dataclass(frozen=True)
class StageTime:
    """One making of a stage: what it took, and how long the recording is."""

    stage: str
    wall_s: float
    recorded_s: float


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one cause in one channel that are not resolved."""

    channel: str
    cause: str
    dead: int
    waiting: int
    since: datetime
    example: str


class History:
    """Questions over the whole library; each is one query."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def finished(self, since: datetime) -> list[FinishedVideo]:
        """The videos that were finished since then."""
        clips = (
            select(ClipRow.video_id, func.count().label("clips"))
            .group_by(ClipRow.video_id)
            .subquery()
        )
        query = (
            select(
                Video.finished_at,
                Video.channel,
                Video.duration_s,
                func.coalesce(clips.c.clips, 0),
            )
            .outerjoin(clips, clips.c.video_id == Video.video_id)
            .where(Video.finished_at >= since)
        )
        return [FinishedVideo(*row) for row in self._rows(query)]

    def failed(self, since: datetime) -> list[datetime]:
        """When failures were noted, resolved or not."""
        query = select(FailureRow.created_at).where(FailureRow.created_at >= since)
        return [at for (at,) in self._rows(query)]

    def made(self, since: datetime, limit: int) -> list[StageTime]:
        """The newest makings of stages; what was found again took no time worth counting."""
        query = (
            select(StageRunRow.stage, StageRunRow.wall_s, Video.duration_s)
            .join(Video, Video.video_id == StageRunRow.video_id)
            .where(
                StageRunRow.created_at >= since,
                StageRunRow.reused.is_(False),
                StageRunRow.error.is_(None),
            )
            .order_by(StageRunRow.id.desc())
            .limit(limit)
        )
        return [StageTime(*row) for row in self._rows(query)]

    def troubles(self) -> list[FailureGroup]:
        """What is not resolved, by channel and cause, the most frequent first."""
        dead = func.sum(case((FailureRow.state == FailureState.DEAD, 1), else_=0))
        waiting = func.sum(case((FailureRow.state == FailureState.WAITING, 1), else_=0))
        query = (
            select(
                FailureRow.channel,
                FailureRow.cause,
                dead,
                waiting,
                func.min(FailureRow.created_at),
                func.max(FailureRow.message),
            )
            .where(FailureRow.state != FailureState.RESOLVED)
            .group_by(FailureRow.channel, FailureRow.cause)
            .order_by(func.count().desc(), FailureRow.cause, FailureRow.channel)
        )
        return [FailureGroup(*row) for row in self._rows(query)]

    def rejected(self) -> list[tuple[str, str, int]]:
        """(channel, reason, uploads) in quarantine, the most frequent first."""
        query = (
            select(UploadRow.channel, UploadRow.reason, func.count())
            .where(UploadRow.state == "quarantined")
            .group_by(UploadRow.channel, UploadRow.reason)
            .order_by(func.count().desc(), UploadRow.channel)
        )
        return [(channel, reason or "", count) for channel, reason, count in self._rows(query)]

    def channels(self) -> set[str]:
        """Channels that something ever came in for, also those that are no more or never were."""
        queries = (select(Video.channel).distinct(), select(UploadRow.channel).distinct())
        return {name for query in queries for (name,) in self._rows(query) if name}

    def totals(self) -> dict[str, int]:
        """How many videos, finished ones, clips and exports there are."""
        videos = select(func.count()).select_from(Video).where(Video.state == "accepted")
        queries = {
            "videos": videos,
            "finished": videos.where(Video.finished_at.is_not(None)),
            "clips": select(func.count()).select_from(ClipRow),
            "exports": select(func.count()).select_from(ExportRow),
        }
        return {name: self._rows(query)[0][0] for name, query in queries.items()}

    def _rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        with self._db.session() as session:
            return [tuple(row) for row in session.execute(query)]
