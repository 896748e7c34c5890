"""Passages by what is said in them."""

import pytest

from vidpipe.edits.passages import Passage, WantedSegment
from vidpipe.errors import InputRejected
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.quotes import located
from vidpipe.segments.select import select_segments
from vidpipe.transcript.model import Transcript, Word
from vidpipe_tests.segments.talks import simple

SAID = (
    "Good morning. So, what is a sample? A sample is a number. "
    "Can you hear me? A sample is a number, and that's all. 音声を 標本化 する。"
)


def words(text=SAID):
    return [Word(text=w, start_s=float(k), end_s=k + 0.9) for k, w in enumerate(text.split())]


def at(quote, **more):
    found = located(Passage(quote=quote, **more), words())
    return found.start_s, found.end_s


def test_a_quote_is_found_to_the_word():
    assert at("so what is a sample") == (2.0, 6.9)
    assert at("GOOD MORNING!") == (0.0, 1.9)
    assert at("“and that's all”") == (21.0, 23.9)
    assert at("標本化 する") == (25.0, 26.9)


def test_the_first_and_the_last_words_name_what_lies_between():
    assert at("So what ... hear me") == (2.0, 15.9)
    assert at("good morning … can you") == (0.0, 13.9)


def test_of_two_places_the_time_says_which():
    with pytest.raises(InputRejected, match=r"said 2 times \(at 7.0, 16.0 s\)"):
        at("a sample is a number")
    assert at("a sample is a number", start_s=16) == (16.0, 20.9)


def test_what_is_not_said_comes_with_what_is():
    with pytest.raises(InputRejected, match=r"at 2.0 s is said: 'So, what is a sample\?'"):
        at("so what was a sample")
    with pytest.raises(InputRejected, match="is not said in this recording"):
        at("the quick brown fox")
    with pytest.raises(InputRejected, match="no transcript"):
        located(Passage(quote="anything"), [])
    with pytest.raises(InputRejected, match="no words in it"):
        at("?!")


def test_segments_are_forced_and_forbidden_by_quote():
    content, speech = simple([5.0] * 20)
    said = tuple(
        Word(text=f"word{k}", start_s=u.start_s, end_s=u.end_s) for k, u in enumerate(content.units)
    )
    chosen = select_segments(
        content,
        Transcript(source="sidecar", words=said),
        speech,
        SegmentOptions(
            count=3,
            min_s=8,
            max_s=25,
            min_score=0,
            keep=(WantedSegment(quote="word4 word5"),),
            skip=(Passage(quote="word10 ... word19"),),
        ),
        110,
        "talk",
    )
    first = chosen.segments[0]
    assert (first.start_s, first.end_s) == (said[4].start_s, said[5].end_s)
    assert len(chosen.segments) > 1
    assert all(s.end_s <= said[10].start_s for s in chosen.segments)
