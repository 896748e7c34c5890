"""Segments: types and options."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidpipe.edits.passages import Passage, WantedSegment
from vidpipe.openai_client import ServerOptions
from vidpipe.timeline import Interval


class Chapter(BaseModel):
    """Where a topic begins."""

    model_config = ConfigDict(frozen=True)

    start_s: float
    title: str


class ShownTitle(Interval):
    """The title of a slide, while it shows."""

    title: str


FactorName = Literal["hook", "self_contained", "payoff", "closure"]


class Factor(BaseModel):
    """One of the four questions an editor asks: 0 to 100, 50 is usual, and why in words."""

    model_config = ConfigDict(frozen=True)

    name: FactorName
    value: float = Field(ge=0, le=100)
    evidence: tuple[str, ...] = ()


class Segment(Interval):
    """A highlight: `score` 0 to 100, its `parts`, and the reasons in words."""

    rank: int
    score: float
    parts: dict[str, float]
    reasons: tuple[str, ...]
    factors: tuple[Factor, ...] = Field(
        default=(), description="hook, self_contained, payoff, closure; none where nothing is said"
    )
    weak: bool = Field(default=False, description="chosen because so many were asked for")
    title: str
    untitled: bool = Field(
        default=False,
        description="its title is the recording's name and a time: no picture shows that",
    )
    hook: str = Field(default="", description="what is said first")
    topic: str = ""
    keyphrases: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = Field(default=(), description="where it spans several topics")
    kept_s: float = Field(description="length after long pauses are taken out")
    description: str = Field(default="", description="what a viewer gets, in two sentences")
    forced: bool = False
    template: str = Field(default="", description="how it looks; empty: as the others")


class LlmNote(BaseModel):
    """What a language model had to do with the choice: what it judged, what it cost now.

    An answer that is kept from an earlier run costs nothing again. `skipped_reason` says why
    it was not asked, or not further: without a judged candidate the local choice stands.
    `unavailable` says that this is the server's doing, so that a later run asks again.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    proposed: int = Field(default=0, description="passages that it found in the transcript")
    unusable: int = Field(
        default=0, description="passages that it proposed and that are not said, or are no clip"
    )
    asked: int = Field(default=0, description="candidates that it was asked to judge")
    judged: int = Field(default=0, description="candidates that it judged")
    declined: int = Field(default=0, description="judged ones that it would not post")
    compared: int = Field(default=0, description="pairs of the best that it compared")
    repaired: int = Field(default=0, description="verdicts of which only a part could be used")
    requests: int = 0
    estimated_cost: float = 0.0
    cost: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    skipped_reason: str = ""
    unavailable: bool = False


class Segments(BaseModel):
    """The chosen segments, best first; `empty_reason` says why there are none."""

    model_config = ConfigDict(frozen=True)

    segments: tuple[Segment, ...] = ()
    candidates: int = 0
    empty_reason: str | None = None
    llm: LlmNote | None = None


class ChoiceOptions(BaseModel):
    """What helps to choose passages on this machine."""

    model_config = ConfigDict(frozen=True)

    border_network: bool = Field(
        default=True,
        description="whether a network reads where English clips may begin and end (MiniLM, "
        "92 MB, fetched once); false: words alone tell",
    )


class LlmOptions(ServerOptions):
    """A language model behind `/v1/chat/completions` that finds, judges and titles passages.

    Prices are per million tokens; with a `budget` nothing is asked that is expected to cost more
    for one video, in the same currency.
    """

    candidates: int = Field(
        default=24,
        ge=1,
        le=200,
        description="maximum number of candidates that it judges in an hour of speech",
    )
    proposes: bool = Field(
        default=True,
        description="whether it reads the whole transcript and proposes passages; false: it "
        "judges what was found without it, and is sent nothing else",
    )
    weight: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="weight of the model's score against the local score, 0 to 1",
    )
    price_in: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="price of a million input tokens, 0 for a server of your own; not set: as "
        "price lists have it, and a model that they do not have is not asked",
    )
    price_out: Decimal = Field(
        default=Decimal(0), ge=0, description="price of a million output tokens"
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        description="maximum cost per video; a request with which more is expected to be spent "
        "is not sent",
    )

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.budget is not None and not (self.price_in or self.price_out):
            raise ValueError("budget: it never acts without price_in and price_out: set them")
        return self


class SegmentOptions(BaseModel):
    """Options of the stage; lengths in seconds after pauses are taken out."""

    model_config = ConfigDict(frozen=True)

    count: int = 5
    min_s: float = 15.0
    max_s: float = 60.0
    max_pause_s: float = 0.7
    pause_target_s: float = 0.3
    min_score: float = Field(
        default=50.0,
        description="what a quarter of a recording's passages reach where the language's borders "
        "were learnt, else half of them",
    )
    further_score: float = Field(
        default=70.0,
        description="what it takes beside the best one in a recording of ten minutes and more, "
        "where the language's wording was learnt",
    )
    lead_in_s: float = Field(default=0.3, description="kept before the first word")
    lead_out_s: float = Field(default=0.4, description="kept after the last word")
    long_break_s: float = Field(default=8.0, description="no segment spans such a gap")
    same_words: float = Field(default=0.6, description="word overlap that is a repetition")
    asked: bool = Field(
        default=False, description="so many were asked for: the best are given, weak or not"
    )
    reach_sentences: int = Field(
        default=6, ge=0, description="so far a cut is moved to hold a set-up and its result"
    )
    keep: tuple[WantedSegment, ...] = ()
    skip: tuple[Passage, ...] = ()
