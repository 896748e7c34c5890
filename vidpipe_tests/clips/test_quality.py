"""What a viewer would object to."""

import dataclasses
from fractions import Fraction

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.canvas import arrange
from vidpipe.clips.graph.clip import Output
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part
from vidpipe.clips.quality import inspect_clip, is_cut
from vidpipe.clips.render import render_clip
from vidpipe.clips.text.overlay import TextOverlay, ass_file
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect
from vidpipe.media.ffmpeg import render
from vidpipe.media.probe import probe
from vidpipe.platforms import load_tiers
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList, span
from vidpipe.transcript.model import Word
from vidpipe_tests.clips.shared import VERTICAL, clip_files


def test_nobody_objects_to_the_clips(processed):
    for _, file, _ in clip_files(processed):
        assert file.quality.issues == ()
        box = file.quality.captions_box
        assert box.intersect(VERTICAL.safe_box) == box
        assert box.width > 300 and not file.plain


def test_what_a_viewer_would_object_to_is_seen(processed, talk, tmp_path):
    """The same clip with black and frozen stretches, late from then on, captions outside."""
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
    overlay = TextOverlay(
        words,
        [(0.0, 9.0, dataclasses.replace(where, caption=low))],
        CaptionStyle(),
        Brand(),
        VERTICAL.size,
    )
    ass_file(overlay).save(str(tmp_path / "captions.ass"), format_="ass")
    start_s, end_s = clip.kept[0].start_s, clip.kept[-1].end_s
    speech = SpeechMap(duration_s=99, speech=(span(start_s - 1, end_s + 1),))
    info = probe(talk.path)
    files = (talk.path, info, plan, VERTICAL)
    drawn = {"captions": True, "brand": Brand()}
    found = inspect_clip(spoiled, *files, speech, tmp_path, **drawn)
    assert found.black_s == pytest.approx(2.2, abs=0.8)
    assert found.frozen_s == pytest.approx(3.0, abs=1.0)
    # All that comes after is late by three seconds.
    assert found.elsewhere_s > 2.0
    assert found.captions_outside and found.captions_box.y > 1450
    assert len(found.issues) == 4
    silent = SpeechMap(duration_s=99, speech=(span(start_s + 0.2, end_s - 0.2),))
    # Of the pictures as they were drawn nothing is left here: half of them are.
    assert found.ssim is None
    again = inspect_clip(path, *files, silent, tmp_path, **drawn)
    assert (again.black_s, again.frozen_s, again.elsewhere_s) == (0.0, 0.0, 0.0)
    assert not again.ends_in_speech


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_speech_is_cut_where_it_is_heard(tmp_path, noise):
    """Words of 0.4 s with 0.15 s between them, which the map of speech takes for one."""
    voice = f"0.4*sin(2*PI*220*t)*lt(mod(t,0.55),0.4)+{noise}*(random(0)*2-1)"
    sound = ffmpeg.input(f"aevalsrc='{voice}':s=16000", f="lavfi", t=8)
    picture = ffmpeg.input("color=c=gray:s=64x64:r=25", f="lavfi", t=8)
    source = tmp_path / "words.mp4"
    render(ffmpeg.output(picture, sound, str(source), audio_bitrate="96k"), timeout_s=60)
    info, speech = probe(source), SpeechMap(duration_s=8, speech=(span(0, 8),))
    between, within, closure = 5 * 0.55 + 0.475, 5 * 0.55 + 0.2, 4.0
    assert not is_cut(between, source, info, speech)
    assert is_cut(within, source, info, speech)
    # Where the map has a pause there is one.
    pause = SpeechMap(duration_s=8, speech=(span(0, closure - 0.05), span(closure + 0.2, 8)))
    assert not is_cut(closure, source, info, pause)
    silent = info.model_copy(update={"audio": None})
    assert is_cut(between, source, silent, speech)


def test_a_stop_within_a_word_is_no_pause(tmp_path):
    voice = "0.4*sin(2*PI*220*t)*lt(mod(t,0.55),0.48)"
    sound = ffmpeg.input(f"aevalsrc='{voice}':s=16000", f="lavfi", t=8)
    picture = ffmpeg.input("color=c=gray:s=64x64:r=25", f="lavfi", t=8)
    source = tmp_path / "stops.mp4"
    render(ffmpeg.output(picture, sound, str(source), audio_bitrate="96k"), timeout_s=60)
    speech = SpeechMap(duration_s=8, speech=(span(0, 8),))
    assert is_cut(5 * 0.55 + 0.515, source, probe(source), speech)


def test_a_logo_over_a_dim_picture_is_no_other_picture(tmp_path):
    """Next to nothing is to be seen in the source, and a white logo and a bar in the clip."""
    source, logo = tmp_path / "dim.mp4", tmp_path / "logo.png"
    dim = ffmpeg.input("color=c=0x20242a:s=640x360:r=25", f="lavfi", t=7)
    tone = ffmpeg.input("sine=frequency=300", f="lavfi", t=7)
    render(ffmpeg.output(dim, tone, str(source), pix_fmt="yuv420p"), timeout_s=60)
    cv2.imwrite(str(logo), np.kron(np.eye(4), np.full((20, 60), 255)))
    edit = EditList.from_intervals([span(2, 6)], Fraction(25))
    path = CropPath(rect=Rect(x=220, y=0, width=202, height=360), points=(PathPoint(t_s=2, x=220),))
    part = Part(first_frame=0, last_frame=100, composition=Composition.SPEAKER, camera=path)
    plan = ClipPlan(
        clip_id="c", rank=1, title="", score=1, segment=span(2, 6), edit=edit, parts=(part,)
    )
    brand, work, info = Brand(logo=logo, progress_bar=True), tmp_path / "work", probe(source)
    options = ClipOptions(variants=(VERTICAL,), tier=load_tiers()["draft"], brand=brand)
    work.mkdir()
    render_clip(source, info, [Output(plan, VERTICAL, work)], (), options)
    files = (work / "clip.mp4", source, info, plan, VERTICAL)
    speech = SpeechMap(duration_s=7, speech=())
    drawn = {"captions": False, "brand": brand}
    assert inspect_clip(*files, speech, work, **drawn).issues == ()
    assert inspect_clip(*files, speech, work, captions=False, brand=Brand()).elsewhere_s > 3


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
        found[name] = inspect_clip(
            clip, source, info, plan, VERTICAL, speech, work, captions=False, brand=Brand()
        )
        assert not (work / "sample.yuv").exists()
    assert found["fair"].issues == ()
    assert found["coarse"].ssim < 0.97 < found["fair"].ssim
    assert [o for o in found["coarse"].issues if "coarse" in o]
