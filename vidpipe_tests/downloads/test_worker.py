"""From a job of a link to its video: fetched by a worker, stored, taken in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.states import JobState
from vidpipe.catalog.tables import now
from vidpipe.downloads.model import DownloadProgress
from vidpipe.errors import Unavailable
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.taking import ingest_pending
from vidpipe.library import DownloadEnd, JobSpec, Library, RightsNotConfirmed
from vidpipe.outbound import AddressRefused
from vidpipe.pipeline.run_options import RunOptions
from vidpipe_tests.downloads.conftest import redirect, status, whole
from vidpipe_tests.downloads.homes import opened
from vidpipe_tests.downloads.servers import media, ranged


@pytest.fixture
def library(tmp_path):
    return opened(tmp_path / "home")


def ask(library: Library, *urls: str, channel: str = "default", **more) -> list[str]:
    specs = [
        JobSpec(source_url=url, channel=channel, rights_confirmed=True, **more) for url in urls
    ]
    return [job.job_id for job in library.jobs.create(specs, asked_by="local")]


def due(library: Library, job_id: str) -> None:
    with library.engine.catalog.writing() as session:
        session.execute(
            update(DownloadRow)
            .where(DownloadRow.job_id == job_id)
            .values(not_before=now() - timedelta(seconds=1))
        )


def take_in(library: Library) -> list[str]:
    """What the orchestrator's intake does with what lies in the drop folder."""
    engine = library.engine
    folder = drop_folder(engine.settings.drop_url, {})
    rows = engine.catalog.inbox.waiting(10)
    for row in rows:
        ingest_pending(engine.intake(), folder, row)
    return [row.key for row in rows]


def left(library: Library) -> list[str]:
    """Files of downloads that are anywhere."""
    scratch, drop = library.engine.settings.scratch, library.engine.settings.home / "drop"
    folders = [scratch / "downloads", scratch / "work", drop]
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return [str(p) for p in files if p.suffix != ".lock"]


def test_the_recording_of_a_link_becomes_a_video(library, site, film, tmp_path):
    site.paths["/A%20talk.mp4"] = whole(film)
    (job_id,) = ask(library, site.url("/A%20talk.mp4?key=secret"))
    job = library.jobs.get(job_id)
    assert job.state == JobState.QUEUED and job.progress.current_stage == "download"
    assert job.source_url.endswith("?key=***") and job.download.state == "waiting"
    outcome = library.downloads.work_off_one()
    assert (outcome.job_id, outcome.end) == (job_id, DownloadEnd.STORED)
    job = library.jobs.get(job_id)
    assert job.upload_key == f"default/{job_id}/A talk.mp4"
    assert (job.state, job.progress.current_stage) == (JobState.QUEUED, "intake")
    assert job.download.state == "done" and job.download.received_bytes == len(film)
    assert left(library) == [str(library.engine.settings.home / "drop" / job.upload_key)]
    assert take_in(library) == [job.upload_key]
    job = library.jobs.get(job_id)
    video = library.status(job.video_id)
    assert video.title == "A talk" and video.channel == "default"
    assert len(library.engine.catalog.requests.due(10)) == 1
    library.engine.catalog.finish_video(job.video_id, now())
    assert library.jobs.get(job_id).state == JobState.DONE
    assert library.downloads.work_off_one() is None
    assert "secret" not in str(library.engine.catalog.downloads.get(job_id).url)


def test_a_bucket_takes_what_was_fetched_under_any_name(s3_options, tmp_path, site, film):
    s3_options = dict(s3_options)
    url = f"s3://vidpipe-test/{tmp_path.name}"
    settings = {"drop_url": url, "drop_options": s3_options}
    library = opened(tmp_path / "home", settings=settings)
    name = "B%C3%BCcher%20%26%20Co%20%231%20100%25~%20(2)%20%5Ba%5D.mp4"
    site.paths[f"/{name}"] = whole(film)
    (job_id,) = ask(library, site.url(f"/{name}"))
    assert library.downloads.work_off_one().end == DownloadEnd.STORED
    key = library.jobs.get(job_id).upload_key
    assert key == f"default/{job_id}/Bücher & Co #1 100%~ (2) [a].mp4"
    folder = drop_folder(url, s3_options)
    assert [item.key for item in folder.slice("").items] == [key]
    (row,) = library.engine.catalog.inbox.waiting(10)
    assert row.key == key
    assert ingest_pending(library.engine.intake(), folder, row).state == "accepted"
    assert library.jobs.get(job_id).video_id is not None


def test_what_the_job_wants_of_it_is_asked_for_once_it_is_taken_in(library, site, film):
    site.paths["/a.mp4"] = whole(film)
    ask(library, site.url("/a.mp4"), options=RunOptions(clips=1))
    library.downloads.work_off_one()
    take_in(library)
    requests = library.engine.catalog.requests.due(10)
    assert [request.run_options for request in requests] == [{"clips": 1}]


def test_the_next_listing_of_the_drop_folder_finds_nothing_new(library, site, film):
    from vidpipe.intake.drops import scan
    from vidpipe.intake.taking import notice

    site.paths["/a.mp4"] = whole(film)
    ask(library, site.url("/a.mp4"))
    library.downloads.work_off_one()
    folder = drop_folder(library.engine.settings.drop_url, {})
    assert notice(library.engine.catalog, scan(folder.slice("").items)) == []


def test_two_links_of_one_name_do_not_meet(library, site, film):
    site.paths["/a/talk.mp4"] = whole(film)
    site.paths["/b/talk.mp4"] = whole(film + bytes(8))
    jobs = ask(library, site.url("/a/talk.mp4"), site.url("/b/talk.mp4"))
    for _ in jobs:
        assert library.downloads.work_off_one().end == DownloadEnd.STORED
    assert len({library.jobs.get(job).upload_key for job in jobs}) == 2
    assert len(left(library)) == 2


def test_a_server_that_is_away_is_asked_again_later_and_in_the_end_no_more(library, site):
    site.paths["/a.mp4"] = status(503)
    (job_id,) = ask(library, site.url("/a.mp4"))
    waits = []
    for _ in range(4):
        outcome = library.downloads.work_off_one()
        assert outcome.end == DownloadEnd.AGAIN
        job = library.jobs.get(job_id)
        assert job.state == JobState.QUEUED and "503" in job.download.message
        waits.append(round((job.download.next_attempt_at - now()).total_seconds() / 60))
        assert library.downloads.work_off_one() is None, "its time has not come"
        due(library, job_id)
    assert waits == [1, 5, 15, 60]
    assert library.downloads.work_off_one().end == DownloadEnd.FAILED
    job = library.jobs.get(job_id)
    assert (job.state, job.error.code, job.error.failed_stage) == (
        JobState.FAILED,
        "download:unreachable",
        "download",
    )
    assert not left(library) and library.jobs.retry(job_id).state == JobState.QUEUED


def test_a_server_s_wish_to_be_left_alone_is_heard(library, site):
    site.paths["/a.mp4"] = status(429, Retry_After="1800")
    (job_id,) = ask(library, site.url("/a.mp4"))
    library.downloads.work_off_one()
    wait = library.jobs.get(job_id).download.next_attempt_at - now()
    assert 1700 < wait.total_seconds() <= 1800


@pytest.mark.parametrize(
    ("answer", "code"),
    [(status(404), "gone"), (status(401), "needs_login"), (whole(b"%PDF" * 3000), "not_media")],
)
def test_what_cannot_become_anything_fails_at_once(library, site, answer, code):
    site.paths["/a.mp4"] = answer
    (job_id,) = ask(library, site.url("/a.mp4"))
    assert library.downloads.work_off_one().end == DownloadEnd.FAILED
    assert library.jobs.get(job_id).error.code == f"download:{code}"
    assert len(site.asked) == 1 and not left(library)


def test_a_link_that_leads_into_the_private_network_later_fails(library, site, inside, film):
    inside.paths["/a.mp4"] = whole(film)
    site.paths["/a.mp4"] = redirect(inside.url("/a.mp4"))
    (job_id,) = ask(library, site.url("/a.mp4"))
    library.downloads.work_off_one()
    assert library.jobs.get(job_id).error.code == "download:private_address"
    assert not inside.asked and not left(library)


def test_what_was_received_is_gone_on_with_by_the_next_attempt(library, site, film):
    data = media(film, 3 << 20)
    away = threading.Event()
    whole_file = ranged(data, breaks=[1 << 20])

    def answer(handler):
        if away.is_set() and len(site.asked) < 6:
            handler.close_connection = True
            return
        away.set()
        whole_file(handler)

    site.paths["/a.mp4"] = answer
    (job_id,) = ask(library, site.url("/a.mp4"))
    assert library.downloads.work_off_one().end == DownloadEnd.AGAIN
    scratch = library.engine.settings.scratch
    assert (scratch / "downloads" / job_id / "part").stat().st_size == 1 << 20
    assert not any((scratch / "work").iterdir())
    due(library, job_id)
    assert library.downloads.work_off_one().end == DownloadEnd.STORED
    assert site.asked[-1][1]["Range"] == f"bytes={1 << 20}-"
    assert Path(left(library)[0]).read_bytes() == data and len(left(library)) == 1


def test_what_nobody_waits_for_is_swept(library, site, film):
    site.paths["/a.mp4"] = ranged(media(film, 3 << 20), breaks=[1 << 20, 0, 0, 0, 0, 0])
    (job_id,) = ask(library, site.url("/a.mp4"))
    assert library.downloads.work_off_one().end == DownloadEnd.AGAIN
    assert left(library)
    library.jobs.cancel(job_id)
    assert library.downloads.work_off_one() is None
    assert not left(library)


def dripping(film: bytes, begun: threading.Event):
    """A server that would take minutes, and never so slow that it is given up."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(64 << 20))
        handler.end_headers()
        handler.wfile.write(film)
        begun.set()
        for _ in range(600):
            handler.wfile.write(bytes(4096))
            handler.wfile.flush()
            time.sleep(0.1)

    return answer


def test_the_download_of_a_job_that_is_cancelled_stops(library, site, film):
    begun = threading.Event()
    site.paths["/a.mp4"] = dripping(film, begun)
    (job_id,) = ask(library, site.url("/a.mp4"))
    ends = []
    worker = threading.Thread(target=lambda: ends.append(library.downloads.work_off_one()))
    worker.start()
    assert begun.wait(20)
    time.sleep(2.5)
    job = library.jobs.get(job_id)
    assert job.state == JobState.RUNNING and job.progress.current_stage == "download"
    assert job.download.received_bytes > 0 and job.download.total_bytes == 64 << 20
    assert library.jobs.cancel(job_id).state == JobState.CANCELLED
    worker.join(10)
    assert not worker.is_alive() and ends[0].end == DownloadEnd.STOPPED
    assert library.jobs.get(job_id).state == JobState.CANCELLED and not left(library)


def test_a_worker_that_is_to_end_lets_go(library, site, film):
    begun, stop = threading.Event(), threading.Event()
    site.paths["/a.mp4"] = dripping(film, begun)
    (job_id,) = ask(library, site.url("/a.mp4"))
    ends = []
    worker = threading.Thread(
        target=lambda: ends.append(library.downloads.work_off_one(stop.is_set))
    )
    worker.start()
    assert begun.wait(20)
    stop.set()
    worker.join(10)
    assert ends[0].end == DownloadEnd.STOPPED
    row = library.engine.catalog.downloads.get(job_id)
    assert (row.state, row.attempts) == ("waiting", 0)
    assert library.jobs.get(job_id).state == JobState.QUEUED


KILLED = """
import sys
from pathlib import Path
from vidpipe_tests.downloads.homes import opened
opened(Path(sys.argv[1])).downloads.work_off_one()
"""


def test_a_killed_worker_s_download_is_another_s(library, site, film):
    begun = threading.Event()
    site.paths["/a.mp4"] = dripping(film, begun)
    (job_id,) = ask(library, site.url("/a.mp4"))
    home = str(library.engine.settings.home)
    worker = subprocess.Popen([sys.executable, "-c", KILLED, home], env=dict(os.environ))
    try:
        assert begun.wait(60)
        assert library.downloads.work_off_one() is None, "it is the other's"
    finally:
        worker.kill()
        worker.wait(10)
    assert library.engine.catalog.downloads.get(job_id).state == "running"
    with library.engine.catalog.writing() as session:
        session.execute(update(DownloadRow).values(lease_until=now() - timedelta(seconds=1)))
    site.paths["/a.mp4"] = whole(film)
    assert library.downloads.work_off_one().end == DownloadEnd.STORED
    assert library.engine.catalog.downloads.get(job_id).attempts == 2
    library.engine.artifacts.sweep()
    assert len(left(library)) == 1


def test_a_lease_is_held_for_as_long_as_it_takes(library, site, film):
    """A worker that lives keeps its download, however short its lease is."""
    from vidpipe.library.downloads import Downloads

    begun = threading.Event()

    def slow(handler):
        begun.set()
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(len(film)))
        handler.end_headers()
        half = len(film) // 2
        handler.wfile.write(film[:half])
        handler.wfile.flush()
        time.sleep(1.8)
        handler.wfile.write(film[half:])

    site.paths["/a.mp4"] = slow
    ask(library, site.url("/a.mp4"))
    ends, first = [], Downloads(library.engine, lease_s=1.0)
    worker = threading.Thread(target=lambda: ends.append(first.work_off_one()))
    worker.start()
    assert begun.wait(20)
    others = []
    while worker.is_alive():
        others.append(library.downloads.work_off_one())
        time.sleep(0.1)
    assert ends[0].end == DownloadEnd.STORED and set(others) == {None}


def test_limits_are_those_of_the_settings(tmp_path, site, film):
    library = opened(tmp_path / "home", max_gib=1 / 1024)
    site.paths["/a.mp4"] = whole(media(film, 3 << 20))
    (job_id,) = ask(library, site.url("/a.mp4"))
    library.downloads.work_off_one()
    assert library.jobs.get(job_id).error.code == "download:too_large"


def test_pages_may_be_left_unsearched(tmp_path, site):
    library = opened(tmp_path / "home", pages=False)
    site.paths["/a"] = whole(b"<!doctype html>", "text/html")
    (job_id,) = ask(library, site.url("/a"))
    library.downloads.work_off_one()
    assert library.jobs.get(job_id).error.code == "download:not_media"


def test_a_full_disk_begins_nothing(library, site, film, monkeypatch):
    site.paths["/a.mp4"] = whole(film)
    (job_id,) = ask(library, site.url("/a.mp4"))
    monkeypatch.setattr("vidpipe.library.downloads.low_disk_space", lambda settings: "too little")
    with pytest.raises(Unavailable, match="too little"):
        library.downloads.work_off_one()
    assert library.engine.catalog.downloads.get(job_id).attempts == 0


def test_a_drop_folder_that_is_away_is_tried_again(library, site, film):
    site.paths["/a.mp4"] = whole(film)
    (job_id,) = ask(library, site.url("/a.mp4"))
    drop = library.engine.settings.home / "drop"
    drop.mkdir()
    (drop / "default").write_text("a file in the way")
    outcome = library.downloads.work_off_one()
    assert outcome.end == DownloadEnd.AGAIN and str(drop) not in outcome.message
    (drop / "default").unlink()
    due(library, job_id)
    assert library.downloads.work_off_one().end == DownloadEnd.STORED


def test_what_is_not_fetched_is_not_asked_for(library):
    def spec(url, **more):
        return JobSpec(source_url=url, channel="default", rights_confirmed=True, **more)

    with pytest.raises(RightsNotConfirmed):
        library.jobs.create(
            [JobSpec(source_url="https://x.example", channel="default")], asked_by="local"
        )
    for url in ("http://127.0.0.2/a", "http://169.254.169.254/", "file:///etc/passwd"):
        with pytest.raises(AddressRefused):
            library.jobs.create([spec("http://127.0.0.1/a"), spec(url)], asked_by="local")
    assert library.jobs.list(channels=["default"]).items == ()


def test_how_far_it_is_can_be_watched(library, site, film):
    site.paths["/a.mp4"] = whole(film)
    ask(library, site.url("/a.mp4"))
    progress = DownloadProgress()
    library.downloads.work_off_one(progress=progress)
    assert progress.received == progress.total == len(film)


def test_a_job_that_is_cancelled_as_it_is_stored_leaves_nothing(library, site, film):
    site.paths["/a.mp4"] = whole(film)
    (job_id,) = ask(library, site.url("/a.mp4"))
    drop = library.downloads._drop
    put_file = drop.put_file

    def put_and_cancel(key, source, **more):
        put_file(key, source, **more)
        library.jobs.cancel(job_id)

    drop.put_file = put_and_cancel
    assert library.downloads.work_off_one().end == DownloadEnd.STOPPED
    assert library.jobs.get(job_id).state == JobState.CANCELLED and not left(library)
    assert library.engine.catalog.inbox.count() == 0
    drop.put_file = put_file
    library.jobs.retry(job_id)
    assert library.downloads.work_off_one().end == DownloadEnd.STORED


def test_the_command_fetches_a_link_and_says_what_is_wrong(tmp_path, site, film):
    command = Path(sys.executable).with_name("vidpipe")
    networks = "VIDPIPE_DOWNLOADS__ALLOWED_NETWORKS"
    env = {**os.environ, "VIDPIPE_HOME": str(tmp_path / "home"), networks: '["127.0.0.1/32"]'}

    def run(*arguments):
        given = [str(command), "download", *arguments]
        done = subprocess.run(
            given, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    site.paths["/a.mp4"] = whole(film)
    code, said = run(site.url("/a.mp4?key=secret"), "--rights-confirmed")
    assert code == 0 and "it is stored as default/job-" in said and "secret" not in said
    code, said = run(site.url("/a.mp4"))
    assert code == 2 and "rights_confirmed" in said
    code, said = run("http://127.0.0.2/a.mp4", "--rights-confirmed")
    assert code == 3 and "private addresses" in said
    code, said = run(site.url("/none.mp4"), "--rights-confirmed")
    assert code == 3 and "404" in said
    assert run() == (0, "")


def test_the_service_s_worker_fetches_what_jobs_wait_for(library, site, film):
    from vidpipe.library.chores import chores
    from vidpipe.worker import Worker

    async def work() -> None:
        mine = [chore for chore in chores(library) if chore.name.startswith("download")]
        assert len(mine) == 2
        worker = Worker(mine)
        running = asyncio.create_task(worker.run())
        for _ in range(200):
            await asyncio.sleep(0.1)
            if all(library.jobs.get(job).download.state == "done" for job in jobs[:2]):
                break
        for _ in range(200):
            await asyncio.sleep(0.1)
            if begun.is_set():
                break
        worker.stop()
        await asyncio.wait_for(running, 20)

    begun = threading.Event()
    site.paths["/a.mp4"] = site.paths["/b.mp4"] = whole(film)
    site.paths["/c.mp4"] = dripping(film, begun)
    jobs = ask(library, *(site.url(f"/{name}.mp4") for name in "abc"))
    asyncio.run(work())
    assert begun.is_set()
    ends = [library.engine.catalog.downloads.get(job).state for job in jobs]
    assert ends == ["done", "done", "waiting"], "the one at work was let go"
    assert library.engine.catalog.downloads.get(jobs[2]).attempts == 0
