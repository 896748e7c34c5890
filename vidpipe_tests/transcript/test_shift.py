"""Subtitles that are early or late as a whole are moved, those that are right are not."""

import random

import pytest

from vidpipe.results.stored import timing_notes
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.cues import Cue
from vidpipe.transcript.shift import rightness_is_told, shift_s
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar


def talk(seed, count=20):
    """A talk with pauses of different lengths, and subtitles that are off by a little."""
    chance = random.Random(seed)
    speech, cues, at_s = [], [], 1.0
    for k in range(count):
        length_s = chance.uniform(1.5, 5.0)
        speech.append(span(at_s, at_s + length_s))
        cues.append(
            Cue(
                start_s=at_s + chance.uniform(-0.1, 0.2),
                end_s=at_s + length_s + chance.uniform(-0.2, 0.4),
                text=f"sentence {k} of it",
            )
        )
        at_s += length_s + chance.uniform(0.3, 2.0)
    return SpeechMap(duration_s=at_s + 2, speech=tuple(speech)), cues


def moved(cues, by_s):
    return [
        c.model_copy(update={"start_s": c.start_s + by_s, "end_s": c.end_s + by_s})
        for c in cues
        if c.start_s + by_s >= 0
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("by_s", [0.9, 2.5, -2.5, 7.0, 20.0])
def test_a_shift_is_found(seed, by_s):
    speech, cues = talk(seed)
    assert shift_s(moved(cues, by_s), speech) == pytest.approx(-by_s, abs=0.25)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_right_or_tells_nothing_stays(seed):
    speech, cues = talk(seed)
    assert shift_s(cues, speech) == 0.0
    assert shift_s(moved(cues, 0.3), speech) == 0.0
    assert shift_s(moved(cues, 2.5)[:3], speech) == 0.0
    whole = SpeechMap(duration_s=speech.duration_s, speech=(span(0, speech.duration_s),))
    assert shift_s(moved(cues, 2.5), whole) == 0.0
    assert shift_s(cues, SpeechMap(duration_s=60)) == 0.0


def short(seed, count):
    """A short recording of so many subtitles."""
    speech, cues = talk(seed, count)
    return SpeechMap(duration_s=cues[-1].end_s + 1, speech=speech.speech), cues


@pytest.mark.parametrize("count", range(4, 8))
def test_of_few_subtitles_none_is_moved_that_is_right_or_of_another(count):
    found = right = 0
    for seed in range(30):
        speech, cues = short(seed, count)
        assert shift_s(cues, speech) == 0.0
        assert shift_s(moved(cues, 0.25), speech) == 0.0
        by_s = (1.5, 2.5, 4.0)[seed % 3]
        got = shift_s(moved(cues, by_s), speech)
        assert got in (0.0, pytest.approx(-by_s, abs=0.35))
        found += bool(got)
        right += rightness_is_told(cues, speech)
        if not got:
            assert not rightness_is_told(moved(cues, by_s), speech), (seed, by_s)
    # What is not moved is doubted; what is right mostly is not.
    assert found >= 6 and right >= 27


def test_of_one_or_two_nothing_is_moved():
    for seed in range(10):
        speech, cues = short(seed, 3)
        assert shift_s(moved(cues, 2.5), speech) == 0.0


def test_subtitles_that_nothing_tells_to_be_right_are_said(tmp_path):
    speech, cues = short(3, 2)
    path = tmp_path / "talk.srt"
    for by_s, told in ((0.0, True), (3.0, False)):
        lines = [
            f"{k}\n00:00:{c.start_s:06.3f} --> 00:00:{c.end_s:06.3f}\n{c.text}\n"
            for k, c in enumerate(moved(cues, by_s), 1)
        ]
        path.write_text("\n".join(lines))
        reading = read_sidecar(path, "talk.srt", speech)
        assert isinstance(reading, SidecarTranscript) and reading.moved_s == 0.0
        assert reading.timing_told is told
        done = from_sidecar(reading, None, speech, "en")
        assert done.timing_told is told
        assert bool(timing_notes(done)) is not told


def test_late_subtitles_are_moved_and_that_is_said(tmp_path):
    speech, cues = talk(1)
    path = tmp_path / "talk.srt"
    lines = [
        f"{k}\n00:{int(c.start_s) // 60:02d}:{c.start_s % 60:06.3f} --> "
        f"00:{int(c.end_s) // 60:02d}:{c.end_s % 60:06.3f}\n{c.text}\n"
        for k, c in enumerate(moved(cues, 2.5), 1)
    ]
    path.write_text("\n".join(lines))
    reading = read_sidecar(path, "talk.srt", speech)
    assert isinstance(reading, SidecarTranscript) and reading.moved_s == pytest.approx(
        -2.5, abs=0.25
    )
    done = from_sidecar(reading, None, speech, "en")
    assert done.moved_s == reading.moved_s
    assert done.words[0].start_s == pytest.approx(cues[0].start_s, abs=0.3)
