"""Posts over HTTP and from a terminal: what is answered, and what is written down."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from vidpipe.accounts.model import Grant, Role
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.cli import app
from vidpipe.library import PostChanges
from vidpipe_tests.api.guarded import guarded
from vidpipe_tests.reviews.conftest import KEY, VIDEO


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("posts_api")) as made:
        made.user("ada@example.org", Grant("acme", Role.EDITOR))
        yield made


def test_a_clip_is_posted_over_the_api_once(service):
    headers, at = service.login("ada@example.org"), service.objects("news")
    body = {"video_id": at["video_id"], "clip": "1", "account_id": at["account_id"]}
    keyed = {**headers, "Idempotency-Key": "one"}
    made = service.client.post("/social-posts", json=body, headers=keyed)
    assert made.status_code == 201, made.text
    post = made.json()
    assert made.headers["Location"] == f"/api/v1/social-posts/{post['post_id']}"
    again = service.client.post("/social-posts", json=body, headers=keyed)
    assert (again.status_code, again.json()["post_id"]) == (201, post["post_id"])
    second = service.client.post("/social-posts", json=body, headers=headers)
    assert (second.status_code, second.json()["code"]) == (409, "already_posted")
    where = f"/social-posts/{post['post_id']}"
    said = service.client.get(where, headers=headers).json()
    # There is a row of its export, and no file: that is said.
    assert said["refusals"][0]["field"] == "video" and said["requests"] == []
    changed = service.client.patch(where, json={"changes": {"title": "New"}}, headers=headers)
    assert changed.json()["title"] == "New"
    listed = service.client.get(f"/social-posts?video_id={at['video_id']}", headers=headers).json()
    assert post["post_id"] in [item["post_id"] for item in listed["items"]]
    assert service.client.patch(where, json={}, headers=headers).status_code == 422
    cancelled = service.client.post(f"{where}/cancel", headers=headers)
    assert cancelled.json()["state"] == "cancelled"
    late = service.client.post(f"{where}/now", headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    assert service.client.delete(where, headers=headers).status_code == 403
    with service.library.engine.catalog.session() as session:
        query = select(AuditRow.action).where(AuditRow.object.contains(post["post_id"]))
        found = set(session.scalars(query))
    assert {"social_post.create", "social_post.change", "social_post.cancel"} <= found


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "a\x00b"},
        {"title": "a\nb"},
        {"text": "a\x1bb"},
        {"tags": ["a\x00"]},
        {"tags": ["a" * 501]},
        {"playlists": ["p" * 201]},
    ],
    ids=["nul", "line", "escape", "tag", "long_tag", "long_playlist"],
)
def test_what_no_text_is_is_refused_and_says_where(service, changes):
    headers, at = service.login("ada@example.org"), service.objects("news")
    where = f"/social-posts/{at['post_id']}"
    said = service.client.patch(where, json={"changes": changes}, headers=headers)
    assert said.status_code == 422 and next(iter(changes)) in said.text
    fine = {"text": "two\nlines\tof text"}
    service.library.posts.detail(at["post_id"])
    assert PostChanges(**fine).text == fine["text"]


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_no_calendar_has_is_refused(service, name, at):
    headers = service.login("ada@example.org")
    said = service.client.get("/social-posts", params={name: at}, headers=headers)
    assert said.status_code == 422 and "between 1971 and 9000" in said.text


def vidpipe(*words, code=0):
    done = CliRunner().invoke(app, ["posts", *words], env={"COLUMNS": "250"})
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_a_clip_is_posted_from_a_terminal(open_posts, stocked, monkeypatch, tmp_path):
    scene = open_posts("x")
    account = scene.account("x")
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    for name, value in stocked.database.items():
        monkeypatch.setenv(f"VIDPIPE_{name.upper()}", value)
    monkeypatch.setenv("VIDPIPE_ENCRYPTION_KEYS", f'["{KEY}"]')
    monkeypatch.setenv("VIDPIPE_PUBLISHING__DRY", "fakes")
    assert "no posts" in vidpipe("list")
    made = vidpipe("make", VIDEO, "1", account, "--title", "Mine")
    post_id = next(word for word in made.split() if word.startswith("post-"))
    assert "scheduled" in made and " UTC" in made
    assert post_id in vidpipe("list", "--state", "scheduled")
    shown = vidpipe("show", post_id)
    assert "title: Mine" in shown and "file: x" in shown
    vidpipe("change", post_id, "--privacy", "nobody", code=2)
    vidpipe("move", post_id, "--at", "yesterday", code=2)
    assert "there is no 'myspace'" in vidpipe("list", "--platform", "myspace", code=2)
    for words in (("list",), ("send", post_id)):
        done = CliRunner().invoke(app, ["posts", *words])
        assert done.stderr.count("dry run") == 1 and "dry run" not in done.stdout
    vidpipe("decide", post_id, "--posted", code=2)
    assert "cancelled" in vidpipe("cancel", post_id)
    vidpipe("show", "post-of-nobody", code=2)
