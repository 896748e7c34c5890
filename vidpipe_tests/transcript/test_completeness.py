"""No speech is left without words unless it was heard twice."""

import pytest

from vidpipe.timeline import span
from vidpipe.transcript.completeness import completed, unheard, unheard_s
from vidpipe.transcript.doubts import made_up, nobody_speaks, repeats
from vidpipe.transcript.model import Word
from vidpipe.transcript.pieces import WordPiece, words_of


def word(text, start_s, end_s, confidence=0.9):
    return Word(text=text, start_s=start_s, end_s=end_s, confidence=confidence)


SPEECH = [span(0.0, 4.0), span(6.0, 9.0)]
WORDS = [word("one", 0.1, 0.6), word("two", 1.0, 3.8)]


def test_speech_without_a_word_is_found_and_counted():
    assert unheard(WORDS, SPEECH) == [span(6.0, 9.0)]
    assert unheard_s(WORDS, SPEECH) == pytest.approx(3.0)
    assert unheard([*WORDS, word("three", 6.2, 8.5)], SPEECH) == []
    assert unheard([], []) == []


def test_it_is_heard_once_more_and_the_words_stand_where_they_are_said():
    asked = []

    def hear(stretch):
        asked.append(stretch)
        return [word("two", 3.0, 3.8), word("three", 6.2, 7.0), word("four", 7.2, 8.8)]

    found = completed(WORDS, SPEECH, hear)
    assert [w.text for w in found] == ["one", "two", "three", "four"]
    assert len(asked) == 1 and asked[0].start_s < 6.0 < 9.0 < asked[0].end_s


def test_stretches_near_each_other_are_heard_together():
    speech = [span(0.0, 2.0), span(3.0, 5.0), span(6.0, 8.0), span(40.0, 42.0)]
    asked = []
    completed([], speech, lambda stretch: asked.append(stretch) or [])
    assert [(round(a.start_s), round(a.end_s)) for a in asked] == [(0, 8), (40, 42)]


@pytest.mark.parametrize(
    "heard",
    [
        [word("Thanks", 6.2, 6.5), word("for", 6.6, 6.8), word("watching!", 6.9, 7.4)],
        [word("perhaps", 6.2, 6.5, 0.2), word("not", 6.6, 7.0, 0.3)],
        [word("x" * 60, 6.1, 6.4), word("y" * 60, 6.5, 6.9)],
        [word("elsewhere", 2.0, 2.5)],
    ],
)
def test_what_a_second_hearing_makes_up_is_not_believed(heard):
    assert completed(WORDS, SPEECH, lambda _: heard) == WORDS


def test_a_short_window_is_silent_by_the_chance_of_that_alone():
    assert nobody_speaks(0.78, -0.75, 0.4, doubted=False)
    assert not nobody_speaks(0.45, -0.4, 2.1, doubted=False)
    assert nobody_speaks(0.7, -1.2, 28.0, doubted=False)
    assert not nobody_speaks(0.7, -0.6, 28.0, doubted=False)
    assert nobody_speaks(0.55, -0.6, 28.0, doubted=True)
    assert not nobody_speaks(0.45, -1.6, 28.0, doubted=True)


def test_what_people_do_say_is_not_taken_for_made_up():
    for text in ("...", "Thank you.", "Thanks for watching!", "Untertitel der Amara.org-Community"):
        assert made_up(text)
    for text in ("Thank you for the question.", "You see four tabs.", "I'm sorry to say so."):
        assert not made_up(text)
    assert repeats("I'm sorry, " * 12) and not repeats("Ask not what your country can do.")


def test_pieces_are_words_as_the_model_means_them():
    said = [" side", "-by", "-side", " l", "'aéroport", " speech", " $", "5", ".", " C", "ustom"]
    pieces = [WordPiece(t, k, k + 0.5, 0.9) for k, t in enumerate(said)]
    assert [w.text for w in words_of(pieces)] == [
        *("side-by-side", "l'aéroport", "speech", "$5.", "Custom")
    ]
    first = words_of(pieces)[0]
    assert (first.start_s, first.end_s, first.confidence) == (0.0, 2.5, 0.9)
    chinese = [
        WordPiece(t, k, k + 0.5, 0.9) for k, t in enumerate(["数", "据", "，", "C", "ustom"])
    ]
    assert [w.text for w in words_of(chinese)] == ["数", "据，", "Custom"]
