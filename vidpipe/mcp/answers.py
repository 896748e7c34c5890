"""What tools answer that the library has no view of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.library import PlatformView, TemplateView


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class SaidSentence(_Answer):
    """A sentence of a transcript."""

    start_s: float
    end_s: float
    text: str


class TranscriptPart(_Answer):
    """What is said in a part of a video."""

    video_id: str
    language: str
    duration_s: float = Field(description="until the last word of the whole transcript")
    sentences: tuple[SaidSentence, ...]
    next_start_s: float | None = Field(
        description="where it goes on: give it as start_s; none at the end"
    )


class ChannelOptions(_Answer):
    """What a channel makes of its videos."""

    name: str
    title: str
    platforms: tuple[str, ...]
    template: str
    stages: tuple[str, ...] = Field(description="that can be asked for again, in order")


class RenderOptions(_Answer):
    """What can be chosen from."""

    channels: tuple[ChannelOptions, ...]
    platforms: tuple[PlatformView, ...]
    templates: tuple[TemplateView, ...]
