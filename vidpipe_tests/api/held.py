"""What a library holds, to be compared; and an audit log that takes no row."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from vidpipe.catalog import tables
from vidpipe.library import Library
from vidpipe.storage.objects import ObjectStore

#: Tables of who is logged in and what is limited: no changes that anybody asks for.
ASIDE = {"audit", "login_attempts"}

#: Folders that nobody looks into by themselves: what no row names is cleaned up there.
HIDDEN = {".uploads", ".staging", "_assets", "scratch"}


def everything(library: Library) -> dict[str, Any]:
    """All rows of the catalog, and all files of the store, the drop folder and posts."""
    catalog, found = library.engine.catalog, {}
    with catalog.session() as session:
        for table in tables.Base.metadata.sorted_tables:
            if table.name not in ASIDE:
                rows = session.execute(table.select()).mappings()
                found[table.name] = sorted(repr(dict(row)) for row in rows)
    home = Path(library.engine.settings.home)
    files = (f for f in home.rglob("*") if f.is_file() and "catalog.sqlite" not in f.name)
    found["files"] = sorted(str(f.relative_to(home)) for f in files if not HIDDEN & {*f.parts})
    return found


def differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What came and what went, by where."""
    return {
        where: (set(before[where]) - set(after[where]), set(after[where]) - set(before[where]))
        for where in before
        if before[where] != after[where]
    }


def refuse_rows(library: Library) -> None:
    """Have the database take no row of the audit log."""
    with library.engine.catalog.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            # A connection that knows of one which another has dropped looks again first.
            session.execute(text("SELECT count(*) FROM sqlite_master"))
            said = (
                "CREATE TRIGGER refused BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            session.execute(text(said))
            return
        session.execute(
            text(
                "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no'; END $$"
            )
        )
        session.execute(
            text("CREATE TRIGGER refused BEFORE INSERT ON audit EXECUTE FUNCTION refused()")
        )


def allow_rows(library: Library) -> None:
    with library.engine.catalog.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER refused"))
            return
        session.execute(text("DROP TRIGGER refused ON audit"))
        session.execute(text("DROP FUNCTION refused"))


def audit_rows(library: Library) -> list[dict[str, Any]]:
    with library.engine.catalog.session() as session:
        found = session.execute(text("SELECT * FROM audit ORDER BY id")).mappings()
        # SQLite gives JSON as text.
        return [
            {**row, "details": json.loads(row["details"])}
            if isinstance(row["details"], str)
            else dict(row)
            for row in found
        ]


def is_free(library: Library) -> None:
    """Whether somebody else could write into the catalog now.

    Raises:
        sqlite3.OperationalError: something that was begun has the lock.
    """
    file = library.engine.catalog.url.database
    assert file is not None
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


@contextmanager
def asking_while_free(library: Library) -> Iterator[list[str]]:
    """Whenever the store is asked for something within it somebody else could write; for what."""
    asked: list[str] = []

    def checked(name: str) -> Callable[..., Any]:
        real = getattr(ObjectStore, name)

        def ask(store: ObjectStore, *args: Any, **more: Any) -> Any:
            is_free(library)
            asked.append(name)
            return real(store, *args, **more)

        return ask

    with pytest.MonkeyPatch.context() as patch:
        for name in ("get_bytes", "head", "list", "put_file", "put_bytes", "delete", "fetch"):
            patch.setattr(ObjectStore, name, checked(name))
        yield asked
