"""Posts driven to their end, whatever happens on the way: each is posted once, or says why not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vidpipe.errors import Unavailable
from vidpipe_fakes import Kind
from vidpipe_tests.posts.scene import PLATFORMS, START, shown


def told(scene, post_id) -> bool:
    """Whether a post is there once, or says why it is not."""
    found = scene.posts.get(post_id)
    if found.state == "posted":
        return True
    return bool(found.problem and found.code) and found.state in ("failed", "held", "uncertain")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_whoever_dies_at_any_request_is_followed_and_it_is_posted_once(
    open_posts, stocked, platform
):
    scene = open_posts(platform)
    account = scene.account(platform)
    post = scene.make(account)
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted" and shown(scene.fakes[platform]) == 1
    requests = scene.calls
    # What died before a request is as what died after the one before, but for what was saved.
    cases = [(0, "before"), (requests - 1, "before"), *((n, "after") for n in range(requests))]
    for number, dies in stocked.some(cases):
        scene.forget(post.post_id)
        fake = scene.anew(platform)
        scene.calls, scene.dies, scene.dies_at, scene.deaths = 0, dies, number, 0
        post = scene.make(account)
        scene.drive()
        found = scene.posts.get(post.post_id)
        assert scene.deaths == 1
        assert found.state == "posted", (number, dies, found.code, found.problem)
        assert shown(fake) == 1, (number, dies)


#: What goes wrong with a request, once: the post is there once all the same.
PASSING = [Kind.LOST, Kind.BROKEN_AFTER, Kind.RATE, Kind.RATE_NAMED]
#: For ever.
LASTING = [Kind.REFUSED, Kind.LOST, Kind.RATE, Kind.QUOTA, Kind.EXPIRED]


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("platform", ["youtube", "tiktok", "facebook", "webhook"])
def test_what_passes_is_waited_for_and_it_is_posted_once(open_posts, platform, kind):
    scene = open_posts(platform)
    fake = scene.fakes[platform]
    fake.trouble("", kind, skip=1 if platform != "webhook" else 0)
    post = scene.make(scene.account(platform))
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert found.state == "posted", (found.code, found.problem)
    assert shown(fake) == 1


@pytest.mark.parametrize("begun", [False, True], ids=["new", "begun"])
def test_a_token_that_cannot_be_had_is_not_waited_for_for_ever(open_posts, monkeypatch, begun):
    scene = open_posts("x")
    post = scene.make(scene.account("x"))
    if begun:
        # It has its upload, and dies.
        scene.dies, scene.dies_at = "after", 1
        scene.work()

    def away(account_id, **_):
        raise Unavailable("X gives no tokens for the moment", retry_after_s=60)

    monkeypatch.setattr(scene.posts.accounts, "token", away)
    scene.clock.now = scene.due() or scene.clock.now
    scene.work()
    waits = scene.posts.get(post.post_id)
    assert (waits.code, waits.state) == ("unavailable", "posting")
    assert waits.waits_until is not None and "no tokens" in waits.problem
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert found.state == "failed" and "post it again" in found.problem
    assert scene.clock.now - START < timedelta(days=8) and shown(scene.fakes["x"]) == 0


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("platform", ["youtube", "x", "webhook"])
def test_what_fails_for_ever_ends_and_says_why(open_posts, platform, kind):
    scene = open_posts(platform)
    fake = scene.fakes[platform]
    fake.trouble("", kind, times=10_000)
    post = scene.make(scene.account(platform))
    scene.drive()
    assert told(scene, post.post_id), scene.states()
    assert shown(fake) <= 1 and scene.clock.now - START < timedelta(days=8)
