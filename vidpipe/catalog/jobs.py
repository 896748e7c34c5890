"""Jobs: what somebody asked to have made, and where that stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.analytics import note
from vidpipe.catalog.database import Database
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.downloads import ask_download, call_off
from vidpipe.catalog.failures import CANCELLED, count_failure, resolve
from vidpipe.catalog.following import (
    COMMAND_RUN,
    alive_since,
    end,
    follow,
    is_halted,
    of_video,
    options_key,
    tell,
)
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.requests import Cause, close_requests, close_same, request
from vidpipe.catalog.review_states import GateState
from vidpipe.catalog.reviews import waiting_gates
from vidpipe.catalog.states import ACTIVE, FailureState, JobState, RequestState, WrongState, moved
from vidpipe.catalog.tables import (
    FailureRow,
    Heartbeat,
    JobRow,
    RequestRow,
    StageRunRow,
    UploadRow,
    Video,
    now,
)
from vidpipe.observability.context import carried, fresh_traceparent

#: Uploads that intake has still to decide on, or will not.
_UNDECIDED = ("pending", "failed", "gone")


class JobRows:
    """Writes jobs down together with the requests for runs that they need."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        rows: Sequence[JobRow],
        links: Mapping[str, str] | None = None,
        *,
        cause: Cause = Cause.MANUAL,
        wait_s: float = 0.0,
    ) -> None:
        """Write jobs down, all or none, and ask for the runs of those that have a video.

        Args:
            rows: the jobs.
            links: what is to be fetched for some of them, by job id.
            cause: why the runs are wanted.
            wait_s: seconds from now before which none begins by itself.
        """
        with self._db.writing() as session:
            for row in rows:
                row.state, row.attempts = JobState.QUEUED, 1
                row.origin = _origin(row)
                session.add(row)
                tell(session, row)
                totals.add(session, totals.JOBS_CREATED, row.channel)
                if links is not None and row.job_id in links:
                    # The database has no job for it before.
                    session.flush()
                    url = links[row.job_id]
                    session.add(DownloadRow(job_id=row.job_id, channel=row.channel, url=url))
                    continue
                _ask(session, row, cause, wait_s)

    def get(self, job_id: str) -> JobRow | None:
        with self._db.session() as session:
            return session.get(JobRow, job_id)

    def origin_of_upload(self, key: str) -> dict[str, str] | None:
        """That of the job that waits longest for this upload to be taken in; None without one."""
        query = select(JobRow.origin).where(
            JobRow.upload_key == key, JobRow.video_id.is_(None), JobRow.state.in_(ACTIVE)
        )
        with self._db.session() as session:
            return session.scalar(query.order_by(JobRow.created_at).limit(1))

    def page(
        self,
        limit: int,
        *,
        channels: Collection[str],
        states: Collection[str] = (),
        video_id: str | None = None,
        project_id: str | None = None,
        batch_id: str | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> list[JobRow]:
        """The newest jobs of these channels first, at most `limit` of them."""
        query = select(JobRow).where(JobRow.channel.in_(channels))
        if states:
            query = query.where(JobRow.state.in_(states))
        same = {
            JobRow.video_id: video_id,
            JobRow.project_id: project_id,
            JobRow.batch_id: batch_id,
        }
        for column, value in same.items():
            if value is not None:
                query = query.where(column == value)
        query = newest_first(query, JobRow.created_at, JobRow.job_id, after).limit(limit)
        with self._db.session() as session:
            return list(session.scalars(query))

    def cancel(self, job_id: str) -> JobRow | None:
        """Take a job back: no run is started for it, and one that the service leads ends; None
        where there is none.

        Raises:
            WrongState: it is over, or a run is at work on it that nothing here can end.
        """
        with self._db.writing() as session:
            row = session.get(JobRow, job_id)
            if row is None:
                return None
            if row.video_id is not None:
                # In the order that every other transaction takes these rows in.
                session.scalars(_requests(row.video_id).with_for_update()).all()
            session.refresh(row, with_for_update=True)
            # What runs without a video is a download, which leaves off.
            working = row.state == JobState.RUNNING and row.video_id is not None
            if (working or _submitted(session, row)) and not _of_processes(session, row):
                raise WrongState(
                    "a run is at work on it: what it makes is kept; end the run where it runs"
                )
            end(session, row, JobState.CANCELLED)
            call_off(session, row.job_id)
            session.flush()
            if row.video_id is not None:
                _let_go(session, row)
            return row

    def retry(self, job_id: str) -> JobRow | None:
        """Have a job that failed or was cancelled done after all; None where there is none.

        Raises:
            WrongState: it is neither.
        """
        with self._db.writing() as session:
            row = session.get(JobRow, job_id, with_for_update=True)
            if row is None:
                return None
            row.state = moved(JobState(row.state), JobState.QUEUED)
            row.attempts += 1
            if row.ended_at is not None:
                begun = row.since or row.created_at
                period = [begun.isoformat(), row.ended_at.isoformat()]
                row.earlier = [*(row.earlier or ()), period]
            row.ended_at = row.error_code = row.error_message = row.failed_stage = None
            tell(session, row)
            session.flush()
            _ask(session, row)
            return row

    def stages(self, row: JobRow) -> list[StageRunRow]:
        """The runs of stages of its video that count for a job, the oldest first."""
        query = select(StageRunRow).where(StageRunRow.video_id == row.video_id)
        if row.since is not None:
            query = query.where(StageRunRow.created_at >= row.since)
        if row.ended_at is not None:
            query = query.where(StageRunRow.created_at <= row.ended_at)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(StageRunRow.id)))


def _origin(row: JobRow) -> dict[str, str]:
    """What asks for it here, and the trace that all of it will be in."""
    found = carried()
    found.setdefault("traceparent", fresh_traceparent())
    return {**found, "job_id": row.job_id}


def _ask(session: Session, row: JobRow, cause: Cause = Cause.MANUAL, wait_s: float = 0.0) -> None:
    """Ask for what the job needs: its link fetched, its upload taken in, a run of its video."""
    if row.video_id is None and row.source_url is not None and ask_download(session, row):
        return
    upload = session.get(UploadRow, row.upload_key) if row.upload_key is not None else None
    if row.video_id is None and upload is not None:
        if upload.video_id is not None and upload.state not in _UNDECIDED:
            of_video(session, row, upload.video_id)
        elif upload.state != "pending":
            # It was refused or given up before: it is looked at again.
            upload.state, upload.attempts, upload.not_before = "pending", 0, None
            upload.changed_at = now()
            resolve(session, upload.key)
    if row.video_id is None:
        return
    video = session.get(Video, row.video_id)
    if video is None or video.state != "accepted":
        raise WrongState(f"{row.video_id} is retired; drop its file again to revive it")
    row.since = now()
    session.flush()
    resolve(session, row.video_id)
    request(
        session,
        video,
        cause,
        stages=row.stages,
        run_options=row.run_options,
        wait_s=wait_s,
        origin=row.origin,
    )
    follow(session, row.video_id)


def _let_go(session: Session, job: JobRow) -> None:
    """What nobody wants any more is not asked for any more, and not begun again by itself.

    A video of which nothing was made yet is left as one whose run somebody ended: among the
    failures, where it can be retried.
    """
    assert job.video_id is not None
    others = select(JobRow).where(JobRow.video_id == job.video_id, JobRow.state.in_(ACTIVE))
    left = session.scalars(others).all()
    own = options_key(job.run_options)
    alone = all(options_key(other.run_options) != own for other in left)
    if alone:
        # Nobody's word lets it go on after all.
        for gate in session.scalars(waiting_gates(job.video_id).with_for_update()):
            if is_halted(job, [gate]):
                gate.state, gate.due_at, gate.decided_at = GateState.VOID, None, now()
    if left:
        if alone:
            close_same(session, job.video_id, job.run_options)
        return
    close_requests(session, job.video_id)
    video = session.get(Video, job.video_id)
    if video is None or video.finished_at is not None or video.state != "accepted":
        return
    resolve(session, job.video_id)
    count_failure(session, job.channel, CANCELLED, dead=True)
    row = FailureRow(
        subject=job.video_id,
        channel=job.channel,
        job="job",
        cause=CANCELLED,
        message=f"{job.job_id} was cancelled before all of it was made",
        attempts=job.attempts,
        state=FailureState.DEAD,
        run_id=f"{job.job_id}/{job.attempts}",
    )
    session.add(row)
    session.flush()
    note(session, row.channel, row.created_at)


def _submitted(session: Session, job: JobRow) -> bool:
    """Whether a run that has the job's options is at work on its video."""
    if job.video_id is None:
        return False
    own = options_key(job.run_options)
    rows = session.scalars(_requests(job.video_id)).all()
    beats = select(Heartbeat.run_id).where(Heartbeat.video_id == job.video_id)
    return any(
        row.state == RequestState.SUBMITTED and options_key(row.run_options) == own for row in rows
    ) and (session.scalar(beats.limit(1)) is not None)


def _of_processes(session: Session, job: JobRow) -> bool:
    """Whether the run at work on it is of a process that looks whether it is still wanted.

    It ends when its request does. What the orchestrator runs, or a command on its own, does not
    look.
    """
    if job.video_id is None:
        return False
    own = options_key(job.run_options)
    rows = session.scalars(_requests(job.video_id)).all()
    leads = [
        row.run_id
        for row in rows
        if row.state == RequestState.SUBMITTED
        and options_key(row.run_options) == own
        and str(row.run_id).startswith(COMMAND_RUN)
    ]
    beats = select(Heartbeat.run_id).where(
        Heartbeat.video_id == job.video_id, Heartbeat.at >= alive_since()
    )
    return bool(leads) and set(session.scalars(beats)) <= set(leads)


def _requests(video_id: str) -> Select[tuple[RequestRow]]:
    return select(RequestRow).where(
        RequestRow.video_id == video_id, RequestRow.state != RequestState.DONE
    )
