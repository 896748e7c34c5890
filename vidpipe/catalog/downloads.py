"""Downloads of jobs: who fetches which, for how long, and what became of it.

Rows are locked jobs first, then downloads; a claim waits for nobody. Whoever lost a lease finds
that its writes change nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.following import end, move
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.states import ACTIVE, JobState
from vidpipe.catalog.tables import JobRow, now

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
#: Those that something is still to be done about.
OPEN = (WAITING, RUNNING)
#: PostgreSQL's advisory lock of claims, so that two at once count each other: a number of ours.
_CLAIM_LOCK = 7_614_208_554
#: Where a job failed that got no further than this.
STAGE = "download"


@dataclass(frozen=True)
class DownloadClaim:
    """A download that one worker has for the moment.

    Attributes:
        job_id: whose it is.
        channel: of the job.
        url: what is to be fetched.
        attempt: which one this is, from 1.
        worker: who has it.
    """

    job_id: str
    channel: str
    url: str
    attempt: int
    worker: str


class DownloadRows:
    """Hands downloads out, one to each worker, and writes down what became of them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, job_id: str) -> DownloadRow | None:
        with self._db.session() as session:
            return session.get(DownloadRow, job_id)

    def due(self) -> bool:
        """Whether any may be claimed now; asked often, so that it locks nothing."""
        query = select(DownloadRow.job_id).where(_due(now())).limit(1)
        with self._db.session() as session:
            return session.scalar(query) is not None

    def claim(
        self,
        worker: str,
        *,
        lease_s: float,
        per_channel: int,
        most_attempts: int,
        only: str | None = None,
    ) -> DownloadClaim | None:
        """The oldest download that is due, for this worker alone; None where none is.

        Attempts are counted here, before the work: so one that kills its worker counts, too.

        Args:
            worker: a name that nobody else has.
            lease_s: for so long; then another may have it.
            per_channel: as many of a channel are fetched at once.
            most_attempts: after which it is given up.
            only: that of this job.
        """
        with self._db.writing() as session:
            if not self._db.embedded:
                session.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
            while True:
                found = _next(session, per_channel, only)
                if found is None:
                    return None
                download, job = found
                if not _still_wanted(download, job):
                    session.flush()
                    continue
                download.attempts += 1
                if download.attempts > most_attempts:
                    _fail(
                        session,
                        download,
                        job,
                        "worker_lost",
                        "every worker that fetched it was lost with it",
                    )
                    continue
                download.state, download.worker, download.not_before = RUNNING, worker, None
                download.lease_until = now() + timedelta(seconds=lease_s)
                if job.state == JobState.QUEUED:
                    move(session, job, JobState.RUNNING)
                return DownloadClaim(
                    download.job_id, download.channel, download.url, download.attempts, worker
                )

    def renew(
        self, claim: DownloadClaim, *, lease_s: float, received: int, total: int | None
    ) -> bool:
        """Hold it for longer, and say how far it is; False where it is not ours any more."""
        values = {
            "lease_until": now() + timedelta(seconds=lease_s),
            "received_bytes": received,
            "total_bytes": total,
        }
        query = update(DownloadRow).where(*_held(claim)).values(**values)
        with self._db.writing() as session:
            return session.execute(query.returning(DownloadRow.job_id)).first() is not None

    def storing(self, claim: DownloadClaim, key: str) -> bool:
        """Before it is stored under this key: the job waits for it; False as with `renew`."""
        with self._db.writing() as session:
            found = _own(session, claim)
            if found is None:
                return False
            found[1].upload_key = key
            return True

    def finish(self, claim: DownloadClaim, shown: str, size_bytes: int) -> bool:
        """It is stored: what follows is its upload's; False as with `renew`.

        Args:
            claim: on it.
            shown: its URL, with nothing secret in it, which is kept from now on.
            size_bytes: of the file.
        """
        with self._db.writing() as session:
            found = _own(session, claim)
            if found is None:
                return False
            download, job = found
            download.state, download.url = DONE, shown
            download.received_bytes = download.total_bytes = size_bytes
            _release(download)
            download.code = download.message = None
            if job.video_id is None and job.state == JobState.RUNNING:
                move(session, job, JobState.QUEUED)
            return True

    def again(self, claim: DownloadClaim, code: str, message: str, wait_s: float) -> None:
        """It failed for the moment, and is tried again after so many seconds."""
        with self._db.writing() as session:
            found = _own(session, claim)
            if found is None:
                return
            download, job = found
            download.state, download.code, download.message = WAITING, code[:64], message
            download.not_before = now() + timedelta(seconds=wait_s)
            _release(download)
            if job.video_id is None and job.state == JobState.RUNNING:
                move(session, job, JobState.QUEUED)

    def let_go(self, claim: DownloadClaim) -> None:
        """The worker ends: another may have it at once, and this attempt does not count."""
        with self._db.writing() as session:
            found = _own(session, claim)
            if found is None:
                return
            download, job = found
            download.state, download.attempts = WAITING, max(0, download.attempts - 1)
            _release(download)
            if job.video_id is None and job.state == JobState.RUNNING:
                move(session, job, JobState.QUEUED)

    def give_up(self, claim: DownloadClaim, code: str, message: str) -> None:
        """It failed for good, and its job with it."""
        with self._db.writing() as session:
            found = _own(session, claim)
            if found is not None:
                _fail(session, *found, code, message)

    def wanted(self, job_ids: Collection[str]) -> set[str]:
        """Which of these are still to be fetched, or being fetched."""
        query = select(DownloadRow.job_id).where(
            DownloadRow.job_id.in_(job_ids), DownloadRow.state.in_(OPEN)
        )
        with self._db.session() as session:
            return set(session.scalars(query))


def ask_download(session: Session, job: JobRow) -> bool:
    """Have what a job is of fetched again, where it is not stored; whether that is so."""
    download = session.get(DownloadRow, job.job_id, with_for_update=True)
    if download is None or download.state == DONE:
        return False
    download.state, download.attempts, download.not_before = WAITING, 0, None
    download.code = download.message = None
    _release(download)
    return True


def call_off(session: Session, job_id: str) -> None:
    """Nobody wants it any more: whoever fetches it finds that it is not theirs."""
    session.execute(
        update(DownloadRow)
        .where(DownloadRow.job_id == job_id, DownloadRow.state.in_(OPEN))
        .values(state=CANCELLED, worker=None, lease_until=None)
    )


def _due(at: datetime) -> ColumnElement[bool]:
    waits = or_(DownloadRow.not_before.is_(None), DownloadRow.not_before <= at)
    return or_(
        and_(DownloadRow.state == WAITING, waits),
        and_(DownloadRow.state == RUNNING, DownloadRow.lease_until < at),
    )


def _next(
    session: Session, per_channel: int, only: str | None
) -> tuple[DownloadRow, JobRow] | None:
    at = now()
    alive = and_(DownloadRow.state == RUNNING, DownloadRow.lease_until >= at)
    busy = (
        select(DownloadRow.channel)
        .where(alive)
        .group_by(DownloadRow.channel)
        .having(func.count() >= per_channel)
    )
    full = list(session.scalars(busy))
    query = (
        select(DownloadRow, JobRow)
        .join(JobRow, JobRow.job_id == DownloadRow.job_id)
        .where(_due(at), DownloadRow.channel.notin_(full))
        .order_by(DownloadRow.created_at, DownloadRow.job_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if only is not None:
        query = query.where(DownloadRow.job_id == only)
    found = session.execute(query).first()
    return (found[0], found[1]) if found is not None else None


def _still_wanted(download: DownloadRow, job: JobRow) -> bool:
    """Whether it is to be fetched: else it is closed as what it is."""
    if job.video_id is not None:
        # Stored and taken in; only the word of it was lost with its worker.
        download.state = DONE
    elif job.state not in ACTIVE:
        download.state = CANCELLED
    else:
        return True
    _release(download)
    return False


def _held(claim: DownloadClaim) -> tuple[ColumnElement[bool], ...]:
    return (
        DownloadRow.job_id == claim.job_id,
        DownloadRow.worker == claim.worker,
        DownloadRow.state == RUNNING,
    )


def _own(session: Session, claim: DownloadClaim) -> tuple[DownloadRow, JobRow] | None:
    """The rows of a claim, locked; None where it is not ours any more."""
    job = session.get(JobRow, claim.job_id, with_for_update=True)
    download = session.get(DownloadRow, claim.job_id, with_for_update=True)
    if job is None or download is None:
        return None
    if download.state != RUNNING or download.worker != claim.worker:
        return None
    return download, job


def _release(download: DownloadRow) -> None:
    download.worker = download.lease_until = None


def _fail(session: Session, download: DownloadRow, job: JobRow, code: str, message: str) -> None:
    download.state, download.code, download.message = FAILED, code[:64], message
    _release(download)
    if job.state in ACTIVE:
        end(session, job, JobState.FAILED, code=code, message=message, stage=STAGE)
        said = Notice(
            "job.failed",
            message,
            cause=code,
            channel=job.channel,
            subject=job.job_id,
            name=job.source_url or "",
            data={"job_id": job.job_id, "stage": STAGE, "attempts": download.attempts},
        )
        tell(session, said)
    session.flush()
