"""Sound that goes on behind the last picture: that picture stays, as players show it."""

import ffmpeg
import numpy as np
import pytest
from PIL import Image

from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.examine import examine
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import SAMPLE_RATE, decode_samples
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import coded

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
VPX = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-c:a", "libopus"]
#: A recorder that writes no picture once nothing moves any more, after seven seconds.
STILL = ["-vf", "select='lt(t,7)'", "-fps_mode", "vfr"]


@pytest.fixture(scope="module", params=["mp4", "webm", "ts"])
def recording(request, talk, tmp_path_factory):
    path = tmp_path_factory.mktemp("still") / f"still.{request.param}"
    return coded(talk.path, path, *STILL, *(VPX if request.param == "webm" else X264))


def test_it_lasts_as_long_as_is_spoken(talk, recording, tmp_path):
    whole_s = probe(talk.path).duration_s
    info = check_media(recording, recording.name, Rules())
    assert info.duration_s == pytest.approx(whole_s, abs=0.3)
    assert info.picture_s == pytest.approx(7, abs=0.1)
    assert examine(recording, info)[1] == (
        f"its picture ends at 7 s, its sound at {info.duration_s:.0f} s: the last picture stays",
    )
    samples = decode_samples(recording, info, tmp_path / "heard.wav")
    assert samples.count == pytest.approx(whole_s * SAMPLE_RATE, rel=0.02)


@pytest.mark.parametrize("first_s", [5.5, 7.5, 20.0])
def test_the_last_picture_stays(recording, tmp_path, first_s):
    info, fps = probe(recording), 25
    stream, before = steady(
        recording, info, fps, 4 * fps, tmp_path / "piece", first=round(first_s * fps)
    )
    stream = coloured(stream, info, tmp_path / "knee")
    last = before + 4 * fps - 1
    kept = stream.filter("select", f"eq(n,{before})+eq(n,{last})").filter("setpts", "N")
    target = tmp_path / "%d.png"
    render(ffmpeg.output(kept, str(target), fps_mode="passthrough"), timeout_s=60)
    with FrameReader(recording, info, max_width=640) as reader:
        for n, t_s in ((1, first_s), (2, first_s + 4)):
            drawn = np.asarray(Image.open(tmp_path / f"{n}.png").convert("RGB"))[..., ::-1].astype(
                int
            )
            assert np.abs(drawn - reader.at(t_s).image).mean() < 4
        assert np.array_equal(reader.at(9.0).grey, reader.at(25.0).grey)


def test_where_sound_and_picture_end_together_nothing_is_longer(talk):
    assert probe(talk.path).picture_s is None
