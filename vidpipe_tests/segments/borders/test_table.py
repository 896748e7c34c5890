"""Which sentences a clip may begin and end with, by what is learnt of them."""

import pytest

from vidpipe.language.phrases import cue_phrases
from vidpipe.segments import cuts
from vidpipe.segments.borders.model import Border
from vidpipe.segments.borders.table import BorderTable, borders_of, numbers_at, terms_at
from vidpipe.segments.factors import score_of
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.wording import words_of
from vidpipe_tests.segments.talks import STORY, chosen, content_of, simple, spoken


def at(text, k):
    units = content_of(text).units
    words = [words_of(u.text) for u in units]
    return terms_at(units, words, k), numbers_at(units, words, k)


def test_terms_know_where_they_stand():
    found, _ = at("Who sang? A river carries sand. Then it rains.", 1)
    assert {"river", "river carries", "^a", "^a river", "^^a river carries", "$sand"} <= found
    assert {"<sang", "<?", ">then", ">then it", ">>then it rains"} <= found
    assert "?" not in found and ">?" not in found


def test_numbers_are_between_nothing_and_one_and_know_the_neighbours():
    _, numbers = at(STORY, 3)
    assert all(0.0 <= value <= 1.0 for value in numbers.values())
    _, second = at("Deltas grow. Deltas grow slowly in the Pacific.", 1)
    _, first = at("Deltas grow. Rivers flow slowly in the Pacific.", 1)
    assert second["#known"] > first["#known"] == 0.0


def test_a_model_adds_up_what_a_sentence_has():
    units = content_of("Sand is heavy. Rivers carry it to the sea.").units
    model = BorderTable({"": (-1.0, 0.5), "sand": (2.0, 0.0), "$sea": (0.25, 1.0)})
    assert model.of(units) == [Border(1.0, 0.5), Border(-0.75, 1.5)]
    assert BorderTable({}).of(units) == []


@pytest.mark.parametrize("language", ["xx", "", "../en"])
def test_other_languages_say_nothing(language):
    assert borders_of(language).table == {}


def test_a_story_opens_and_its_lesson_ends():
    units = content_of(STORY).units
    borders = borders_of("en").of(units)
    opens = [b.opens for b in borders]
    ends = [b.ends for b in borders]
    texts = [u.text for u in units]
    assert texts[opens.index(max(opens))].startswith("When I was ten")
    assert texts[ends.index(max(ends))].startswith("That's how I learned")


def test_a_talk_is_cut_from_its_story_to_its_lesson():
    _, said = chosen(STORY, count=1, asked=True)
    assert said[0].startswith("When I was ten")
    assert said[0].endswith("smaller than people think.")


class Opening:
    """A model to which one sentence opens as well as it is told, and ends well."""

    def __init__(self, value, worth=None):
        self.value = value
        self.worth = worth

    def of(self, units):
        return [Border(self.value, 1.0, self.worth) for _ in units]


@pytest.mark.parametrize(
    ("value", "worth", "ruled_out"),
    [(1.4, None, True), (1.6, None, False), (0.7, 0.0, True), (0.9, 0.0, False)],
)
def test_cue_phrases_are_doubted_where_a_sentence_opens_as_few_do(value, worth, ruled_out):
    text = "They bought those houses in the old town. A river carries sand to the sea every year."
    transcript, speech, length_s = spoken(text)
    content = content_of(text)
    found = cuts.candidates(
        content,
        transcript.words,
        speech,
        SegmentOptions(min_s=6, max_s=40),
        length_s,
        [],
        cue_phrases("en"),
        reader=Opening(value, worth),
    )
    assert ("back_reference" in found.vetoed) is ruled_out


def test_a_reply_within_is_half_of_a_dialogue_however_the_first_sentence_opens():
    text = "A river carries sand to the sea every year. Yeah, I love that. It builds an island."
    transcript, speech, length_s = spoken(text)
    options = SegmentOptions(min_s=4, max_s=40)
    found = cuts.candidates(
        content_of(text),
        transcript.words,
        speech,
        options,
        length_s,
        [],
        cue_phrases("en"),
        reader=Opening(2.0),
    )
    assert found.vetoed["dialogue"] > 0
    assert not any("Yeah" in u.text for c in found.candidates for u in found.run(c)[1:])


def test_runs_of_speech_without_words_have_no_borders():
    content, speech = simple([8.0] * 6)
    units = tuple(u.model_copy(update={"text": ""}) for u in content.units)
    silent = content.model_copy(update={"basis": "speech", "units": units})
    found = cuts.candidates(
        silent, (), speech, SegmentOptions(min_s=8, max_s=40), 51.0, [], cue_phrases("")
    )
    assert found.candidates and found.cutter.borders == []


def test_a_score_is_best_in_the_middle_of_the_lengths_that_are_wanted():
    signs = {"opens": 0.0, "ends": 0.0}
    assert score_of(signs, 0.0) > score_of(signs, 0.5) > score_of(signs, 1.0)
    assert score_of({}, 0.0) == score_of({}, 1.0)
    assert score_of({"opens": 1.0, "ends": 0.0}, 0.0) > score_of(signs, 0.0)


def test_an_answer_alone_is_doubted_where_the_question_before_it_was_read():
    text = "Why does sand move? Because the river carries it to the sea every single year."
    transcript, speech, length_s = spoken(text)
    options = SegmentOptions(min_s=4, max_s=6)
    vetoed = [
        cuts.candidates(
            content_of(text),
            transcript.words,
            speech,
            options,
            length_s,
            [],
            cue_phrases("en"),
            reader=Opening(2.0, worth),
        ).vetoed
        for worth in (None, 0.0)
    ]
    assert vetoed[0]["answer_alone"] > 0 == vetoed[1]["answer_alone"]


def test_what_sentences_are_worth_counts_where_it_was_read():
    signs = {"opens": 1.0, "ends": 1.0}
    assert score_of({**signs, "worth": 1.0}, 0.0) > score_of({**signs, "worth": 0.0}, 0.0)
    content, speech = simple([8.0] * 6)
    whole = cuts.candidates(
        content,
        (),
        speech,
        SegmentOptions(min_s=8, max_s=40),
        51.0,
        [],
        cue_phrases("en"),
        reader=Opening(1.0, 0.5),
    )
    item = whole.candidates[0]
    assert whole.cutter.signs(whole.run(item), item, item.parts)["worth"] == 0.5
