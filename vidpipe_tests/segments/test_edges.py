"""Where a clip may begin and end inside a sentence, and what belongs together."""

import pytest

from vidpipe.language.phrases import cue_phrases
from vidpipe.language.sentence import clauses
from vidpipe.segments.edges import edges_of
from vidpipe.segments.ties import ties_of
from vidpipe_tests.segments.talks import chosen, content_of, spoken


@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("en", "So, as I said, a wolf shapes a river.", "a wolf shapes a river."),
        ("en", "A wolf shapes a river, and so on.", "A wolf shapes a river"),
        ("en", "A wolf shapes a river, and then we'll go to the", "A wolf shapes a river"),
        ("en", "When a wolf hunts, deer move away.", "When a wolf hunts, deer move away."),
        ("en", "Well, yes, deer.", "Well, yes, deer."),
        ("de", "Wie gesagt, ein Wolf formt einen Fluss.", "ein Wolf formt einen Fluss."),
        ("fr", "Comme je l'ai dit, un loup change la rivière.", "un loup change la rivière."),
    ],
)
def test_clauses_that_only_connect_are_left_out(language, text, kept):
    found = clauses(text, cue_phrases(language))
    assert text[found.begins : found.ends].strip().startswith(kept)


def test_a_cut_lies_at_the_words_own_time():
    text = "As I said, a wolf shapes a river in ten years. It turns at last, and so on."
    transcript, _, _ = spoken(text)
    content = content_of(text)
    edges = edges_of(content.units, transcript.words, cue_phrases("en"))
    assert edges.opening[0].text.startswith("a wolf")
    assert edges.opening[0].start_s == transcript.words[3].start_s
    assert edges.closing[1].end_s == transcript.words[-4].end_s
    assert edges.closing[1].text.endswith("at last.")
    # In the middle of a run nothing is left out.
    run = edges.run(0, 2)
    assert run[0].end_s == content.units[0].end_s


def test_a_lone_word_is_left_out_only_at_a_pause():
    for text, kept in (
        ("So a wolf shapes a river in ten years.", "So a wolf"),
        ("So | a wolf shapes a river in ten years.", "a wolf"),
    ):
        transcript, _, _ = spoken(text)
        edges = edges_of(content_of(text).units, transcript.words, cue_phrases("en"))
        assert edges.opening[0].text.startswith(kept)


def kinds(text, first, last):
    units = content_of(text).units
    ties = ties_of(units, cue_phrases("en"))
    return (
        {t.kind for t in ties.held(first, last)},
        {t.kind for t in ties.cut_before(first, last)},
        {t.kind for t in ties.cut_after(first, last)},
    )


def test_a_question_and_its_answer_are_tied_over_small_talk():
    text = "Why is the sky blue? Good. Air scatters short waves of light more than long ones."
    held, _, _ = kinds(text, 0, 3)
    assert "answer" in held
    assert "answer" in kinds(text, 0, 1)[2] and "answer" in kinds(text, 2, 3)[1]


def test_an_expectation_what_breaks_it_and_a_reason_are_tied():
    text = (
        "You would think that heavy ships sink. But a ship of steel floats well. "
        "Because it pushes more water away than it weighs."
    )
    held, _, _ = kinds(text, 0, 3)
    assert {"reversal", "reason"} <= held
    assert "reason" in kinds(text, 0, 2)[2]


TALK = """
Rivers carry sand for many thousand years. Sand from the mountains fills the lakes below them.
How did a town without money build a bridge over the river? The answer surprised every engineer in
the country. The people of the town sold tickets to walk on it before it was built, and everyone
wanted to be the first. So a bridge that did not exist paid for itself in one summer.
Lakes freeze from above because ice is lighter than water. Fish live below it until spring.
"""


def test_a_clip_has_the_question_and_what_came_of_it():
    found, said = chosen(TALK, count=1, max_s=28, asked=True)
    assert "How did a town" in said[0] and "sold tickets" in said[0]
    assert "holds a question and its answer" in found.segments[0].reasons
    assert found.segments[0].title.endswith("?")


def test_reach_says_how_far_apart_they_may_be():
    units = content_of("Why is the sky blue? Good. Yes. Air scatters short waves of light.").units
    assert "answer" in {t.kind for t in ties_of(units, cue_phrases("en"), 6).held(0, len(units))}
    near = ties_of(units, cue_phrases("en"), 1)
    assert "answer" not in {t.kind for t in near.held(0, len(units))}


def test_a_clip_goes_on_to_the_end_of_the_voice_its_last_word_is_part_of():
    """Aligned words end early in drawn-out vowels; the clip was cut there, in full voice."""
    from vidpipe.segments.cuts import _said_out
    from vidpipe.timeline import span

    speech = [span(0.0, 4.0), span(5.0, 9.7)]
    starts = [s.start_s for s in speech]
    assert _said_out(9.0, [0.1, 5.1, 8.0], starts, speech) == 9.7
    # Another word is said in it, nobody speaks there, or for longer than any word lasts.
    assert _said_out(6.0, [0.1, 5.1, 6.3], starts, speech) == 6.0
    assert _said_out(4.5, [0.1, 5.1], starts, speech) == 4.5
    assert _said_out(7.0, [0.1, 5.1], starts, speech) == 7.0
