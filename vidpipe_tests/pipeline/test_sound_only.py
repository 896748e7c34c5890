"""A podcast through every stage: what each of them does without pictures."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from vidpipe.clips.model import Composition, RenderedClips
from vidpipe.errors import InputRejected
from vidpipe.exports.facts import measure_file
from vidpipe.intake.model import SourceVideo
from vidpipe.layout.model import Layout, LayoutKind
from vidpipe.results.deliver import deliver
from vidpipe.storage import tables
from vidpipe.testmedia.podcast import make_podcast
from vidpipe_tests.conftest import SHORT_TALK, make_engine, run_all, take

CHANNELS = """
channels:
  default:
    quality: draft
    clips: {count: 1, min_s: 6, max_s: 20}
    platforms: [tiktok, youtube, podcast_audio]
"""


def draw(path, colour):
    picture = np.full((360, 360, 3), colour, np.uint8)
    picture[::24] = 235
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture(scope="module")
def podcast(tmp_path_factory):
    """Made, taken in and run through all stages: engine, folder, video, what ran."""
    folder = tmp_path_factory.mktemp("podcast")
    art = draw(folder / "art.png", (30, 90, 160))
    make_podcast(folder / "show.mp3", SHORT_TALK, art)
    home = folder / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    engine = make_engine(home)
    outcome = take(engine, folder / "show.mp3")
    assert "its cover attached to it, 360x360" in outcome.message
    return engine, folder, outcome.video_id, run_all(engine, outcome.video_id)


def document(ran, stage):
    return next(r.document for r in ran if r.stage == stage)


def test_layout_says_that_there_is_nothing_to_see(podcast):
    engine, _, video_id, ran = podcast
    layout = document(ran, "layout")
    assert isinstance(layout, Layout) and (layout.width, layout.height) == (0, 0)
    [stretch] = layout.stretches
    source = document(ran, "source_video")
    assert isinstance(source, SourceVideo) and source.media.sound_only
    assert stretch.kind is LayoutKind.SOUND and stretch.regions == ()
    assert stretch.end_s == pytest.approx(source.media.duration_s)
    assert layout.slides == () and layout.cuts_s == []
    manifest = engine.manifest(video_id, "layout")
    for name, column in (("regions", "role"), ("slides", "title"), ("shots", "begins")):
        path = engine.artifacts.path(manifest.file(f"{name}.parquet"))
        assert len(tables.read_column(path, column)) == (1 if name == "shots" else 0)


def test_its_cover_stands_for_it_in_lists(podcast):
    engine, _, video_id, _ = podcast
    manifest = engine.manifest(video_id, "source_video")
    with Image.open(engine.artifacts.path(manifest.file("poster.jpg"))) as poster:
        assert poster.size == (360, 360)
        assert np.abs(np.array(poster.getpixel((5, 12))) - (30, 90, 160)).max() < 12
    assert manifest.has("contact_sheet.jpg")


def test_its_clips_are_audiograms_that_conform(podcast):
    _, _, _, ran = podcast
    clips = document(ran, "rendered_clips")
    assert isinstance(clips, RenderedClips) and len(clips.clips) == 1
    [clip] = clips.clips
    assert [p.composition for p in clip.parts] == [Composition.AUDIOGRAM]
    assert {f.variant for f in clip.files} == {"1080x1920-draft", "1920x1080-plain-draft"}
    for file in clip.files:
        assert file.quality.issues == (), file.variant
        assert file.measures.integrated_lufs == pytest.approx(-14, abs=1.0)
    upright = next(f for f in clip.files if f.variant == "1080x1920-draft")
    assert upright.captions and upright.quality.captions_box is not None
    for result in ran:
        if result.stage.startswith("platform_exports"):
            assert [e.conforms for e in result.document.exports] == [True], result.stage


def test_what_is_handed_over_says_that_it_is_sound(podcast, tmp_path):
    engine, _, video_id, _ = podcast
    deliver(engine, video_id, tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["video"]["width"] is None and results["video"]["fps"] is None
    assert [c["composition"] for c in results["clips"][0]["compositions"]] == ["audiogram"]
    for export in results["exports"]:
        facts = measure_file(tmp_path / export["file"])
        assert facts.duration_s == pytest.approx(results["clips"][0]["duration_s"], abs=0.1)
    assert {p.suffix for p in (tmp_path / "podcast_audio").iterdir()} >= {".m4a", ".srt", ".vtt"}


def test_a_second_run_makes_nothing(podcast):
    engine, _, video_id, _ = podcast
    assert all(r.reused for r in run_all(engine, video_id))


def test_what_was_made_is_found_again_when_the_recording_is_gone(podcast, tmp_path):
    engine, _, video_id, _ = podcast
    home = tmp_path / "home"
    shutil.copytree(engine.settings.home, home)
    poor = make_engine(home)
    for artifact in ("upload", "cover"):
        manifest = poor.manifest(video_id, artifact)
        for file in manifest.files:
            if file.name.endswith((".mp3", ".mp4", ".jpg")):
                poor.store.delete(file.key)
    ran = run_all(poor, video_id)
    assert all(r.reused for r in ran)


def test_another_cover_makes_its_clips_anew_and_nothing_that_is_heard(podcast, tmp_path):
    engine, folder, video_id, _ = podcast
    home = tmp_path / "home"
    shutil.copytree(engine.settings.home, home)
    changed = make_engine(home)
    for name in ("show.mp3", "show.srt"):
        shutil.copy(folder / name, tmp_path / name)
    draw(tmp_path / "show.jpg", (160, 60, 30))
    outcome = take(changed, tmp_path / "show.mp3")
    assert outcome.video_id == video_id and outcome.sidecar_changed
    ran = {r.stage: r for r in run_all(changed, video_id, platforms=("tiktok",))}
    assert not ran["source_video"].reused and not ran["rendered_clips"].reused
    for name in ("audio", "silence_regions", "transcript"):
        assert ran[name].document == document(podcast[3], name), name
    assert ran["transcript"].reused and ran["topics"].reused
    assert ran["rendered_clips"].items_made == 1


def test_where_something_is_in_the_picture_cannot_be_said_of_sound(podcast, tmp_path):
    _, folder, _, _ = podcast
    shutil.copy(folder / "show.mp3", tmp_path / "other.mp3")
    (tmp_path / "other.yaml").write_text("layout: [{screen: {x: 0, y: 0, width: 9, height: 9}}]\n")
    home = tmp_path / "home"
    engine = make_engine(home)
    outcome = take(engine, tmp_path / "other.mp3")
    order = engine.order(outcome.video_id)
    engine.run_stage("source_video", outcome.video_id, order)
    with pytest.raises(InputRejected, match="sound alone"):
        engine.run_stage("layout", outcome.video_id, order)
