"""Slots for posts: who gets which, over both databases."""

from __future__ import annotations

from functools import partial

from vidpipe.catalog import schedules
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe_tests.schedule.conftest import (
    BEGIN,
    DAY,
    NOON,
    SIX,
    at_once,
    events,
    said,
)


def test_queued_posts_get_the_next_slots_the_best_first(planner):
    account = planner.account("talks")
    fair, best = planner.post(account, score=40.0), planner.post(account, score=90.0)
    assert planner.schedule.place(fair) == SIX
    assert said(planner, best) == ("scheduled", NOON, "2026-03-01T11:00Z")
    assert said(planner, fair) == ("scheduled", SIX, "2026-03-01T17:00Z")
    assert planner.row(best).due_at == NOON
    assert [event["at"] for event in events(planner, "post.scheduled")] == [
        "2026-03-01T11:00:00Z",
        "2026-03-01T17:00:00Z",
    ]
    assert planner.schedule.place_queued("talks") == 0


def test_a_fresh_recording_goes_before_a_better_old_one(planner):
    account = planner.account("talks")
    old = planner.video("talks", "old", created_at=BEGIN - 30 * DAY)
    planner.post(account, old, score=90.0)
    fresh = planner.post(account, score=40.0)
    assert planner.schedule.place(fresh) == NOON


def test_what_finds_no_slot_stays_queued_and_says_why(planner):
    account = planner.account("talks")
    # Two slots a day for three days.
    posts = [planner.post(account, score=90.0 - n) for n in range(8)]
    assert planner.schedule.place_queued("talks") == 6
    assert [planner.row(post).state for post in posts] == ["scheduled"] * 6 + ["queued"] * 2
    assert "no slot is free in the next 3 days" in planner.row(posts[-1]).problem
    before = planner.row(posts[-1]).updated_at
    planner.schedule.tend()
    assert planner.row(posts[-1]).updated_at == before
    for post in posts[:2]:
        planner.posted(post)
    planner.wait(days=1)
    planner.schedule.tend()
    assert planner.row(posts[-1]).slot == "2026-03-04T17:00Z"
    assert planner.row(posts[-1]).problem == ""


def test_of_a_long_queue_only_what_gets_a_slot_is_read_whole_and_written(planner, monkeypatch):
    account = planner.account("talks")
    videos = [planner.video("talks", f"recording {n}") for n in range(2)]
    posts = [planner.post(account, videos[n % 2], f"c{n}", score=90.0 - n / 10) for n in range(120)]
    taken, locked = [], schedules.queued

    def counted(*args):
        found = locked(*args)
        taken.extend(row.post_id for row in found)
        return found

    monkeypatch.setattr(schedules, "queued", counted)
    assert planner.schedule.place_queued("talks") == 6
    assert {planner.row(post).state for post in posts[:6]} == {"scheduled"}
    assert len(taken) == 25
    assert "no slot is free" in planner.row(posts[-1]).problem
    before = planner.row(posts[-1]).updated_at
    # With no slot free nothing of the queue is read in order, nor written a day later.
    monkeypatch.setattr(schedules, "queue", None)
    monkeypatch.setattr(schedules, "locked_account", None)
    assert (
        planner.schedule.place(planner.post(account, problem=planner.row(posts[-1]).problem))
        is None
    )
    taken.clear()
    planner.schedule.tend()
    assert taken == [] and planner.row(posts[-1]).updated_at == before
    monkeypatch.undo()
    for post in posts[:2]:
        planner.posted(post)
    planner.wait(days=1)
    assert planner.schedule.place_queued("talks") == 2
    assert planner.row(posts[-1]).updated_at == before


def test_what_is_first_of_a_queue_and_may_not_go_leaves_its_slot_to_the_next(planner, monkeypatch):
    account = planner.account("talks")
    posts = [planner.post(account, score=90.0 - n) for n in range(40)]
    doubles = set(posts[:30])
    monkeypatch.setattr(
        planner.schedule,
        "_duplicate",
        lambda session, account, video_id, clip_id, row: "no" if row.post_id in doubles else "",
    )
    assert planner.schedule.place_queued("talks") == 6
    assert {planner.row(post).state for post in posts[:30]} == {"held"}
    assert {planner.row(post).state for post in posts[30:36]} == {"scheduled"}
    assert planner.row(posts[36]).state == "queued"


def test_an_account_that_is_not_connected_gets_no_slots(planner):
    account = planner.account("talks", state="broken")
    post = planner.post(account)
    assert planner.schedule.place(post) is None
    assert "talks at youtube is not connected" in planner.row(post).problem


def test_what_somebody_works_on_is_left_alone_but_by_them(planner):
    account = planner.account("talks")
    post = planner.post(account, due_at=BEGIN)
    row = planner.claim(post)
    assert planner.schedule.place(post) is None
    assert planner.schedule.place(post, lease=row.lease) == NOON
    assert planner.posts.leases.settle(row, due_at=NOON)
    assert said(planner, post) == ("scheduled", NOON, "2026-03-01T11:00Z")


def test_what_waits_for_approval_gets_no_slot(planner):
    post = planner.post(planner.account("talks"), state="waiting")
    assert planner.schedule.place(post) is None
    assert planner.schedule.place_queued("talks") == 0


def test_of_two_that_place_at_the_same_moment_none_shares_a_slot(planner, other):
    accounts = [planner.account("talks"), planner.account("talks", "tiktok")]
    posts = [planner.post(account) for account in accounts for _ in range(6)]
    pairs = [(planner, posts[0]), (other, posts[1]), (planner, posts[6]), (other, posts[7])]
    at_once(*(partial(who.schedule.place, post) for who, post in pairs))
    planner.schedule.tend()
    rows = [planner.row(post) for post in posts]
    assert {row.state for row in rows} == {"scheduled"}
    assert len({(row.account_id, row.slot) for row in rows}) == 12


def test_a_slot_that_somebody_takes_without_the_lock_is_passed_over(planner, monkeypatch):
    account = planner.account("talks")
    post, rival = planner.post(account), planner.post(account, state="waiting", score=1.0)
    diary, taken = planner.schedule._diary, []

    def late(session, *args, **more):
        found = diary(session, *args, **more)
        if not taken and session.info:
            taken.append(1)
            # As a transaction would that committed right after this one looked.
            session.get_one(PostRow, rival).slot = "2026-03-01T11:00Z"
        return found

    monkeypatch.setattr(planner.schedule, "_diary", late)
    # The first try meets the rival's slot and is undone, with the rival's; the second is not.
    assert planner.schedule.place(post) == NOON
    assert taken == [1]
