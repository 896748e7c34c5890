"""Outside services as data: which host is whose, and what each allows in a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vidpipe.catalog.ledger import QuotaHold
from vidpipe.errors import Misconfigured
from vidpipe.spending import AUDIO_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, REQUESTS, Purchase


class Quota(BaseModel):
    """What a service allows: of what, how much, in which time.

    Attributes:
        what: a quantity of calls; `requests`: calls; `tokens`: those read and written together;
            `calls`: calls at the same time.
        most: how much of it.
        window_s: in any so many seconds.
        per: in a calendar period.
        zone: where that begins.
        product: only of this; None: of all that the service has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = Field(min_length=1, max_length=40)
    most: int = Field(gt=0)
    window_s: float | None = Field(default=None, gt=0, le=86400 * 31)
    per: Literal["day", "month"] | None = None
    zone: str = "UTC"
    product: str | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"{given!r} is no time zone, such as America/Los_Angeles") from error
        return given

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if self.window_s is not None and self.per is not None:
            raise ValueError("window_s or per, not both")
        if self.window_s is None and self.per is None and self.what != "calls":
            raise ValueError("window_s or per: in which time? Of calls at once `what` is calls")
        return self

    def period(self, at: datetime) -> tuple[str, datetime]:
        """The period that a moment is in, by the name of its first day, and when it ends."""
        zone = ZoneInfo(self.zone)
        day = at.astimezone(zone).date()
        if self.per == "month":
            first = day.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
        else:
            first, after = day, day + timedelta(days=1)
        return first.isoformat(), datetime.combine(after, time.min, zone).astimezone(UTC)


class Service(BaseModel):
    """An outside service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = ()
    quotas: tuple[Quota, ...] = ()


class _ServiceFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    services: dict[str, Service]


class Services:
    """Those that are known, and any other by its host.

    Args:
        file: of this deployment; None: it has none.

    Raises:
        Misconfigured: the file cannot be read.
    """

    def __init__(self, file: Path | None = None) -> None:
        carried = files("vidpipe.costs").joinpath("data/services.yaml").read_text("utf-8")
        self.known: dict[str, Service] = dict(_read("services", carried))
        if file is not None:
            try:
                text = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(f"VIDPIPE_COSTS__SERVICES_FILE: {file}: {error}") from error
            self.known.update(_read(str(file), text))
        self._hosts = {host: name for name, own in self.known.items() for host in own.hosts}

    def named(self, service: str) -> str:
        """What a service is called: by its host where that is known."""
        return self._hosts.get(service.partition(":")[0], service)

    def holds(self, purchase: Purchase, at: datetime) -> list[QuotaHold]:
        """What a call holds of the quotas of its service, each project of it by itself.

        A service of the name `youtube/main` says what the project `main` has in place of those.

        Raises:
            Misconfigured: it is more than the service allows at all.
        """
        found = []
        whose = f"{purchase.service}/{purchase.project}" if purchase.project else purchase.service
        own = self.known.get(whose) or self.known.get(purchase.service) or Service()
        for quota in own.quotas:
            amount = _asked(quota.what, purchase)
            if not amount or quota.product not in (None, purchase.product):
                continue
            if amount > quota.most:
                raise Misconfigured(
                    f"one call of {purchase.service} would use {amount} {quota.what}, and "
                    f"{quota.most} is all that its quota allows"
                )
            found.append(self._hold(whose, quota, amount, at))
        return found

    def all(self, at: datetime) -> list[tuple[str, Quota, QuotaHold]]:
        """Every quota there is, as one use of it would be held."""
        return [
            (name, quota, self._hold(name, quota, 1, at))
            for name, own in sorted(self.known.items())
            for quota in own.quotas
        ]

    def limit(self, whose: str, quota: Quota) -> int:
        """How much of a quota a service, or a project of its, has: its own where it says so."""
        own = self.known.get(whose)
        same = (quota.what, quota.product, quota.window_s, quota.per)
        for one in own.quotas if own is not None else ():
            if (one.what, one.product, one.window_s, one.per) == same:
                return one.most
        return quota.most

    def _hold(self, service: str, quota: Quota, amount: int, at: datetime) -> QuotaHold:
        key = f"quota/{service}/{quota.product or '*'}/{quota.what}"
        until = None
        if quota.per is not None:
            first, until = quota.period(at)
            key, span = f"{key}/{quota.per}/{first}", f"a {quota.per}"
        elif quota.window_s is not None:
            key, span = f"{key}/{quota.window_s:g}s", f"{quota.window_s:g} s"
        else:
            span = "at once"
        name = f"{service} allows {quota.most} {quota.what} {'' if span == 'at once' else 'in '}"
        return QuotaHold(
            key, f"{name}{span}", quota.what, amount, quota.most, quota.window_s, until
        )


def _asked(what: str, purchase: Purchase) -> int:
    """How much of a quota a call may use."""
    if what in (REQUESTS, "calls"):
        return 1
    most = purchase.most
    if what == "tokens":
        counted = (INPUT_TOKENS, AUDIO_TOKENS, OUTPUT_TOKENS)
        return sum(_whole(most.get(name, 0)) for name in counted)
    return _whole(most.get(what, 0))


def _whole(amount: Decimal | int) -> int:
    return int(Decimal(amount).to_integral_value(rounding="ROUND_CEILING"))


@lru_cache(maxsize=8)
def _parsed(text: str) -> _ServiceFile:
    """What a list says: each engine of a process asks for the same ones."""
    return _ServiceFile.model_validate(yaml.safe_load(text))


def _read(where: str, text: str) -> Mapping[str, Service]:
    try:
        return _parsed(text).services
    except ValidationError as error:
        one = error.errors()[0]
        raise Misconfigured(f"{where}: {'.'.join(map(str, one['loc']))}: {one['msg']}") from error
    except yaml.YAMLError as error:
        raise Misconfigured(f"{where}: {str(error).splitlines()[0]}") from error
