"""Assets: what belongs to a channel and not to one video, by its name there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from vidpipe.catalog.database import Database
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.tables import now
from vidpipe.catalog.upload_tables import AssetRow


class AssetRows:
    """Rows by channel and name; what each has for bytes is told by their SHA-256."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, row: AssetRow) -> bool:
        """Insert; False where the channel has one of this name."""
        try:
            with self._db.writing() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def get(self, channel: str, name: str) -> AssetRow | None:
        with self._db.session() as session:
            return session.get(AssetRow, (channel, name))

    def replace(self, channel: str, name: str, sha256: str, values: Mapping[str, Any]) -> bool:
        """Give one that still has these bytes others; False where it has not."""
        query = (
            update(AssetRow)
            .where(AssetRow.channel == channel, AssetRow.name == name, AssetRow.sha256 == sha256)
            .values(**values, updated_at=now())
            .returning(AssetRow.name)
        )
        with self._db.writing() as session:
            return session.scalar(query) is not None

    def remove(self, channel: str, name: str, sha256: str) -> bool:
        """Remove one that still has these bytes; False where it has not."""
        query = (
            delete(AssetRow)
            .where(AssetRow.channel == channel, AssetRow.name == name, AssetRow.sha256 == sha256)
            .returning(AssetRow.name)
        )
        with self._db.writing() as session:
            return session.scalar(query) is not None

    def page(
        self,
        limit: int,
        *,
        channels: Collection[str],
        kind: str | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> list[AssetRow]:
        """The newest of these channels first, at most `limit` of them."""
        query = select(AssetRow).where(AssetRow.channel.in_(channels))
        if kind is not None:
            query = query.where(AssetRow.kind == kind)
        query = newest_first(query, AssetRow.created_at, AssetRow.name, after)
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def used(self, keys: Collection[str]) -> set[str]:
        """Those of these keys of the store that an asset has."""
        query = select(AssetRow.key).where(AssetRow.key.in_(keys)).distinct()
        with self._db.session() as session:
            return set(session.scalars(query))
