import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline import complement, intersection, span, union
from vidpipe.transcript.model import Word
from vidpipe.transcript.windows import stitch, windows

lengths = st.lists(st.tuples(st.floats(0.05, 3.0), st.floats(0.1, 90.0)), min_size=1, max_size=30)


def speech_of(parts):
    at, speech = 0.0, []
    for gap, length in parts:
        speech.append(span(at + gap, at + gap + length))
        at += gap + length
    return speech, at + 1.0


@given(lengths, st.floats(5, 60))
def test_windows_hold_all_speech_and_none_is_too_long(parts, max_s):
    speech, duration_s = speech_of(parts)
    found = windows(speech, duration_s, max_s=max_s, overlap_s=2.0)
    assert all(w.duration_s <= max_s + 1e-6 for w in found)
    held = sum(i.duration_s for i in intersection(union(found), speech))
    assert held > sum(s.duration_s for s in speech) - 1e-6
    assert all(w.start_s >= 0 and w.end_s <= duration_s for w in found)
    for a, b in itertools.pairwise(found):
        if b.start_s < a.end_s:
            # Windows overlap only within one stretch of speech that is too long for one.
            assert any(s.start_s < b.start_s and s.end_s > a.end_s - 0.2 for s in speech)


def test_windows_are_cut_at_long_gaps_and_leave_silence_out():
    speech = [span(0, 8), span(8.3, 16), span(18, 27), span(40, 45)]
    found = windows(speech, 50, max_s=29, max_gap_s=4)
    assert [(round(w.start_s, 1), round(w.end_s, 1)) for w in found] == [(0, 27.2), (39.8, 45.2)]
    found = windows(speech, 50, max_s=20)
    assert round(found[0].end_s, 1) == 16.2


@given(st.integers(5, 120), st.integers(0, 10_000))
def test_what_two_windows_both_heard_is_kept_once(count, seed):
    """Every word once and in order, whatever each window makes of its times and its edges."""
    rng = np.random.default_rng(seed)
    starts = np.cumsum(rng.uniform(0.25, 0.9, count))
    said = [
        Word(
            text=str(rng.choice(["so", "the", "a", "b", "tone"])) + str(k % 11),
            start_s=t,
            end_s=t + 0.2,
        )
        for k, t in enumerate(starts)
    ]
    speech = [span(float(starts[0]), float(starts[-1]) + 0.3)]
    cut = windows(speech, float(starts[-1]) + 1, max_s=12.0, overlap_s=3.0)
    heard = []
    for window in cut:
        words = []
        for word in said:
            if window.start_s <= word.start_s and word.end_s <= window.end_s:
                off = float(rng.uniform(-0.12, 0.12))
                words.append(
                    word.model_copy(
                        update={"start_s": word.start_s + off, "end_s": word.end_s + off}
                    )
                )
        heard.append((window, words))
    assert [w.text for w in stitch(heard)] == [w.text for w in said]


def test_windows_that_heard_nothing_in_common_lose_and_double_nothing_whole():
    left = (
        span(0, 10),
        [Word(text=t, start_s=s, end_s=s + 0.4) for t, s in (("a", 1), ("b", 7.2), ("c", 8.2))],
    )
    right = (
        span(7, 17),
        [Word(text=t, start_s=s, end_s=s + 0.4) for t, s in (("x", 7.3), ("y", 8.9), ("z", 12))],
    )
    assert [w.text for w in stitch([left, right])] == ["a", "b", "c", "y", "z"]


@given(lengths)
def test_nothing_is_cut_in_the_middle_of_a_short_stretch(parts):
    speech, duration_s = speech_of(parts)
    found = windows(speech, duration_s, max_s=30.0)
    outside = complement(union(found), span(0, duration_s))
    assert intersection(outside, speech) == []
