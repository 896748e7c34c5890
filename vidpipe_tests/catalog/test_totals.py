"""Figures that only grow, and where everything stands, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from vidpipe.catalog import tables, totals
from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.events import new_event
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.standing import Waiting
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe_tests.catalog.conftest import video

KEY = "default--talk-0123456789"


def came_to(catalog, total, *labels):
    amount = catalog.totals.read().get(total.name, {}).get(labels)
    return (sum(amount.count.values()), amount.value) if amount is not None else (0, 0.0)


def stage(**changes):
    fields = {"video_id": KEY, "stage": "transcript", "fingerprint": "f", "reused": False}
    return tables.StageRunRow(**{**fields, "wall_s": 30.0, "error": None, **changes})


def export(clip_id, *, conforms=True):
    return tables.ExportRow(
        clip_id=clip_id,
        video_id=KEY,
        platform="tiktok",
        key="k",
        size_bytes=1,
        duration_s=30.0,
        conforms=conforms,
    )


def test_what_happens_is_added_up_by_whoever_does_it(catalog):
    catalog.accept_video(video())
    catalog.record_stage(stage(wall_s=30.0))
    catalog.record_stage(stage(wall_s=90.0))
    catalog.record_stage(stage(wall_s=0.1, reused=True))
    catalog.record_stage(stage(wall_s=5.0, error="broken"))
    assert came_to(catalog, totals.VIDEOS_ACCEPTED, "default") == (1, 1.0)
    assert came_to(catalog, totals.RECORDING_SECONDS, "default") == (1, 60.0)
    assert came_to(catalog, totals.RUN_REQUESTS, "default", "upload") == (1, 1.0)
    for outcome, count in (("made", 2), ("reused", 1), ("failed", 1)):
        assert came_to(catalog, totals.STAGE_RUNS, "transcript", outcome) == (count, count)
    found = catalog.totals.read()[totals.STAGE_DURATION.name]["transcript",]
    # Up to 30 s is a class of its own: what takes exactly 30 belongs to it.
    places = {totals.DURATIONS_S.index(30): 1, totals.DURATIONS_S.index(120): 1}
    assert found.count == places and found.value == 120.0
    assert came_to(catalog, totals.STAGE_RECORDING, "transcript") == (2, 120.0)
    assert came_to(catalog, totals.WORK_SECONDS, "default") == (3, 125.0)


def test_a_run_that_made_all_of_it_is_counted_with_its_time(catalog):
    catalog.accept_video(video())
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run"})
    assert came_to(catalog, totals.QUEUE_WAIT)[0] == 1
    catalog.requests.submitted({request.id: "run"})
    assert came_to(catalog, totals.QUEUE_WAIT)[0] == 1, "it was submitted once"
    catalog.finish_video(KEY, tables.now() - timedelta(seconds=100))
    assert came_to(catalog, totals.RUNS, "default", "succeeded") == (1, 1.0)
    count, took_s = came_to(catalog, totals.PROCESSING)
    assert count == 1 and 100 <= took_s < 130
    # A clock that was set back takes nothing away.
    catalog.finish_video(KEY, tables.now() + timedelta(hours=1))
    assert came_to(catalog, totals.PROCESSING) == (2, took_s)
    catalog.finish_video("default--nothing-0123456789", tables.now())
    assert came_to(catalog, totals.RUNS, "default", "succeeded") == (2, 2.0)


def test_totals_grow_where_rows_are_replaced_and_removed(catalog):
    catalog.accept_video(video())
    same = {"video_id": KEY, "platform": "tiktok"}
    catalog.replace(Rows(tables.ExportRow, same, [export("a"), export("b", conforms=False)]))
    catalog.replace(Rows(tables.ExportRow, same, [export("a")]))
    catalog.retire_video(KEY)
    assert catalog.exports(KEY) == []
    assert came_to(catalog, totals.EXPORTS, "tiktok", "true") == (2, 2.0)
    assert came_to(catalog, totals.EXPORTS, "tiktok", "false") == (1, 1.0)


def test_failures_and_jobs_are_counted_by_how_they_ended(catalog):
    catalog.accept_video(video())
    job = tables.JobRow(job_id="j", channel="default", video_id=KEY, asked_by="local")
    catalog.jobs.add([job])
    for number, dead in enumerate((False, True)):
        failed = Failed(KEY, "default", "process_video", "", "unavailable", "away", f"run-{number}")
        catalog.failures.add(failed, attempts=number + 1, dead=dead)
        catalog.requests.done(f"run-{number}")
    assert came_to(catalog, totals.FAILURES, "default", "unavailable") == (2, 2.0)
    for outcome in ("retried", "dead"):
        assert came_to(catalog, totals.RUNS, "default", outcome) == (1, 1.0)
    bad = Failed(KEY, "default", "process_video", "", "rejected:no_video", "none", "run-3")
    catalog.failures.add(bad, attempts=1, dead=True)
    assert came_to(catalog, totals.RUNS, "default", "rejected") == (1, 1.0)
    assert came_to(catalog, totals.JOBS_CREATED, "default") == (1, 1.0)
    catalog.jobs.cancel("j")
    assert came_to(catalog, totals.JOBS_ENDED, "default", "cancelled") == (1, 1.0)
    assert came_to(catalog, totals.RUNS, "default", "cancelled") == (1, 1.0)


def test_what_is_rolled_back_was_not_counted(catalog):
    def refused():
        with catalog.writing() as session:
            totals.add(session, totals.ENCODES)
            raise Misconfigured("no")

    with pytest.raises(Misconfigured):
        refused()
    assert came_to(catalog, totals.ENCODES) == (0, 0.0)
    with catalog.writing() as session, pytest.raises(ValueError, match="labels"):
        totals.add(session, totals.CLIPS)


def test_writers_at_once_neither_lose_a_figure_nor_wait_for_each_other(catalog):
    """Two transactions that add to the same totals in opposite orders would lock each other."""
    names = ["a", "b", "c"]
    errors = []

    def work(order):
        try:
            for _ in range(20):
                with catalog.writing() as session:
                    for name in order:
                        totals.add(session, totals.CLIPS, name)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(o,)) for o in (names, names[::-1]) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [came_to(catalog, totals.CLIPS, name) for name in names] == [(120, 120.0)] * 3


def test_where_everything_stands(catalog):
    catalog.accept_video(video())
    other = {"video_id": "news--talk-0123456789", "channel": "news", "sha256": "b" * 64}
    catalog.accept_video(video(**other))
    catalog.requests.add(["news--talk-0123456789"], Cause.RETRY)
    (first, _) = sorted(catalog.requests.due(10), key=lambda row: row.channel)
    stands = catalog.standing.read()
    assert stands.requests["default", "due"] == Waiting(1, first.created_at)
    assert stands.unfinished == {("default",): 1, ("news",): 1}
    assert (stands.running, stands.quiet_since) == (0, None)
    catalog.requests.submitted({first.id: "run"})
    catalog.requests.done("run")
    catalog.requests.add([KEY], Cause.RETRY, wait_s=600)
    catalog.heartbeats.beat("run", KEY)
    catalog.heartbeats.beat("cli-1", KEY)
    long_ago = tables.now() - timedelta(hours=1)
    with catalog.writing() as session:
        session.execute(
            sa.update(tables.Heartbeat)
            .where(tables.Heartbeat.run_id == "cli-1")
            .values(at=long_ago)
        )
    catalog.inbox.notice(
        [
            {
                "key": "default/x.mp4",
                "channel": "default",
                "version": "1",
                "size_bytes": 1,
                "modified_s": 0.0,
                "sidecars": {},
                "sidecar_version": "",
            }
        ]
    )
    failed = Failed("news--talk-0123456789", "news", "job", "", "os:EIO", "disk", "lost")
    catalog.failures.add(failed, attempts=5, dead=True)
    stands = catalog.standing.read()
    assert set(stands.requests) == {("default", "delayed"), ("news", "due")}
    assert stands.pending["default",].count == 1
    assert stands.failures == {("news", "os:EIO", "dead"): 1}
    assert stands.running == 1
    assert stands.quiet_since is not None and stands.quiet_since > long_ago


def test_a_query_that_takes_too_long_is_given_up(catalog):
    if catalog.embedded:
        pytest.skip("SQLite has no such limit")
    with catalog.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(Unavailable):
            catalog.standing.read(timeout_s=0.2)


def test_what_endpoints_and_links_wait_for(catalog):
    at = tables.now()
    stands = catalog.standing.read()
    assert stands.webhooks == {("events",): Waiting(0, None), ("deliveries",): Waiting(0, None)}
    assert stands.downloads == {}
    job = tables.JobRow(job_id="j", channel="default", asked_by="local")
    catalog.jobs.add([job], links={"j": "https://example.com/talk.mp4"})
    with catalog.writing() as session:
        row = new_event("job.failed", "default", {})
        row.due_at = at - timedelta(seconds=90)
        session.add(row)
    stands = catalog.standing.read()
    assert stands.webhooks["events",] == Waiting(1, at - timedelta(seconds=90))
    assert stands.downloads == {("default", "waiting"): 1}
    assert came_to(catalog, totals.JOBS_CREATED, "default") == (1, 1.0)
