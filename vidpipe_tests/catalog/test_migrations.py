"""Databases of every older schema, with rows in all their tables, are brought up to date."""

import datetime

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from vidpipe.catalog import account_tables, database
from vidpipe.catalog.catalog import Catalog
from vidpipe_tests import quick

MOMENT = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
VIDEO = "default--talk-0123456789"
#: What a column holds where its kind alone does not say it.
KNOWN = {
    "video_id": VIDEO,
    "channel": "default",
    "clip_id": "c0ffee",
    "state": "accepted",
    # Whose a key is: the user that is filled in, too.
    "owner_id": "user_id",
}

#: Tables under another name since.
RENAMED = {"beats": "heartbeats", "webhook_events": "events"}


def revisions():
    config = Catalog("sqlite://")._config()
    return [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()]


def value_of(column):
    """Something that a column of this kind may hold."""
    if column.name in KNOWN:
        return KNOWN[column.name]
    kinds = (
        (sa.JSON, ["a"]),
        (sa.DateTime, MOMENT),
        (sa.Date, MOMENT.date()),
        (sa.Boolean, True),
        (sa.Integer, 7),
        (sa.Float, 1.5),
    )
    for kind, value in kinds:
        if isinstance(column.type, kind):
            return value
    return f"{column.name}"[: getattr(column.type, "length", None)]


def filled(catalog):
    """One row in each table; what is in them, by table."""
    found = sa.MetaData()
    with catalog.engine.begin() as connection:
        found.reflect(connection)
        rows = {}
        for table in found.sorted_tables:
            if table.name in ("vidpipe_schema", "alembic_version"):
                continue
            if table.name.startswith("sentence_terms"):
                # SQLite's own index of another table's words: triggers fill it.
                continue
            rows[table.name] = {c.name: value_of(c) for c in table.columns}
            connection.execute(table.insert().values(rows[table.name]))
    return rows


@pytest.fixture(params=["sqlite", "postgres"])
def before(request, tmp_path, monkeypatch):
    """A catalog at an older revision: `before("0001")`."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/old.sqlite"
    else:
        url = request.getfixturevalue("fresh_postgres_url")()
    catalog = Catalog(url)
    catalog.upgrade()
    # It goes from the newest schema to the older one and back by its migrations.
    quick.as_it_is(monkeypatch)

    def at(revision):
        config = catalog._config()
        with catalog.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
        return catalog

    yield at
    catalog.engine.dispose()


@pytest.mark.parametrize("revision", revisions())
def test_rows_of_an_older_schema_are_there_after_the_migration(before, revision):
    catalog = before(revision)
    rows = filled(catalog)
    assert "videos" in rows and len(rows) >= 5
    catalog.upgrade()
    assert catalog.schema_problem() is None
    kept = account_tables.Base.metadata.tables
    with catalog.engine.connect() as connection:
        for name, row in rows.items():
            now_called = kept[RENAMED.get(name, name)]
            # Tables may give up columns; none may give up a row or change what stays.
            [found] = connection.execute(sa.select(now_called)).mappings().all()
            for column in set(row) & set(found):
                was, now = row[column], found[column]
                if isinstance(now, datetime.datetime):
                    now = now.replace(tzinfo=datetime.UTC)
                assert now == was, f"{name}.{column}"


def test_migrations_are_read_once_for_all_databases_of_a_process(tmp_path, monkeypatch):
    read = []

    class Counted(ScriptDirectory):
        @classmethod
        def from_config(cls, config):
            read.append(config)
            return super().from_config(config)

    monkeypatch.setattr(database, "ScriptDirectory", Counted)
    database._revisions.cache_clear()
    for name in ("one", "two"):
        catalog = Catalog(f"sqlite:///{tmp_path}/{name}.sqlite").ready()
        assert catalog.schema_problem() is None and not catalog._is_newer()
        catalog.engine.dispose()
    assert len(read) == 1


def test_what_tests_are_given_is_what_the_migrations_make(tmp_path, monkeypatch):
    def made(name):
        catalog = Catalog(f"sqlite:///{tmp_path}/{name}.sqlite")
        catalog.upgrade()
        with catalog.engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
            ).all()
            rows = {
                name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
                for kind, name, _, _ in found
                if kind == "table"
            }
        catalog.engine.dispose()
        return found, rows

    given = made("given")
    quick.as_it_is(monkeypatch)
    assert len(given[0]) > 100
    assert given == made("migrated")
