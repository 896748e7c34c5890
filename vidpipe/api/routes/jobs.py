"""Jobs: what is asked for, how far it is, and taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from vidpipe.api.asked import Asked, Processes, Reads, Submits
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    Cursor,
    JobBatch,
    JobCreate,
    JobId,
    JobsCreated,
    Limit,
    Listed,
    PlatformCreate,
    StagesCreate,
)
from vidpipe.api.repeated import Created, Key, once
from vidpipe.library import JobDetail, JobState, JobView

router = APIRouter(tags=["jobs"], route_class=AuditedRoute)
_OfVideo = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="only of this")
]


@router.post(
    "/jobs",
    summary="Create a job",
    status_code=201,
    response_model=JobView,
    responses=errors(404, 409),
)
def create_job(asked: Submits, body: JobCreate, key: Key = None) -> Response:
    """Have a recording processed: an upload in the drop folder, from intake on; a video that was
    taken in, all stages or some; or the recording of a link, which is fetched first. What was
    made before is found again and costs nothing."""
    _check(asked, [body])

    def work() -> Created:
        (made,) = asked.library.jobs.create([body.spec()], asked_by=asked.principal.id)
        return _created(made)

    return once(asked, key, "POST /jobs", body, work)


@router.post(
    "/jobs/batch",
    summary="Create several jobs",
    status_code=201,
    response_model=JobsCreated,
    responses=errors(404, 409),
)
def create_jobs(asked: Submits, body: JobBatch, key: Key = None) -> Response:
    """Create up to 100 jobs: all of them, or none where one cannot be created."""
    _check(asked, body.jobs)

    def work() -> Created:
        specs = [job.spec() for job in body.jobs]
        made = asked.library.jobs.create(specs, asked_by=asked.principal.id, batch=True)
        batch_id = made[0].batch_id or ""
        where = f"/api/v1/jobs?batch_id={batch_id}"
        return Created(where, JobsCreated(batch_id=batch_id, items=made))

    return once(asked, key, "POST /jobs/batch", body, work)


@router.get("/jobs", summary="List jobs", responses=errors())
def list_jobs(
    asked: Reads,
    channel: ChannelQuery = None,
    state: Annotated[tuple[JobState, ...], Query(description="only in one of these states")] = (),
    video_id: _OfVideo = None,
    project_id: _OfVideo = None,
    batch_id: _OfVideo = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[JobView]:
    """Jobs, the newest first."""
    page = asked.library.jobs.list(
        channels=asked.among(channel),
        states=state,
        video_id=video_id,
        project_id=project_id,
        batch_id=batch_id,
        limit=limit,
        cursor=cursor,
    )
    return Listed[JobView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/jobs/{job_id}", summary="Get a job", responses=errors(404))
def get_job(asked: Reads, job_id: JobId) -> JobDetail:
    """One job closely: its state, its stages, how far it is and how long the rest will take.
    Ask every 2 to 10 seconds while it is queued or running."""
    return asked.job_closely(job_id)


@router.post("/jobs/{job_id}/cancel", summary="Cancel a job", responses=errors(404, 409))
def cancel_job(asked: Processes, job_id: JobId) -> JobView:
    """Take a job back: no run is started for it, unless another job wants the same video. A run
    that the service leads ends within seconds, and what it made is kept. One that Dagster leads
    answers 409: end the run in the Dagster UI."""
    return asked.library.jobs.cancel(asked.job(job_id).job_id)


@router.post("/jobs/{job_id}/retry", summary="Retry a job", responses=errors(404, 409))
def retry_job(asked: Processes, job_id: JobId) -> JobView:
    """Have a job that failed or was cancelled done after all."""
    return asked.library.jobs.retry(asked.job(job_id).job_id)


@router.post(
    "/jobs/{job_id}/stages",
    summary="Run again, with other options",
    status_code=201,
    response_model=JobView,
    responses=errors(404, 409),
)
def request_stages(
    asked: Processes, job_id: JobId, body: StagesCreate, key: Key = None
) -> Response:
    """Create another job: the video of this one again, or some of its stages, with other options
    where they are given. What these change nothing of is found again, and not made anew."""
    asked.job(job_id)
    options = body.options.options() if body.options is not None else None

    def work() -> Created:
        by = asked.principal.id
        made = asked.library.jobs.again(job_id, body.stages, options=options, asked_by=by)
        return _created(made)

    return once(asked, key, f"POST /jobs/{job_id}/stages", body, work)


@router.post(
    "/jobs/{job_id}/platforms",
    summary="Add a platform",
    status_code=201,
    response_model=JobView,
    responses=errors(404, 409),
)
def add_platform(
    asked: Processes, job_id: JobId, body: PlatformCreate, key: Key = None
) -> Response:
    """Create another job: the clips of the video of this one for a platform that its channel
    has, such as one that was added to `channels.yaml` since."""
    asked.job(job_id)

    def work() -> Created:
        by = asked.principal.id
        return _created(asked.library.jobs.add_platform(job_id, body.platform, asked_by=by))

    return once(asked, key, f"POST /jobs/{job_id}/platforms", body, work)


def _created(made: JobView) -> Created:
    return Created(f"/api/v1/jobs/{made.job_id}", made)


def _check(asked: Asked, jobs: list[JobCreate] | tuple[JobCreate, ...]) -> None:
    """Whether they may have jobs done in the channels of all of these."""
    for job in jobs:
        asked.creatable(job.spec())
