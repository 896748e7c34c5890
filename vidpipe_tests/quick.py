"""What costs tests time and shows them nothing: flushes to a disk, the same migrations each time.

A database that was just made is given the schema of one that was migrated once in this process,
statement by statement in one transaction; one that holds anything goes through the migrations.
Tests of migrations themselves ask for the fixture `real_migrations`. No test takes the power
away, so that what is written need not be flushed; that a flush is asked for, tests see all the
same, who put a function of their own in the place of `os.fsync`.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from vidpipe.catalog import database
from vidpipe.catalog.database import Database

_MIGRATE: Callable[[Database], None] = Database.upgrade
#: Parts of a full text index, which SQLite makes with it.
_SHADOWS = ("data", "idx", "content", "docsize", "config")


@dataclass(frozen=True)
class Schema:
    """A migrated database of SQLite.

    Attributes:
        revision: its migration.
        tables: statements that make them.
        rows: statements that fill them, with values: what migrations put there.
        rest: statements that make indexes and triggers.
    """

    revision: str | None
    tables: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    rest: tuple[str, ...]


@functools.cache
def _newest() -> str | None:
    config = Database("sqlite://")._config()
    return ScriptDirectory.from_config(config).get_current_head()


@functools.cache
def _migrated() -> Schema:
    """What the migrations make of an empty file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalog.sqlite"
        made = Database(f"sqlite:///{file}")
        _MIGRATE(made)
        revision = made._revision()
        made.engine.dispose()
        connection = sqlite3.connect(file)
        try:
            found = connection.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
            ).fetchall()
            indexes = [name for _, name, sql in found if sql.startswith("CREATE VIRTUAL")]
            made_with = {f"{name}_{part}" for name in indexes for part in _SHADOWS}
            kept = [row for row in found if row[1] not in made_with and row[1][:7] != "sqlite_"]
            tables = [(name, sql) for kind, name, sql in kept if kind == "table"]
            rows = [
                (f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(row))})', row)
                for name, _ in tables
                if name not in indexes
                for row in connection.execute(f'SELECT * FROM "{name}"')
            ]
        finally:
            connection.close()
    rest = tuple(sql for kind, _, sql in kept if kind != "table")
    return Schema(revision, tuple(sql for _, sql in tables), tuple(rows), rest)


def _upgrade(self: Database) -> None:
    """As `Database.upgrade`: an empty file is given the schema, nothing is done twice."""
    revision = self._revision()
    if revision == _newest():
        return
    if revision is None and self.embedded and self.url.database and _given(self):
        return
    _MIGRATE(self)


def _given(empty: Database) -> bool:
    """Whether it was empty, and has the newest schema now."""
    schema = _migrated()
    with database._MIGRATING, empty._reach(), empty.engine.connect() as bare:
        connection = bare.execution_options(vidpipe_begin="BEGIN IMMEDIATE")
        with connection.begin():
            # Another process may have been faster.
            if connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is not None:
                return False
            for sql in schema.tables:
                connection.exec_driver_sql(sql)
            for sql, values in schema.rows:
                connection.exec_driver_sql(sql, values)
            for sql in schema.rest:
                connection.exec_driver_sql(sql)
    return True


def _unflushed(connection: Any, _: Any) -> None:
    """SQLite leaves it to the system when a file is written."""
    module = type(connection).__module__
    if module.startswith("sqlite3") or "aiosqlite" in module:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()


def begin(patch: pytest.MonkeyPatch) -> None:
    """Have all that goes on in this process from now on take less time."""
    patch.setattr(Database, "upgrade", _upgrade)
    patch.setattr(os, "fsync", lambda _: None)
    if not event.contains(Engine, "connect", _unflushed):
        event.listen(Engine, "connect", _unflushed)


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Have a database migrated by its migrations alone."""
    patch.setattr(Database, "upgrade", _MIGRATE)
