"""How sentences do at the borders of a clip, and who says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vidpipe.content.model import Unit


@dataclass(frozen=True)
class Border:
    """How a sentence does at the border of a clip: 0 is usual, 1 a standard deviation better.

    `worth` is how much it is like sentences within passages that readers would post, on the same
    scale; None where that is not known.
    """

    opens: float
    ends: float
    worth: float | None = None


class BorderReader(Protocol):
    """What reads the sentences of a recording for the borders of clips."""

    def of(self, units: Sequence[Unit]) -> list[Border]:
        """Each sentence as the first and as the last of a clip; empty if that is not known."""
        ...
