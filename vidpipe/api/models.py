"""What requests say, and what is answered that the library has no view of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.channels.model import ASSET_NAME
from vidpipe.costs.budgets import BudgetScope, Period
from vidpipe.errors import Misconfigured
from vidpipe.intake.model import Instructions
from vidpipe.library import JobSpec, JobView, Refused, UploadSpec
from vidpipe.library.reading import MOST, PAGE
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.platforms.model import TierName
from vidpipe.results.model import ClipResult, SegmentResult

_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
#: No control characters: no file is called so, and no database takes a character 0.
_TEXT = r"^[^\x00-\x1f\x7f]+$"

VideoId = Annotated[str, Path(pattern=_ID, description="id of a video", examples=["default--t-0"])]
JobId = Annotated[str, Path(pattern=_ID, description="id of a job")]
ProjectId = Annotated[str, Path(pattern=_ID, description="id of a project")]
FailureId = Annotated[int, Path(ge=1, le=2**53, description="number of a failure")]
ChannelPath = Annotated[str, Path(pattern=_ID, description="name of a channel")]
EndpointId = Annotated[str, Path(pattern=_ID, description="id of a webhook")]
DeliveryId = Annotated[str, Path(pattern=_ID, description="id of a delivery")]
PlaceName = Annotated[str, Field(pattern=_ID)]
PlatformPath = Annotated[str, Path(pattern=_ID, description="name of a platform")]
ClipPath = Annotated[
    str, Path(pattern=_ID, description="id of a clip, or its rank", examples=["1"])
]
PlatformQuery = Annotated[
    str | None, Query(pattern=r"^[a-z0-9_]{1,40}$", description="only for this platform")
]
UploadId = Annotated[str, Path(pattern=_ID, description="id of an upload in progress")]
AssetName = Annotated[
    str, Path(pattern=f"^{ASSET_NAME}$", description="name of an asset", examples=["logo"])
]
ChannelQuery = Annotated[
    str | None, Query(pattern=_ID, description="only of this channel", examples=["default"])
]
VideoQuery = Annotated[str | None, Query(pattern=_ID, description="only of this video")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="items on the page")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=3000,
        pattern=r"^[A-Za-z0-9_=-]+$",
        description="`next_cursor` of the page before",
    ),
]
DEFAULT_LIMIT = PAGE
Item = TypeVar("Item", bound=BaseModel)


class Listed(BaseModel, Generic[Item]):
    """A page of a list."""

    items: tuple[Item, ...]
    next_cursor: str | None = Field(
        description="give it back as `cursor` for what comes after; none at the end"
    )
    limit: int


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Stage = Annotated[str, Field(pattern=r"^[a-z0-9_/]{1,64}$")]
Platform = Annotated[str, Field(pattern=_ID)]
Stages = Annotated[tuple[Stage, ...], Field(min_length=1, max_length=50)]


class CaptionOptions(_Body):
    """How words are shown in the picture."""

    enabled: bool | None = Field(default=None, description="whether they are shown")
    font_size: int | None = Field(
        default=None, ge=24, le=140, description="height in pixels at a width of 1080"
    )
    max_words: int | None = Field(default=None, ge=1, le=12, description="on screen at once")
    uppercase: bool | None = Field(default=None, description="whether all letters are capitals")


class JobOptions(_Body):
    """What a job wants differently from what its channel and the sidecar of its video say. It
    holds for its runs; what is always wanted belongs into `channels.yaml`."""

    clips: int | None = Field(
        default=None,
        ge=1,
        le=50,
        description="this number, the best there are, weak ones marked",
    )
    length: str | None = Field(
        default=None,
        max_length=40,
        pattern=r"^\s*\d+(\.\d+)?\s*(-|–|to)\s*\d+(\.\d+)?\s*s?\s*$",
        description="of a clip in seconds, such as `20-45`",
    )
    platforms: tuple[Platform, ...] = Field(
        default=(), max_length=20, description="only these of the channel's platforms"
    )
    quality: TierName | None = Field(default=None, description="of the encode")
    template: str | None = Field(
        default=None, pattern=_ID, description="how clips look: one that `/templates` lists"
    )
    transcript: str | None = Field(
        default=None, pattern=_ID, description="where words come from: a recogniser, or `sidecar`"
    )
    captions: CaptionOptions | None = None
    accent: str | None = Field(
        default=None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="colour of the word that is spoken",
    )
    force: bool = Field(default=False, description="make everything again, stale or not")

    def options(self) -> RunOptions:
        """As the library takes them.

        Raises:
            Refused: one cannot be, by its name.
        """
        try:
            return RunOptions.of(**self.model_dump(exclude_none=True))
        except Misconfigured as error:
            raise Refused(str(error)) from error


class JobCreate(_Body):
    """What is to be made: of an upload, of a video that was taken in, or of a link."""

    upload_key: str | None = Field(
        default=None,
        max_length=1024,
        pattern=_TEXT,
        description="key of an object in the drop folder that `GET /uploads` lists; or",
    )
    video_id: str | None = Field(default=None, pattern=_ID, description="id of a video; or")
    source_url: str | None = Field(
        default=None,
        max_length=4096,
        pattern=_TEXT,
        description="http(s) address of a recording, or of a public page that shows one; it is "
        "fetched by the service",
    )
    channel: str | None = Field(
        default=None, pattern=_ID, description="that the recording of source_url is for"
    )
    rights_confirmed: bool = Field(
        default=False,
        strict=True,
        description="must be true with source_url: you have the right to use the recording",
    )
    stages: Stages | None = Field(
        default=None, description="only these stages; none: all that the channel wants"
    )
    options: JobOptions | None = None
    project_id: str | None = Field(default=None, pattern=_ID, description="what it belongs to")

    def spec(self) -> JobSpec:
        """As the library takes it."""
        options = self.options.options() if self.options is not None else None
        return JobSpec(**self.model_dump(exclude={"options"}), options=options)


class JobBatch(_Body):
    """Several jobs at once: all are created, or none."""

    jobs: Annotated[tuple[JobCreate, ...], Field(min_length=1, max_length=100)]


class JobsCreated(BaseModel):
    """The jobs of a batch, in the order in which they were asked for."""

    batch_id: str
    items: tuple[JobView, ...]


class StagesCreate(_Body):
    """What is to run again, and what is to differ this time."""

    stages: Stages | None = Field(default=None, description="only these; none: all of them")
    options: JobOptions | None = Field(default=None, description="none: those of the job that was")


class PlatformCreate(_Body):
    """A platform of the channel that clips are to be exported for."""

    platform: str = Field(pattern=_ID)


class ProjectCreate(_Body):
    """A new project."""

    channel: str = Field(pattern=_ID)
    name: str = Field(min_length=1, max_length=200, pattern=_TEXT)
    description: str = Field(default="", max_length=4000, pattern=r"^[^\x00]*$")


class ProjectUpdate(_Body):
    """What changes of a project; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=200, pattern=_TEXT)
    description: str | None = Field(default=None, max_length=4000, pattern=r"^[^\x00]*$")
    archived: bool | None = None


class BudgetLimits(_Body):
    """What one subject may spend in each period, in place of the settings."""

    soft: Decimal | None = Field(
        default=None,
        ge=0,
        le=10**9,
        max_digits=18,
        decimal_places=9,
        description="whoever passes it is notified; none: nobody",
        examples=["5.00"],
    )
    hard: Decimal | None = Field(
        default=None,
        ge=0,
        le=10**9,
        max_digits=18,
        decimal_places=9,
        description="no call is made that might pass it; none: all are",
        examples=["10.00"],
    )


class BudgetRaise(_Body):
    """More than a hard limit, for today (UTC)."""

    scope: BudgetScope
    subject: str = Field(
        pattern=r"^[A-Za-z0-9._*:-]{1,64}$", description="a name or an id; * of everything"
    )
    period: Period = Field(description="of which budget of the subject")
    amount: Decimal = Field(
        gt=0,
        le=10**9,
        max_digits=18,
        decimal_places=9,
        description="that is allowed beside the limit",
        examples=["20.00"],
    )
    reason: str = Field(
        min_length=1, max_length=400, pattern=_TEXT, description="kept with the raise"
    )


class UploadCreate(_Body):
    """A file that is to be uploaded into the drop folder of a channel."""

    channel: str = Field(pattern=_ID)
    name: str = Field(
        min_length=1,
        max_length=200,
        pattern=_TEXT,
        description="of the file, without a folder: a recording, or a transcript or instructions "
        "beside one. Where it is taken a recording gets a number: talk-2.mp4",
    )
    size_bytes: int = Field(ge=1, le=2**53)
    content_type: str = Field(
        default="", max_length=127, pattern=r"^[\x20-\x7e]*$", description="its media type"
    )
    fingerprint: str = Field(
        default="",
        max_length=255,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="what you know the file by, such as its name, size and date: the open upload "
        "of it is found again with it",
    )
    instructions: Instructions | None = Field(
        default=None, description="of a recording: what would stand in its sidecar"
    )

    def spec(self) -> UploadSpec:
        """As the library takes it."""
        said = self.instructions
        return UploadSpec(
            channel=self.channel,
            name=self.name,
            size_bytes=self.size_bytes,
            media_type=self.content_type,
            fingerprint=self.fingerprint,
            instructions=said.model_dump(mode="json", exclude_unset=True) if said else None,
        )


class PartsSign(_Body):
    """Parts that are sent next."""

    numbers: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000)], ...],
        Field(min_length=1, max_length=1000, description="of parts, from 1"),
    ]


class HoldBody(_Body):
    """Why nothing of a video may be removed."""

    reason: str = Field(
        min_length=1,
        max_length=400,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
    )


class Retired(BaseModel):
    """A video whose files were removed."""

    video_id: str
    files: int = Field(description="that were removed")


class Retried(BaseModel):
    """A failure that is tried again."""

    id: int


class ChannelView(BaseModel):
    """A channel: whose videos are made into what."""

    name: str
    title: str
    language: str | None
    platforms: tuple[str, ...] = Field(description="that clips are made for")
    template: str
    clips: int = Field(description="wanted of each video")
    min_s: float
    max_s: float
    stages: tuple[str, ...] = Field(description="that run for each of its videos, in order")


class ClipView(BaseModel):
    """A clip and the moment that it was made of, with the four factors that chose it."""

    clip: ClipResult
    segment: SegmentResult | None = Field(description="none where it is not known any more")


class Health(BaseModel):
    """Whether the service works."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    database: Literal["connected", "disconnected"]
    timestamp: datetime
    error: str | None = None


class ReadyItem(BaseModel):
    """One part that the service needs."""

    name: str
    ok: bool
    says: str


class Readiness(BaseModel):
    """Whether requests can be served, and by what not."""

    ready: bool
    items: tuple[ReadyItem, ...]
