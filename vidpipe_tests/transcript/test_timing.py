"""Words of recognisers, put where they are said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline import span
from vidpipe.transcript.model import Word
from vidpipe.transcript.timing import retimed, without_pauses
from vidpipe_tests.transcript.shared import start_errors


def as_whisper_times(made, *, early_s=0.07):
    """The words as cross-attention times them: early, a pause is a part of the word after it."""
    starts = [t for t, _ in made.words]
    ends = [*starts[1:], starts[-1] + 0.5]
    words = []
    for (_, text), start_s, end_s in zip(made.words, starts, ends, strict=True):
        last_s = words[-1].end_s if words else start_s
        words.append(
            Word(
                text=text,
                start_s=max(0.0, last_s - early_s if words else start_s),
                end_s=min(end_s, start_s + 0.45),
            )
        )
    return words


def test_words_are_put_where_they_are_said(heard):
    words = as_whisper_times(heard.made)
    before = np.abs(start_errors(words, heard.made.words))
    found = retimed(words, heard.samples, heard.speech.speech)
    assert [w.text for w in found] == [w.text for w in words]
    after = np.abs(start_errors(found, heard.made.words))
    assert np.median(before) > 0.05 and np.percentile(before, 95) > 0.4
    assert np.median(after) < 0.03 and np.percentile(after, 95) < 0.12


def test_words_spread_over_their_phrases_are_put_where_they_are_said(heard):
    words = [
        Word(
            text=text,
            start_s=a + (b - a) * k / len(texts),
            end_s=a + (b - a) * (k + 1) / len(texts),
        )
        for a, b, sentence in heard.made.sentences
        for texts in [sentence.split()]
        for k, text in enumerate(texts)
    ]
    found = retimed(words, heard.samples, heard.speech.speech, timed=False)
    after = np.abs(start_errors(found, heard.made.words))
    assert np.median(after) < 0.03 and np.percentile(after, 95) < 0.12


def test_a_word_that_nobody_said_keeps_its_time(heard):
    """It may not pull its neighbours to where something else is said."""
    words = as_whisper_times(heard.made)
    at = len(words) // 2
    made_up = words[at].model_copy(update={"text": "incomprehensibilities"})
    found = retimed([*words[:at], made_up, *words[at + 1 :]], heard.samples, heard.speech.speech)
    far = [w for w in found if abs(w.start_s - words[at].start_s) > 1.5]
    assert np.percentile(np.abs(start_errors(far, heard.made.words)), 95) < 0.12
    assert abs(found[at].start_s - words[at].start_s) < 0.8


def test_what_cannot_be_aligned_keeps_its_times(heard):
    words = [Word(text="\u2014", start_s=1.0, end_s=1.3), Word(text="...", start_s=2.0, end_s=2.2)]
    assert retimed(words, heard.samples, heard.speech.speech) == words
    assert retimed([], heard.samples, heard.speech.speech) == []


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ((2.1, 3.4), (3.0, 3.4)),  # the pause before it
        ((1.9, 3.4), (3.0, 3.4)),  # and the end of the word before that
        ((1.0, 2.6), (1.0, 2.0)),  # the pause after it
        ((1.5, 2.9), (1.5, 2.0)),
        ((2.2, 2.8), (2.2, 2.8)),  # nobody speaks: nothing tells where it belongs
        ((1.0, 3.5), (1.0, 3.5)),  # a pause in the middle is its own
        ((2.5, 3.02), (2.5, 3.02)),  # nothing would be left
    ],
)
def test_a_pause_is_no_part_of_a_word(word, kept):
    speech = [span(0.5, 2.0), span(3.0, 4.0)]
    [found] = without_pauses([Word(text="so", start_s=word[0], end_s=word[1])], speech)
    assert (found.start_s, found.end_s) == pytest.approx(kept)


@given(
    st.lists(st.tuples(st.floats(0, 60), st.floats(0.02, 3)), max_size=12),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 9)), max_size=6),
)
def test_a_word_only_becomes_shorter_and_never_empty(words, speech):
    speech = sorted((span(a, a + d) for a, d in speech), key=lambda s: s.start_s)
    speech = [s for k, s in enumerate(speech) if k == 0 or s.start_s > speech[k - 1].end_s]
    given_words = [Word(text="a", start_s=a, end_s=a + d) for a, d in sorted(words)]
    for word, found in zip(given_words, without_pauses(given_words, speech), strict=True):
        assert word.start_s <= found.start_s < found.end_s <= word.end_s


@pytest.mark.parametrize(
    "times",
    [
        [(1.0, 10.0), (2.0, 2.5), (2.5, 3.0)],  # somebody speaks into a long word
        [(5.0, 5.5), (1.0, 1.5)],
        [(2.0, 1.0)],
        [(1.0, 1.0)],
        [(1e5, 1e5 + 1), (1e5 + 1, 1e5 + 2)],
    ],
)
def test_words_over_each_other_or_of_no_length_are_timed_all_the_same(heard, times):
    words = [Word(text="of", start_s=a, end_s=b) for a, b in times]
    found = without_pauses(retimed(words, heard.samples, heard.speech.speech), heard.speech.speech)
    assert [w.text for w in found] == ["of"] * len(times)
    assert all(w.end_s > w.start_s for w in found)
    assert len(without_pauses(words, heard.speech.speech)) == len(times)
