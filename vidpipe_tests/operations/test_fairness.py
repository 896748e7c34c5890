"""Whose turn it is: rules, and a week of a busy queue in a second."""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from vidpipe.operations.fairness import fair_share, queue_priority


@dataclass(frozen=True)
class Video:
    channel: str
    number: int
    priority: int = 0


def turns(waiting, *, in_flight=None, room=10, limit=10):
    return fair_share(
        waiting,
        channel=lambda v: v.channel,
        urgency=lambda v: float(v.priority),
        in_flight=in_flight or {},
        room=room,
        limit=lambda _: limit,
    )


def test_channels_take_turns_whatever_came_first():
    waiting = [Video("a", k) for k in range(20)] + [Video("b", 0), Video("c", 0), Video("c", 1)]
    chosen = turns(waiting, room=6).chosen
    assert [v.channel for v in chosen] == ["a", "b", "c", "a", "c", "a"]
    assert [v.number for v in chosen if v.channel == "a"] == [0, 1, 2]


def test_of_a_channels_own_the_urgent_one_goes_first_and_breaks_ties():
    waiting = [Video("a", 0), Video("a", 1, 5), Video("b", 0), Video("b", 1, 9)]
    assert [(v.channel, v.number) for v in turns(waiting, room=4).chosen] == [
        ("b", 1),
        ("a", 1),
        ("a", 0),
        ("b", 0),
    ]


def test_urgency_takes_nobody_elses_turn():
    waiting = [Video("a", k, 10) for k in range(9)] + [Video("b", 0, -10)]
    assert "b" in [v.channel for v in turns(waiting, room=2).chosen]


def one_at_a_time(waiting, came, count):
    """The channels of runs that begin one after the other, each when the last has ended."""
    waiting, last, found = list(waiting), {}, []
    for at in range(100, 100 + count):
        turn = fair_share(
            waiting,
            channel=lambda v: v.channel,
            urgency=lambda v: float(v.priority),
            in_flight={},
            room=1,
            limit=lambda _: 10,
            last=last,
            since=lambda v: came.get(v.channel, 0.0),
        )
        [video] = turn.chosen
        waiting.remove(video)
        last[video.channel] = float(at)
        found.append(video.channel)
    return "".join(found)


def test_where_one_is_taken_at_a_time_no_channel_waits_for_another_to_be_through():
    many = [Video("a", k) for k in range(50)]
    assert one_at_a_time([*many, Video("z", 0)], {}, 4) == "azaa"
    shouts = [Video("z", k, 10) for k in range(50)]
    assert one_at_a_time([*many, *shouts], {}, 8) == "zazazaza"
    third = [Video("m", k, -10) for k in range(50)]
    assert one_at_a_time([*many, *shouts, *third], {}, 9) == "zamzamzam"


def test_what_is_urgent_passes_those_that_wait_but_once():
    many = [Video(name, k) for name in "abc" for k in range(50)]
    urgent = [Video("z", k, 10) for k in range(50)]
    # It comes after the others have begun to take turns, and is not the last of the round.
    turns_ = one_at_a_time([*many, *urgent], {"z": 103.5}, 12)
    assert turns_.startswith("z") and Counter(turns_) == dict.fromkeys("abcz", 3)


def test_a_channel_with_much_in_hand_waits_and_it_is_said_how_many():
    waiting = [Video("a", k) for k in range(5)] + [Video("b", 0)]
    turn = turns(waiting, in_flight={"a": 9}, room=10)
    assert [v.channel for v in turn.chosen] == ["b", "a"]
    assert turn.over_limit == {"a": 4} and turn.no_room == 0
    assert turns(waiting, room=2).no_room == 4


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-10, 10)), max_size=40),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 6)),
    st.integers(0, 12),
    st.integers(1, 6),
)
def test_nothing_is_lost_and_no_bound_is_broken(given_, in_flight, room, limit):
    waiting = [Video(c, k, p) for k, (c, p) in enumerate(given_)]
    turn = turns(waiting, in_flight=in_flight, room=room, limit=limit)
    assert len(turn.chosen) <= room and len(set(turn.chosen)) == len(turn.chosen)
    assert len(turn.chosen) + sum(turn.over_limit.values()) + turn.no_room == len(waiting)
    load = Counter(in_flight)
    for video in turn.chosen:
        load[video.channel] += 1
        assert load[video.channel] <= limit
    # Whoever still waits has no less in hand than those chosen after their limit allowed.
    left = {v.channel for v in waiting} - {v.channel for v in turn.chosen}
    if turn.no_room:
        for channel in left - set(turn.over_limit):
            assert all(load[channel] >= load[v.channel] - 1 for v in turn.chosen)


def simulate(arrivals, *, slots, queue, per_channel, tick_s=10.0, work_s=60.0, seed=1):
    """The sensor, Dagster's queue (priority, then first come) and its slots.

    `arrivals` are (time, video); returns how long each waited for its start.
    """
    rng = random.Random(seed)
    arrivals = sorted(arrivals, key=lambda a: a[0])
    waiting, queued, running = [], [], []
    waited, came = {}, {}
    count = itertools.count()
    now, k = 0.0, 0
    while k < len(arrivals) or waiting or queued or running:
        now += tick_s
        while k < len(arrivals) and arrivals[k][0] <= now:
            came[arrivals[k][1]] = arrivals[k][0]
            waiting.append(arrivals[k][1])
            k += 1
        running = [r for r in running if r[0] > now]
        in_flight = Counter(v.channel for *_, v in [*running, *queued])
        turn = turns(waiting, in_flight=in_flight, room=queue - len(queued), limit=per_channel)
        for video in turn.chosen:
            heapq.heappush(queued, (-queue_priority(video.priority), next(count), video))
        waiting = [v for v in waiting if v not in set(turn.chosen)]
        while queued and len(running) < slots:
            *_, video = heapq.heappop(queued)
            waited[video] = now - came[video]
            running.append((now + work_s * rng.uniform(0.5, 2.0), video))
    return waited


def test_a_thousand_uploads_of_one_channel_do_not_starve_the_others():
    flood = [(0.0, Video("flood", k)) for k in range(1000)]
    small = [(600.0 * (k + 1), Video(f"small{k % 3}", k)) for k in range(30)]
    waited = simulate(flood + small, slots=20, queue=40, per_channel=30)
    theirs = [w for v, w in waited.items() if v.channel != "flood"]
    assert len(waited) == 1030
    # At most what was in hand when it came is before it: 30 of the flood on 20 slots.
    assert max(theirs) <= 300
    # Without limits and turns they wait until the flood is over.
    unfair = simulate(flood + small, slots=20, queue=10_000, per_channel=10_000)
    assert max(w for v, w in unfair.items() if v.channel != "flood") > 10 * max(theirs)


def test_equal_channels_get_equal_shares_whoever_shouts_loudest():
    arrivals = [(0.0, Video("loud", k, 10)) for k in range(200)]
    arrivals += [(0.0, Video("calm", k)) for k in range(200)]
    waited = simulate(arrivals, slots=4, queue=8, per_channel=4)
    first = sorted(waited, key=waited.get)[:100]
    shares = Counter(v.channel for v in first)
    assert abs(shares["loud"] - shares["calm"]) <= 10
