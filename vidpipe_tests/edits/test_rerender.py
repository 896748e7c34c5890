"""With the real engine: what an edit touches is made anew, and nothing else."""

import shutil

import av
import cv2
import numpy as np
import pytest

from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe.clips.model import RenderedClips
from vidpipe.edits.merging import BadEdit
from vidpipe.edits.model import EditDocument
from vidpipe.exports.model import PlatformExports
from vidpipe.library import EditAuthor, EditsChanged, Library, Refused
from vidpipe.library.edit_runs import work_off_one
from vidpipe.pipeline.planning import plan
from vidpipe_tests.conftest import make_engine, run_all

ME = EditAuthor("me")


@pytest.fixture
def library(processed, tmp_path):
    """A copy of the processed home, free to change."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    made = Library(make_engine(home))
    # As the runs of stages that made it would have left it.
    made.engine.catalog.finish_video(processed.video_id, now())
    return made


def made(engine, video_id):
    """What a run made and reused: stages, and items of them."""
    ran = {r.stage: r for r in run_all(engine, video_id)}
    fresh = {name for name, r in ran.items() if not r.reused}
    return ran, fresh


def keys(ran, stage):
    return {c.clip_id: c.files[0].fingerprint for c in ran[stage].document.clips}


def test_a_corrected_word_makes_its_clip_anew_and_no_other(library, processed):
    video_id, edits = processed.video_id, library.edits
    before: RenderedClips = processed.document("rendered_clips")
    first, second = before.clips
    said = library.transcript(video_id)
    word = next(w for w in said.words if second.segment.start_s + 2 < w.start_s)
    view = edits.patch_clip(
        video_id,
        second.clip_id,
        {"words": [{"start_s": word.start_s, "text": "Zounds"}]},
        version=0,
        by=ME,
    )
    assert view.version == 1 and not view.rendered
    (kept,) = view.document.clip_edits
    assert kept.words[0].was == word.text and kept.moment == second.segment
    planned = plan(library.engine, video_id)
    assert "rendered_clips" in planned.stages and "transcript" not in planned.stages
    estimate = edits.estimate(video_id)
    assert [(c.clip, c.why, c.pictures) for c in estimate.clips] == [
        (second.clip_id, ("words",), True)
    ]
    assert estimate.seconds > 0
    ran, fresh = made(library.engine, video_id)
    assert fresh == {"rendered_clips", "platform_exports/tiktok", "platform_exports/youtube_shorts"}
    assert (ran["rendered_clips"].items_made, ran["rendered_clips"].items_reused) == (1, 1)
    assert (ran["platform_exports/tiktok"].items_made) == 1
    after = keys(ran, "rendered_clips")
    assert after[first.clip_id] == first.files[0].fingerprint
    assert after[second.clip_id] != second.files[0].fingerprint
    clip = ran["rendered_clips"].document.clips[1]
    manifest = library.engine.artifacts.find(
        video_id,
        library.engine.pipeline.folder("rendered_clips"),
        clip.files[0].artifact,
        clip.files[0].fingerprint,
    )
    shown = library.engine.store.get_bytes(manifest.file("clip.srt").key).decode()
    assert "Zounds" in shown
    assert edits.get(video_id).rendered
    # Taken back, what was there before is found, and nothing is made.
    edits.reset_clip(video_id, second.clip_id, version=1, by=ME)
    ran, fresh = made(library.engine, video_id)
    assert fresh == set()


def test_texts_of_posts_are_written_anew_and_nothing_is_encoded(library, processed):
    video_id = processed.video_id
    clip = processed.document("rendered_clips").clips[0]
    library.edits.patch_clip(
        video_id, "1", {"description": "Two sentences.", "hashtags": ["mine"]}, version=None, by=ME
    )
    assert [c.pictures for c in library.edits.estimate(video_id).clips] == [False]
    ran, _ = made(library.engine, video_id)
    assert (ran["rendered_clips"].items_made, ran["rendered_clips"].items_reused) == (0, 2)
    exports: PlatformExports = ran["platform_exports/tiktok"].document
    assert ran["platform_exports/tiktok"].items_made == 1
    (changed,) = [e for e in exports.exports if e.clip_id == clip.clip_id]
    assert changed.method.value == "copy"
    posts = library.outputs.posts(channels={"default"}, video_id=video_id, platform="tiktok")
    (post,) = [p for p in posts.items if p.clip_id == clip.clip_id]
    assert post.hashtags == ("mine",) and "Two sentences." in post.description


def test_a_deleted_word_is_gone_from_picture_sound_and_captions_alike(library, processed):
    video_id = processed.video_id
    clip = processed.document("rendered_clips").clips[0]
    words = [w for w in library.transcript(video_id).words if clip.segment.contains(w.start_s)]
    word = words[len(words) // 2]
    library.edits.patch_clip(
        video_id,
        clip.clip_id,
        {"cuts": [{"start_s": word.start_s, "end_s": word.end_s}]},
        version=None,
        by=ME,
    )
    ran, _ = made(library.engine, video_id)
    assert ran["rendered_clips"].items_made == 1
    cut = next(c for c in ran["rendered_clips"].document.clips if c.clip_id == clip.clip_id)
    gone_s = clip.duration_s - cut.duration_s
    assert gone_s == pytest.approx(word.end_s - word.start_s, abs=0.12)
    assert not any(k.contains((word.start_s + word.end_s) / 2) for k in cut.kept)
    file = cut.files[0]
    assert file.measures.video_duration_s == pytest.approx(file.measures.audio_duration_s, abs=0.04)
    assert cut or file.quality.issues == clip.files[0].quality.issues
    manifest = library.engine.artifacts.manifest(
        video_id, library.engine.pipeline.folder("rendered_clips"), file.artifact, file.fingerprint
    )
    assert _click(library.engine.artifacts.path(manifest.file("clip.mp4")), cut.kept) < 1.0


def _click(path, kept):
    """The largest step between samples at joins, next to the largest that speech has itself."""
    with av.open(str(path)) as media:
        sound = np.concatenate([f.to_ndarray().mean(axis=0) for f in media.decode(audio=0)]).astype(
            np.float64
        )
        rate = media.streams.audio[0].rate
    steps = np.abs(np.diff(sound))
    joins, at = [], 0.0
    for item in kept[:-1]:
        at += item.duration_s
        joins.append(round(at * rate))
    near = np.zeros(len(steps), bool)
    for join in joins:
        near[max(0, join - rate // 100) : join + rate // 100] = True
    return steps[near].max() / steps[~near].max() if joins else 0.0


def test_split_dropped_and_added_clips_come_and_go(library, processed):
    video_id, edits = processed.video_id, library.edits
    one, two = processed.document("rendered_clips").clips
    middle = (one.segment.start_s + one.segment.end_s) / 2
    view = edits.split(video_id, one.clip_id, middle, version=0, by=ME)
    view = edits.patch_clip(video_id, two.clip_id, {"kept": False}, version=view.version, by=ME)
    ran, _ = made(library.engine, video_id)
    clips = ran["rendered_clips"].document.clips
    added = view.document.clip_edits[1].clip
    assert [c.clip_id for c in clips] == [one.clip_id, added]
    assert clips[0].segment.end_s == clips[1].segment.start_s == pytest.approx(middle)
    shown = library.player.timeline(video_id).clips
    assert {(c.clip, c.dropped, c.added) for c in shown} == {
        (one.clip_id, False, False),
        (added, False, True),
        (two.clip_id, True, False),
    }
    back = edits.restore(video_id, 0, version=2, by=ME)
    assert back.version == 3 and back.based_on == 0 and back.document == EditDocument()
    ran, _ = made(library.engine, video_id)
    assert keys(ran, "rendered_clips") == {c.clip_id: c.files[0].fingerprint for c in (one, two)}
    assert [v.changes for v in edits.versions(video_id).items][1] == (f"clip {two.clip_id}: kept",)


def test_a_moved_crop_box_shows_what_is_in_it(library, processed):
    video_id = processed.video_id
    clip = processed.document("rendered_clips").clips[0]
    box = {"x": 0, "y": 0, "width": 200, "height": 356}
    library.edits.patch_clip(
        video_id,
        clip.clip_id,
        {"framing": [{"camera": box, "composition": "speaker"}]},
        version=None,
        by=ME,
    )
    ran, _ = made(library.engine, video_id)
    assert ran["rendered_clips"].items_made == 1
    part = ran["rendered_clips"].document.clips[0].parts[0]
    assert part.composition.value == "speaker" and part.camera.rect.x == 0
    file = ran["rendered_clips"].document.clips[0].files[0]
    # It shows the place of the recording that it is to show.
    assert file.quality.elsewhere_s == 0 and file.quality.black_s == 0


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_a_crop_that_moves_shows_what_is_on_its_way(library, processed, talk, cut):
    """Pictures of the clip are looked for in those of the recording: they are where the crop is.

    Also where another choice, in the middle of its way, cuts it in two.
    """
    video_id = processed.video_id
    clip = processed.document("rendered_clips").clips[0]
    begin = {"x": 0, "y": 20, "width": 180, "height": 320}
    end = {"x": 500, "y": 100, "width": 135, "height": 240}
    framing = [{"composition": "speaker", "camera": begin, "camera_to": end}]
    if cut:
        middle_s = _recorded_s(clip.kept, clip.duration_s / 2)
        framing.append({"start_s": middle_s - 1, "end_s": middle_s + 1, "composition": "fit"})
    library.edits.patch_clip(video_id, clip.clip_id, {"framing": framing}, version=None, by=ME)
    ran, _ = made(library.engine, video_id)
    clips = ran["rendered_clips"].document.clips
    moved = next(c for c in clips if c.clip_id == clip.clip_id)
    file = moved.files[0]
    assert cut or file.quality.issues == clip.files[0].quality.issues
    manifest = library.engine.artifacts.manifest(
        video_id, library.engine.pipeline.folder("rendered_clips"), file.artifact, file.fingerprint
    )
    shown = _greys(library.engine.artifacts.path(manifest.file("clip.mp4")))
    recorded = _greys(talk.path)
    per_s = len(recorded) / processed.document("layout").duration_s
    for share in (0.0, 0.2, 0.3, 0.75, 0.9, 1.0):
        number = round(share * (len(shown) - 1))
        eased = share * share * (3 - 2 * share)
        x, y, height = (
            begin[side] + eased * (end[side] - begin[side]) for side in ("x", "y", "height")
        )
        at_s = _recorded_s(moved.kept, number / len(shown) * moved.duration_s)
        picture = cv2.resize(shown[number], (round(height * 9 / 16), round(height)))
        assert _found(picture, recorded[round(at_s * per_s)]) == pytest.approx((x, y), abs=6), share


def _recorded_s(kept, clip_s):
    """Where a moment of a clip lies in the recording."""
    for item in kept:
        if clip_s < item.duration_s:
            return item.start_s + clip_s
        clip_s -= item.duration_s
    return kept[-1].end_s


def _found(picture, source):
    """Where in the source a picture lies best, by what is above and below of its captions."""
    height = len(picture)
    bands = ((0, round(0.46 * height)), (round(0.66 * height), height))
    found = []
    for first, last in bands:
        band = picture[first:last]
        # Of an empty page any place is as good.
        if band.std() < 5:
            continue
        _, likeness, _, (x, y) = cv2.minMaxLoc(
            cv2.matchTemplate(source, band, cv2.TM_CCOEFF_NORMED)
        )
        found.append((likeness, (x, y - first)))
    assert found, "nothing is to be seen"
    return max(found)[1]


def _greys(path):
    """Every picture of a film."""
    with av.open(str(path)) as media:
        return [frame.to_ndarray(format="gray") for frame in media.decode(video=0)]


def test_what_is_asked_for_is_made_by_whoever_is_there_first(library, processed):
    video_id, edits = processed.video_id, library.edits
    with pytest.raises(Refused, match="nothing to make"):
        edits.render(video_id, by="me")
    edits.patch_clip(video_id, "1", {"description": "Other words."}, version=None, by=ME)
    asked = edits.render(video_id, by="me")
    assert asked.job.stages and "transcript" not in asked.job.stages
    assert [c.pictures for c in asked.estimate.clips] == [False]
    catalog = library.engine.catalog
    # The orchestrator leaves it alone for a moment; whoever takes it has it alone.
    assert catalog.requests.due(10) == [] and catalog.requests.has_open([Cause.EDIT])
    outcome = work_off_one(library.engine)
    assert outcome is not None and outcome.error is None, outcome
    assert work_off_one(library.engine) is None
    assert library.jobs.get(asked.job.job_id).state == "done"
    assert edits.get(video_id).rendered and catalog.requests.videos() == set()


def test_what_cannot_be_made_is_a_failure_as_any_other(library, processed, monkeypatch):
    video_id = processed.video_id
    library.edits.patch_clip(video_id, "1", {"description": "Other."}, version=None, by=ME)
    asked = library.edits.render(video_id, by="me")
    monkeypatch.setattr(
        type(library.engine),
        "run_stage",
        lambda *_, **__: (_ for _ in ()).throw(OSError("no disk")),
    )
    outcome = work_off_one(library.engine)
    assert outcome.error is not None and "no disk" in outcome.message
    assert [f.message for f in library.failures(subject=video_id)] == ["no disk"]
    assert library.jobs.get(asked.job.job_id).state in ("queued", "failed")
    assert not library.engine.catalog.requests.in_flight()


def test_two_who_save_at_once_get_one_answer_and_nothing_is_lost(library, processed):
    video_id, edits = processed.video_id, library.edits
    edits.put(video_id, EditDocument(template="pop"), version=0, by=ME)
    with pytest.raises(EditsChanged) as refused:
        edits.put(video_id, EditDocument(template="classic"), version=0, by=EditAuthor("you"))
    assert refused.value.version == 1 and refused.value.document.template == "pop"
    assert edits.get(video_id).version == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"template": "baroque"}, "template: there is no 'baroque'"),
        ({"platforms": ["myspace"]}, "platforms: the video is not made for 'myspace'"),
        ({"music": "asset:waltz"}, "music: the channel has no sound 'waltz'"),
        ({"start_s": 5000.0, "end_s": 5010.0}, "past the end of the recording"),
        ({"cuts": [{"quote": "purple dragons"}]}, "cuts.0.quote"),
        ({"words": [{"start_s": 0.0, "was": "dragon", "text": "x"}]}, "is not said at"),
        (
            {"framing": [{"camera": {"x": 9000, "y": 0, "width": 10, "height": 10}}]},
            "framing.0.camera: it reaches out of the picture",
        ),
        (
            {
                "framing": [
                    {
                        "composition": "speaker",
                        "camera": {"x": 0, "y": 0, "width": 90, "height": 160},
                        "camera_to": {"x": 600, "y": 0, "width": 90, "height": 160},
                    }
                ]
            },
            "framing.0.camera_to: it reaches out of the picture",
        ),
    ],
)
def test_what_cannot_be_of_this_video_is_named(library, processed, fields, said):
    with pytest.raises(BadEdit) as refused:
        library.edits.patch_clip(processed.video_id, "1", fields, version=None, by=ME)
    assert said in str(refused.value)
    assert library.edits.get(processed.video_id).version == 0
