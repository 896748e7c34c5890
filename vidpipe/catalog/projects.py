"""Projects: campaigns, courses, clients; jobs of one channel that belong together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from vidpipe.catalog.database import Database
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.tables import ProjectRow, now


class ProjectRows:
    """Rows that are edited: each change counts the revision up."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, row: ProjectRow) -> bool:
        """Insert; False where the channel has one of this name."""
        try:
            with self._db.writing() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def get(self, project_id: str) -> ProjectRow | None:
        with self._db.session() as session:
            return session.get(ProjectRow, project_id)

    def page(
        self,
        limit: int,
        *,
        channels: Collection[str],
        archived: bool | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> list[ProjectRow]:
        """The newest projects of these channels first."""
        query = select(ProjectRow).where(ProjectRow.channel.in_(channels))
        if archived is not None:
            query = query.where(ProjectRow.archived.is_(archived))
        query = newest_first(query, ProjectRow.created_at, ProjectRow.project_id, after)
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def change(self, project_id: str, revision: int, values: Mapping[str, Any]) -> bool | None:
        """Change one that is still at this revision; False where it is not, None where the
        channel has another of the new name."""
        query = (
            update(ProjectRow)
            .where(ProjectRow.project_id == project_id, ProjectRow.revision == revision)
            .values(**values, revision=revision + 1, updated_at=now())
            .returning(ProjectRow.project_id)
        )
        try:
            with self._db.writing() as session:
                return session.scalar(query) is not None
        except IntegrityError:
            return None
