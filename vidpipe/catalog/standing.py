"""Where everything stands at this moment, counted: what waits, what runs, what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.following import COMMAND_RUN, alive_since
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.reviews import count_waiting
from vidpipe.catalog.states import ACTIVE, FailureState, RequestState
from vidpipe.catalog.tables import FailureRow, Heartbeat, JobRow, RequestRow, UploadRow, Video, now
from vidpipe.catalog.webhook_tables import DeliveryRow

#: States of posts that something, or somebody, has still to do with.
OPEN_POSTS = tuple(
    str(state)
    for state in PostState
    if state not in (PostState.POSTED, PostState.CANCELLED, PostState.DELETED)
)


@dataclass(frozen=True)
class Waiting:
    """How many there are of something, and since when the first of them waits."""

    count: int
    since: datetime | None


@dataclass(frozen=True)
class Stands:
    """Counts of what is not over, each with its labels as the key.

    Attributes:
        at: when this was.
        requests: by (channel, state): `due`, `delayed` (its time has not come) or `submitted`.
        jobs: by (channel, state), those that are active.
        failures: by (channel, cause, state), those that are not resolved.
        pending: uploads that intake has still to decide on, by channel.
        quarantined: uploads by (channel, reason).
        unfinished: videos that no run has finished, by channel.
        reviews: videos that wait for somebody's approval, by (channel, gate).
        downloads: recordings behind links that are not fetched yet, by (channel, state).
        webhooks: what endpoints are still to be told: `events` whose deliveries are not written
            down, and `deliveries`; each due since then, or not before then.
        posts: posts that are not over, by (channel, platform, state); the first due since then.
        running: processes that were alive a moment ago, each leading a run.
        quiet_since: the oldest heartbeat of a run that has not ended, of those that the
            orchestrator began: nobody waits for a command that was killed.
    """

    at: datetime
    requests: dict[tuple[str, ...], Waiting]
    jobs: dict[tuple[str, ...], int]
    failures: dict[tuple[str, ...], int]
    pending: dict[tuple[str, ...], Waiting]
    quarantined: dict[tuple[str, ...], int]
    unfinished: dict[tuple[str, ...], int]
    reviews: dict[tuple[str, ...], Waiting]
    downloads: dict[tuple[str, ...], int]
    webhooks: dict[tuple[str, ...], Waiting]
    posts: dict[tuple[str, ...], Waiting]
    running: int
    quiet_since: datetime | None


class Standing:
    """Asks the catalog where everything stands: a few queries over what is not over."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def read(self, *, timeout_s: float = 5.0) -> Stands:
        """Count, in one transaction.

        What is finished is not looked at: each query has an index of only those rows that it
        counts.

        Args:
            timeout_s: PostgreSQL gives a query up after this time; SQLite has no such limit.

        Raises:
            Unavailable: the catalog cannot be reached, or a query was given up.
        """
        at = now()
        with self._db.session() as session:
            if not self._db.embedded:
                session.execute(text(f"SET LOCAL statement_timeout = {int(1000 * timeout_s)}"))
            alive, quiet = session.execute(_BEATS, {"since": alive_since()}).one()
            return Stands(
                at=at,
                requests=_waiting(session, _REQUESTS, at=at),
                jobs=_counted(session, _JOBS),
                failures=_counted(session, _FAILURES),
                pending=_waiting(session, _PENDING),
                quarantined=_counted(session, _QUARANTINED),
                unfinished=_counted(session, _UNFINISHED),
                reviews=_waiting(session, count_waiting()),
                downloads=_counted(session, _DOWNLOADS),
                webhooks=_waiting(session, _WEBHOOKS),
                posts=_waiting(session, _POSTS, at=at),
                running=alive or 0,
                quiet_since=quiet,
            )


def _counted(session: Session, query: Select[Any]) -> dict[tuple[str, ...], int]:
    """Rows of labels and a count."""
    return {tuple(str(x or "") for x in row[:-1]): row[-1] for row in session.execute(query)}


def _waiting(
    session: Session, query: Select[Any] | CompoundSelect[Any], **given: Any
) -> dict[tuple[str, ...], Waiting]:
    """Rows of labels, a count and a moment."""
    rows = session.execute(query, given)
    return {tuple(str(x or "") for x in row[:-2]): Waiting(row[-2], row[-1]) for row in rows}


def _requests() -> Select[Any]:
    at = bindparam("at", type_=RequestRow.not_before.type)
    state = case(
        (RequestRow.state == RequestState.SUBMITTED, "submitted"),
        (RequestRow.not_before > at, "delayed"),
        else_="due",
    ).label("shown")
    due = func.min(func.coalesce(RequestRow.not_before, RequestRow.created_at))
    return (
        select(RequestRow.channel, state, func.count(), due)
        .where(RequestRow.state != text("'done'"))
        .group_by(RequestRow.channel, state)
    )


_REQUESTS = _requests()
_JOBS = (
    select(JobRow.channel, JobRow.state, func.count())
    .where(JobRow.state.in_(ACTIVE))
    .group_by(JobRow.channel, JobRow.state)
)
_FAILURES = (
    select(FailureRow.channel, FailureRow.cause, FailureRow.state, func.count())
    .where(FailureRow.state != text(f"'{FailureState.RESOLVED}'"))
    .group_by(FailureRow.channel, FailureRow.cause, FailureRow.state)
)
_PENDING = (
    select(UploadRow.channel, func.count(), func.min(UploadRow.changed_at))
    .where(UploadRow.state == text("'pending'"))
    .group_by(UploadRow.channel)
)
_QUARANTINED = (
    select(UploadRow.channel, UploadRow.reason, func.count())
    .where(UploadRow.state == text("'quarantined'"))
    .group_by(UploadRow.channel, UploadRow.reason)
)
_UNFINISHED = (
    select(Video.channel, func.count())
    .where(Video.finished_at.is_(None), Video.state == text("'accepted'"))
    .group_by(Video.channel)
)
_DOWNLOADS = (
    select(DownloadRow.channel, DownloadRow.state, func.count())
    .where(DownloadRow.state.in_(("waiting", "running")))
    .group_by(DownloadRow.channel, DownloadRow.state)
)
_WEBHOOKS = union_all(
    *(
        select(literal(kind), func.count(), func.min(table.due_at)).where(table.due_at.is_not(None))
        for kind, table in (("events", EventRow), ("deliveries", DeliveryRow))
    )
)


def _posts() -> Select[Any]:
    # One that a worker has is due when its lease ends: nobody is late with it.
    late = (PostRow.due_at <= bindparam("at", type_=PostRow.due_at.type), PostRow.lease.is_(None))
    return (
        select(
            PostRow.channel,
            PostRow.platform,
            PostRow.state,
            func.count(),
            func.min(case((and_(*late), PostRow.due_at))),
        )
        .where(PostRow.state.in_(OPEN_POSTS))
        .group_by(PostRow.channel, PostRow.platform, PostRow.state)
    )


_POSTS = _posts()


def _beats() -> Select[Any]:
    since = bindparam("since", type_=Heartbeat.at.type)
    begun = Heartbeat.run_id.not_like(f"{COMMAND_RUN}%")
    return select(
        func.sum(case((Heartbeat.at >= since, 1), else_=0)),
        func.min(case((begun, Heartbeat.at))),
    )


_BEATS = _beats()
