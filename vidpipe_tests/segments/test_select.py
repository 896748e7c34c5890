import csv
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.content.analyse import analyse
from vidpipe.content.model import Content, Topic, TopicOptions, Unit
from vidpipe.edits.passages import Passage, WantedSegment
from vidpipe.layout.model import Layout
from vidpipe.segments.choose import schedule
from vidpipe.segments.cuts import Candidate
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import complement, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.sentences import split_sentences
from vidpipe_tests.segments.talks import simple


@st.composite
def talks(draw):
    """Sentences with gaps, words that fill them, importance."""
    count = draw(st.integers(1, 30))
    at, units, words = 0.5, [], []
    for k in range(count):
        length = draw(st.floats(1.0, 9.0))
        units.append(
            Unit(
                start_s=at,
                end_s=at + length,
                text=f"Sentence number {k} says something new about item{k}.",
                importance=draw(st.floats(0.2, 1.0)),
            )
        )
        step = length / 4
        words += [
            Word(text=f"w{k}-{j}", start_s=at + j * step, end_s=at + (j + 1) * step - 0.02)
            for j in range(4)
        ]
        at += length + draw(st.floats(0.0, 3.0))
    inner = draw(st.sets(st.integers(1, count - 1), max_size=3)) if count > 1 else set()
    topics = tuple(
        Topic(
            start_s=units[first].start_s,
            end_s=units[last - 1].end_s,
            title=f"Topic {first}",
            keyphrases=(),
            first_unit=first,
            last_unit=last,
        )
        for first, last in itertools.pairwise([0, *sorted(inner), count])
    )
    content = Content(basis="sentences", units=tuple(units), topics=topics)
    speech = [span(u.start_s, u.end_s) for u in units]
    silence = SpeechMap(
        duration_s=at, speech=tuple(speech), silences=tuple(complement(speech, span(0, at)))
    )
    return content, Transcript(source="sidecar", words=tuple(words)), silence, at


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(talks(), st.integers(1, 6))
def test_segments_keep_every_promise(talk, count):
    content, transcript, speech, duration = talk
    options = SegmentOptions(count=count, min_s=8, max_s=25, min_score=0)
    chosen = select_segments(content, transcript, speech, options, duration, "talk")
    segments = chosen.segments
    assert len(segments) <= count
    assert (chosen.empty_reason is None) == bool(segments)
    assert [s.rank for s in segments] == list(range(1, len(segments) + 1))
    assert all(a.score >= b.score for a, b in itertools.pairwise(segments))
    assert len({s.title for s in segments}) == len(segments)
    ordered = sorted(segments, key=lambda s: s.start_s)
    for a, b in itertools.pairwise(ordered):
        assert a.end_s <= b.start_s + 1e-6
    assert_promises(segments, content, transcript, options, duration)


def assert_promises(segments, content, transcript, options, duration):
    unit_starts = np.array([u.start_s for u in content.units])
    # A clip may begin after a comma, and end before the clause that follows one.
    words = transcript.words
    commas = [k for k, w in enumerate(words[:-1]) if w.text.endswith((",", ";", ":"))]
    starts = np.array([*unit_starts, *(words[k + 1].start_s for k in commas)])
    ends = np.array([*(u.end_s for u in content.units), *(words[k].end_s for k in commas)])
    for s in segments:
        assert options.min_s - 1e-3 <= s.kept_s <= options.max_s + 1e-3
        assert 0 <= s.start_s < s.end_s <= duration + 1e-6
        assert s.reasons and s.title
        if "the whole recording" in s.reasons[0]:
            assert (s.start_s, s.end_s) == (0, pytest.approx(duration, abs=1e-3))
            continue
        # At sentence borders, with a lead-in and a lead-out, never through a word.
        assert np.abs(starts - s.start_s).min() <= options.lead_in_s + 1e-3
        assert np.abs(ends - s.end_s).min() <= options.lead_out_s + 1e-3
        for w in transcript.words:
            assert not w.start_s + 1e-3 < s.start_s < w.end_s - 1e-3
            assert not w.start_s + 1e-3 < s.end_s < w.end_s - 1e-3
        # In one topic, if that is long enough for it.
        first = content.units[max(0, int(np.searchsorted(unit_starts, s.start_s + 0.31)) - 1)]
        topic = next(t for t in content.topics if t.start_s <= first.start_s < t.end_s)
        if topic.duration_s >= 1.5 * options.min_s:
            assert s.end_s <= topic.end_s + options.lead_out_s + 1e-3


@pytest.mark.parametrize("name", ["deeplearning", "computer_vision_2_2", "climate_and_cities"])
def test_segments_of_a_real_lecture_keep_them_too(real_media, name):
    path = real_media(f"labelled/mavils/{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words, start_s = [], 0.0
    for row in rows:
        end_s, texts = float(row["sentence_end_s"]), row["sentence"].split()
        step = (end_s - start_s) / max(1, len(texts))
        words += [
            Word(text=t, start_s=start_s + k * step, end_s=start_s + (k + 0.9) * step)
            for k, t in enumerate(texts)
        ]
        start_s = end_s
    sentences = split_sentences(words)
    transcript = Transcript(
        source="sidecar", language="en", words=tuple(words), sentences=tuple(sentences)
    )
    speech = SpeechMap(
        duration_s=start_s, speech=tuple(span(s.start_s, s.end_s) for s in sentences)
    )
    layout = Layout(width=64, height=36, duration_s=start_s, stretches=(), shots=(), slides=())
    content = analyse(transcript, speech, np.zeros(0, np.float32), 0.05, layout, TopicOptions())
    options = SegmentOptions(asked=True)
    segments = select_segments(content, transcript, speech, options, start_s, name).segments
    assert len(segments) == options.count
    for a, b in itertools.pairwise(sorted(segments, key=lambda s: s.start_s)):
        assert a.end_s <= b.start_s + 1e-6
    assert_promises(segments, content, transcript, options, start_s)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 100)), max_size=9),
    st.integers(1, 4),
)
def test_the_schedule_is_the_best_there_is(items, count):
    """Against trying everything."""
    found = [Candidate(0, 1, a, a + n, n, {}, float(score)) for a, n, score in items]
    chosen = schedule(found, count, 30.0)
    assert len(chosen) <= count

    def fits(group):
        ordered = sorted(group, key=lambda c: c.start_s)
        return all(a.end_s <= b.start_s for a, b in itertools.pairwise(ordered))

    good = [c for c in found if c.score > 30]
    best = max(
        (
            sum(c.score - 30 for c in group)
            for size in range(count + 1)
            for group in itertools.combinations(good, size)
            if fits(group)
        ),
        default=0,
    )
    assert fits(chosen)
    assert abs(sum(c.score - 30 for c in chosen) - best) < 1e-9


def test_what_the_sidecar_forces_and_forbids():
    content, speech = simple([5.0] * 20)
    options = SegmentOptions(
        count=3,
        min_s=8,
        max_s=25,
        min_score=0,
        keep=(WantedSegment(start_s=40, end_s=60, title="Mine"),),
        skip=(Passage(start_s=0, end_s=35),),
    )
    words = tuple(Word(text="w", start_s=u.start_s, end_s=u.end_s) for u in content.units)
    chosen = select_segments(
        content, Transcript(source="sidecar", words=words), speech, options, 110, "talk"
    )
    first = chosen.segments[0]
    assert first.forced and first.title == "Mine" and first.score == 100
    assert first.start_s == 38.5  # a word runs from 38.5: it is not cut
    assert all(s.start_s >= 35 for s in chosen.segments)


def test_why_nothing_was_chosen_is_said():
    content, speech = simple([5.0, 5.0])
    options = SegmentOptions(min_s=30, max_s=60)
    none = Transcript(source="none")
    assert "lasts 11.0 s" in select_segments(content, none, speech, options, 11, "t").empty_reason
    longer, heard = simple([5.0] * 8)
    strict = SegmentOptions(min_s=8, max_s=20, min_score=99)
    assert "stands out" in select_segments(longer, none, heard, strict, 44, "t").empty_reason
    empty = Content(basis="none")
    assert "nothing is said" in select_segments(empty, none, speech, options, 99, "t").empty_reason


@pytest.mark.parametrize(
    ("more", "count"), [({}, 1), ({"max_s": 15}, 0), ({"skip": (Passage(start_s=0, end_s=1),)}, 0)]
)
def test_of_a_short_recording_in_which_nothing_stands_out_all_is_kept(more, count):
    content, speech = simple([5.0] * 4)
    options = SegmentOptions(**{"min_s": 8, "max_s": 30, "min_score": 99, **more})
    found = select_segments(content, Transcript(source="none"), speech, options, 22, "t")
    assert [(s.start_s, s.end_s) for s in found.segments] == [(0, 22)] * count
    for segment in found.segments:
        assert "the whole recording" in segment.reasons[0] and not segment.weak
        assert segment.score < 99


def test_what_is_no_better_than_any_passage_is_no_clip():
    content, speech = simple([7.0] * 12)
    dull = [
        u.model_copy(update={"importance": 0.1, "signs": {"elsewhere": 1.0, "halting": 1.0}})
        for u in content.units
    ]
    content = content.model_copy(update={"units": tuple(dull)})
    chosen = select_segments(content, Transcript(source="none"), speech, SegmentOptions(), 90, "t")
    assert chosen.segments == () and "stands out" in chosen.empty_reason


def test_no_segment_begins_or_ends_with_a_flash_of_another_picture():
    content, speech = simple([8.0] * 6)  # sentences begin at 0, 8.5, 17, 25.5 ...
    options = SegmentOptions(count=6, min_s=8, max_s=9, asked=True, same_words=1.0)
    turns = [8.4, 16.6, 33.7]
    chosen = select_segments(
        content, Transcript(source="none"), speech, options, 51, "t", turns_s=turns
    )
    for segment in chosen.segments:
        for turn in turns:
            assert not segment.start_s < turn < segment.start_s + 0.3
            assert not segment.end_s - 0.3 < turn < segment.end_s
    assert any(s.start_s == 8.4 for s in chosen.segments)
