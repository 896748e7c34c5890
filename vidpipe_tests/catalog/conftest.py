"""A catalog on SQLite and on a real PostgreSQL, and a video for it."""

import pytest
from sqlalchemy import exists, literal, select, text, union_all

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    """A database with the newest schema and nothing in it; that of PostgreSQL is emptied after."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/catalog.sqlite"
    else:
        url = request.getfixturevalue("postgres_url")
    catalog = Catalog(url)
    catalog.upgrade()
    catalog.engine.dispose()
    yield url
    if request.param == "postgres":
        emptied(catalog)


@pytest.fixture
def catalog(database_url):
    made = Catalog(database_url)
    yield made
    made.engine.dispose()


def emptied(catalog):
    """Nothing is left for the next test on the same database, although some tables only grow."""
    with catalog.session() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL session_replication_role = replica"))
        ordered = list(reversed(tables.Base.metadata.sorted_tables))
        asked = (select(literal(t.name)).where(exists(select(1).select_from(t))) for t in ordered)
        filled = set(session.scalars(union_all(*asked)))
        for table in ordered:
            if table.name in filled:
                session.execute(table.delete())
    catalog.engine.dispose()


def video(**changes):
    fields = {
        "video_id": "default--talk-0123456789",
        "channel": "default",
        "sha256": "a" * 64,
        "name": "talk.mp4",
        "title": "talk",
        "size_bytes": 5_000_000_000,
        "duration_s": 60.0,
        "width": 1280,
        "height": 720,
        "sidecar_version": "",
        "state": "accepted",
    }
    return tables.Video(**{**fields, **changes})
