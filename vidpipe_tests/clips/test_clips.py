"""Clips measured on the finished files."""

import dataclasses
import re
import shutil
import wave
from fractions import Fraction

import av
import cv2
import ffmpeg
import numpy as np
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.arrange import arrange
from vidpipe.clips.captions import clip_words, groups_of, safe_text, text_width, write_captions
from vidpipe.clips.edits import edit_list, output_fps
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, RenderedClips, Variant
from vidpipe.clips.plan import face_on
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import Output, render_clip
from vidpipe.clips.sound import make_sound
from vidpipe.framing.model import CropPath, FacePoint, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import executable, render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.media.process import ProgramFailed, run_program
from vidpipe.media.samples import decode_samples
from vidpipe.platforms import load_tiers
from vidpipe.segments.model import Segment, Segments
from vidpipe.silence.model import SpeechMap
from vidpipe.storage.keys import Folder
from vidpipe.timeline import EditList, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe_tests.conftest import Processed, make_engine, run_all, take

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))


def clip_files(processed):
    for clip in processed.document("rendered_clips").clips:
        for file in clip.files:
            manifest = processed.engine.artifacts.find(
                processed.video_id, Folder.CLIPS, file.artifact, file.fingerprint
            )
            yield clip, file, processed.engine.artifacts.path(manifest.file("clip.mp4"))


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


def test_loudness_and_true_peak_of_the_encoded_files(processed):
    for _, file, _ in clip_files(processed):
        assert file.measures.integrated_lufs == pytest.approx(-14.0, abs=0.7)
        assert file.measures.true_peak_dbtp <= -1.0


def lag_frames(path, work) -> int:
    """By how many frames (25 a second) the made-up speaker's mouth is behind the voice."""
    info = probe(path)
    samples = decode_samples(path, info, work / "clip.wav")
    mouth, loud = [], []
    fps = 25
    with FrameReader(path, info, max_width=540) as reader:
        for frame in reader.every(1 / fps):
            h, w = frame.image.shape[:2]
            face = frame.image[int(h * 0.72) : int(h * 0.9), int(w * 0.3) : int(w * 0.7)]
            dark_red = (face[..., 2] < 120) & (face[..., 0] < 60) & (face[..., 1] < 60)
            mouth.append(float(dark_red.mean()))
            chunk = samples.read(frame.t_s, frame.t_s + 1 / fps)
            loud.append(float(np.sqrt((chunk**2).mean())) if len(chunk) else 0.0)
    assert np.std(mouth) > 0
    m, s = np.array(mouth) - np.mean(mouth), np.array(loud) - np.mean(loud)
    lags = range(-10, 11)
    return max(lags, key=lambda lag: float((np.roll(m, -lag) * s)[12:-12].sum()))


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


def branded(analysed, brand):
    engine, video_id = analysed(
        f"channels: {{default: {{quality: draft, clips: {{min_s: 6, max_s: 20}}, brand: {brand}}}}}"
    )
    done = Processed(engine, video_id, run_all(engine, video_id, clips=1, platforms=("tiktok",)))
    [(clip, file, path)] = list(clip_files(done))
    return clip, file, path


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
    clip, _, path = branded(analysed, "{opening: title, opening_s: 2, progress: true}")
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


def test_music_lies_under_the_speech_and_makes_way_for_it(analysed, tmp_path):
    music = tmp_path / "music.wav"
    t = np.arange(3 * 48_000) / 48_000
    tone = (0.2 * np.sin(2 * np.pi * 3000 * t) * 32767).astype("<i2")
    with wave.open(str(music), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(tone.tobytes())
    levels = {}
    for name, brand in (("plain", "{}"), ("music", f"{{music: {music}, music_lufs: -26}}")):
        clip, file, path = branded(analysed, brand)
        assert file.measures.integrated_lufs == pytest.approx(-14, abs=0.7)
        samples = decode_samples(path, probe(path), tmp_path / f"{name}.wav")
        levels[name] = tone_level(samples.read(0, clip.duration_s))
    quiet = levels["plain"] < np.percentile(levels["plain"], 25)
    loud = levels["plain"] > np.percentile(levels["plain"], 75)
    assert np.median(levels["music"][quiet]) > np.median(levels["plain"][quiet]) + 10
    # It comes up to its level in a long pause and is gone at the end.
    assert np.median(levels["music"][loud]) < levels["music"][quiet].max() - 8
    assert levels["music"][-1] < levels["music"].max() - 20


@pytest.mark.parametrize("dead", ["left", "right", None])
def test_a_dead_channel_gets_the_sound_of_the_other(talk, tmp_path, dead):
    graph = {"left": "stereo|c0=0*c0|c1=c0", "right": "stereo|c0=c0|c1=0*c0"}
    source = ffmpeg.input(str(talk.path))
    sound = source.audio.filter("pan", args=graph.get(dead, "stereo|c0=c0|c1=0.3*c0"))
    path = tmp_path / "sided.mp4"
    render(ffmpeg.output(source.video, sound, str(path), vcodec="copy", acodec="aac"), timeout_s=60)
    edit = EditList.from_intervals([span(1, 6)], Fraction(25))
    made = make_sound(path, probe(path), edit, ClipOptions(variants=()), tmp_path)
    with av.open(str(made)) as media:
        pieces = [frame.to_ndarray().reshape(-1, 2) for frame in media.decode(audio=0)]
    levels = 20 * np.log10(np.concatenate(pieces).astype(float).std(axis=0))
    assert levels[0] - levels[1] == pytest.approx(0 if dead else 10.5, abs=1.5)


def tone_level(sound):
    """Level around 3 kHz in dB, every 100 ms."""
    frames = sound[: len(sound) // 1600 * 1600].reshape(-1, 1600) * np.hanning(1600)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    hz = np.fft.rfftfreq(1600, 1 / 16_000)
    return 10 * np.log10(power[:, (hz > 2950) & (hz < 3050)].sum(axis=1) + 1e-9)


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


def test_captions_are_burned_into_their_band(processed):
    clip, file, path = next(clip_files(processed))
    assert file.captions
    band = arrange(clip.parts[0], VERTICAL, captions=True).caption
    with FrameReader(path, probe(path), max_width=1080) as reader:
        shown = reader.at(2.0).image
    part = shown[band.y + 20 : band.bottom - 20, band.x : band.right]
    white = (part.min(axis=2) > 200).mean()
    accent = ((part[..., 2] > 200) & (part[..., 1] > 160) & (part[..., 0] < 120)).mean()
    assert white > 0.02 and accent > 0.002
    safe = VERTICAL.safe_box
    assert safe.x <= band.x and band.right <= safe.right
    assert safe.y <= band.y and band.bottom <= safe.bottom


def test_subtitles_are_on_the_clips_own_timeline(processed):
    clips = processed.document("rendered_clips").clips
    for clip in clips:
        manifest = processed.engine.artifacts.find(
            processed.video_id, Folder.CLIPS, clip.files[0].artifact, clip.files[0].fingerprint
        )
        text = processed.engine.artifacts.path(manifest.file("clip.srt")).read_text()
        events = pysubs2.SSAFile.from_string(text)
        assert events[0].start < 2000
        assert all(0 <= e.start < e.end <= clip.duration_s * 1000 + 900 for e in events)


def test_nobody_objects_to_the_clips(processed):
    for _, file, _ in clip_files(processed):
        assert file.quality.objections == ()
        box = file.quality.captions_box
        assert box.intersect(VERTICAL.safe_box) == box
        assert box.width > 300 and not file.plain


def test_what_a_viewer_would_object_to_is_seen(processed, talk, tmp_path):
    """The same clip with black and frozen stretches, captions outside, cut in speech."""
    clip, _, path = next(clip_files(processed))
    spoiled = tmp_path / "spoiled.mp4"
    picture = (
        ffmpeg.input(str(path))
        .video.filter("loop", loop=75, size=1, start=50)
        .filter("drawbox", color="black", t="fill", enable="between(t,6,8.2)")
        .filter("trim", duration=clip.duration_s)
    )
    render(ffmpeg.output(picture, str(spoiled), vcodec="libx264", preset="ultrafast"), timeout_s=60)
    edit = EditList.from_intervals(clip.kept, Fraction(25))
    plan = ClipPlan(
        clip_id=clip.clip_id,
        rank=1,
        title="",
        score=1,
        segment=clip.segment,
        edit=edit,
        parts=clip.parts,
    )
    words = [Word(text="Wherever", start_s=1, end_s=2)]
    low = Rect(x=100, y=1500, width=800, height=200)
    where = arrange(clip.parts[0], VERTICAL, captions=True)
    write_captions(
        words,
        [(0.0, 9.0, dataclasses.replace(where, caption=low))],
        CaptionStyle(),
        Brand(),
        VERTICAL.size,
        tmp_path / "captions.ass",
    )
    start_s, end_s = clip.kept[0].start_s, clip.kept[-1].end_s
    speech = SpeechMap(duration_s=99, speech=(span(start_s - 1, end_s + 1),))
    found = inspect_clip(spoiled, talk.path, probe(talk.path), plan, VERTICAL, speech, tmp_path)
    assert found.black_s == pytest.approx(2.2, abs=0.8)
    assert found.frozen_s == pytest.approx(3.0, abs=1.0)
    assert found.captions_outside and found.captions_box.y > 1450
    assert found.starts_in_speech and found.ends_in_speech
    assert len(found.objections) == 5
    silent = SpeechMap(duration_s=99, speech=(span(start_s + 0.2, end_s - 0.2),))
    # Of the pictures as they were drawn nothing is left here: half of them are.
    assert found.ssim is None
    again = inspect_clip(path, talk.path, probe(talk.path), plan, VERTICAL, silent, tmp_path)
    assert (again.black_s, again.frozen_s, again.ends_in_speech) == (0.0, 0.0, False)


def test_a_picture_that_was_coded_too_coarsely_is_objected_to(tmp_path):
    """The same plan at a fair quality and at next to nothing."""
    source = tmp_path / "busy.mp4"
    busy = ffmpeg.input("testsrc2=s=640x360:r=25", f="lavfi", t=7).filter("noise", alls=4)
    tone = ffmpeg.input("sine=frequency=300", f="lavfi", t=7)
    render(ffmpeg.output(busy, tone, str(source), pix_fmt="yuv420p", crf=12), timeout_s=60)
    edit = EditList.from_intervals([span(2, 6)], Fraction(25))
    path = CropPath(
        rect=Rect(x=420, y=40, width=180, height=320), points=(PathPoint(t_s=2, x=420),)
    )
    part = Part(first_frame=0, last_frame=100, composition=Composition.SPEAKER, camera=path)
    plan = ClipPlan(
        clip_id="c", rank=1, title="", score=1, segment=span(2, 6), edit=edit, parts=(part,)
    )
    speech = SpeechMap(duration_s=28, speech=())
    found = {}
    for name, crf in (("fair", 20), ("coarse", 51)):
        work = tmp_path / name
        work.mkdir()
        tier = load_tiers()["draft"].model_copy(update={"crf": crf})
        options = ClipOptions(variants=(VERTICAL,), tier=tier)
        info = probe(source)
        render_clip(source, info, [Output(plan, VERTICAL, work)], (), options)
        clip = work / "clip.mp4"
        found[name] = inspect_clip(clip, source, info, plan, VERTICAL, speech, work)
        assert not (work / "sample.yuv").exists()
    assert found["fair"].objections == ()
    assert found["coarse"].ssim < 0.97 < found["fair"].ssim
    assert [o for o in found["coarse"].objections if "coarse" in o]


def test_a_clip_that_fails_is_made_plainly_or_reported_alone(analysed, monkeypatch):
    from vidpipe.pipeline import rendering

    real = rendering.render_clip
    tried = []

    def failing(source, info, outputs, *more):
        rank = outputs[0].plan.rank
        tried.append(rank)
        if rank == 1 or (rank == 2 and tried.count(2) == 1):
            raise ProgramFailed("ffmpeg", 1, "Invalid argument")
        return real(source, info, outputs, *more)

    monkeypatch.setattr(rendering, "render_clip", failing)
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
    monkeypatch.setattr(rendering, "render_clip", real)
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
    from vidpipe.pipeline import rendering

    real, made = rendering.render_clip, []

    def counted(source, info, outputs, *more):
        made.append([o.variant.name for o in outputs])
        return real(source, info, outputs, *more)

    monkeypatch.setattr(rendering, "render_clip", counted)
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


@given(st.text(max_size=40))
def test_text_can_never_become_a_command(text):
    safe = safe_text(text)
    assert not set(safe) & set("{}\\\n\r")


def test_hostile_words_reach_the_file_as_text(tmp_path):
    words = [
        Word(text="{\\p1}m 0 0", start_s=0.0, end_s=0.5),
        Word(text="\\N{\\fs900}", start_s=0.5, end_s=1.0),
        Word(text="Dialogue: 0,0:00:00.00", start_s=1.0, end_s=1.5),
    ]
    part = Part(
        first_frame=0,
        last_frame=50,
        composition=Composition.SPEAKER,
        camera=CropPath(rect=Rect(x=0, y=0, width=9, height=16), points=(PathPoint(t_s=0, x=0),)),
    )
    where = arrange(part, VERTICAL, captions=True)
    path = tmp_path / "c.ass"
    write_captions(words, [(0.0, 2.0, where)], CaptionStyle(), Brand(), VERTICAL.size, path)
    lines = [x for x in path.read_text().splitlines() if x.startswith("Dialogue:")]
    assert len(lines) == 3
    for line in lines:
        blocks = re.findall(r"\{[^}]*\}", line)
        assert all(re.fullmatch(r"\{\\(pos\(\d+,\d+\)|1c&H[0-9A-F]{6}&)\}", b) for b in blocks)
        assert "\\fs900" not in line and "\\p1" not in line


@given(
    st.lists(st.text("abcdefghijklmnop", min_size=1, max_size=14), min_size=1, max_size=40),
    st.integers(40, 90),
)
def test_captions_fit_the_safe_box(texts, size):
    words = [Word(text=t, start_s=k * 0.3, end_s=k * 0.3 + 0.28) for k, t in enumerate(texts)]
    style = CaptionStyle()
    width = VERTICAL.safe_box.width
    groups = groups_of(words, style, size, width)
    assert [w for g in groups for line in g for w in line] == words
    for group in groups:
        assert 1 <= len(group) <= 2
        assert sum(len(line) for line in group) <= style.max_words
        for line in group:
            if len(line) > 1:
                assert text_width(" ".join(w.text for w in line), size) <= width


def segment_of(start_s, end_s):
    return Segment(
        rank=1,
        start_s=start_s,
        end_s=end_s,
        kept_s=end_s - start_s,
        score=80,
        title="It",
        reasons=(),
        parts={},
    )


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


def test_words_follow_the_cuts():
    edit = EditList.from_intervals([span(10, 12), span(20, 22)], Fraction(25))
    words = [
        Word(text="before", start_s=9.0, end_s=9.5),
        Word(text="one", start_s=10.5, end_s=11.0),
        Word(text="cut", start_s=15.0, end_s=15.5),
        Word(text="two", start_s=20.5, end_s=21.0),
    ]
    kept = clip_words(words, edit)
    assert [(w.text, w.start_s) for w in kept] == [("one", 0.5), ("two", 2.5)]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [(25, 25), (29.97, Fraction(30000, 1001)), (60, 30), (50, 25), (5, 30), (15, 30), (54.2, 25)],
)
def test_output_rates_are_standard(source, wanted):
    assert output_fps(source) == wanted


def test_captions_cover_neither_slide_nor_seam_in_any_arrangement():
    screens = [(1280, 720), (960, 720), (1920, 800), (595, 550)]
    for width, height in screens:
        rect = Rect(x=0, y=0, width=width, height=height)
        for kind in (Composition.STACK, Composition.SCREEN):
            camera = CropPath(
                rect=Rect(x=0, y=0, width=320, height=180), points=(PathPoint(t_s=0, x=0),)
            )
            part = Part(
                first_frame=0,
                last_frame=9,
                composition=kind,
                screen=rect,
                camera=camera if kind is Composition.STACK else None,
            )
            where = arrange(part, VERTICAL, captions=True)
            assert where.screen.intersect(where.caption) is None, (kind, width, height)
            safe = VERTICAL.safe_box
            assert where.caption.intersect(safe) == where.caption
            if where.camera is not None:
                assert where.camera.intersect(where.caption) is None


FACES = [
    # Where the face is on the canvas, and what of the captions' band may touch it.
    (Rect(x=300, y=400, width=400, height=400), 0),
    (Rect(x=300, y=700, width=400, height=420), 0),
    (Rect(x=300, y=600, width=600, height=700), 0),
    (Rect(x=200, y=900, width=500, height=300), 0),
    (Rect(x=60, y=300, width=960, height=1000), 200),
]


@pytest.mark.parametrize(("face", "touched"), FACES)
def test_captions_of_a_speaker_stand_beside_the_face(face, touched):
    path = CropPath(rect=Rect(x=0, y=0, width=405, height=720), points=(PathPoint(t_s=0, x=0),))
    part = Part(
        first_frame=0, last_frame=9, composition=Composition.SPEAKER, camera=path, face=face
    )
    caption = arrange(part, VERTICAL, captions=True).caption
    assert caption.intersect(VERTICAL.safe_box) == caption
    both = caption.intersect(face)
    assert (both.height if both else 0) <= touched


def test_where_a_face_is_on_the_canvas():
    path = CropPath(
        rect=Rect(x=100, y=0, width=405, height=720),
        points=(PathPoint(t_s=0, x=100), PathPoint(t_s=10, x=300)),
    )
    # The face walks with the crop: on the canvas it stands still.
    faces = [FacePoint(t_s=t, x=100 + 20 * t + 200, y=300, height=150) for t in range(11)]
    box = face_on(VERTICAL.size, path, faces)
    scale = 1080 / 405
    assert box.x == pytest.approx((200 - 60) * scale, abs=3)
    assert box.width == pytest.approx(120 * scale, abs=4)
    assert (box.y, box.height) == (pytest.approx(225 * scale, abs=3), pytest.approx(400, abs=4))
    assert face_on(VERTICAL.size, path, []) is None
