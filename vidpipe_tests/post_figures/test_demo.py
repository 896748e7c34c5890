"""The end of the demo: clips of a talk posted to fakes, by the code that posts to platforms."""

import shutil
import threading
from datetime import timedelta

import pytest

from deploy.demo_posts import PLATFORMS, post_clips
from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.catalog.tables import now
from vidpipe.library import Library
from vidpipe.settings import load_settings
from vidpipe_fakes import FAKES

CHANNELS = """
channels:
  default:
    quality: draft
    clips: {count: 2, min_s: 6, max_s: 20}
    platforms: [tiktok, youtube_shorts]
"""


@pytest.fixture
def home(processed, tmp_path):
    """The short talk in a home of its own."""
    folder = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, folder)
    return folder


def test_the_demo_posts_its_clips_and_leaves_nothing_running(home, tmp_path):
    settings = load_settings(home=home, allow_model_download=False)
    library = Library.open(settings)
    (video,) = library.list().items
    folder = tmp_path / "clips"
    # What people have: a post that goes out in an hour, an account that is no fake's.
    mine = library.social_accounts.add("default", "folder", "mine", by="user:ada").account
    later = now() + timedelta(hours=1)
    theirs = library.posts.make(video.video_id, "1", mine.account_id, at=later, by="user:ada")
    other = SocialAccountRow(
        account_id="account-of-ada",
        channel="default",
        platform="youtube",
        remote_id=FAKES["youtube"].ACCOUNT,
        name="Ada",
        state="connected",
        scopes=[],
        connected_by="user:ada",
        claims=0,
    )
    with library.engine.catalog.writing() as session:
        session.add(other)
    results = library.deliver(video.video_id, folder)
    said = []
    found = post_clips(settings, video.video_id, results, folder, said.append)
    # No export is for Instagram in this channel: that is said, and the others are posted.
    assert {post.platform for post in found} == {"youtube", "tiktok"}
    assert len(found) == 2 * len(results.clips)
    assert {post.state for post in found} == {"posted"}, [post.problem for post in found]
    assert all(post.approved_by and post.url.startswith("https://") for post in found)
    assert any("instagram" in line and "not posted" in line for line in said)
    page = (folder / "posts.html").read_text("utf-8")
    for post in found:
        assert post.url in page
    for name in PLATFORMS:
        assert "(a fake)" in (folder / f"posts-{name}.html").read_text("utf-8")
    assert str(folder / "posts.html") in said[-1]
    assert not [thread for thread in threading.enumerate() if thread.name == "fakes"]
    # Its accounts are of fakes that are gone: nothing is asked of them again.
    people = {"account-of-ada", mine.account_id}
    accounts = library.social_accounts.list({"default"})
    states = {one.state for one in accounts if one.account_id not in people}
    assert states == {"disconnected"}
    assert {one.state for one in accounts if one.account_id in people} == {"connected"}
    row = library.engine.catalog.posts.get(theirs.post_id)
    assert (row.state, row.at, row.claims) == ("scheduled", later, 0)

    # A second time everything is there already, and said so.
    again = post_clips(settings, video.video_id, results, folder, said.append)
    assert [post.post_id for post in again] == [post.post_id for post in found]
    assert "Posts: 2" in (folder / "posts-youtube.html").read_text("utf-8")
