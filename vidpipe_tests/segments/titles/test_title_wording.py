"""What a title is worth, by what is learnt of titles that readers marked."""

import pytest

from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.edges import edges_of
from vidpipe.segments.titles import namer
from vidpipe.segments.titles.wording import (
    PassageWords,
    TitleWording,
    clauses,
    numbers_of,
    terms_of,
    title_wording_of,
)
from vidpipe_tests.segments.talks import content_of, spoken

EN = cue_phrases("en")
TALK = (
    "I hate it, but now that I run a company, the hard thing is sales and marketing. "
    "Most engineers do not know a buyer - nobody taught them. "
    "The hard thing is sales and marketing, not code."
)


def passage(text=TALK):
    return PassageWords(content_of(text).units, EN)


def test_clauses_are_cut_at_commas_and_not_joined_over_a_dash():
    found = [title for title, _ in clauses(content_of(TALK).units, EN)]
    assert "The hard thing is sales and marketing" in found
    assert "Most engineers do not know a buyer" in found
    assert not any("buyer nobody" in title or "buyer -" in title for title in found)
    assert all(len(title) <= 60 for title in found)


def test_each_clause_comes_with_its_sentence():
    for title, sentence in clauses(content_of(TALK).units, EN):
        assert title.lower() in sentence.lower()


def test_a_place_is_that_of_the_sentence_that_says_it():
    assert passage().place("Most engineers do not know") == (1, 0, 5)
    assert passage().place("Engineers who know") == (1, -1, -1)


def test_numbers_tell_a_clause_from_what_a_rule_made():
    clause = numbers_of("The hard thing is sales and marketing", None, passage())
    ruled = numbers_of("The hard thing is sales and marketing", 0.7, passage())
    assert (clause["#by rule"], ruled["#by rule"], ruled["#worth"]) == (0.0, 1.0, 0.7)
    assert clause["#said again"] > 0 and clause["#ends it"] == 1.0


def test_a_worth_adds_up_terms_and_numbers():
    wording = TitleWording({"": 0.5, "^the": 0.25, "hard thing": 1.0, "#by rule": -0.5})
    assert wording.worth("The hard thing", None, passage()) == 1.75
    assert wording.worth("The hard thing", 0.4, passage()) == 1.25
    assert {"hard", "hard thing", "^the", "^^the hard", "$thing"} <= terms_of("The hard thing")


def test_other_languages_keep_the_order_by_rule():
    assert len(title_wording_of("en").table) > 500
    content = content_of("Ein Fluss trägt Sand ins Meer. Warum sinken Deltas im Meer?", "de")
    one = namer.Namer(content, cue_phrases("de"), (), "talk")
    rated = [title for _, title in one.rated(content.units, 0, 2, ())]
    assert one.title(content.units, 0, 2, ()) == rated[0]


def named(monkeypatch, table):
    """The first title of the talk where that table is what is learnt."""
    monkeypatch.setattr(namer, "title_wording_of", lambda _: TitleWording(table))
    content = content_of(TALK)
    one = namer.Namer(content, EN, (), "talk")
    units = content.units
    run = edges_of(units, spoken(TALK)[0].words, EN).run(0, len(units))
    return one.title(run, 0, len(units), one.tags(run, 0, len(units)))


def test_what_is_learnt_says_which_title_is_first(monkeypatch):
    assert named(monkeypatch, {"do not": 5.0}) == "Most engineers do not know a buyer"
    assert "sales and marketing" in named(monkeypatch, {"marketing": 5.0})


@pytest.mark.parametrize(
    "clause",
    [
        "If you want to build a company",
        "When I was ten years old",
        "Because customers pay money",
        "That what matters more is money",
        "And a company pays money",
    ],
)
def test_half_a_sentence_is_no_title(clause):
    text = f"{clause}, there is nothing to do about it. The hard thing is sales and marketing."
    content = content_of(text)
    one = namer.Namer(content, EN, (), "talk")
    run = content.units
    options = one.options(run, 0, len(run), ())
    assert clause not in options
    assert "The hard thing is sales and marketing" in options
