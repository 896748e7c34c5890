"""Clips measured on the finished files."""

import shutil
from fractions import Fraction

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.channels.model import ClipLimits
from vidpipe.clips.canvas import arrange
from vidpipe.clips.edits import edit_list, output_fps
from vidpipe.clips.model import ClipOptions, Composition, RenderedClips
from vidpipe.clips.text.captions import clip_words
from vidpipe.media.ffmpeg import executable, render
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import probe
from vidpipe.programs import ProgramFailed, run_program
from vidpipe.segments.model import Segments
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.timeline import intersection, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe_tests.clips.shared import VERTICAL, branded, clip_files, lag_frames, segment_of
from vidpipe_tests.conftest import Processed, make_engine, run_all, take


def test_clips_are_as_long_as_planned_picture_and_sound_alike(processed):
    found = list(clip_files(processed))
    assert found
    for clip, file, path in found:
        info = probe(path)
        assert (info.video.width, info.video.height) == (1080, 1920)
        m = file.measures
        assert m.video_duration_s == pytest.approx(clip.duration_s, abs=0.5 / m.fps)
        assert abs(m.video_duration_s - m.audio_duration_s) <= 0.022
        assert sum(k.duration_s for k in clip.kept) == pytest.approx(clip.duration_s, abs=1e-3)


def test_picture_and_sound_stay_in_step_through_every_cut(processed, tmp_path):
    for clip, _, path in clip_files(processed):
        assert abs(lag_frames(path, tmp_path)) <= 1, clip.rank


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".ts", {"c": "copy", "muxdelay": 3}),
        (".mkv", {"c": "copy", "output_ts_offset": 4000}),
        # Every seventh frame left out: a variable frame rate.
        (
            ".mp4",
            {"vf": "select='mod(n,7)'", "fps_mode": "vfr", "preset": "ultrafast", "c:a": "copy"},
        ),
    ],
)
def test_sources_with_odd_clocks_stay_in_step(talk, tmp_path, suffix, options):
    path = tmp_path / f"odd{suffix}"
    render(ffmpeg.output(ffmpeg.input(str(talk.path)), str(path), **options), timeout_s=120)
    shutil.copy(talk.path.with_suffix(".srt"), path.with_suffix(".srt"))
    engine = make_engine(tmp_path / "home")
    video_id = take(engine, path).video_id
    ran = run_all(engine, video_id, clips=1)
    done = Processed(engine, video_id, ran)
    [(_, file, clip)] = list(clip_files(done))
    assert abs(lag_frames(clip, tmp_path)) <= 1
    m = file.measures
    assert abs(m.video_duration_s - m.audio_duration_s) <= 0.022


def test_a_logo_is_drawn_at_the_top(analysed, tmp_path):
    logo = tmp_path / "logo.png"
    cv2.imwrite(str(logo), np.full((40, 120, 3), (255, 0, 255), np.uint8))
    _, _, path = branded(analysed, f"{{logo: {logo}}}")
    with FrameReader(path, probe(path), max_width=1080) as reader:
        shown = reader.at(5.0).image[48 : 48 + 84, 120 : 120 + 252].astype(int)
    assert np.abs(shown - np.array([255, 0, 255])).mean() < 12


def accent_share(image):
    """Of each row, the share that is in the default accent colour, shape (h,)."""
    off = np.abs(image.astype(int) - np.array([0x3F, 0xD2, 0xFF])).max(axis=2)
    return (off < 40).mean(axis=1)


def test_a_title_opens_the_clip_and_a_bar_fills(analysed):
    clip, _, path = branded(analysed, "{title_card: title, title_card_s: 2, progress_bar: true}")
    with FrameReader(path, probe(path), max_width=1080) as reader:
        early, later = reader.at(1.0).image, reader.at(3.0).image
        for share in (0.25, 0.5, 0.9):
            bar = accent_share(reader.at(share * clip.duration_s).image[1912:1918])
            assert bar.mean() == pytest.approx(share, abs=0.02)
    rows = np.flatnonzero(accent_share(early)[:760] > 0.05)
    assert rows.min() >= 288 and rows.max() < 600
    columns = np.flatnonzero(
        np.abs(early[rows.min() + 4].astype(int) - np.array([0x3F, 0xD2, 0xFF])).max(axis=1) < 40
    )
    assert columns.min() >= 120 and columns.max() <= 888
    assert (accent_share(later)[288:400] > 0.05).sum() == 0


def test_long_pauses_are_gone_and_words_are_not(processed, talk, tmp_path):
    clips: RenderedClips = processed.document("rendered_clips")
    transcript: Transcript = processed.document("transcript")
    for clip in clips.clips:
        gaps = [b.start_s - a.end_s for a, b in zip(clip.kept, clip.kept[1:], strict=False)]
        assert all(g > 0 for g in gaps)
        inside = [
            w
            for w in transcript.words
            if clip.segment.start_s <= w.start_s and w.end_s <= clip.segment.end_s
        ]
        lost = [
            w
            for w in inside
            if not any(k.overlap_s(span(w.start_s, w.end_s)) > 0 for k in clip.kept)
        ]
        assert lost == []
    for clip, _, path in clip_files(processed):
        sound = decode_samples(path, probe(path), tmp_path / f"{path.stem}.wav")
        within = span(0.0, clip.duration_s)
        pauses = intersection(find_silence(sound, SilenceOptions())[0].silences, [within])
        # What is cut off at either end is no pause; edges are told to some 0.1 s.
        inner = [p for p in pauses if p.start_s > 0.5 and p.end_s < clip.duration_s - 0.5]
        assert inner and max(p.duration_s for p in inner) <= ClipLimits().max_pause_s + 0.1


def test_a_stack_shows_the_slide_above_and_the_speaker_below(processed, talk):
    """Each region is compared with the source it is taken from."""
    clip, _, path = next(clip_files(processed))
    assert {p.composition for p in clip.parts} == {Composition.STACK}
    part = clip.parts[0]
    where = arrange(part, VERTICAL, captions=True)
    t_clip = 2.0
    edit_start = clip.kept[0].start_s
    source_info, clip_info = probe(talk.path), probe(path)
    with FrameReader(talk.path, source_info, max_width=640) as reader:
        source = reader.at(edit_start + t_clip).image
    with FrameReader(path, clip_info, max_width=1080) as reader:
        shown = reader.at(t_clip).image
    s = part.screen
    want = cv2.resize(
        source[s.y : s.bottom, s.x : s.right], (where.screen.width, where.screen.height)
    )
    got = shown[where.screen.y : where.screen.bottom, where.screen.x : where.screen.right]
    off = np.abs(want.astype(int) - got.astype(int))
    # Its text would be too small to read: what of the page is empty, and the inset, are left out.
    assert s.width < 0.9 * 640 and part.inset is None
    assert off.mean() < 8
    from vidpipe.media.faces import DlibFaces

    below = shown[where.camera.y : where.camera.bottom, where.camera.x : where.camera.right]
    faces = DlibFaces().detect(np.ascontiguousarray(below))
    assert faces and faces[0].rect.height > 0.25 * where.camera.height


def test_a_clip_that_fails_is_made_plainly_or_reported_alone(analysed, monkeypatch):
    from vidpipe.pipeline.rendering import renderer

    real = renderer.render_clip
    tried = []

    def failing(source, info, outputs, *more):
        rank = outputs[0].plan.rank
        tried.append(rank)
        if rank == 1 or (rank == 2 and tried.count(2) == 1):
            raise ProgramFailed("ffmpeg", 1, "Invalid argument")
        return real(source, info, outputs, *more)

    monkeypatch.setattr(renderer, "render_clip", failing)
    engine, video_id = analysed()
    done = Processed(engine, video_id, run_all(engine, video_id, platforms=("tiktok",)))
    document = done.document("rendered_clips")
    chosen = done.document("scored_segments").segments
    assert len(chosen) >= 2
    (failed,) = document.failed
    assert failed.rank == 1 and "Invalid argument" in failed.why
    assert [c.rank for c in document.clips] == [s.rank for s in chosen[1:]]
    assert [c.files[0].plain for c in document.clips] == [c.rank == 2 for c in document.clips]
    assert tried.count(1) == tried.count(2) == 2
    # Another time it may go well: what failed is made, what is there stays.
    monkeypatch.setattr(renderer, "render_clip", real)
    again = Processed(engine, video_id, run_all(engine, video_id, platforms=("tiktok",)))
    document = again.document("rendered_clips")
    assert document.failed == () and len(document.clips) == len(chosen)
    rendered = next(r for r in again.ran if r.stage == "rendered_clips")
    assert (rendered.items_made, rendered.items_reused) == (2, len(chosen) - 2)
    third = run_all(engine, video_id, platforms=("tiktok",))
    assert all(result.reused for result in third)


def test_all_shapes_of_a_clip_are_made_in_one_go_and_a_new_one_alone(
    analysed, tmp_path, monkeypatch
):
    from vidpipe.pipeline.rendering import renderer

    real, made = renderer.render_clip, []

    def counted(source, info, outputs, *more):
        made.append([o.variant.name for o in outputs])
        return real(source, info, outputs, *more)

    monkeypatch.setattr(renderer, "render_clip", counted)
    engine, video_id = analysed()
    run_all(engine, video_id, clips=1, platforms=("tiktok", "youtube"))
    assert made == [["1080x1920-draft", "1920x1080-plain-draft"]]
    ran = run_all(engine, video_id, clips=1, platforms=("tiktok", "youtube", "instagram_feed"))
    assert made[1:] == [["1080x1350-draft"]]
    done = Processed(engine, video_id, ran)
    sizes = {}
    for clip, file, path in clip_files(done):
        m = file.measures
        sizes[file.variant] = (m.width, m.height)
        assert file.captions == ("plain" not in file.variant)
        assert abs(m.video_duration_s - clip.duration_s) <= 1 / m.fps + 1e-3
        if file.variant == "1080x1920-draft":
            assert abs(lag_frames(path, tmp_path)) <= 1
    assert sizes == {
        "1080x1920-draft": (1080, 1920),
        "1920x1080-plain-draft": (1920, 1080),
        "1080x1350-draft": (1080, 1350),
    }
    for result in ran:
        if result.stage.startswith("platform_exports/"):
            assert result.document.exports and all(e.conforms for e in result.document.exports)


def test_every_exported_file_conforms(processed):
    for result in processed.ran:
        if result.stage.startswith("platform_exports/"):
            for export in result.document.exports:
                assert [r for r in export.rules if not r.ok] == []


def test_a_decoder_that_did_not_make_them_plays_every_export(processed):
    """Cisco's OpenH264 is no relative of x264 or of ffmpeg's own decoder."""
    for result in processed.ran:
        if not result.stage.startswith("platform_exports/"):
            continue
        for export in result.document.exports:
            path = processed.engine.store.local_path(export.key)
            decode = ["-v", "warning", "-c:v", "libopenh264", "-i", str(path), "-f", "null", "-"]
            assert run_program([executable(), *decode], timeout_s=120) == ""


def test_segments_of_the_talk_start_at_sentences(processed, talk):
    found: Segments = processed.document("scored_segments")
    assert found.segments
    for segment in found.segments:
        nearest = min(abs(segment.start_s - s[0]) for s in talk.truth.sentences)
        assert nearest < 0.4


# Pure parts


def test_fillers_go_with_the_pauses_around_them():
    said = [("So", 0.5, 0.8), ("um,", 1.0, 1.4), ("this", 1.9, 2.2), ("Uh", 2.25, 2.5)]
    said += [("is", 2.55, 2.7), ("umbrella", 2.8, 3.4), ("um", 3.6, 3.9)]
    words = [Word(text=t, start_s=a, end_s=b) for t, a, b in said]
    speech = SpeechMap(duration_s=4.2, silences=(span(0.8, 1.0), span(1.4, 1.9), span(3.4, 3.6)))
    options = ClipOptions(variants=(VERTICAL,), fillers=("um", "uh"))
    edit = edit_list(segment_of(0.4, 3.7), speech, words, options, Fraction(25), 4.2)
    heard = [w.text for w in clip_words(words, edit)]
    assert heard == ["So", "this", "is", "umbrella"]
    # "um" and its two pauses are one pause of 1.1 s, of which 0.3 stays.
    first, second, third = edit.intervals
    assert [first.end_s, second.start_s] == pytest.approx([0.9, 1.7], abs=0.05)
    assert [second.end_s, third.start_s] == pytest.approx([2.22, 2.52], abs=0.05)
    kept_all = edit_list(
        segment_of(0.4, 3.7), speech, words, ClipOptions(variants=()), Fraction(25), 4.2
    )
    assert len(kept_all.intervals) == 1


@pytest.mark.parametrize(
    ("source", "wanted"),
    [(25, 25), (29.97, Fraction(30000, 1001)), (60, 30), (50, 25), (5, 30), (15, 30), (54.2, 25)],
)
def test_output_rates_are_standard(source, wanted):
    assert output_fps(source) == wanted
