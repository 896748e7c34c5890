"""How long clips may be, as people write it: "20-45"."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

#: The same bounds as a channel's, in seconds: shorter is no thought, longer no clip.
_SHORTEST_S, _LONGEST_S = 3.0, 600.0
#: The longest is at least so many times the shortest, else hardly a passage fits.
_ROOM = 1.2
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*s?\s*")


def length_limits(text: str) -> tuple[float, float]:
    """The shortest and the longest, in seconds.

    Raises:
        ValueError: it is no such pair, or leaves no room.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"two numbers of seconds with a dash between are wanted, not {text!r}")
    low, high = float(found[1]), float(found[2])
    if not low >= _SHORTEST_S or not high <= _LONGEST_S or high < _ROOM * low:
        raise ValueError(
            f"lengths go from {_SHORTEST_S:g} to {_LONGEST_S:g} s, the second at least {_ROOM} "
            f"times the first, not {text!r}"
        )
    return low, high


def _checked(text: str) -> str:
    length_limits(text)
    return text


#: Text that `length_limits` takes.
Length = Annotated[str, AfterValidator(_checked)]
