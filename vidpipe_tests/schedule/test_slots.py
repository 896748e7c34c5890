"""Slots, spacing and order, without rows: also where clocks change."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.channels.publishing import PublishingRules, QueueOrder, SlotTimes
from vidpipe.publishing.schedule import (
    ConflictKind,
    Diary,
    QueuedPost,
    Stop,
    assign,
    day_begin,
    day_of,
    in_order,
    occurrences,
    overlap_s,
    slot_moment,
    slot_name,
    stops_at,
    was_missed,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")
#: Hypothesis: the same each time, however slow the machine is.
SOME = settings(max_examples=60, deadline=None, derandomize=True, database=None)

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
moments = st.integers(0, 400 * 24 * 60).map(lambda minutes: BEGIN + minutes * MINUTE)


@st.composite
def paces(draw):
    week = st.lists(
        st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, unique=True
    )
    entry = st.builds(
        SlotTimes,
        weekdays=week.map(tuple),
        times=st.lists(clocks, min_size=1, max_size=4).map(tuple),
    )
    quiet = st.one_of(
        st.sampled_from(["sun", "wed"]),
        st.dates(date(2026, 3, 1), date(2027, 3, 1)).map(lambda day: day.isoformat()),
    )
    rules = PublishingRules(
        timezone=draw(st.sampled_from(ZONES)),
        slots=draw(st.lists(entry, min_size=1, max_size=3).map(tuple)),
        spacing_minutes=draw(st.sampled_from([0, 1, 60, 120, 600, 3000])),
        per_day=draw(st.integers(1, 4)),
        quiet_days=draw(st.lists(quiet, max_size=3).map(tuple)),
    )
    return rules.pace("youtube")


def pace(**said):
    return PublishingRules.model_validate(said).pace("youtube")


def at(said: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# Clocks that change


@pytest.mark.parametrize(
    ("zone", "day", "clock", "moment"),
    [
        # Skipped: as much later as the clock goes forward.
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30Z"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30Z"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45Z"),
        # Repeated: the first time.
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30Z"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30Z"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45Z"),
        # Right before and after, clocks are what they are.
        ("Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00Z"),
    ],
)
def test_a_time_that_the_clock_skips_or_repeats_is_one_slot(zone, day, clock, moment):
    rules = pace(timezone=zone, slots=[{"times": [clock]}])
    begin = day_begin(date.fromisoformat(day), ZoneInfo(zone))
    end = day_begin(date.fromisoformat(day) + DAY, ZoneInfo(zone))
    assert [slot_name(found) for found in occurrences(rules, begin, end)] == [moment]


def test_two_times_that_fall_together_are_one_slot():
    rules = pace(timezone="Europe/Berlin", slots=[{"times": ["02:30", "03:30"]}])
    day = date(2026, 3, 29)
    found = list(occurrences(rules, day_begin(day, rules.zone), day_begin(day + DAY, rules.zone)))
    assert [slot_name(slot) for slot in found] == ["2026-03-29T01:30Z"]


def test_a_day_that_a_zone_skipped_has_no_slots():
    rules = pace(timezone="Pacific/Apia", slots=[{"times": ["08:00", "12:00"]}])
    found = occurrences(rules, at("2011-12-29T00:00", "Pacific/Apia"), at("2012-01-01T00:00"))
    local = [f"{slot.astimezone(rules.zone):%d %H:%M}" for slot in found]
    assert local == ["29 08:00", "29 12:00", "31 08:00", "31 12:00", "01 08:00", "01 12:00"]


def test_days_that_begin_with_a_change_of_the_clock_begin_then():
    # Midnight does not occur there on that day.
    havana = ZoneInfo("America/Havana")
    begin = day_begin(date(2026, 3, 8), havana)
    assert day_of(begin, havana) == date(2026, 3, 8)
    assert day_of(begin - MINUTE, havana) == date(2026, 3, 7)


@SOME
@given(rules=paces(), begin=moments, days=st.integers(1, 40))
def test_slots_are_in_order_and_are_what_the_rules_say(rules, begin, days):
    end = begin + days * DAY
    found = list(occurrences(rules, begin, end))
    assert found == sorted(set(found))
    for slot in found:
        assert begin <= slot < end
        here = slot.astimezone(rules.zone)
        assert not rules.quiet.hold(here.date())
        named = [
            clock
            for clock in rules.slots.get(here.weekday(), ())
            if datetime.combine(here.date(), clock, tzinfo=rules.zone).astimezone(UTC) == slot
        ]
        assert len(named) >= 1
        assert slot_moment(slot_name(slot)) == slot


@SOME
@given(rules=paces(), begin=moments, days=st.integers(2, 30), cut=st.floats(0, 1))
def test_slots_of_two_halves_are_those_of_the_whole(rules, begin, days, cut):
    end = begin + days * DAY
    middle = begin + (end - begin) * cut
    halves = [*occurrences(rules, begin, middle), *occurrences(rules, middle, end)]
    assert halves == list(occurrences(rules, begin, end))


@SOME
@given(day=st.dates(date(2020, 1, 1), date(2035, 1, 1)), zone=st.sampled_from(ZONES))
def test_a_day_begins_where_the_one_before_it_ends(day, zone):
    place = ZoneInfo(zone)
    begin = day_begin(day, place)
    assert day_of(begin, place) == day
    assert day_of(begin - timedelta(microseconds=1), place) == day - DAY


# What is free


def kept(diary: Diary) -> None:
    """No two posts are too near, no day has too many."""
    found, rules = diary.moments, diary.pace
    for one, other in itertools.pairwise(found):
        assert one != other
        assert other - one >= rules.spacing
    days = [day_of(moment, rules.zone) for moment in found]
    assert max((days.count(day) for day in days), default=0) <= rules.per_day
    assert not any(rules.quiet.hold(day) for day in days)


def waits(*numbers: int) -> list[QueuedPost[str]]:
    return [QueuedPost(f"post-{n}", 50.0, BEGIN, BEGIN) for n in numbers]


@SOME
@given(rules=paces(), begin=moments, posts=st.integers(0, 30), paused=st.booleans())
def test_what_is_placed_keeps_every_limit(rules, begin, posts, paused):
    stop = Stop(begin + DAY, begin + 3 * DAY)
    diary = Diary(rules, [stop] if paused else [])
    end = begin + 30 * DAY
    given_slots = assign(waits(*range(posts)), diary, begin, end)
    kept(diary)
    assert sorted(given_slots.values()) == diary.moments
    assert set(given_slots.values()) <= set(occurrences(rules, begin, end))
    assert not any(paused and stop.hold(slot) for slot in given_slots.values())
    # Nobody waits while something is free.
    assert len(given_slots) == posts or next(diary.free_slots(begin, end), None) is None


@SOME
@given(
    rules=paces(),
    begin=moments,
    taken=st.lists(st.integers(-2000, 4000), max_size=12, unique=True),
)
def test_the_earliest_moment_is_free_and_none_before_it_is(rules, begin, taken):
    diary = Diary(rules, [], [begin + minutes * MINUTE for minutes in taken])
    found = diary.earliest(begin, begin + 7 * DAY)
    last = found if found is not None else begin + 7 * DAY
    step = 5 * MINUTE if rules.spacing >= 5 * MINUTE else MINUTE
    moment = begin
    while moment < last:
        assert not diary.free(moment), moment
        moment += step
    assert found is None or diary.free(found)


@SOME
@given(rules=paces(), begin=moments, taken=st.lists(st.integers(0, 4000), max_size=12))
def test_what_is_free_meets_no_conflict_and_what_is_not_has_words(rules, begin, taken):
    diary = Diary(rules, [Stop(begin + DAY, None)], [begin + n * MINUTE for n in taken])
    for slot in occurrences(rules, begin, begin + 5 * DAY):
        found = diary.conflicts(slot, begin)
        assert diary.free(slot) is (found == ())
        assert all(conflict.words for conflict in found)


def test_conflicts_say_in_words_what_speaks_against_a_moment():
    rules = pace(timezone="Europe/Berlin", per_day=1, quiet_days=["2026-03-04"])
    taken = at("2026-03-03T11:00")
    diary = Diary(rules, [Stop(at("2026-03-02T00:00"), at("2026-03-03T00:00"), "launch")], [taken])
    now = at("2026-03-01T12:00")

    def words(said: str) -> dict[ConflictKind, str]:
        return {found.kind: found.words for found in diary.conflicts(at(said), now)}

    assert words("2026-03-05T12:00") == {}
    assert words("2026-03-01T11:00") == {
        ConflictKind.PAST: "2026-03-01 12:00 (Europe/Berlin) is over"
    }
    assert words("2026-03-02T12:00") == {
        ConflictKind.PAUSED: "the channel is paused until 2026-03-03 01:00 (Europe/Berlin) (launch)"
    }
    assert words("2026-03-03T12:00") == {
        ConflictKind.SPACING: "another post of the account is at 2026-03-03 12:00 "
        "(Europe/Berlin): 120 minutes are to be between two",
        ConflictKind.PER_DAY: "the account has 1 posts on Tuesday, 03 March 2026, and may have 1 "
        "a day",
    }
    assert words("2026-03-03T11:00")[ConflictKind.TAKEN].endswith(
        "another post at 2026-03-03 12:00 (Europe/Berlin)"
    )
    assert words("2026-03-04T12:00") == {
        ConflictKind.QUIET_DAY: "Wednesday, 04 March 2026 is a quiet day of the channel"
    }


def test_the_longest_of_several_pauses_counts():
    short, long = Stop(BEGIN, BEGIN + DAY), Stop(BEGIN, None)
    assert stops_at([short, long], BEGIN) is long
    assert stops_at([short], BEGIN + DAY) is None
    assert stops_at([long], BEGIN - MINUTE) is None


# The queue


@pytest.mark.parametrize(
    ("order", "first"),
    [
        # The best clip is three weeks old: three half-lives.
        (QueueOrder.SCORE, ["best", "fresh", "fair"]),
        (QueueOrder.FRESHNESS, ["fresh", "fair", "best"]),
        (QueueOrder.BOTH, ["fresh", "fair", "best"]),
    ],
)
def test_the_queue_goes_by_score_freshness_or_both(order, first):
    queue = [
        QueuedPost("best", 90.0, BEGIN - 21 * DAY, BEGIN),
        QueuedPost("fair", 40.0, BEGIN - 7 * DAY, BEGIN),
        QueuedPost("fresh", 60.0, BEGIN, BEGIN),
    ]
    found = in_order(queue, order, 7 * DAY, BEGIN)
    assert [item.key for item in found] == first


def test_a_score_counts_half_after_its_half_life():
    old, new = (
        QueuedPost("old", 80.0, BEGIN - 7 * DAY, BEGIN),
        QueuedPost("new", 41.0, BEGIN, BEGIN),
    )
    assert [w.key for w in in_order([old, new], QueueOrder.BOTH, 7 * DAY, BEGIN)] == ["new", "old"]
    lesser = QueuedPost("new", 39.0, BEGIN, BEGIN)
    found = in_order([lesser, old], QueueOrder.BOTH, 7 * DAY, BEGIN)
    assert [item.key for item in found] == ["old", "new"]


@SOME
@given(
    order=st.sampled_from(QueueOrder),
    queue=st.lists(
        st.builds(QueuedPost, st.integers(0, 999), st.floats(0, 100), moments, moments),
        unique_by=lambda item: item.key,
    ),
    data=st.data(),
)
def test_the_order_of_a_queue_is_not_that_of_its_rows(order, queue, data):
    shuffled = data.draw(st.permutations(queue))
    now = BEGIN + 5000 * DAY
    assert in_order(queue, order, DAY, now) == in_order(shuffled, order, DAY, now)


def test_who_passes_not_gets_no_slot_and_costs_nobody_one():
    diary = Diary(pace())
    asked = []

    def passes(key: str) -> bool:
        asked.append(key)
        return key != "post-1"

    found = assign(waits(0, 1, 2, 3), diary, BEGIN, BEGIN + DAY, passes)
    assert [*found] == ["post-0", "post-2"]
    assert asked == ["post-0", "post-1", "post-2"]


def test_what_is_late_by_its_grace_was_not_missed():
    rules = pace(grace_minutes=30)
    assert not was_missed(BEGIN, rules, BEGIN + 30 * MINUTE)
    assert was_missed(BEGIN, rules, BEGIN + 31 * MINUTE)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [((0, 10), (10, 20), 0), ((0, 10), (8, 20), 2), ((0, 30), (5, 15), 10), ((9, 10), (0, 1), 0)],
)
def test_spans_of_a_recording_share_seconds(first, second, shared):
    assert overlap_s(first, second) == overlap_s(second, first) == shared


@pytest.mark.parametrize("name", ["", "2026-03-01", "2026-3-1T1:00Z", "2026-02-30T12:00Z"])
def test_what_names_no_slot_is_refused(name):
    with pytest.raises(ValueError):  # noqa: PT011
        slot_moment(name)
