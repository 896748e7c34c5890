"""Prices as data, with a date and a source each: what has none is refused."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vidpipe.costs.language_models import language_model
from vidpipe.costs.money import nanos
from vidpipe.errors import Misconfigured
from vidpipe.spending import LOCAL, Purchase, Quantities, Rate


class UnknownPrice(Misconfigured):
    """What a call costs is not known, so that it is not made."""

    def __init__(self, purchase: Purchase) -> None:
        super().__init__(
            f"the price of {purchase.service}/{purchase.product} is not known, and nothing is "
            "called of which it is not. Say it in the settings of the service (0 where it is "
            "free), or in a file that VIDPIPE_COSTS__PRICES_FILE names"
        )


def rate(text: object) -> Rate:
    """`0.006 / 60` is 0.006 for 60 units; one number alone is for one unit.

    Raises:
        ValueError: it is no such thing.
    """
    price, _, per = str(text).partition("/")
    try:
        found = Decimal(price.strip()), int(per.replace("_", "").strip() or 1)
    except (InvalidOperation, ValueError) as error:
        raise ValueError(f"{text!r} is no price: write it as 0.006 / 60") from error
    if not found[0].is_finite() or found[0] < 0 or found[1] < 1:
        raise ValueError(f"{text!r} is no price: it is below 0, or for less than one unit")
    return found


def written(one: Rate) -> str:
    """A rate as it is written down."""
    return f"{one[0]:f}/{one[1]}"


@dataclass(frozen=True)
class Price:
    """What using something costs.

    Attributes:
        service: of whom.
        product: which model or function.
        rates: price of each quantity, for so many of it.
        least: quantities below which nothing is billed less.
        exact: what certain quantities cost, where rates are no more than the highest.
        currency: of the rates.
        version: of the list that it stands in.
        source: where that has it from.
    """

    service: str
    product: str
    rates: Mapping[str, Rate]
    currency: str
    version: str
    source: str
    least: Mapping[str, int] | None = None
    exact: Callable[[Quantities], Decimal] | None = None

    def cost(self, used: Quantities, *, up: bool = False) -> int:
        """Nanos that these quantities cost.

        Args:
            used: of what how much; what has no rate is part of something that has.
            up: rounded up, for what is reserved.
        """
        if self.exact is not None and not up:
            return nanos(self.exact(used))
        total = Decimal(0)
        for name, (price, per) in self.rates.items():
            amount = Decimal(used.get(name, 0))
            if amount > 0 and self.least and name in self.least:
                amount = max(amount, Decimal(self.least[name]))
            total += max(Decimal(0), amount) * price / per
        return nanos(total, up=up)

    @cached_property
    def digest(self) -> str:
        """Tells it from what the same cost before."""
        said = {"rates": self.written, "currency": self.currency, "least": self.least or {}}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def written(self) -> dict[str, str]:
        return {name: written(one) for name, one in sorted(self.rates.items())}


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str = Field(min_length=1, max_length=64)
    product: str = Field(min_length=1, max_length=128)
    rates: dict[str, str | int | float | Decimal] = Field(min_length=1)
    least: dict[str, int] = {}
    date: datetime.date
    source: str = Field(min_length=1)

    @field_validator("rates")
    @classmethod
    def _read(cls, given: dict[str, Any]) -> dict[str, Any]:
        for text in given.values():
            rate(text)
        return given


class _PriceFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    prices: tuple[_Listed, ...]


class PriceList:
    """The prices of this deployment: its own file, then those that vidpipe brings, then those of
    language models (extra `api`).

    Args:
        file: its own; None: it has none.
        currency: of all of them.

    Raises:
        Misconfigured: the file cannot be read, or is in another currency.
    """

    def __init__(self, file: Path | None = None, currency: str = "USD") -> None:
        self.currency = currency
        carried = files("vidpipe.costs").joinpath("data/prices.yaml").read_text("utf-8")
        texts: list[tuple[str, str, str]] = []
        if file is not None:
            try:
                texts.append((str(file), file.read_text("utf-8"), file.name))
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(f"VIDPIPE_COSTS__PRICES_FILE: {file}: {error}") from error
        texts.append(("the prices that vidpipe brings", carried, "vidpipe"))
        self._known: dict[tuple[str, str], Price] = {}
        for where, text, name in texts:
            for price in _read(where, text, name, currency, own=name != "vidpipe"):
                self._known.setdefault((price.service, price.product), price)

    @property
    def listed(self) -> Sequence[Price]:
        """All that stand in files."""
        return tuple(self._known[key] for key in sorted(self._known))

    def price(self, purchase: Purchase) -> Price:
        """What a call costs: as settings say it, as files do, else as the tables of language
        models do. Work of this deployment itself costs nothing where no file says it.

        Raises:
            UnknownPrice: nobody knows.
        """
        if purchase.stated is not None:
            return Price(
                purchase.service,
                purchase.product,
                dict(purchase.stated),
                self.currency,
                "settings",
                "settings",
            )
        for product in (purchase.product, "*"):
            found = self._known.get((purchase.service, product))
            if found is not None:
                return found
        known = language_model(purchase) if self.currency == "USD" else None
        if known is None and purchase.service == LOCAL:
            # Nobody bills it: it is metered all the same, for as long as nobody says what it costs.
            version, source = "none", "no price in this currency"
            return Price(purchase.service, purchase.product, {}, self.currency, version, source)
        if known is None:
            raise UnknownPrice(purchase)
        return Price(
            purchase.service,
            purchase.product,
            known.rates,
            "USD",
            known.version,
            known.source,
            exact=known.exact,
        )


@lru_cache(maxsize=8)
def _parsed(text: str) -> _PriceFile:
    """What a list says: each engine of a process asks for the same ones."""
    return _PriceFile.model_validate(yaml.safe_load(text))


def _read(where: str, text: str, name: str, currency: str, *, own: bool) -> list[Price]:
    try:
        found = _parsed(text)
    except (yaml.YAMLError, ValidationError) as error:
        raise Misconfigured(f"{where}: {_first(error)}") from error
    if found.currency != currency:
        if not own:
            # Of another currency only what this deployment says itself is known.
            return []
        raise Misconfigured(
            f"{where} is in {found.currency}, and VIDPIPE_COSTS__CURRENCY in {currency}: one "
            "deployment has one currency"
        )
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return [
        Price(
            item.service,
            item.product,
            {key: rate(value) for key, value in item.rates.items()},
            found.currency,
            f"{name[:40]} {item.date.isoformat()} {digest}",
            item.source,
            dict(item.least) or None,
        )
        for item in found.prices
    ]


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return str(error).splitlines()[0]
