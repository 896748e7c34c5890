"""What people are told: written down in the transaction in which it happens, told once a target.

`tell` writes a notice. A worker gives each to the targets that want it, where it is gathered with
others of its cause; what is due of a target is claimed and sent (`vidpipe.notifications`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.notice_kinds import CONDITIONS, DEAD_LETTERS, NOTICE_KINDS, SHARED, NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow, NoticeRow
from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import FailureRow, now

#: Examples that a message names.
EXAMPLES = 3
#: Characters of a message that an example keeps.
_KEPT = 600
#: Seconds after which a process that says nothing is taken to have died while it gave a notice
#: to targets, and while it sent.
_ROUTING_S, _SENDING_S = 60.0, 300.0
#: Groups that one message holds at most.
MOST_GROUPS = 200
#: Rows that one transaction removes.
_PORTION = 500


#: What people are told of because an event of this type is emitted, and whether that is the end of
#: it; the others are told with more than an event says.
_OF_EVENTS = {
    "budget.soft_limit": ("budget.warned", False),
    "budget.hard_limit": ("budget.exceeded", False),
    "quota.exhausted": ("quota.exhausted", False),
    "service.unavailable": ("service.away", False),
    "service.recovered": ("service.away", True),
}


@dataclass(frozen=True)
class Notice:
    """One thing that people are to be told.

    Attributes:
        kind: one of `NOTICE_KINDS`.
        message: why, in a sentence; nothing secret.
        cause: short and stable, to group by; empty where the kind says it.
        channel: whose it is; None: nobody's alone, such as a full disk.
        subject: what it happened to: a video id, the key of an upload, an id, a machine.
        name: of the subject as people know it.
        data: ids and figures beside it: `job_id`, `stage`, `attempts`, `run_id`.
        level: in place of the kind's.
        over: what was told of this subject is over.
    """

    kind: str
    message: str
    cause: str = ""
    channel: str | None = None
    subject: str = ""
    name: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    level: NoticeLevel | None = None
    over: bool = False


def tell(session: Session, notice: Notice) -> None:
    """Write a notice down, in the transaction of what it tells of.

    Args:
        session: of that transaction.
        notice: what happened.
    """
    assert notice.kind in NOTICE_KINDS, notice.kind
    at = now()
    session.add(
        NoticeRow(
            kind=notice.kind,
            level=notice.level or NOTICE_KINDS[notice.kind],
            cause=notice.cause[:64],
            channel=notice.channel,
            subject=notice.subject[:1024],
            name=notice.name[:512],
            message=notice.message[:4000],
            data=dict(notice.data),
            over=notice.over,
            at=at,
            due_at=at,
            claims=0,
        )
    )


def tell_of_event(
    session: Session, kind: str, channel: str | None, data: Mapping[str, Any]
) -> None:
    """Have people told of an event that is emitted, where it is of a kind that they are told of.

    Args:
        session: of the transaction that the event is written in.
        kind: the type of the event.
        channel: whose it is.
        data: of the event: what it is of (`budget`, `quota`, `service`), and what is said of it.
    """
    known = _OF_EVENTS.get(kind)
    if known is None:
        return
    of = next((str(data[name]) for name in ("budget", "quota", "service") if data.get(name)), "")
    notice = Notice(
        known[0],
        _said(data),
        channel=channel,
        subject=of,
        over=known[1],
        data={name: value for name, value in data.items() if name.endswith("_id") and value},
    )
    tell(session, notice)


def _said(data: Mapping[str, Any]) -> str:
    """Why, in a sentence: what of an event people have to know."""
    if data.get("nanos") is not None:
        limit = data.get("soft_nanos") or data.get("hard_nanos") or 0
        spent, of = (f"{nanos / 1e9:.2f}" for nanos in (data["nanos"], limit))
        return f"{spent} of {of} {data.get('currency', '')} are spent"
    if data.get("failures"):
        return f"{data['failures']} calls failed one after the other"
    until = data.get("until")
    return f"calls wait until {until}" if until else ""


def group_of(notice: NoticeRow) -> str:
    """What is told in one message: one kind, cause and channel; of conditions one subject.

    Those that are shared are the same for all channels.
    """
    parts = [notice.kind, notice.cause, notice.channel or ""]
    if notice.kind in CONDITIONS:
        channel = "" if notice.kind in SHARED else notice.channel or ""
        parts = [notice.kind, channel, notice.subject]
    whole = "|".join(parts)
    if len(whole) <= 300:
        return whole
    return f"{whole[:230]}#{hashlib.sha256(whole.encode()).hexdigest()[:60]}"


@dataclass(frozen=True)
class Pace:
    """When what was gathered is sent.

    Attributes:
        group_s: seconds from the first of a cause on in which others are gathered.
        repeat_s: least seconds between two messages of one cause.
    """

    group_s: float
    repeat_s: float

    def due(self, row: NoticeGroupRow) -> datetime:
        """When a group with something untold is sent; the critical ones wait for no others."""
        assert row.first_at is not None
        wait_s = 0.0 if row.level == NoticeLevel.CRITICAL else self.group_s
        due = row.first_at + timedelta(seconds=wait_s)
        if row.told_at is not None:
            due = max(due, row.told_at + timedelta(seconds=self.repeat_s))
        return due


class NoticeRows:
    """Reads and writes the tables of notices."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @cached_property
    def notices(self) -> Leases[NoticeRow]:
        """Notices that no target was given yet."""
        return Leases(self._db, NoticeRow, lease_s=_ROUTING_S)

    @cached_property
    def groups(self) -> Leases[NoticeGroupRow]:
        """What is to be sent to targets."""
        return Leases(self._db, NoticeGroupRow, lease_s=_SENDING_S)

    def add(self, notice: Notice) -> None:
        """Write one down that belongs to no other transaction."""
        with self._db.writing() as session:
            tell(session, notice)

    # To targets

    def give(self, notice: NoticeRow, targets: Sequence[str], pace: Pace) -> bool:
        """Gather a claimed notice for these targets; False where the lease was lost."""

        def work(session: Session, row: NoticeRow) -> None:
            for target in sorted(targets):
                self._gather(session, row, target, pace)

        return self.notices.settle(notice, work)

    def _gather(self, session: Session, notice: NoticeRow, target: str, pace: Pace) -> None:
        group_id = group_of(notice)
        if not notice.over:
            kind = sqlite if self._db.embedded else postgresql
            fresh: dict[str, Any] = {
                "target": target,
                "group_id": group_id,
                "kind": notice.kind,
                "cause": notice.cause,
                "channel": notice.channel,
                "level": notice.level,
                "untold": 0,
                "examples": [],
                "last_at": notice.at,
                "told": 0,
                "failures": 0,
                "claims": 0,
            }
            insert = kind.insert(NoticeGroupRow).values(fresh)
            session.execute(insert.on_conflict_do_nothing())
        row = session.get(
            NoticeGroupRow, (target, group_id), with_for_update=True, populate_existing=True
        )
        if row is None:
            return
        if notice.over:
            _end(row, notice.at)
        else:
            _add(row, notice)
        _plan(row, pace)

    # Sending

    def due_targets(self, among: Collection[str]) -> list[str]:
        """Which of these have something due."""
        query = select(NoticeGroupRow.target).where(
            NoticeGroupRow.due_at <= now(), NoticeGroupRow.target.in_(among)
        )
        with self._db.session() as session:
            return sorted(set(session.scalars(query.distinct())))

    def claim(self, target: str, pace: Pace) -> list[NoticeGroupRow]:
        """What a target is sent now, in one message: what is due, and what would be in a moment.

        So a storm of many causes is one message in the time that one cause is gathered.
        """
        found = self.groups.claim(MOST_GROUPS, NoticeGroupRow.target == target)
        if not found:
            return found
        self._hurry(target, pace)
        left = MOST_GROUPS - len(found)
        return found + (self.groups.claim(left, NoticeGroupRow.target == target) if left else [])

    def _hurry(self, target: str, pace: Pace) -> None:
        """Have what is gathered for a target due now, unless its cause was told of just before."""
        at = now()
        before = at - timedelta(seconds=pace.repeat_s)
        waits: list[ColumnElement[bool]] = [
            NoticeGroupRow.target == target,
            NoticeGroupRow.due_at > at,
            NoticeGroupRow.lease.is_(None),
            NoticeGroupRow.failures == 0,
            or_(NoticeGroupRow.told_at.is_(None), NoticeGroupRow.told_at <= before),
        ]
        with self._db.session() as session:
            if session.scalar(select(func.count()).where(*waits)) == 0:
                return
        with self._db.writing() as session:
            session.execute(update(NoticeGroupRow).where(*waits).values(due_at=at))

    def sent(self, groups: Sequence[NoticeGroupRow], pace: Pace) -> None:
        """These were sent as they were claimed; what came meanwhile is gathered on."""
        for claimed in groups:
            self.groups.settle(claimed, _after(claimed, pace))

    def unsent(self, groups: Sequence[NoticeGroupRow], error: str, wait_s: float) -> None:
        """These did not reach the target, and are tried again after so many seconds."""

        def work(_: Session, row: NoticeGroupRow) -> None:
            row.failures += 1
            row.last_error = error[:400]

        again = now() + timedelta(seconds=wait_s)
        for claimed in groups:
            self.groups.settle(claimed, work, due_at=again)

    def dropped(self, groups: Sequence[NoticeGroupRow]) -> None:
        """These are given up: what is told of next begins anew."""

        def work(_: Session, row: NoticeGroupRow) -> None:
            _empty(row)
            row.failures = 0

        for claimed in groups:
            self.groups.settle(claimed, work)

    # What is over

    def end_resolved(self, pace: Pace) -> int:
        """Say of dead letters that were told of, and of which none is left, that it is over."""
        told = select(NoticeGroupRow).where(
            NoticeGroupRow.kind.in_(DEAD_LETTERS),
            NoticeGroupRow.told > 0,
            NoticeGroupRow.untold == 0,
            NoticeGroupRow.over_at.is_(None),
        )
        with self._db.session() as session:
            rows = list(session.scalars(told))
            over = [row for row in rows if not _stands(session, row)]
        for seen in over:
            with self._db.writing() as session:
                key = (seen.target, seen.group_id)
                row = session.get(NoticeGroupRow, key, with_for_update=True)
                if row is None or row.untold or row.over_at is not None or _stands(session, row):
                    continue
                _end(row, now())
                _plan(row, pace)
        return len(over)

    # Looking

    def newest(self, limit: int, channels: Collection[str] | None = None) -> list[NoticeRow]:
        """The newest notices first; with channels only those of theirs."""
        query = select(NoticeRow)
        if channels is not None:
            query = query.where(NoticeRow.channel.in_(channels))
        with self._db.session() as session:
            return list(session.scalars(query.order_by(NoticeRow.id.desc()).limit(limit)))

    def all_groups(self) -> list[NoticeGroupRow]:
        """Where every target stands, the newest cause first."""
        query = select(NoticeGroupRow).order_by(
            NoticeGroupRow.last_at.desc(), NoticeGroupRow.target, NoticeGroupRow.group_id
        )
        with self._db.session() as session:
            return list(session.scalars(query))

    def remove_old(self, before: datetime, targets: Collection[str]) -> bool:
        """Remove what was told before, and what targets that are gone were to be told; whether
        there is more."""
        query = (
            select(NoticeRow.id)
            .where(NoticeRow.at < before, NoticeRow.due_at.is_(None))
            .limit(_PORTION)
        )
        with self._db.session() as session:
            numbers = session.scalars(query).all()
        with self._db.writing() as session:
            if numbers:
                session.execute(delete(NoticeRow).where(NoticeRow.id.in_(numbers)))
            idle = NoticeGroupRow.due_at.is_(None) & (NoticeGroupRow.last_at < before)
            gone = NoticeGroupRow.target.not_in(targets) & (NoticeGroupRow.lease.is_(None))
            session.execute(delete(NoticeGroupRow).where(or_(idle, gone)))
        return len(numbers) == _PORTION


def _stands(session: Session, row: NoticeGroupRow) -> bool:
    """Whether a dead letter of this group's cause and channel is left."""
    of_upload = FailureRow.subject.like("%/%")
    query = select(FailureRow.id).where(
        FailureRow.state == FailureState.DEAD,
        FailureRow.cause == row.cause,
        FailureRow.channel == (row.channel or ""),
        of_upload if row.kind == "upload.failed" else ~of_upload,
    )
    return session.scalar(query.limit(1)) is not None


def _add(row: NoticeGroupRow, notice: NoticeRow) -> None:
    if row.untold == 0:
        row.first_at, row.examples, row.level = notice.at, [], notice.level
    # What began again is not over.
    row.over_at = None
    row.untold += 1
    row.last_at = notice.at
    row.began_at = row.began_at or notice.at
    if NoticeLevel(notice.level).rank > NoticeLevel(row.level).rank:
        row.level = notice.level
    # Whoever sends it now has as many already.
    if len(row.examples) < EXAMPLES * (1 if row.lease is None else 2):
        example = {
            **notice.data,
            "subject": notice.subject,
            "name": notice.name,
            "message": notice.message[:_KEPT],
            "at": notice.at.isoformat(),
        }
        # A new list: of a changed one nothing would be written.
        row.examples = [*row.examples, example]


def _end(row: NoticeGroupRow, at: datetime) -> None:
    if row.kind in CONDITIONS and row.untold and not row.told and row.lease is None:
        # It came and went before anybody was told.
        _empty(row)
        row.began_at = None
    elif row.told or row.untold:
        row.over_at = at


def _plan(row: NoticeGroupRow, pace: Pace) -> None:
    """When it is sent; who has it, or waits to try again, has its moment already."""
    if row.lease is not None or row.failures:
        return
    if row.untold:
        row.due_at = pace.due(row)
    else:
        row.due_at = row.over_at


def _empty(row: NoticeGroupRow) -> None:
    row.untold, row.examples, row.first_at, row.over_at = 0, [], None, None
    row.due_at = None


def _after(claimed: NoticeGroupRow, pace: Pace) -> Callable[[Session, NoticeGroupRow], None]:
    assert claimed.due_at is not None
    claimed_at = claimed.due_at - timedelta(seconds=_SENDING_S)

    def work(_: Session, row: NoticeGroupRow) -> None:
        row.failures, row.last_error, row.told_at = 0, None, claimed_at
        row.told += claimed.untold
        row.untold -= claimed.untold
        row.examples = row.examples[len(claimed.examples) :][:EXAMPLES]
        # What came after it was claimed begins with the first of these.
        row.first_at = datetime.fromisoformat(row.examples[0]["at"]) if row.untold else None
        if claimed.over_at is not None and row.over_at == claimed.over_at:
            row.told, row.began_at, row.over_at = 0, None, None
        _plan(row, pace)

    return work
