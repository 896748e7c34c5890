"""Whether a post may go out, and what becomes of one that was missed."""

from __future__ import annotations

from functools import partial

from vidpipe_tests.schedule.conftest import (
    BEGIN,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SIX,
    at_once,
    events,
    said,
)

# Whether a post may go out


def test_a_post_goes_at_its_moment_and_is_then_begun(planner):
    post = planner.scheduled(planner.account("talks"), NOON)
    assert planner.schedule.may_post_now(planner.row(post), BEGIN) == NOON
    planner.wait(hours=3)
    row = planner.claim(post)
    assert planner.schedule.may_post_now(row, planner.clock()) is None
    assert planner.row(post).state == "posting"
    # Whoever takes it over goes on.
    assert planner.schedule.ask(row, planner.clock()) is None


def test_who_has_lost_a_post_may_not_send_it(planner):
    post = planner.scheduled(planner.account("talks"), BEGIN)
    row = planner.claim(post)
    planner.change(post, lease="another")
    wait = planner.schedule.ask(row, planner.clock())
    assert (wait.code, planner.row(post).state) == ("lost", "scheduled")


def test_two_that_ask_at_once_do_not_both_go(planner):
    account = planner.account("talks")
    one, other = planner.scheduled(account, BEGIN), planner.scheduled(account, BEGIN + MINUTE)
    planner.wait(minutes=2)
    first, second = planner.claim(one), planner.claim(other)
    assert planner.schedule.ask(first, planner.clock()) is None
    wait = planner.schedule.ask(second, planner.clock())
    assert (wait.code, wait.at) == ("spacing", planner.clock() + MINUTE)
    planner.posted(one)
    wait = planner.schedule.ask(second, planner.clock())
    assert (wait.code, wait.at) == ("spacing", planner.clock() + 2 * HOUR)
    assert "not before 2026-03-01 11:02 (Europe/Berlin)" in wait.words


def test_of_many_that_ask_at_the_same_moment_as_many_go_as_may(planner, other):
    account = planner.account("burst")
    posts = [planner.scheduled(account, BEGIN) for _ in range(6)]
    claimed = [
        (who, who.claim(post)) for post, who in zip(posts, [planner, other] * 3, strict=True)
    ]
    found = at_once(*(partial(who.schedule.ask, row, BEGIN) for who, row in claimed))
    assert [wait.code for wait in found if wait is not None] == ["per_day"] * 4
    assert sum(planner.row(post).state == "posting" for post in posts) == 2


def test_no_more_go_on_a_day_than_may(planner):
    account = planner.account("talks")
    for hour in (1, 3, 5):
        post = planner.scheduled(account, BEGIN + hour * HOUR)
        planner.change(post, state="posted", posted_at=BEGIN + hour * HOUR, due_at=None)
    fourth = planner.scheduled(account, BEGIN + 8 * HOUR)
    planner.wait(hours=8)
    wait = planner.schedule.ask(planner.claim(fourth), planner.clock())
    # The day of the channel ends at 23:00 in UTC.
    assert (wait.code, wait.at) == ("per_day", BEGIN + 15 * HOUR)
    planner.change(fourth, pinned=True)
    assert planner.schedule.ask(planner.row(fourth), planner.clock()) is None


def test_what_waits_for_its_platform_is_in_nobodys_way(planner):
    account = planner.account("talks")
    stuck = planner.scheduled(account, BEGIN)
    planner.change(stuck, state="posting", waits_until=BEGIN + DAY)
    post = planner.scheduled(account, BEGIN + MINUTE)
    planner.wait(minutes=1)
    assert planner.schedule.ask(planner.claim(post), planner.clock()) is None


def test_what_its_platform_takes_long_over_is_in_nobodys_way(planner):
    account = planner.account("talks")
    stuck = planner.scheduled(account, BEGIN)
    planner.change(stuck, state="posting")
    post = planner.scheduled(account, BEGIN + HOUR)
    planner.wait(hours=1)
    assert planner.schedule.ask(planner.row(post), planner.clock()).code == "spacing"
    planner.wait(minutes=1)
    assert planner.schedule.ask(planner.row(post), planner.clock()) is None


# What was missed


def test_what_was_missed_gets_the_next_slot(planner):
    account = planner.account("talks")
    missed, queued = planner.scheduled(account, NOON), planner.post(account, score=99.0)
    planner.wait(days=1)
    wait = planner.schedule.ask(planner.claim(missed), planner.clock())
    assert wait.code == "missed"
    planner.change(missed, lease=None)
    planner.schedule.tend()
    assert said(planner, missed) == ("scheduled", NOON + DAY, "2026-03-02T11:00Z")
    assert said(planner, queued) == ("scheduled", SIX + DAY, "2026-03-02T17:00Z")


def test_what_was_missed_goes_at_once_as_far_as_it_may(planner):
    account = planner.account("news")
    missed = [planner.scheduled(account, BEGIN + hour * HOUR) for hour in (1, 2, 3)]
    planner.post(account)
    planner.wait(days=1, hours=3, minutes=30)
    planner.schedule.tend()
    now = planner.clock()
    # An hour apart, and around the slot at noon that is not theirs.
    assert [planner.row(post).at for post in missed] == [now, now + HOUR, now + 2 * HOUR]
    assert {planner.row(post).slot for post in missed} == {None}
    (queued,) = events(planner, "post.scheduled")[-1:]
    assert queued["at"] > "2026-03-03"


def test_what_was_missed_is_skipped(planner):
    account = planner.account("open")
    missed = planner.scheduled(account, BEGIN + HOUR, slot="2026-03-01T09:00Z")
    planner.wait(hours=3)
    planner.schedule.tend()
    row = planner.row(missed)
    assert (row.state, row.code, row.due_at) == ("cancelled", "missed", None)
    assert (row.standing, row.slot) == (False, None)
    assert row.problem == "2026-03-01 09:00 (UTC) was missed: the channel skips what is missed"


def test_what_is_a_little_late_was_not_missed(planner):
    post = planner.scheduled(planner.account("news"), BEGIN)
    planner.wait(minutes=29)
    planner.schedule.tend()
    assert planner.row(post).at == BEGIN
    assert planner.schedule.ask(planner.claim(post), planner.clock()) is None


def test_what_finds_no_slot_any_more_waits_with_the_others(planner):
    account = planner.account("talks")
    missed = planner.scheduled(account, BEGIN, pinned=True)
    planner.wait(hours=2)
    planner.schedule.pause("talks", until=BEGIN + 30 * DAY, by="user:ada")
    planner.schedule.tend()
    assert planner.row(missed).at == BEGIN
    planner.schedule.resume("talks", by="user:ada")
    for day in range(3):
        for moment in (NOON, SIX):
            planner.scheduled(account, moment + day * DAY)
    planner.schedule.tend()
    row = planner.row(missed)
    assert (row.state, row.at, row.due_at, row.pinned) == ("queued", None, None, False)
    # Its place among those that wait is looked at again in the same turn.
    assert "no slot is free" in row.problem
