"""What intake hands on: the accepted upload and its sidecars."""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vidpipe.channels.sound import SoundChoice
from vidpipe.channels.wording import MOST_TERMS, GivenTerm, Profanity
from vidpipe.edits.model import MOST_CLIPS, MOST_WORDS, ClipEdit, WordEdit
from vidpipe.edits.passages import GivenLayout, Passage, WantedSegment
from vidpipe.intake.lengths import Length
from vidpipe.media.probe import MediaInfo
from vidpipe.storage.artifacts import Manifest


class Upload(BaseModel):
    """An accepted upload: what was dropped, under the first name it had."""

    model_config = ConfigDict(frozen=True)

    video_id: str
    channel: str
    name: str
    sha256: str
    size_bytes: int
    media: MediaInfo
    coded: str = Field(default="", description="the same in another container, see `coded_digest`")


class Instructions(BaseModel):
    """`talk.yaml` beside `talk.mp4`; every field optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}$")
    terms: tuple[GivenTerm, ...] = Field(
        default=(),
        max_length=MOST_TERMS,
        description="names and words of the trade in this one, besides the channel's",
    )
    profanity: Profanity | None = Field(
        default=None, description="keep or mask strong language, whatever the channel does"
    )
    sound: SoundChoice | None = Field(
        default=None,
        description="of several, whatever the channel says: auto, mix, or the number of one",
    )
    platforms: tuple[str, ...] = ()
    template: str = Field(default="", description="how its clips look; default the channel's")
    clips: int | None = Field(
        default=None,
        ge=1,
        le=50,
        description="this number, the best there are, weak or not",
    )
    length: Length | None = Field(default=None, description="of a clip in seconds, such as 20-45")
    priority: int = Field(default=0, ge=-10, le=10)
    layout: tuple[GivenLayout, ...] = Field(
        default=(), description="where the screen and the camera are, for all or part of the time"
    )
    keep: tuple[WantedSegment, ...] = Field(default=(), description="segments to force")
    skip: tuple[Passage, ...] = Field(default=(), description="passages no clip may touch")

    words: tuple[WordEdit, ...] = Field(
        default=(),
        max_length=MOST_WORDS,
        description="corrected words, as in the edit document, which they become part of",
    )
    clip_edits: tuple[ClipEdit, ...] = Field(
        default=(),
        max_length=MOST_CLIPS,
        description="what is decided of clips, as in the edit document, which it becomes part of",
    )

    @model_serializer(mode="wrap")
    def _without_edits_where_none_are(
        self, as_usual: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Edits are no part of what stages read: they are kept as a version of the document."""
        written: dict[str, Any] = as_usual(self)
        for name in ("words", "clip_edits"):
            if not written.get(name, True):
                del written[name]
        return written

    @property
    def decides(self) -> bool:
        """Whether it says anything of single clips or words."""
        return bool(self.words or self.clip_edits)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        given = sorted(self.layout, key=lambda g: g.start_s)
        for a, b in itertools.pairwise(given):
            if a.end_s is None or a.end_s > b.start_s:
                raise ValueError(f"layout: two of them hold at {b.start_s:g} s")
        return self


class Sidecar(BaseModel):
    """What lies beside an upload; empty when nothing does.

    The transcripts themselves are the artifact's files `transcript_files`, the
    preferred one first.
    """

    model_config = ConfigDict(frozen=True)

    transcript_files: tuple[str, ...] = ()
    instructions: Instructions = Instructions()


class Cover(BaseModel):
    """The picture that stands for sound; its file is the artifact's `cover.jpg`.

    `width` and `height` in pixels, 0 without one; `left_out` says of pictures that were
    found and could not be used why not.
    """

    model_config = ConfigDict(frozen=True)

    width: int = 0
    height: int = 0
    origin: str = Field(default="", description="beside it, attached, or of its folder")
    left_out: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What became of it, for a person."""
        said = f"its cover {self.origin}, {self.width}x{self.height}" if self.origin else ""
        return "; ".join(part for part in (said, *self.left_out) if part)


class IntakeState(StrEnum):
    """What became of an upload."""

    ACCEPTED = "accepted"
    ALIAS = "alias"
    QUARANTINED = "quarantined"
    #: It lies in a drop folder and is nothing to be taken in, or may not be.
    SKIPPED = "skipped"


class IntakeResult(BaseModel):
    """The word on one upload, for the person who dropped it."""

    model_config = ConfigDict(frozen=True)

    key: str
    state: IntakeState
    video_id: str | None = None
    reason: str | None = None
    message: str = ""
    quarantine_key: str | None = None
    sidecar_changed: bool = False
    taken: dict[str, Manifest] = Field(
        default_factory=dict, description="what was stored of it, or found stored, by name"
    )


class SourceVideo(BaseModel):
    """The accepted video as later stages see it."""

    model_config = ConfigDict(frozen=True)

    video_id: str
    channel: str
    name: str
    sha256: str
    media: MediaInfo = Field(description="with the tracks that are used")
    notes: tuple[str, ...] = Field(
        default=(), description="which of its tracks are used and which not, what its picture needs"
    )


class SourceOptions(BaseModel):
    """What can change how a recording is used."""

    sound: SoundChoice
