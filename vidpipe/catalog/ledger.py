"""Money and quota that calls hold, and the ledger of what they cost.

A call holds its share of every budget and quota in one transaction: one statement adds to all
buckets that have room, and where one has none, nothing is held. It is settled by whoever
made it, once; what nobody settles expires, and is booked as it was expected.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vidpipe.catalog import totals
from vidpipe.catalog.breakers import BreakerRules, note_outcome, way_closed
from vidpipe.catalog.cost_buckets import (
    BucketShift,
    BucketsMissing,
    hold_in_buckets,
    open_buckets,
    shift_buckets,
)
from vidpipe.catalog.cost_tables import (
    CostBucketRow,
    CostEntryRow,
    CostReservationRow,
    PriceRow,
    QuotaUseRow,
)
from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit

_RESERVED = insert(CostReservationRow.metadata.tables[CostReservationRow.__tablename__])
_ENTRIES = CostEntryRow.__table__
_ATTEMPTS = {
    name: select(func.count())
    .select_from(_ENTRIES)
    .where(
        _ENTRIES.c[name] == bindparam("whose"),
        _ENTRIES.c.stage == bindparam("stage"),
        _ENTRIES.c.kind == "call",
    )
    for name in ("job_id", "video_id")
}
#: What a bucket without a limit has room for.
_ENDLESS = 2**62
#: Reservations that are ended in one transaction.
_PORTION = 100
#: Seconds to wait for a place among the calls that go on at once.
_PLACE_S = 1.0
_CHARGED = (
    "service", "product", "estimate", "reserved", "currency", "price_id", "video_id", "stage",
    "channel", "project_id", "job_id", "run_id", "attempt",
)  # fmt: skip


@dataclass(frozen=True)
class MoneyHold:
    """A budget that a call is held in.

    Attributes:
        key: of its bucket: of one period.
        name: for people.
        soft: whoever passes it is told of; None: nobody.
        hard: no call is made that might pass it; None: all are.
        until: when its period ends; None: never.
    """

    key: str
    name: str
    soft: int | None = None
    hard: int | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class QuotaHold:
    """A quota of a service that a call is held in.

    Attributes:
        key: of its bucket; of one period where it has periods.
        name: for people.
        what: the quantity that it limits.
        amount: what the call may use of it.
        most: what may be used, in its window or at once.
        window_s: of a window that moves; None: until its period ends, or as long as it is held.
        until: when its period ends; None: it has none.
    """

    key: str
    name: str
    what: str
    amount: int
    most: int
    window_s: float | None = None
    until: datetime | None = None

    @property
    def at_once(self) -> bool:
        """Whether it limits what goes on at the same time."""
        return self.window_s is None and self.until is None


@dataclass(frozen=True)
class Refusal:
    """Why a call may not be made.

    Attributes:
        kind: `budget`, `quota`, `held`, `rate` or `away`; `held`: a budget has no room only for
            what other calls hold, and are about to give back.
        key: of what refuses.
        name: for people.
        until: when it may be tried again; None of a budget: not before it is raised.
        wait_s: seconds until then, where they are few.
        spent, reserved, limit: of a budget or quota.
    """

    kind: str
    key: str
    name: str
    until: datetime | None = None
    wait_s: float | None = None
    spent: int = 0
    reserved: int = 0
    limit: int = 0


@dataclass(frozen=True)
class CallEnding:
    """How a call ended.

    Attributes:
        outcome: as the ledger has it.
        amount: what is booked; None: what was expected.
        quantities: what was used, as decimals in text; None: what was expected.
        works: whether the service does; None: this says nothing of it.
        pause_s: seconds for which it asks not to be called.
    """

    outcome: str
    amount: int | None
    quantities: Mapping[str, str] | None = None
    works: bool | None = None
    pause_s: float | None = None


class _Undone(Exception):
    """Nothing is held: the transaction is rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.name)


class Ledger:
    """Reserve, settle, expire; and prices as they were."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def reserve(
        self,
        row: CostReservationRow,
        money: Sequence[MoneyHold],
        quota: Sequence[QuotaHold],
    ) -> Refusal | None:
        """Hold all of it, or nothing.

        Args:
            row: of the reservation, with its id, moments and amounts.
            money: the budgets; `row.reserved` is held in each.
            quota: the quotas.

        Returns:
            Why nothing is held; None: it is.
        """
        refusal = self._try(row, money, quota)
        if refusal is not None and refusal.kind != "away" and self.expire(row.at):
            refusal = self._try(row, money, quota)
        if refusal is not None and refusal.kind in ("budget", "quota"):
            self._tell_hard(row, refusal)
        return refusal

    def _try(
        self,
        row: CostReservationRow,
        money: Sequence[MoneyHold],
        quota: Sequence[QuotaHold],
    ) -> Refusal | None:
        while True:
            try:
                self._once(row, money, quota)
                return None
            except _Undone as undone:
                return undone.refusal
            except BucketsMissing as fresh:
                self._open(fresh.keys)

    def _open(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        with self._db.writing() as session:
            open_buckets(session, keys)

    def _once(
        self,
        row: CostReservationRow,
        money: Sequence[MoneyHold],
        quota: Sequence[QuotaHold],
    ) -> None:
        with self._db.writing() as session:
            closed = way_closed(session, row)
            if closed is not None:
                kind = "away" if closed.out_of_order else "rate"
                key = f"service/{row.service}"
                raise _Undone(Refusal(kind, key, closed.why, closed.until, closed.wait_s))
            self._hold(session, row, money, quota)
            row.money = [hold.key for hold in money]
            row.quota = {
                q.key: {"amount": q.amount, "what": q.what, "kind": _kind(q)} for q in quota
            }
            session.connection().execute(_RESERVED, _columns(row))

    def _hold(
        self,
        session: Session,
        row: CostReservationRow,
        money: Sequence[MoneyHold],
        quota: Sequence[QuotaHold],
    ) -> None:
        ask = {hold.key: row.reserved for hold in money}
        room = {hold.key: _ENDLESS if hold.hard is None else hold.hard for hold in money}
        for q in quota:
            # Of a window that moves the bucket is only what calls wait for in turn.
            ask[q.key] = 0 if q.window_s is not None else q.amount
            room[q.key] = _ENDLESS if q.window_s is not None else q.most
        have = hold_in_buckets(session, ask, room)
        if len(have) < len(ask):
            _refuse_full(session, row, money, quota, ask, have)
        for q in quota:
            if q.window_s is not None:
                _use(session, row, q)
        for hold in money:
            after, told = have[hold.key]
            if hold.soft is not None and after >= hold.soft and told is None:
                _mark(session, hold.key, soft_told=row.at)
                emit(session, "budget.soft_limit", row.channel, _told(hold, row, after))

    def _tell_hard(self, row: CostReservationRow, refusal: Refusal) -> None:
        """Tell once in each period that a limit stops calls."""
        with self._db.writing() as session:
            # What was refused as it came may have opened none.
            open_buckets(session, [refusal.key])
            told = session.execute(
                update(CostBucketRow)
                .where(CostBucketRow.key == refusal.key, CostBucketRow.hard_told.is_(None))
                .values(hard_told=row.at)
                .returning(CostBucketRow.key)
            ).all()
            if not told:
                return
            kind = "budget.hard_limit" if refusal.kind == "budget" else "quota.exhausted"
            data = {
                "budget" if refusal.kind == "budget" else "quota": refusal.key,
                "service": row.service,
                "video_id": row.video_id,
                "job_id": row.job_id,
                "until": refusal.until.isoformat() if refusal.until is not None else None,
            }
            emit(session, kind, row.channel, data)

    def settle(
        self, reservation_id: str, ending: CallEnding, rules: BreakerRules, at: datetime
    ) -> int:
        """Book how a call ended, once; what it cost.

        One that expired meanwhile was booked as it was expected: the difference is an entry of
        its own.
        """
        with self._db.writing() as session:
            row = session.get(CostReservationRow, reservation_id, with_for_update=True)
            if row is None:
                return _late(session, reservation_id, ending, at)
            if ending.works is not None or ending.pause_s is not None:
                note_outcome(session, row, rules, ending.works, ending.pause_s, at)
            return _end(session, row, ending, at)

    def expire(self, at: datetime) -> int:
        """End what nobody settled in time; how many."""
        due = select(CostReservationRow.reservation_id).where(CostReservationRow.expires_at <= at)
        with self._db.session() as session:
            if session.scalars(due.limit(1)).first() is None:
                return 0
        with self._db.writing() as session:
            query = select(CostReservationRow).where(CostReservationRow.expires_at <= at)
            query = query.order_by(CostReservationRow.reservation_id).limit(_PORTION)
            rows = session.scalars(query.with_for_update(skip_locked=True)).all()
            for row in rows:
                _end(session, row, CallEnding("expired", None), at)
        return len(rows)

    def write(self, rows: Sequence[CostEntryRow]) -> None:
        """Entries of what held nothing: local work, and answers that were found."""
        with self._db.writing() as session:
            for row in rows:
                session.add(row)
                _count(session, row)

    def attempts(self, job_id: str | None, video_id: str | None, stage: str) -> int:
        """How many calls there were for this already; the next is one more."""
        query = _ATTEMPTS["job_id" if job_id else "video_id"]
        whose = {"whose": job_id or video_id, "stage": stage}
        with self._db.session() as session:
            return session.connection().scalar(query, whose) or 0

    def price(self, row: PriceRow) -> int:
        """The number of a price: it is written down where it is another than was known."""
        same = (
            PriceRow.service == row.service,
            PriceRow.product == row.product,
            PriceRow.digest == row.digest,
        )
        with self._db.session() as session:
            found = session.scalar(select(PriceRow.id).where(*same))
        if found is not None:
            return found
        values = _columns(row) | {"at": row.at}
        values.pop("id", None)
        with self._db.writing() as session:
            session.execute(_insert(session, PriceRow).values(**values).on_conflict_do_nothing())
            return session.scalars(select(PriceRow.id).where(*same)).one()


def _kind(hold: QuotaHold) -> str:
    return "at_once" if hold.at_once else "window" if hold.window_s is not None else "period"


def _columns(row: Any) -> dict[str, Any]:
    names = row.__table__.columns.keys()
    return {name: getattr(row, name) for name in names if getattr(row, name, None) is not None}


def _insert(session: Session, table: Any) -> Any:
    dialect = session.get_bind().dialect.name
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


def _refuse_full(
    session: Session,
    row: CostReservationRow,
    money: Sequence[MoneyHold],
    quota: Sequence[QuotaHold],
    ask: Mapping[str, int],
    have: Mapping[str, Any],
) -> None:
    """Which of them has no room; the one that is longest without decides when."""
    full = [key for key in ask if key not in have]
    query = select(CostBucketRow.key, CostBucketRow.spent, CostBucketRow.reserved)
    found = session.execute(query.where(CostBucketRow.key.in_(full)))
    rooms = {h.key: _ENDLESS if h.hard is None else h.hard for h in money}
    rooms |= {q.key: _ENDLESS if q.window_s is not None else q.most for q in quota}
    stand = {k: (s, r) for k, s, r in found if s + r + ask[k] > rooms[k]}
    budgets = [hold for hold in money if hold.key in stand]
    used_up = [hold for hold in budgets if stand[hold.key][0] + ask[hold.key] > rooms[hold.key]]
    if budgets:
        worst = max(used_up or budgets, key=lambda h: (h.until is None, h.until or row.at))
        spent, reserved = stand[worst.key]
        raise _Undone(
            Refusal(
                "budget" if used_up else "held",
                worst.key,
                worst.name,
                worst.until if used_up else _freed(session, worst.key),
                wait_s=None if used_up else _PLACE_S,
                spent=spent,
                reserved=reserved,
                limit=worst.hard or 0,
            )
        )
    for q in quota:
        if q.key in stand:
            spent, reserved = stand[q.key]
            kind = "rate" if q.at_once else "quota"
            raise _Undone(
                Refusal(
                    kind,
                    q.key,
                    q.name,
                    q.until,
                    wait_s=_PLACE_S if q.at_once else None,
                    spent=spent,
                    reserved=reserved,
                    limit=q.most,
                )
            )


def _freed(session: Session, key: str) -> datetime | None:
    """When the first of the calls that hold money of a budget is over at the latest."""
    query = select(CostReservationRow.expires_at, CostReservationRow.money)
    return min((ends for ends, held in session.execute(query) if key in held), default=None)


def _use(session: Session, row: CostReservationRow, hold: QuotaHold) -> None:
    """Use of a window that moves what it still has."""
    assert hold.window_s is not None
    window = timedelta(seconds=hold.window_s)
    own = QuotaUseRow.bucket == hold.key
    session.execute(delete(QuotaUseRow).where(own, QuotaUseRow.at <= row.at - window))
    used = session.scalar(select(func.coalesce(func.sum(QuotaUseRow.amount), 0)).where(own)) or 0
    over = int(used) + hold.amount - hold.most
    if over > 0:
        freed, wait = 0, window
        for at, amount in session.execute(
            select(QuotaUseRow.at, QuotaUseRow.amount).where(own).order_by(QuotaUseRow.at)
        ):
            freed += amount
            if freed >= over:
                wait = at + window - row.at
                break
        wait_s = max(0.01, wait.total_seconds())
        raise _Undone(
            Refusal("rate", hold.key, hold.name, wait_s=wait_s, spent=int(used), limit=hold.most)
        )
    session.add(
        QuotaUseRow(
            bucket=hold.key, at=row.at, amount=hold.amount, reservation_id=row.reservation_id
        )
    )


def _mark(session: Session, key: str, **values: Any) -> None:
    session.execute(
        update(CostBucketRow)
        .where(CostBucketRow.key == key)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _told(hold: MoneyHold, row: CostReservationRow, after: int) -> dict[str, Any]:
    return {
        "budget": hold.key,
        "nanos": after,
        "soft_nanos": hold.soft,
        "hard_nanos": hold.hard,
        "currency": row.currency,
        "video_id": row.video_id,
        "job_id": row.job_id,
    }


def _end(session: Session, row: CostReservationRow, ending: CallEnding, at: datetime) -> int:
    """A reservation becomes an entry."""
    amount = row.estimate if ending.amount is None else ending.amount
    used = dict(row.expected if ending.quantities is None else ending.quantities)
    shift = BucketShift()
    for key in row.money:
        shift.spent[key], shift.reserved[key] = amount, -row.reserved
    for key, hold in row.quota.items():
        held = int(hold["amount"])
        took = _took(hold["what"], used, held)
        if hold["kind"] == "window":
            _correct_use(session, key, row.reservation_id, held, took)
            continue
        shift.reserved[key] = -held
        shift.spent[key] = 0 if hold["kind"] == "at_once" else took
    shift_buckets(session, shift)
    entry = CostEntryRow(
        at=at,
        kind="call",
        outcome=ending.outcome,
        reservation_id=row.reservation_id,
        amount=amount,
        quantities=used,
        buckets=list(row.money),
        **{name: getattr(row, name) for name in _CHARGED},
    )
    session.add(entry)
    _count(session, entry)
    if amount > row.reserved:
        data = {
            "service": row.service,
            "video_id": row.video_id,
            "nanos": amount,
            "reserved_nanos": row.reserved,
            "currency": row.currency,
        }
        emit(session, "cost.overrun", row.channel, data)
    session.delete(row)
    return amount


def _took(what: str, used: Mapping[str, str], held: int) -> int:
    """What a call used of a quota: a call is one request, whatever came of it."""
    if what == "tokens":
        named = [used[k] for k in ("input_tokens", "output_tokens") if k in used]
        return round(sum(float(n) for n in named)) if named else held
    return held


def _correct_use(session: Session, key: str, reservation_id: str, held: int, took: int) -> None:
    if took != held:
        session.execute(
            update(QuotaUseRow)
            .where(QuotaUseRow.reservation_id == reservation_id, QuotaUseRow.bucket == key)
            .values(amount=took)
        )


def _late(session: Session, reservation_id: str, ending: CallEnding, at: datetime) -> int:
    """Whoever called it was slow, not gone: what was assumed is put right."""
    own = CostEntryRow.reservation_id == reservation_id
    booked = session.scalars(select(CostEntryRow).where(own).order_by(CostEntryRow.id)).all()
    if not booked or booked[0].outcome != "expired" or len(booked) > 1 or ending.amount is None:
        return sum(entry.amount for entry in booked)
    first = booked[0]
    difference = ending.amount - first.amount
    shift_buckets(session, BucketShift(spent=dict.fromkeys(first.buckets, difference)))
    charged = {name: getattr(first, name) for name in _CHARGED}
    entry = CostEntryRow(
        at=at,
        kind="correction",
        outcome=ending.outcome,
        reservation_id=reservation_id,
        amount=difference,
        quantities=dict(ending.quantities or {}),
        buckets=list(first.buckets),
        **{**charged, "estimate": 0, "reserved": 0},
    )
    session.add(entry)
    _count(session, entry)
    return ending.amount


def _count(session: Session, entry: CostEntryRow) -> None:
    """In the figures that monitoring reads; these are no accounts."""
    labels = (entry.channel, entry.service, entry.kind)
    amount = max(0, entry.amount) / 1e9
    totals.add(session, totals.COSTS, *labels, value=amount)
    totals.add(session, totals.CHANNEL_COSTS, entry.channel, value=amount)


def fresh_id(prefix: str) -> str:
    """An id of a reservation or of an entry that held nothing."""
    return f"{prefix}-{uuid.uuid4().hex[:24]}"
