"""Titles: whole thoughts alone."""

import pytest

from vidpipe.language.headline import headlines, stands_alone
from vidpipe.language.phrases import cue_phrases


@pytest.mark.parametrize(
    ("title", "good"),
    [
        ("When did the first transistor fail?", True),
        ("Where is the energy of a wave?", True),
        ("Which cache wins in a data center?", True),
        ("Who pays for open source software?", True),
        ("Why every slide needs a title", True),
        ("How often must we measure the sensor?", True),
        # Halves of sentences, whatever the whole one asks.
        ("When both waves are played at once?", False),
        ("Where you have ten full dimensions to share", False),
        ("Which is what causes the rainbow?", False),
        ("When Bitcoin wasn't that crazy, and then my father is?", False),
        ("Which is the reason for the rainbow", False),
        ("You can compute that the radius", False),
        ("You can compute that the radius grows", True),
        ("A leader of the whole community?", False),
    ],
)
def test_a_title_is_a_whole_thought(title, good):
    assert stands_alone(title, cue_phrases("en")) is good


def test_nobody_is_quoted_by_halves():
    said = 'The big idea is "Okay, how do we measure a sensor well, so that it lasts?"'
    found = [h.text for h in headlines(said, cue_phrases("en"))]
    assert all(text.count('"') != 1 for text in found)
    cut = "Everybody wants the fastest cache - the cache that I think never fails"
    assert all(" - " not in h.text for h in headlines(cut, cue_phrases("en")))
    assert not stands_alone("Especially because the cache was wrong", cue_phrases("en"))
