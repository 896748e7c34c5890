"""Accounts on SQLite and on a real PostgreSQL, each test with a database of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.options import AccountOptions
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.sessions import Sessions

pytest.importorskip("pwdlib", reason="the extra service is not installed")

T = TypeVar("T")
SECRET = "one secret of thirty-two characters"
GOOD = "violet tractor harbour 71"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with little memory: tests hash hundreds of passwords."""
    from pwdlib.hashers import argon2

    less = functools.partial(argon2.Argon2Hasher, time_cost=1, memory_cost=1024)
    monkeypatch.setattr(argon2, "Argon2Hasher", less)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """An empty database with the newest schema."""
    if request.param == "postgres":
        made: str = request.getfixturevalue("fresh_postgres_url")()
        return made
    url = f"sqlite:///{tmp_path}/catalog.sqlite"
    catalog = Catalog(url)
    catalog.upgrade()
    catalog.engine.dispose()
    return url


@pytest.fixture
def run(database_url: str) -> Callable[..., Any]:
    """Runs a coroutine function with accounts over the database."""

    def go(work: Callable[[Accounts], Coroutine[Any, Any, T]], **options: Any) -> T:
        async def main() -> T:
            sessions = Sessions(database_url)
            accounts = Accounts(sessions, AccountOptions(**options), [SECRET])
            try:
                return await work(accounts)
            finally:
                await accounts.close()

        return asyncio.run(main())

    return go
