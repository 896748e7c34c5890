"""Uploads in progress: who sends what for which channel, until when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.tables import now
from vidpipe.catalog.upload_tables import UploadSessionRow


class UploadSessionState(StrEnum):
    """Where an upload stands.

    Attributes:
        OPEN: bytes may come.
        FINISHED: it is an object in the drop folder.
        CANCELLED: whoever sent it, or an administrator, took it back.
        EXPIRED: nothing came for too long.
    """

    OPEN = "open"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


#: The event of each state in which an upload is over.
_ENDED = {
    UploadSessionState.FINISHED: "upload.completed",
    UploadSessionState.CANCELLED: "upload.cancelled",
    UploadSessionState.EXPIRED: "upload.expired",
}


class UploadSessionRows:
    """Writes uploads down as they begin, go on and end."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, row: UploadSessionRow) -> bool:
        """Insert; False where another open one has its key."""
        try:
            with self._db.writing() as session:
                row.state = UploadSessionState.OPEN
                session.add(row)
                _tell(session, "upload.started", row)
        except IntegrityError:
            return False
        return True

    def get(self, upload_id: str) -> UploadSessionRow | None:
        with self._db.session() as session:
            return session.get(UploadSessionRow, upload_id)

    def page(
        self,
        limit: int,
        *,
        channels: Collection[str],
        asked_by: str,
        fingerprint: str | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> list[UploadSessionRow]:
        """The newest open ones of somebody first, at most `limit` of them."""
        query = select(UploadSessionRow).where(
            UploadSessionRow.channel.in_(channels),
            UploadSessionRow.asked_by == asked_by,
            UploadSessionRow.state == UploadSessionState.OPEN,
            UploadSessionRow.expires_at > now(),
        )
        if fingerprint is not None:
            query = query.where(UploadSessionRow.fingerprint == fingerprint)
        query = newest_first(query, UploadSessionRow.created_at, UploadSessionRow.upload_id, after)
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def keep(self, upload_id: str, until: datetime) -> bool:
        """It is still at work: keep it until then; False where it is not open any more."""
        return self._change(upload_id, expires_at=until)

    def measure(self, upload_id: str, size_bytes: int) -> bool:
        """Its size is known now; False where it was known, or it is not open any more."""
        query = (
            update(UploadSessionRow)
            .where(
                UploadSessionRow.upload_id == upload_id,
                UploadSessionRow.state == UploadSessionState.OPEN,
                UploadSessionRow.size_bytes.is_(None),
            )
            .values(size_bytes=size_bytes, updated_at=now())
            .returning(UploadSessionRow.upload_id)
        )
        with self._db.writing() as session:
            return session.scalar(query) is not None

    def begun(self, upload_id: str, store_upload_id: str) -> bool:
        """The bucket has a name for it; False where that is known, or it is not open any more."""
        unnamed = UploadSessionRow.store_upload_id.is_(None)
        return self._change(upload_id, unnamed, store_upload_id=store_upload_id)

    def rename(self, upload_id: str, key: str) -> bool:
        """It will have another key; False where another open one has that, or it is not open."""
        try:
            return self._change(upload_id, key=key)
        except IntegrityError:
            return False

    def end(self, upload_id: str, state: UploadSessionState) -> bool:
        """It is over; False where it was over before."""
        with self._db.writing() as session:
            row = session.get(UploadSessionRow, upload_id, with_for_update=True)
            if row is None or row.state != UploadSessionState.OPEN:
                return False
            row.state, row.ended_at = state, now()
            _tell(session, _ENDED[state], row)
        return True

    def overdue(self, at: datetime, limit: int) -> list[UploadSessionRow]:
        """Open ones whose time is up, the longest overdue first."""
        query = (
            select(UploadSessionRow)
            .where(
                UploadSessionRow.state == UploadSessionState.OPEN,
                UploadSessionRow.expires_at <= at,
            )
            .order_by(UploadSessionRow.expires_at)
            .limit(limit)
        )
        with self._db.session() as session:
            return list(session.scalars(query))

    def are_open(self, upload_ids: Collection[str]) -> set[str]:
        """Those of these that are open."""
        query = select(UploadSessionRow.upload_id).where(
            UploadSessionRow.upload_id.in_(upload_ids),
            UploadSessionRow.state == UploadSessionState.OPEN,
        )
        with self._db.session() as session:
            return set(session.scalars(query))

    def forget(self, kept: timedelta) -> int:
        """Remove rows of what ended longer ago than this; how many."""
        query = (
            delete(UploadSessionRow)
            .where(UploadSessionRow.ended_at < now() - kept)
            .returning(UploadSessionRow.upload_id)
        )
        with self._db.writing() as session:
            return len(session.scalars(query).all())

    def _change(self, upload_id: str, *where: ColumnElement[bool], **values: object) -> bool:
        query = (
            update(UploadSessionRow)
            .where(
                UploadSessionRow.upload_id == upload_id,
                UploadSessionRow.state == UploadSessionState.OPEN,
                *where,
            )
            .values(**values, updated_at=now())
            .returning(UploadSessionRow.upload_id)
        )
        with self._db.writing() as session:
            return session.scalar(query) is not None


def _tell(session: Session, kind: str, row: UploadSessionRow) -> None:
    data = {
        "upload_id": row.upload_id,
        "upload_key": row.key,
        "size_bytes": row.size_bytes,
        "protocol": row.protocol,
    }
    emit(session, kind, row.channel, data)
