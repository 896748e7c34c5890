"""Units, topics, importance: types and options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.timeline import Interval


class Unit(Interval):
    """The smallest piece that a segment is made of: a sentence, or a run of speech or slides.

    `signs` holds each sign's value (0 to 1; opposite signs too), `importance` 0 to 1
    what they add up to.
    """

    text: str = ""
    signs: dict[str, float] = Field(default_factory=dict)
    importance: float = 0.0


class Topic(Interval):
    """A run of units `[first_unit, last_unit)` about one thing."""

    title: str
    keyphrases: tuple[str, ...]
    first_unit: int
    last_unit: int


class Content(BaseModel):
    """The result of the stage.

    `basis` says what units are: `sentences`, `speech` (runs of speech, no words),
    `slides` (nothing is said) or `none`.
    """

    model_config = ConfigDict(frozen=True)

    basis: str
    units: tuple[Unit, ...] = ()
    topics: tuple[Topic, ...] = ()


class ContentOptions(BaseModel):
    """Options of the stage."""

    model_config = ConfigDict(frozen=True)

    min_topic_s: float = 30.0
    border_penalty: float = Field(
        default=1.0, description="what a topic border costs, in units of mean cohesion gain"
    )
    turn_discount: float = Field(
        default=0.35, description="what is left of that cost where a new slide comes"
    )
    title_characters: int = 60
