"""Downloads are one worker's at a time, and are never lost with one: on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.states import JobState, WrongState
from vidpipe.catalog.tables import JobRow, UploadRow, now
from vidpipe_tests.catalog.conftest import video

URL = "https://media.example/a.mp4?key=secret"


def asked(catalog, *numbers: int, channel: str = "news") -> None:
    rows = [
        JobRow(
            job_id=f"job-{n}",
            channel=channel,
            source_url="https://media.example/a.mp4",
            asked_by="local",
        )
        for n in numbers
    ]
    catalog.jobs.add(rows, {row.job_id: URL for row in rows})


def claim(catalog, worker="w1", **options):
    given = {"lease_s": 60.0, "per_channel": 10, "most_attempts": 5, **options}
    return catalog.downloads.claim(worker, **given)


def lapse(catalog, number: int = 1) -> None:
    """Its worker says nothing any more."""
    with catalog.writing() as session:
        session.execute(
            update(DownloadRow)
            .where(DownloadRow.job_id == f"job-{number}")
            .values(lease_until=now() - timedelta(seconds=1))
        )


def due(catalog, number: int = 1) -> None:
    with catalog.writing() as session:
        session.execute(
            update(DownloadRow)
            .where(DownloadRow.job_id == f"job-{number}")
            .values(not_before=now() - timedelta(seconds=1))
        )


def states(catalog, number: int = 1) -> tuple[str, str]:
    job = catalog.jobs.get(f"job-{number}")
    return str(job.state), catalog.downloads.get(f"job-{number}").state


def test_a_download_goes_from_its_job_into_the_drop_folder(catalog):
    asked(catalog, 1)
    assert states(catalog) == ("queued", "waiting")
    held = claim(catalog)
    assert (held.job_id, held.url, held.attempt, held.channel) == ("job-1", URL, 1, "news")
    assert states(catalog) == ("running", "running") and claim(catalog, "w2") is None
    assert catalog.downloads.renew(held, lease_s=60, received=10, total=100)
    row = catalog.downloads.get("job-1")
    assert (row.received_bytes, row.total_bytes) == (10, 100)
    assert catalog.downloads.storing(held, "news/job-1/a.mp4")
    assert catalog.downloads.finish(held, "https://media.example/a.mp4?key=***", 100)
    assert states(catalog) == ("queued", "done")
    row = catalog.downloads.get("job-1")
    assert "secret" not in row.url and row.worker is None
    assert catalog.jobs.get("job-1").upload_key == "news/job-1/a.mp4"
    assert claim(catalog) is None


def test_the_job_follows_the_upload_that_its_link_became(catalog):
    asked(catalog, 1)
    held = claim(catalog)
    catalog.downloads.storing(held, "news/job-1/a.mp4")
    noticed = {
        "key": "news/job-1/a.mp4",
        "channel": "news",
        "version": "1",
        "size_bytes": 1,
        "modified_s": 0.0,
        "sidecars": {},
        "sidecar_version": "",
    }
    catalog.inbox.notice([noticed])
    # Intake may be faster than the word that it is stored.
    row = video(channel="news")
    assert catalog.accept_video(row)
    catalog.inbox.decide(UploadRow(**noticed, state="accepted", video_id=row.video_id))
    assert catalog.downloads.finish(held, "shown", 1)
    job = catalog.jobs.get("job-1")
    assert (job.video_id, job.state) == (row.video_id, JobState.QUEUED)
    catalog.finish_video(row.video_id, now())
    assert catalog.jobs.get("job-1").state == JobState.DONE


def test_what_failed_for_the_moment_waits_and_is_tried_again(catalog):
    asked(catalog, 1)
    held = claim(catalog)
    catalog.downloads.again(held, "download:unreachable", "the server answered 503", 60.0)
    assert states(catalog) == ("queued", "waiting") and claim(catalog) is None
    row = catalog.downloads.get("job-1")
    assert row.message == "the server answered 503" and row.not_before > now()
    due(catalog)
    assert claim(catalog).attempt == 2 and states(catalog) == ("running", "running")


def test_what_failed_for_good_has_its_job_fail_and_may_be_retried(catalog):
    asked(catalog, 1)
    catalog.downloads.give_up(claim(catalog), "download:gone", "there is nothing behind it")
    job = catalog.jobs.get("job-1")
    assert (job.state, job.error_code, job.failed_stage) == (
        JobState.FAILED,
        "download:gone",
        "download",
    )
    assert job.error_message == "there is nothing behind it" and claim(catalog) is None
    assert catalog.jobs.retry("job-1").state == JobState.QUEUED
    held = claim(catalog)
    assert held.attempt == 1 and held.url == URL


def test_a_lost_worker_loses_its_download_to_another(catalog):
    asked(catalog, 1)
    first = claim(catalog)
    lapse(catalog)
    second = claim(catalog, "w2")
    assert second.attempt == 2 and second.worker == "w2"
    # The first one comes back: nothing that it writes counts.
    assert not catalog.downloads.renew(first, lease_s=60, received=5, total=None)
    assert not catalog.downloads.storing(first, "news/x/a.mp4")
    assert not catalog.downloads.finish(first, "x", 1)
    catalog.downloads.give_up(first, "x", "x")
    catalog.downloads.again(first, "x", "x", 1)
    catalog.downloads.let_go(first)
    assert states(catalog) == ("running", "running")
    assert catalog.downloads.get("job-1").worker == "w2"
    assert catalog.downloads.finish(second, "x", 1)


def test_a_worker_that_comes_back_in_time_has_it_still(catalog):
    asked(catalog, 1)
    held = claim(catalog)
    lapse(catalog)
    assert catalog.downloads.renew(held, lease_s=60, received=0, total=None)
    assert claim(catalog, "w2") is None


def test_what_every_worker_is_lost_with_is_given_up(catalog):
    asked(catalog, 1)
    for attempt in (1, 2, 3):
        assert claim(catalog, most_attempts=3).attempt == attempt
        lapse(catalog)
    assert claim(catalog, most_attempts=3) is None
    assert catalog.jobs.get("job-1").error_code == "worker_lost"
    assert states(catalog) == ("failed", "failed")


def test_a_cancelled_job_s_download_stops(catalog):
    asked(catalog, 1, 2)
    held = claim(catalog)
    assert catalog.jobs.cancel("job-1").state == JobState.CANCELLED
    assert states(catalog) == ("cancelled", "cancelled")
    assert not catalog.downloads.renew(held, lease_s=60, received=0, total=None)
    assert not catalog.downloads.storing(held, "news/job-1/a.mp4")
    assert catalog.jobs.get("job-1").upload_key is None
    catalog.jobs.cancel("job-2")
    assert claim(catalog) is None
    with pytest.raises(WrongState):
        catalog.jobs.cancel("job-2")
    assert catalog.jobs.retry("job-2").state == JobState.QUEUED
    assert claim(catalog).job_id == "job-2"


def test_a_worker_that_ends_lets_go_at_once(catalog):
    asked(catalog, 1)
    catalog.downloads.let_go(claim(catalog))
    assert states(catalog) == ("queued", "waiting")
    assert claim(catalog, "w2").attempt == 1


def test_what_was_taken_in_is_not_fetched_again(catalog):
    """The worker was lost between storing and saying so."""
    asked(catalog, 1)
    catalog.downloads.storing(claim(catalog), "news/job-1/a.mp4")
    row = video(channel="news")
    assert catalog.accept_video(row)
    with catalog.writing() as session:
        session.get(JobRow, "job-1").video_id = row.video_id
    lapse(catalog)
    assert claim(catalog, "w2") is None and states(catalog)[1] == "done"


def test_no_channel_has_more_than_its_number(catalog):
    asked(catalog, 1, 2, 3)
    asked(catalog, 4, channel="other")
    taken = [claim(catalog, f"w{n}", per_channel=2) for n in range(4)]
    assert [held and held.job_id for held in taken] == ["job-1", "job-2", "job-4", None]
    catalog.downloads.finish(taken[0], "x", 1)
    assert claim(catalog, per_channel=2).job_id == "job-3"


def test_that_of_one_job_is_claimed_alone(catalog):
    asked(catalog, 1, 2)
    assert claim(catalog, only="job-2").job_id == "job-2"
    assert claim(catalog, only="job-2") is None


def test_many_workers_at_once_get_one_each(catalog):
    asked(catalog, *range(10, 30))
    taken, wrong, gate = [], [], threading.Barrier(6)

    def work(number: int) -> None:
        gate.wait()
        try:
            while (held := claim(catalog, f"w{number}", per_channel=15)) is not None:
                taken.append(held.job_id)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert len(taken) == len(set(taken)) == 15, "and of a channel no more than its number"


def test_cancelling_and_claiming_at_once_end(catalog):
    asked(catalog, *range(10, 40))
    wrong = []

    def work(number: int) -> None:
        try:
            while (held := claim(catalog, f"w{number}", per_channel=99)) is not None:
                catalog.downloads.storing(held, f"news/{held.job_id}/a.mp4")
                catalog.downloads.finish(held, "x", 1)
        except Exception as error:
            wrong.append(error)

    def cancel() -> None:
        for n in range(39, 9, -1):
            try:
                catalog.jobs.cancel(f"job-{n}")
            except WrongState:
                continue
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    threads.append(threading.Thread(target=cancel))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    for n in range(10, 40):
        job, download = states(catalog, n)
        assert (job, download) in {
            ("queued", "done"),
            ("cancelled", "cancelled"),
            ("cancelled", "done"),
        }
