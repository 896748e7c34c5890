"""What work will cost, told from what it cost of others."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from vidpipe.pipeline.forecast import (
    BY_DENSITY,
    BY_PASSAGES,
    FLAT,
    Drivers,
    KnownCost,
    by_clips,
    by_length,
    by_passages,
    by_pixels,
    flat,
    forecast,
    reach,
)

SHAPES = {"length": by_length, "pixels": by_pixels, FLAT: flat}
CLIPS = {"clips": by_clips, "length": by_length, FLAT: flat}


def known(cost, *drivers):
    return [KnownCost(f"v{k}", of, round(cost(of) * 1e6)) for k, of in enumerate(drivers)]


def noisy(seed, spread=0.1):
    chance = Random(seed)
    return lambda amount: amount * chance.uniform(1 - spread, 1 + spread)


LENGTHS = [Drivers(s, 0.9, 60.0) for s in (600, 900, 1200, 1800, 2400, 3000, 700, 1500, 2000, 2700)]


@pytest.mark.parametrize(
    ("cost", "of"),
    [
        (lambda d: 3 * d.length_s, Drivers(1000, 0.9)),
        (lambda d: 500.0, Drivers(1000, 0.9)),
        (lambda d: 400 + 0.5 * d.length_s, Drivers(4000, 0.9)),
        (lambda d: 400 + 0.5 * d.length_s, Drivers(350, 0.9)),
    ],
)
def test_it_finds_what_drives_the_cost(cost, of):
    shake = noisy(7)
    found = forecast(known(lambda d: shake(cost(d)), *LENGTHS), of, SHAPES)
    assert found.amount / 1e6 == pytest.approx(cost(of), rel=0.12), found.how


def test_pixels_and_clips_are_drivers_too():
    several = [Drivers(600 + 60 * k, size, clips) for k, size in enumerate((0.9, 2.1, 8.3) * 4)
               for clips in (60.0,)]  # fmt: skip
    found = forecast(
        known(lambda d: d.length_s * d.megapixels, *several), Drivers(900, 2.1), SHAPES
    )
    assert found.how == "pixels" and found.amount == pytest.approx(900 * 2.1e6, rel=0.01)
    asked = [Drivers(600 + 60 * k, 0.9, clips) for k, clips in enumerate((60.0, 120.0, 300.0) * 4)]
    found = forecast(known(lambda d: 2 * d.clip_s, *asked), Drivers(900, 0.9, 240.0), CLIPS)
    assert found.how == "clips" and found.amount == pytest.approx(480e6, rel=0.01)


def test_passages_tell_what_a_length_does_not():
    """So much for each second that is chosen, and something for each recording that has any."""
    shake = noisy(11, 0.05)
    several = [Drivers(900, 0.9, 60.0, 15.0 + 11 * (k * 7 % 10)) for k in range(10)]
    rows = known(lambda d: shake(40 + 3 * d.passage_s), *several)
    shapes = {"passages": by_passages}
    for seconds in (20.0, 100.0):
        found = forecast(rows, Drivers(900, 0.9, 60.0, seconds), shapes, (BY_PASSAGES,))
        assert found.amount / 1e6 == pytest.approx(40 + 3 * seconds, rel=0.08)
        assert found.how == "by their passages, and something whatever it is"
    blind = forecast(rows, Drivers(900, 0.9, 60.0, 20.0), SHAPES)
    assert blind.amount / 1e6 > 1.5 * (40 + 3 * 20)


def test_what_takes_many_bytes_as_it_comes_takes_many_in_clips():
    """Two kinds of pictures, one of a third more to make and three times the bytes."""
    shake = noisy(5, 0.03)
    several = [Drivers(900, 0.9, 60.0, 20.0 + 7 * k, 30e3 + 1e4 * (k % 5)) for k in range(10)]
    rows = known(lambda d: shake(d.passage_s * (2 + d.bytes_s / 20e3)), *several)
    of = Drivers(900, 0.9, 60.0, 40.0, 90e3)
    trends = (BY_PASSAGES, BY_DENSITY)
    found = forecast(rows, of, {"passages": by_passages}, trends)
    assert found.how == "by their passages, and the bytes of a second"
    assert found.amount / 1e6 == pytest.approx(40 * 6.5, rel=0.08)
    # Far from all that is known it says nothing.
    far = forecast(rows, replace(of, bytes_s=2e6), {"passages": by_passages}, trends)
    assert far.how != found.how
    unknown = [KnownCost(r.of, replace(r.drivers, bytes_s=0.0), r.amount) for r in rows]
    assert forecast(unknown, of, {"passages": by_passages}, trends).how != found.how


def test_one_that_is_far_off_changes_little():
    rows = known(lambda d: 3 * d.length_s, *LENGTHS)
    rows[3] = KnownCost("v3", rows[3].drivers, rows[3].amount * 50)
    assert forecast(rows, Drivers(1000, 0.9), SHAPES).amount == pytest.approx(3e9, rel=0.05)


def test_of_one_alone_it_is_in_proportion():
    [one] = known(lambda d: 3 * d.length_s, LENGTHS[0])
    found = forecast([one], Drivers(1200, 0.9), SHAPES)
    assert found.amount == 2 * one.amount and found.others == {"v0": one.amount}


def test_what_is_ten_times_as_long_does_not_cost_the_same():
    """Ten of one length say nothing of what the length does: it is taken to be in proportion."""
    shake = noisy(3)
    rows = known(lambda d: shake(500.0), *(Drivers(600 + k, 0.9) for k in range(10)))
    assert forecast(rows, Drivers(605, 0.9), SHAPES).amount == pytest.approx(500e6, rel=0.1)
    assert forecast(rows, Drivers(6000, 0.9), SHAPES).amount == pytest.approx(5e9, rel=0.15)


def test_each_known_one_is_told_by_the_others():
    rows = known(lambda d: 3 * d.length_s, *LENGTHS[:4])
    rows[0] = KnownCost("v0", rows[0].drivers, 7 * rows[0].amount)
    found = forecast(rows, Drivers(1000, 0.9), {"length": by_length})
    assert found.others["v0"] == pytest.approx(rows[0].amount / 7)


def test_what_costs_nothing_is_told_to_cost_nothing():
    found = forecast(known(lambda d: 0, *LENGTHS), Drivers(1000, 0.9), SHAPES)
    assert found.amount == 0 and set(found.others.values()) == {0}


@pytest.mark.parametrize("count", [6, 10, 20])
@pytest.mark.parametrize("kind", ["even", "one in four much dearer"])
def test_of_others_nine_in_ten_are_between_the_bounds(count, kind):
    chance = Random(25)

    def drawn():
        dearer = 2.0 if kind != "even" and chance.random() < 0.25 else 1.0
        return dearer * chance.lognormvariate(0.0, 0.2)

    within = 0
    for _ in range(2000):
        low, high = reach([drawn() for _ in range(count)])
        within += low <= drawn() <= high
    assert 0.87 <= within / 2000 <= 0.97


def test_bounds_of_what_is_all_the_same_are_that():
    assert reach([1.0, 1.0, 1.0]) == pytest.approx((1.0, 1.0))
    low, high = reach([0.0, 1.0, 1.0])
    assert low < 0.01 and high > 1.0
