"""What was spent, by whom and for what; budgets, raises and estimates as they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.cost_tables import (
    BudgetRaiseRow,
    BudgetRow,
    BudgetUnsetRow,
    CostBucketRow,
    CostEntryRow,
    CostReservationRow,
    PriceRow,
    QuotaUseRow,
)
from vidpipe.catalog.database import Database
from vidpipe.catalog.events import emit
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.requests import wake
from vidpipe.catalog.states import RequestState
from vidpipe.catalog.tables import RequestRow, Video, now
from vidpipe.catalog.unpaid import wake_unpaid
from vidpipe.errors import BudgetExceeded, QuotaExhausted
from vidpipe.spending import CLIP_SECONDS, OF_WORK, PASSAGE_SECONDS

#: What a sum can be taken by, besides the day.
GROUPS = (
    "channel", "stage", "service", "product", "video_id", "job_id", "project_id", "kind",
)  # fmt: skip

_BUDGETS = BudgetRow.__table__
_RAISES = BudgetRaiseRow.__table__
# Of every reservation, so that they are put together once.
_LIMITS = select(
    _BUDGETS.c.scope, _BUDGETS.c.subject, _BUDGETS.c.period, _BUDGETS.c.soft, _BUDGETS.c.hard
).where(_BUDGETS.c.subject.in_(bindparam("names", expanding=True)))
_RAISED = (
    select(_RAISES.c.scope, _RAISES.c.subject, _RAISES.c.period, func.sum(_RAISES.c.amount))
    .where(_RAISES.c.day == bindparam("day"))
    .group_by(_RAISES.c.scope, _RAISES.c.subject, _RAISES.c.period)
)


@dataclass(frozen=True)
class CostSum:
    """Entries that have the same of something.

    Attributes:
        of: the value that they share; None: entries without any.
        outside: nanos that services cost.
        local: nanos of this deployment's own work.
        estimate: nanos that were expected of the same entries.
        calls: calls of services, failed ones too.
        failed: those of them without an answer.
        cached: answers that were found.
        currency: of the amounts.
    """

    of: str | None
    outside: int
    local: int
    estimate: int
    calls: int
    failed: int
    cached: int
    currency: str


@dataclass(frozen=True)
class Limits:
    """What one subject may spend in a period; None: there is no such limit."""

    soft: int | None
    hard: int | None


Subject = tuple[str, str, str]


@dataclass(frozen=True)
class StageSpend:
    """What making a stage cost of one video.

    Attributes:
        video_id: which one.
        channel: it is of.
        length_s: of its recording.
        megapixels: of a frame of it; 0: it has no pictures.
        size_bytes: of its recording.
        clip_s: seconds of clips that were asked for; 0: not known, or the stage makes none.
        passage_s: seconds of passages that clips were made of, once for each format; None: not
            known, or the stage makes none.
        outside: nanos of services.
        local: nanos of local work.
    """

    video_id: str
    channel: str
    length_s: float
    megapixels: float
    size_bytes: int
    clip_s: float
    passage_s: float | None
    outside: int
    local: int


class CostRows:
    """Answers of the ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Sums

    def sums(
        self,
        by: str,
        *,
        channels: Collection[str] | None,
        first: date | None = None,
        last: date | None = None,
        where: Mapping[str, str] | None = None,
        limit: int = 1000,
    ) -> list[CostSum]:
        """Sums of entries: of days in their order, of all else the largest first.

        Args:
            by: `day` (UTC), or one of `GROUPS`.
            channels: only of these; None: of all.
            first: day; None: since the beginning.
            last: day, included; None: until now.
            where: only entries with these values of columns.
            limit: groups at most.
        """
        column = self._day() if by == "day" else getattr(CostEntryRow, by)
        outside = func.sum(_if(CostEntryRow.kind != "local", CostEntryRow.amount))
        local = func.sum(_if(CostEntryRow.kind == "local", CostEntryRow.amount))
        called = CostEntryRow.kind == "call"
        query: Select[Any] = select(
            column,
            CostEntryRow.currency,
            outside,
            local,
            func.sum(CostEntryRow.estimate),
            func.sum(_if(called, 1)),
            func.sum(_if(and_(called, CostEntryRow.outcome != "done"), 1)),
            func.sum(_if(CostEntryRow.kind == "cached", 1)),
        ).group_by(column, CostEntryRow.currency)
        query = query.where(*_within(channels, first, last, where or {}))
        query = query.order_by(column) if by == "day" else query.order_by((outside + local).desc())
        with self._db.session() as session:
            rows = session.execute(query.limit(limit)).all()
        found = []
        for of, currency, *sums in rows:
            paid, own, estimate, calls, failed, cached = (int(n or 0) for n in sums)
            shared = str(of) if of is not None else None
            found.append(CostSum(shared, paid, own, estimate, calls, failed, cached, currency))
        return found

    def _day(self) -> ColumnElement[str]:
        if self._db.embedded:
            return func.substr(CostEntryRow.at, 1, 10)
        return func.to_char(func.timezone("UTC", CostEntryRow.at), "YYYY-MM-DD")

    def entries(
        self,
        limit: int,
        *,
        channels: Collection[str],
        where: Mapping[str, str] | None = None,
        before: int | None = None,
    ) -> list[CostEntryRow]:
        """Entries, the newest first."""
        query = select(CostEntryRow).where(*_within(channels, None, None, where or {}))
        if before is not None:
            query = query.where(CostEntryRow.id < before)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(CostEntryRow.id.desc()).limit(limit)))

    def quantities(self, where: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """What was used of what, by service and product; decimals as text are added exactly."""
        found: dict[str, dict[str, Decimal]] = {}
        query = select(CostEntryRow.service, CostEntryRow.product, CostEntryRow.quantities)
        query = query.where(*_within(None, None, None, where), CostEntryRow.kind != "cached")
        with self._db.session() as session:
            for service, product, used in session.execute(query):
                own = found.setdefault(f"{service}/{product}", {})
                for name, amount in used.items():
                    if name in OF_WORK:
                        continue
                    own[name] = own.get(name, Decimal(0)) + Decimal(amount)
        return {
            key: {name: str(n) for name, n in own.items()} for key, own in sorted(found.items())
        }

    def prices(self) -> list[PriceRow]:
        """Every price that was ever used, the newest first."""
        with self._db.session() as session:
            return list(session.scalars(select(PriceRow).order_by(PriceRow.id.desc()).limit(1000)))

    def stage_history(self, stage: str, limit: int, channel: str | None = None) -> list[StageSpend]:
        """What making a stage cost of the newest videos, each of its last run that worked.

        Args:
            stage: which one.
            limit: videos at most.
            channel: only videos of it; None: of all.
        """
        made = (
            select(
                CostEntryRow.video_id,
                func.max(CostEntryRow.run_id).label("run"),
                func.max(CostEntryRow.id).label("last"),
            )
            .where(CostEntryRow.stage == stage, CostEntryRow.kind == "local")
            .where(CostEntryRow.outcome == "done", CostEntryRow.video_id.is_not(None))
            .group_by(CostEntryRow.video_id)
            .order_by(func.max(CostEntryRow.id).desc())
            .limit(limit)
        )
        if channel is not None:
            made = made.where(CostEntryRow.channel == channel)
        newest = made.subquery()
        query = (
            select(
                Video,
                newest.c.last,
                func.sum(_if(CostEntryRow.kind != "local", CostEntryRow.amount)),
                func.sum(_if(CostEntryRow.kind == "local", CostEntryRow.amount)),
            )
            .join(newest, newest.c.video_id == Video.video_id)
            .join(CostEntryRow, CostEntryRow.video_id == Video.video_id)
            .where(
                CostEntryRow.stage == stage,
                or_(
                    CostEntryRow.run_id == newest.c.run,
                    and_(CostEntryRow.run_id.is_(None), newest.c.run.is_(None)),
                ),
            )
            .group_by(Video.video_id, newest.c.last)
            .order_by(newest.c.last.desc())
        )
        with self._db.session() as session:
            found = session.execute(query).all()
            used = select(CostEntryRow.id, CostEntryRow.quantities)
            used = used.where(CostEntryRow.id.in_([last for _, last, _, _ in found]))
            quantities = dict(session.execute(used).tuples().all())
            return [
                StageSpend(
                    video.video_id,
                    video.channel,
                    video.duration_s,
                    video.width * video.height / 1e6,
                    video.size_bytes,
                    float(quantities[last].get(CLIP_SECONDS, 0)),
                    _known(quantities[last], PASSAGE_SECONDS),
                    int(outside or 0),
                    int(local or 0),
                )
                for video, last, outside, local in found
            ]

    # Budgets

    def allowed(
        self, subjects: Iterable[Subject], day: date
    ) -> tuple[dict[Subject, Limits], dict[Subject, int]]:
        """What is set of these, and what was allowed beyond hard limits on a day."""
        wanted = set(subjects)
        names = {subject for _, subject, _ in wanted}
        with self._db.session() as session:
            rows = session.connection().execute(_LIMITS, {"names": list(names)}).all()
            raised = _raised(session, wanted, day)
        limits = {
            key: Limits(soft, hard)
            for scope, name, period, soft, hard in rows
            if (key := (scope, name, period)) in wanted
        }
        return limits, raised

    def budgets(self) -> list[BudgetRow]:
        """Every limit that was set for one subject."""
        query = select(BudgetRow).order_by(BudgetRow.scope, BudgetRow.subject, BudgetRow.period)
        with self._db.session() as session:
            return list(session.scalars(query))

    def set_budget(self, subject: Subject, limits: Limits | None, by: str) -> None:
        """Set limits of a subject, or go back to those of the settings; waiting runs try again."""
        scope, name, period = subject
        with self._db.writing() as session:
            row = session.get(BudgetRow, subject, with_for_update=True)
            if limits is None:
                if row is not None:
                    session.delete(row)
                    # Only who has the row of the budget writes this one.
                    session.merge(
                        BudgetUnsetRow(
                            scope=scope, subject=name, period=period, unset_at=now(), unset_by=by
                        )
                    )
            elif row is None:
                session.add(
                    BudgetRow(
                        scope=scope,
                        subject=name,
                        period=period,
                        soft=limits.soft,
                        hard=limits.hard,
                        changed_by=by,
                    )
                )
            else:
                row.soft, row.hard, row.changed_by = limits.soft, limits.hard, by
            _tell_again(session, subject)
            _wake(session)

    def raise_budget(self, row: BudgetRaiseRow, channels: Sequence[str]) -> int:
        """Allow more for a day; how many waiting runs and posts go on."""
        subject = (row.scope, row.subject, row.period)
        with self._db.writing() as session:
            session.add(row)
            session.flush()
            _tell_again(session, subject)
            for channel in channels:
                data = {
                    "budget": "/".join(subject),
                    "day": row.day.isoformat(),
                    "by": row.raised_by,
                }
                emit(session, "budget.raised", channel, {**data, "nanos": row.amount})
            return _wake(session)

    def raises(self, day: date) -> list[BudgetRaiseRow]:
        """What was allowed on a day, and by whom."""
        query = select(BudgetRaiseRow).where(BudgetRaiseRow.day == day)
        with self._db.session() as session:
            return list(session.scalars(query.order_by(BudgetRaiseRow.id)))

    def buckets(self, keys: Collection[str]) -> dict[str, tuple[int, int]]:
        """What was spent and is held, by key; of those that anything ever was in."""
        query = select(CostBucketRow).where(CostBucketRow.key.in_(keys))
        with self._db.session() as session:
            return {row.key: (row.spent, row.reserved) for row in session.scalars(query)}

    def subjects(self, prefix: str, tail: str, limit: int = 200) -> list[tuple[str, int, int]]:
        """Keys of buckets that begin and end so, with what is in them, those with most first.

        Those of earlier periods are kept for good: the end of a key names the period.
        """
        query = select(CostBucketRow).where(
            CostBucketRow.key.startswith(prefix, autoescape=True),
            CostBucketRow.key.endswith(tail, autoescape=True),
        )
        query = query.order_by((CostBucketRow.spent + CostBucketRow.reserved).desc())
        with self._db.session() as session:
            found = session.scalars(query.limit(limit)).all()
            return [(row.key, row.spent, row.reserved) for row in found]

    def used(self, bucket: str, since: datetime) -> int:
        """What was used of a quota whose window moves."""
        query = select(func.coalesce(func.sum(QuotaUseRow.amount), 0)).where(
            QuotaUseRow.bucket == bucket, QuotaUseRow.at > since
        )
        with self._db.session() as session:
            return int(session.scalar(query) or 0)

    def unpaid(self, at: datetime) -> dict[tuple[str, str], int]:
        """How many requests for runs, and posts, wait for money or quota at a moment: by channel
        and `budget` or `quota`."""
        kind = case((RequestRow.waits_for.like("quota/%"), "quota"), else_="budget")
        runs = (
            select(RequestRow.channel, kind.label("kind"), func.count())
            .where(RequestRow.state == RequestState.OPEN, RequestRow.waits_for.is_not(None))
            .group_by(RequestRow.channel, "kind")
        )
        kind = case((PostRow.code == QuotaExhausted.cause, "quota"), else_="budget")
        posts = (
            select(PostRow.channel, kind.label("kind"), func.count())
            .where(
                PostRow.due_at.is_not(None),
                PostRow.waits_until > at,
                PostRow.code.in_((BudgetExceeded.cause, QuotaExhausted.cause)),
            )
            .group_by(PostRow.channel, "kind")
        )
        found: Counter[tuple[str, str]] = Counter()
        with self._db.session() as session:
            for query in (runs, posts):
                for channel, of, count in session.execute(query):
                    found[channel, of] += count
        return dict(found)

    def held(self) -> tuple[int, int]:
        """How many calls are held for, and nanos of all of them."""
        query = select(func.count(), func.coalesce(func.sum(CostReservationRow.reserved), 0))
        with self._db.session() as session:
            count, amount = session.execute(query.select_from(CostReservationRow)).one()
        return int(count), int(amount)


def _if(condition: ColumnElement[bool], value: Any) -> ColumnElement[int]:
    return case((condition, value), else_=0)


def _known(quantities: Mapping[str, str], name: str) -> float | None:
    return float(quantities[name]) if name in quantities else None


def _within(
    channels: Collection[str] | None,
    first: date | None,
    last: date | None,
    where: Mapping[str, str],
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if channels is not None:
        found.append(CostEntryRow.channel.in_(channels))
    if first is not None:
        found.append(CostEntryRow.at >= datetime.combine(first, time.min, UTC))
    if last is not None:
        found.append(CostEntryRow.at < datetime.combine(last, time.min, UTC) + timedelta(days=1))
    return found + [getattr(CostEntryRow, name) == value for name, value in where.items()]


def _raised(session: Session, wanted: Collection[Subject], day: date) -> dict[Subject, int]:
    rows = session.connection().execute(_RAISED, {"day": day}).all()
    return {(s, o, p): int(n) for s, o, p, n in rows if (s, o, p) in wanted}


def _wake(session: Session) -> int:
    """Whatever waits for a budget tries again at once; how many runs and posts."""
    return wake(session) + wake_unpaid(session)


def _tell_again(session: Session, subject: Subject) -> None:
    """A limit that is another now is told of again where it is reached again."""
    prefix = "/".join(subject)
    session.execute(
        update(CostBucketRow)
        .where(
            or_(
                CostBucketRow.key == prefix,
                CostBucketRow.key.startswith(f"{prefix}/", autoescape=True),
            )
        )
        .values(hard_told=None, soft_told=None)
        .execution_options(synchronize_session=False)
    )
