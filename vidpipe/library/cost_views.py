"""What the library answers of costs, budgets and services: read models."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from vidpipe.costs.budgets import BudgetScope, Period
from vidpipe.library.views import LibraryView, PastEstimate


class CostGroup(LibraryView):
    """What entries of the ledger come to that have the same of something."""

    of: str | None = Field(description="what they share; none: entries without any")
    outside: Decimal = Field(description="that services cost")
    local: Decimal = Field(description="this deployment's own work")
    total: Decimal
    estimate: Decimal = Field(description="that was expected of the same calls before them")
    calls: int = Field(description="of services, failed ones too")
    failed: int = Field(description="calls without an answer")
    cached: int = Field(description="answers of before, which cost nothing")


class CostForecast(LibraryView):
    """What the month will come to, if its days go on like the last seven."""

    month: str
    spent: Decimal = Field(description="until now, of services")
    per_day: Decimal = Field(description="of services, over the last seven days")
    forecast: Decimal


class CostReport(LibraryView):
    """What was spent, over some days."""

    first: date
    last: date
    by: str
    currency: str
    outside: Decimal
    local: Decimal
    total: Decimal
    groups: tuple[CostGroup, ...] = Field(description="of days in their order, else largest first")
    forecast: CostForecast


class CostEntryView(LibraryView):
    """One line of the ledger."""

    id: int
    at: datetime
    kind: Literal["call", "cached", "local", "correction"]
    outcome: str = Field(description="done, failed, assumed, expired or cached")
    service: str
    product: str
    amount: Decimal = Field(description="booked; a correction may be below 0")
    estimate: Decimal = Field(description="expected before")
    reserved: Decimal = Field(description="held at most")
    currency: str
    quantities: dict[str, str] = Field(description="what was used of what, decimals as text")
    price_id: int | None = Field(description="of the price that it was booked by")
    channel: str
    stage: str
    video_id: str | None
    project_id: str | None
    job_id: str | None
    run_id: str | None
    attempt: int


class StageEstimate(LibraryView):
    """What making one stage is expected to cost."""

    stage: str
    outside: Decimal
    local: Decimal
    basis: str = Field(description="where that comes from")
    samples: int = Field(description="recordings that it rests on")


class CostEstimateView(LibraryView):
    """What a run of a video is expected to cost, and where that comes from."""

    video_id: str
    currency: str
    outside: Decimal = Field(description="that services will cost")
    local: Decimal = Field(description="this deployment's own work")
    total: Decimal
    low: Decimal | None = Field(
        default=None,
        description="what it may come to: as far off as recordings that are known would have been "
        "estimated by the others; none while too few are",
    )
    high: Decimal | None = Field(default=None, description="the same, at most")
    stages: tuple[StageEstimate, ...] = Field(description="that it would have to make")


class VideoCosts(LibraryView):
    """What a video cost until now."""

    video_id: str
    currency: str
    outside: Decimal
    local: Decimal
    total: Decimal
    stages: tuple[CostGroup, ...] = Field(description="the dearest first")
    used: dict[str, dict[str, str]] = Field(description="quantities, by service/product")
    estimates: tuple[PastEstimate, ...] = Field(description="the newest first")


class BudgetView(LibraryView):
    """What may be spent by one subject in the period that goes on, and what is."""

    scope: BudgetScope
    subject: str = Field(description="an id or a name; * of everything")
    period: Period
    currency: str
    soft: Decimal | None = Field(description="whoever passes it is notified")
    hard: Decimal | None = Field(description="no call is made that might pass it; today's raises")
    raised: Decimal = Field(description="of the hard limit what is allowed today alone")
    spent: Decimal
    reserved: Decimal = Field(description="held for calls that go on")
    left: Decimal | None = Field(description="none: there is no hard limit")
    until: datetime | None = Field(description="when the period ends; none: never")


class QuotaView(LibraryView):
    """What a service allows, and how much of it is used."""

    what: str
    product: str | None
    most: int
    used: int
    window_s: float | None
    until: datetime | None = Field(description="when there is more, of a calendar period")


class ServiceView(LibraryView):
    """An outside service: whether it is called, and what it allows."""

    service: str
    state: Literal["closed", "open", "half_open"] = Field(
        description="closed: it is called; open: nobody does before `retry_at`; half_open: one "
        "call tries"
    )
    failures: int = Field(description="in a row")
    retry_at: datetime | None
    quotas: tuple[QuotaView, ...]
