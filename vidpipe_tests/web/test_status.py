"""The page of what goes on: what runs, what waits and why, what failed, who works, and to whom."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from vidpipe.catalog import tables
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.notice_tables import ProcessRow
from vidpipe.catalog.processes import COORDINATOR, WORKER, Presence
from vidpipe.library import Library
from vidpipe.operations.recovery import note_failure
from vidpipe.operations.watch import watch
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.web import web_app
from vidpipe.web.rendering import ago, commands
from vidpipe.web.viewer import Viewer, set_viewer

CHANNELS = """
channels:
  news: {}
  talks: {max_in_flight: 2}
"""


class Seen:
    """A library in every state, and pages of it as somebody sees them."""

    def __init__(self, home, **settings):
        home.mkdir(exist_ok=True)
        (home / "channels.yaml").write_text(CHANNELS)
        self.library = Library(Engine(load_settings(home=home, **settings)))
        self.catalog = self.library.engine.catalog.ready()
        self.number = 0

    def video(self, channel="talks", title="A talk"):
        self.number += 1
        video_id = f"{channel}--talk-{self.number:010d}"
        row = tables.Video(
            video_id=video_id,
            channel=channel,
            sha256=f"{self.number:064d}",
            name="talk.mp4",
            title=title,
            size_bytes=1,
            duration_s=60.0,
            width=1280,
            height=720,
            state="accepted",
        )
        self.catalog.accept_video(row)
        return video_id

    def hand_over(self, video_id, run_id):
        found = self.catalog.requests.of_video(video_id)
        self.catalog.requests.submitted({found[0].id: run_id})

    def fail(self, video_id, cause="unavailable", *, passing=True, **more):
        channel = video_id.partition("--")[0]
        said = {"message": "the store did not answer", "run_id": f"run-{video_id}", **more}
        failed = Failed(video_id, channel, "process_video", "transcript", cause, **said)
        self.hand_over(video_id, failed.run_id)
        note_failure(self.catalog, failed, passing=passing)

    def page(self, channels=None):
        app = web_app(self.library)

        async def known(scope, receive, send):
            set_viewer(scope, Viewer("ann@example.org", channels))
            await app(scope, receive, send)

        answer = TestClient(known, base_url="http://localhost").get("/status")
        assert answer.status_code == 200
        return answer

    def view(self, channels=None):
        return self.library.overview.read(channels)


@pytest.fixture
def seen(tmp_path):
    return Seen(tmp_path / "home", repository_url="https://forge.example/vidpipe")


def test_of_a_library_where_nothing_goes_on_that_is_said(seen):
    text = seen.page().text
    for words in ("Nothing runs", "Nothing waits", "Nothing was given up", "worker not seen yet"):
        assert words in text


def test_what_runs_says_at_which_stage_and_since_when(seen):
    video_id = seen.video(title="How whales sing")
    seen.hand_over(video_id, "run-1")
    seen.catalog.heartbeats.beat("run-1", video_id)
    names = seen.library.engine.pipeline.names(())
    for stage in names[:2]:
        row = tables.StageRunRow(
            video_id=video_id, stage=stage, fingerprint="f", reused=False, wall_s=1.0
        )
        seen.catalog.record_stage(row)
    (run,) = seen.view().running
    assert (run.title, run.stage, run.done) == ("How whales sing", names[2], 2)
    assert run.began_at and run.stage_since and run.stage_since >= run.began_at
    text = seen.page().text
    assert f'data-video="{video_id}"' in text and names[2].replace("_", " ") in text
    assert not seen.view().waiting


def test_what_waits_says_what_for(seen):
    for number in range(2):
        seen.hand_over(seen.video(), f"run-{number}")
    full = seen.video()
    turn = seen.video("news")
    retried = seen.video("news")
    seen.fail(retried)
    seen.catalog.inbox.notice(
        [
            {
                "key": "news/fresh.mp4",
                "channel": "news",
                "version": "1",
                "size_bytes": 5,
                "modified_s": 0.0,
                "sidecars": {},
                "sidecar_version": "",
            }
        ]
    )
    found = {item.subject: item for item in seen.view().waiting}
    assert found[full].why == "talks has 2 of 2 in flight; it is number 1 of talks"
    assert found[turn].why == "its turn: it is number 1 of news"
    assert found[retried].why == "its try 2, after unavailable at transcript"
    assert found[retried].until is not None
    assert found["news/fresh.mp4"].why == "its turn to be taken in"
    handed = [item for item in found.values() if "orchestrator" in item.why]
    assert len(handed) == 2
    text = seen.page().text
    assert "waits for its try 2, after unavailable" in text
    assert re.search(r"in (\d\d s|1 min)", text)


def test_where_nothing_begins_that_is_why(tmp_path):
    full = Seen(tmp_path / "full", queue={"min_free_gib": 10**6})
    full.video()
    (item,) = full.view().waiting
    assert re.match(r"room, as scratch has [\d.]+ GiB free", item.why)
    assert str(tmp_path) not in full.page(frozenset({"talks"})).text
    silent = Seen(tmp_path / "silent")
    silent.video()
    Presence(silent.catalog, COORDINATOR, alone=True).beat()
    with silent.catalog.writing() as session:
        session.query(ProcessRow).one().at -= timedelta(minutes=9)
    watch(silent.catalog, silent.library.engine.settings)
    (item,) = silent.view().waiting
    assert item.why.startswith("the coordinator of runs, which is silent; it is number 1")
    text = silent.page().text
    assert "The coordinator of runs is silent" in text and "Start the Dagster daemon again" in text


def test_a_coordinator_of_last_week_is_not_what_is_waited_for(tmp_path):
    seen = Seen(tmp_path / "home")
    seen.video()
    Presence(seen.catalog, COORDINATOR, alone=True).beat()
    with seen.catalog.writing() as session:
        session.query(ProcessRow).one().at -= timedelta(days=3)
        session.query(tables.RequestRow).one().created_at -= timedelta(minutes=5)
    (item,) = seen.view().waiting
    assert item.why.startswith("somebody who processes it: start `vidpipe studio`")


def test_what_a_process_had_that_was_killed_is_in_nobodys_queue(tmp_path):
    seen = Seen(tmp_path / "home")
    seen.video()
    [row] = seen.catalog.requests.due(1)
    seen.catalog.requests.submitted({row.id: "cli-killed"})
    (item,) = seen.view().waiting
    assert item.why.startswith("its process, which is gone")


def test_what_was_given_up_says_why_and_what_to_do(seen):
    seen.fail(seen.video(title="<b>Loud</b>"), "rejected:no_speech", passing=False)
    seen.fail(seen.video("news"), message="token=hush-hush-hush", passing=False)
    later, first = seen.view().failed
    assert first.todo.startswith("It is the file") and first.attempts == 1
    assert "vidpipe failures --cause unavailable --retry-all" in later.todo
    text = seen.page().text
    assert "&lt;b&gt;Loud&lt;/b&gt;" in text and "<b>Loud" not in text
    assert "hush-hush" not in text
    assert "<code>vidpipe failures --cause unavailable --retry-all</code>" in text
    section = "https://forge.example/vidpipe/blob/main/docs/runbook.md#a-video-was-given-up"
    assert section in text


def test_whoever_sees_some_channels_sees_what_is_theirs_and_no_machines(seen):
    Presence(seen.catalog, WORKER).beat()
    mine, others = seen.video("news", "Mine"), seen.video("talks", "Others")
    failed = seen.video("talks", "Failed of others")
    seen.fail(failed, passing=False)
    for video_id in (mine, others):
        seen.hand_over(video_id, f"run-{video_id}")
        seen.catalog.heartbeats.beat(f"run-{video_id}", video_id)
    view = seen.view(frozenset({"news"}))
    assert [run.title for run in view.running] == ["Mine"] and view.running[0].host == ""
    assert view.failed == view.waiting == view.processes == view.disks == view.targets == ()
    assert view.worker_alive
    text = seen.page(frozenset({"news"})).text
    assert "Mine" in text and "Others" not in text and "of others" not in text
    everything = seen.page().text
    assert "Others" in everything and "Failed of others" in everything and "free" in everything


def test_its_script_is_a_file_of_ours_and_nothing_else_runs(seen):
    answer = seen.page()
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy and "'unsafe-inline'" in policy
    assert "script-src 'unsafe" not in policy and answer.headers["cache-control"] == "no-store"
    assert re.findall(r"<script[^>]*>", answer.text) == ['<script src="/static/status.js" defer>']
    assert '<noscript><meta http-equiv="refresh"' in answer.text
    browser = TestClient(web_app(seen.library), base_url="http://localhost")
    script = browser.get("/static/status.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "EventSource" in script.text
    # Everywhere else no script runs.
    assert "script-src" not in browser.get("/").headers["content-security-policy"]


def test_moments_and_commands_are_said_for_people():
    at = tables.now()
    said = [ago(at - timedelta(seconds=s), at) for s in (5, 300, 7200, 200_000, -90)]
    assert said == ["5 s ago", "5 min ago", "2 h ago", "2 d ago", "in 2 min"]
    assert commands("run `a <b>` & c") == "run <code>a &lt;b&gt;</code> &amp; c"
