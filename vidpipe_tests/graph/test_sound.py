"""Sound alone in Dagster: the same assets as for a video, and what they show of it."""

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from vidpipe.testmedia.podcast import make_podcast
from vidpipe_tests.conftest import SHORT_TALK, make_engine, take
from vidpipe_tests.graph.conftest import run_job

CHANNELS = """
channels:
  default: {quality: draft, clips: {count: 1, min_s: 6, max_s: 20}, platforms: [tiktok]}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A podcast with a cover beside it, run by the job: events by asset, checks."""
    folder = tmp_path_factory.mktemp("sound")
    make_podcast(folder / "show.opus", SHORT_TALK)
    stripes = np.full((300, 300, 3), (20, 120, 90), np.uint8)
    stripes[::30] = 240
    Image.fromarray(stripes).save(folder / "show.png")
    home = folder / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    video_id = take(make_engine(home), folder / "show.opus").video_id
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(instance, home, video_id)
        assert result.success
        made = {
            e.asset_key.to_user_string(): e.materialization.metadata
            for e in result.get_asset_materialization_events()
        }
        checks = {
            (e.asset_key.to_user_string(), e.check_name): e
            for e in result.get_asset_check_evaluations()
        }
    return made, checks


def test_every_asset_of_a_video_is_made_of_sound_too(ran):
    made, checks = ran
    assert {"source_video", "layout", "topics", "rendered_clips", "platform_exports/tiktok"} < set(
        made
    )
    accepted = checks["source_video", "source_accepted"]
    assert accepted.passed and "sound alone" in accepted.description
    for name in ("duration_and_sync", "clip_quality"):
        assert checks["rendered_clips", name].passed, name
    assert checks["platform_exports/tiktok", "conforms"].passed


def test_what_it_shows_says_that_there_is_nothing_to_see(ran):
    made, _ = ran
    assert made["source_video"]["cover"].value == "its cover beside it, 300x300"
    assert "data:image/jpeg" in made["source_video"]["contact_sheet"].value
    assert "layout_sheet" not in made["layout"] and made["layout"]["slides"].value == 0
    assert "data:image/jpeg" in made["rendered_clips"]["clip_1"].value
