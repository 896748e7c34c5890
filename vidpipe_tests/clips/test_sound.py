"""The sound of clips."""

import wave
from fractions import Fraction

import av
import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.model import ClipOptions
from vidpipe.clips.sound import make_sound
from vidpipe.media.ffmpeg import render
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import probe
from vidpipe.timeline import EditList, span
from vidpipe_tests.clips.shared import branded, clip_files


def test_loudness_and_true_peak_of_the_encoded_files(processed):
    for _, file, _ in clip_files(processed):
        assert file.measures.integrated_lufs == pytest.approx(-14.0, abs=0.7)
        assert file.measures.true_peak_dbtp <= -1.0


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
