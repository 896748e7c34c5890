"""Moving posts and pausing channels."""

from __future__ import annotations

import pytest

from vidpipe.catalog.publishing_tables import PublishingPauseRow
from vidpipe.catalog.states import WrongState
from vidpipe.library.errors import Refused, UnknownPost
from vidpipe.library.publishing.schedule_views import UnknownPause
from vidpipe_tests.schedule.conftest import (
    BEGIN,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SIX,
    against,
    events,
    said,
)

# Moving


def test_a_post_is_moved_to_any_moment_and_onto_a_slot(planner):
    account = planner.account("talks")
    post = planner.post(account)
    moment = BEGIN + 2 * DAY + 7 * MINUTE
    assert planner.schedule.move(post, at=moment) == moment
    assert said(planner, post) == ("scheduled", moment, None)
    assert planner.schedule.move(post, slot="2026-03-02T11:00Z") == NOON + DAY
    assert said(planner, post) == ("scheduled", NOON + DAY, "2026-03-02T11:00Z")
    assert planner.schedule.move(post, at=SIX) == SIX
    assert planner.row(post).slot == "2026-03-01T17:00Z"
    assert planner.schedule.move(post) == NOON
    assert not planner.row(post).pinned
    assert len(events(planner, "post.scheduled")) == 4


def test_a_post_is_not_moved_onto_another(planner):
    account = planner.account("talks")
    planner.scheduled(account, NOON, slot="2026-03-01T11:00Z")
    post = planner.scheduled(account, SIX, slot="2026-03-01T17:00Z")
    assert against(planner, post, NOON) == ["taken"]
    assert against(planner, post, NOON, anyway=True) == ["taken"]
    assert said(planner, post) == ("scheduled", SIX, "2026-03-01T17:00Z")


def test_a_person_may_want_it_otherwise_than_the_rules(planner):
    account = planner.account("talks")
    planner.scheduled(account, NOON)
    post = planner.post(account)
    wanted = NOON + 10 * MINUTE
    assert against(planner, post, wanted) == ["spacing"]
    (conflict,) = planner.schedule.conflicts(post, wanted)
    assert not conflict.firm
    assert "120 minutes are to be between two" in conflict.words
    assert planner.row(post).state == "queued"
    assert planner.schedule.move(post, at=wanted, anyway=True) == wanted
    assert planner.row(post).pinned
    planner.wait(hours=3, minutes=10)
    assert planner.schedule.ask(planner.claim(post), planner.clock()) is None


def test_what_was_sent_is_not_moved_and_what_is_over_is_no_moment(planner):
    account = planner.account("talks")
    post = planner.scheduled(account, NOON)
    assert against(planner, post, BEGIN - HOUR, anyway=True) == ["past"]
    planner.change(post, state="posting")
    with pytest.raises(WrongState, match="is posting"):
        planner.schedule.move(post, at=SIX)
    with pytest.raises(UnknownPost):
        planner.schedule.move("post-none", at=SIX)
    with pytest.raises(UnknownPost):
        planner.schedule.conflicts("post-none", SIX)
    with pytest.raises(UnknownPost):
        planner.schedule.place("post-none")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"at": BEGIN.replace(tzinfo=None)}, "with a time zone"),
        ({"at": BEGIN + 800 * DAY}, "within two years"),
        ({"at": BEGIN, "slot": "2026-03-01T11:00Z"}, "one of them"),
        ({"slot": "noon"}, "is no name of a slot"),
    ],
)
def test_what_is_no_moment_is_refused(planner, asked, words):
    post = planner.post(planner.account("talks"))
    with pytest.raises(Refused, match=words):
        planner.schedule.move(post, **asked)


def test_moving_stops_a_worker_that_has_not_begun(planner):
    post = planner.scheduled(planner.account("talks"), BEGIN)
    row = planner.claim(post)
    planner.schedule.move(post, at=SIX)
    assert not planner.posts.leases.extend(row)
    assert planner.schedule.ask(row, planner.clock()).code == "lost"
    assert (planner.row(post).at, planner.row(post).due_at) == (SIX, SIX)


def test_what_waits_for_approval_keeps_its_moment(planner):
    post = planner.post(planner.account("talks"), state="waiting", due_at=BEGIN + HOUR)
    planner.schedule.move(post, slot="2026-03-01T11:00Z")
    assert said(planner, post) == ("waiting", NOON, "2026-03-01T11:00Z")
    # What it is due for is that somebody looks whether it was approved.
    assert planner.row(post).due_at == BEGIN + HOUR


# Pausing


def test_a_paused_channel_posts_nothing_and_goes_on_by_itself(planner):
    account = planner.account("talks")
    post, later = planner.scheduled(account, NOON), planner.post(account)
    found = planner.schedule.pause(
        "talks", reason=" launch ", until=NOON + 30 * MINUTE, by="user:ada"
    )
    assert (found.platform, found.reason, found.by) == (None, "launch", "user:ada")
    assert planner.schedule.place(later) == SIX
    planner.wait(hours=3)
    row = planner.claim(post)
    wait = planner.schedule.ask(row, planner.clock())
    assert (wait.at, wait.code) == (NOON + 30 * MINUTE, "paused")
    assert wait.words == "the channel is paused until 2026-03-01 12:30 (Europe/Berlin) (launch)"
    planner.posts.leases.settle(row, due_at=wait.at + 5 * HOUR)
    planner.wait(minutes=30)
    assert planner.schedule.pauses(["talks"]) == ()
    planner.schedule.tend()
    assert planner.row(post).due_at == planner.clock()
    assert planner.schedule.ask(planner.claim(post), planner.clock()) is None
    assert events(planner, "publishing.resumed") == [{"platform": None, "by": "schedule"}]


def test_one_platform_is_paused_until_somebody_resumes_it(planner):
    youtube, tiktok = planner.account("talks"), planner.account("talks", "tiktok")
    here, there = planner.scheduled(youtube, NOON), planner.scheduled(tiktok, NOON)
    queued = planner.post(youtube)
    planner.schedule.pause("talks", "youtube", by="user:ada")
    assert planner.schedule.place(queued) is None
    assert planner.row(queued).problem == "the channel is paused until somebody resumes it"
    planner.wait(hours=3)
    assert planner.schedule.ask(planner.claim(there), planner.clock()) is None
    row = planner.claim(here)
    wait = planner.schedule.ask(row, planner.clock())
    assert wait.at == planner.clock() + HOUR
    planner.posts.leases.settle(row, due_at=wait.at)
    # What was missed waits for the end of the pause.
    planner.wait(hours=4)
    planner.schedule.tend()
    assert planner.row(here).at == NOON
    planner.schedule.resume("talks", "youtube", by="user:ada")
    planner.schedule.tend()
    assert planner.row(here).at == SIX
    assert [event["platform"] for event in events(planner, "publishing.paused")] == ["youtube"]
    with pytest.raises(UnknownPause, match="youtube of the channel talks is not paused"):
        planner.schedule.resume("talks", "youtube", by="user:ada")


def test_a_pause_is_changed_by_pausing_again(planner):
    planner.schedule.pause("talks", reason="launch", by="user:ada")
    planner.schedule.pause("talks", until=NOON, by="user:ben")
    (found,) = planner.schedule.pauses(["talks", "news"])
    assert (found.by, found.until, found.reason) == ("user:ben", NOON, "")
    with pytest.raises(Refused, match="a moment to come"):
        planner.schedule.pause("talks", until=BEGIN, by="user:ada")
    with pytest.raises(Refused, match="400 characters"):
        planner.schedule.pause("talks", reason="x" * 401, by="user:ada")
    with planner.library.engine.catalog.session() as session:
        assert session.query(PublishingPauseRow).count() == 1
