"""Picture and sound in step at every cut, measured on flashes and beeps in the finished file."""

import itertools
import math
from fractions import Fraction

import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.graph.clip import Output
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, Variant
from vidpipe.clips.render import render_clip
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import SAMPLE_RATE, decode_samples
from vidpipe.media.probe import probe
from vidpipe.platforms import load_tiers
from vidpipe.timeline import EditList, span
from vidpipe_tests.recorded import saved

SMALL = Variant(name="180x320", size=Size(width=180, height=320))
#: A mark every 0.8 s of the source; cuts between them and right behind one.
_EVERY_S = 0.8
KEPT = [(0.3, 2.9), (4.1, 6.65), (6.9, 7.7), (9.5, 13.1)]


def marked(path, length_s, fps):
    """A black film with a white flash of 0.12 s and a beep at every mark.

    An hour of it is the first block of twenty marks again and again, not coded anew, with beeps
    in its last minute.
    """
    block_s = 20 * _EVERY_S
    on = f"lt(mod(t,{_EVERY_S}),0.12)"
    block = path.with_name("block.mp4")
    picture = ffmpeg.input(f"color=c=black:s=160x90:r={fps}", f="lavfi", t=block_s).filter(
        "drawbox", color="white", t="fill", enable=on
    )
    coding = {"preset": "ultrafast", "pix_fmt": "yuv420p"}
    render(ffmpeg.output(picture, str(block), **coding), timeout_s=60)
    times = np.arange(round(block_s * SAMPLE_RATE)) / SAMPLE_RATE
    beeps = 0.5 * np.sin(2 * np.pi * 1000 * times) * (times % _EVERY_S < 0.12)
    samples = np.tile(beeps, math.ceil(length_s / block_s))[: length_s * SAMPLE_RATE]
    samples[: -60 * SAMPLE_RATE] = 0.0
    again = ffmpeg.input(str(block), stream_loop=math.ceil(length_s / block_s) - 1)
    sound = ffmpeg.input(str(saved(samples, path.with_name("beeps.wav"))))
    together = ffmpeg.output(again, sound, str(path), t=length_s, **{"c:v": "copy"})
    render(together, timeout_s=120)
    return path


def onsets_of_flashes(path):
    info = probe(path)
    with FrameReader(path, info, max_width=90) as reader:
        frames = [(f.t_s, float(f.grey.mean())) for f in reader.every(1e-3)]
    return [b[0] for a, b in itertools.pairwise(frames) if a[1] < 110 <= b[1]]


def onsets_of_beeps(path, work):
    samples = decode_samples(path, probe(path), work / "clip.wav").read(0, 1e9)
    step = SAMPLE_RATE // 1000
    level = np.abs(samples[: len(samples) // step * step]).reshape(-1, step).max(axis=1)
    loud = level > 0.25 * level.max()
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    # A fade at a cut in a beep is no onset.
    return [k / 1000 for k in starts if not loud[max(0, k - 40) : k].any()]


@pytest.mark.parametrize(
    ("fps", "from_s", "length_s", "suffix"),
    [("25", 0.0, 16, ".mp4"), ("30000/1001", 0.0, 16, ".mkv"), ("25", 4000.0, 4020, ".mp4")],
)
def test_flash_and_beep_are_in_step_at_every_mark(tmp_path, fps, from_s, length_s, suffix):
    path = marked(tmp_path / f"marks{suffix}", length_s, fps)
    info = probe(path)
    rate = Fraction(fps)
    edit = EditList.from_intervals([span(from_s + a, from_s + b) for a, b in KEPT], rate)
    whole = Part(
        first_frame=0,
        last_frame=edit.frames,
        composition=Composition.FIT,
        screen=Rect(x=0, y=0, width=160, height=90),
    )
    plan = ClipPlan(
        clip_id="c",
        rank=1,
        title="",
        score=1,
        segment=span(from_s, from_s + 14),
        edit=edit,
        parts=(whole,),
    )
    options = ClipOptions(variants=(SMALL,), tier=load_tiers()["draft"])
    render_clip(path, info, [Output(plan, SMALL, tmp_path)], (), options)
    clip = tmp_path / "clip.mp4"
    flashes, beeps = onsets_of_flashes(clip), onsets_of_beeps(clip, tmp_path)
    frame_s = float(1 / rate)
    marks = [_EVERY_S * k for k in range(round(length_s / _EVERY_S))]
    expected = [
        edit.to_clip(m)
        for m in marks
        if any(k.start_s + 0.05 < m < k.end_s - 0.05 for k in edit.intervals)
    ]
    assert len(expected) >= 9
    for at_s in expected:
        flash_s = min(flashes, key=lambda t: abs(t - at_s))
        beep_s = min(beeps, key=lambda t: abs(t - at_s))
        # A flash begins with the first frame at or after its mark.
        assert -2e-3 <= flash_s - at_s <= frame_s + 2e-3, f"the flash of {at_s:.3f}"
        assert abs(beep_s - at_s) <= 5e-3, f"the beep of {at_s:.3f}"
