"""Lists of videos a page at a time, with what their state is derived from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, false, or_, select, union_all

from vidpipe.catalog.database import Database
from vidpipe.catalog.following import alive_since
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.review_states import GateState
from vidpipe.catalog.review_tables import GateRow
from vidpipe.catalog.states import FailureState, RequestState
from vidpipe.catalog.tables import FailureRow, Heartbeat, RequestRow, UploadRow, Video


class About(StrEnum):
    """What a row says of a video, by which lists are narrowed in the database."""

    RETIRED = "retired"
    AT_WORK = "at_work"
    OPEN = "open"
    GIVEN_UP = "given_up"
    HELD = "held"
    FINISHED = "finished"
    HALTED = "halted"


class Listing:
    """Reads what lists show: a page of videos, and the rows that belong to these."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def videos(
        self,
        limit: int,
        *,
        channels: Collection[str] | None = None,
        after: tuple[datetime, str] | None = None,
        about: Collection[About] = (),
    ) -> list[Video]:
        """The newest videos first, at most `limit` of them.

        Args:
            limit: how many.
            channels: only of these; None: of all.
            after: when the last video of the page before came, and its id.
            about: only those of which one of these is so.
        """
        query = newest_first(select(Video), Video.created_at, Video.video_id, after).limit(limit)
        if channels is not None:
            query = query.where(Video.channel.in_(channels))
        if about:
            query = query.where(_conditions(about))
        with self._db.session() as session:
            return list(session.scalars(query))

    def uploads(
        self,
        limit: int,
        *,
        channels: Collection[str],
        states: Collection[str] = (),
        after: tuple[datetime, str] | None = None,
    ) -> list[UploadRow]:
        """Uploads to these channels, those first that something was decided on last."""
        query = select(UploadRow).where(UploadRow.channel.in_(channels))
        if states:
            query = query.where(UploadRow.state.in_(states))
        query = newest_first(query, UploadRow.updated_at, UploadRow.key, after).limit(limit)
        with self._db.session() as session:
            return list(session.scalars(query))

    def unresolved(
        self,
        limit: int,
        *,
        channels: Collection[str],
        state: FailureState | None = None,
        before: int | None = None,
    ) -> list[FailureRow]:
        """Failures in these channels that are not resolved, the newest first.

        Args:
            limit: how many.
            channels: only in these.
            state: only in this one.
            before: the number of the last failure of the page before.
        """
        query = select(FailureRow).where(
            FailureRow.state != FailureState.RESOLVED, FailureRow.channel.in_(channels)
        )
        if state is not None:
            query = query.where(FailureRow.state == state)
        if before is not None:
            query = query.where(FailureRow.id < before)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(FailureRow.id.desc()).limit(limit)))

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


def _conditions(about: Collection[About]) -> ColumnElement[bool]:
    """Any of these is so of a video.

    Few videos are anything but finished: their ids are gathered first, from indexes of just
    such rows, and the videos are looked up by them. Most are finished, so that a page of those
    is full before many were passed over.
    """
    few = [part for item in about if item is not About.FINISHED for part in _FEW[item]()]
    gathered = Video.video_id.in_(union_all(*few)) if few else false()
    return or_(Video.finished_at.is_not(None), gathered) if About.FINISHED in about else gathered


def _open() -> tuple[Select[tuple[str]], ...]:
    """Something is to be run: asked for, tried again, or left by a run that died."""
    return (
        select(Video.video_id).where(Video.finished_at.is_(None), Video.state == "accepted"),
        select(FailureRow.subject).where(FailureRow.state == FailureState.WAITING),
        select(RequestRow.video_id).where(RequestRow.state != RequestState.DONE),
    )


_FEW: dict[About, Callable[[], tuple[Select[tuple[str]], ...]]] = {
    About.RETIRED: lambda: (select(Video.video_id).where(Video.state == "retired"),),
    About.AT_WORK: lambda: (select(Heartbeat.video_id).where(Heartbeat.at >= alive_since()),),
    About.OPEN: _open,
    About.GIVEN_UP: lambda: (
        select(FailureRow.subject).where(FailureRow.state == FailureState.DEAD),
    ),
    About.HALTED: lambda: (select(GateRow.video_id).where(GateRow.state == GateState.WAITING),),
    About.HELD: lambda: (select(Video.video_id).where(Video.hold.is_not(None)),),
}
