"""What intake hands on: the accepted upload and its sidecars."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.geometry import Rect
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import Interval


class Upload(BaseModel):
    """An accepted upload: what was dropped, under the first name it had."""

    model_config = ConfigDict(frozen=True)

    video_id: str
    channel: str
    name: str
    sha256: str
    size_bytes: int
    media: MediaInfo


class WantedSegment(BaseModel):
    """A segment that the sidecar forces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float = Field(ge=0)
    end_s: float
    title: str = ""


class FixedRegions(BaseModel):
    """Regions that the sidecar gives, in displayed pixels; used instead of detection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    screen: Rect | None = None
    camera: Rect | None = None


class Instructions(BaseModel):
    """`talk.yaml` beside `talk.mp4`; every field optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}$")
    platforms: tuple[str, ...] = ()
    clips: int | None = Field(default=None, ge=1, le=50)
    priority: int = Field(default=0, ge=-10, le=10)
    regions: FixedRegions = FixedRegions()
    keep: tuple[WantedSegment, ...] = Field(default=(), description="segments to force")
    skip: tuple[Interval, ...] = Field(default=(), description="stretches no clip may touch")


class Sidecar(BaseModel):
    """What lies beside an upload; empty when nothing does.

    The transcripts themselves are the artifact's files `transcript_files`, the
    preferred one first.
    """

    model_config = ConfigDict(frozen=True)

    transcript_files: tuple[str, ...] = ()
    instructions: Instructions = Instructions()


class State(StrEnum):
    """What became of an upload."""

    ACCEPTED = "accepted"
    ALIAS = "alias"
    QUARANTINED = "quarantined"


class Outcome(BaseModel):
    """The word on one upload, for the person who dropped it."""

    model_config = ConfigDict(frozen=True)

    key: str
    state: State
    video_id: str | None = None
    reason: str | None = None
    message: str = ""
    quarantine_key: str | None = None
    sidecar_changed: bool = False


class SourceVideo(BaseModel):
    """The accepted video as later stages see it."""

    model_config = ConfigDict(frozen=True)

    video_id: str
    channel: str
    name: str
    sha256: str
    media: MediaInfo
