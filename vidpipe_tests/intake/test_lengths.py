"""Lengths as people write them."""

import pytest

from vidpipe.errors import Misconfigured
from vidpipe.intake.lengths import length_limits
from vidpipe.pipeline.run_options import RunOptions


@pytest.mark.parametrize("text", ["20-45", "20 - 45 s", "20–45", "20 to 45"])
def test_two_numbers_are_limits(text):
    assert length_limits(text) == (20.0, 45.0)
    assert RunOptions.of(length=text).length == text


@pytest.mark.parametrize("text", ["20", "45-20", "20-21", "1-30", "20-900", "short"])
def test_what_are_none_is_said(text):
    with pytest.raises(Misconfigured, match="length"):
        RunOptions.of(length=text)
