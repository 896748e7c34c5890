"""What work for one job cost that counts for another as well: booked once, for the one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from vidpipe.catalog.cost_tables import CostEntryRow
from vidpipe.catalog.database import Database
from vidpipe.catalog.following import options_key
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import JobRow, RequestRow


@dataclass(frozen=True)
class SharedSpend:
    """What a job shares with one other.

    Attributes:
        of: the job that it is booked for; None: a run that no job asked for.
        outside: nanos of services.
        local: nanos of local work.
    """

    of: str | None
    outside: int
    local: int


@dataclass(frozen=True)
class _Attempt:
    """A job from when it asked, or was retried, until it was over; None: it is not."""

    job: JobRow
    begun: datetime
    ended: datetime | None


class SharedRows:
    """Who shares whose work, by what is kept of jobs, requests and the ledger.

    A job that asks for what is asked for already joins that request, and one that asks for more
    takes its place: either way one run works for both, and the ledger has it under the job that
    the request came from. So a job shares what was booked of its video for others, from when it
    asked until it was over, in each of its attempts, by runs with the same options, of the stages
    that it asked for. Clips that somebody changed meanwhile are made for themselves, unless the
    job joined that request, or the request took the place of what the job waited for.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_jobs(self, job_ids: Collection[str]) -> dict[str, list[SharedSpend]]:
        """What these jobs share, by job id, the dearest first; without those that share nothing."""
        if not job_ids:
            return {}
        outside: Counter[tuple[str, str | None]] = Counter()
        own: Counter[tuple[str, str | None]] = Counter()
        with self._db.session() as session:
            jobs = session.scalars(select(JobRow).where(JobRow.job_id.in_(job_ids))).all()
            attempts = [attempt for job in jobs for attempt in _attempts(job)]
            booked = _booked(session, attempts)
            attempts = [one for one in attempts if (one.job.job_id, one.begun) in booked]
            videos = {attempt.job.video_id for attempt in attempts}
            query = select(RequestRow).where(RequestRow.video_id.in_(videos))
            requests = session.scalars(query.order_by(RequestRow.id)).all() if videos else []
        asked: dict[tuple[str, str], list[RequestRow]] = {}
        for row in requests:
            asked.setdefault((row.video_id, options_key(row.run_options)), []).append(row)
        for attempt in attempts:
            job = attempt.job
            same = asked.get((str(job.video_id), options_key(job.run_options)), [])
            runs = _worked_for(attempt, same)
            for of, run_id, stage, paid, worked in booked[job.job_id, attempt.begun]:
                if run_id in runs and (job.stages is None or stage in job.stages):
                    outside[job.job_id, of] += paid
                    own[job.job_id, of] += worked
        shared: dict[str, list[SharedSpend]] = {}
        for key in outside:
            if outside[key] or own[key]:
                shared.setdefault(key[0], []).append(SharedSpend(key[1], outside[key], own[key]))
        for spent in shared.values():
            spent.sort(key=lambda one: one.outside + one.local, reverse=True)
        return shared


#: Whose work an entry is booked as, of which run and stage, and nanos of services and of own work.
_Booked = tuple[str | None, str, str, int, int]


def _attempts(job: JobRow) -> Iterator[_Attempt]:
    for begun, ended in job.earlier or ():
        yield _Attempt(job, datetime.fromisoformat(begun), datetime.fromisoformat(ended))
    yield _Attempt(job, job.since or job.created_at, job.ended_at)


def _booked(
    session: Session, attempts: Sequence[_Attempt]
) -> dict[tuple[str, datetime], list[_Booked]]:
    """What was booked for others of the videos of jobs, by job and when its attempt began."""
    found: dict[tuple[str, datetime], list[_Booked]] = {}
    latest = {attempt.job.job_id: attempt for attempt in attempts}
    after = func.coalesce(JobRow.since, JobRow.created_at)
    until = or_(JobRow.ended_at.is_(None), CostEntryRow.at <= JobRow.ended_at)
    queries = [_beside(JobRow.job_id.in_(latest), CostEntryRow.at >= after, until)]
    begins: list[datetime | None] = [None]
    for attempt in attempts:
        if attempt is not latest[attempt.job.job_id]:
            # Few jobs are retried.
            period = CostEntryRow.at.between(attempt.begun, attempt.ended)
            queries.append(_beside(JobRow.job_id == attempt.job.job_id, period))
            begins.append(attempt.begun)
    for begun, query in zip(begins, queries, strict=True):
        for job_id, of, run_id, stage, paid, worked in session.execute(query).tuples():
            spent = (of, str(run_id), stage, int(paid or 0), int(worked or 0))
            found.setdefault((job_id, begun or latest[job_id].begun), []).append(spent)
    return found


def _beside(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Sums of what was booked of the videos of jobs, for other jobs or none, by run and stage."""
    local = CostEntryRow.kind == "local"
    whose = (JobRow.job_id, CostEntryRow.job_id, CostEntryRow.run_id, CostEntryRow.stage)
    return (
        select(
            *whose,
            func.sum(case((local, 0), else_=CostEntryRow.amount)),
            func.sum(case((local, CostEntryRow.amount), else_=0)),
        )
        .join(CostEntryRow, CostEntryRow.video_id == JobRow.video_id)
        .where(or_(CostEntryRow.job_id.is_(None), CostEntryRow.job_id != JobRow.job_id))
        .where(CostEntryRow.run_id.is_not(None), *conditions)
        .group_by(*whose)
    )


def _worked_for(attempt: _Attempt, requests: Sequence[RequestRow]) -> set[str]:
    """The runs that worked for a job in one attempt.

    Args:
        attempt: of the job.
        requests: of its video, with the same options, in the order that they came in.
    """
    edits = {_job_of(row) for row in requests if row.cause == Cause.EDIT} - {None}
    joined: set[str | None] = {attempt.job.job_id}
    replacing: set[int] = set()
    runs: set[str] = set()
    for row in requests:
        of = _job_of(row)
        lived = row.state != RequestState.DONE or row.updated_at >= attempt.begun
        if row.cause == Cause.EDIT or of in edits:
            # What somebody changes while a job waits for its review is no work of that job.
            there = row.created_at <= attempt.begun and lived
            if not (there or row.id in replacing or of in joined):
                continue
            joined |= {of} - {None}
        if row.run_id is not None:
            runs.add(row.run_id)
        if lived and row.replaced_by is not None:
            replacing.add(row.replaced_by)
    return runs


def _job_of(row: RequestRow) -> str | None:
    return (row.origin or {}).get("job_id")
