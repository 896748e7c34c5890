"""Clips and exports across videos, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, literal, or_, select, tuple_

from vidpipe.catalog.database import Database
from vidpipe.catalog.tables import ClipRow, ExportRow, Video


@dataclass(frozen=True)
class OutputPlace:
    """Where a list goes on: after this row.

    Attributes:
        at: when its video came.
        video_id: of its video.
        rest: what its video's rows are ordered by: rank, clip, and platform of exports.
    """

    at: datetime
    video_id: str
    rest: tuple[int | str, ...]


@dataclass(frozen=True)
class ClipOf:
    """A clip and its video."""

    clip: ClipRow
    video: Video


@dataclass(frozen=True)
class ExportOf:
    """An export, its clip and its video."""

    export: ExportRow
    clip: ClipRow
    video: Video


class OutputRows:
    """Reads what was made: of the newest videos first, and of each the best clip first."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def clips(
        self,
        limit: int,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        after: OutputPlace | None = None,
    ) -> list[ClipOf]:
        """Clips of these channels, or of one video."""
        query = select(ClipRow, Video).join(Video, Video.video_id == ClipRow.video_id)
        columns = (ClipRow.rank, ClipRow.clip_id)
        query = _paged(query, columns, channels, video_id, after).limit(limit)
        with self._db.session() as session:
            return [ClipOf(*row) for row in session.execute(query)]

    def exports(
        self,
        limit: int,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        clip_id: str | None = None,
        platform: str | None = None,
        after: OutputPlace | None = None,
    ) -> list[ExportOf]:
        """Exports of clips that there still are, of these channels, or of one video or clip."""
        query = (
            select(ExportRow, ClipRow, Video)
            .join(Video, Video.video_id == ExportRow.video_id)
            .join(
                ClipRow,
                and_(ClipRow.video_id == ExportRow.video_id, ClipRow.clip_id == ExportRow.clip_id),
            )
        )
        if clip_id is not None:
            query = query.where(ExportRow.clip_id == clip_id)
        if platform is not None:
            query = query.where(ExportRow.platform == platform)
        columns = (ClipRow.rank, ClipRow.clip_id, ExportRow.platform)
        query = _paged(query, columns, channels, video_id, after).limit(limit)
        with self._db.session() as session:
            return [ExportOf(*row) for row in session.execute(query)]

    def platforms(self, clips: Sequence[ClipRow]) -> dict[tuple[str, str], list[str]]:
        """What these clips are exported for, by video and clip."""
        videos = {clip.video_id for clip in clips}
        query = select(ExportRow).where(ExportRow.video_id.in_(videos)).order_by(ExportRow.platform)
        found: dict[tuple[str, str], list[str]] = {}
        with self._db.session() as session:
            for row in session.scalars(query):
                found.setdefault((row.video_id, row.clip_id), []).append(row.platform)
        return found


def _paged(
    query: Select[Any],
    columns: Sequence[Any],
    channels: Collection[str],
    video_id: str | None,
    after: OutputPlace | None,
) -> Select[Any]:
    query = query.where(Video.channel.in_(channels))
    if video_id is not None:
        query = query.where(Video.video_id == video_id)
    if after is not None:
        video = tuple_(Video.created_at, Video.video_id)
        last = tuple_(literal(after.at, Video.created_at.type), literal(after.video_id))
        within = tuple_(*columns) > tuple_(*(literal(value) for value in after.rest))
        query = query.where(or_(video < last, and_(video == last, within)))
    return query.order_by(Video.created_at.desc(), Video.video_id.desc(), *columns)
