"""What is posted, or was sent in part, is left as it is when it cannot be worked on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.errors import Misconfigured
from vidpipe.library import PostChanges, Refused
from vidpipe.library.errors import NoExport, UnknownClip
from vidpipe.library.publishing.account_secrets import secret_of
from vidpipe.operations import retention
from vidpipe_fakes import Kind
from vidpipe_tests.posts.scene import START, shown
from vidpipe_tests.reviews.conftest import ADA, VIDEO


def broken(scene, monkeypatch, name="_next"):
    """Have what comes next for posts raise what nobody expects."""

    def raises(*_, **__):
        raise RuntimeError("a fault of the code")

    monkeypatch.setattr(scene.driver._steps, name, raises)


def claimed(scene, post_id, most=130):
    """Have a post claimed until it is not due any more; how often it was."""
    for number in range(most):
        due = scene.row(post_id).due_at
        if due is None:
            return number
        scene.clock.now = max(scene.clock.now, due)
        scene.work()
    return most


@pytest.mark.logs_errors
@pytest.mark.parametrize("asked", ["review", "update", "delete"])
def test_what_is_posted_stays_so_although_it_can_never_be_looked_at(open_posts, monkeypatch, asked):
    scene = open_posts("facebook")
    post = scene.make(scene.account("facebook"))
    scene.drive()
    broken(scene, monkeypatch)
    if asked == "update":
        scene.posts.change(post.post_id, PostChanges(text="Another text"))
    elif asked == "delete":
        scene.posts.delete(post.post_id)
    assert claimed(scene, post.post_id, 400) < 400
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("posted", "not_workable") and "log" in found.problem
    assert "retry" not in found.actions and scene.row(post.post_id).standing
    # What ails it is mended: it takes what is asked of it.
    monkeypatch.undo()
    scene.posts.delete(post.post_id)
    scene.work()
    assert scene.posts.get(post.post_id).state == "deleted" and not shown(scene.fakes["facebook"])


@pytest.mark.logs_errors
def test_a_post_whose_publishing_was_answered_is_never_taken_for_failed(open_posts, monkeypatch):
    scene = open_posts("x")
    post = scene.make(scene.account("x"))
    steps, real = scene.driver._steps, scene.driver._steps.after

    def after(*given):
        found = real(*given)
        if scene.progress(post.post_id).state.posted:
            broken(scene, monkeypatch)
        return found

    monkeypatch.setattr(steps, "after", after)
    claimed(scene, post.post_id)
    assert shown(scene.fakes["x"]) == 1
    assert scene.posts.get(post.post_id).state == "uncertain"


@pytest.mark.logs_errors
def test_what_failed_and_leaves_something_at_its_platform_stays_failed(open_posts, monkeypatch):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.fakes["youtube"].trouble("", Kind.REFUSED, skip=2, times=10_000)
    while scene.posts.get(post.post_id).state == "posting" or scene.calls == 0:
        scene.clock.now = max(scene.clock.now, scene.due())
        scene.work()
    before = scene.posts.get(post.post_id)
    broken(scene, monkeypatch)
    claimed(scene, post.post_id)
    assert scene.posts.get(post.post_id).state == before.state


def test_with_another_key_a_post_waits_and_says_so_and_a_person_decides(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.dies, scene.dies_at = "after", 2
    scene.work()
    other = open_posts(encryption_keys=[Fernet.generate_key().decode()])
    for _ in range(60):
        other.clock.now = max(other.clock.now, other.row(post.post_id).due_at)
        other.work()
    found = other.posts.get(post.post_id)
    assert (found.state, found.code) == ("posting", "misconfigured") and "key" in found.problem
    assert other.calls == 0 and found.waits_until > START
    # With the key it goes on where it was.
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted" and shown(scene.fakes["youtube"]) == 1


@pytest.mark.parametrize("there", [True, False])
def test_what_another_key_is_needed_for_is_cancelled_by_looking(open_posts, there):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.dies, scene.dies_at = "after", 2
    scene.work()
    other = open_posts(encryption_keys=[Fernet.generate_key().decode()])
    found = other.posts.cancel(post.post_id)
    assert (found.state, found.code) == ("uncertain", "misconfigured") and found.problem
    decided = other.posts.decide(post.post_id, posted=there)
    assert decided.state == ("posted" if there else "failed")
    assert other.row(post.post_id).due_at is None


# Accounts


def opened_video(scene, monkeypatch):
    """A video whose address to send it to is known, before anything was sent; its post."""
    post = scene.make(scene.account("tiktok"))
    with monkeypatch.context() as stops:
        stops.setattr("vidpipe.library.publishing.driver.stopping", lambda: scene.calls >= 2)
        scene.work()
    assert scene.posts.get(post.post_id).state == "posting" and scene.progress(post.post_id)
    return post


def test_nothing_is_sent_for_an_account_that_was_disconnected(open_posts, monkeypatch):
    scene = open_posts("tiktok")
    post = opened_video(scene, monkeypatch)
    calls = scene.calls
    with scene.library.engine.catalog.writing() as session:
        row = session.get_one(SocialAccountRow, "account-tiktok-1")
        row.state, row.secret, row.problem = "disconnected", None, "The account is disconnected."
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("held", "account_broken") and found.problem
    scene.posts.retry(post.post_id)
    scene.drive()
    assert scene.posts.get(post.post_id).state == "held"
    assert scene.calls == calls and shown(scene.fakes["tiktok"]) == 0


def test_nothing_is_sent_to_a_platform_while_posts_go_to_fakes(open_posts, monkeypatch):
    scene = open_posts("tiktok")
    post = opened_video(scene, monkeypatch)
    calls, tokens = scene.calls, scene.library.social_accounts.tokens
    catalog = scene.library.engine.catalog

    def of_fakes(dry):
        with catalog.writing() as session:
            row = session.get_one(SocialAccountRow, "account-tiktok-1")
            secret = secret_of(scene.posts._vault().open(row.secret))
            row.secret = tokens.seal(replace(secret, dry=dry))

    of_fakes(False)
    scene.clock.now = scene.row(post.post_id).due_at
    scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("posting", "account_elsewhere") and found.problem
    assert scene.calls == calls
    with catalog.session() as session:
        assert session.get_one(SocialAccountRow, "account-tiktok-1").state == "connected"
    of_fakes(True)
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted" and shown(scene.fakes["tiktok"]) == 1


# Files


def test_a_video_of_which_a_post_is_to_come_is_kept_and_not_retired(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"), at_once=False, at=START + timedelta(days=100))
    engine = scene.library.engine
    video = engine.catalog.video(VIDEO)
    assert VIDEO in retention._busy(engine)
    with pytest.raises(Misconfigured, match="to be posted"):
        retention.check_retirable(engine, video)
    scene.posts.cancel(post.post_id)
    assert VIDEO not in retention._busy(engine)
    retention.check_retirable(engine, video)


def test_people_are_told_once_of_a_post_whose_export_is_not_there_in_time(open_posts, monkeypatch):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"), at_once=False, at=START + timedelta(hours=1))

    def gone(*_):
        raise NoExport("the files of its export are gone: run the video")

    monkeypatch.setattr(scene.posts.builder, "export", gone)
    for _ in range(16):
        scene.clock.now = max(scene.clock.now, scene.row(post.post_id).due_at)
        scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("waiting", "no_export_in_time")
    query = select(NoticeRow.kind).where(NoticeRow.subject == post.post_id)
    with scene.library.engine.catalog.session() as session:
        assert list(session.scalars(query)) == ["post.held"]


def test_of_what_is_posted_nothing_is_missing_when_its_clip_is_gone(open_posts, monkeypatch):
    scene = open_posts("youtube")
    scene.approve()
    post = scene.make(scene.account("youtube"))
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted"

    def gone(*_):
        raise UnknownClip(post.video_id, post.clip_id)

    monkeypatch.setattr(scene.posts.builder, "export", gone)
    monkeypatch.setattr(scene.posts, "progress", lambda _: None)
    assert scene.posts.detail(post.post_id).refusals == ()


# Made public by the platform later


def scheduled_there(scene):
    """A post that YouTube is to make public in five days."""
    scene.approve()
    changes = PostChanges(publish_at=scene.clock.now + timedelta(days=5))
    post = scene.make(scene.account("youtube"), changes=changes)
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted" and scene.fakes["youtube"].videos
    return post


def test_what_nobody_approves_of_any_more_does_not_become_public_later(open_posts):
    scene = open_posts("youtube", rules="publish: ask")
    post = scheduled_there(scene)
    decision = scene.library.reviews.get(VIDEO, "c1").decision.decision_id
    scene.library.reviews.undo(VIDEO, "c1", decision, ADA)
    scene.work()
    assert not scene.fakes["youtube"].videos
    assert scene.posts.get(post.post_id).state == "waiting"


def test_what_is_still_approved_is_looked_at_before_and_after_it_is_public(open_posts):
    scene = open_posts("youtube", rules="publish: ask")
    post = scheduled_there(scene)
    opens = START + timedelta(days=5)
    assert opens - timedelta(hours=1) < scene.row(post.post_id).due_at < opens
    calls = scene.calls
    # A quarter of an hour before, and a minute.
    for _ in range(2):
        scene.clock.now = scene.row(post.post_id).due_at
        scene.work()
    assert scene.calls == calls and scene.row(post.post_id).due_at > opens


def test_what_is_to_become_public_later_may_be_cancelled(open_posts):
    scene = open_posts("youtube", rules="publish: ask")
    post = scheduled_there(scene)
    assert "cancel" in scene.posts.get(post.post_id).actions
    with pytest.raises(Refused, match="publish_at"):
        scene.posts.change(post.post_id, PostChanges(publish_at=None))
    scene.posts.cancel(post.post_id)
    scene.work()
    assert not scene.fakes["youtube"].videos
    assert scene.posts.get(post.post_id).state == "deleted"


def test_what_was_said_of_a_post_is_taken_back_by_null(open_posts):
    scene = open_posts("youtube")
    at = START + timedelta(days=1)
    changes = PostChanges(publish_at=START + timedelta(days=5), text="Words")
    post = scene.make(scene.account("youtube"), at_once=False, at=at, changes=changes)
    scene.posts.change(post.post_id, PostChanges(publish_at=None))
    assert scene.row(post.post_id).changes == {"text": "Words"}
