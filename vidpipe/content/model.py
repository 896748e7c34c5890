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
    lead_in: str = Field(default="", description="with what the text begins and says nothing")
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
    sentence_model: str = Field(default="", description="whose vectors topics come from, too")
    units: tuple[Unit, ...] = ()
    topics: tuple[Topic, ...] = ()


class SentenceModelOptions(BaseModel):
    """A sentence-embedding model in the form of sentence-transformers (extra `embeddings`).

    On the hub by name and revision, or by the path of its folder.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    enabled: bool = Field(
        default=True,
        description="whether a sentence model is used; false: topics come from words alone",
    )
    model: str = Field(
        default="sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        description="name of a sentence-embedding model on the hub",
    )
    revision: str = Field(default="main", description="commit or tag of the model on the hub")
    path: str | None = Field(
        default=None, description="local model folder; takes precedence over the name"
    )


class TopicOptions(BaseModel):
    """Options of the stage."""

    model_config = ConfigDict(frozen=True)

    min_topic_s: float = Field(
        default=30.0,
        description="minimum seconds of a topic; shorter ones are merged into a neighbour",
    )
    slide_change_discount: float = Field(
        default=0.35, description="factor applied to a boundary's cost at a slide change"
    )
    pause_discount: float = Field(
        default=0.6,
        description="factor applied to a boundary's cost after a pause that is long for the "
        "speaker",
    )
    title_characters: int = Field(default=60, description="maximum characters of a title")
    sentence_model: SentenceModelOptions = SentenceModelOptions()
