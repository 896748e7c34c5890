"""The database under the service: the same one as the catalog's, without a thread a request.

One factory makes every session of a process. A transaction is short: nothing that waits for
someone else (a mail server, a password's hash) happens inside of one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from vidpipe.addresses import shown, without
from vidpipe.catalog.database import LOCK_S, read_url
from vidpipe.catalog.options import PoolOptions
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.extras import from_extra

#: What a URL may say after its question mark: where the server is (a socket's folder too), and
#: what is handed to the driver as arguments. The modes have the same names in both drivers.
_ADDRESSES = frozenset({"host", "port"})
_ARGUMENTS = frozenset({"sslmode", "sslrootcert", "connect_timeout", "application_name"})
#: Seconds between two looks at whether a server that is listened to is still there.
_ALIVE_S = 10.0
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def async_url(url: URL) -> URL:
    """The URL for the asynchronous driver of the same database.

    Raises:
        Misconfigured: it says something of the connection that this driver has no word for.
    """
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    mode = url.query.get("sslmode")
    unknown = set(url.query) - _ADDRESSES - _ARGUMENTS
    if unknown:
        said = ", ".join(sorted(unknown))
        raise Misconfigured(f"VIDPIPE_DATABASE_URL: the service cannot use {said}")
    if mode is not None and mode not in _SSL_MODES:
        raise Misconfigured(f"VIDPIPE_DATABASE_URL: sslmode is one of {', '.join(_SSL_MODES)}")
    kept = {name: value for name, value in url.query.items() if name in _ADDRESSES}
    return url.set(drivername="postgresql+asyncpg", query=kept)


def _tls(url: URL) -> dict[str, Any]:
    """Arguments of asyncpg for what the URL says of TLS and of waiting."""
    mode, root = url.query.get("sslmode"), url.query.get("sslrootcert")
    given: dict[str, Any] = {}
    if isinstance(root, str) and mode in ("verify-ca", "verify-full"):
        context = ssl.create_default_context(cafile=root)
        context.check_hostname = mode == "verify-full"
        given["ssl"] = context
    elif isinstance(mode, str):
        given["ssl"] = mode
    waits = url.query.get("connect_timeout")
    if isinstance(waits, str) and waits.isdecimal():
        given["timeout"] = float(waits)
    name = url.query.get("application_name")
    if isinstance(name, str):
        given["server_settings"] = {"application_name": name}
    return given


class Sessions:
    """Makes the sessions of one process: open one around each piece of work."""

    def __init__(self, url: str, pool: PoolOptions | None = None) -> None:
        self.url = read_url(url)
        with from_extra("service"):
            self.engine = _engine(self.url, pool or PoolOptions())

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of ours."""
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that reads."""
        async with self._transaction(self.engine) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes: SQLite takes the lock at once, so that it can wait for it.

        It is committed at the end, and rolled back on an error.
        """
        engine = self.engine.execution_options(vidpipe_begin="BEGIN IMMEDIATE")
        async with self._transaction(engine) as session:
            yield session

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        try:
            async with (
                AsyncSession(engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except PoolTimeout as error:
            said = "every connection of the pool is in use"
            raise Unavailable(f"catalog {self._shown}: {said}", retry_after_s=1.0) from error
        except (OSError, DBAPIError) as error:
            lost = isinstance(error, OSError) or error.connection_invalidated
            if not lost and not isinstance(error, OperationalError | InterfaceError):
                raise
            origin = getattr(error, "orig", error)
            said = (str(origin).splitlines() or [type(origin).__name__])[0]
            said = without(said, [str(self.url.password or "")])
            raise Unavailable(f"catalog {self._shown}: {said}") from error

    @property
    def _shown(self) -> str:
        return shown(self.url.render_as_string(hide_password=False))


async def listening(url: str, channel: str, wake: Callable[[], None]) -> AsyncIterator[None]:
    """Have a PostgreSQL server say when something is new, over a connection for that alone.

    Args:
        url: of the catalog; with SQLite, which notifies nobody, it is over at once.
        channel: that is listened on.
        wake: called as often as somebody is notified there, and once at the beginning.

    Yields:
        As often as it is known that the server is still there.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        return
    engine = create_async_engine(async_url(parsed), poolclass=NullPool, connect_args=_tls(parsed))
    try:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.add_listener(channel, lambda *_: wake())
            wake()
            while not driver.is_closed():
                yield
                await asyncio.sleep(_ALIVE_S)
                await driver.execute("SELECT 1", timeout=_ALIVE_S)
    finally:
        await engine.dispose()


def insert_for(session: AsyncSession) -> Any:
    """The `insert` of the session's database: both have `on_conflict_do_…`, each a function."""
    return sqlite.insert if session.bind.dialect.name == "sqlite" else postgresql.insert


def _engine(url: URL, pool: PoolOptions) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            async_url(url),
            pool_pre_ping=True,
            pool_size=pool.size,
            max_overflow=pool.overflow,
            pool_timeout=pool.timeout_s,
            connect_args=_tls(url),
        )
    engine = create_async_engine(async_url(url), pool_timeout=pool.timeout_s)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:
        # As the catalog's own connections: we begin, writers wait, references hold. The write-ahead
        # log is a property of the file, which the catalog has set.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={1000 * LOCK_S}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("vidpipe_begin", "BEGIN"))

    return engine
