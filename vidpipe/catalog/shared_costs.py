"""What work for one job cost that counts for another as well: booked once, for the one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select

from vidpipe.catalog.cost_tables import CostEntryRow
from vidpipe.catalog.database import Database
from vidpipe.catalog.following import options_key
from vidpipe.catalog.requests import Cause
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


class SharedRows:
    """Who shares whose work, by what is kept of jobs, requests and the ledger.

    A job that asks for what is asked for already joins that request, and one that asks for more
    takes its place: either way one run works for both, and the ledger has it under the job that
    the request came from. So a job shares what was booked of its video for others, from when it
    asked until it was over, by runs with the same options, of the stages that it asked for. Clips
    that somebody changed meanwhile are made for themselves.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_jobs(self, job_ids: Collection[str]) -> dict[str, list[SharedSpend]]:
        """What these jobs share, by job id, the dearest first; without those that share nothing."""
        local = CostEntryRow.kind == "local"
        others = or_(CostEntryRow.job_id.is_(None), CostEntryRow.job_id != JobRow.job_id)
        query = (
            select(
                JobRow.job_id,
                CostEntryRow.job_id,
                CostEntryRow.run_id,
                CostEntryRow.stage,
                func.sum(case((local, 0), else_=CostEntryRow.amount)),
                func.sum(case((local, CostEntryRow.amount), else_=0)),
            )
            .join(CostEntryRow, CostEntryRow.video_id == JobRow.video_id)
            .where(JobRow.job_id.in_(job_ids), others, CostEntryRow.run_id.is_not(None))
            .where(CostEntryRow.at >= func.coalesce(JobRow.since, JobRow.created_at))
            .where(or_(JobRow.ended_at.is_(None), CostEntryRow.at <= JobRow.ended_at))
            .group_by(JobRow.job_id, CostEntryRow.job_id, CostEntryRow.run_id, CostEntryRow.stage)
        )
        outside: Counter[tuple[str, str | None]] = Counter()
        own: Counter[tuple[str, str | None]] = Counter()
        with self._db.session() as session:
            found = session.execute(query).tuples().all() if job_ids else []
            if not found:
                return {}
            ids = {job_id for job_id, *_ in found}
            jobs = {
                row.job_id: row
                for row in session.scalars(select(JobRow).where(JobRow.job_id.in_(ids)))
            }
            runs = select(RequestRow.run_id, RequestRow.run_options).where(
                RequestRow.video_id.in_({row.video_id for row in jobs.values()}),
                RequestRow.run_id.in_({run_id for _, _, run_id, *_ in found}),
                # What somebody changes while a job waits for its review is no work of that job.
                RequestRow.cause != Cause.EDIT.value,
            )
            answered = {(run_id, options_key(had)) for run_id, had in session.execute(runs)}
        for job_id, of, run_id, stage, paid, worked in found:
            job = jobs[job_id]
            wanted = job.stages is None or stage in job.stages
            if wanted and (run_id, options_key(job.run_options)) in answered:
                outside[job_id, of] += int(paid or 0)
                own[job_id, of] += int(worked or 0)
        shared: dict[str, list[SharedSpend]] = {}
        for key in outside:
            if outside[key] or own[key]:
                shared.setdefault(key[0], []).append(SharedSpend(key[1], outside[key], own[key]))
        for spent in shared.values():
            spent.sort(key=lambda one: one.outside + one.local, reverse=True)
        return shared
