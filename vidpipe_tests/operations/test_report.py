"""The library as a whole, counted and drawn."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
import pytest

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog, Rows
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import now
from vidpipe.operations.charts import charts
from vidpipe.operations.report import Report, report
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe_tests.catalog.conftest import emptied
from vidpipe_tests.conftest import make_engine


def fill(catalog: Catalog) -> None:
    """Three videos finished today and two days ago, one in work; makings, failures, rejects."""
    for number, (channel, days_ago) in enumerate(
        [("lab", 0), ("lab", 0), ("museum", 2), ("museum", None), ("lab", 90)]
    ):
        video_id = f"{channel}--v{number}-0000000000"
        catalog.accept_video(
            tables.Video(
                video_id=video_id,
                channel=channel,
                sha256=f"{number:064d}",
                name="v.mp4",
                title="v",
                size_bytes=1,
                duration_s=600.0,
                width=640,
                height=360,
            )
        )
        if days_ago is not None:
            with catalog.writing() as session:
                row = session.get_one(tables.Video, video_id)
                row.finished_at = now() - timedelta(days=days_ago)
        rows = [
            tables.ClipRow(
                clip_id=f"{number}{k}",
                video_id=video_id,
                rank=k,
                title="t",
                score=60.0,
                start_s=0,
                end_s=9,
                duration_s=9,
                compositions=[],
            )
            for k in range(number)
        ]
        catalog.replace(Rows(tables.ClipRow, {"video_id": video_id}, rows))
        for stage, wall_s, reused, error in (
            ("layout", 60.0 * (number + 1), False, None),
            ("layout", 0.1, True, None),
            ("platform_exports/tiktok", 1.0, False, None),
            ("platform_exports/x", 3.0, False, None),
            ("transcript", 9.0, False, "broke"),
        ):
            catalog.record_stage(
                tables.StageRunRow(
                    video_id=video_id,
                    stage=stage,
                    fingerprint="f",
                    reused=reused,
                    wall_s=wall_s,
                    error=error,
                )
            )
    for number, cause in enumerate(["unavailable", "unavailable", "unexpected:KeyError"]):
        failed = Failed(
            subject=f"museum--f{number}-0000000000",
            channel="museum",
            job="process_video",
            stage="layout",
            cause=cause,
            message=f"message {number}",
            run_id=f"r{number}",
        )
        catalog.failures.add(failed, attempts=1, dead=number != 1)
    with catalog.writing() as session:
        for k in range(3):
            session.add(
                tables.UploadRow(
                    key=f"lab/{k}.mp4",
                    channel="lab",
                    version="1",
                    size_bytes=1,
                    state="quarantined",
                    reason="no_video" if k else "playlist",
                )
            )


@pytest.fixture
def looked(engine) -> Report:
    fill(engine.catalog)
    return report(engine, days=30)


def test_days_count_what_was_finished_on_them_and_none_is_left_out(looked):
    assert len(looked.days) == 30
    today, before = looked.days[-1], looked.days[-3]
    assert (today.videos, today.clips, today.recorded_h) == (2, 0 + 1, 0.33)
    assert today.by_channel == {"lab": 2} and today.failures == 3
    assert (before.videos, before.clips, before.by_channel) == (1, 2, {"museum": 1})
    assert sum(d.videos for d in looked.days) == 3


def test_speeds_leave_out_what_was_found_again_and_what_failed(looked):
    layout, exports = looked.speeds
    # 60 to 300 s for ten minutes each.
    assert (layout.stage, layout.count, layout.median_s, layout.p95_s) == ("layout", 5, 18.0, 30.0)
    assert layout.real_time_factor == pytest.approx(900 / 3000)
    assert (exports.stage, exports.count, exports.median_s) == ("platform_exports", 10, 0.2)
    assert layout.share + exports.share == pytest.approx(1.0, abs=1e-3)
    assert looked.real_time_factor == pytest.approx(0.3 + 20 / 6000, abs=1e-3)


def test_failures_are_grouped_by_cause_and_rejected_uploads_by_reason(looked):
    found = [(t.channel, t.cause, t.dead, t.waiting) for t in looked.troubles]
    assert found == [("museum", "unavailable", 1, 1), ("museum", "unexpected:KeyError", 1, 0)]
    assert looked.dead == 2
    assert looked.rejected == (("lab", "no_video", 2), ("lab", "playlist", 1))
    assert looked.totals == {"videos": 5, "finished": 4, "clips": 10, "exports": 0}


@pytest.fixture
def postgres(postgres_url):
    catalog = Catalog(postgres_url)
    catalog.upgrade()
    yield catalog
    emptied(catalog)


def test_the_same_is_said_of_postgresql(postgres, postgres_url, tmp_path, looked):
    fill(postgres)
    settings = load_settings(home=tmp_path / "pg", database_url=postgres_url)
    there = report(Engine(settings), days=30, storage=False)
    assert there.days == looked.days and there.speeds == looked.speeds
    assert [t.cause for t in there.troubles] == [t.cause for t in looked.troubles]
    assert there.rejected == looked.rejected and there.totals == looked.totals


def test_storage_is_counted_by_channel_and_kind(processed):
    stored = report(processed.engine).stored
    there = list(processed.engine.store.list("default"))
    assert sum(s.size_bytes for s in stored) == sum(i.size_bytes for i in there)
    kinds = {s.kind for s in stored if s.channel == "default"}
    assert kinds == {"source", "working", "result", "preview", "master", "delivery"}
    assert report(processed.engine, storage=False).stored == ()


def test_storage_counts_channels_that_are_no_more_and_never_were(engine):
    fill(engine.catalog)
    with engine.catalog.writing() as session:
        session.add(
            tables.UploadRow(
                key="nobody/x.mp4",
                channel="nobody",
                version="1",
                size_bytes=1,
                state="quarantined",
                reason="unknown_channel",
            )
        )
    engine.store.put_bytes("museum/museum--v2-0000000000/clips/a.mp4", b"four")
    engine.store.put_bytes("_quarantine/nobody/abc/x.mp4", b"five5")
    assert "museum" not in engine.channels
    stored = {(s.channel, s.kind): s.size_bytes for s in report(engine).stored}
    assert stored == {("museum", "master"): 4, ("nobody", "quarantine"): 5}


def test_pictures_are_small_enough_and_drawn(looked, processed):
    drawn = charts(report(processed.engine)) | charts(looked)
    assert set(drawn) == {"throughput", "speed", "storage"}
    for name, data in drawn.items():
        assert len(data) <= 30_000, name
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (260, 540, 3) and image.std() > 10, name


def test_an_empty_library_has_a_report_too(tmp_path):
    found = report(make_engine(tmp_path / "empty"))
    assert found.totals["videos"] == 0 and found.real_time_factor == 0 and charts(found) == {}
