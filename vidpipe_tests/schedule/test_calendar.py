"""The calendar of posts: posts, free slots, pauses."""

from __future__ import annotations

import pytest

from vidpipe.library.errors import Refused
from vidpipe_tests.schedule.conftest import (
    BEGIN,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SIX,
)


def test_a_calendar_has_posts_free_slots_and_pauses(planner):
    account = planner.account("talks")
    planner.account("talks", "tiktok", state="broken")
    post = planner.post(account)
    planner.schedule.place(post)
    gone = planner.scheduled(account, BEGIN + 5 * HOUR)
    planner.change(gone, state="cancelled", standing=False)
    planner.schedule.pause("talks", until=NOON + DAY + MINUTE, by="user:ada")
    found = planner.schedule.calendar(["talks"], BEGIN, BEGIN + 2 * DAY)
    assert found.zone == "Europe/Berlin"
    (shown,) = found.posts
    assert (shown.post_id, shown.at, shown.slot) == (post, NOON, "2026-03-01T11:00Z")
    assert (shown.account_name, shown.state, shown.rank) == ("talks at youtube", "scheduled", None)
    assert [slot.at for slot in found.slots] == [SIX + DAY]
    assert found.slots[0].account_id == account
    assert [pause.until for pause in found.pauses] == [NOON + DAY + MINUTE]
    assert not found.more


def test_a_calendar_of_several_zones_is_in_utc(planner):
    planner.account("talks")
    found = planner.schedule.calendar(["talks", "news"], BEGIN, BEGIN + DAY)
    assert found.zone == "UTC"
    assert [slot.slot for slot in found.slots] == ["2026-03-01T11:00Z", "2026-03-01T17:00Z"]
    assert planner.schedule.calendar([], BEGIN, BEGIN + DAY).posts == ()


def test_every_free_slot_takes_a_post(planner):
    account = planner.account("talks")
    planner.scheduled(account, NOON + HOUR)
    post = planner.post(account)
    found = planner.schedule.calendar(["talks"], BEGIN, BEGIN + 4 * DAY)
    assert len(found.slots) == 7
    for slot in found.slots:
        assert planner.schedule.move(post, slot=slot.slot) == slot.at


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (BEGIN, BEGIN),
        (BEGIN, BEGIN + 63 * DAY),
        (BEGIN.replace(tzinfo=None), BEGIN),
        (BEGIN.replace(year=1, month=1), BEGIN.replace(year=1, month=2)),
    ],
)
def test_a_calendar_of_other_days_is_refused(planner, first, last):
    with pytest.raises(Refused):
        planner.schedule.calendar(["talks"], first, last)


def test_posts_say_what_the_channel_says(planner):
    assert planner.schedule.defaults("talks", "youtube") == {}
    assert planner.schedule.defaults("gone", "youtube") == {}
