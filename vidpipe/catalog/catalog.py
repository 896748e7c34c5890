"""Reading and writing the catalog."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, delete, event, func, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from vidpipe.catalog.tables import ClipRow, Encode, ExportRow, StageRun, Upload, Video
from vidpipe.errors import Misconfigured, Unavailable

#: Keys in one query: SQLite takes some 32,000 at most.
_PORTION = 1000
_MIGRATIONS = Path(__file__).parent / "migrations"
#: Alembic keeps its state in a module: one thread at a time.
_MIGRATING = threading.Lock()
#: PostgreSQL's advisory lock of our migrations: any number that is ours.
_MIGRATION_LOCK = 7_614_208_553
#: How long a process waits for SQLite's lock.
_LOCK_S = 30


@dataclass(frozen=True)
class Stage:
    """Where one stage of a video stands: the newest row of `stage_runs`."""

    stage: str
    reused: bool
    wall_s: float
    error: str | None


class Catalog:
    """One database: `sqlite:///file` or `postgresql+psycopg2://...`."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _engine(url)

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of ours, which migrates itself."""
        return self.url.get_backend_name() == "sqlite"

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        return config

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

    def schema_problem(self) -> str | None:
        """Why the schema cannot be used, or None."""
        newest = ScriptDirectory.from_config(self._config()).get_current_head()
        with self._reach(), self.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": "vidpipe_schema"}
            )
            have = context.get_current_revision()
        if have == newest:
            return None
        return f"the catalog's schema is at {have}, this vidpipe wants {newest}"

    def ready(self) -> Catalog:
        """Migrate an embedded database, refuse an outdated one elsewhere.

        Raises:
            Misconfigured: a server database that `vidpipe migrate` was not run on.
        """
        problem = self.schema_problem()
        if problem is not None:
            if not self.embedded:
                raise Misconfigured(f"{problem}: run `vidpipe migrate`")
            self.upgrade()
        return self

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            where = self.url.render_as_string(hide_password=True)
            raise Unavailable(f"catalog {where}: {str(error.orig).splitlines()[0]}") from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error."""
        with (
            self._reach(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction that writes: SQLite takes the lock at once, so that it can wait for it.

        A reader that turns into a writer fails at once when another was faster.
        """
        engine = self.engine.execution_options(vidpipe_begin="BEGIN IMMEDIATE")
        with (
            self._reach(),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    # Uploads

    def uploads(self, keys: Sequence[str] | None = None) -> list[Upload]:
        """Uploads by key, or all of them; asks in portions, drop folders can be large."""
        query = select(Upload).order_by(Upload.key)
        with self.session() as session:
            if keys is None:
                return list(session.scalars(query))
            found: list[Upload] = []
            for k in range(0, len(keys), _PORTION):
                found += session.scalars(query.where(Upload.key.in_(keys[k : k + _PORTION])))
            return found

    def record_upload(self, row: Upload) -> None:
        """Insert the upload, or replace what is known of its key."""
        with self._writing() as session:
            session.merge(row)

    # Videos

    def video(self, video_id: str) -> Video | None:
        with self.session() as session:
            return session.get(Video, video_id)

    def video_by_digest(self, channel: str, sha256: str) -> Video | None:
        with self.session() as session:
            return session.scalar(
                select(Video).where(Video.channel == channel, Video.sha256 == sha256)
            )

    def videos(self) -> list[Video]:
        with self.session() as session:
            return list(session.scalars(select(Video).order_by(Video.created_at)))

    def accept_video(self, row: Video) -> bool:
        """Insert; False when another process accepted the same bytes first."""
        try:
            with self._writing() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def set_sidecar(self, video_id: str, version: str) -> None:
        with self._writing() as session:
            session.execute(
                update(Video).where(Video.video_id == video_id).values(sidecar_version=version)
            )

    def waiting_videos(self, limit: int, after: str = "") -> list[Video]:
        """Accepted videos whose current sidecars no run has started for, by id from `after`."""
        with self.session() as session:
            return list(
                session.scalars(
                    select(Video)
                    .where(
                        Video.state == "accepted",
                        Video.requested_version.is_distinct_from(Video.sidecar_version),
                        Video.video_id > after,
                    )
                    .order_by(Video.video_id)
                    .limit(limit)
                )
            )

    def mark_started(self, video_id: str) -> None:
        """A run for the video's current sidecars has begun."""
        with self._writing() as session:
            session.execute(
                update(Video)
                .where(Video.video_id == video_id)
                .values(requested_version=Video.sidecar_version)
            )

    # Results

    def record_stage(self, row: StageRun) -> None:
        with self._writing() as session:
            session.add(row)

    def stages(self, video_id: str) -> list[Stage]:
        """The newest run of every stage of a video."""
        with self.session() as session:
            rows = session.scalars(
                select(StageRun).where(StageRun.video_id == video_id).order_by(StageRun.id)
            )
            newest = {row.stage: row for row in rows}
        return [Stage(r.stage, r.reused, r.wall_s, r.error) for r in newest.values()]

    def replace_clips(self, video_id: str, rows: Sequence[ClipRow]) -> None:
        self._replace(ClipRow, ClipRow.video_id == video_id, rows)

    def replace_exports(self, video_id: str, platform: str, rows: Sequence[ExportRow]) -> None:
        self._replace(
            ExportRow,
            (ExportRow.video_id == video_id) & (ExportRow.platform == platform),
            rows,
        )

    def _replace(self, table: Any, where: Any, rows: Sequence[Any]) -> None:
        with self._writing() as session:
            session.execute(delete(table).where(where))
            session.add_all(rows)

    def clips(self, video_id: str) -> list[ClipRow]:
        with self.session() as session:
            return list(
                session.scalars(
                    select(ClipRow).where(ClipRow.video_id == video_id).order_by(ClipRow.rank)
                )
            )

    def exports(self, video_id: str) -> list[ExportRow]:
        with self.session() as session:
            return list(session.scalars(select(ExportRow).where(ExportRow.video_id == video_id)))

    def record_encode(self, row: Encode) -> None:
        with self._writing() as session:
            session.add(row)

    def encodes(self, work: str, host: str, newest: int) -> list[Encode]:
        """The newest encodes of one kind on one machine, newest first."""
        query = (
            select(Encode)
            .where(Encode.work == work, Encode.host == host)
            .order_by(Encode.id.desc())
            .limit(newest)
        )
        with self.session() as session:
            return list(session.scalars(query))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait for the lock by itself there."""
    give_up_s = time.monotonic() + _LOCK_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(0.05)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=2)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:
        # The driver would begin by itself, but not before CREATE TABLE.
        connection.isolation_level = None
        # Several step processes write at once: readers don't block, writers wait.
        connection.execute(f"PRAGMA busy_timeout={1000 * _LOCK_S}")
        _write_ahead(connection)
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("vidpipe_begin", "BEGIN"))

    return engine
