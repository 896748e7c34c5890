"""Jobs follow what happens to their videos: in the transaction that it happens in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.events import emit
from vidpipe.catalog.review_states import GateState
from vidpipe.catalog.review_tables import GateRow
from vidpipe.catalog.states import ACTIVE, FailureState, JobState, RequestState, moved
from vidpipe.catalog.tables import FailureRow, Heartbeat, JobRow, RequestRow, Video, now

#: Seconds between two heartbeats.
HEARTBEAT_S = 5.0
#: What a run's id begins with whose process is a command: the orchestrator does not know of it.
COMMAND_RUN = "cli-"


def alive_since() -> datetime:
    """Whoever sent no heartbeat since then is taken for dead."""
    return now() - timedelta(seconds=10 * HEARTBEAT_S)


@dataclass(frozen=True)
class _Facts:
    """What of a video its jobs depend on."""

    retired: bool
    finished_at: datetime | None
    at_work: bool
    wanted: frozenset[str]
    submitted: frozenset[str]
    retried: bool
    dead: FailureRow | None
    halted: tuple[GateRow, ...]


def follow(session: Session, subject: str) -> None:
    """Bring the active jobs of a video, or of an upload, to where their subject stands.

    Called within the transaction that changed it, so that no job says what is not so. The
    jobs are locked before anything is read: of two transactions the later sees the earlier.

    Args:
        session: of the transaction.
        subject: a video id, or the key of an upload.
    """
    if "/" in subject:
        _follow_upload(session, subject)
    else:
        _follow_video(session, subject)


def taken_in(session: Session, key: str, video_id: str) -> Sequence[JobRow]:
    """An upload became a video, or is the same as one: its jobs are jobs of that from now on.

    Returns:
        These jobs, before they follow it.
    """
    query = select(JobRow).where(
        JobRow.upload_key == key, JobRow.video_id.is_(None), JobRow.state.in_(ACTIVE)
    )
    jobs = session.scalars(query.with_for_update()).all()
    for job in jobs:
        of_video(session, job, video_id)
    session.flush()
    return jobs


def refused(session: Session, key: str, code: str, message: str) -> None:
    """An upload will not become a video as it is."""
    query = select(JobRow).where(
        JobRow.upload_key == key, JobRow.video_id.is_(None), JobRow.state.in_(ACTIVE)
    )
    for job in session.scalars(query.with_for_update()):
        end(session, job, JobState.FAILED, code=code, message=message, stage="intake")


def meet(
    session: Session,
    video_id: str,
    run_options: Mapping[str, Any] | None,
    begun: datetime,
    made: Collection[str],
) -> None:
    """Jobs are done whose stages a run made that began after they were asked for.

    Whatever else of the video is still asked for, with the same options, is for other jobs: for
    more than these wanted, which may wait for a budget until tomorrow.
    """
    session.flush()
    active = select(JobRow).where(JobRow.video_id == video_id, JobRow.state.in_(ACTIVE))
    halted = select(GateRow).where(GateRow.video_id == video_id, GateRow.state == GateState.WAITING)
    waiting = session.scalars(halted).all()
    for job in session.scalars(active.with_for_update()):
        if job.stages is None or not set(job.stages) <= set(made):
            continue
        same = options_key(job.run_options) == options_key(run_options)
        began_after = job.since is not None and job.since <= begun
        if same and began_after and not is_halted(job, waiting):
            end(session, job, JobState.DONE)


#: The event of each state of a job.
_EVENTS = {
    JobState.QUEUED: "job.queued",
    JobState.RUNNING: "job.running",
    JobState.WAITING_FOR_REVIEW: "job.waiting_for_review",
    JobState.DONE: "job.completed",
    JobState.FAILED: "job.failed",
    JobState.CANCELLED: "job.cancelled",
}


def of_video(session: Session, job: JobRow, video_id: str) -> None:
    """It is known which video a job is of."""
    job.video_id = video_id
    data = {"job_id": job.job_id, "video_id": video_id}
    emit(session, "job.video_assigned", job.channel, data)


def move(session: Session, job: JobRow, state: JobState) -> None:
    """The job goes to a state in which something may still happen to it by itself.

    Raises:
        WrongState: it may not go there.
    """
    job.state = moved(JobState(job.state), state)
    tell(session, job)


def tell(session: Session, job: JobRow) -> None:
    """The event of the state that a job is in now."""
    data: dict[str, Any] = {
        "job_id": job.job_id,
        "video_id": job.video_id,
        "project_id": job.project_id,
        "batch_id": job.batch_id,
        "state": str(job.state),
    }
    if job.error_code is not None:
        data["error"] = {"code": job.error_code, "stage": job.failed_stage}
    emit(session, _EVENTS[JobState(job.state)], job.channel, data)


def end(
    session: Session,
    job: JobRow,
    state: JobState,
    *,
    code: str | None = None,
    message: str = "",
    stage: str = "",
) -> None:
    """The job goes to a state in which nothing happens to it by itself any more."""
    job.state = moved(JobState(job.state), state)
    job.ended_at = now()
    totals.add(session, totals.JOBS_ENDED, job.channel, state)
    job.error_code = code[:64] if code is not None else None
    job.error_message = message or None
    job.failed_stage = stage or None
    tell(session, job)


def _follow_upload(session: Session, key: str) -> None:
    query = select(FailureRow).where(
        FailureRow.subject == key, FailureRow.state == FailureState.DEAD
    )
    dead = session.scalars(query.order_by(FailureRow.id.desc())).first()
    if dead is not None:
        refused(session, key, dead.cause, dead.message)


def _follow_video(session: Session, video_id: str) -> None:
    session.flush()
    active = select(JobRow).where(JobRow.video_id == video_id, JobRow.state.in_(ACTIVE))
    jobs: Sequence[JobRow] = session.scalars(active.with_for_update()).all()
    if not jobs:
        return
    facts = _facts(session, video_id)
    for job in jobs:
        state = _state(job, facts)
        if state == job.state:
            continue
        if state in ACTIVE:
            move(session, job, state)
        elif state is JobState.FAILED and facts.dead is not None:
            dead = facts.dead
            said = {"code": dead.cause, "message": dead.message, "stage": dead.stage}
            end(session, job, state, **said)
        else:
            end(session, job, state)


def _facts(session: Session, video_id: str) -> _Facts:
    video = session.get(Video, video_id)
    failures = session.scalars(
        select(FailureRow)
        .where(FailureRow.subject == video_id, FailureRow.state != FailureState.RESOLVED)
        .order_by(FailureRow.id.desc())
    ).all()
    living = select(RequestRow).where(
        RequestRow.video_id == video_id, RequestRow.state != RequestState.DONE
    )
    requests = session.scalars(living).all()
    beats = select(Heartbeat.run_id).where(
        Heartbeat.video_id == video_id, Heartbeat.at >= alive_since()
    )
    waiting = select(GateRow).where(
        GateRow.video_id == video_id, GateRow.state == GateState.WAITING
    )
    return _Facts(
        retired=video is None or video.state == "retired",
        finished_at=video.finished_at if video is not None else None,
        at_work=session.scalar(beats.limit(1)) is not None,
        wanted=frozenset(options_key(r.run_options) for r in requests),
        submitted=frozenset(
            options_key(r.run_options) for r in requests if r.state == RequestState.SUBMITTED
        ),
        retried=any(f.state == FailureState.WAITING for f in failures),
        dead=next((f for f in failures if f.state == FailureState.DEAD), None),
        halted=tuple(session.scalars(waiting)),
    )


def _state(job: JobRow, facts: _Facts) -> JobState:
    """Where a job stands by what is so of its video; what is over comes before what runs.

    A run that was begun before the job was asked for does not meet it, so that a request is
    still open then.
    """
    if facts.retired:
        return JobState.CANCELLED
    own = options_key(job.run_options)
    if own not in facts.wanted and not facts.retried:
        if facts.dead is not None and _counts(facts.dead.created_at, job.since):
            return JobState.FAILED
        if is_halted(job, facts.halted):
            return JobState.WAITING_FOR_REVIEW
        if facts.finished_at is not None and _counts(facts.finished_at, job.since):
            return JobState.DONE
    # A run that another job's options are for is none of this one's.
    of_others = facts.submitted and own not in facts.submitted
    return JobState.RUNNING if facts.at_work and not of_others else JobState.QUEUED


def is_halted(job: JobRow, gates: Sequence[GateRow]) -> bool:
    """Whether something that the job asked for waits at one of these gates."""
    own = options_digest(job.run_options)
    return any(
        gate.options_key == own
        and bool(gate.stages)
        and (job.stages is None or bool(set(job.stages) & set(gate.stages)))
        for gate in gates
    )


def options_digest(run_options: Mapping[str, Any] | None) -> str:
    """A digest of run options: runs with the same wait together for somebody's approval."""
    return hashlib.sha256(options_key(run_options).encode()).hexdigest()


def options_key(run_options: Mapping[str, Any] | None) -> str:
    """What a run is to do differently, in a form that is the same where it is the same."""
    return json.dumps(run_options or {}, sort_keys=True)


def _counts(at: datetime, since: datetime | None) -> bool:
    return since is None or at >= since
