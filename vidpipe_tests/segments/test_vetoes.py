"""What rules a passage out, whatever it scores."""

import pytest

from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.ties import ties_of
from vidpipe.segments.vetoes import VETOES, Judge
from vidpipe_tests.segments.talks import chosen, content_of

PLAIN = "A river carries sand to the sea. The sand builds an island after many years."


def vetoes(text, first=0, last=None, language="en"):
    units = content_of(text, language).units
    phrases = cue_phrases(language)
    ties = ties_of(units, phrases)
    last = len(units) if last is None else last
    return set(Judge(units, ties, phrases).vetoes(units[first:last], first, last))


def test_a_plain_thought_has_none():
    assert vetoes(PLAIN) == set()


@pytest.mark.parametrize(
    ("text", "first", "last", "veto"),
    [
        (f"{PLAIN} The homework is due on Friday.", 0, 3, "housekeeping"),
        (f"{PLAIN} This is licensed under a Creative Commons license.", 0, 3, "housekeeping"),
        (f"Today we will look at four kinds of rivers. {PLAIN}", 0, 3, "agenda"),
        (f"I'm actually gonna skip this part about deltas. {PLAIN}", 0, 3, "agenda"),
        (f"{PLAIN} It lies far from the coast.", 2, 3, "back_reference"),
        (
            f"Anna Weber mapped a delta. She found three islands there. {PLAIN}",
            1,
            4,
            "back_reference",
        ),
        (f"As I said before, deltas grow slowly. {PLAIN}", 0, 3, "back_reference"),
        (f"Why do deltas sink? Sand is heavy and presses them down. {PLAIN}", 1, 4, "answer_alone"),
        (f"{PLAIN} Why do deltas sink?", 0, 3, "open_question"),
        (f"{PLAIN} Yeah, that was my question as well.", 0, 3, "dialogue"),
        (f"The matrix has x sub i in row i and column j of Q. {PLAIN}", 0, 3, "notation"),
        (f"{PLAIN} If you look at this graph, sand grows quickly.", 0, 3, "picture"),
        (f"{PLAIN} Okay, so lakes are another matter altogether.", 0, 3, "two_topics"),
        (f"Well, sand. {PLAIN}", 0, 3, "scrap"),
        (f"{PLAIN} And then the water goes to the", 0, 3, "ends_inside"),
    ],
)
def test_each_veto(text, first, last, veto):
    assert veto in vetoes(text, first, last)
    assert veto in VETOES


@pytest.mark.parametrize(
    ("language", "text", "veto"),
    [
        ("de", "Heute werden wir drei Flüsse betrachten. Ein Fluss trägt Sand ins Meer.", "agenda"),
        ("de", "Ein Fluss trägt Sand ins Meer. Das Übungsblatt steht auf Moodle.", "housekeeping"),
        ("fr", "Aujourd'hui nous allons voir trois fleuves. Un fleuve porte du sable.", "agenda"),
        ("es", "Hoy vamos a ver tres ríos. Un río lleva arena al mar.", "agenda"),
        ("it", "Oggi vedremo tre fiumi. Un fiume porta sabbia al mare.", "agenda"),
        ("pt", "Hoje vamos ver três rios. Um rio leva areia ao mar.", "agenda"),
        ("nl", "Vandaag gaan we drie rivieren bekijken. Een rivier draagt zand.", "agenda"),
        ("ru", "Сегодня мы рассмотрим три реки. Река несёт песок в море.", "agenda"),
        ("zh", "今天我们看三条河。河流把沙子带到大海。", "agenda"),
        ("ja", "今日は三つの川を見ます。川は砂を海に運びます。", "agenda"),
    ],
)
def test_vetoes_of_other_languages(language, text, veto):
    assert veto in vetoes(text, language=language)


def test_a_recording_without_stops_is_not_held_to_them():
    assert "ends_inside" not in vetoes("a river carries sand to the sea and builds an island there")


#: A talk of a hundred seconds that announces, skips and breaks off.
BROKEN_OFF = """
Good morning everyone, and welcome to the third meeting on maps. Today we will talk about how a
city knows where its pipes are. I'm actually gonna skip this outline because we are late.
Most cities have no map of their own pipes. You would think that somebody wrote down where they
are. But the people who dug them in died long ago, and they took the knowledge with them. So when
a street is opened, nobody knows what lies under it. In our town a digger hit a gas pipe that was
on no map, and two thousand people had to leave their homes for a night. A map of pipes costs less
than that one night. The last thing is about data formats, and there are issues associated with
the layers. So let me race through to the end, and then we'll go to the
"""


def test_a_talk_that_announces_and_breaks_off_gives_its_thought():
    found, said = chosen(BROKEN_OFF, count=1, asked=True)
    (only,) = said
    assert only.endswith("nobody knows what lies under it.")
    assert "outline" not in only and "Today" not in only and "race" not in only
    title = found.segments[0].title
    assert "," not in title and "outline" not in title.lower()
    tags = [k.lower() for k in found.segments[0].keyphrases]
    assert not {"easier", "issues", "outline", "late"} & set(tags)


def test_where_nothing_may_be_chosen_the_vetoes_are_named():
    found, _ = chosen(
        "Today we will look at maps of rivers. The homework is due on Friday evening. "
        "I'm gonna skip this outline because we are late again. And then we'll go to the",
        count=1,
        asked=True,
        max_s=12,
    )
    assert found.segments == ()
    assert "ruled out" in found.empty_reason
    assert VETOES["agenda"] in found.empty_reason and VETOES["housekeeping"] in found.empty_reason


def test_nothing_is_ruled_out_of_a_recording_that_is_kept_whole():
    text = "And that is why it fails. The homework is due on Friday evening. What comes after it?"
    found, (said,) = chosen(text, count=3, max_s=40)
    assert found.segments[0].title and "the whole recording" in found.segments[0].reasons[0]
    assert said.endswith("What comes after it?") and "homework" in said


def test_a_passage_that_stands_out_is_better_than_all_of_a_short_recording():
    found, (said,) = chosen(BROKEN_OFF, count=1, asked=True, max_s=200)
    assert "the whole recording" not in found.segments[0].reasons[0]
    assert "race" not in said and "outline" not in said
