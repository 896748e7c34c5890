"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Media that may be tuned on, and media that are only measured on.
Column = Literal["build", "held_out"]


@dataclass(frozen=True)
class Figure:
    """What was measured on one of the two columns of media."""

    name: str
    column: Column
    value: float
    unit: str
    higher_is_better: bool
