"""What may be spent by whom in which time: limits, and the buckets that they are kept in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from vidpipe.catalog.costs import CostRows, Limits, Subject
from vidpipe.catalog.ledger import MoneyHold
from vidpipe.costs.money import nanos, shown
from vidpipe.costs.options import BudgetOptions

#: The subject of what is of the deployment as a whole.
ALL = "*"


class BudgetScope(StrEnum):
    """Whose budget it is."""

    VIDEO = "video"
    JOB = "job"
    PROJECT = "project"
    CHANNEL = "channel"
    SERVICE = "service"
    DEPLOYMENT = "deployment"


class Period(StrEnum):
    """In which time it may be spent: a day and a month begin at midnight UTC."""

    TOTAL = "total"
    DAY = "day"
    MONTH = "month"


#: The periods that each may have a budget of.
PERIODS: Mapping[BudgetScope, tuple[Period, ...]] = {
    BudgetScope.VIDEO: (Period.TOTAL,),
    BudgetScope.JOB: (Period.TOTAL,),
    BudgetScope.PROJECT: (Period.TOTAL, Period.MONTH),
    BudgetScope.CHANNEL: (Period.DAY, Period.MONTH),
    BudgetScope.SERVICE: (Period.DAY, Period.MONTH),
    BudgetScope.DEPLOYMENT: (Period.DAY, Period.MONTH),
}
_SETTINGS: Mapping[tuple[BudgetScope, Period], str] = {
    (BudgetScope.VIDEO, Period.TOTAL): "video",
    (BudgetScope.JOB, Period.TOTAL): "job",
    (BudgetScope.PROJECT, Period.TOTAL): "project",
    (BudgetScope.CHANNEL, Period.DAY): "channel_day",
    (BudgetScope.CHANNEL, Period.MONTH): "channel_month",
    (BudgetScope.DEPLOYMENT, Period.DAY): "day",
    (BudgetScope.DEPLOYMENT, Period.MONTH): "month",
}


def ends(period: Period, day: date) -> datetime | None:
    """When the period ends that a day (UTC) is in; None: never."""
    if period is Period.TOTAL:
        return None
    after = day + timedelta(days=1)
    if period is Period.MONTH:
        after = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(after, time.min, UTC)


def bucket(scope: BudgetScope, subject: str, period: Period, day: date) -> str:
    """The key of what is spent in the period that a day is in."""
    own = f"{scope}/{subject}/{period}"
    if period is Period.TOTAL:
        return own
    return f"{own}/{day.isoformat() if period is Period.DAY else day.isoformat()[:7]}"


@dataclass(frozen=True)
class Budget:
    """What one subject may spend in the period that goes on.

    Attributes:
        soft, hard: nanos; None: there is no such limit.
        raised: nanos of today's raises, which `hard` has already.
        spent, reserved: nanos, of this period.
        until: when the period ends; None: never.
    """

    scope: BudgetScope
    subject: str
    period: Period
    soft: int | None
    hard: int | None
    raised: int
    spent: int
    reserved: int
    until: datetime | None

    @property
    def left(self) -> int | None:
        """Nanos that may still be reserved; None: no limit."""
        return None if self.hard is None else max(0, self.hard - self.spent - self.reserved)


class Budgets:
    """Limits by settings, by what was set for one subject, and by today's raises."""

    def __init__(self, rows: CostRows, options: BudgetOptions, currency: str) -> None:
        self.rows = rows
        self.options = options
        self.currency = currency

    def holds(self, subjects: Mapping[BudgetScope, str | None], at: datetime) -> list[MoneyHold]:
        """The budgets that a call of these subjects is held in: also those without a limit, so
        that one set later knows what was spent."""
        day = at.astimezone(UTC).date()
        limits, _ = self._limits(list(_keys(subjects)), day)
        return [
            MoneyHold(
                bucket(scope, subject, period, day),
                self._name(scope, subject, period, limits[scope, subject, period].hard),
                limits[scope, subject, period].soft,
                limits[scope, subject, period].hard,
                ends(period, day),
            )
            for scope, subject, period in _keys(subjects)
        ]

    def of(self, subjects: Mapping[BudgetScope, str | None], at: datetime) -> list[Budget]:
        """Where the budgets of these subjects stand."""
        day = at.astimezone(UTC).date()
        keys = list(_keys(subjects))
        limits, raised = self._limits(keys, day)
        have = self.rows.buckets([bucket(*key, day) for key in keys])
        found = []
        for key in keys:
            spent, reserved = have.get(bucket(*key, day), (0, 0))
            own = limits[key]
            found.append(
                Budget(
                    *key,
                    own.soft,
                    own.hard,
                    raised.get(_plain(key), 0),
                    spent,
                    reserved,
                    ends(key[2], day),
                )
            )
        return found

    def default(self, scope: BudgetScope, period: Period) -> Limits:
        """What settings say of everything of a kind."""
        name = _SETTINGS.get((scope, period))
        if name is None:
            return Limits(None, None)
        soft: Decimal | None = getattr(self.options, f"{name}_soft")
        hard: Decimal | None = getattr(self.options, f"{name}_hard")
        return Limits(
            nanos(soft) if soft is not None else None, nanos(hard) if hard is not None else None
        )

    def _limits(
        self, keys: list[tuple[BudgetScope, str, Period]], day: date
    ) -> tuple[dict[tuple[BudgetScope, str, Period], Limits], dict[Subject, int]]:
        own, raised = self.rows.allowed([_plain(key) for key in keys], day)
        found = {}
        for key in keys:
            limits = own.get(_plain(key)) or self.default(key[0], key[2])
            if limits.hard is not None:
                limits = Limits(limits.soft, limits.hard + raised.get(_plain(key), 0))
            found[key] = limits
        return found, raised

    def _name(self, scope: BudgetScope, subject: str, period: Period, hard: int | None) -> str:
        whose = "everything" if scope is BudgetScope.DEPLOYMENT else f"the {scope} {subject}"
        when = {Period.TOTAL: "", Period.DAY: " today (UTC)", Period.MONTH: " this month (UTC)"}
        limit = f" of {shown(hard, self.currency)}" if hard is not None else ""
        return f"the budget{limit} for {whose}{when[period]}"


def _keys(subjects: Mapping[BudgetScope, str | None]) -> Iterator[tuple[BudgetScope, str, Period]]:
    for scope, periods in PERIODS.items():
        subject = ALL if scope is BudgetScope.DEPLOYMENT else subjects.get(scope)
        if subject is not None and (scope is not BudgetScope.DEPLOYMENT or scope in subjects):
            for period in periods:
                yield scope, subject, period


def _plain(key: tuple[BudgetScope, str, Period]) -> Subject:
    return str(key[0]), key[1], str(key[2])
