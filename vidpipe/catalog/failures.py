"""What went wrong: what waits for another try, and what is left for a person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.analytics import note
from vidpipe.catalog.database import Database
from vidpipe.catalog.event_tables import ProgressRow
from vidpipe.catalog.events import emit
from vidpipe.catalog.following import follow
from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import FailureRow, Video

#: The cause of what someone ended.
CANCELLED = "cancelled"


@dataclass(frozen=True)
class Failed:
    """One failure as it is reported.

    Attributes:
        subject: video id, or the key of an upload.
        cause: short and stable, to group by: `rejected:no_video`, `worker_lost`.
    """

    subject: str
    channel: str
    job: str
    stage: str
    cause: str
    message: str
    run_id: str


class Failures:
    """One living row for each subject: another failure of it replaces the older one."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def attempts(self, subject: str) -> int:
        """How often in a row it has failed."""
        with self._db.session() as session:
            return (
                session.scalar(
                    select(func.max(FailureRow.attempts)).where(
                        FailureRow.subject == subject, FailureRow.state == FailureState.WAITING
                    )
                )
                or 0
            )

    def reported(self, run_id: str) -> bool:
        """Whether this run's end was written down already."""
        with self._db.session() as session:
            query = select(FailureRow.id).where(FailureRow.run_id == run_id).limit(1)
            return session.scalar(query) is not None

    def add(self, failed: Failed, *, attempts: int, dead: bool) -> None:
        """Write it down in the place of what is known of its subject."""
        with self._db.writing() as session:
            resolve(session, failed.subject)
            row = FailureRow(
                subject=failed.subject,
                channel=failed.channel,
                job=failed.job,
                stage=failed.stage,
                cause=failed.cause[:64],
                message=failed.message[:4000],
                attempts=attempts,
                state=FailureState.DEAD if dead else FailureState.WAITING,
                run_id=failed.run_id,
            )
            session.add(row)
            count_failure(session, failed.channel, failed.cause[:64], dead=dead)
            session.flush()
            note(session, row.channel, row.created_at)
            follow(session, failed.subject)
            _record(session, row)
            if dead:
                _tell(session, failed, attempts)
            if dead and "/" not in failed.subject:
                error = {"code": failed.cause[:64], "stage": failed.stage or None}
                data = {"video_id": failed.subject, "error": error}
                emit(session, "video.failed", failed.channel, data)

    def living(
        self,
        state: FailureState | None = None,
        *,
        cause: str | None = None,
        channel: str | None = None,
        subject: str | None = None,
    ) -> list[FailureRow]:
        """What is not resolved, the newest first."""
        query = select(FailureRow).where(FailureRow.state != FailureState.RESOLVED)
        if state is not None:
            query = query.where(FailureRow.state == state)
        if cause is not None:
            query = query.where(FailureRow.cause == cause)
        if channel is not None:
            query = query.where(FailureRow.channel == channel)
        if subject is not None:
            query = query.where(FailureRow.subject == subject)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(FailureRow.id.desc())))

    def get(self, number: int) -> FailureRow | None:
        """One failure, resolved or not."""
        with self._db.session() as session:
            return session.get(FailureRow, number)

    def resolved(self, subject: str) -> None:
        """It works now, or is tried anew from the beginning."""
        with self._db.writing() as session:
            resolve(session, subject)
            follow(session, subject)


def _record(session: Session, row: FailureRow) -> None:
    of = "upload_key" if "/" in row.subject else "video_id"
    data = {
        "failure_id": row.id,
        of: row.subject,
        "error": {"code": row.cause, "stage": row.stage or None},
        "attempts": row.attempts,
        "given_up": row.state == FailureState.DEAD,
    }
    emit(session, "failure.recorded", row.channel, data)
    if of == "video_id":
        session.execute(delete(ProgressRow).where(ProgressRow.video_id == row.subject))


def _tell(session: Session, failed: Failed, attempts: int) -> None:
    """People are told of what is given up; what somebody ended is no news to them."""
    level = None
    if failed.cause == CANCELLED:
        level = NoticeLevel.INFO
    elif failed.cause.startswith("rejected:"):
        level = NoticeLevel.WARNING
    is_upload = "/" in failed.subject
    video = None if is_upload else session.get(Video, failed.subject)
    notice = Notice(
        "upload.failed" if is_upload else "video.failed",
        failed.message,
        cause=failed.cause,
        channel=failed.channel,
        subject=failed.subject,
        name=video.title if video is not None else "",
        data={"stage": failed.stage, "attempts": attempts, "run_id": failed.run_id},
        level=level,
    )
    tell(session, notice)


def count_failure(session: Session, channel: str, cause: str, *, dead: bool) -> None:
    """A failure, in the figures that only grow."""
    outcome = totals.Ending.DEAD if dead else totals.Ending.RETRIED
    if cause == CANCELLED:
        outcome = totals.Ending.CANCELLED
    elif cause.startswith("rejected:"):
        outcome = totals.Ending.REJECTED
    totals.add(session, totals.RUNS, channel, outcome)
    totals.add(session, totals.FAILURES, channel, cause)


def resolve(session: Session, subject: str) -> None:
    """No failure of this subject counts any more."""
    settled = session.execute(
        update(FailureRow)
        .where(FailureRow.subject == subject, FailureRow.state != FailureState.RESOLVED)
        .values(state=FailureState.RESOLVED)
        .returning(FailureRow.channel, FailureRow.created_at)
    )
    for channel, created_at in settled.all():
        note(session, channel, created_at)
