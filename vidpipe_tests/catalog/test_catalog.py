"""The catalog on SQLite and on a real PostgreSQL."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog, Rows
from vidpipe.errors import Misconfigured
from vidpipe_tests.catalog.conftest import video


def test_migrations_make_exactly_the_declared_tables(catalog):
    assert catalog.schema_problem() is None
    with catalog.engine.connect() as connection:
        opts = {
            "version_table": "vidpipe_schema",
            "compare_type": True,
            # The index that FTS5 has: a table and its shadows.
            "include_name": lambda name, kind, _: not (name or "").startswith("sentence_terms"),
        }
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, tables.Base.metadata)
    # Partial indexes on SQLite are reflected without their condition.
    assert [d for d in differences if "index" not in str(d[0])] == []


def test_migrations_go_down_and_up_again(catalog):
    from alembic import command

    config = catalog._config()
    with catalog.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert "None" in str(catalog.schema_problem())
    catalog.upgrade()
    assert catalog.schema_problem() is None


MIGRATE = "import sys; from vidpipe.catalog.catalog import Catalog; Catalog(sys.argv[1]).upgrade()"


def test_many_may_migrate_a_fresh_database_at_once(tmp_path, real_migrations):
    """Threads of one process and several processes, as sensors and steps do."""
    url = f"sqlite:///{tmp_path}/fresh.sqlite"
    others = [subprocess.Popen([sys.executable, "-c", MIGRATE, url]) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Catalog(url).ready(), range(4)))
    assert [o.wait(timeout=60) for o in others] == [0, 0, 0]
    assert Catalog(url).schema_problem() is None


def test_the_same_bytes_are_accepted_once_per_channel(catalog):
    assert catalog.accept_video(video())
    assert not catalog.accept_video(video(video_id="default--again-0123456789"))
    assert catalog.accept_video(video(video_id="other--talk-0123456789", channel="other"))
    found = catalog.video_by_digest("default", "a" * 64)
    assert found is not None and found.size_bytes == 5_000_000_000


def test_clips_and_exports_are_those_of_the_current_result(catalog):
    catalog.accept_video(video())

    def clip(clip_id, rank):
        return tables.ClipRow(
            clip_id=clip_id,
            video_id="default--talk-0123456789",
            rank=rank,
            title="t",
            score=50,
            start_s=0,
            end_s=20,
            duration_s=18,
            compositions=["stack"],
        )

    of = {"video_id": "default--talk-0123456789"}
    catalog.replace(Rows(tables.ClipRow, of, [clip("a", 1), clip("b", 2)]))
    catalog.replace(Rows(tables.ClipRow, of, [clip("b", 1)]))
    rows = catalog.clips("default--talk-0123456789")
    assert [(r.clip_id, r.rank, r.compositions) for r in rows] == [("b", 1, ["stack"])]


def test_a_large_drop_folder_can_be_asked_for(catalog):
    catalog.inbox.decide(
        tables.UploadRow(
            key="default/7.mp4", channel="default", version="v", size_bytes=1, state="accepted"
        )
    )
    found = catalog.uploads([f"default/{k}.mp4" for k in range(40_000)])
    assert [u.key for u in found] == ["default/7.mp4"]


def test_the_newest_run_of_each_stage_is_what_counts(catalog):
    catalog.accept_video(video())
    for error in ("broken", None):
        catalog.record_stage(
            tables.StageRunRow(
                video_id="default--talk-0123456789",
                stage="layout",
                fingerprint="f",
                reused=False,
                wall_s=1.0,
                error=error,
            )
        )
    assert [(s.stage, s.error) for s in catalog.stages("default--talk-0123456789")] == [
        ("layout", None)
    ]


def test_a_server_database_is_not_migrated_behind_ones_back(postgres_url):
    catalog = Catalog(postgres_url)
    from alembic import command

    catalog.upgrade()
    config = catalog._config()
    with catalog.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with pytest.raises(Misconfigured, match="vidpipe migrate"):
        catalog.ready()
    catalog.upgrade()
    catalog.engine.dispose()


def test_a_catalog_that_a_newer_version_migrated_says_so(catalog):
    def mark(revision):
        with catalog.engine.begin() as connection:
            said = text("UPDATE vidpipe_schema SET version_num = :revision")
            connection.execute(said, {"revision": revision})

    newest = catalog._revision()
    mark("9999")
    try:
        with pytest.raises(Misconfigured, match=r"9999.*migrated by a newer vidpipe"):
            Catalog(catalog.url.render_as_string(hide_password=False)).ready()
    finally:
        mark(newest)


def test_the_file_of_a_catalog_is_nobody_elses_to_read(tmp_path):
    before = os.umask(0o022)
    try:
        Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}").ready()
        kept = tmp_path / "kept.sqlite"
        kept.touch(0o604)
        kept.chmod(0o604)
        Catalog(f"sqlite:///{kept}").ready()
    finally:
        os.umask(before)
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    assert modes.pop("kept.sqlite") == 0o604
    assert modes["catalog.sqlite"] == 0o640
    assert all(not mode & 0o004 for name, mode in modes.items() if "catalog" in name)
