"""The database under the catalog: reaching it, its schema, its transactions."""

from __future__ import annotations

import functools
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.orm import Session

from vidpipe.addresses import shown, without
from vidpipe.catalog.transitions import LoggedSession
from vidpipe.catalog.units import PENDING_EVENTS, PENDING_TOTALS, UnitOfWork, apart, current, within
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.observability import spans

_MIGRATIONS = Path(__file__).parent / "migrations"
#: Alembic keeps its state in a module: one thread at a time.
_MIGRATING = threading.Lock()
#: PostgreSQL's advisory lock of our migrations: any number that is ours.
_MIGRATION_LOCK = 7_614_208_553
_KINDS = "VIDPIPE_DATABASE_URL: use sqlite:///file or postgresql+psycopg2://..."
#: What SQLite says of a file that is not its own any more.
_DAMAGE = ("malformed", "not a database", "disk image")
#: How long a process waits for SQLite's lock.
LOCK_S = 30
#: Connections that a process keeps open to a server, once it has needed so many at once.
_KEPT = 10


class Database:
    """One database: `sqlite:///file` or `postgresql+psycopg2://...`."""

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        self.engine = _engine(self.url)
        spans.watch(self.engine)
        self._shared = threading.local()

    @property
    def shown(self) -> str:
        """Its address without anything secret."""
        return shown(self.url.render_as_string(hide_password=False))

    def _secrets(self) -> list[str]:
        """What of the address may turn up in a driver's message."""
        user_part, at, _ = (self.url.host or "").rpartition("@")
        queried = [v for v in self.url.query.values() if isinstance(v, str)]
        return [str(self.url.password or ""), f"{user_part}{at}", *queried]

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of ours, which migrates itself."""
        return self.url.get_backend_name() == "sqlite"

    def _config(self) -> Config:
        return _config(_MIGRATIONS)

    def upgrade(self) -> None:
        """Bring the schema up to date, in one transaction, one process at a time.

        Two sensors of a fresh installation come here at the same moment; without
        the locks the second finds half of the tables of the first.
        """
        config = self._config()
        with _MIGRATING, self._reach(), self.engine.connect() as bare:
            connection = bare.execution_options(vidpipe_begin="BEGIN IMMEDIATE")
            with connection.begin():
                if not self.embedded:
                    connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def _revision(self) -> str | None:
        with self._reach(), self.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": "vidpipe_schema"}
            )
            return context.get_current_revision()

    def _is_newer(self) -> bool:
        """Whether the schema is one that this version has no migration to."""
        have = self._revision()
        return have is not None and have not in _revisions(_MIGRATIONS)[1]

    def schema_problem(self) -> str | None:
        """Why the schema cannot be used, or None."""
        newest, _ = _revisions(_MIGRATIONS)
        have = self._revision()
        if have == newest:
            return None
        return f"the catalog's schema is at {have}, this vidpipe wants {newest}"

    def ready(self) -> Self:
        """Migrate an embedded database, refuse an outdated one elsewhere.

        Raises:
            Misconfigured: a server database that `vidpipe migrate` was not run on, or one that
                a newer vidpipe migrated.
        """
        problem = self.schema_problem()
        if problem is not None:
            if self._is_newer():
                raise Misconfigured(
                    f"{problem}: it was migrated by a newer vidpipe; upgrade this one, or put back "
                    "a copy from before"
                )
            if not self.embedded:
                raise Misconfigured(f"{problem}: run `vidpipe migrate`")
            self.upgrade()
        return self

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if self.embedded and isinstance(error, DatabaseError):
                self._refuse_damage(error)
            lost = error.connection_invalidated
            if not lost and not isinstance(error, (OperationalError, InterfaceError)):
                raise
            said = without(str(error.orig).splitlines()[0], self._secrets())
            raise Unavailable(f"catalog {self.shown}: {said}") from error

    def _refuse_damage(self, error: DatabaseError) -> None:
        """A file that is no database any more, or of which pages are lost, is said as such."""
        said = str(error.orig)
        if isinstance(error.orig, sqlite3.OperationalError) or not any(d in said for d in _DAMAGE):
            return
        raise Misconfigured(
            f"the catalog {self.url.database} is damaged ({said}). Put back a copy of it; or move "
            "it away: a new one is made, and recordings dropped again find all that is stored"
        ) from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error."""
        shared: Session | None = getattr(self._shared, "session", None)
        if shared is not None:
            yield shared
            return
        unit = current(self.engine)
        if unit is not None and unit.begun:
            with self._reach(), unit.reading() as session:
                yield session
            return
        with (
            self._reach(),
            LoggedSession(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread reads within it is read in one transaction.

        Of seven short queries each way to the server counts more than what it does there.
        """
        with self.session() as session:
            nested = getattr(self._shared, "session", None) is not None
            self._shared.session = session
            try:
                yield
            finally:
                if not nested:
                    self._shared.session = None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that writes: SQLite takes the lock at once, so that it can wait for it.

        A reader that turns into a writer fails at once when another was faster.
        """
        unit = current(self.engine)
        if unit is not None:
            with self._reach(), unit.part() as session:
                yield session
            return
        with (
            self._reach(),
            LoggedSession(self._at_once, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.info[PENDING_EVENTS] = []
            yield session
            _end(session)

    @property
    def _at_once(self) -> Engine:
        return self.engine.execution_options(vidpipe_begin="BEGIN IMMEDIATE")

    @contextmanager
    def as_one(self) -> Iterator[UnitOfWork]:
        """What this thread changes within it is changed in one transaction, at the end.

        It begins with the first change; what is read before that is read as anywhere else. An
        error takes everything back. Whoever opens it commits it: see `commit`. Nothing that waits
        for someone else (a platform, a bucket) happens after the first change.
        """
        unit = UnitOfWork(self._at_once)
        with within(unit):
            try:
                yield unit
            finally:
                unit.roll_back()

    def commit(self, unit: UnitOfWork) -> None:
        """Have what was changed in a unit stand."""
        with self._reach():
            unit.commit(_end)

    @contextmanager
    def apart_unless_begun(self) -> Iterator[None]:
        """What is changed within it stands by itself, unless a unit has changed something already:
        then it is part of that."""
        unit = current(self.engine)
        with nullcontext() if unit is not None and unit.begun else apart():
            yield

    def afterwards(self, work: Callable[[], None]) -> None:
        """Have something done that cannot be taken back, once what was changed stands: at once,
        unless this thread works in a unit."""
        unit = current(self.engine)
        if unit is None:
            work()
        else:
            unit.afterwards(work)


def _config(migrations: Path) -> Config:
    config = Config()
    # The file that this stands for would read a percent sign as a reference.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


@functools.cache
def _revisions(migrations: Path) -> tuple[str | None, frozenset[str]]:
    """The newest migration of a folder, and all of them; every file of it is loaded once."""
    scripts = ScriptDirectory.from_config(_config(migrations))
    return scripts.get_current_head(), frozenset(r.revision for r in scripts.walk_revisions())


def _end(session: Session) -> None:
    """Write what a transaction ends with: what it adds to totals, and the events that it emits."""
    # They import the tables, which not everything that opens a database needs.
    if PENDING_TOTALS in session.info:
        from vidpipe.catalog.totals import write

        write(session)
    if session.info[PENDING_EVENTS]:
        from vidpipe.catalog.events import write as write_events

        write_events(session)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait for the lock by itself there."""
    give_up_s = time.monotonic() + LOCK_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(0.05)


def read_url(url: str) -> URL:
    """A database's URL; what follows `sqlite:///` is a file, whatever its name holds.

    Raises:
        Misconfigured: it is none, or of a kind that the catalog cannot be kept in.
    """
    file = url.removeprefix("sqlite:///")
    if file != url:
        return URL.create("sqlite", database=file)
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise Misconfigured(_KINDS) from error
    if kind not in ("sqlite", "postgresql"):
        raise Misconfigured(_KINDS)
    return parsed


def _keep_from_others(file: Path) -> None:
    """Make the file of a database that its owner and their group alone can read.

    It holds hashes of passwords; what SQLite lays beside it has the same mode.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o660))


def _engine(parsed: URL) -> Engine:
    if parsed.get_backend_name() != "sqlite":
        # Made when they are needed: a step has one or two, a service one for each request at once,
        # which it keeps, as opening one takes longer than most queries.
        return create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=_KEPT,
            pool_use_lifo=True,
            # Errors are logged and kept: without what was written or looked for.
            hide_parameters=True,
        )
    if parsed.database:
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"VIDPIPE_DATABASE_URL: {folder}: {error.strerror}") from error
        _keep_from_others(Path(parsed.database))
    engine = create_engine(parsed, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:
        # The driver would begin by itself, but not before CREATE TABLE.
        connection.isolation_level = None
        # Several step processes write at once: readers don't block, writers wait.
        connection.execute(f"PRAGMA busy_timeout={1000 * LOCK_S}")
        _write_ahead(connection)
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("vidpipe_begin", "BEGIN"))

    return engine
