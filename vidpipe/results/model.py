"""`results.json`, typed; its JSON Schema is committed beside this file."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.timeline import Interval

SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class VideoResult(_Part):
    """The recording."""

    id: str
    name: str
    duration_s: float
    width: int | None = Field(description="None for sound alone")
    height: int | None
    fps: float | None
    transcript_source: str = Field(
        description="sidecar, api, transformers, faster-whisper, pocketsphinx (a draft) or none"
    )
    transcript_draft: bool
    word_times: str = Field(description="recognised, aligned, provided or interpolated")
    language: str
    detected_language: str
    transcript_cost: float = Field(description="of a recogniser that is paid by the minute")
    repaired: tuple[str, ...] = Field(description="what was wrong with the words")
    speech_without_words_s: float = Field(
        description="speech of more than 0.8 s at a time that no word lies on"
    )
    skipped_sources: tuple[str, ...] = Field(description="sources of words not used, and why")
    cost: CostResult | None = Field(
        default=None, description="of all its runs until now; none: nothing was booked"
    )
    notes: tuple[str, ...] = Field(
        default=(), description="which of its tracks are used and which not, what its picture needs"
    )


class CostResult(_Part):
    """What the video cost until now, by the ledger; amounts as decimals in text."""

    currency: str
    services: str = Field(description="that outside services cost")
    own_work: str = Field(description="processors, a GPU, storage, by `vidpipe prices`")


class TopicResult(_Part):
    """What is talked about for a while: a chapter."""

    start_s: float
    end_s: float
    title: str
    keyphrases: tuple[str, ...]


class FactorResult(_Part):
    """One of the four questions an editor asks of a passage."""

    name: str = Field(description="hook, self_contained, payoff or closure")
    value: float = Field(description="0 to 100; 50 is usual")
    evidence: tuple[str, ...] = Field(description="what speaks for it and against it")


class SegmentResult(_Part):
    """A chosen moment."""

    rank: int
    start_s: float
    end_s: float
    score: float = Field(description="0 to 100")
    reasons: tuple[str, ...]
    factors: tuple[FactorResult, ...] = Field(description="none where nothing is said")
    weak: bool = Field(description="there only because this number was asked for")
    title: str
    hook: str = Field(description="what is said first")
    description: str = Field(description="what a viewer gets, in two sentences of the passage")
    topic: str


class CompositionResult(_Part):
    """What a stretch of the clip shows, on the clip's timeline."""

    start_s: float
    end_s: float
    composition: str


class ClipResult(_Part):
    """A rendered segment."""

    id: str
    segment: int = Field(description="rank of its segment")
    duration_s: float
    kept: tuple[Interval, ...] = Field(description="source intervals that the clip keeps")
    compositions: tuple[CompositionResult, ...]
    captions: bool
    estimated_s: float = Field(description="of encoding it in all its shapes")
    encoded_s: float
    estimated_bytes: int
    size_bytes: int
    issues: tuple[str, ...] = Field(description="what a viewer would object to")
    master: str = Field(description="key of the clip in the store")


class ExportResult(_Part):
    """One file, relative to the folder that holds `results.json`."""

    clip: str
    platform: str
    file: str
    key: str = Field(default="", description="of the file in the store")
    subtitles: str | None = Field(description="SRT")
    captions: str | None = Field(description="the same as VTT")
    thumbnail: str | None
    post: str | None = Field(description="title, description, hashtags as JSON")
    method: str = Field(description="copy, sound or transcode")
    estimated_s: float
    seconds: float = Field(description="that making it took, when it was made")
    estimated_bytes: int
    width: int | None = Field(description="None for sound alone")
    height: int | None
    fps: float | None
    duration_s: float
    size_bytes: int
    integrated_lufs: float | None = Field(description="None for a silent clip")
    true_peak_dbtp: float | None
    conforms: bool
    problems: tuple[str, ...]


class StageTiming(_Part):
    """How long a stage took when it ran last."""

    stage: str
    wall_s: float
    reused: bool


class Results(_Part):
    """Everything that became of one recording."""

    version: int = 1
    video: VideoResult
    topics: tuple[TopicResult, ...]
    chapters: str | None = Field(description="a file of chapters for a video's description")
    segments: tuple[SegmentResult, ...]
    clips: tuple[ClipResult, ...]
    exports: tuple[ExportResult, ...]
    failed: tuple[str, ...] = Field(description="clips that could not be made, and why")
    refused: tuple[str, ...] = Field(description="clips that a platform cannot have, and why")
    empty_reason: str | None = Field(description="why there are no clips")
    timings: tuple[StageTiming, ...]


def json_schema() -> str:
    """The JSON Schema of `results.json`, as it is committed."""
    return json.dumps(Results.model_json_schema(), indent=2, sort_keys=True) + "\n"
