"""The schedule over HTTP and from a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from vidpipe.api.app import api_app
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.cli import app
from vidpipe_tests.schedule.conftest import Clock, Planner, open_library

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
TOMORROW = (NOW + DAY).replace(hour=10, minute=7, second=0)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("asked") / "home"


@pytest.fixture(scope="module")
def planner(home):
    made = Planner(open_library(home, f"sqlite:///{home}/catalog.sqlite"), Clock(NOW))
    yield made
    made.library.engine.catalog.engine.dispose()


@pytest.fixture(scope="module")
def client(planner):
    with TestClient(api_app(planner.library), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def vidpipe(planner, home, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(home))

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["schedule", *words], env={"COLUMNS": "200"})
        assert done.exit_code == code, (done.output, done.exception)
        return " ".join(done.output.split())

    return run


def audited(planner, what):
    with planner.library.engine.catalog.session() as session:
        query = select(AuditRow.action).where(AuditRow.object.contains(what))
        return session.scalars(query.order_by(AuditRow.id)).all()


# Over HTTP


def test_a_calendar_is_asked_for(client, planner):
    account = planner.account("talks")
    post = planner.scheduled(account, TOMORROW)
    asked = {"from": NOW.isoformat(), "to": (NOW + 3 * DAY).isoformat(), "channel": "talks"}
    found = client.get("/calendar", params=asked).json()
    assert found["zone"] == "Europe/Berlin"
    assert [shown["post_id"] for shown in found["posts"]] == [post]
    assert {slot["account_id"] for slot in found["slots"]} == {account}
    assert found["slots"][0]["post_id"] is None
    # Today and the month after it, where nobody says which days.
    assert post in {shown["post_id"] for shown in client.get("/calendar").json()["posts"]}


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2026-01-01T00:00:00Z", "to": "2026-03-10T00:00:00Z"},
        {"from": "2026-01-01T00:00:00"},
        {"from": "9999-12-31T23:59:59Z"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_other_days_are_refused(client, asked):
    answer = client.get("/calendar", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_drag_onto_another_post_is_a_conflict_with_words(client, planner):
    account = planner.account("talks", "tiktok")
    planner.scheduled(account, TOMORROW)
    post = planner.scheduled(account, TOMORROW + DAY)
    wanted = (TOMORROW + timedelta(minutes=30)).isoformat()
    answer = client.patch(f"/social-posts/{post}", json={"at": wanted})
    assert (answer.status_code, answer.json()["code"]) == (409, "schedule_conflict")
    (conflict,) = answer.json()["details"]["conflicts"]
    assert (conflict["kind"], conflict["firm"]) == ("spacing", False)
    answer = client.patch(f"/social-posts/{post}", json={"at": wanted, "anyway": True})
    assert answer.status_code == 200, answer.text
    assert planner.row(post).pinned


def test_a_channel_is_paused_and_resumed(client, planner):
    where = "/channels/news/publishing-pause"
    body = {"platform": "youtube", "reason": "launch", "until": (NOW + DAY).isoformat()}
    made = client.put(where, json=body)
    assert made.status_code == 200, made.text
    assert (made.json()["by"], made.json()["platform"]) == ("local", "youtube")
    listed = client.get("/publishing-pauses", params={"channel": "news"}).json()["items"]
    assert [pause["reason"] for pause in listed] == ["launch"]
    assert client.delete(where).json()["code"] == "not_paused"
    assert client.delete(where, params={"platform": "youtube"}).status_code == 204
    assert client.get("/publishing-pauses").json()["items"] == []
    assert audited(planner, "news/publishing-pause") == ["publishing.pause", "publishing.resume"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"platform": "myspace"}, 422),
        ({"until": "2020-01-01T00:00:00Z"}, 422),
        ({"until": "9999-12-31T23:59:59Z"}, 422),
        ({"reason": "x" * 401}, 422),
    ],
)
def test_a_pause_that_cannot_be_is_refused(client, body, code):
    assert client.put("/channels/news/publishing-pause", json=body).status_code == code
    assert client.get("/publishing-pauses").json()["items"] == []


# From a terminal


def test_the_schedule_is_shown_in_the_time_zone_of_its_channel(vidpipe, planner):
    account = planner.account("talks", "linkedin")
    post = planner.scheduled(account, TOMORROW, title="One <b>[bold]</b>")
    shown = vidpipe("show", "--channel", "talks", "--days", "3")
    assert "when (Europe/Berlin)" in shown
    assert f"linkedin talks at linkedin {post} scheduled One <b>[bold]</b>" in shown
    assert "slots are free" in shown
    assert " free " in vidpipe("show", "--channel", "talks", "--days", "3", "--free")
    found = json.loads(vidpipe("show", "--channel", "talks", "--json"))
    assert post in {one["post_id"] for one in found["posts"]}
    empty = vidpipe("show", "--channel", "other", "--from", "2026-01-31", "--days", "1")
    assert empty == "No posts in these days."


def test_a_post_is_moved_from_a_terminal(vidpipe, planner):
    account = planner.account("talks", "x")
    post = planner.scheduled(account, TOMORROW)
    # Without a time zone that of the channel holds.
    wall = f"{TOMORROW:%Y-%m-%d}T21:34"
    assert f"goes out at {wall.replace('T', ' ')} (Europe/Berlin)" in vidpipe("move", post, wall)
    assert planner.row(post).at.astimezone(planner.schedule.rules("talks").zone).hour == 21
    assert "goes out at" in vidpipe("move", post, "next")
    assert "is over" in vidpipe("move", post, "2026-01-31T12:00Z", "--anyway", code=2)
    assert "is no moment" in vidpipe("move", post, "soon", code=2)
    assert audited(planner, post) == ["social_post.change", "social_post.change"]


def test_a_channel_is_paused_from_a_terminal(vidpipe, planner):
    until = f"{TOMORROW:%Y-%m-%d}T10:00"
    said = vidpipe("pause", "talks", "--platform", "x", "--until", until, "--reason", "launch")
    assert said == f"talks at x is paused until {until.replace('T', ' ')} (Europe/Berlin)"
    shown = vidpipe("show", "--channel", "talks")
    assert "talks at x is paused until" in shown and "(launch)" in shown
    assert vidpipe("resume", "talks", "--platform", "x") == "talks at x posts again"
    assert "is not paused" in vidpipe("resume", "talks", "--platform", "x", code=2)
    assert "there is no 'myspace'" in vidpipe("pause", "talks", "--platform", "myspace", code=2)
    assert "no channel 'gone'" in vidpipe("pause", "gone", code=2)


def test_queued_posts_get_slots_from_a_terminal(vidpipe, planner):
    post = planner.post(planner.account("open"))
    assert vidpipe("fill", "--channel", "open") == "open: 1 posts got a slot"
    assert planner.row(post).state == "scheduled"
    assert vidpipe("fill") == ""
