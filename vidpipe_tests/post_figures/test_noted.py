"""Dagster is told where exports were posted; it posts nothing by itself."""

import dagster as dg
import pytest

from resources.vidpipe_resource import VidpipeResource
from sensors.posts import posts_noted
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.posts import moved
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe_tests.post_figures.conftest import World

CHANNELS = """
channels:
  default: {platforms: [youtube_shorts, tiktok]}
  other: {platforms: [tiktok]}
"""


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def posted(engine):
    world = World(engine)
    (engine.settings.home / "channels.yaml").write_text(CHANNELS)

    def make(platform, channel="default", state=PostState.POSTED, url="https://x.test/1"):
        row = world.post(platform, f"acc_{platform}_{channel}", channel, url=url, state="posting")
        change(row.post_id, state)
        return row

    def change(post_id, state):
        with engine.catalog.writing() as session:
            moved(session, session.get(PostRow, post_id), state)

    make.change = change
    return make


def tick(instance, engine, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return posts_noted(context, vidpipe=VidpipeResource(home=str(engine.settings.home)))


def test_each_post_is_noted_once_with_the_export_that_it_was(instance, engine, posted):
    assert isinstance(tick(instance, engine), dg.SkipReason)
    youtube, tiktok = posted("youtube"), posted("tiktok", url="")
    posted("tiktok", state=PostState.FAILED)
    found = tick(instance, engine)
    first, second = found.asset_events
    assert first.asset_key == dg.AssetKey(["platform_exports", "youtube_shorts"])
    assert second.asset_key == dg.AssetKey(["platform_exports", "tiktok"])
    assert first.partition == youtube.video_id
    assert first.metadata["post_id"].value == youtube.post_id
    assert first.metadata["url"] == dg.MetadataValue.url("https://x.test/1")
    assert second.metadata["post_id"].value == tiktok.post_id and "url" not in second.metadata
    assert not found.run_requests
    assert isinstance(tick(instance, engine, found.cursor), dg.SkipReason)
    posted.change(youtube.post_id, PostState.DELETED)
    again = tick(instance, engine, found.cursor)
    (gone,) = again.asset_events
    assert gone.metadata["state"].value == "deleted" and gone.description.startswith("deleted")


def test_what_no_asset_is_for_is_left_out(instance, engine, posted):
    posted("youtube", "other")
    found = tick(instance, engine)
    assert found.asset_events == [] and found.cursor


def test_nothing_of_the_graph_posts():
    from definitions import defs

    names = [str(key.to_user_string()) for key in defs.resolve_asset_graph().get_all_asset_keys()]
    assert not [name for name in names if "post" in name or "publish" in name]
    sensors = {sensor.name for sensor in defs.get_repository_def().sensor_defs}
    assert "posts_noted" in sensors
