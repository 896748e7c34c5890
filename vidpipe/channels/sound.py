"""Which sound of a recording a channel, or what lies beside a recording, wants to be heard."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

#: `auto`, `mix`, or the number of one from 1, which YAML reads as a number.
SoundChoice = Annotated[
    str,
    BeforeValidator(lambda given: str(given) if type(given) is int else given),
    Field(pattern=r"^(auto|mix|[1-9][0-9]?)$"),
]
