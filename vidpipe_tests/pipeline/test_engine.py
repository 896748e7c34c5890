"""Running stages: reuse, partial change, killing, and videos with little in them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidpipe.clips.model import RenderedClips
from vidpipe.errors import InputRejected
from vidpipe.pipeline import TALKS, Engine
from vidpipe.storage.keys import Folder
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.testmedia.talk import TalkLook
from vidpipe_tests.conftest import CHANNELS, instructed, make_engine, run_all, take
from vidpipe_tests.shared import make_talk


@pytest.fixture
def again(processed, tmp_path):
    """A copy of the processed home, free to change."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    return make_engine(home), processed.video_id


def reused(ran):
    return {r.stage: r.reused for r in ran}


def test_a_second_run_makes_nothing(again):
    engine, video_id = again
    assert all(reused(run_all(engine, video_id)).values())


@pytest.mark.usefixtures("looked_at_anew")
def test_force_makes_everything_anew_and_the_same(again, processed):
    engine, video_id = again
    ran = run_all(engine, video_id, force=True)
    assert not any(reused(ran).values())
    before = {r.stage: r.manifest.content_digest for r in processed.ran}
    after = {r.stage: r.manifest.content_digest for r in ran}
    # Deterministic to the byte, encodes included.
    assert after == before


def test_a_changed_look_renders_again_and_analyses_nothing(again):
    engine, video_id = again
    home = engine.settings.home
    (home / "channels.yaml").write_text(
        CHANNELS.replace("default:\n", "default:\n    captions: {uppercase: true}\n", 1)
    )
    ran = run_all(make_engine(home), video_id)
    stale = {name for name, was in reused(ran).items() if not was}
    assert stale == {"rendered_clips", "platform_exports/tiktok", "platform_exports/youtube_shorts"}


def test_changed_terms_make_the_transcript_anew_and_nothing_before_it(again):
    engine, video_id = again
    home = engine.settings.home
    before = engine.manifest(video_id, "transcript")

    def transcript_with(more):
        (home / "channels.yaml").write_text(CHANNELS.replace("default:\n", f"default:\n{more}", 1))
        changed = make_engine(home)
        order = changed.order(video_id)
        names = ("source_video", "audio", "silence_regions", "transcript")
        return [changed.run_stage(name, video_id, order) for name in names]

    # What changes nothing is found again.
    *_, same = transcript_with("    terms: []\n")
    assert same.reused and same.manifest.fingerprint == before.fingerprint
    *first, done = transcript_with("    terms: [{name: Theoreme, sounds_like: [theorem]}]\n")
    assert all(r.reused for r in first) and not done.reused
    texts = [w.text.strip(".,").casefold() for w in done.document.words]
    assert texts.count("theoreme") >= 1 and "theorem" not in texts
    assert [f.kind for f in done.document.flags] == ["term"]
    *first, done = transcript_with("    profanity: mask\n")
    assert all(r.reused for r in first) and not done.reused
    # Nothing of it is strong language: the same words, and so nothing after them is stale.
    assert done.manifest.content_digest == before.content_digest


def test_a_changed_sidecar_title_renders_nothing(again, talk):
    """Segments are chosen again, with the same result: nothing after them is touched."""
    engine, video_id = again
    with instructed(talk, "priority: 3\n"):
        take(engine, talk.path)
    ran = reused(run_all(engine, video_id))
    assert not ran["scored_segments"]
    assert ran["rendered_clips"] and ran["topics"]


def test_fewer_clips_encode_nothing(again):
    engine, video_id = again
    ran = run_all(engine, video_id, clips=1)
    clips = next(r for r in ran if r.stage == "rendered_clips")
    assert isinstance(clips.document, RenderedClips)
    assert len(clips.document.clips) == 1
    assert (clips.items_made, clips.items_reused) == (0, 1)


def test_one_more_platform_of_the_same_shape_is_a_copy(again):
    engine, video_id = again
    ran = run_all(engine, video_id, platforms=("tiktok", "instagram_reels"))
    made = {r.stage: (r.items_made, r.items_reused) for r in ran if not r.reused}
    assert set(made) == {"platform_exports/instagram_reels"}


def test_a_lost_clip_is_made_again_and_only_that(again):
    engine, video_id = again
    clips = run_all(engine, video_id)[-1]
    del clips
    document = engine.artifacts.document(engine.manifest(video_id, "rendered_clips"), RenderedClips)
    lost = document.clips[0].files[0]
    manifest = engine.artifacts.find(video_id, Folder.CLIPS, lost.artifact, lost.fingerprint)
    engine.store.delete(manifest.file("clip.mp4").key)
    ran = run_all(engine, video_id)
    rendered = next(r for r in ran if r.stage == "rendered_clips")
    assert (rendered.items_made, rendered.items_reused) == (1, len(document.clips) - 1)


def test_what_a_stage_needs_and_lacks_is_named(engine, talk):
    video_id = take(engine, talk.path).video_id
    with pytest.raises(InputRejected, match="topics needs transcript"):
        engine.run_stage("topics", video_id, engine.order(video_id))
    stages = engine.catalog.stages(video_id)
    assert stages[0].stage == "topics" and "never made" in stages[0].error


def test_the_catalog_holds_the_current_result(processed):
    catalog = processed.engine.catalog
    clips = processed.document("rendered_clips").clips
    assert [r.clip_id for r in catalog.clips(processed.video_id)] == [c.clip_id for c in clips]
    assert len(catalog.exports(processed.video_id)) == 2 * len(clips)
    assert {s.stage for s in catalog.stages(processed.video_id)} == set(
        TALKS.names(("tiktok", "youtube_shorts"))
    )


def test_scratch_is_left_clean(processed):
    work = processed.engine.settings.scratch / "work"
    assert list(work.glob("*")) == []
    staged = (processed.engine.store.root / ".staging").iterdir()
    assert [p for p in staged if p.suffix != ".lock"] == []


KILLED = """
import sys
from pathlib import Path
from vidpipe_tests.conftest import make_engine, run_all
run_all(make_engine(Path(sys.argv[1])), sys.argv[2])
"""


def test_a_kill_while_rendering_loses_at_most_the_clip_in_the_making(talk, tmp_path):
    """SIGKILL to the whole process group, as an operator or the kernel would."""
    home = tmp_path / "home"
    engine = make_engine(home)
    video_id = take(engine, talk.path).video_id
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home), video_id],
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    clips = engine.store.root / "default" / video_id / "clips"
    try:
        for _ in range(1200):
            if list(clips.glob("clip-*.manifest.json")) or worker.poll() is not None:
                break
            time.sleep(0.05)
        assert worker.poll() is None, "it ended before it could be killed"
        os.killpg(worker.pid, signal.SIGKILL)
    finally:
        worker.wait(timeout=30)
    finished = {p.name for p in clips.glob("clip-*.manifest.json")}
    assert finished
    # Nothing half-written can be seen: every visible object is whole or not named yet.
    for path in clips.glob("*.manifest.json"):
        for item in json.loads(path.read_text())["files"]:
            assert (engine.store.root / item["key"]).stat().st_size == item["size_bytes"]
    assert engine.manifest(video_id, "rendered_clips") is None
    ran = run_all(engine, video_id)
    rendered = next(r for r in ran if r.stage == "rendered_clips")
    assert rendered.items_reused == len(finished)
    assert rendered.items_made == len(rendered.document.clips) - len(finished)
    assert engine.artifacts.sweep() >= 1


# Videos with little in them


def result_of(tmp_path: Path, path: Path) -> tuple[Engine, RenderedClips]:
    engine = make_engine(tmp_path / "home")
    outcome = take(engine, path, sidecars=False)
    assert outcome.video_id is not None, outcome.message
    ran = run_all(engine, outcome.video_id)
    return engine, next(r.document for r in ran if r.stage == "rendered_clips")


def quiet_page(bullets=("one",), title="A page"):
    return ScriptPage(title, bullets, ("A b c d e f g h i j k l m n o p.",), 4.0)


def test_a_video_without_sound_is_cut_at_its_slides(tmp_path):
    path = tmp_path / "silent.mp4"
    pages = [quiet_page(title=t) for t in ("First", "Second", "Third")]
    make_talk(path, pages, TalkLook(width=640, height=360, sound=False))
    _, clips = result_of(tmp_path, path)
    assert clips.clips
    for clip in clips.clips:
        assert clip.files[0].measures.integrated_lufs is None
        assert clip.files[0].measures.audio_duration_s == pytest.approx(clip.duration_s, abs=0.05)


def test_a_static_picture_without_sound_has_nothing_to_cut_and_says_so(tmp_path):
    path = tmp_path / "still.mp4"
    make_talk(path, [quiet_page()], TalkLook(width=640, height=360, sound=False, camera=False))
    _, clips = result_of(tmp_path, path)
    assert clips.clips == ()
    assert "nothing to cut" in clips.empty_reason


def test_a_video_shorter_than_a_clip_says_so(tmp_path):
    path = tmp_path / "short.mp4"
    make_talk(path, [ScriptPage("A", ("b",), ("Hi.",), 0.5)], TalkLook(width=640, height=360))
    _, clips = result_of(tmp_path, path)
    assert clips.clips == () and "shortest clip" in clips.empty_reason


def test_speech_without_faces_or_transcript_still_gives_clips(tmp_path):
    """Slides only: the carried recogniser's words are a draft and are not burned in."""
    path = tmp_path / "slides.mp4"
    pages = [ScriptPage(p.title, p.bullets, p.sentences[:2], 1.2) for p in DEMO_TALK[1:3]]
    make_talk(path, pages, TalkLook(width=640, height=360, camera=False))
    path.with_suffix(".srt").unlink()
    _engine, clips = result_of(tmp_path, path)
    assert clips.clips
    assert {p.composition.value for c in clips.clips for p in c.parts} == {"screen"}
    for clip in clips.clips:
        m = clip.files[0].measures
        assert (m.width, m.height) == (1080, 1920)
    assert not any(f.captions for c in clips.clips for f in c.files)
    assert all(f.has_subtitles for c in clips.clips for f in c.files)
