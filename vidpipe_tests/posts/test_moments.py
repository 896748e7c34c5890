"""Posts that are made for a moment: what speaks against it is said before, and may be wanted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from vidpipe.api.app import api_app
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.states import WrongState
from vidpipe.channels.publishing import PublishingRules
from vidpipe.cli import app
from vidpipe.library import AlreadyPosted
from vidpipe.library.publishing.schedule_views import ScheduleConflict
from vidpipe_tests.posts.scene import START
from vidpipe_tests.reviews.conftest import KEY, VIDEO

HOUR = timedelta(hours=1)


def test_of_several_that_are_made_for_one_moment_at_once_one_is(open_posts, database_url):
    scenes = [open_posts("x", database_url=database_url)]
    scenes += [open_posts(database_url=database_url) for _ in range(3)]
    account, ready, made, refused = scenes[0].account("x"), threading.Barrier(4), [], []

    def make(number):
        ready.wait(30)
        try:
            clip = ("c1", "c2")[number % 2]
            at = START + HOUR
            made.append(scenes[number].make(account, clip, at_once=False, at=at).post_id)
        except (ScheduleConflict, AlreadyPosted) as error:
            refused.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 1 and len(refused) == 3


def test_a_moment_that_another_post_has_is_refused(open_posts, monkeypatch):
    scene = open_posts("x")
    account = scene.account("x")
    scene.make(account, at_once=False, at=START + HOUR)
    for anyway in (False, True):
        with pytest.raises(ScheduleConflict) as refused:
            scene.make(account, "c2", at_once=False, at=START + HOUR, anyway=anyway)
        assert [(c.kind, c.firm) for c in refused.value.conflicts] == [("taken", True)]
    rules = PublishingRules(spacing_minutes=120)
    monkeypatch.setattr(scene.posts.schedule, "rules", lambda _: rules)
    near = {"at_once": False, "at": START + HOUR + timedelta(minutes=5)}
    with pytest.raises(ScheduleConflict, match="120 minutes"):
        scene.make(account, "c2", **near)
    made = scene.make(account, "c2", **near, anyway=True)
    # It goes out then: whoever asks again before it leaves knows that somebody wanted it.
    assert scene.row(made.post_id).pinned and made.at == near["at"]


def test_a_moment_is_asked_for_over_the_api_and_from_a_terminal(
    open_posts, stocked, monkeypatch, tmp_path
):
    scene = open_posts("x")
    account = scene.account("x")
    scene.library.schedule.pause("default", by="user:ada")
    at = (datetime.now(UTC) + 24 * HOUR).isoformat()
    body = {"video_id": VIDEO, "clip": "1", "account_id": account, "at": at}
    with TestClient(api_app(scene.library), base_url="http://127.0.0.1") as client:
        refused = client.post("/social-posts", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "schedule_conflict")
        (conflict,) = refused.json()["details"]["conflicts"]
        assert (conflict["kind"], conflict["firm"]) == ("paused", False)
        made = client.post("/social-posts", json={**body, "anyway": True})
        assert made.status_code == 201, made.text
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    for name, value in stocked.database.items():
        monkeypatch.setenv(f"VIDPIPE_{name.upper()}", value)
    monkeypatch.setenv("VIDPIPE_ENCRYPTION_KEYS", f'["{KEY}"]')
    at = (datetime.now(UTC) + 48 * HOUR).isoformat()
    words = ["posts", "make", VIDEO, "2", account, "--at", at]
    assert "paused" in CliRunner().invoke(app, words).output
    done = CliRunner().invoke(app, [*words, "--anyway"])
    assert done.exit_code == 0 and "scheduled" in done.output, done.output


def test_what_is_tried_again_shows_no_address_of_what_was_removed(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    with scene.library.engine.catalog.writing() as session:
        row = session.get_one(PostRow, post.post_id)
        row.state, row.standing, row.due_at = "cancelled", False, None
        row.url, row.posted_at = "https://www.youtube.com/watch?v=gone", START
    with pytest.raises(WrongState, match="cannot be sent now: it is cancelled"):
        scene.posts.post_now(post.post_id)
    again = scene.posts.retry(post.post_id)
    assert (again.state, again.url, again.posted_at) == ("queued", "", None)
