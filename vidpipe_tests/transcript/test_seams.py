"""Two hearings that meet read as one text."""

import pytest

from vidpipe.text import joined
from vidpipe.timeline import span
from vidpipe.transcript.completeness import completed
from vidpipe.transcript.model import Word
from vidpipe.transcript.seams import sewn
from vidpipe.transcript.windows import stitch


def timed(text, start_s=0.0):
    return [
        Word(text=t, start_s=start_s + k * 0.4, end_s=start_s + k * 0.4 + 0.35, confidence=0.9)
        for k, t in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("before", "after", "pause_s", "language", "text"),
    [
        # A capital in the middle of a sentence.
        ("we went", "To the market.", 0.1, "en", "we went to the market."),
        ("the users,", "And so on.", 1.0, "en", "the users, and so on."),
        # A stop that is missing.
        ("we went home", "And then it rained.", 0.8, "en", "we went home. And then it rained."),
        # A stop in the middle of a sentence, and one after which a sentence begins small.
        ("To the market.", "and bought it.", 0.1, "en", "To the market and bought it."),
        ("That was it.", "then it rained.", 0.8, "en", "That was it. Then it rained."),
        ("Was it?", "yes it was.", 0.1, "en", "Was it? Yes it was."),
        # Nothing is changed where nothing tells.
        ("we met", "Anna in town.", 0.1, "en", "we met Anna in town."),
        ("now", "I know.", 0.1, "en", "now I know."),
        ("and", "Das Haus ist alt.", 0.8, "de", "and Das Haus ist alt."),
        ("apples, e.g.", "red ones.", 0.8, "en", "apples, e.g. red ones."),
        ("It is.", "Then it was.", 0.1, "en", "It is. Then it was."),
        ("今天。", "我们来。", 0.1, "zh", "今天。我们来。"),
    ],
)
def test_stops_and_capitals_at_a_seam(before, after, pause_s, language, text):
    left = timed(before)
    right = timed(after, left[-1].end_s + pause_s)
    found = sewn(left, right, language)
    assert joined(w.text for w in found) == text
    assert [w.start_s for w in found] == [w.start_s for w in (*left, *right)]


def test_windows_are_stitched_to_one_text():
    left, right = timed("we went"), timed("To the market.", 1.0)
    heard = [(span(0.0, 0.9), left), (span(0.9, 3.0), right)]
    assert joined(w.text for w in stitch(heard, "en")) == "we went to the market."


def test_what_is_heard_again_becomes_a_part_of_its_sentence():
    words = [*timed("so we went"), *timed("and bought it.", 4.0)]
    speech = [span(0.0, 5.2)]
    found = completed(words, speech, lambda _: timed("To the old market.", 2.0), "en")
    assert joined(w.text for w in found) == "so we went. To the old market and bought it."
    assert [w.start_s for w in found] == sorted(w.start_s for w in found)
