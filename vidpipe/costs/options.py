"""Settings of what may be spent, and where prices and quotas come from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Limit = Decimal | None


def _limit(says: str) -> _Limit:
    found: _Limit = Field(default=None, ge=0, le=10**9, description=says)
    return found


class BudgetOptions(BaseModel):
    """What each video, job, project and channel, and the whole deployment, may spend.

    A soft limit that is passed is notified of, and a hard one refuses calls before they are made.
    One that is set for a single subject goes before these.
    """

    model_config = ConfigDict(frozen=True)

    video_soft: _Limit = _limit("of one video: notified of once it is passed; empty: never")
    video_hard: _Limit = _limit("of one video: no call is made that might pass it; empty: all are")
    job_soft: _Limit = _limit("of one job, to be notified of")
    job_hard: _Limit = _limit("of one job, at most")
    project_soft: _Limit = _limit("of one project, to be notified of")
    project_hard: _Limit = _limit("of one project, at most")
    channel_day_soft: _Limit = _limit("of one channel in a day (UTC), to be notified of")
    channel_day_hard: _Limit = _limit("of one channel in a day (UTC), at most")
    channel_month_soft: _Limit = _limit("of one channel in a month (UTC), to be notified of")
    channel_month_hard: _Limit = _limit("of one channel in a month (UTC), at most")
    day_soft: _Limit = _limit("of everything in a day (UTC), to be notified of")
    day_hard: _Limit = _limit("of everything in a day (UTC), at most")
    month_soft: _Limit = _limit("of everything in a month (UTC), to be notified of")
    month_hard: _Limit = _limit("of everything in a month (UTC), at most")

    @model_validator(mode="after")
    def _soft_first(self) -> Self:
        for name in type(self).model_fields:
            if name.endswith("_soft"):
                soft, hard = getattr(self, name), getattr(self, name.replace("_soft", "_hard"))
                if soft is not None and hard is not None and soft > hard:
                    raise ValueError(f"{name}: it is above the hard limit, and would never be met")
        return self


class CostOptions(BaseModel):
    """Where prices and quotas come from, and how long a call waits for its turn."""

    model_config = ConfigDict(frozen=True)

    currency: str = Field(
        default="USD",
        pattern=r"^[A-Z]{3}$",
        description="ISO 4217 code of the currency that prices and budgets are in",
    )
    prices_file: Path | None = Field(
        default=None,
        description="YAML file with prices that go before the ones that vidpipe brings",
    )
    services_file: Path | None = Field(
        default=None,
        description="YAML file with the quotas of services, and the hosts that they are known by",
    )
    max_wait_s: float = Field(
        default=60.0,
        ge=0,
        le=600,
        description="seconds that a call waits for its turn where a service limits its rate, or "
        "other calls hold what is left of a budget; then it is tried again later",
    )
    breaker_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="failures in a row after which nobody calls a service for a while",
    )
    breaker_first_s: float = Field(
        default=15.0,
        gt=0,
        le=3600,
        description="seconds until one call tries a service again that failed; doubles each time",
    )
    breaker_longest_s: float = Field(
        default=600.0, gt=0, le=86400, description="seconds that this takes at most"
    )
