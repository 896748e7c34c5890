"""The same clip, or a part of it, at several channels."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe_tests.schedule.conftest import (
    BEGIN,
    DAY,
    HOUR,
    NOON,
    against,
)


def shared(planner, first="talks", second="news", span=(5.0, 40.0), platform="youtube"):
    """Two posts of the same recording: of seconds 0 to 30, and of a span."""
    posts = []
    for channel, clip_id, (begin, end) in ((first, "c1", (0.0, 30.0)), (second, "c2", span)):
        account = planner.account(channel, platform)
        video_id = planner.video(channel, "the same")
        planner.clip(video_id, clip_id, begin, end)
        posts.append(planner.post(account, video_id, clip_id))
        planner.wait(seconds=1)
    return posts


def test_what_another_channel_posts_is_refused_with_words(planner):
    one, other = shared(planner)
    row = planner.row(other)
    words = planner.schedule.duplicate(row.account_id, row.video_id, row.clip_id)
    assert "the channel talks posts 25 s of it to youtube" in words
    assert planner.schedule.place(other) is None
    assert (planner.row(other).state, planner.row(other).code) == ("held", "duplicate")
    assert "set publishing.duplicates to allow" in planner.row(other).problem
    assert planner.schedule.place(one) == NOON
    assert planner.row(one).state == "scheduled"


def test_of_two_that_were_made_at_once_the_one_that_is_out_stays(planner):
    one, other = shared(planner)
    planner.posted(other)
    assert planner.schedule.place(one) is None
    assert planner.row(one).state == "held"


def test_one_that_has_its_moment_already_is_held_when_it_is_due(planner):
    one, other = shared(planner)
    for post in (one, other):
        planner.change(post, state="scheduled", at=BEGIN + HOUR, due_at=BEGIN + HOUR)
    planner.wait(hours=1, minutes=2)
    row = planner.claim(other)
    wait = planner.schedule.ask(row, planner.clock())
    assert wait.code == "duplicate"
    planner.posts.leases.settle(row, due_at=wait.at)
    planner.schedule.tend()
    row = planner.row(other)
    assert (row.state, row.code, row.due_at) == ("held", "duplicate", None)
    with planner.library.engine.catalog.session() as session:
        told = session.scalars(select(NoticeRow.kind).where(NoticeRow.subject == row.post_id))
        assert list(told) == ["post.held"]
    assert planner.schedule.ask(planner.claim(one), planner.clock()) is None


def test_it_cannot_be_moved_there_either(planner):
    _, other = shared(planner)
    assert against(planner, other, BEGIN + 2 * DAY, anyway=True) == ["duplicate"]


@pytest.mark.parametrize(
    "apart",
    [
        {"span": (30.5, 60.0)},
        {"second": "other"},
        {"second": "open", "first": "default"},
        {"platform": "webhook"},
    ],
    ids=["another span", "another organisation", "a channel that allows it", "a webhook"],
)
def test_what_is_no_duplicate_goes(planner, apart):
    for post in shared(planner, **apart):
        assert planner.schedule.place(post) is not None


def test_the_same_clip_at_another_platform_is_no_duplicate(planner):
    one, _ = shared(planner)
    row = planner.row(one)
    tiktok = planner.account("talks", "tiktok")
    assert planner.schedule.duplicate(tiktok, row.video_id, row.clip_id) == ""
