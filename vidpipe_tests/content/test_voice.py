"""What can be heard besides words."""

import wave

import numpy as np
import pytest

from vidpipe.content.model import Unit
from vidpipe.content.voice import emphasis, is_reaction, pitch, reactions
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.testmedia.recording import between
from vidpipe.timeline import span


def times(seconds):
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def voice(hz, seconds=2.0, gain=0.1):
    """A tone with overtones, as of a voice."""
    t = times(seconds)
    return (gain * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 12))).astype(np.float32)


def laughter(seconds=2.0, per_s=5.0):
    return voice(260, seconds) * np.clip(np.sin(2 * np.pi * per_s * times(seconds)), 0, 1) ** 2


def saved(tmp_path, sound):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return AudioSamples.open(path)


@pytest.mark.parametrize("hz", [72, 85, 110, 155, 220, 310, 390])
def test_the_pitch_of_a_voice_to_a_quarter_of_a_semitone(hz):
    heard = pitch(voice(hz))
    assert np.isnan(heard).mean() < 0.05
    assert np.nanmedian(heard) == pytest.approx(12 * np.log2(hz), abs=0.25)


def test_noise_and_silence_have_no_pitch():
    rng = np.random.default_rng(1)
    assert np.isnan(pitch(rng.normal(0, 0.1, 32000).astype(np.float32))).mean() > 0.98
    assert np.isnan(pitch(np.zeros(32000, np.float32))).all()
    assert len(pitch(np.zeros(100, np.float32))) == 0


def test_emphasis_is_measured_against_the_recording_itself(tmp_path):
    sound = np.concatenate([voice(110, 3, 0.02), voice(110, 3, 0.2), voice(180, 3, 0.02)])
    units = [
        Unit(start_s=0, end_s=3, text="a" * 30),
        Unit(start_s=3, end_s=6, text="b" * 30),
        Unit(start_s=6, end_s=9, text="c" * 10),
    ]
    level = np.repeat([-40.0, -20.0, -40.1], 60).astype(np.float32)
    plain, loud, other = emphasis(units, level, 0.05, saved(tmp_path, sound))
    assert loud["loud"] == 1 and other["lively"] == 1 and other["slow"] == 1
    assert plain["emphasis"] < min(loud["emphasis"], other["emphasis"])
    without = emphasis(units, level, 0.05, None)
    assert all(u["lively"] == 0.5 for u in without)


def test_applause_and_laughter_are_told_from_music():
    rng = np.random.default_rng(2)
    assert is_reaction(between("applause", 3 * SAMPLE_RATE, rng).astype(np.float32) * 0.1)
    assert is_reaction(laughter())
    assert not is_reaction(between("music", 3 * SAMPLE_RATE, rng).astype(np.float32) * 0.1)
    chord = sum(voice(hz, 3) for hz in (220, 277, 330))
    assert not is_reaction(chord)
    assert not is_reaction(chord * np.abs(np.sin(np.pi * times(3))).astype(np.float32))
    assert not is_reaction(np.zeros(1000, np.float32))


def test_a_reaction_belongs_to_what_it_follows(tmp_path):
    sound = np.concatenate([voice(110, 3), laughter(2), voice(110, 3)])
    units = [Unit(start_s=0, end_s=3, text="x"), Unit(start_s=5, end_s=8, text="y")]
    samples = saved(tmp_path, sound)
    assert reactions(units, [span(3.05, 4.95)], samples) == [1.0, 0.0]
    assert reactions(units, [span(3.05, 4.95)], None) == [0.0, 0.0]
