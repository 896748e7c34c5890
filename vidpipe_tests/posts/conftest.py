"""Libraries with clips to post, over SQLite and PostgreSQL; accounts at fakes without sockets.

Each test here that opens posts runs on SQLite, and some on PostgreSQL, too: what drives posts of
every platform once for each, and of a quarter of the other functions one. With `TEST_POSTS=all`
in the environment every case does: `make test-posts`.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import create_engine, make_url, text

from vidpipe_tests.catalog.conftest import database_url
from vidpipe_tests.posts.scene import CLIPS, PLATFORMS, Clock, Scene, new_fakes, open_scene, stock

__all__ = ["database_url"]

Case = TypeVar("Case")
_POSTGRES = "postgres"
_ALL = os.environ.get("TEST_POSTS") == "all"


def pytest_generate_tests(metafunc):
    own = {"database_url", "fresh_postgres_url"}.intersection(metafunc.fixturenames)
    if "open_posts" in metafunc.fixturenames and not own:
        metafunc.parametrize("stocked", ["sqlite", _POSTGRES], indirect=True)


def pytest_collection_modifyitems(config, items):
    if _ALL:
        return
    cases_of: dict[str, list[tuple[str, pytest.Item]]] = {}
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if params.get("stocked") == _POSTGRES:
            function = f"{item.path.name}::{item.originalname}"
            cases_of.setdefault(function, []).append((params.get("platform", ""), item))
    groups: dict[tuple[str, str], list[pytest.Item]] = {}
    for function, cases in cases_of.items():
        every = {platform for platform, _ in cases}.issuperset(PLATFORMS)
        for platform, item in cases:
            groups.setdefault((function, platform if every else ""), []).append(item)
    left = set()
    for key, cases in groups.items():
        # Which one is the same in every process, and another for each function.
        number = zlib.crc32("".join(key).encode())
        chosen = number // 2 % len(cases) if key[1] or number % 4 == 0 else -1
        left.update(case for number, case in enumerate(cases) if number != chosen)
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


@dataclass(frozen=True)
class Stocked:
    """A home with clips and exports, which each test gets a copy of.

    Attributes:
        database: what its copy of the catalog is; none: a file in the home.
    """

    home: Path
    database: dict[str, str]

    def some(self, cases: Sequence[Case]) -> Sequence[Case]:
        """All cases of a test that has many; over a server the first, the last, one between."""
        few = min(len(cases), 3)
        if _ALL or not self.database or few < 2:
            return cases
        return [cases[n * (len(cases) - 1) // (few - 1)] for n in range(few)]


def _linked(source, target):
    """What is stored never changes; the catalog does."""
    if "sqlite" in source:
        return shutil.copy2(source, target)
    return os.link(source, target)


def _stocked(home: Path, **database: str) -> Path:
    scene = open_scene(home, Clock(), {}, **database)
    stock(scene, *CLIPS)
    scene.library.engine.catalog.engine.dispose()
    return home


@pytest.fixture(scope="session")
def stocked_home(tmp_path_factory):
    return _stocked(tmp_path_factory.mktemp("posts") / "home")


@pytest.fixture(scope="session")
def stocked_postgres(tmp_path_factory, fresh_postgres_url):
    """A home of the same kind, and makes a copy of its database; the URL."""
    url = fresh_postgres_url()
    home = _stocked(tmp_path_factory.mktemp("posts") / "home", database_url=url)
    return home, lambda: fresh_postgres_url(url.rpartition("/")[2].partition("?")[0])


@pytest.fixture
def stocked(request):
    """A home with clips on a database of either kind."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield Stocked(request.getfixturevalue("stocked_home"), {})
        return
    home, copied = request.getfixturevalue("stocked_postgres")
    url = make_url(copied())
    yield Stocked(home, {"database_url": url.render_as_string(hide_password=False)})
    # Each is a thousand files.
    engine = create_engine(url.set(database="migrated"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def open_posts(tmp_path, stocked):
    """Opens a library over one home, as several processes do, with clips c1, c2, …"""
    opened: list[Scene] = []

    def go(*fakes: str, **more) -> Scene:
        if not opened:
            shutil.copytree(stocked.home, tmp_path / "home", copy_function=_linked)
        clock = opened[0].clock if opened else Clock()
        known = opened[0].fakes if opened else new_fakes(clock, *fakes)
        made = open_scene(tmp_path / "home", clock, known, **{**stocked.database, **more})
        if not opened and "database_url" in more:
            stock(made, *CLIPS)
        opened.append(made)
        return made

    yield go
    for scene in opened:
        scene.library.engine.catalog.engine.dispose()
