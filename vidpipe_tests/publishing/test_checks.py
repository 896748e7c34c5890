"""What is refused before anything is sent, and that what passes is what fakes take."""

from datetime import timedelta

import pytest

from vidpipe.exports.model import Rule
from vidpipe.publishing.machine import PATIENCE
from vidpipe.publishing.model import (
    CaptionAttachment,
    Phase,
    PictureAttachment,
    PostingAccount,
    Publication,
    ReelChoices,
    RemoteState,
    VideoFile,
)
from vidpipe_tests.publishing.driving import START, drive, machine_for, post_for, scene_for

NAMES = ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook"]
LATER = START + timedelta(days=3)


def video(**changes):
    return VideoFile.model_validate({"size_bytes": 150_000, "duration_s": 42.0, **changes})


REFUSED = {
    "youtube-long-title": ("youtube", {"title": "x" * 101}, "title"),
    "youtube-no-title": ("youtube", {"title": " "}, "title"),
    "youtube-mark-in-title": ("youtube", {"title": "a < b"}, "title"),
    "youtube-mark-in-text": ("youtube", {"text": "a > b"}, "text"),
    "youtube-text-in-bytes": ("youtube", {"text": "é" * 2501}, "text"),
    "youtube-tags": ("youtube", {"tags": tuple(f"tag {n:03d}" for n in range(60))}, "tags"),
    "youtube-privacy": ("youtube", {"privacy": "friends"}, "privacy"),
    "youtube-unlisted-later": (
        "youtube", {"privacy": "unlisted", "publish_at": LATER}, "publish_at",
    ),
    "youtube-draft": ("youtube", {"draft": True}, "draft"),
    "youtube-thumbnail": (
        "youtube", {"thumbnail": PictureAttachment(size_bytes=52_428_801)}, "thumbnail",
    ),
    "youtube-captions": (
        "youtube", {"captions": (CaptionAttachment(language="de", size_bytes=2**30),)},
        "captions:de",
    ),
    "tiktok-text": ("tiktok", {"text": "😀" * 1101}, "text"),
    "tiktok-later": ("tiktok", {"publish_at": LATER}, "publish_at"),
    "tiktok-privacy": ("tiktok", {"privacy": "unlisted"}, "privacy"),
    "tiktok-private-brand": (
        "tiktok", {"privacy": "private", "tiktok": {"brand_content": True}},
        "tiktok.brand_content",
    ),
    "instagram-text": ("instagram", {"text": "x" * 2201}, "text"),
    "instagram-hashtags": ("instagram", {"text": " ".join(f"#t{n}" for n in range(6))}, "text"),
    "instagram-mentions": ("instagram", {"text": " ".join(f"@t{n}" for n in range(21))}, "text"),
    "instagram-later": ("instagram", {"publish_at": LATER}, "publish_at"),
    "instagram-private": ("instagram", {"privacy": "private"}, "privacy"),
    "instagram-draft": ("instagram", {"draft": True}, "draft"),
    "instagram-short": ("instagram", {"video": video(duration_s=2)}, "video"),
    "instagram-large": ("instagram", {"video": video(size_bytes=301 * 2**20)}, "video"),
    "instagram-cover": ("instagram", {"reel": ReelChoices(cover_ms=50_000)}, "reel.cover_ms"),
    "facebook-long": ("facebook", {"video": video(duration_s=91)}, "video"),
    "facebook-draft-later": ("facebook", {"draft": True, "publish_at": LATER}, "publish_at"),
    "linkedin-text": ("linkedin", {"text": "(" * 1501}, "text"),
    "linkedin-small": ("linkedin", {"video": video(size_bytes=1000)}, "video"),
    "linkedin-later": ("linkedin", {"publish_at": LATER}, "publish_at"),
    "x-text": ("x", {"text": "字" * 141}, "text"),
    "x-long": ("x", {"video": video(duration_s=141)}, "video"),
    "x-private": ("x", {"privacy": "private"}, "privacy"),
    "webhook-no-file": ("webhook", {"link": ""}, "link"),
}  # fmt: skip


def account_of(name):
    return PostingAccount(remote_id="urn:li:organization:1" if name == "linkedin" else "account")


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_beforehand(what):
    name, changes, field = REFUSED[what]
    found = machine_for(name).check(post_for(name, **changes), account_of(name))
    assert [refusal.field for refusal in found] == [field]
    assert all(refusal.words.endswith(".") for refusal in found)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_is_not_refused(name):
    assert machine_for(name).check(post_for(name), account_of(name)) == ()


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_conform_is_refused_by_all(name):
    rule = Rule(rule="duration", ok=False, measured="400 s", wanted="3 to 180 s")
    found = machine_for(name).check(post_for(name, rules=(rule,)), account_of(name))
    assert found[0].words == "duration: 400 s, the platform wants 3 to 180 s."


@pytest.mark.parametrize(
    ("name", "known", "field"),
    [
        ("tiktok", {"privacy_options": ("SELF_ONLY",)}, "privacy"),
        ("tiktok", {"max_duration_s": 30.0}, "video"),
        ("instagram", {"posts_left": 0}, "account"),
    ],
)
def test_what_an_account_may_not_do_is_refused(name, known, field):
    account = account_of(name).model_copy(update=known)
    (refusal,) = machine_for(name).check(post_for(name), account)
    assert refusal.field == field


def test_a_paying_account_of_x_may_post_more():
    account = account_of("x").model_copy(update={"premium": True})
    post = post_for("x", text="x" * 1000, video=video(duration_s=600))
    assert machine_for("x").check(post, account) == ()


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_every_script_arrive_as_they_are(name):
    text = "Grüße, 你好, שלום, 🎬 \"quoted\" & 50 % + a=b; 'x'"
    scene = scene_for(name, text=text, title=text[:60])
    assert drive(scene).phase is Phase.PUBLISHED
    (shown,) = scene.fake.shown()
    assert shown.text.replace("\\", "") in (text, text[:60])


@pytest.mark.parametrize("name", ["youtube", "linkedin", "x", "instagram", "facebook"])
def test_the_bytes_arrive_as_they_are(name):
    import hashlib

    from vidpipe_tests.publishing.driving import MemoryFiles

    scene = scene_for(name)
    drive(scene)
    (shown,) = scene.fake.shown()
    data = MemoryFiles().data[: scene.post.video.size_bytes]
    assert shown.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_a_state_is_the_same_when_it_is_read_back(name):
    scene = scene_for(name)
    drive(scene)
    for state in scene.states:
        assert RemoteState.model_validate_json(state.model_dump_json()) == state


@pytest.mark.parametrize("name", NAMES)
def test_planning_twice_asks_the_same(name):
    scene = scene_for(name)
    drive(scene)
    for state in scene.states:
        first = scene.machine.plan(scene.post, scene.account, state, scene.clock.now)
        second = scene.machine.plan(scene.post, scene.account, state, scene.clock.now)
        assert first == second


def test_nothing_is_waited_for_longer_than_patience():
    scene = scene_for("youtube")
    scene.fake.processing_s = 10 * 86_400.0
    state = drive(scene)
    assert state.phase is Phase.FAILED and state.fault.code == "no_progress"
    assert PATIENCE <= scene.elapsed < PATIENCE + timedelta(hours=1)


@pytest.mark.parametrize("key", ["", "a/b", "../x", ".x", "a b", "x" * 101])
def test_a_key_is_a_name(key):
    with pytest.raises(ValueError, match="key"):
        Publication(key=key, video=video())


def test_attachments_differ():
    caption = CaptionAttachment(language="de", size_bytes=1)
    with pytest.raises(ValueError, match="one file for each language"):
        Publication(key="a", video=video(), captions=(caption, caption))
    with pytest.raises(ValueError, match="each once"):
        Publication(key="a", video=video(), playlists=("x", "x"))
