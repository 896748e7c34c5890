"""Openings on something said before, and passages that are long or cut before their result."""

import pytest

from vidpipe.content.model import Unit
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.cuts import _runs_on
from vidpipe.segments.ties import Ties
from vidpipe.segments.vetoes import Judge

EN = cue_phrases("en")


def unit(text: str, start_s: float = 0.0) -> Unit:
    return Unit(start_s=start_s, end_s=start_s + 5.0, text=text)


def refers(text: str, phrases=EN) -> bool:
    units = (unit(text),)
    return "back_reference" in list(Judge(units, Ties(()), phrases).vetoes(units, 0, 1))


@pytest.mark.parametrize(
    "text",
    [
        "People always wrote it by hand in the lab.",
        "If you are able to solve that, you can jump to a solution.",
        "Everybody called them the best engineers of the town.",
        "The river then carries sand to the sea every summer.",
        "A small cache is faster and it also costs little to run in a house.",
        "Make a copy for the people of the house.",
        "The small bank had these problems for many years.",
    ],
)
def test_an_opening_that_means_what_was_said_before(text):
    assert refers(text)


@pytest.mark.parametrize(
    "text",
    [
        "Everybody knows that a river carries sand to the sea.",
        "A small cache is faster than the disk of a server.",
        "Making a copy of a film takes an hour.",
        "Why can a music file be ten times smaller?",
        "Banks lend money they do not have.",
    ],
)
def test_an_opening_that_stands_by_itself(text):
    assert not refers(text)


def test_a_language_without_the_lists_rules_nothing_out_by_them():
    assert not refers("Ein kleiner Speicher ist schneller und kostet wenig.", cue_phrases("de"))


def test_long_passages_and_those_cut_before_their_result_lose_points():
    short = [unit("A river carries sand to the sea.")]
    long = [unit("A river carries sand to the sea. " * 30)]
    assert _runs_on(short, "", EN) == _runs_on(short, "And it goes on.", EN) == 0.0
    assert _runs_on(long, "", EN) > 0
    assert _runs_on(short, "So the island grows every year.", EN) > _runs_on(long, "", EN)
    assert _runs_on(long, "Also wächst die Insel.", cue_phrases("de")) == 0.0
