import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline import (
    EditList,
    Interval,
    complement,
    intersection,
    shorten_pauses,
    span,
    union,
)

times = st.floats(min_value=0, max_value=1000, allow_nan=False).map(lambda t: round(t, 3))


@st.composite
def interval_lists(draw, max_size=12):
    pairs = draw(st.lists(st.tuples(times, times), max_size=max_size))
    return [span(min(p), max(p)) for p in pairs if p[0] != p[1]]


def length(intervals):
    return sum(i.duration_s for i in intervals)


def test_an_interval_cannot_be_empty_or_reversed():
    with pytest.raises(ValueError, match="before it starts"):
        Interval(start_s=2, end_s=2)


@given(interval_lists())
def test_union_is_sorted_disjoint_and_covers_the_same(items):
    merged = union(items)
    assert all(a.end_s < b.start_s for a, b in itertools.pairwise(merged))
    for item in items:
        assert any(m.start_s <= item.start_s and item.end_s <= m.end_s for m in merged)


@given(interval_lists(), interval_lists())
def test_what_is_covered_and_what_is_not_make_up_the_whole(a, b):
    whole = span(0, 1001)
    covered = union(a)
    free = complement(covered, whole)
    assert length(covered) + length(free) == pytest.approx(1001, abs=1e-6)
    assert intersection(covered, free) == []
    both = intersection(covered, union(b))
    assert length(both) <= min(length(covered), length(union(b))) + 1e-9


@given(interval_lists(), st.floats(0.3, 2.0), st.floats(0.1, 0.3))
def test_no_pause_longer_than_allowed_is_left(items, longest, kept):
    within = span(0, 1001)
    pauses = union(items)
    stays = shorten_pauses(within, pauses, longest, kept)
    for pause in pauses:
        left = sum(p.overlap_s(pause) for p in stays)
        expected = pause.duration_s if pause.duration_s <= longest else kept
        assert left == pytest.approx(expected, abs=1e-6)


@given(interval_lists(), st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(24)]))
def test_an_edit_list_lies_on_frames_and_maps_there_and_back(items, fps):
    items = [i for i in union(items) if i.duration_s > 0.2]
    if not items:
        return
    edit = EditList.from_intervals(items, fps)
    assert edit.duration_s == pytest.approx(length(edit.intervals))
    # Each border moved by at most half a frame.
    assert abs(edit.duration_s - length(items)) <= len(items) / float(fps) + 1e-6
    for kept in edit.intervals:
        middle = (kept.start_s + kept.end_s) / 2
        assert edit.to_source(edit.to_clip(middle)) == pytest.approx(middle, abs=1e-6)


def test_a_cut_time_maps_to_the_cut():
    edit = EditList.from_intervals([span(1, 2), span(5, 6)], Fraction(25))
    assert edit.to_clip(3.0) == pytest.approx(1.0)
    assert edit.to_clip(5.5) == pytest.approx(1.5)
    assert edit.to_clip(9.0) == pytest.approx(2.0)
    assert edit.to_source(1.5) == pytest.approx(5.5)
