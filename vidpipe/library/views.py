"""What the library answers with: frozen, typed, and free of the database.

Times are UTC. Names of fields are the ones that programs see.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.catalog.states import JobState
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.library.state import VideoState

Item = TypeVar("Item", bound=BaseModel)


class LibraryView(BaseModel):
    """What all answers share: they never change."""

    model_config = ConfigDict(frozen=True)


class Page(LibraryView, Generic[Item]):
    """Some of a long list, and where it goes on."""

    items: tuple[Item, ...]
    next_cursor: str | None = Field(
        default=None, description="give it back for what comes after; none at the end"
    )


class FailureView(LibraryView):
    """One failure that is not resolved: of a video, or of an upload that became none."""

    id: int
    subject: str = Field(description="video id, or the key of an upload")
    channel: str
    job: str
    stage: str = Field(description="empty where no stage ran")
    cause: str = Field(description="short and stable, to group by")
    message: str
    attempts: int
    given_up: bool = Field(description="else it is tried again by itself")
    failed_at: datetime
    run_id: str


class RequestView(LibraryView):
    """A run that is asked for and not over."""

    id: int
    video_id: str
    cause: str = Field(description="upload, sidecar, retry, stale or person")
    stages: tuple[str, ...] | None = Field(description="none: all of them")
    not_before: datetime | None
    run_id: str | None = Field(description="of the run that does it; none while it waits")
    why: str | None = Field(
        default=None, description="what it waits for, of a budget or a quota; none: its turn"
    )
    requested_at: datetime


class StageView(LibraryView):
    """The newest run of one stage of a video."""

    stage: str
    reused: bool = Field(description="it was found, and nothing was made")
    wall_s: float
    error: str | None


class VideoView(LibraryView):
    """A video, and where it stands."""

    video_id: str
    channel: str
    name: str = Field(description="of the file, as it was dropped")
    title: str
    duration_s: float
    width: int = Field(description="0 for sound alone")
    height: int
    size_bytes: int
    state: VideoState
    clips: int
    exports: int
    hold: str | None = Field(description="why nothing of it may be removed")
    failure: FailureView | None
    created_at: datetime
    finished_at: datetime | None


class VideoDetail(VideoView):
    """A video closely: its stages, what is asked for, what failed."""

    stages: tuple[StageView, ...]
    requests: tuple[RequestView, ...]
    failures: tuple[FailureView, ...]


class UploadView(LibraryView):
    """An upload that became no video of its own."""

    key: str
    channel: str
    state: str = Field(description="quarantined, alias or skipped")
    reason: str | None
    message: str
    video_id: str | None = Field(description="of an alias: the video with the same content")
    updated_at: datetime


class Totals(LibraryView):
    """How much there is, and how much waits."""

    videos: int
    requests_due: int = Field(description="runs that are asked for and may start")
    requests_later: int = Field(description="runs whose time has not come")
    uploads_pending: int = Field(description="uploads that intake has not looked at yet")


class ExportLink(LibraryView):
    """Where one exported file can be fetched."""

    clip_id: str
    rank: int
    title: str
    platform: str
    url: str


class JobProgress(LibraryView):
    """How far a job is."""

    current_stage: str | None = Field(description="what is made now; none while nothing is")
    stages_completed: tuple[str, ...]
    stages_remaining: tuple[str, ...]
    percentage: int = Field(ge=0, le=100, description="of the time that its stages usually take")
    eta_s: float | None = Field(
        description="seconds of work left, as the same stages took for other recordings here; "
        "none where one of them never ran, or nothing is left. Waiting for a turn is not counted"
    )


class JobError(LibraryView):
    """Why a job failed."""

    code: str = Field(description="short and stable: rejected:not_a_video, worker_lost")
    message: str
    failed_stage: str | None


class JobWaiting(LibraryView):
    """What a job waits for that has not failed: money, or what a service allows."""

    waits_for: str = Field(description="the budget or the quota, by its key")
    why: str = Field(description="the same for people, with what can be done")
    until: datetime | None = Field(description="when it goes on by itself")


class JobView(LibraryView):
    """What a program asked to have made, and where that stands."""

    job_id: str
    channel: str
    state: JobState
    upload_key: str | None = Field(
        description="of the upload that it was asked for of, or that its link became"
    )
    source_url: str | None = Field(
        description="of the link that it was asked for of, with nothing secret in it"
    )
    video_id: str | None = Field(description="none until intake has taken the upload in")
    project_id: str | None
    batch_id: str | None = Field(description="of the jobs that were created together")
    stages: tuple[str, ...] | None = Field(description="none: all that the channel wants")
    options: dict[str, Any] | None = Field(
        description="what it wants differently from what channel and sidecar say"
    )
    attempts: int = Field(description="1, and one more for each retry that was asked for")
    error: JobError | None
    waiting: JobWaiting | None = Field(
        default=None, description="what a queued job waits for; none: its turn"
    )
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class JobDownload(LibraryView):
    """How far the recording of a link is."""

    state: str = Field(description="waiting, running, done, failed or cancelled")
    received_bytes: int
    total_bytes: int | None = Field(description="none where nobody says how many there are")
    attempts: int = Field(description="the one at work, too")
    next_attempt_at: datetime | None = Field(
        description="when it is tried again by itself; none where it is due, or nothing is"
    )
    message: str | None = Field(description="why the last attempt failed")


class PastEstimate(LibraryView):
    """What was expected of a run, beside what it came to until now."""

    at: datetime
    job_id: str | None
    currency: str
    estimate: Decimal = Field(description="of the whole run")
    actual: Decimal
    shared: Decimal = Field(
        default=Decimal(0),
        description="what work of other jobs cost meanwhile that counts for this one as well; not "
        "in `actual`",
    )
    off: Decimal | None = Field(
        description="share of `actual` and `shared` that it was off by; none of 0"
    )
    low: Decimal | None = Field(
        default=None, description="what it was to come to at least; none: too little was known"
    )
    high: Decimal | None = Field(default=None, description="the same, at most")
    after: str | None = Field(
        default=None,
        description="the stage after which it was told anew, from what that made; none: this was "
        "said before the work",
    )
    spent: Decimal | None = Field(
        default=None, description="of the estimate, what was booked when it was told anew"
    )
    passages: int | None = Field(default=None, description="chosen ones that it was told from")
    passage_s: float | None = Field(default=None, description="seconds of these")


class SharedCost(LibraryView):
    """What work cost that counts for two jobs, and is booked for one of them."""

    job_id: str | None = Field(
        description="whose it is in every sum; none: of a run that no job asked for"
    )
    outside: Decimal
    local: Decimal
    total: Decimal


class JobCosts(LibraryView):
    """What a job cost until now: its own, and what it shares."""

    currency: str
    outside: Decimal = Field(description="its own, of services")
    local: Decimal = Field(description="its own, of this deployment's work")
    total: Decimal = Field(description="its own: what sums by job have of it")
    shared: tuple[SharedCost, ...] = Field(
        description="the dearest first: work for whoever asked for the same of its video before, "
        "or for more. It counts for this job as well, and is in none of its sums"
    )


class JobDetail(JobView):
    """A job closely: how far it is, what it was expected to cost, and what it costs."""

    progress: JobProgress
    costs: JobCosts | None = Field(default=None, description="none before it has a video")
    estimates: tuple[PastEstimate, ...] = Field(
        default=(),
        description="of its cost, the newest first: told anew once passages are chosen; the last "
        "is of before the work, where that was told in time. None until a moment after it has a "
        "video",
    )
    download: JobDownload | None = Field(
        default=None, description="of the recording; none where it is of no link"
    )


class ProjectView(LibraryView):
    """A campaign, a course, a client: jobs of one channel that belong together."""

    project_id: str
    channel: str
    name: str
    description: str
    archived: bool
    revision: int = Field(description="counts its changes; its ETag is made of it")
    created_at: datetime
    updated_at: datetime


class UploadSessionView(LibraryView):
    """An upload on its way into the drop folder, and how its bytes are sent."""

    upload_id: str
    channel: str
    name: str = Field(description="of the file, as whoever sends it calls it")
    key: str = Field(
        description="of the object in the drop folder that it becomes; of an upload that is open "
        "it may still get a number"
    )
    media_type: str
    fingerprint: str = Field(description="what the client knows its file by; empty for nothing")
    size_bytes: int | None = Field(description="none while the client has not said it")
    received_bytes: int | None = Field(
        description="that are on disk or in the bucket; none in lists of uploads into a bucket"
    )
    protocol: Literal["tus", "multipart", "put"] = Field(
        description="tus: to `url`, piece by piece; multipart: parts to signed links; put: all of "
        "it with one PUT to `url`"
    )
    url: str | None = Field(description="where bytes go: of tus and of put")
    headers: dict[str, str] = Field(description="what a PUT has to send along")
    part_size_bytes: int | None = Field(description="of each part but the last; of multipart")
    part_count: int | None = Field(description="of multipart")
    state: UploadSessionState
    created_at: datetime
    expires_at: datetime = Field(description="later with every byte that comes")
    ended_at: datetime | None


class UploadPartView(LibraryView):
    """A part of a multipart upload that the bucket has."""

    number: int
    size_bytes: int
    etag: str


class UploadPartLink(LibraryView):
    """Where a part of a multipart upload is sent."""

    number: int
    url: str
    size_bytes: int = Field(description="that it has to have")


class AssetView(LibraryView):
    """A logo, a picture, music or a video that belongs to a channel."""

    channel: str
    name: str
    reference: str = Field(description="what names it in channels.yaml: asset:NAME")
    kind: Literal["picture", "sound", "video"] = Field(description="by its content")
    media_type: str
    sha256: str
    size_bytes: int
    width: int | None = Field(description="in pixels; none of sound")
    height: int | None
    duration_s: float | None = Field(description="none of pictures")
    created_at: datetime
    updated_at: datetime
