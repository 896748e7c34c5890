"""What may happen, typed: one class for each type of event, with what it says.

What an event says is ids, states, codes and figures: nothing secret, and no text of strangers'.
A part that emits another type adds its class here; reference, OpenAPI and webhooks follow.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model


class EventData(BaseModel):
    """What all of them share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str] = ""


class EventError(BaseModel):
    """Why something failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(description="short and stable: rejected:no_video, worker_lost")
    stage: str | None = Field(default=None, description="that failed; none where none ran")


# Uploads and intake


class _UploadEvent(EventData):
    upload_id: str
    upload_key: str = Field(description="of the object in the drop folder that it becomes")
    size_bytes: int | None = Field(default=None, description="none while nobody has said it")
    protocol: str | None = Field(default=None, description="tus, multipart or put")


class UploadStarted(_UploadEvent):
    """An upload through the API was begun."""

    kind = "upload.started"


class UploadCompleted(_UploadEvent):
    """All bytes of an upload came; it is an object in the drop folder."""

    kind = "upload.completed"


class UploadCancelled(_UploadEvent):
    """Someone took an upload back."""

    kind = "upload.cancelled"


class UploadExpired(_UploadEvent):
    """Nothing came of an upload for too long; what came is removed."""

    kind = "upload.expired"


class IntakeAccepted(EventData):
    """Intake took an upload: it is a video, or the same as one."""

    kind = "intake.accepted"

    upload_key: str
    video_id: str
    duplicate: bool = Field(description="whether the video was there before")


class IntakeRefused(EventData):
    """Intake refused an upload: it cannot be processed, or is passed over."""

    kind = "intake.refused"

    upload_key: str
    error: EventError


# Jobs


class _JobEvent(EventData):
    job_id: str
    video_id: str | None = Field(default=None, description="none until intake took the upload")
    project_id: str | None = None
    batch_id: str | None = Field(default=None, description="of jobs created together")
    state: str = Field(description="that it is in now")


class JobQueued(_JobEvent):
    """A job was created, was retried, or waits again."""

    kind = "job.queued"


class JobRunning(_JobEvent):
    """A process works on what a job is of."""

    kind = "job.running"


class JobWaitingForReview(_JobEvent):
    """A job goes on when someone approves of what was made."""

    kind = "job.waiting_for_review"


class JobCompleted(_JobEvent):
    """A job is done: all that it asked for was made."""

    kind = "job.completed"


class JobFailed(_JobEvent):
    """A job was given up."""

    kind = "job.failed"

    error: EventError | None = None


class JobCancelled(_JobEvent):
    """A job was taken back, or its video was retired."""

    kind = "job.cancelled"

    error: EventError | None = None


class JobVideoAssigned(EventData):
    """It is known which video a job is of: what happens to that concerns the job."""

    kind = "job.video_assigned"

    job_id: str
    video_id: str


# Videos and what is made of them


class StageStarted(EventData):
    """A stage of a video was begun."""

    kind = "stage.started"

    video_id: str
    stage: str


class StageCompleted(EventData):
    """A stage of a video is done."""

    kind = "stage.completed"

    video_id: str
    stage: str
    reused: bool = Field(description="the result of an earlier run was found")
    wall_s: float = Field(description="seconds that it took")


class StageFailed(EventData):
    """A stage of a video failed; whether it is tried again, `failure.recorded` says."""

    kind = "stage.failed"

    video_id: str
    stage: str
    wall_s: float = Field(description="seconds until it failed")
    error: EventError


class ClipCreated(EventData):
    """A clip was made."""

    kind = "clip.created"

    video_id: str
    clip_id: str
    rank: int = Field(description="1 is the best of its video")
    score: float = Field(description="0 to 100")
    duration_s: float
    replaced: bool = Field(description="whether one of this id was there before")


class ExportCreated(EventData):
    """A clip was made ready for a platform."""

    kind = "export.created"

    video_id: str
    clip_id: str
    platform: str
    conforms: bool = Field(description="whether it is as the platform wants it")
    size_bytes: int
    duration_s: float
    replaced: bool = Field(description="whether one of this clip was there before")


class VideoCompleted(EventData):
    """A run made everything of a video."""

    kind = "video.completed"

    video_id: str


class VideoFailed(EventData):
    """A video was given up, until someone retries it."""

    kind = "video.failed"

    video_id: str
    error: EventError


class VideoRetired(EventData):
    """A video was retired: what was made of it is removed."""

    kind = "video.retired"

    video_id: str


class FailureRecorded(EventData):
    """A run of a video failed, or an upload could not be processed."""

    kind = "failure.recorded"

    failure_id: int
    video_id: str | None = None
    upload_key: str | None = None
    error: EventError
    attempts: int
    given_up: bool = Field(description="else it is tried again by itself")


# Reviews


class ReviewNeeded(EventData):
    """Something waits for approval."""

    kind = "review.needed"

    video_id: str
    gate: str = Field(description="what comes after it: render, export, publish or cost")
    clip_ids: tuple[str, ...] = Field(description="that are to be decided on, the best first")


class ReviewDecided(EventData):
    """Someone approved, rejected, or took that back."""

    kind = "review.decided"

    video_id: str
    clip_id: str | None = Field(description="none: it is of a gate as a whole")
    gate: str | None = Field(description="none: it is of a clip")
    verdict: str = Field(description="approved, rejected or undone")
    reason: str | None = Field(description="of a rejection")
    by: str = Field(description="id of whoever decided")


class ReviewVoided(EventData):
    """An approved clip was made again, and is another one now."""

    kind = "review.voided"

    video_id: str
    clip_id: str


# Edits


class EditsVersioned(EventData):
    """What people changed of a video has a new version."""

    kind = "edits.changed"

    video_id: str
    version: int
    source: str = Field(description="where it was changed: api, cli, sidecar, restore")


# Costs: `nanos` are billionths of a unit of the currency


class BudgetSoftLimit(EventData):
    """A budget passed its soft limit; once in each of its periods."""

    kind = "budget.soft_limit"

    budget: str = Field(description="its scope, what it is of, its period, which of these")
    nanos: int = Field(description="spent and held")
    soft_nanos: int
    hard_nanos: int | None
    currency: str
    video_id: str | None
    job_id: str | None


class BudgetHardLimit(EventData):
    """A budget stops calls; once in each of its periods, until it is raised."""

    kind = "budget.hard_limit"

    budget: str = Field(description="its scope, what it is of, its period, which of these")
    service: str = Field(description="that was to be called")
    video_id: str | None
    job_id: str | None
    until: datetime | None = Field(description="when its next period begins; none: it has none")


class BudgetRaised(EventData):
    """Someone allowed more than a hard limit for a day."""

    kind = "budget.raised"

    budget: str = Field(description="its scope, what it is of, its period")
    day: date
    nanos: int = Field(description="more than the hard limit")
    by: str = Field(description="id of whoever allowed it")


class QuotaUsedUp(EventData):
    """The quota of a service is used up until its period ends."""

    kind = "quota.exhausted"

    quota: str
    service: str
    video_id: str | None
    job_id: str | None
    until: datetime | None


class ServiceUnavailable(EventData):
    """A service failed again and again: nobody calls it for a while."""

    kind = "service.unavailable"

    service: str
    failures: int = Field(description="one after the other")


class ServiceRecovered(EventData):
    """A service that was out of order works again."""

    kind = "service.recovered"

    service: str


class CostOverrun(EventData):
    """A call cost more than was reserved for it."""

    kind = "cost.overrun"

    service: str
    video_id: str | None
    nanos: int
    reserved_nanos: int
    currency: str


# Posts


class _PostEvent(EventData):
    post_id: str
    video_id: str
    clip_id: str
    platform: str = Field(description="that it goes to")
    account_id: str
    state: str = Field(description="that it is in now")
    code: str = Field(default="", description="why, where it is not as planned: short and stable")
    url: str = Field(default="", description="where it is shown; empty: nowhere, or not known")
    at: datetime | None = Field(default=None, description="when it is to be posted")


class PostCreated(_PostEvent):
    """A user wants a clip posted."""

    kind = "post.created"


class PostWaiting(_PostEvent):
    """A post waits for approval of its clip, or for the clip's export."""

    kind = "post.waiting"


class PostScheduled(_PostEvent):
    """A post has its moment."""

    kind = "post.scheduled"


class PostHeldBack(_PostEvent):
    """A post waits until its account is connected again, or it is changed."""

    kind = "post.held"


class PostPosted(_PostEvent):
    """The platform has a post."""

    kind = "post.posted"


class PostUncertain(_PostEvent):
    """Whether the platform has a post a person has to look."""

    kind = "post.uncertain"


class PostFailed(_PostEvent):
    """A post was given up."""

    kind = "post.failed"


class PostCancelled(_PostEvent):
    """A user took a post back before it was posted."""

    kind = "post.cancelled"


class PostDeleted(_PostEvent):
    """What was posted is not at the platform any more."""

    kind = "post.deleted"


# Accounts at platforms


class _AccountEvent(EventData):
    account_id: str
    platform: str


class SocialAccountConnected(_AccountEvent):
    """An account at a platform was connected."""

    kind = "account.connected"

    renewed: bool = Field(description="whether it was there before")


class SocialAccountBroken(_AccountEvent):
    """An account at a platform cannot be posted to until someone connects it again."""

    kind = "account.broken"

    code: str = Field(description="short and stable; the platform's own: invalid_grant")
    posts: int = Field(description="that wait for it")


class SocialAccountDisconnected(_AccountEvent):
    """Someone disconnected an account at a platform."""

    kind = "account.disconnected"


# Publishing


class PublishingPaused(EventData):
    """A channel, or one of its platforms, posts nothing for a while."""

    kind = "publishing.paused"

    platform: str | None = Field(description="none: all of the channel's")
    by: str = Field(description="who paused it")
    until: datetime | None = Field(description="none: until someone resumes it")


class PublishingResumed(EventData):
    """A channel, or one of its platforms, posts again."""

    kind = "publishing.resumed"

    platform: str | None = Field(description="none: all of the channel's")
    by: str = Field(description="who resumed it; schedule: its time was over")


def _of(base: type[EventData]) -> list[type[EventData]]:
    """Every class with a type of its own, in the order in which they are written here."""
    found: list[type[EventData]] = []
    for sub in base.__subclasses__():
        found += [sub] if sub.kind else _of(sub)
    return found


#: Every type of event, by its name.
EVENTS: dict[str, type[EventData]] = {
    data.kind: data for data in sorted(_of(EventData), key=lambda data: data.kind)
}


class StageProgress(BaseModel):
    """How far the run of a video is: the last that is known, at most twice a second."""

    model_config = ConfigDict(frozen=True)

    video_id: str
    stage: str = Field(description="that was last heard of; several may be at work")
    stage_percent: float = Field(ge=0, le=100)
    percent: float = Field(
        ge=0, le=100, description="of the time that the stages of this run usually take"
    )
    eta_s: float | None = Field(
        description="seconds of work left in this run; none where that cannot be said"
    )
    stages: dict[str, float] = Field(description="per cent of each stage that was begun")


class ProgressEvent(BaseModel):
    """Progress as a stream has it: it has no id, and none is kept but the last of a video."""

    model_config = ConfigDict(frozen=True)

    type: Literal["progress"] = "progress"
    timestamp: datetime
    organisation: str | None
    channel: str
    data: StageProgress


class EventView(BaseModel):
    """An event as streams and lists have it."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(description="grows in the order in which events were committed")
    event_id: str = Field(description="the same in webhooks: `webhook-id`")
    type: str
    timestamp: datetime = Field(description="when it happened, in UTC")
    organisation: str | None = Field(description="none where its channel is nobody's any more")
    channel: str
    data: dict[str, Any]


def envelopes() -> dict[str, type[EventView]]:
    """The whole of an event of each type, as the documentation of the API has it."""
    made: dict[str, type[EventView]] = {}
    for kind, data in EVENTS.items():
        given: dict[str, Any] = {
            "type": (Literal[kind], ...),
            "data": (data, ...),
            "__doc__": data.__doc__,
        }
        made[kind] = create_model(f"{data.__name__}Event", __base__=EventView, **given)
    return made
