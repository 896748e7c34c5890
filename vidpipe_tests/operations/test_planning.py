"""What would be made anew, and why: said before, and true afterwards."""

import pytest

from vidpipe.operations.stale import plans
from vidpipe.pipeline.planning import StageVerdict, differences, plan
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.storage.artifacts import DOCUMENT
from vidpipe.storage.keys import Folder
from vidpipe_tests.conftest import CHANNELS, make_engine, run_all


def verdicts(found):
    return {s.stage: s.verdict for s in found.steps if s.verdict is not StageVerdict.FRESH}


def with_channel(line):
    return CHANNELS.replace("quality: draft", f"quality: draft\n    {line}")


def made(ran):
    return {r.stage for r in ran if not r.reused}


@pytest.fixture
def whole(processed, tmp_path):
    """The processed home, free to change, opened with other channels."""
    import shutil

    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)

    def opened(channels=CHANNELS):
        (home / "channels.yaml").write_text(channels)
        return make_engine(home)

    return opened, processed.video_id


def test_nothing_is_stale_after_a_run(whole):
    opened, key = whole
    found = plan(opened(), key)
    assert verdicts(found) == {} and not found.stale and found.stages == ()


def test_a_caption_style_is_named_with_old_and_new_and_analyses_nothing(whole):
    opened, key = whole
    engine = opened(with_channel("captions: {font_size: 80}"))
    found = plan(engine, key)
    step = next(s for s in found.steps if s.stage == "rendered_clips")
    assert step.because == ("options.captions.font_size: 64 -> 80",)
    assert found.stages == (
        "rendered_clips",
        "platform_exports/tiktok",
        "platform_exports/youtube_shorts",
    )
    assert "rendered_clips: options.captions.font_size: 64 -> 80" in found.reasons
    assert made(run_all(engine, key)) == set(found.stages)
    assert not plan(engine, key).stale
    # Back again: what was made once is found, nothing is made.
    back = plan(opened(), key)
    assert verdicts(back)["rendered_clips"] is StageVerdict.CACHED and not back.stale


def test_a_new_platform_is_one_stage_that_was_never_made(whole):
    opened, key = whole
    found = plan(opened(CHANNELS.replace("youtube_shorts]", "youtube_shorts, facebook]")), key)
    assert verdicts(found)["platform_exports/facebook"] is StageVerdict.MISSING


def test_a_stage_that_gives_the_same_costs_nothing_after_it(whole):
    opened, key = whole
    engine = opened()
    order = engine.order(key, RunOptions(force=True))
    again = engine.run_stage("layout", key, order)
    assert not again.reused
    assert not plan(engine, key).stale
    assert made(run_all(engine, key)) == set()


def test_a_new_version_of_a_stage_says_what_follows_from_it(whole):
    import dataclasses

    opened, key = whole
    engine = opened()
    newer = dataclasses.replace(engine.pipeline.stage("silence_regions"), version="99")
    engine.pipeline = engine.pipeline.with_stage(newer)
    found = plan(engine, key)
    assert found.reasons == ("silence_regions: version: 2 -> 99",)
    follows = {s for s, v in verdicts(found).items() if v is StageVerdict.DOWNSTREAM}
    assert {"transcript", "topics", "scored_segments", "rendered_clips"} <= follows
    assert "layout" not in found.stages and found.stages[0] == "silence_regions"
    # It gave the same, so nothing after it was made anew.
    assert made(run_all(engine, key)) == {"silence_regions"}


def test_files_that_are_gone_are_lost_or_removed_as_the_policy_says(whole):
    opened, key = whole
    engine = opened()
    audio = engine.artifacts.current(key, Folder.AUDIO, "audio")
    for item in audio.files:
        if item.name != DOCUMENT:
            engine.store.delete(item.key)
    assert verdicts(plan(engine, key)) == {
        "audio": StageVerdict.LOST,
        "silence_regions": StageVerdict.DOWNSTREAM,
        **dict.fromkeys(("transcript", "topics", "scored_segments"), StageVerdict.DOWNSTREAM),
        **dict.fromkeys(("rendered_clips", "platform_exports/tiktok"), StageVerdict.DOWNSTREAM),
        "platform_exports/youtube_shorts": StageVerdict.DOWNSTREAM,
    }
    engine = opened(with_channel("retention: {working: 7}"))
    found = plan(engine, key)
    assert verdicts(found) == {"audio": StageVerdict.EXPIRED} and not found.stale


def test_what_needs_a_removed_file_brings_it_back(whole):
    opened, key = whole
    engine = opened(with_channel("retention: {working: 7}"))
    audio = engine.artifacts.current(key, Folder.AUDIO, "audio")
    for item in audio.files:
        if item.name != DOCUMENT:
            engine.store.delete(item.key)
    import dataclasses

    newer = dataclasses.replace(engine.pipeline.stage("silence_regions"), version="99")
    engine.pipeline = engine.pipeline.with_stage(newer)
    found = plan(engine, key)
    assert found.stages[:2] == ("audio", "silence_regions")


def test_the_whole_library_is_planned_and_what_cannot_be_is_said(whole):
    from vidpipe.catalog.tables import now

    opened, key = whole
    engine = opened()
    engine.catalog.finish_video(key, now())
    found, unplanned = plans(engine)
    assert [p.video_id for p in found] == [key] and unplanned == {}
    assert plans(engine, channel="other") == ([], {})
    engine.store.delete(f"default/{key}/raw/sidecar.current.json")
    found, unplanned = plans(engine)
    assert found == [] and "no such video was taken in" in unplanned[key]


def test_differences_name_the_leaf():
    old = {"version": "1", "options": {"a": [1, 2], "b": {"c": 1}}, "inputs": {"audio": "x"}}
    new = {"version": "1", "options": {"a": [1, 3], "b": {"d": 1}}, "inputs": {"audio": "y"}}
    assert list(differences(old, new)) == [
        "another audio",
        "options.a: [1, 2] -> [1, 3]",
        "options.b.c: 1 -> nothing",
        "options.b.d: nothing -> 1",
    ]
