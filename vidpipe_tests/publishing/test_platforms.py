"""What is particular about each platform, against its fake."""

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from vidpipe.publishing import wire
from vidpipe.publishing.model import Phase, PostFigures, PostHeld, Remedy, Task
from vidpipe.publishing.tiktok import chunks_of
from vidpipe.publishing.x import X
from vidpipe.publishing.youtube import YouTube
from vidpipe_fakes import Kind
from vidpipe_tests.publishing.driving import (
    START,
    MemoryFiles,
    client_of,
    drive,
    drive_some,
    post_for,
    reconnect,
    scene_for,
)

SOON = START + timedelta(days=2)


def ask(scene, task):
    scene.save(scene.machine.asked(scene.state, task, scene.clock.now))
    return drive(scene)


# YouTube


def test_youtube_publishes_at_its_time():
    scene = scene_for("youtube", publish_at=SOON)
    state = drive(scene)
    assert state.phase is Phase.SCHEDULED
    (video,) = scene.fake.videos.values()
    assert video.status["publishAt"] == "2026-11-04T09:00:00Z"
    assert video.status["privacyStatus"] == "private"


def test_youtube_publishes_at_once_what_is_late():
    scene = scene_for("youtube", publish_at=START - timedelta(hours=1))
    assert drive(scene).phase is Phase.PUBLISHED
    assert scene.fake.shown()[0].visible == "public"


def test_youtube_has_all_that_belongs_to_a_video_before_it_is_public():
    scene = scene_for("youtube", synthetic=True, made_for_kids=True)
    drive(scene)
    (video,) = scene.fake.videos.values()
    assert video.thumbnail == 5000 and video.captions[0]["size"] == 400
    assert scene.fake.playlists["PLfake"] == [video.id]
    assert video.status["containsSyntheticMedia"] and video.status["selfDeclaredMadeForKids"]
    assert scene.calls.index("playlist") < scene.calls.index("publish")
    assert video.size == scene.post.video.size_bytes


def test_youtube_private_needs_no_change():
    scene = scene_for("youtube", privacy="private")
    assert drive(scene).phase is Phase.PUBLISHED
    assert "publish" not in scene.calls and not scene.fake.shown()


@pytest.mark.parametrize("reason", ["duplicate", "copyright", "length"])
def test_youtube_rejects_before_anybody_saw_it(reason):
    scene = scene_for("youtube")
    scene.fake.reject = reason
    state = drive(scene)
    assert state.phase is Phase.FAILED and state.fault.code == reason
    assert "YouTube" in state.fault.words and not scene.fake.shown()


def test_youtube_notices_that_it_has_the_same_video():
    scene = scene_for("youtube")
    drive(scene)
    scene.post = post_for("youtube", key="post-2", title="Another title")
    scene.save(scene.machine.begin(scene.post, scene.clock.now))
    state = drive(scene)
    assert state.phase is Phase.FAILED and state.fault.code == "duplicate"
    assert len(scene.fake.shown()) == 1
    assert ask(scene, Task.CANCEL).phase is Phase.CANCELLED
    assert len(scene.fake.videos) == 1


def test_youtube_keeps_private_what_an_unaudited_project_uploads():
    scene = scene_for("youtube")
    scene.fake.audited = False
    state = drive(scene)
    assert state.phase is Phase.FAILED and state.fault.code == "locked_private"
    assert "audit" in state.fault.words


def test_youtube_quota_is_waited_for_until_midnight_pacific():
    scene = scene_for("youtube")
    scene.fake._spend(0, 100)
    drive(scene)
    waits = next(s for s in scene.states if s.fault is not None)
    assert waits.fault.remedy is Remedy.WAIT
    # 2 November: winter time, eight hours behind.
    assert waits.not_before == datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    assert scene.state.phase is Phase.PUBLISHED


def test_youtube_goes_on_where_a_session_broke_off():
    scene = scene_for("youtube")
    scene.at, scene.kind = 2, Kind.BROKEN
    drive(scene)
    assert scene.calls[:6] == ["session", "chunk", "chunk", "ask", "chunk", "chunk"]


def test_youtube_begins_again_when_a_session_is_gone():
    scene = scene_for("youtube")
    scene.at, scene.kind = 2, Kind.GONE
    state = drive(scene)
    assert state.restarts == 1 and state.phase is Phase.PUBLISHED
    assert len(scene.fake.videos) == 1


def test_youtube_looks_for_the_video_of_a_session_that_is_gone():
    """The last bytes arrived, the answer was lost, and then the session had expired."""
    scene = scene_for("youtube")
    scene.at, scene.kind, scene.then = 3, Kind.LOST, Kind.GONE
    state = drive(scene)
    assert scene.calls[4:7] == ["ask", "channel", "uploads"]
    assert state.phase is Phase.PUBLISHED and state.restarts == 0
    assert len(scene.fake.videos) == 1


def test_youtube_does_without_a_thumbnail_that_it_refuses():
    scene = scene_for("youtube")
    scene.at, scene.kind = 7, Kind.GONE
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED
    assert state.notes and state.notes[0].startswith("thumbnail: ")


def test_youtube_updates_counts_and_deletes():
    scene = scene_for("youtube")
    drive(scene)
    scene.post = post_for("youtube", title="A better title")
    state = ask(scene, Task.UPDATE)
    (video,) = scene.fake.videos.values()
    assert video.snippet["title"] == "A better title" and state.phase is Phase.PUBLISHED
    assert video.status["privacyStatus"] == "public"
    assert ask(scene, Task.DELETE).phase is Phase.DELETED
    assert not scene.fake.videos


def test_youtube_chunks_are_multiples():
    with pytest.raises(ValueError, match="262144"):
        YouTube(chunk_bytes=300_000)


# TikTok


@given(size=st.integers(1, 4 * 2**30), chunk=st.integers(5_000_000, 64_000_000))
def test_tiktok_chunks_keep_the_rules(size, chunk):
    made, count = chunks_of(size, chunk)
    last = size - (count - 1) * made
    assert 1 <= count <= 1000 and 0 < last <= 128_000_000
    if size < 5_000_000:
        assert (made, count) == (size, 1)
    elif count > 1:
        assert 5_000_000 <= made <= 64_000_000 and count == size // made
    else:
        assert made <= 64_000_000 and size <= 128_000_000


def test_tiktok_leaves_a_draft_in_the_inbox():
    scene = scene_for("tiktok", draft=True)
    assert drive(scene).phase is Phase.DRAFTED
    assert len(scene.fake.drafts()) == 1 and not scene.fake.shown()


def test_tiktok_takes_five_drafts_a_day():
    scene = scene_for("tiktok", draft=True)
    for number in range(6):
        scene.save(scene.machine.begin(post_for("tiktok", key=f"p{number}"), scene.clock.now))
        scene.post = post_for("tiktok", key=f"p{number}", draft=True)
        state = drive(scene)
        assert state.phase is Phase.DRAFTED
    assert scene.elapsed > timedelta(hours=20)
    assert len(scene.fake.drafts()) == 6


def test_tiktok_says_before_sending_what_the_creator_does_not_offer():
    scene = scene_for("tiktok", privacy="followers")
    state = drive(scene)
    assert state.held is PostHeld.CHANGE and scene.calls == ["creator"]
    assert "PUBLIC_TO_EVERYONE" in state.fault.words
    scene.post = post_for("tiktok")
    assert reconnect(scene).phase is Phase.PUBLISHED


def test_tiktok_says_before_sending_that_it_is_too_long():
    scene = scene_for("tiktok")
    scene.fake.longest_s = 30
    state = drive(scene)
    assert state.held is PostHeld.CHANGE and "at most 30" in state.fault.words


def test_tiktok_begins_again_when_the_upload_address_expired():
    scene = scene_for("tiktok")
    scene.fake.trouble("chunk", Kind.GONE, skip=1, times=2)
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED and state.restarts == 1
    assert scene.calls.count("init") == 2


@pytest.mark.parametrize("reason", ["file_format_check_failed", "spam_risk_text"])
def test_tiktok_refuses_a_post(reason):
    scene = scene_for("tiktok")
    scene.fake.fail = reason
    state = drive(scene)
    assert state.phase is Phase.FAILED and state.fault.code == reason


def test_tiktok_of_an_unaudited_application():
    scene = scene_for("tiktok")
    scene.fake.audited = False
    state = drive(scene)
    assert state.held is PostHeld.CHANGE and "audited" in state.fault.words
    scene.post = post_for("tiktok", privacy="private")
    assert reconnect(scene).phase is Phase.PUBLISHED


def test_tiktok_can_neither_change_nor_delete():
    scene = scene_for("tiktok")
    drive(scene)
    for task in (Task.UPDATE, Task.DELETE):
        state = ask(scene, task)
        assert state.phase is Phase.PUBLISHED and "app" in state.fault.words


# Instagram


def test_instagram_reads_its_limit_and_waits():
    scene = scene_for("instagram")
    scene.fake.quota = 1
    scene.fake.used = [START - timedelta(hours=20)]
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED
    assert timedelta(hours=4) <= scene.elapsed < timedelta(hours=6)


def test_instagram_looks_once_a_minute_and_then_rarely():
    scene = scene_for("instagram")
    scene.fake.processing_s = 3600.0
    drive(scene)
    asked = [
        datetime.fromisoformat(call.at)
        for call in scene.fake.log
        if call.op == "status" and call.status == 200
    ]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(asked)]
    assert gaps[:5] == [60.0] * 5 and set(gaps[5:-1]) == {900.0}


def test_instagram_says_why_a_container_failed():
    scene = scene_for("instagram")
    scene.fake.fail = "2207026"
    state = drive(scene)
    assert state.phase is Phase.FAILED and "format" in state.fault.words


def test_instagram_begins_again_when_a_container_expired():
    scene = scene_for("instagram")
    scene.at, scene.kind = 2, Kind.GONE
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED and state.restarts == 1


def test_instagram_sends_what_is_missing():
    scene = scene_for("instagram")
    scene.at, scene.kill = 2, "during"
    drive(scene)
    sizes = [call.size for call in scene.fake.log if call.op == "bytes"]
    assert sum(sizes) == scene.post.video.size_bytes


# Facebook


def test_facebook_schedules_and_drafts():
    scene = scene_for("facebook", publish_at=SOON)
    assert drive(scene).phase is Phase.SCHEDULED
    assert scene.fake.shown()[0].visible == "scheduled"
    scene = scene_for("facebook", draft=True)
    assert drive(scene).phase is Phase.DRAFTED
    assert not scene.fake.shown()


def test_facebook_says_that_it_could_not_process_it():
    scene = scene_for("facebook")
    scene.fake.fail = True
    assert drive(scene).phase is Phase.FAILED


# LinkedIn


def test_linkedin_cannot_look_without_leave_and_says_so():
    scene = scene_for("linkedin")
    scene.fake.reads = False
    scene.at, scene.kind = 8, Kind.LOST
    state = drive(scene)
    assert state.phase is Phase.UNCERTAIN and "may be public" in state.fault.words
    assert scene.calls.count("post") == 1


def test_linkedin_text_has_no_marks():
    scene = scene_for("linkedin", text="a (b) [c] #tag @x _y_")
    drive(scene)
    assert scene.fake.shown()[0].text == r"a \(b\) \[c\] #tag \@x \_y\_"


def test_linkedin_begins_again_when_an_upload_address_expired():
    scene = scene_for("linkedin")
    scene.at, scene.kind = 2, Kind.GONE
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED and state.restarts == 1


# X


def test_x_refuses_a_text_twice_and_it_is_looked_up():
    scene = scene_for("x")
    drive(scene)
    scene.post = post_for("x", key="post-2")
    scene.save(scene.machine.begin(scene.post, scene.clock.now))
    state = drive(scene)
    # The other one has other media: it is not taken for this.
    assert state.phase in (Phase.FAILED, Phase.UNCERTAIN)
    assert len(scene.fake.shown()) == 1 and state.fault.code == "duplicate"


@pytest.mark.parametrize(("text", "dollars"), [("plain", 0.015), ("see https://a.test", 0.2)])
def test_x_says_what_it_costs(text, dollars):
    charges = {c.bucket: c.amount for c in X().estimate(post_for("x", text=text))}
    assert charges["x.usd"] == dollars


# All


@pytest.mark.parametrize("name", ["youtube", "facebook", "linkedin", "x", "webhook"])
def test_what_was_posted_is_deleted_once_and_for_all(name):
    scene = scene_for(name)
    drive(scene)
    assert len(scene.fake.shown()) == 1
    assert ask(scene, Task.DELETE).phase is Phase.DELETED
    assert not scene.fake.shown()


@pytest.mark.parametrize("name", ["youtube", "x", "facebook"])
def test_what_is_gone_already_is_deleted(name):
    scene = scene_for(name)
    drive(scene)
    for kept in ("videos", "posts", "reels"):
        if hasattr(scene.fake, kept):
            getattr(scene.fake, kept).clear()
    state = ask(scene, Task.DELETE)
    assert state.phase is Phase.DELETED


@pytest.mark.parametrize("name", ["facebook", "linkedin", "webhook"])
def test_what_was_posted_is_changed(name):
    scene = scene_for(name)
    drive(scene)
    scene.post = post_for(name, text="Better words")
    assert ask(scene, Task.UPDATE).phase is Phase.PUBLISHED
    assert scene.fake.shown()[0].text == "Better words"


@pytest.mark.parametrize("name", ["youtube", "tiktok", "instagram", "facebook", "x"])
def test_figures_are_read_and_grow(name):
    scene = scene_for(name)
    state = drive(scene)
    found = []
    for _ in range(2):
        scene.clock.now += timedelta(days=2)
        found.append(scene.machine.figures(read_all(scene, state)))
    first, second = found
    assert 0 < first.views < second.views and first.likes and first.comments
    assert (second.watch_s is not None) == (name in ("youtube", "instagram", "facebook"))


def test_linkedin_figures():
    scene = scene_for("linkedin")
    state = drive(scene)
    scene.clock.now += timedelta(days=4)
    figures = scene.machine.figures(read_all(scene, state))
    assert figures.views is None and figures.likes > figures.comments > 0


@pytest.mark.parametrize("name", ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x"])
def test_the_answer_of_a_post_that_is_gone_shows_it(name):
    scene = scene_for(name)
    state = drive(scene)
    assert not scene.machine.seems_gone(read_all(scene, state))
    scene.fake.posts.clear()
    if name == "youtube":
        scene.fake.videos.clear()
    if name == "facebook":
        scene.fake.reels.clear()
    replies = read_all(scene, state)
    assert scene.machine.seems_gone(replies)
    assert scene.machine.figures(replies) == PostFigures()


def read_all(scene, state):
    async def ask_all():
        async with client_of(scene) as client:
            token = SecretStr(scene.fake.token(scene.account.remote_id))
            calls = scene.machine.statistics(scene.account, state, scene.clock.now)
            return [await wire.perform(client, call, token, MemoryFiles()) for call in calls]

    return asyncio.run(ask_all())


@pytest.mark.parametrize("name", ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x"])
@pytest.mark.parametrize("steps", range(1, 9, 2))
def test_what_is_cancelled_is_not_posted_or_is_said_to_be(name, steps):
    scene = scene_for(name)
    drive_some(scene, steps)
    if scene.state.ended:
        pytest.skip("it is posted by then")
    state = ask(scene, Task.CANCEL)
    if scene.fake.shown():
        assert state.posted and state.fault.code == "no_cancel"
    else:
        assert state.phase is Phase.CANCELLED
        assert not getattr(scene.fake, "videos", {}) or name != "youtube"


REVIEWED = ["youtube", "instagram", "facebook", "linkedin", "x"]


@pytest.mark.parametrize("name", REVIEWED)
def test_what_was_posted_is_reviewed(name):
    scene = scene_for(name)
    before = drive(scene)
    after = ask(scene, Task.REVIEW)
    assert scene.calls[-1] == "review"
    assert (after.phase, after.url, after.post_id) == (before.phase, before.url, before.post_id)


@pytest.mark.parametrize("name", REVIEWED)
def test_what_was_removed_at_the_platform_is_noticed(name):
    scene = scene_for(name)
    drive(scene)
    for kept in ("videos", "posts", "reels"):
        if hasattr(scene.fake, kept):
            getattr(scene.fake, kept).clear()
    state = ask(scene, Task.REVIEW)
    if name == "instagram":
        # It does not say which of the two it is.
        assert state.phase is Phase.PUBLISHED
        assert "deleted, or a permission is missing" in state.fault.words
    else:
        assert state.phase is Phase.DELETED


def test_youtube_becomes_public_at_its_time():
    scene = scene_for("youtube", publish_at=SOON)
    drive(scene)
    assert ask(scene, Task.REVIEW).phase is Phase.SCHEDULED
    (video,) = scene.fake.videos.values()
    video.status |= {"privacyStatus": "public", "publishAt": None}
    assert ask(scene, Task.REVIEW).phase is Phase.PUBLISHED


def test_tiktok_has_an_address_when_moderation_has_ended():
    scene = scene_for("tiktok")
    scene.fake.moderation_s = 7200.0
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED and not state.url
    scene.clock.now += timedelta(hours=3)
    state = ask(scene, Task.REVIEW)
    assert state.url.startswith("https://www.tiktok.com/@fake_creator/video/")


def test_a_person_decides_what_nobody_can_look_up():
    scene = scene_for("linkedin")
    scene.fake.reads = False
    scene.at, scene.kind = 8, Kind.LOST
    state = drive(scene)
    posted = scene.machine.decided(state, posted=True, url="https://www.linkedin.com/x")
    assert posted.phase is Phase.PUBLISHED and posted.url and not posted.armed
    assert scene.machine.decided(state, posted=False).phase is Phase.FAILED


@pytest.mark.parametrize("name", ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x"])
def test_what_was_estimated_is_what_it_took(name):
    scene = scene_for(name)
    drive(scene)
    estimate = {c.bucket: c.amount for c in scene.machine.estimate(scene.post)}
    assert estimate == dict(scene.fake.bill)


@pytest.mark.parametrize("name", ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x"])
def test_what_requests_say_they_take_is_what_they_take(name):
    scene = scene_for(name)
    said = Counter()
    plan = scene.machine.plan

    def noted(*given):
        move = plan(*given)
        for charge in move.call.charges if move.call is not None else ():
            said[charge.bucket] += charge.amount
        return move

    scene.machine.plan = noted
    drive(scene)
    assert {bucket: said[bucket] for bucket in scene.fake.bill} == dict(scene.fake.bill)


@pytest.mark.parametrize(("name", "number"), [("linkedin", 8), ("x", 8), ("instagram", 6)])
def test_a_post_that_shows_up_late_is_not_made_again(name, number):
    scene = scene_for(name)
    scene.fake.late_s, scene.fake.forgets_duplicates = 90.0, True
    scene.at, scene.kind = number, Kind.LOST
    assert drive(scene).phase is Phase.PUBLISHED
    assert len(scene.fake.shown()) == 1 and scene.calls[number] in ("post", "publish")
