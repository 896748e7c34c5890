"""What a platform is to show at a time: a pause and quiet days hold there, too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.library import PostChanges, Reason
from vidpipe.library.publishing.schedule_views import ScheduleConflict
from vidpipe.library.publishing.steps import PostSteps
from vidpipe_fakes import Kind
from vidpipe_tests.posts.scene import START, Died, shown
from vidpipe_tests.reviews.conftest import ADA, VIDEO

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OPENS = START + 5 * DAY


def publish(rules, **more):
    """Channels with these rules of publishing."""
    return {"publishing_rules": f"spacing_minutes: 0, per_day: 100, {rules}", **more}


def told(scene, *clips, platform="youtube", opens=OPENS):
    """Posts that a platform is to show at a time."""
    scene.account(platform)
    posts = []
    for number, clip in enumerate(clips or ("c1",)):
        changes = PostChanges(publish_at=opens + number * HOUR)
        posts.append(scene.make(f"account-{platform}-1", clip, changes=changes).post_id)
    scene.drive()
    for post in posts:
        assert scene.posts.get(post).state == "posted", scene.states()
    return posts


def until(scene, moment, most=60):
    """Whatever comes up before a moment; then it is that moment."""
    for _ in range(most):
        with scene.library.engine.catalog.session() as session:
            due = session.scalars(
                select(PostRow.due_at).where(PostRow.due_at.is_not(None)).order_by(PostRow.due_at)
            ).first()
        if due is None or due > moment:
            break
        scene.clock.now = max(scene.clock.now, due)
        scene.work()
    else:
        raise AssertionError(scene.states())
    scene.clock.now = max(scene.clock.now, moment)


def videos(scene):
    """Of each video at the fake: whether it is public, and when it is to be."""
    return [
        (v.status["privacyStatus"], v.status.get("publishAt"))
        for v in scene.fakes["youtube"].videos.values()
    ]


def at(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_pause_takes_its_time_from_what_youtube_has_and_gives_it_back(open_posts):
    scene = open_posts("youtube")
    (post,) = told(scene)
    assert videos(scene) == [("private", at(OPENS))]
    scene.posts.schedule.pause("default", by="user:ada", reason="holidays")
    until(scene, START + HOUR)
    assert videos(scene) == [("private", None)]
    found = scene.posts.get(post)
    assert (found.state, found.code) == ("posted", "paused") and "holidays" in found.problem
    assert "cancel" in found.actions
    # It was resumed before its time: it has it again, and nothing was sent twice.
    scene.posts.schedule.resume("default", by="user:ada")
    until(scene, START + 2 * HOUR)
    assert videos(scene) == [("private", at(OPENS))]
    found = scene.posts.get(post)
    assert (found.code, found.problem) == ("", "")
    until(scene, OPENS + HOUR)
    assert scene.row(post).due_at is not None and len(scene.fakes["youtube"].videos) == 1


@pytest.mark.parametrize("rule", ["now", "next_slot", "skip"])
def test_what_was_to_be_shown_during_a_pause_goes_by_the_rule_for_what_was_missed(open_posts, rule):
    scene = open_posts("youtube", **publish(f"missed: {rule}"))
    first, second = told(scene, "c1", "c2")
    scene.posts.schedule.pause("default", by="user:ada", until=OPENS + 2 * DAY)
    until(scene, OPENS + DAY)
    assert videos(scene) == [("private", None)] * 2
    until(scene, OPENS + 2 * DAY)
    scene.posts.schedule.tend()
    until(scene, OPENS + 2 * DAY + HOUR)
    found = [scene.posts.get(one) for one in (first, second)]
    if rule == "now":
        assert videos(scene) == [("public", None)] * 2
    elif rule == "next_slot":
        times = sorted(when for _, when in videos(scene))
        assert len(set(times)) == 2 and times[0] > at(OPENS + 2 * DAY)
        assert sorted(at(scene.row(one).opens_at) for one in (first, second)) == times
    else:
        assert videos(scene) == []
        assert [(one.state, one.code) for one in found] == [("deleted", "missed")] * 2
    assert len({one.state for one in found}) == 1


def test_a_pause_that_ends_before_its_time_changes_nothing(open_posts):
    scene = open_posts("youtube")
    told(scene)
    scene.posts.schedule.pause("default", by="user:ada", until=OPENS - DAY)
    until(scene, OPENS - DAY)
    assert videos(scene) == [("private", at(OPENS))]
    ops = [asked.op for asked in scene.fakes["youtube"].log]
    assert ops.count("publish") == 1


@pytest.mark.parametrize("rule", ["now", "next_slot", "skip"])
def test_what_is_uploaded_late_was_not_missed_before_its_platform_shows_it(open_posts, rule):
    scene = open_posts("youtube", **publish(f"missed: {rule}"))
    scene.account("youtube")
    scene.posts.schedule.pause("default", by="user:ada", until=START + DAY)
    changes = PostChanges(publish_at=OPENS)
    post = scene.make("account-youtube-1", changes=changes).post_id
    until(scene, START + DAY)
    scene.posts.schedule.tend()
    until(scene, START + DAY + HOUR)
    assert (scene.posts.get(post).state, scene.row(post).at) == ("posted", START)
    assert videos(scene) == [("private", at(OPENS))]


def test_what_is_uploaded_after_its_platform_was_to_show_it_was_missed(open_posts):
    scene = open_posts("youtube", **publish("missed: skip"))
    scene.account("youtube")
    post = scene.make("account-youtube-1", changes=PostChanges(publish_at=OPENS)).post_id
    scene.posts.schedule.pause("default", by="user:ada", until=OPENS + DAY)
    scene.clock.now = OPENS + DAY
    scene.posts.schedule.tend()
    until(scene, OPENS + DAY + HOUR)
    found = scene.posts.get(post)
    assert (found.state, found.code, videos(scene)) == ("cancelled", "missed", [])


def test_a_pause_of_another_platform_changes_nothing(open_posts):
    scene = open_posts("youtube")
    told(scene)
    scene.posts.schedule.pause("default", "tiktok", by="user:ada")
    until(scene, START + HOUR)
    assert videos(scene) == [("private", at(OPENS))]


def test_what_is_paused_while_it_is_sent_gets_no_time(open_posts, monkeypatch):
    scene = open_posts("youtube")
    scene.account("youtube")
    post = scene.make("account-youtube-1", changes=PostChanges(publish_at=OPENS)).post_id
    with monkeypatch.context() as stops:
        stops.setattr("vidpipe.library.publishing.driver.stopping", lambda: scene.calls >= 2)
        scene.work()
    assert scene.posts.get(post).state == "posting"
    scene.posts.schedule.pause("default", by="user:ada")
    until(scene, START + DAY)
    assert videos(scene) == [("private", None)] and scene.posts.get(post).code == "paused"
    scene.posts.schedule.resume("default", by="user:ada")
    until(scene, START + DAY + HOUR)
    assert videos(scene) == [("private", at(OPENS))]


def test_a_quiet_day_that_comes_up_later_holds_as_well(open_posts):
    scene = open_posts("youtube")
    (post,) = told(scene)
    quiet = open_posts(**publish(f"missed: now, quiet_days: [{OPENS:%Y-%m-%d}]"))
    until(quiet, OPENS + HOUR)
    assert videos(scene) == [("private", None)] and quiet.posts.get(post).code == "quiet_day"
    until(quiet, OPENS + DAY)
    assert videos(scene) == [("public", None)]


def test_a_time_on_a_quiet_day_is_refused_unless_it_is_wanted_all_the_same(open_posts):
    scene = open_posts("youtube", **publish(f"quiet_days: [{OPENS:%Y-%m-%d}]"))
    scene.account("youtube")
    changes = PostChanges(publish_at=OPENS)
    with pytest.raises(ScheduleConflict, match="quiet day"):
        scene.make("account-youtube-1", changes=changes)
    post = scene.make("account-youtube-1", changes=changes, anyway=True).post_id
    scene.drive()
    until(scene, OPENS + HOUR)
    assert videos(scene) == [("private", at(OPENS))] and scene.row(post).pinned
    other = scene.make("account-youtube-1", "c2")
    scene.posts.cancel(other.post_id)


def test_times_of_platforms_keep_the_spacing_of_the_channel(open_posts):
    scene = open_posts("youtube", publishing_rules="spacing_minutes: 120, per_day: 3")
    scene.account("youtube")
    scene.make("account-youtube-1", changes=PostChanges(publish_at=OPENS))
    near = PostChanges(publish_at=OPENS + HOUR)
    with pytest.raises(ScheduleConflict, match="120 minutes"):
        scene.make("account-youtube-1", "c2", changes=near)
    post = scene.make("account-youtube-1", "c2", at_once=False, at=START + DAY)
    with pytest.raises(ScheduleConflict, match="120 minutes"):
        scene.posts.change(post.post_id, near)
    # A day whose posts are sent early, and shown then, is full as well.
    assert scene.row(post.post_id).changes == {}


def test_facebook_removes_what_it_cannot_keep_back_and_is_sent_it_again(open_posts):
    scene = open_posts("facebook")
    (post,) = told(scene, platform="facebook")
    assert shown(scene.fakes["facebook"]) == 1
    scene.posts.schedule.pause("default", by="user:ada", until=OPENS + DAY)
    until(scene, START + HOUR)
    assert shown(scene.fakes["facebook"]) == 0
    assert scene.posts.get(post).state in ("waiting", "queued", "scheduled")
    until(scene, OPENS + DAY)
    assert shown(scene.fakes["facebook"]) == 0
    scene.posts.schedule.tend()
    until(scene, OPENS + 3 * DAY)
    assert scene.posts.get(post).state == "posted" and shown(scene.fakes["facebook"]) == 1


def reopening(scene, kind, *, ahead=True, times=1):
    """A post that was kept back, and whose platform fails when it is to show it again."""
    (post,) = told(scene)
    resumed = OPENS - DAY if ahead else OPENS + DAY
    scene.posts.schedule.pause("default", by="user:ada", until=None if ahead else resumed)
    until(scene, START + HOUR if ahead else resumed - timedelta(minutes=1))
    assert videos(scene) == [("private", None)]
    scene.clock.now = resumed
    if ahead:
        scene.posts.schedule.resume("default", by="user:ada")
    scene.posts.schedule.tend()
    scene.fakes["youtube"].trouble("", kind, times=times)
    scene.work()
    assert scene.progress(post).state.task == "reopen"
    return post


@pytest.mark.parametrize("kind", [Kind.BROKEN, Kind.RATE, Kind.LOST])
@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("what", ["rejected", "paused"])
def test_what_may_not_be_shown_any_more_is_not_although_it_was_asked_for(
    open_posts, kind, ahead, what
):
    scene = open_posts("youtube", **publish("missed: now"))
    post = reopening(scene, kind, ahead=ahead)
    if what == "rejected":
        print_of, why = scene.fingerprint(), Reason.NOT_INTERESTING
        scene.library.reviews.reject(VIDEO, "c1", print_of, why, ADA)
    else:
        scene.posts.schedule.pause("default", by="user:ada")
    until(scene, OPENS + 2 * DAY, most=300)
    found = scene.posts.get(post)
    if what == "rejected":
        assert videos(scene) == [] and (found.state, found.code) == ("waiting", "not_approved")
    elif kind is Kind.LOST and not ahead:
        # It was shown before the channel was paused.
        assert videos(scene) == [("public", None)] and (found.state, found.code) == ("posted", "")
    else:
        assert videos(scene) == [("private", None)] and found.code == "paused"
        scene.posts.schedule.resume("default", by="user:ada")
        until(scene, OPENS + 3 * DAY)
        assert videos(scene) == [("public", None)]


def test_what_is_shown_too_late_gets_another_time_although_it_was_asked_for(open_posts):
    scene = open_posts("youtube", **publish("missed: next_slot"))
    post = reopening(scene, Kind.RATE)
    scene.clock.now = OPENS + DAY
    scene.work()
    assert scene.row(post).opens_at > scene.clock.now
    assert videos(scene) == [("private", at(scene.row(post).opens_at))]


def test_a_platform_that_fails_to_show_what_it_has_is_not_asked_without_pauses(open_posts):
    scene = open_posts("youtube")
    post = reopening(scene, Kind.BROKEN, times=10_000)
    calls = scene.calls
    until(scene, scene.clock.now + HOUR, most=20)
    assert calls < scene.calls < calls + 12
    assert scene.progress(post).state.failures > 5


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.BROKEN, Kind.RATE, Kind.EXPIRED, Kind.MALFORMED])
@pytest.mark.parametrize("dies", ["", "before", "after"])
def test_whatever_happens_to_the_request_it_is_not_shown_during_a_pause(open_posts, kind, dies):
    scene = open_posts("youtube")
    (post,) = told(scene)
    scene.fakes["youtube"].trouble("", kind)
    scene.posts.schedule.pause("default", by="user:ada")
    scene.dies, scene.dies_at = dies, scene.calls
    until(scene, START + 3 * HOUR)
    assert videos(scene) == [("private", None)]
    assert scene.posts.get(post).state == "posted"
    scene.fakes["youtube"].trouble("", kind)
    scene.dies, scene.dies_at = dies, scene.calls
    scene.posts.schedule.resume("default", by="user:ada")
    until(scene, START + 6 * HOUR)
    assert videos(scene) == [("private", at(OPENS))]


def test_who_dies_before_it_is_kept_back_leaves_no_post_that_says_it_is(open_posts, monkeypatch):
    scene = open_posts("youtube")
    (post,) = told(scene)
    scene.posts.schedule.pause("default", by="user:ada")

    def dies(*_):
        raise Died

    with monkeypatch.context() as stops:
        stops.setattr(PostSteps, "_next", dies)
        scene.work()
    scene.posts.schedule.resume("default", by="user:ada")
    until(scene, START + HOUR)
    found = scene.posts.get(post)
    assert (scene.deaths, found.code, found.problem) == (1, "", "")
    assert videos(scene) == [("private", at(OPENS))]
    until(scene, OPENS + HOUR)
    assert scene.row(post).code == ""


def test_what_cannot_be_kept_back_is_told(open_posts):
    scene = open_posts("youtube")
    (post,) = told(scene)
    scene.fakes["youtube"].trouble("", Kind.BROKEN, times=10_000)
    scene.posts.schedule.pause("default", by="user:ada")
    until(scene, OPENS - DAY, most=200)
    found = scene.posts.get(post)
    assert found.state == "posted" and found.problem and found.code
    with scene.library.engine.catalog.session() as session:
        assert "post.held" in session.scalars(select(NoticeRow.kind)).all()


def test_what_its_owner_removed_meanwhile_is_gone(open_posts):
    scene = open_posts("youtube")
    (post,) = told(scene)
    scene.fakes["youtube"].videos.clear()
    scene.posts.schedule.pause("default", by="user:ada")
    until(scene, START + HOUR)
    assert scene.posts.get(post).state == "deleted"


def test_facebook_shows_nothing_before_its_time_however_far_that_is(open_posts):
    scene = open_posts("facebook")
    scene.account("facebook")
    opens = START + 70 * DAY
    post = scene.make("account-facebook-1", changes=PostChanges(publish_at=opens)).post_id
    until(scene, opens - 40 * DAY)
    assert shown(scene.fakes["facebook"]) == 0 and scene.posts.get(post).state == "posting"
    scene.drive()
    assert scene.posts.get(post).state == "posted"
    assert [one.visible for one in scene.fakes["facebook"].shown()] == ["scheduled"]


@pytest.mark.parametrize("rule", ["now", "next_slot", "skip"])
def test_what_facebook_was_to_show_during_a_pause_goes_by_the_rule_for_what_was_missed(
    open_posts, rule
):
    scene = open_posts("facebook", **publish(f"missed: {rule}"))
    scene.account("facebook")
    opens = START + 40 * DAY
    post = scene.make("account-facebook-1", changes=PostChanges(publish_at=opens)).post_id
    until(scene, START + DAY)
    # Everything was sent, and Facebook takes no time that is so far away.
    assert scene.progress(post).state.phase == "finishing"
    resumed = opens + 3 * DAY
    scene.posts.schedule.pause("default", by="user:ada", until=resumed)
    until(scene, resumed - timedelta(minutes=1))
    assert shown(scene.fakes["facebook"]) == 0
    scene.clock.now = resumed
    scene.posts.schedule.tend()
    until(scene, resumed + timedelta(minutes=5))
    found, there = scene.posts.get(post), [one.visible for one in scene.fakes["facebook"].shown()]
    if rule == "now":
        assert there == ["public"] and found.state == "posted"
    elif rule == "next_slot":
        slot = scene.row(post).opens_at
        assert there in ([], ["scheduled"]) and slot > resumed
        until(scene, slot + HOUR)
        assert shown(scene.fakes["facebook"]) == 1
    else:
        assert there == [] and (found.state, found.code) == ("cancelled", "missed")


@pytest.mark.parametrize("kind", [Kind.RATE, Kind.BROKEN])
def test_facebook_is_sent_again_what_it_removed_only_later(open_posts, kind):
    scene = open_posts("facebook", **publish("missed: skip"))
    (post,) = told(scene, platform="facebook", opens=START + 20 * DAY)
    scene.fakes["facebook"].trouble("", kind)
    scene.posts.schedule.pause("default", by="user:ada")
    until(scene, START + DAY)
    assert shown(scene.fakes["facebook"]) == 0
    scene.posts.schedule.resume("default", by="user:ada")
    scene.posts.schedule.tend()
    until(scene, START + 4 * DAY)
    assert scene.posts.get(post).state == "posted" and shown(scene.fakes["facebook"]) == 1


@pytest.mark.parametrize("kind", [Kind.RATE, Kind.BROKEN])
def test_what_is_skipped_says_so_also_where_it_was_removed_only_later(open_posts, kind):
    scene = open_posts("youtube", **publish("missed: skip"))
    (post,) = told(scene)
    scene.posts.schedule.pause("default", by="user:ada", until=OPENS + DAY)
    until(scene, OPENS + DAY - timedelta(minutes=1))
    scene.fakes["youtube"].trouble("", kind)
    until(scene, OPENS + 2 * DAY)
    found = scene.posts.get(post)
    assert videos(scene) == [] and (found.state, found.code) == ("deleted", "missed")
    assert "skips what is missed" in found.problem


def test_what_is_cancelled_while_it_is_taken_back_is_not_sent_again(open_posts):
    scene = open_posts("facebook")
    (post,) = told(scene, platform="facebook")
    scene.fakes["facebook"].trouble("", Kind.BROKEN)
    scene.posts.schedule.pause("default", by="user:ada")
    scene.work()
    assert scene.progress(post).again
    scene.posts.cancel(post)
    scene.posts.schedule.resume("default", by="user:ada")
    until(scene, OPENS + DAY)
    assert scene.posts.get(post).state == "deleted" and shown(scene.fakes["facebook"]) == 0


def test_what_waits_for_facebook_keeps_the_spacing_after_a_pause(open_posts):
    spaced = "spacing_minutes: 120, per_day: 100, missed: now"
    scene = open_posts("facebook", publishing_rules=spaced)
    scene.account("facebook")
    opens = START + 40 * DAY
    for number, clip in enumerate(("c1", "c2")):
        changes = PostChanges(publish_at=opens + number * 3 * HOUR)
        scene.make("account-facebook-1", clip, changes=changes)
    until(scene, START + DAY)
    resumed = opens + 3 * DAY
    scene.posts.schedule.pause("default", by="user:ada", until=resumed)
    until(scene, resumed)
    scene.posts.schedule.tend()
    until(scene, resumed + HOUR)
    assert [one.visible for one in scene.fakes["facebook"].shown()].count("public") == 1
    until(scene, resumed + DAY)
    assert shown(scene.fakes["facebook"]) == 2
