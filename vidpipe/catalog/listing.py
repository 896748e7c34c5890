"""Lists of videos a page at a time, with what their state is derived from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, select

from vidpipe.catalog.database import Database
from vidpipe.catalog.failures import FailureState
from vidpipe.catalog.heartbeats import alive_since
from vidpipe.catalog.requests import RequestState
from vidpipe.catalog.tables import FailureRow, Heartbeat, RequestRow, Video


class About(StrEnum):
    """What a row says of a video, by which lists are narrowed in the database."""

    RETIRED = "retired"
    AT_WORK = "at_work"
    OPEN = "open"
    GIVEN_UP = "given_up"
    HELD = "held"
    FINISHED = "finished"


class Listing:
    """Reads what lists show: a page of videos, and the rows that belong to these."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def videos(
        self,
        limit: int,
        *,
        channel: str | None = None,
        after: tuple[datetime, str] | None = None,
        about: Collection[About] = (),
    ) -> list[Video]:
        """The newest videos first, at most `limit` of them.

        Args:
            limit: how many.
            channel: only of this one.
            after: when the last video of the page before came, and its id.
            about: only those of which one of these is so.
        """
        query = select(Video).order_by(Video.created_at.desc(), Video.video_id.desc()).limit(limit)
        if channel is not None:
            query = query.where(Video.channel == channel)
        if after is not None:
            came_at, video_id = after
            query = query.where(
                or_(
                    Video.created_at < came_at,
                    and_(Video.created_at == came_at, Video.video_id < video_id),
                )
            )
        if about:
            query = query.where(or_(*(_CONDITIONS[item]() for item in about)))
        with self._db.session() as session:
            return list(session.scalars(query))

    def requests(self, video_ids: Sequence[str]) -> list[RequestRow]:
        """Requests for these videos that are not over, the newest first."""
        query = select(RequestRow).where(
            RequestRow.video_id.in_(video_ids), RequestRow.state != RequestState.DONE
        )
        with self._db.session() as session:
            return list(session.scalars(query.order_by(RequestRow.id.desc())))

    def failures(self, subjects: Sequence[str]) -> list[FailureRow]:
        """Failures of these that are not resolved, the newest first."""
        query = select(FailureRow).where(
            FailureRow.subject.in_(subjects), FailureRow.state != FailureState.RESOLVED
        )
        with self._db.session() as session:
            return list(session.scalars(query.order_by(FailureRow.id.desc())))


def _open() -> ColumnElement[bool]:
    """Something is to be run: asked for, tried again, or left by a run that died."""
    waiting = exists().where(
        FailureRow.subject == Video.video_id, FailureRow.state == FailureState.WAITING
    )
    wanted = exists().where(
        RequestRow.video_id == Video.video_id, RequestRow.state != RequestState.DONE
    )
    return and_(Video.state != "retired", or_(Video.finished_at.is_(None), waiting, wanted))


_CONDITIONS: dict[About, Callable[[], ColumnElement[bool]]] = {
    About.RETIRED: lambda: Video.state == "retired",
    About.AT_WORK: lambda: exists().where(
        Heartbeat.video_id == Video.video_id, Heartbeat.at >= alive_since()
    ),
    About.OPEN: _open,
    About.GIVEN_UP: lambda: exists().where(
        FailureRow.subject == Video.video_id, FailureRow.state == FailureState.DEAD
    ),
    About.HELD: lambda: Video.hold.is_not(None),
    About.FINISHED: lambda: Video.finished_at.is_not(None),
}
