"""Encoders are tried before they are believed."""

import av
import ffmpeg
import pytest

from vidpipe.errors import Misconfigured
from vidpipe.media import encoders
from vidpipe.media.encoders import Effort, choose_encoder, encoder_options, works
from vidpipe.media.ffmpeg import render


@pytest.fixture(autouse=True)
def _forget():
    for function in (works, choose_encoder):
        function.cache_clear()
    yield
    for function in (works, choose_encoder):
        function.cache_clear()


def test_the_software_encoder_works_and_one_that_is_not_there_does_not():
    assert works("libx264")
    # No machine has both.
    assert not (works("h264_videotoolbox") and works("h264_nvenc"))


def test_the_first_hardware_encoder_that_works_is_taken(monkeypatch):
    monkeypatch.setattr(encoders, "works", lambda name: name == "h264_qsv")
    assert choose_encoder("auto") == "h264_qsv"
    assert choose_encoder("libx264") == "libx264"
    with pytest.raises(Misconfigured, match=r"h264_nvenc.*libx264"):
        choose_encoder("h264_nvenc")


def test_without_hardware_x264_is_taken(monkeypatch):
    monkeypatch.setattr(encoders, "works", lambda name: False)
    assert choose_encoder("auto") == "libx264"


def test_an_encoder_that_writes_nothing_of_use_does_not_count(monkeypatch):
    monkeypatch.setattr(encoders, "_TRIAL_FRAMES", 31)
    monkeypatch.setattr(encoders, "render", lambda outputs, **_: one_second(outputs))
    assert not works("libx264")


def one_second(outputs):
    """A driver that gives fewer pictures than it was asked for."""
    target = outputs.node.kwargs["filename"]
    picture = ffmpeg.input("testsrc2=s=320x180:r=30", f="lavfi", t=1)
    return render(ffmpeg.output(picture, target, pix_fmt="yuv420p"), timeout_s=30)


def test_better_takes_more_and_keeps_to_the_ceiling(tmp_path):
    sizes = []
    noise = "testsrc2=s=640x360:r=25,noise=alls=40:allf=t"
    for crf, kbps in ((30, 50_000), (18, 50_000), (18, 1_500)):
        path = tmp_path / f"{crf}-{kbps}.mp4"
        options = encoder_options("libx264", Effort(crf=crf, preset="veryfast", max_kbps=kbps))
        picture = ffmpeg.input(noise, f="lavfi", t=6)
        render(ffmpeg.output(picture, str(path), pix_fmt="yuv420p", **options), timeout_s=60)
        sizes.append(path.stat().st_size)
        with av.open(str(path)) as media:
            assert media.streams.video[0].codec_context.profile == "High"
    assert sizes[0] < sizes[1] and sizes[2] < sizes[1]
    # In six seconds the ceiling's buffer, two seconds of it, may be used up besides.
    assert sizes[2] * 8 / 1000 < (6 + 2) * 1_500 < sizes[1] * 8 / 1000
