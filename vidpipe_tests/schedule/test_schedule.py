"""Slots for posts, moving them, pauses, what was missed: over both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from vidpipe.catalog import schedules
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.publishing_tables import PostRow, PublishingPauseRow
from vidpipe.catalog.states import WrongState
from vidpipe.library import Library
from vidpipe.library.errors import Refused, UnknownPost
from vidpipe.library.publishing.schedule_views import ScheduleConflict, UnknownPause
from vidpipe.pipeline import Engine
from vidpipe_tests.schedule.conftest import BEGIN, Planner

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: The slots of `talks` after BEGIN: noon and six in Berlin.
NOON, SIX = BEGIN + 3 * HOUR, BEGIN + 9 * HOUR


def events(planner, kind):
    with planner.library.engine.catalog.session() as session:
        return [row.data for row in session.query(EventRow).filter(EventRow.type == kind)]


def said(planner, post_id):
    row = planner.row(post_id)
    return row.state, row.at, row.slot


def against(planner, post_id, at, **more):
    with pytest.raises(ScheduleConflict) as refused:
        planner.schedule.move(post_id, at=at, **more)
    return [conflict["kind"] for conflict in refused.value.details["conflicts"]]


# Placing


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


@pytest.fixture
def other(planner):
    """Another process over the same database, by the same clock."""
    made = Planner(Library(Engine(planner.library.engine.settings)), planner.clock)
    yield made
    made.library.engine.catalog.engine.dispose()


def at_once(*work):
    """Do all of this at the same moment; what each gave."""
    ready = threading.Barrier(len(work))

    def begin(one):
        ready.wait(30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


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


# The same in several places


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


# The calendar


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
