"""What lists and statuses ask of PostgreSQL reads no table of videos from end to end."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from benchmarks.api import fill
from vidpipe.api.app import service
from vidpipe.catalog.catalog import Catalog
from vidpipe_tests.api.conftest import served
from vidpipe_tests.catalog.conftest import emptied

#: Enough that PostgreSQL takes an index where there is one.
VIDEOS = 60_000
STATES = ("queued", "running", "done", "failed", "held", "retired", "rejected")
#: Small tables are read whole, and that is right.
LARGE = {"videos", "jobs", "clips", "exports", "stage_runs", "failures", "requests", "uploads"}


@pytest.fixture
def filled(postgres_url):
    catalog = Catalog(postgres_url)
    catalog.upgrade()
    emptied(catalog)
    fill(catalog, VIDEOS)
    yield catalog
    emptied(catalog)


def scans(plan: dict) -> set[str]:
    """Tables that a plan reads from end to end."""
    own = {plan["Relation Name"]} if plan["Node Type"].endswith("Seq Scan") else set()
    return own.union(*(scans(part) for part in plan.get("Plans", ())))


def paths() -> list[str]:
    listed = [f"/videos?state={state}" for state in STATES]
    return [
        "/videos",
        "/videos?channel=other",
        *listed,
        "/videos?state=failed&state=queued",
        "/videos/default--talk-0000000777",
        "/jobs",
        "/jobs?state=queued",
        "/jobs?state=running",
        "/jobs?channel=other&state=failed",
        "/jobs?video_id=default--talk-0000000777",
        "/jobs/job-00000000000000000777",
        "/jobs/job-00000000000000000501",
    ]


def test_no_list_and_no_status_reads_all_videos(filled, postgres_url, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text("channels:\n  default: {}\n  other: {}\n")
    library = served(home, database_url=postgres_url)
    client = TestClient(service(library), base_url="http://testserver/api/v1")
    asked: list[tuple[str, str, object]] = []
    now_asking = ""
    engine = library.engine.catalog.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT") and "pg_" not in statement:
            asked.append((now_asking, statement, parameters))

    for path in paths():
        now_asking = path
        page = client.get(path)
        assert page.status_code == 200, page.text
        cursor = page.json().get("next_cursor")
        if cursor:
            now_asking = f"{path} and on"
            more = client.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
            assert more.status_code == 200, more.text
    now_asking = "/metrics"
    scraped = client.get("http://testserver/metrics")
    assert 'vidpipe_queue_requests{channel="default",state="due"} 120.0' in scraped.text
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) > 50
    wrong = {}
    with engine.connect() as connection:
        for path, statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            (found,) = plan.scalar_one()
            # No upload was made up: metrics count a table of none.
            large = LARGE - {"uploads"} if path == "/metrics" else LARGE
            if scans(found["Plan"]) & large:
                wrong[path] = (
                    f"{scans(found['Plan'])}: {statement}\n{json.dumps(found, indent=1)[:1500]}"
                )
        assert connection.scalar(text("SELECT count(*) FROM videos")) == VIDEOS
    engine.dispose()
    assert not wrong, "\n\n".join(f"{path}: {plan}" for path, plan in wrong.items())
