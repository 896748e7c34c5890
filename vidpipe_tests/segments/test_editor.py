"""The language model as editor: what it may decide."""

import json

import pytest

from vidpipe.content.model import Content, Topic, Unit
from vidpipe.language.phrases import cue_phrases
from vidpipe.language.signs import signs_of_text
from vidpipe.segments.editor.answers import proposals
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.editor.questions import READ_AGAIN, READ_AT_ONCE, Lengths, lengths
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import Transcript, Word
from vidpipe_tests.segments.scripted import (
    EDITOR,
    JUDGE,
    OPTIONS,
    TEXTS,
    Model,
    chosen,
    low,
    microphone,
    on,
)

pytestmark = pytest.mark.usefixtures("free_of_charge")


def test_it_ranks_and_titles_and_its_words_are_the_passages():
    found = chosen(Editor(JUDGE, Model(microphone)))
    first = found.segments[0]
    assert first.title == "How a microphone turns pressure into voltage"
    assert first.hook == "many thousand times a second."
    assert first.reasons[0] == "Explains a thing everybody owns."
    assert first.parts["llm"] == 0.9
    assert first.start_s <= 20.0 < first.end_s
    assert found.llm.judged == found.llm.asked > 1
    assert found.llm.cost == pytest.approx(found.llm.requests * (1000 * 1.0 + 200 * 4.0) / 1e6)


def test_its_marks_are_in_the_factors_with_what_a_stranger_would_ask():
    unmarked = Model(lambda p: [best := on(p, "microphone"), *low(p, best)])
    local = {f.name: f for f in chosen(Editor(JUDGE, unmarked)).segments[0].factors}
    model = Editor(JUDGE, Model(microphone))
    factors = {f.name: f for f in chosen(model).segments[0].factors}
    assert factors["self_contained"].evidence[0] == "a stranger would ask: Which pressure is meant?"
    assert not any("evil" in e for f in factors.values() for e in f.evidence)
    assert factors["hook"].value == pytest.approx(0.2 * local["hook"].value + 0.8 * 80, abs=0.1)
    assert factors["payoff"] == local["payoff"], "it said nothing of that"


def test_it_finds_passages_of_its_own_by_quotes():
    """Nothing is found without it, for the model alone may overrule what is no fact."""

    def proposes(data):
        assert data["transcript"].split() == " ".join(TEXTS).split()
        return [
            {"begin": "A microphone turns pressure", "end": "many THOUSAND times a second"},
            {"begin": "nobody ever said these words", "end": "times a second"},
            {"begin": "The sampling theorem", "end": "frequency that we care about"},
        ]

    options = OPTIONS.model_copy(update={"min_score": 100.0})
    assert not chosen(options=options).segments
    model = Model(lambda p: [best := on(p, "microphone", score=95), *low(p, best)], proposes)
    found = chosen(Editor(EDITOR, model), OPTIONS.model_copy(update={"min_score": 60.0}))
    (judged,) = model.of("candidates")
    assert judged["candidates"][0]["text"] == TEXTS[2]
    assert judged["candidates"][0]["before"].endswith(TEXTS[1])
    assert judged["candidates"][0]["after"] == TEXTS[3]
    assert [(s.start_s < 20.0 < s.end_s) for s in found.segments] == [True]
    # One is not said, and one is all of the talk.
    assert (found.llm.proposed, found.llm.unusable) == (2, 2)


def test_a_border_is_moved_to_hold_the_result():
    options = SegmentOptions(count=1, min_s=8, max_s=25, min_score=0)
    moved = {"begin": "", "end": "frequency that we care about"}

    def judges(passages):
        own = next(k for k, t in passages.items() if t == TEXTS[2])
        best = {"id": own, "score": 90, "hook": "twice the highest frequency", **moved}
        return [best, *low(passages, best)]

    proposes = lambda _: [{"begin": "A microphone", "end": "times a second"}]  # noqa: E731
    found = chosen(Editor(EDITOR, Model(judges, proposes)), options)
    (only,) = found.segments
    assert only.start_s <= 20.0 and only.end_s >= 39.0
    assert only.hook == "twice the highest frequency"
    # Where that is no clip, or not said, its marks are another passage's.
    for begin in ("The sampling theorem", "nobody has said these words"):
        moved["begin"] = begin
        found = chosen(Editor(EDITOR, Model(judges, proposes)), options)
        assert not found.segments and found.llm.declined > 1


#: Spoken as people do: a run-up before the comma, a speaker who trails off.
RUN_UP = (
    "I never knew how they do it...",
    "And you know, I think, a wolf that is gone changes the course of a whole river.",
    "The deer eat the young trees, so the banks give way, as I said last week,",
)


def run_up_talk(begin, end, texts=RUN_UP):
    """The words of the clip that a model wants of it."""
    units, words, at = [], [], 0.0
    for text in texts:
        spoken = text.split()
        units.append(Unit(start_s=at, end_s=at + 0.5 * len(spoken) - 0.05, text=text))
        words += [
            Word(text=w, start_s=at + 0.5 * k, end_s=at + 0.5 * k + 0.45)
            for k, w in enumerate(spoken)
        ]
        at += 0.5 * len(spoken)
    english = cue_phrases("en")
    units = [u.model_copy(update={"signs": signs_of_text(u.text, english)}) for u in units]
    topic = Topic(
        start_s=0, end_s=at, title="Wolves", keyphrases=(), first_unit=0, last_unit=len(units)
    )
    model = Model(lambda p: [{"id": "c1", "score": 90}], lambda _: [{"begin": begin, "end": end}])
    found = select_segments(
        Content(basis="sentences", units=tuple(units), topics=(topic,)),
        Transcript(source="sidecar", language="en", words=tuple(words)),
        SpeechMap(duration_s=at, speech=(span(0, at),), silences=()),
        SegmentOptions(count=1, min_s=5, max_s=20, lead_in_s=0, lead_out_s=0),
        at,
        "talk",
        Editor(EDITOR, model),
    )
    return [
        " ".join(w.text for w in words if s.start_s - 0.1 <= w.start_s < s.end_s - 0.1)
        for s in found.segments
    ]


def test_a_clip_may_begin_and_end_at_a_clause_where_the_model_wants_it():
    wanted = "a wolf that is gone changes the course of a whole river."
    assert run_up_talk("a wolf that is gone", "of a whole river") == [wanted]
    both = f"{wanted} The deer eat the young trees, so the banks give way,"
    assert run_up_talk("a wolf that is gone", "so the banks give way") == [both]
    # A word that is said twice, between commas, is no clause.
    kept, tail = (
        "We never, ever, want to see a bank of this river give way again,",
        " and deer know.",
    )
    assert run_up_talk("ever, want to see", "give way again", (kept + tail,)) == [kept]
    # Where no clause begins, the sentence begins as it does for others.
    assert run_up_talk("gone changes the course", "of a whole river") == [wanted]


def test_what_it_would_not_post_is_only_there_where_so_many_are_asked_for():
    refuses = lambda p: [{"id": k, "score": 40, "post": False} for k in p]  # noqa: E731
    found = chosen(Editor(EDITOR, Model(refuses)))
    assert not found.segments
    assert found.empty_reason.startswith("the language model would post none of the")
    assert found.llm.declined == found.llm.judged > 1
    asked = chosen(Editor(EDITOR, Model(refuses)), OPTIONS.model_copy(update={"asked": True}))
    assert len(asked.segments) == 2 and all(s.weak for s in asked.segments)


def test_the_better_ones_of_what_it_would_not_post_are_taken_first():
    marks = {TEXTS[0]: 52, TEXTS[1]: 55, TEXTS[2]: 69, TEXTS[3]: 60}

    def judges(passages):
        return [{"id": k, "score": marks.get(text, 20)} for k, text in passages.items()]

    asked = OPTIONS.model_copy(update={"asked": True, "count": 1, "min_score": 10.0})
    (only,) = chosen(Editor(JUDGE, Model(judges)), asked).segments
    assert only.start_s == pytest.approx(19.7) and only.weak


def test_who_judges_few_has_not_chosen():
    local = chosen()
    said = lambda p: [{"id": "c1", "score": 90}]  # noqa: E731
    found = chosen(Editor(JUDGE, Model(said)))
    assert found.segments == local.segments
    assert found.llm.skipped_reason == f"it judged only 1 of {found.llm.asked} candidates"


@pytest.mark.parametrize("post", ["false", 0, None, "no"])
def test_only_yes_is_yes(post):
    said = lambda p: [{"id": k, "score": 90, "post": post} for k in p]  # noqa: E731
    assert not chosen(Editor(JUDGE, Model(said))).segments


def test_what_is_said_twice_is_meant_where_it_makes_a_clip():
    said = [*(f"word{k}" for k in range(100)), "and", "then", "somebody", "asked"]
    said += [*(f"more{k}" for k in range(30)), "and", "then", "somebody", "asked", "again", "today"]
    words = [Word(text=w, start_s=k, end_s=k + 0.9) for k, w in enumerate(said)]
    content = json.dumps({"passages": [{"begin": "and then somebody", "end": "asked again today"}]})
    assert proposals(content, words, Lengths(20, 60)) == ([(100, 140)], 0)
    many = json.dumps({"passages": [{"begin": "word1", "end": "word9"}] * 5000})
    assert proposals(many, words, Lengths(20, 60))[1] <= 6


def test_the_best_are_compared_in_pairs():
    def judges(passages):
        return [{"id": k, "score": 80} for k in passages]

    def prefers(data):
        texts = {p["id"]: p["text"] for p in data["passages"]}
        best = next(k for k, text in texts.items() if text == TEXTS[0])
        return [
            {"id": p["id"], "better": best if best in (p["first"], p["second"]) else "none"}
            for p in data["pairs"]
        ]

    local = chosen(Editor(JUDGE, Model(judges)))
    model = Model(judges, prefers=prefers)
    found = chosen(Editor(JUDGE, model))
    (data,) = model.of("pairs")
    count = len(data["passages"])
    assert len(data["pairs"]) == found.llm.compared == count * (count - 1) // 2 > 0
    assert {p["first"] for p in data["pairs"]} & {p["second"] for p in data["pairs"]}
    first = next(s for s in found.segments if s.start_s < 1.0)
    before = next(s for s in local.segments if s.start_s < 1.0)
    assert first.rank == 1 and first.score == pytest.approx(before.score + 10.0)


def test_a_long_transcript_is_read_in_parts_that_overlap():
    words = [Word(text=f"sample{k}", start_s=k, end_s=k + 0.5) for k in range(2 * READ_AT_ONCE)]

    def proposes(data):
        said = data["transcript"].split()
        last = said[-1] if said[-1] == "sample5999" else "sample9999"
        return [{"begin": said[0], "end": said[30]}, {"begin": said[300], "end": last}]

    model = Model(lambda _: [], proposes)
    editor = Editor(EDITOR, model)
    limits = lengths(words, 3000.0, OPTIONS)
    # Two words a second, a little within the limits.
    assert (limits.least, limits.most) == (18, 22)
    runs = editor.propose(words, limits)
    parts = [d["transcript"].split() for d in model.of("transcript")]
    assert [len(p) for p in parts] == [READ_AT_ONCE, READ_AT_ONCE, 2 * READ_AGAIN]
    assert parts[0][-READ_AGAIN:] == parts[1][:READ_AGAIN]
    assert {w for p in parts for w in p} == {w.text for w in words}
    # The best of each part come first; the end of three is not said there.
    assert runs == [(0, 31), (2700, 2731), (5400, 5431), (5700, 6000)]
    assert editor.note.unusable == 2


def test_words_without_spaces_are_counted_in_characters():
    words = [Word(text=c, start_s=k / 4, end_s=(k + 1) / 4) for k, c in enumerate("我们总是" * 50)]
    limits = lengths(words, 50.0, OPTIONS)
    assert limits.named == {"least_characters": 35, "most_characters": 44}


def test_what_a_model_would_post_is_offered_however_little_the_local_score_makes_of_it():
    options = OPTIONS.model_copy(update={"min_score": 60.0})
    mostly_local = JUDGE.model_copy(update={"weight": 0.1})

    def judges(passages):
        return [{"id": k, "score": 75, "post": True} for k in passages]

    # 0.9 of this and 0.1 of 75 is less than 60.
    assert min(s.score for s in chosen().segments) < 58
    found = chosen(Editor(mostly_local, Model(judges)), options)
    assert len(found.segments) == 2 and all(s.score > 60 for s in found.segments)
