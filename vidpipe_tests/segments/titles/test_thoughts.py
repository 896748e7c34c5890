"""Titles that a sentence holds, what a passage is about, and what is no title by itself."""

import pytest

from vidpipe.language.nouns import Nouns
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.titles.alone import disowned, told_alone, whole
from vidpipe.segments.titles.things import Things, about_things, topics_title
from vidpipe.segments.titles.thoughts import held
from vidpipe_tests.segments.talks import chosen, content_of

EN = cue_phrases("en")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "So why do you think that private insurance drops off at 65?",
            "Why private insurance drops off at 65",
        ),
        ("I want to show you how the cache fails, and what it costs.", "How the cache fails"),
        ("Think about how to treat the unborn people.", "How to treat the unborn people"),
        ("That is why workshops are smaller than talks.", "Why workshops are smaller than talks"),
        ("A hash is a number that stands for a file.", "What is a hash?"),
        (
            "It hangs on the difference between a wave and a particle.",
            "The difference between a wave and a particle",
        ),
    ],
)  # fmt: skip
def test_what_a_sentence_holds(text, title):
    assert title in [t for _, t in held(text, EN)]


@pytest.mark.parametrize(
    "text",
    [
        "I will show you how it fails in the end.",
        "Let me say how to represent them in a matrix.",
        "Nobody knows how valuable their intuitions are.",
        "How do you do it, and why would anyone?",
        "It is the problem with that.",
        "A hash is what they said.",
    ],
)
def test_what_a_sentence_does_not_hold(text):
    assert held(text, EN) == []


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        # Cut where the thought goes on.
        ("You have to take action in order", "You have to take action in order to learn."),
        ("The demo keeps me honest to stick", "The demo keeps me honest to stick to facts."),
        ("Quaternions are a fascinating", "Quaternions are a fascinating and odd number system."),
        ("The incentives of a bank will be", "The incentives of a bank will be to lend more."),
        ("Learning a language is aided", "Learning a language is aided by a friend."),
        ("A developer can handle", "Most of the load, a developer can handle."),
        ("The cache has a bug.*", "The cache has a bug.*"),
        ("Into your customers is the problem", "Sight into your customers is the problem."),
        # Nobody does anything, or somebody who is named before it.
        ("Formulas which are presented", "Formulas which are presented as rules."),
        ("A desire to find a formula", "A desire to find a formula is enough."),
        ("Higher frequency light, say violet", "Higher frequency light, say violet, is twisted."),
        ("Draw a line to the wall", "You stand up, and draw a line to the wall."),
        ("An aperture and is then collected", "Light needs an aperture and is then collected."),
        ("Once you have managed to save the cost", "Once you have managed to save the cost, grow."),
        ("Didn't get the job we wanted?", "Didn't get the job we wanted?"),
        # Somebody or something that was said before.
        ("Each answer to that question is new", "Each answer to that question is new."),
        ("How it ends is by them", "How it ends is by them."),
    ],
)  # fmt: skip
def test_a_scrap_is_no_title(title, sentence):
    assert told_alone(title, sentence, [], Nouns([sentence], EN), EN) is None


def test_a_claim_about_the_topic_is_worth_more_than_one_about_nobody():
    said = "Saddle points trap the descent. Saddle points are flat. I like it a lot."
    named = [(3.0, "saddle points")]
    nouns = Nouns([said], EN)
    worth = [
        told_alone(title, f"{title}.", named, nouns, EN)
        for title in (
            "Saddle points never stop the descent",
            "You want to find saddle points",
            "I found saddle points at work",
            "A lot of people think about lunch",
        )
    ]
    assert worth == sorted(worth, reverse=True) and worth[0] > 0.3 and worth[-1] < 0
    assert about_things("Lunch is late", named, EN) < 0 < about_things("A saddle point", named, EN)


def test_a_language_without_the_lists_loses_no_title():
    nouns = Nouns([], cue_phrases("de"))
    assert told_alone("Seen frieren von oben zu", "Seen frieren von oben zu.", [], nouns,
                      cue_phrases("de")) == 0.0  # fmt: skip
    assert held("Ich zeige, wie der See gefriert.", cue_phrases("de")) == []


def test_who_knows_it_is_left_out():
    assert disowned("I know people hate slow caches", EN) == "People hate slow caches"
    assert disowned("I know iPhones hate the cold", EN) == "iPhones hate the cold"
    assert disowned("I know it", EN) == "I know it"


ABOUT = """
Medicare pays for people who are old. The private insurance knows that Medicare pays. So the private
insurance waits. Newton's method stops at a saddle, and Newton's method is the method.
Medicare is fair.
"""


def test_the_two_things_of_a_passage_are_its_plain_title():
    content = content_of(ABOUT)
    things = Things([u.text for u in content.units], Nouns([ABOUT], EN), EN)
    named = things.named(content.units[:3])
    title = topics_title(named, "en")
    assert "Medicare" in title and "rivate insurance" in title and title
    assert whole(title, EN)
    assert "Newton's method" in [t for _, t in things.named(content.units[3:4])]
    assert topics_title([], "en") == "" and topics_title([(2.6, "money")], "en") == ""


def test_no_title_is_of_another_passage_and_none_is_cut():
    talk = (
        "The bank holds the ledger. The bank takes a part of the ledger in order to pay for the "
        "ledger. It goes on like that with the bank, which you can see, so the ledger of the bank "
        "is kept by the bank. " * 2
    )
    found, _ = chosen(talk, count=1, asked=True)
    for segment in found.segments:
        assert not segment.title.endswith((" order", " to", " that", " which"))
        assert len(segment.title) <= 60 and segment.title[0].isupper()
