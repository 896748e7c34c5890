"""Windows that follow each other: nothing is lost at their ends, nothing is made up after them."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.pcm import SAMPLE_RATE
from vidpipe.timeline import span
from vidpipe.transcript.excerpts import excerpts
from vidpipe.transcript.longform import WINDOW_S, RecognisedChunk, heard
from vidpipe.transcript.model import Word


@dataclass
class Ear:
    """Hears the words that begin in a window; leaves the last `dropped_s` of each, as
    Whisper does with a phrase that its window cuts. `deaf_s`: once, from there to the window's
    end, it says that nothing comes. Sound is the time that each sample has in the recording.
    """

    said: list[tuple[float, str]]
    dropped_s: float = 4.0
    deaf_s: float | None = None
    seen: list = field(default_factory=list)

    def prepared(self, sound):
        return sound

    def hear(self, windows):
        self.seen.append([(w.start_s, w.text) for w in windows])
        return [self._one(w) for w in windows]

    def _one(self, window):
        first, last = (round(t * SAMPLE_RATE) for t in (window.start_s, window.end_s))
        times = window.prepared[first:last]
        words = []
        for t, text in self.said:
            k = int(np.searchsorted(times, t - 1e-4))
            if k < len(times) and abs(times[k] - t) < 1e-3 and k / SAMPLE_RATE + 0.1 < WINDOW_S:
                at = window.start_s + k / SAMPLE_RATE
                words.append(Word(text=text, start_s=at, end_s=at + 0.25))
        end_s = window.end_s
        if not window.last:
            words = [w for w in words if w.end_s < end_s - self.dropped_s]
        complete = window.last
        if self.deaf_s is not None and window.start_s < self.deaf_s < end_s:
            words = [w for w in words if w.end_s < self.deaf_s]
            self.deaf_s, complete = None, True
        text = tuple(range(len(words)))
        next_s = words[-1].end_s if words else end_s
        return RecognisedChunk(tuple(words), text, next_s, complete)


class Clock:
    """Samples that say what time it is."""

    def __init__(self, duration_s):
        self.duration_s = duration_s

    def read(self, start_s, end_s):
        first = round(max(0.0, start_s) * SAMPLE_RATE)
        last = round(min(end_s, self.duration_s) * SAMPLE_RATE)
        return np.arange(first, last) / SAMPLE_RATE


def run(ear, speech, duration_s, **options):
    longest_s = options.pop("longest_s", float("inf"))
    parts = excerpts(speech, span(0.0, duration_s), longest_s=longest_s)
    clock = Clock(duration_s)
    found = heard(parts, lambda p: p.sound(clock), ear, at_once=options.pop("at_once", 4))
    return [w for _, words in found for w in words]


def talk(*stretches):
    """A word each half second of these stretches."""
    said = [(t, f"{t:.1f}") for a, b in stretches for t in np.arange(a, b - 0.3, 0.5).round(3)]
    return said, [span(a, b) for a, b in stretches]


def test_what_a_window_leaves_is_heard_by_the_next_one():
    said, speech = talk((0.4, 100.0))
    ear = Ear(said)
    words = run(ear, speech, 101.0)
    assert [w.text for w in words] == [text for _, text in said]
    assert all(abs(w.start_s - float(w.text)) < 0.01 for w in words)
    # Each window knows what was said before it.
    assert [len(text) for [(_, text)] in ear.seen][:2] == [0, sum(1 for t, _ in said if t < 25.75)]


def test_a_window_that_is_called_done_before_its_speech_ends_is_heard_on():
    said, speech = talk((0.4, 28.0))
    assert [w.text for w in run(Ear(said, deaf_s=17.9), speech, 29.0)] == [t for _, t in said]


def test_nothing_is_heard_after_the_last_word():
    """A third of a second is what a model makes a sentence of that nobody said."""
    said, speech = talk((0.4, 28.75))
    ear = Ear(said, dropped_s=0.0)
    run(ear, [*speech, span(30.05, 30.3)], 30.5)
    assert len(ear.seen) == 1


def test_excerpts_go_side_by_side_and_come_back_in_order():
    said, speech = talk((1.0, 50.0), (51.0, 100.0), (101.5, 150.0), (151.0, 199.0))
    ear = Ear(said)
    words = run(ear, speech, 200.0, longest_s=60.0)
    assert [w.text for w in words] == [text for _, text in said]
    assert len(ear.seen[0]) == 4
    alone = run(Ear(said), speech, 200.0, longest_s=60.0, at_once=1)
    assert alone == words


def test_long_pauses_are_cut_short_and_times_stay_the_recordings():
    said, speech = talk((8.0, 20.0), (21.0, 30.0), (75.0, 80.0))
    parts = excerpts(speech, span(0.0, 100.0))
    assert [(p.start_s, p.end_s) for p in parts[0].pieces] == [(7.5, 30.5), (74.5, 80.5)]
    words = run(Ear(said), speech, 100.0)
    assert [w.text for w in words] == [text for _, text in said]
    assert all(abs(w.start_s - float(w.text)) < 0.01 for w in words)


def test_a_short_pause_before_the_first_word_is_heard():
    _, speech = talk((2.5, 20.0))
    [part] = excerpts(speech, span(0.0, 22.0))
    assert [(p.start_s, p.end_s) for p in part.pieces] == [(0.0, 22.0)]
    assert part.speech == (span(2.5, 20.0),)


@given(
    st.lists(st.tuples(st.floats(0.1, 6.0), st.floats(0.6, 40.0)), min_size=1, max_size=8),
    st.floats(30.0, 90.0),
)
def test_every_word_comes_once_wherever_pauses_lie(parts, longest_s):
    at, stretches = 0.0, []
    for pause, length in parts:
        stretches.append((round(at + pause, 2), round(at + pause + length, 2)))
        at = stretches[-1][1]
    said, speech = talk(*stretches)
    words = run(Ear(said), speech, at + 1.0, longest_s=longest_s)
    texts = [w.text for w in words]
    # Excerpts overlap only within one stretch that is longer than an excerpt may be.
    assert set(texts) == {text for _, text in said}
    if all(b - a < longest_s - 1 for a, b in stretches):
        assert texts == [text for _, text in said]
