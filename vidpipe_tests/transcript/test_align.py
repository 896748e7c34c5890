import itertools

import numpy as np
import pytest

from vidpipe.media.pcm import AudioSamples
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.testmedia.recording import Room
from vidpipe.transcript.align import align, spoken_words
from vidpipe.transcript.cues import Cue, spread
from vidpipe_tests.recorded import saved
from vidpipe_tests.shared import make_recording
from vidpipe_tests.transcript.shared import start_errors


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    made = make_recording(Room(noise="pink", noise_db=-20), seed=3, sentences=8)
    path = saved(made.samples, tmp_path_factory.mktemp("align") / "heard.wav")
    samples = AudioSamples.open(path)
    return made, samples, find_silence(samples, SilenceOptions())[0]


@pytest.mark.parametrize("off_s", [0.0, 0.6])
def test_subtitles_are_laid_onto_the_words_that_are_heard(recording, off_s):
    """Median under 30 ms and 95 of 100 under 120 ms, also where the subtitles are late."""
    made, samples, speech = recording
    cues = [Cue(start_s=a + off_s, end_s=b + off_s, text=t) for a, b, t in made.sentences]
    words = align(spread(cues, speech), samples)
    assert words is not None
    assert [w.text for w in words] == [w for _, _, t in made.sentences for w in t.split()]
    errors = np.abs(start_errors(words, made.words))
    assert len(errors) > 0.9 * len(made.words)
    assert np.median(errors) < 0.03 and np.percentile(errors, 95) < 0.12
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(words))


def test_spread_words_are_near_the_truth_in_any_language(recording):
    """What is left for languages that cannot be aligned: median under 120 ms."""
    made, _, speech = recording
    cues = [Cue(start_s=a, end_s=b, text=t) for a, b, t in made.sentences]
    words = [w for _, part in spread(cues, speech) for w in part]
    assert np.median(np.abs(start_errors(words, made.words))) < 0.12


def test_words_that_nobody_says_are_left_where_they_were(recording):
    made, samples, speech = recording
    cues = [Cue(start_s=a, end_s=b, text=t) for a, b, t in made.sentences]
    quiet = max((s for s in speech.silences if s.duration_s > 1.5), key=lambda s: s.duration_s)
    extra = Cue(start_s=quiet.start_s + 0.2, end_s=quiet.end_s - 0.2, text="— ♪ —")
    shared = spread(sorted([*cues, extra], key=lambda c: c.start_s), speech)
    words = align(shared, samples)
    assert words is not None and [w.text for w in words].count("♪") == 1


def test_another_text_is_not_taken_for_aligned(recording):
    """Noise instead of speech: no way through, or one that nobody believes."""
    _, samples, speech = recording
    text = "completely unrelated gibberish about marmalade factories " * 12
    cue = Cue(start_s=5.0, end_s=6.0, text=text)
    assert align(spread([cue], speech), samples) is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello,", ["hello"]),
        ("“don’t”", ["don't"]),
        ("44,100", "forty four thousand one hundred".split()),
        ("1998", "nineteen ninety eight".split()),
        ("3rd", ["third"]),
        ("2.5%", "two point five percent".split()),
        ("$3.5m", "three point five m".split()),
        ("1990s,", "nineteen nineties".split()),
        ("the 1800's", "the eighteen hundreds".split()),
        ("20s", ["twenties"]),
        ("5G", ["five", "g"]),
        ("100ms", ["one", "hundred", "ms"]),
        ("R&D", ["r", "d"]),
        ("c++ مرحبا 😀", ["c"]),
        ("9" * 400, ["nine"] * 400),
        ("well-known", ["well", "known"]),
        ("—", []),
        ("日本", []),
    ],
)
def test_written_words_as_they_are_said(written, said):
    assert [w for w in spoken_words(written) if w != "and"] == said
