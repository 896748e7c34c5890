"""Chapters as a video platform takes them."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.content.chapters import chapters_text
from vidpipe.content.model import Topic


def topics(starts, end_s, titles=None):
    ends = [*starts[1:], end_s]
    return [
        Topic(
            start_s=a,
            end_s=b,
            title=titles[k] if titles else f"Part {k}",
            keyphrases=(),
            first_unit=k,
            last_unit=k + 1,
        )
        for k, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]


def test_chapters_of_a_talk():
    text = chapters_text(topics([4.2, 65.9, 3725.0], 4000), 4000)
    assert text == "0:00 Part 0\n1:05 Part 1\n1:02:05 Part 2\n"


def test_too_few_are_none():
    assert chapters_text(topics([0, 60], 120), 120) == ""
    assert chapters_text([], 10) == ""


@given(st.lists(st.floats(1, 300), min_size=1, max_size=30))
def test_the_rules_hold_whatever_the_topics(lengths):
    starts = [sum(lengths[:k]) for k in range(len(lengths))]
    end_s = sum(lengths)
    lines = chapters_text(topics(starts, end_s), end_s).splitlines()
    if not lines:
        return
    at = []
    for line in lines:
        parts = [int(p) for p in re.match(r"[\d:]+", line)[0].split(":")]
        at.append(sum(p * 60**k for k, p in enumerate(reversed(parts))))
    assert at[0] == 0 and len(at) >= 3
    assert all(b - a >= 10 for a, b in itertools.pairwise(at))
