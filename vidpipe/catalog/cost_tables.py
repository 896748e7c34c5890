"""The tables of what things cost. Changed only together with a migration.

Amounts of money are whole billionths of the currency's unit (`vidpipe.costs.money`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    Float,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Audited, Base, Utc, now

_ID = BigInteger().with_variant(Integer, "sqlite")


class Charged:
    """What a call is, and for whom: the same of its reservation and of its entry."""

    service: Mapped[str] = mapped_column(String(64))
    product: Mapped[str] = mapped_column(String(128))
    estimate: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    price_id: Mapped[int | None] = mapped_column(BigInteger)
    video_id: Mapped[str | None] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str | None] = mapped_column(String(40))
    job_id: Mapped[str | None] = mapped_column(String(40))
    run_id: Mapped[str | None] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(Integer)


class CostEntryRow(Charged, Base):
    """One line of the ledger, which only grows: how one try of a call ended, or local work.

    `kind` is `call`, `cached`, `local` or `correction`. `estimate` is what was expected before,
    `reserved` the most that was held, `amount` what is booked. `buckets` are the keys of the
    budgets that it is booked in.
    """

    __tablename__ = "cost_entries"

    id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    kind: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    reservation_id: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(BigInteger)
    quantities: Mapped[dict[str, str]] = mapped_column(JSON)
    buckets: Mapped[list[str]] = mapped_column(JSON)

    __table_args__ = (
        UniqueConstraint("reservation_id", "kind", name="uq_cost_entries_reservation_id"),
        Index("ix_cost_entries_at", "at", "id"),
        Index("ix_cost_entries_channel", "channel", "at"),
        Index("ix_cost_entries_video_id", "video_id", "id"),
        Index("ix_cost_entries_job_id", "job_id", "id"),
        Index("ix_cost_entries_stage", "stage", "kind", "id"),
    )


class CostReservationRow(Charged, Base):
    """Money and quota that a call holds until it is over, or until `expires_at`.

    `money` and `quota` are what it holds in which bucket, by key. `expected` is what is likely
    used of what.
    """

    __tablename__ = "cost_reservations"

    reservation_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    expected: Mapped[dict[str, str]] = mapped_column(JSON)
    money: Mapped[list[str]] = mapped_column(JSON)
    quota: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON)
    trial: Mapped[bool] = mapped_column(Boolean, default=False)

    __table_args__ = (Index("ix_cost_reservations_expires_at", "expires_at"),)


class CostBucketRow(Base):
    """What was used and is held of one budget or quota in one period; the key says which.

    `soft_told` and `hard_told` are when it was told that a limit was reached.
    """

    __tablename__ = "cost_buckets"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    spent: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    soft_told: Mapped[datetime | None] = mapped_column(Utc)
    hard_told: Mapped[datetime | None] = mapped_column(Utc)


class QuotaUseRow(Base):
    """What one call used of a quota whose window moves: forgotten once the window has passed."""

    __tablename__ = "quota_uses"

    id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=True)
    bucket: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(Utc)
    amount: Mapped[int] = mapped_column(BigInteger)
    reservation_id: Mapped[str] = mapped_column(String(40))

    __table_args__ = (
        Index("ix_quota_uses_bucket", "bucket", "at"),
        Index("ix_quota_uses_reservation_id", "reservation_id"),
    )


class PriceRow(Base):
    """A price as it was when it was first used; another price is another row.

    `rates` are what one unit of each quantity costs, as decimals in text.
    """

    __tablename__ = "cost_prices"

    id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(String(64))
    product: Mapped[str] = mapped_column(String(128))
    rates: Mapped[dict[str, str]] = mapped_column(JSON)
    currency: Mapped[str] = mapped_column(String(3))
    version: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (
        UniqueConstraint("service", "product", "digest", name="uq_cost_prices_service_product"),
    )


class BudgetRow(Audited, Base):
    """What may be spent by one subject in each period, where it differs from the settings.

    `subject` is a video, job, channel or project id; `*` of the deployment as a whole.
    """

    __tablename__ = "budgets"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    soft: Mapped[int | None] = mapped_column(BigInteger)
    hard: Mapped[int | None] = mapped_column(BigInteger)
    changed_by: Mapped[str] = mapped_column(String(200))


class BudgetUnsetRow(Base):
    """When a user last unset a budget: the settings' limits hold for its subject since."""

    __tablename__ = "budgets_unset"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    unset_at: Mapped[datetime] = mapped_column(Utc, default=now)
    unset_by: Mapped[str] = mapped_column(String(200))


class BudgetRaiseRow(Base):
    """More than a hard limit, for one day (UTC): who allowed it, and why. Only grows."""

    __tablename__ = "budget_raises"

    id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    period: Mapped[str] = mapped_column(String(8))
    day: Mapped[date] = mapped_column(Date)
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    raised_by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (Index("ix_budget_raises_day", "day", "scope", "subject", "period"),)


class BreakerRow(Base):
    """Whether a service is called: `closed` (it is), `open` (nobody calls it before `retry_at`),
    or `half_open` (one call, `trial`, tries until `trial_until`)."""

    __tablename__ = "service_breakers"

    service: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), default="closed")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    opened: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None] = mapped_column(Utc)
    trial: Mapped[str | None] = mapped_column(String(40))
    trial_until: Mapped[datetime | None] = mapped_column(Utc)
    pause_until: Mapped[datetime | None] = mapped_column(Utc)
    changed_at: Mapped[datetime] = mapped_column(Utc, default=now)


class CostEstimateRow(Base):
    """What a run was expected to cost, and where that comes from. Only grows.

    `outside` is what services were to cost, `local` this deployment's own work; `basis` says how
    each stage's came about. `low` and `high` is between what it was to come to. One with `after`
    was told again, once that stage had made `result` of it: it holds what was booked by then
    (`spent`) and what was left, told from the passages that were chosen.
    """

    __tablename__ = "cost_estimates"

    id: Mapped[int] = mapped_column(_ID, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    video_id: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(String(40))
    run_id: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(64))
    outside: Mapped[int] = mapped_column(BigInteger)
    local: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    basis: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    low: Mapped[int | None] = mapped_column(BigInteger)
    high: Mapped[int | None] = mapped_column(BigInteger)
    after: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(String(64))
    spent: Mapped[int | None] = mapped_column(BigInteger)
    passages: Mapped[int | None] = mapped_column(Integer)
    passage_s: Mapped[float | None] = mapped_column(Float)

    __table_args__ = (
        Index("uq_cost_estimates_result", "job_id", "after", "result", unique=True),
        Index("ix_cost_estimates_video_id", "video_id", "id"),
        Index("ix_cost_estimates_job_id", "job_id"),
        Index("ix_cost_estimates_at", "at"),
    )
