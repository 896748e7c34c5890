"""Versions of what people decided of videos: each is added, none is changed or removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from vidpipe.catalog.database import Database
from vidpipe.catalog.edit_tables import EditVersionRow
from vidpipe.catalog.events import emit


class _Overtaken(Exception):
    """Another version follows already."""


class EditRows:
    """The versions of the edit documents of all videos."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def current(self, video_id: str) -> EditVersionRow | None:
        """The newest version; None where nobody decided anything."""
        query = (
            select(EditVersionRow)
            .where(EditVersionRow.video_id == video_id)
            .order_by(EditVersionRow.version.desc())
            .limit(1)
        )
        with self._db.session() as session:
            return session.scalar(query)

    def get(self, video_id: str, version: int) -> EditVersionRow | None:
        with self._db.session() as session:
            return session.get(EditVersionRow, (video_id, version))

    def page(self, video_id: str, limit: int, before: int | None = None) -> list[EditVersionRow]:
        """The newest versions first, those before one."""
        query = select(EditVersionRow).where(EditVersionRow.video_id == video_id)
        if before is not None:
            query = query.where(EditVersionRow.version < before)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(EditVersionRow.version.desc()).limit(limit)))

    def by_sidecar(self, video_id: str) -> EditVersionRow | None:
        """The newest version that a sidecar wrote."""
        query = (
            select(EditVersionRow)
            .where(EditVersionRow.video_id == video_id, EditVersionRow.source == "sidecar")
            .order_by(EditVersionRow.version.desc())
            .limit(1)
        )
        with self._db.session() as session:
            return session.scalar(query)

    def add(
        self,
        video_id: str,
        document: Mapping[str, Any],
        *,
        after: int,
        channel: str,
        source: str,
        created_by: str,
        based_on: int | None = None,
        changes: Sequence[str] = (),
        note: str = "",
    ) -> EditVersionRow | None:
        """Add the version that follows `after`; None where another one does already.

        Args:
            video_id: whose.
            document: as JSON has it.
            after: the version that it was made of, 0 for the first.
            channel: of the video.
            source: what wrote it.
            created_by: the id of whoever did.
            based_on: the version that it says again; None for `after`.
            changes: what differs from the version before, a few words each.
            note: of whoever wrote it.
        """
        row = EditVersionRow(
            video_id=video_id,
            version=after + 1,
            document=dict(document),
            changes=list(changes),
            source=source,
            based_on=after if based_on is None else based_on,
            note=note,
            created_by=created_by,
        )
        try:
            with self._db.writing() as session:
                newest = session.scalar(
                    select(EditVersionRow.version)
                    .where(EditVersionRow.video_id == video_id)
                    .order_by(EditVersionRow.version.desc())
                    .limit(1)
                )
                if (newest or 0) != after:
                    raise _Overtaken
                session.add(row)
                session.flush()
                data = {"video_id": video_id, "version": row.version, "source": source}
                emit(session, "edits.changed", channel, data)
        except (IntegrityError, _Overtaken):
            # Taken back, so that whoever tries again has no lock meanwhile.
            return None
        return row
