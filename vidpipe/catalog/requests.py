"""Requests for runs: what every part of vidpipe that wants a video processed writes down."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.database import Database
from vidpipe.catalog.following import COMMAND_RUN, alive_since, follow, options_key
from vidpipe.catalog.progress import forget
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import Heartbeat, RequestRow, Video, now
from vidpipe.catalog.unpaid import budget_changed
from vidpipe.observability import events
from vidpipe.observability.context import carried

#: Making stale videos anew comes after every fresh upload, whose priorities are -10 to 10.
BACKFILL = 100
#: Seconds by which the clocks of two machines may differ.
_CLOCKS_S = 2.0
#: Seconds after which a run begins again whose budget was changed while it ended.
_AGAIN_S = 1.0


class Cause(StrEnum):
    """Why a run is wanted."""

    UPLOAD = "upload"
    SIDECAR = "sidecar"
    RETRY = "retry"
    STALE = "stale"
    MANUAL = "manual"
    REVIEW = "review"
    #: Somebody changed clips and waits for them: a process beside Dagster may make them at once.
    EDIT = "edit"


#: Causes with a person before a screen: where no orchestrator is alive, the service answers them.
WATCHED = (Cause.EDIT, Cause.REVIEW)


class Requests:
    """The queue before Dagster's queue: durable, fair, and as long as it needs to be."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        video_ids: Iterable[str],
        cause: Cause,
        *,
        stages: Sequence[str] | None = None,
        wait_s: float = 0.0,
        after: str | None = None,
    ) -> int:
        """Ask for runs of these videos; what is asked for already is not asked for twice.

        Args:
            video_ids: of the videos.
            cause: why.
            stages: only these; None: all of them.
            wait_s: seconds from now before which none begins.
            after: the id of the run that another try follows, with the same options.
        """
        added = 0
        with self._db.writing() as session:
            for video_id in video_ids:
                row = session.get(Video, video_id)
                if row is not None and row.state == "accepted":
                    added += request(session, row, cause, stages=stages, wait_s=wait_s, after=after)
        return added

    def due(self, limit: int) -> list[RequestRow]:
        """Open requests whose time has come: at most `limit` of each channel, urgent ones first.

        Of requests for the same video with other options one comes after the other, so that each
        job gets what it asked for, and what was asked for last is what is there in the end.
        """
        place = func.row_number().over(
            partition_by=RequestRow.channel,
            order_by=(RequestRow.priority.desc(), RequestRow.id),
        )
        ranked = (
            select(RequestRow.id, place.label("place"))
            .where(
                RequestRow.state == RequestState.OPEN,
                or_(RequestRow.not_before.is_(None), RequestRow.not_before <= now()),
            )
            .subquery()
        )
        query = (
            select(RequestRow)
            .join(ranked, ranked.c.id == RequestRow.id)
            .where(ranked.c.place <= limit)
            .order_by(ranked.c.place, RequestRow.channel)
        )
        with self._db.session() as session:
            found = list(session.scalars(query))
            return _in_turn(found, _open_or_at_work(session, {row.video_id for row in found}))

    def wait(
        self,
        video_id: str,
        run_id: str,
        *,
        waits_for: str,
        why: str,
        until: datetime,
        stages: Sequence[str] | None = None,
        cause: Cause = Cause.RETRY,
    ) -> bool:
        """A run ended as a budget or a quota allows no more: what it was for is asked for again.

        Nothing failed and no try is counted; it begins by itself at that moment, or as soon as
        the budget is raised.

        Args:
            video_id: of the video.
            run_id: of the run that ended.
            waits_for: the budget or the quota, by its key.
            why: the same for people.
            until: when there is more.
            stages: that the run was for; None: all of them.
            cause: of the new request: who may answer it.

        Returns:
            False where nothing was done: a command's run whose request is not its own any more.
        """
        with self._db.writing() as session:
            had = (RequestRow.run_id == run_id, RequestRow.state == RequestState.SUBMITTED)
            # Runs of commands were never submitted: of those nobody knows when they began.
            begun = session.scalar(select(func.max(RequestRow.updated_at)).where(*had))
            if not _release(session, run_id) and run_id.startswith(COMMAND_RUN):
                return False
            video = session.get(Video, video_id)
            if video is None or video.state != "accepted":
                return True
            if begun is not None and budget_changed(session, begun):
                until = min(until, now() + timedelta(seconds=_AGAIN_S))
            wait_s = max(1.0, (until - now()).total_seconds())
            forget(session, video_id)
            request(session, video, cause, stages=stages, wait_s=wait_s, after=run_id)
            session.flush()
            last = _last(session, video_id, run_id)
            own = options_key(last.run_options if last is not None else None)
            for row in _open_or_at_work(session, {video_id}):
                same = row.state == RequestState.OPEN and options_key(row.run_options) == own
                if same and _within(stages, row.stages):
                    row.waits_for, row.why = waits_for[:255], why[:2000]
                    row.not_before = until
            session.flush()
            follow(session, video_id)
        return True

    def waiting(self, video_ids: Collection[str]) -> list[RequestRow]:
        """Requests of these videos that wait for money or quota, the oldest first."""
        query = select(RequestRow).where(
            RequestRow.video_id.in_(video_ids),
            RequestRow.state == RequestState.OPEN,
            RequestRow.waits_for.is_not(None),
        )
        with self._db.session() as session:
            return list(session.scalars(query.order_by(RequestRow.id)))

    def count_waiting(self) -> int:
        """How many wait for money or quota."""
        query = select(func.count()).select_from(RequestRow)
        query = query.where(
            RequestRow.state == RequestState.OPEN, RequestRow.waits_for.is_not(None)
        )
        with self._db.session() as session:
            return session.scalar(query) or 0

    def limit(self, gates: Mapping[int, str | None]) -> None:
        """Where the runs of these open requests will end, because somebody has to approve.

        Args:
            gates: by request id; None: nowhere.
        """
        with self._db.writing() as session:
            for number, gate in gates.items():
                session.execute(
                    update(RequestRow)
                    .where(RequestRow.id == number, RequestRow.state == RequestState.OPEN)
                    .values(gate=gate)
                )

    def count(self) -> tuple[int, int]:
        """How many are open and due, and how many wait for their time."""
        at = now()
        query = (
            select(func.count())
            .select_from(RequestRow)
            .where(RequestRow.state == RequestState.OPEN)
        )
        with self._db.session() as session:
            total = session.scalar(query) or 0
            waiting = session.scalar(query.where(RequestRow.not_before > at)) or 0
        return total - waiting, waiting

    def submitted(self, runs: Mapping[int, str]) -> None:
        """These requests have runs: run ids by request id."""
        fresh: list[tuple[int, str]] = []
        with self._db.writing() as session:
            for number, run_id in runs.items():
                if _submit(session, number, run_id):
                    fresh.append((number, run_id))
        for number, run_id in fresh:
            events.info("request_submit_done", request=number, run_id=run_id)

    def has_open(self, causes: Collection[Cause]) -> bool:
        """Whether a request of one of these causes is open, due or not."""
        query = select(RequestRow.id).where(
            RequestRow.state == RequestState.OPEN, RequestRow.cause.in_(causes)
        )
        with self._db.session() as session:
            return session.scalar(query.limit(1)) is not None

    def has_claimable(
        self, causes: Collection[Cause], *, ahead_s: float = 0.0, shared: bool = False
    ) -> bool:
        """Whether `claim` would take one."""
        return self.first_claimable(causes, ahead_s=ahead_s, shared=shared) is not None

    def first_claimable(
        self, causes: Collection[Cause], *, ahead_s: float = 0.0, shared: bool = False
    ) -> int | None:
        """The id of the request that `claim` would take; None: there is none."""
        with self._db.session() as session:
            return session.scalar(_claimable(causes, ahead_s, shared).limit(1))

    def claim(
        self, causes: Collection[Cause], run_id: str, *, ahead_s: float = 0.0, shared: bool = False
    ) -> RequestRow | None:
        """Take the oldest open request of these causes for a run; None without one.

        Not of a video on which another run is at work, and none that waits for money or quota.

        Args:
            causes: why it is wanted.
            run_id: of the run.
            ahead_s: so many seconds before its time it may be taken.
            shared: another takes requests whose time has come, and may have begun a run for one
                that still seems open: those are left to it, with their videos.
        """
        query = _claimable(causes, ahead_s, shared)
        with self._db.session() as session:
            found = list(session.scalars(query.limit(10)))
        for number in found:
            self.submitted({number: run_id})
            with self._db.session() as session:
                row = session.get(RequestRow, number)
            if row is not None and row.run_id == run_id:
                return row
        return None

    def take(self, number: int, run_id: str) -> RequestRow | None:
        """Take this open request for a run; None where another has it, or its video.

        A command that works on the video without a request has it as well. Of several that want
        it at once, in whichever process, one gets it.
        """
        with self._db.writing() as session:
            row = session.get(RequestRow, number)
            if row is None:
                return None
            # Whoever takes a request of the same video waits here.
            locked = select(Video).where(Video.video_id == row.video_id)
            session.scalars(locked.with_for_update(key_share=True)).all()
            busy = select(RequestRow.id).where(
                RequestRow.video_id == row.video_id, RequestRow.state == RequestState.SUBMITTED
            )
            beside = select(Heartbeat.run_id).where(
                Heartbeat.video_id == row.video_id,
                Heartbeat.run_id != run_id,
                Heartbeat.at >= alive_since(),
            )
            if any(session.scalar(query.limit(1)) is not None for query in (busy, beside)):
                return None
            if not _submit(session, number, run_id):
                return None
            session.refresh(row)
        events.info("request_submit_done", request=number, run_id=run_id)
        return row

    def is_left_to(self, number: int, run_id: str) -> bool:
        """Whether a run that was begun for this request has it, or may still get it.

        Not where it was given to another run, cancelled, or asked for anew.
        """
        with self._db.session() as session:
            row = session.get(RequestRow, number)
        if row is None or row.state == RequestState.OPEN:
            return True
        return row.state == RequestState.SUBMITTED and row.run_id == run_id

    def is_held(self, run_id: str) -> bool:
        """Whether a request is in flight for this run."""
        query = select(RequestRow.id).where(
            RequestRow.run_id == run_id, RequestRow.state == RequestState.SUBMITTED
        )
        with self._db.session() as session:
            return session.scalar(query.limit(1)) is not None

    def held(self, run_id: str) -> RequestRow | None:
        """The request that is in flight for this run."""
        query = select(RequestRow).where(
            RequestRow.run_id == run_id, RequestRow.state == RequestState.SUBMITTED
        )
        with self._db.session() as session:
            return session.scalars(query.limit(1)).first()

    def give_back(self, run_id: str) -> None:
        """A run was ended before its time: what it was for is asked for again, by whoever is
        there next, and counts as no failure."""
        row = self.held(run_id)
        if row is not None:
            self.reopen([row.id])

    def abandoned(self, silent_s: float) -> list[RequestRow]:
        """Requests of runs of an orchestrator that is gone, which nobody leads any more.

        Args:
            silent_s: seconds without a word after which a request counts as left.
        """
        living = select(Heartbeat.run_id).where(Heartbeat.at >= alive_since())
        query = select(RequestRow).where(
            RequestRow.state == RequestState.SUBMITTED,
            RequestRow.run_id.not_like(f"{COMMAND_RUN}%"),
            RequestRow.updated_at < now() - timedelta(seconds=silent_s),
            RequestRow.run_id.not_in(living),
        )
        with self._db.session() as session:
            return list(session.scalars(query))

    def release(self, run_id: str) -> bool:
        """A run ends what it was for; whether that was still its own.

        Not where somebody took it back meanwhile: cancelled it, or gave it to another run. Part of
        a unit that says what follows: jobs do not follow this alone.
        """
        with self._db.writing() as session:
            return _release(session, run_id)

    def done(self, run_id: str) -> None:
        """The run that had a request in flight has ended, one way or the other."""
        with self._db.writing() as session:
            had = (RequestRow.run_id == run_id, RequestRow.state == RequestState.SUBMITTED)
            videos = session.scalars(select(RequestRow.video_id).where(*had)).all()
            session.execute(update(RequestRow).where(*had).values(state=RequestState.DONE))
            for video_id in sorted(set(videos)):
                follow(session, video_id)

    def lost(self) -> list[RequestRow]:
        """Requests that a command took whose process is gone; the orchestrator sees its own."""
        living = select(Heartbeat.run_id).where(Heartbeat.at >= alive_since())
        query = select(RequestRow).where(
            RequestRow.state == RequestState.SUBMITTED,
            RequestRow.run_id.like(f"{COMMAND_RUN}%"),
            # One that was taken a moment ago has sent no heartbeat yet.
            RequestRow.updated_at < alive_since(),
            RequestRow.run_id.not_in(living),
        )
        with self._db.session() as session:
            return list(session.scalars(query))

    def in_flight(self) -> list[RequestRow]:
        """Requests that a run has, or had when it was last heard of."""
        with self._db.session() as session:
            return list(
                session.scalars(
                    select(RequestRow).where(RequestRow.state == RequestState.SUBMITTED)
                )
            )

    def videos(self) -> set[str]:
        """Videos with a request that is open or in flight."""
        with self._db.session() as session:
            return set(
                session.scalars(
                    select(RequestRow.video_id)
                    .where(RequestRow.state != RequestState.DONE)
                    .distinct()
                )
            )

    def reopen(self, numbers: Sequence[int]) -> None:
        """Their runs were lost without a word: they are requested anew, as new requests."""
        with self._db.writing() as session:
            for number in numbers:
                row = session.get(RequestRow, number)
                if row is None or row.state != RequestState.SUBMITTED:
                    continue
                row.state = RequestState.DONE
                video = session.get_one(Video, row.video_id)
                request(
                    session,
                    video,
                    Cause(row.cause),
                    stages=row.stages,
                    run_options=row.run_options,
                    origin=row.origin,
                    after=row.run_id,
                )

    def of_video(self, video_id: str) -> list[RequestRow]:
        """All requests for one video, the newest first."""
        with self._db.session() as session:
            return list(
                session.scalars(
                    select(RequestRow)
                    .where(RequestRow.video_id == video_id)
                    .order_by(RequestRow.id.desc())
                )
            )


def _release(session: Session, run_id: str) -> bool:
    """This run has no request any more; whether it had one."""
    had = (RequestRow.run_id == run_id, RequestRow.state == RequestState.SUBMITTED)
    query = update(RequestRow).where(*had).values(state=RequestState.DONE)
    return bool(session.scalars(query.returning(RequestRow.id)).all())


def _submit(session: Session, number: int, run_id: str) -> bool:
    """A run has this request from now on; False: it is not open any more."""
    changed = session.execute(
        update(RequestRow)
        .where(RequestRow.id == number, RequestRow.state == RequestState.OPEN)
        .values(state=RequestState.SUBMITTED, run_id=run_id)
        .returning(func.coalesce(RequestRow.not_before, RequestRow.created_at))
    ).all()
    for (due,) in changed:
        totals.add(session, totals.QUEUE_WAIT, value=(now() - due).total_seconds())
    return bool(changed)


def _claimable(causes: Collection[Cause], ahead_s: float, shared: bool) -> Select[tuple[int]]:
    at = now()
    busy = select(RequestRow.video_id).where(RequestRow.state == RequestState.SUBMITTED)
    own = (RequestRow.state == RequestState.OPEN, RequestRow.cause.in_(causes))
    due = or_(RequestRow.not_before.is_(None), RequestRow.not_before <= at)
    soon = RequestRow.not_before <= at + timedelta(seconds=ahead_s)
    query = select(RequestRow.id).where(*own, RequestRow.video_id.not_in(busy))
    query = query.where(or_(due, and_(soon, RequestRow.waits_for.is_(None))))
    if shared:
        early = at + timedelta(seconds=_CLOCKS_S)
        others = select(RequestRow.video_id).where(RequestRow.state == RequestState.OPEN, due)
        query = query.where(RequestRow.not_before > early, RequestRow.video_id.not_in(others))
    return query.order_by(RequestRow.priority.desc(), RequestRow.id)


def wake(session: Session) -> int:
    """Whatever waits for money or quota tries again at once; how many requests do."""
    woken = session.execute(
        update(RequestRow)
        .where(RequestRow.state == RequestState.OPEN, RequestRow.waits_for.is_not(None))
        .values(not_before=None, waits_for=None, why=None)
        .returning(RequestRow.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(woken)


def request(
    session: Session,
    video: Video,
    cause: Cause,
    *,
    stages: Sequence[str] | None = None,
    run_options: Mapping[str, Any] | None = None,
    wait_s: float = 0.0,
    origin: Mapping[str, str] | None = None,
    after: str | None = None,
) -> int:
    """Request for a run within a transaction; returns 1, or 0 where an open request covers it.

    One with other options is a request of its own: neither takes the other's place.

    Args:
        session: of the transaction.
        video: what is wanted.
        cause: why. Another try is one of what was asked for before, with the same options.
        stages: only these; None: all of them.
        run_options: what the run is to do differently from what channel and sidecar say. Those
            of an upload take the place of the request that every upload begins with.
        wait_s: seconds from now before which it does not begin.
        origin: what it came from, for logs and traces; None: what is at work here, and of
            another try that of the last.
        after: the id of the run that another try follows; None: of the last request.
    """
    again = cause == Cause.RETRY or after is not None
    last = _last(session, video.video_id, after) if again else None
    if last is not None and run_options is None:
        run_options = last.run_options
    if last is not None and origin is None:
        origin = last.origin
    origin = origin or carried() or None
    priority = video.priority - (BACKFILL if cause == Cause.STALE else 0)
    wanted, asked = options_key(run_options), stages
    open_now = session.scalars(
        select(RequestRow).where(
            RequestRow.video_id == video.video_id, RequestRow.state == RequestState.OPEN
        )
    ).all()
    replaced = []
    for row in open_now:
        first = cause == Cause.UPLOAD == row.cause and row.run_options is None
        if options_key(row.run_options) != wanted and not first:
            continue
        if not first and _beside(row, cause, asked, wait_s):
            continue
        covers = _within(stages, row.stages)
        covers = covers and options_key(row.run_options) == wanted
        sooner = row.not_before is None or wait_s > 0
        if covers and sooner and (cause != Cause.EDIT or after is not None):
            # Newer than a run that is at work already: that one does not meet it.
            row.updated_at = now()
            return 0
        # The new request asks for more, or sooner, or someone waits for it before a screen: it
        # takes the old one's place.
        if stages is not None and row.stages is not None:
            stages = sorted({*stages, *row.stages})
        elif row.stages is None:
            stages = None
        # What was urgent, or not in the background, stays so.
        if row.priority > priority:
            priority, cause = row.priority, Cause(row.cause)
        row.state = RequestState.DONE
        replaced.append(row)
    added = RequestRow(
        video_id=video.video_id,
        channel=video.channel,
        stages=list(stages) if stages is not None else None,
        run_options=dict(run_options) if run_options else None,
        cause=cause,
        priority=priority,
        not_before=now() + timedelta(seconds=wait_s) if wait_s > 0 else None,
        state=RequestState.OPEN,
        origin=dict(origin) if origin else None,
    )
    session.add(added)
    if replaced:
        session.flush()
        for row in replaced:
            row.replaced_by = added.id
    totals.add(session, totals.RUN_REQUESTS, video.channel, cause)
    return 1


def _within(stages: Sequence[str] | None, others: Sequence[str] | None) -> bool:
    """Whether all of these stages are among others; None: every stage."""
    return others is None or (stages is not None and set(stages) <= set(others))


def _beside(row: RequestRow, cause: Cause, stages: Sequence[str] | None, wait_s: float) -> bool:
    """Whether a new request leaves an open one alone, which it neither meets nor speeds up.

    What waits for money waits on where less is asked for: it would be asked for too early, and
    what is asked for now would wait as well. So it is with clips for which someone waits before a
    screen, and what they did not ask for.
    """
    if not _within(row.stages, stages):
        return row.waits_for is not None or (cause == Cause.EDIT and row.cause != Cause.EDIT)
    return row.cause == Cause.EDIT and cause != Cause.EDIT and wait_s > 0


def _last(session: Session, video_id: str, run_id: str | None) -> RequestRow | None:
    """The request that a run had, or the newest."""
    query = select(RequestRow).where(RequestRow.video_id == video_id)
    query = query.order_by(RequestRow.id.desc()).limit(1)
    had = session.scalars(query.where(RequestRow.run_id == run_id)).first() if run_id else None
    return had or session.scalars(query).first()


def _open_or_at_work(session: Session, video_ids: Collection[str]) -> Sequence[RequestRow]:
    query = select(RequestRow).where(
        RequestRow.video_id.in_(video_ids), RequestRow.state != RequestState.DONE
    )
    return session.scalars(query).all()


def _in_turn(due: Sequence[RequestRow], living: Sequence[RequestRow]) -> list[RequestRow]:
    """Those of due requests before which none of the same video with other options comes."""
    others: dict[str, list[RequestRow]] = {}
    for row in living:
        others.setdefault(row.video_id, []).append(row)
    at = now()

    def waits(row: RequestRow, other: RequestRow) -> bool:
        if options_key(other.run_options) == options_key(row.run_options):
            return False
        if other.state == RequestState.SUBMITTED:
            return True
        is_due = other.not_before is None or other.not_before <= at
        return is_due and (-other.priority, other.id) < (-row.priority, row.id)

    return [row for row in due if not any(waits(row, o) for o in others.get(row.video_id, []))]


def close_requests(session: Session, video_id: str) -> None:
    """No request for this video is open or in flight any more."""
    query = update(RequestRow).where(
        RequestRow.video_id == video_id, RequestRow.state != RequestState.DONE
    )
    session.execute(query.values(state=RequestState.DONE))


def close_same(
    session: Session,
    video_id: str,
    run_options: Mapping[str, Any] | None,
    before: datetime | None = None,
    made: Collection[str] | None = None,
) -> None:
    """No request for this video with these options is open or in flight any more, or none that
    was last requested before, or for no more than these stages."""
    wanted = list(made) if made is not None else None
    for row in _open_or_at_work(session, {video_id}):
        same = options_key(row.run_options) == options_key(run_options)
        met = before is None or row.updated_at <= before
        if same and met and _within(row.stages, wanted):
            row.state = RequestState.DONE
    session.flush()
