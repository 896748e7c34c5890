"""What costs tests time and shows them nothing: flushes to a disk, the same migrations each time.

The file of a new catalog is a copy of one that was migrated once in this process; one that is
there already goes through the migrations, and tests of those ask for the fixture
`real_migrations`. Engines of SQLAlchemy for the same kind of database share what they compile.
No test takes the power away, so that what is written need not be flushed; that a flush is asked
for, tests see all the same, who put a function of their own in the place of `os.fsync`. A picture
that was looked for faces in this process has the same faces when another test shows it again, and
one that was read has the same lines, also in the next run; tests of who looks and reads ask for
`looked_at_anew`.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import os
import pickle
import platform
import sys
import tempfile
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

from vidpipe.catalog import database
from vidpipe.catalog.database import Database
from vidpipe.layout import text
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.faces import dlib_hog

_MIGRATE, _KEEP = Database.upgrade, database._keep_from_others
_SEEN = Path(__file__).parents[1] / ".pytest_cache" / "seen"
#: What of that is installed can change what RapidOCR reads.
_RESTS_ON = (
    *("onnxruntime", "numpy", "opencv-python-headless", "pillow", "pyclipper", "rapidocr"),
    "shapely",
)


@functools.cache
def _migrated() -> bytes:
    """The file of SQLite that the migrations make of none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalog.sqlite"
        file.touch()
        made = Database(f"sqlite:///{file}")
        _MIGRATE(made)
        # What was written ahead goes into the file with the last connection.
        made.engine.dispose()
        return file.read_bytes()


def _with_schema(file: Path) -> None:
    """As `database._keep_from_others`: a file that there was not is there with the newest schema.

    It is whole when it has its name, and nobody's who was faster.
    """
    if file.exists():
        return
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o660)
        with os.fdopen(descriptor, "wb") as new:
            new.write(_migrated())
        try:
            os.link(part, file)
        finally:
            part.unlink()


def _upgrade(self: Database) -> None:
    """As `Database.upgrade`: nothing is done twice."""
    if self._revision() != database._revisions(database._MIGRATIONS)[0]:
        _MIGRATE(self)


def _unflushed(connection: Any, _: Any) -> None:
    """SQLite leaves it to the system when a file is written."""
    module = type(connection).__module__
    if module.startswith("sqlite3") or "aiosqlite" in module:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()


#: Dialects by what makes them alike, each with what was compiled for it, and those that are shared.
_DIALECTS: dict[tuple[Any, ...], tuple[Dialect, LRUCache[Any, Any]]] = {}
_SHARED: set[Dialect] = set()
#: Statements that are kept compiled; an engine of its own keeps 500.
_COMPILED = 4_000


def _compiled_once(connection: Connection) -> None:
    """Have an engine take what another of the same kind compiled.

    A cache may serve several engines (SQLAlchemy's own of each mapper does): its keys hold the
    dialect, so that what is compiled for one is not used for another. Two engines have one when
    theirs, which has seen the server by now, says the same of it. A test opens several engines,
    and each compiled every statement anew: a fifth of the time of tests that talk to a database.
    """
    engine = connection.engine
    own = engine.dialect
    if own not in _SHARED:
        if own._has_events:
            return
        plain = (str, int, float, tuple, type(None))
        said = ((name, value) for name, value in vars(own).items() if isinstance(value, plain))
        kind = (type(own), *sorted((name, repr(value)) for name, value in said))
        shared, compiled = _DIALECTS.setdefault(kind, (own, LRUCache(_COMPILED)))
        _SHARED.add(shared)
        engine.dialect = engine.pool._dialect = connection.dialect = shared
        engine._compiled_cache = compiled


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
    on = [f"{name} {version(name)}" for name in _RESTS_ON]
    code = hashlib.sha256(Path(text.__file__).read_bytes()).hexdigest()
    reader = f"{text.reader_identity(LayoutOptions())} {code} {on} {platform.machine()}"
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
    patch.setattr(database, "_keep_from_others", _with_schema)
    patch.setattr(os, "fsync", lambda _: None)
    _pictures_seen_once(patch)
    if "fastapi" in sys.modules:
        _routes_read_once(patch)
    if not event.contains(Engine, "connect", _unflushed):
        event.listen(Engine, "connect", _unflushed)
        event.listen(Engine, "engine_connect", _compiled_once)


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Have a database migrated by its migrations alone."""
    patch.setattr(Database, "upgrade", _MIGRATE)
    patch.setattr(database, "_keep_from_others", _KEEP)


def looked_at(patch: pytest.MonkeyPatch) -> None:
    """Have every picture looked at and read, also one that was before."""
    patch.setattr(dlib_hog, "_found", _LOOK)
    patch.setattr(text, "_engine", _READER)
