"""Exports: types and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from vidpipe.channels.model import PostTemplates
from vidpipe.platforms.model import Preset, Tier
from vidpipe.segments.model import Chapter


class Rule(BaseModel):
    """One rule of a preset against the measured file."""

    model_config = ConfigDict(frozen=True)

    rule: str
    ok: bool
    measured: str
    wanted: str


class Method(StrEnum):
    """How an export is made of its clip."""

    COPY = "copy"
    SOUND = "sound"
    TRANSCODE = "transcode"


class Estimate(BaseModel):
    """What a piece of work takes, in seconds and bytes."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    size_bytes: int


class Post(BaseModel):
    """`post.json`: what is written beside a clip, within the platform's limits.

    `text` is ready to be pasted: description, hashtags and credits; the title stands in
    front where the platform has no field of its own for it.
    """

    model_config = ConfigDict(frozen=True)

    platform: str
    title: str
    description: str
    hashtags: tuple[str, ...]
    chapters: tuple[Chapter, ...] = Field(description="on the clip's timeline")
    language: str
    credits: str
    text: str


class MediaFacts(BaseModel):
    """What a file is, as far as platforms care; None where there is no picture or no sound."""

    model_config = ConfigDict(frozen=True)

    container: str
    duration_s: float
    size_bytes: int
    moov_first: bool
    edit_lists: bool = Field(description="one that shifts a stream or leaves a part of it out")
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    profile: str | None = None
    level: float | None = None
    pix_fmt: str | None = None
    colour: str | None = None
    video_kbps: int | None = None
    audio_codec: str | None = None
    audio_rate: int | None = None
    audio_channels: int | None = None
    audio_kbps: int | None = None
    integrated_lufs: float | None = None
    true_peak_dbtp: float | None = None
    thumbnail_bytes: int | None = None


class FinishedExport(BaseModel):
    """One export, as it was stored, and what making it took: times stay out of the stage's
    result, which is the same every time."""

    model_config = ConfigDict(frozen=True)

    method: Method
    facts: MediaFacts
    estimate: Estimate
    seconds: float = Field(description="that it took")


class Export(BaseModel):
    """A clip as one platform wants it; the files are those of the artifact `artifact`."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    platform: str
    artifact: str
    fingerprint: str
    key: str
    method: Method
    facts: MediaFacts
    rules: tuple[Rule, ...]

    @property
    def conforms(self) -> bool:
        return all(rule.ok for rule in self.rules)


class RefusedExport(BaseModel):
    """A clip that a platform cannot have, and what to do."""

    model_config = ConfigDict(frozen=True)

    clip_id: str
    rank: int
    title: str
    why: str


class PlatformExports(BaseModel):
    """All exports for one platform, best clip first.

    `refused` are clips that the platform cannot have, `withheld` those that reviewers rejected or
    have not approved of yet; without any a document is as it was before there were reviews.
    """

    model_config = ConfigDict(frozen=True)

    platform: str
    exports: tuple[Export, ...] = ()
    refused: tuple[RefusedExport, ...] = ()
    withheld: tuple[RefusedExport, ...] = ()

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        if not self.withheld:
            found.pop("withheld", None)
        return found


class ExportOptions(BaseModel):
    """Options of the stage."""

    model_config = ConfigDict(frozen=True)

    preset: Preset
    tier: Tier
    loudness_lufs: float
    channel_title: str = ""
    post: PostTemplates = PostTemplates()
