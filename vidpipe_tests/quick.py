"""What costs tests time and shows them nothing: flushes to a disk, the same migrations each time.

A database that was just made is given the schema of one that was migrated once in this process,
statement by statement in one transaction; one that holds anything goes through the migrations.
Tests of migrations themselves ask for the fixture `real_migrations`. No test takes the power
away, so that what is written need not be flushed; that a flush is asked for, tests see all the
same, who put a function of their own in the place of `os.fsync`. A picture that was looked for
faces in this process has the same faces when another test shows it again, and one that was read
has the same lines, also in the next run; tests of who looks and reads ask for `looked_at_anew`.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import os
import pickle
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from vidpipe.catalog import database
from vidpipe.catalog.database import Database
from vidpipe.layout import text
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.faces import dlib_hog

_MIGRATE: Callable[[Database], None] = Database.upgrade
_SEEN = Path(__file__).parents[1] / ".pytest_cache" / "seen"
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
    if revision == database._revisions(database._MIGRATIONS)[0]:
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
            # By the driver alone, which takes a third of the time of its wrapping.
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            for sql in schema.tables:
                driver.execute(sql)
            for sql, values in schema.rows:
                driver.execute(sql, values)
            for sql in schema.rest:
                driver.execute(sql)
    return True


def _unflushed(connection: Any, _: Any) -> None:
    """SQLite leaves it to the system when a file is written."""
    module = type(connection).__module__
    if module.startswith("sqlite3") or "aiosqlite" in module:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()


def _routes_read_once(patch: pytest.MonkeyPatch) -> None:
    """Have FastAPI read what a route of ours takes and answers once, not for every application.

    Each that includes the routers finds it out anew with its first request, which takes 0.2 s.
    What an application overrides stays its own.
    """
    from fastapi import routing

    if not hasattr(routing, "_EffectiveRouteContext"):
        return
    find, found = routing._populate_api_route_state, {}
    own = ("dependency_overrides_provider", "generate_unique_id_function")

    def populate(route: Any, path: str, endpoint: Any, **given: Any) -> None:
        included = isinstance(route, routing._EffectiveRouteContext)
        if not included or not endpoint.__module__.startswith("vidpipe."):
            find(route, path, endpoint, **given)
            return
        asked = {name: value for name, value in given.items() if name not in own}
        unique = getattr(given.get(own[1]), "__code__", None)
        known = found.get((path, endpoint))
        if known is not None and known[:2] == (asked, unique):
            vars(route).update({**known[2], **{name: given[name] for name in own if name in given}})
            return
        before = dict(vars(route))
        find(route, path, endpoint, **given)
        changed = {k: v for k, v in vars(route).items() if k not in before or v is not before[k]}
        found[(path, endpoint)] = asked, unique, changed

    patch.setattr(routing, "_populate_api_route_state", populate)


def _seen_once(look: Callable[[Any], Any], kept: Path | None = None) -> Callable[[Any], Any]:
    """The same function of a picture, which looks at each once; in the folder `kept` what it found
    lies for other workers of a run, and for the runs after it."""
    seen: dict[str, Any] = {}

    def found(picture: Any, name: str) -> Any:
        if kept is None:
            return look(picture)
        with contextlib.suppress(FileNotFoundError):
            return pickle.loads((kept / name).read_bytes())
        here = look(picture)
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept, delete=False) as file:
            file.write(pickle.dumps(here))
        os.replace(file.name, kept / name)
        return here

    @functools.wraps(look)
    def looked(picture: Any) -> Any:
        key = hashlib.sha256(repr((picture.shape, picture.dtype)).encode() + picture.tobytes())
        name = key.hexdigest()
        if name not in seen:
            seen[name] = found(picture, name)
        return copy.deepcopy(seen[name])

    return looked


def _read_by() -> Path:
    """Where it is kept what RapidOCR read: by what reads, and what that rests on."""
    on = [f"{name} {version(name)}" for name in ("onnxruntime", "numpy", "opencv-python-headless")]
    reader = f"{text.reader_identity(LayoutOptions())} {on} {platform.machine()}"
    return _SEEN / hashlib.sha256(reader.encode()).hexdigest()[:16]


_LOOK, _READER = dlib_hog._found, text._engine


def _pictures_seen_once(patch: pytest.MonkeyPatch) -> None:
    """Have dlib and RapidOCR, which take 0.03 s and 2 s for one, not look at a picture twice."""

    def read(page: Any) -> Any:
        # Loaded, it has taken 0.7 s, where there is something that nobody read before.
        found = _READER()(page)
        return SimpleNamespace(boxes=found.boxes, txts=found.txts, scores=found.scores)

    engine = functools.cache(lambda: _seen_once(read, _read_by()))
    patch.setattr(text, "_engine", engine)
    patch.setattr(dlib_hog, "_found", _seen_once(_LOOK))


def begin(patch: pytest.MonkeyPatch) -> None:
    """Have all that goes on in this process from now on take less time."""
    patch.setattr(Database, "upgrade", _upgrade)
    patch.setattr(os, "fsync", lambda _: None)
    _pictures_seen_once(patch)
    if "fastapi" in sys.modules:
        _routes_read_once(patch)
    if not event.contains(Engine, "connect", _unflushed):
        event.listen(Engine, "connect", _unflushed)


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Have a database migrated by its migrations alone."""
    patch.setattr(Database, "upgrade", _MIGRATE)


def looked_at(patch: pytest.MonkeyPatch) -> None:
    """Have every picture looked at and read, also one that was before."""
    patch.setattr(dlib_hog, "_found", _LOOK)
    patch.setattr(text, "_engine", _READER)
