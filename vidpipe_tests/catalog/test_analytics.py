"""Days are counted as things happen, and counted again they are the same."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select, update

from vidpipe.catalog import analytics_tables, tables
from vidpipe.catalog.analytics import BUCKET, bucket_of, quantile_s
from vidpipe.catalog.catalog import Catalog, Rows
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import now
from vidpipe_tests.catalog.conftest import video

EVER = (date(2000, 1, 1), date(2100, 1, 1))
CHANNELS = {"default", "other"}


def accept(catalog, number, channel="default"):
    video_id = f"{channel}--talk-{number:010d}"
    row = video(video_id=video_id, channel=channel, sha256=f"{number:064d}", duration_s=600.0)
    assert catalog.accept_video(row)
    return video_id


def ran(catalog, video_id, stage="transcript", wall_s=10.0, *, reused=False, error=None):
    catalog.record_stage(
        tables.StageRunRow(
            video_id=video_id,
            stage=stage,
            fingerprint="f",
            reused=reused,
            wall_s=wall_s,
            error=error,
            error_kind="bug" if error else None,
        )
    )


def clips(catalog, video_id, count):
    rows = [
        tables.ClipRow(
            clip_id=f"c{k}",
            video_id=video_id,
            rank=k,
            title="t",
            score=1.0,
            start_s=0.0,
            end_s=1.0,
            duration_s=1.0,
            compositions=[],
        )
        for k in range(count)
    ]
    catalog.replace(Rows(table=tables.ClipRow, of={"video_id": video_id}, rows=rows))


def fail(catalog, video_id, cause="bug", *, dead=True, run=""):
    failed = Failed(video_id, video_id.split("--")[0], "job", "clips", cause, "why", run)
    catalog.failures.add(failed, attempts=1, dead=dead)


def counted(catalog):
    catalog.analytics.refresh()
    return (
        catalog.analytics.days(CHANNELS, *EVER),
        catalog.analytics.failures(CHANNELS, *EVER),
        catalog.analytics.stages(CHANNELS, *EVER),
    )


def totals(catalog):
    days, _, _ = counted(catalog)
    names = ("accepted", "finished", "clips", "failures", "given_up", "work_s", "media_s")
    return {name: sum(getattr(d, name) for d in days) for name in names}


def test_a_day_of_one_video(catalog):
    video_id = accept(catalog, 1)
    ran(catalog, video_id, wall_s=12.0)
    ran(catalog, video_id, wall_s=12.0, reused=True)
    ran(catalog, video_id, "clips", 3.0, error="no space")
    clips(catalog, video_id, 4)
    catalog.finish_video(video_id, now())
    [day], failures, stages = counted(catalog)
    assert day.day == datetime.now(UTC).date() and day.channel == "default"
    assert (day.accepted, day.finished, day.clips, day.exports) == (1, 1, 4, 0)
    assert (day.work_s, day.media_s) == (15.0, 600.0)
    assert day.cost is None, "nothing is known of it"
    assert failures == {}
    assert [(s.stage, s.runs, s.failed) for s in stages] == [
        ("clips", 1, 1),
        ("transcript", 1, 0),
    ]
    assert stages[0].p95_s is None and stages[1].p95_s == pytest.approx(12.0, rel=0.05)


def test_what_is_finished_again_counts_once_a_day_and_stays_when_it_is_retired(catalog):
    video_id = accept(catalog, 1)
    clips(catalog, video_id, 4)
    catalog.finish_video(video_id, now())
    clips(catalog, video_id, 2)
    catalog.finish_video(video_id, now())
    assert (totals(catalog)["finished"], totals(catalog)["clips"]) == (1, 2)
    catalog.retire_video(video_id)
    assert (totals(catalog)["finished"], totals(catalog)["clips"]) == (1, 2)
    # It is gone while a run ends: nothing is finished by that.
    catalog.finish_video(video_id, now())
    assert totals(catalog)["finished"] == 1


def test_a_failure_that_is_tried_again_with_success_is_given_up_no_more(catalog):
    video_id = accept(catalog, 1)
    fail(catalog, video_id, "unavailable", dead=False, run="r1")
    fail(catalog, video_id, "bug", run="r2")
    assert (totals(catalog)["failures"], totals(catalog)["given_up"]) == (2, 1)
    with catalog.writing() as session:
        # It failed yesterday.
        yesterday = now() - timedelta(days=1)
        session.execute(update(tables.FailureRow).values(created_at=yesterday))
    catalog.analytics.recompute()
    catalog.finish_video(video_id, now())
    days, failures, _ = counted(catalog)
    assert [(d.failures, d.given_up, d.finished) for d in days] == [(2, 0, 0), (0, 0, 1)]
    assert failures == {"bug": 1, "unavailable": 1}


def test_what_a_person_cancelled_is_not_given_up(catalog):
    video_id = accept(catalog, 1)
    fail(catalog, video_id, "cancelled", run="r1")
    assert (totals(catalog)["failures"], totals(catalog)["given_up"]) == (1, 0)


def test_counting_everything_again_gives_the_same(catalog):
    """Some hundred changes in any order, with days that are over."""
    dice = random.Random(3)
    videos = []
    for step in range(150):
        what = dice.choice(["accept", "run", "fail", "finish", "retire", "clips", "older", "look"])
        if what == "accept" or not videos:
            videos.append(accept(catalog, step, dice.choice(["default", "other"])))
        video_id = dice.choice(videos)
        if what == "run":
            ran(catalog, video_id, dice.choice("abc"), dice.uniform(0, 90), reused=step % 5 == 0)
        elif what == "fail":
            fail(catalog, video_id, dice.choice(["bug", "x"]), dead=step % 2 == 0, run=f"r{step}")
        elif what == "finish":
            catalog.finish_video(video_id, now())
        elif what == "retire":
            catalog.retire_video(video_id)
        elif what == "clips":
            clips(catalog, video_id, dice.randrange(5))
        elif what == "older":
            _a_day_passes(catalog)
        elif what == "look":
            catalog.analytics.refresh()
    before = counted(catalog)
    assert len(before[0]) > 3 and before[1] and before[2]
    assert catalog.analytics.recompute() >= len(before[0])
    assert counted(catalog) == before
    # And once more: nothing adds up.
    catalog.analytics.recompute()
    assert counted(catalog) == before


def _a_day_passes(catalog):
    """Everything was a day earlier, also the days that are counted already."""
    with catalog.writing() as session:
        for table, names in (
            (tables.Video, ("created_at", "finished_at")),
            (tables.StageRunRow, ("created_at",)),
            (tables.FailureRow, ("created_at",)),
        ):
            for row in session.scalars(select(table)):
                for name in names:
                    moment = getattr(row, name)
                    if moment is not None:
                        setattr(row, name, moment - timedelta(days=1))
        moved = (
            analytics_tables.CompletionRow,
            analytics_tables.DayRow,
            analytics_tables.DayFailureRow,
            analytics_tables.DayStageRow,
            analytics_tables.ChangedDayRow,
        )
        for table in moved:
            # The earliest first: no two rows have one day in between.
            for row in session.scalars(select(table).order_by(table.day)).all():
                row.day = row.day - timedelta(days=1)
                session.flush()


def test_many_may_count_and_change_at_once(catalog):
    videos = [accept(catalog, k) for k in range(4)]

    def work(number):
        for k in range(5):
            ran(catalog, videos[number % 4], "abcd"[number % 4], 1.0)
            catalog.analytics.refresh()
            if k == 2:
                catalog.finish_video(videos[number % 4], now())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(8)))
    before = counted(catalog)
    assert totals(catalog)["work_s"] == 40.0 and totals(catalog)["finished"] == 4
    catalog.analytics.recompute()
    assert counted(catalog) == before


def test_shares_of_runs_are_known_to_one_in_twenty():
    dice = random.Random(1)
    for _ in range(20):
        runs = [dice.lognormvariate(2, 1.5) for _ in range(dice.randrange(1, 400))]
        buckets = {}
        for wall_s in runs:
            buckets[bucket_of(wall_s)] = buckets.get(bucket_of(wall_s), 0) + 1
        exact = sorted(runs)[-(-len(runs) * 95 // 100) - 1]
        assert exact <= quantile_s(buckets, 0.95) * 1.001
        assert quantile_s(buckets, 0.95) <= exact * BUCKET * 1.001
    assert quantile_s({}, 0.95) is None
    assert bucket_of(0.0) == bucket_of(0.001)


def test_days_before_the_tables_were_there_are_counted(tmp_path):
    catalog = Catalog(f"sqlite:///{tmp_path}/old.sqlite")
    catalog.upgrade()
    video_id = accept(catalog, 1)
    ran(catalog, video_id, wall_s=5.0)
    clips(catalog, video_id, 3)
    catalog.finish_video(video_id, now())
    before = counted(catalog)
    config = catalog._config()
    with catalog.engine.begin() as connection:
        config.attributes["connection"] = connection
        before_it = ScriptDirectory.from_config(config).get_revision("0009").down_revision
        command.downgrade(config, before_it)
    catalog.upgrade()
    assert counted(catalog) == before
