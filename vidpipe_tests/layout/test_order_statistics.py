"""Medians and percentiles of pictures are NumPy's."""

import numpy as np
import pytest

from vidpipe.layout.order_statistics import between, median

RNG = np.random.default_rng(8)


def stack(count, values=256):
    return RNG.integers(0, values, (count, 23, 31)).astype(np.uint8)


@pytest.mark.parametrize("count", range(1, 12))
@pytest.mark.parametrize("values", [256, 4])
def test_the_median_is_the_one_of_each_pixel(count, values):
    pictures = stack(count, values)
    found = median(pictures)
    assert found.dtype == np.float64
    assert np.array_equal(found, np.median(pictures, axis=0))


@pytest.mark.parametrize("count", [3, 9, 10, 17, 21, 23, 31, 39, 40, 41])
@pytest.mark.parametrize("outer", [5, 20, 33])
def test_percentiles_lie_apart_as_those_of_each_pixel(count, outer):
    pictures = stack(count)
    low, high = np.percentile(pictures, (outer, 100 - outer), axis=0)
    assert np.array_equal(between(pictures, outer), high - low)


def test_pictures_are_left_as_they_are():
    pictures = stack(9)
    before = pictures.copy()
    median(pictures)
    between(pictures, 5)
    assert np.array_equal(pictures, before)
