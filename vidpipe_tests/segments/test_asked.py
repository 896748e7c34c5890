"""How many and how long, when somebody asks; and the four factors of what is given."""

import itertools

from vidpipe.edits.passages import WantedSegment
from vidpipe_tests.segments.talks import chosen

#: Nothing in it stands out.
DULL = " ".join(
    f"The box number {k} was put on shelf {k} and another box was put beside it on day {k}."
    for k in range(3, 21)
)


def test_who_asks_for_three_gets_three_and_the_weak_are_marked():
    unasked, _ = chosen(DULL, count=3, min_score=99, same_words=1.0)
    assert unasked.segments == () and "stands out" in unasked.empty_reason
    asked, _ = chosen(DULL, count=3, min_score=99, asked=True, same_words=1.0)
    assert len(asked.segments) == 3
    for segment in asked.segments:
        assert segment.weak and segment.reasons[0].startswith("weak:")


def test_each_segment_has_four_factors_with_evidence():
    found, _ = chosen(DULL, count=2, min_score=0, same_words=1.0)
    for segment in found.segments:
        assert not segment.weak
        assert [f.name for f in segment.factors] == [
            "hook",
            "self_contained",
            "payoff",
            "closure",
        ]
        assert all(0 <= f.value <= 100 and f.evidence for f in segment.factors)


def test_a_length_that_is_asked_for_is_kept():
    found, _ = chosen(DULL, count=2, asked=True, min_s=20, max_s=26, same_words=1.0)
    assert found.segments
    assert all(20 <= s.kept_s <= 26 for s in found.segments)


def test_forced_segments_that_follow_each_other_are_all_kept():
    keep = tuple(WantedSegment(start_s=k * 8.05, end_s=(k + 1) * 8.05) for k in range(4))
    found, _ = chosen(DULL, count=4, keep=keep)
    forced = [s for s in found.segments if s.forced]
    assert len(forced) == 4
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(forced))
