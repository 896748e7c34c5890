"""What is logged of rows that go from one state to the next: once, when that is committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import FailureRow, JobRow, RequestRow
from vidpipe.observability import context, events

_SAID = "vidpipe.transitions"
#: Where a session of a larger transaction keeps what is logged when that is committed.
_LATER = "vidpipe.transitions.later"


class LoggedSession(Session):
    """A session that logs what became of jobs, requests and failures, once it is committed."""


@event.listens_for(LoggedSession, "before_flush")
def _gather(session: Session, *_: Any) -> None:
    said = session.info.setdefault(_SAID, [])
    for row in session.new:
        if isinstance(row, RequestRow):
            said.append((row, _request_opened))
        elif isinstance(row, FailureRow):
            said.append((row, _failure_noted))
        elif isinstance(row, JobRow):
            said.append((row, _job_created))
    for row in session.dirty:
        if isinstance(row, JobRow) and inspect(row).attrs.state.history.has_changes():
            said.append((row, _job_moved(row)))


@event.listens_for(LoggedSession, "after_commit")
def _tell(session: Session) -> None:
    said = session.info.pop(_SAID, ())
    later = session.info.get(_LATER)
    if later is not None:
        later.extend(partial(say, row) for row, say in said)
        return
    for row, say in said:
        say(row)


@event.listens_for(LoggedSession, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_SAID, None)


def say_later(session: Session) -> list[Callable[[], None]]:
    """What a session would have logged, which is part of a larger transaction, until now.

    From the first call on it logs nothing itself.
    """
    said: list[Callable[[], None]] = session.info.get(_LATER, [])
    session.info[_LATER] = []
    return said


def _own(row: JobRow | RequestRow) -> Mapping[str, str | None]:
    """The ids that a row was asked for under; not those of whoever moves it now."""
    own = context.adopted(row.origin)
    parts = context.parsed(own.get("traceparent"))
    ids = {name: own[name] for name in context.CARRIED if name in own}
    return {**ids, "trace_id": parts[0]} if parts is not None else ids


def _job_created(row: JobRow) -> None:
    about = {"channel": row.channel, "video_id": row.video_id, "upload": row.upload_key}
    events.info("job_create_done", **{**_own(row), "job_id": row.job_id}, **_known(about))


def _job_moved(row: JobRow) -> Callable[[JobRow], None]:
    # As it is now: another flush of the same transaction may move it on.
    state, about = str(row.state), {"video_id": row.video_id, "cause": row.error_code}
    ids = {**_own(row), "job_id": row.job_id, "channel": row.channel}
    attempt = row.attempts

    def say(_: JobRow) -> None:
        events.info(f"job_state_{state}", **ids, **_known(about), attempt=attempt)

    return say


def _request_opened(row: RequestRow) -> None:
    stages = len(row.stages) if row.stages is not None else None
    about = {"cause": str(row.cause), "stages": stages, "not_before": row.not_before}
    ids = {**_own(row), "channel": row.channel, "video_id": row.video_id}
    events.info("request_open_done", **ids, request=row.id, **_known(about))


def _failure_noted(row: FailureRow) -> None:
    dead = row.state == FailureState.DEAD
    name = "failure_retry_exhausted" if dead else "failure_retry_scheduled"
    subject = {"upload" if "/" in row.subject else "video_id": row.subject}
    about = {"run_id": row.run_id, "channel": row.channel, **subject, "stage": row.stage or None}
    if not row.cause.startswith("rejected:"):
        # What is wrong with a file may be said in its own words.
        about["message"] = row.message
    events.warning(name, **_known(about), cause=row.cause, attempt=row.attempts)


def _known(fields: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
