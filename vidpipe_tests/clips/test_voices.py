"""Voices that are apart are brought together: to the middle, and near each other's loudness."""

from fractions import Fraction

import av
import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.model import ClipOptions
from vidpipe.clips.sound import make_sound
from vidpipe.clips.voices import gains_db, one_sided
from vidpipe.media.ffmpeg import render
from vidpipe.media.pcm import SAMPLE_RATE, sound_between
from vidpipe.media.probe import probe
from vidpipe.timeline import EditList, span

RATE = 48_000


@pytest.fixture(scope="module")
def speech(talk):
    """Twenty seconds of talk, mono at 48 kHz."""
    info = probe(talk.path)
    sound = sound_between(talk.path, info, 1.0, 21.0).astype(float)
    at = np.arange(20 * RATE) / RATE
    return np.interp(at, np.arange(len(sound)) / SAMPLE_RATE, sound)


def in_turns(count, turn_s=5.0):
    """1 in the first of two people's turns, 0 in the other's."""
    return (np.arange(count) / RATE % (2 * turn_s) < turn_s).astype(float)


def made(talk, tmp_path, graph):
    source = ffmpeg.input(str(talk.path))
    path = tmp_path / "interview.mp4"
    sound = graph(source.audio.filter("aformat", channel_layouts="mono"))
    render(ffmpeg.output(source.video, sound, str(path), vcodec="copy", acodec="aac"), timeout_s=60)
    edit = EditList.from_intervals([span(1, 21)], Fraction(25))
    done = make_sound(path, probe(path), edit, ClipOptions(variants=()), tmp_path)
    with av.open(str(done)) as media:
        pieces = [frame.to_ndarray().reshape(-1, 2) for frame in media.decode(audio=0)]
    return np.concatenate(pieces).T / 2.0**31


def level_db(sound):
    """Of what is loud in it: its pauses are not."""
    power = np.square(sound[: len(sound) // 960 * 960].reshape(-1, 960)).mean(axis=1)
    return 10 * np.log10(power[power > power.max() / 1000].mean())


def turn(level, first):
    """A person's turns on one of two microphones."""
    own = f"lt(mod(t,10),5)*{level}" if first else f"gte(mod(t,10),5)*{level}"
    return lambda sound: sound.filter("volume", own, eval="frame")


def test_two_people_on_two_sides_come_to_the_middle(talk, tmp_path):
    def apart(sound):
        both = sound.asplit()
        sides = [turn(1, first=True)(both[0]), turn(1, first=False)(both[1])]
        return ffmpeg.filter(sides, "join", inputs=2, channel_layout="stereo")

    left, right = made(talk, tmp_path, apart)
    assert np.array_equal(left, right)
    turns = in_turns(len(left) + RATE)[RATE:] > 0
    assert abs(level_db(left[turns]) - level_db(left[~turns])) < 4


def test_who_is_far_from_the_microphone_is_brought_near(talk, tmp_path):
    def far(sound):
        return sound.filter("volume", "if(lt(mod(t,10),5),1,0.1)", eval="frame")

    left, _ = made(talk, tmp_path, far)
    turns = in_turns(len(left) + RATE)[RATE:] > 0
    assert 3 < level_db(left[turns]) - level_db(left[~turns]) < 9


def test_one_voice_stays_as_it_is_said(speech):
    assert gains_db(speech) is None
    # Half as loud now and then is how people speak.
    assert gains_db(speech * (1 - 0.5 * in_turns(len(speech), 2.0))) is None
    assert gains_db(np.zeros(RATE)) is None


def test_gains_come_and_go_softly(speech):
    gains = gains_db(speech * np.where(in_turns(len(speech)) > 0, 1.0, 0.08))
    assert gains is not None and 10 < gains.max() <= 18
    assert np.abs(np.diff(gains)).max() < 4
    assert np.median(gains[20:120]) < 1


@pytest.mark.parametrize(
    ("left", "right", "apart"), [(1.0, 1.0, False), (1.0, 0.3, False), (1.0, 0.05, True)]
)
def test_sides_are_told_from_a_stereo_picture(speech, left, right, apart):
    assert one_sided(np.stack([left * speech, right * speech])) is apart
    turns = in_turns(len(speech))
    heard = 0.05 + 0.95 * turns, 0.05 + 0.95 * (1 - turns)
    assert one_sided(np.stack([speech * heard[0], speech * heard[1]]))
    # Two microphones between two people hear both.
    heard = 0.4 + 0.6 * turns, 0.4 + 0.6 * (1 - turns)
    assert not one_sided(np.stack([speech * heard[0], speech * heard[1]]))
