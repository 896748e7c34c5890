"""What may be spent and what is used up: budgets, quotas and services, as metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from vidpipe.catalog.breakers import CLOSED
from vidpipe.costs.accountant import Accountant
from vidpipe.costs.budgets import Budget, BudgetScope
from vidpipe.costs.money import units
from vidpipe.errors import VidpipeError
from vidpipe.observability.metrics.catalog import KEPT_S, PREFIX

_WAITS_FOR = ("budget", "quota")


@dataclass(frozen=True)
class _Quota:
    """Of a calendar period: whose it is, of what, how much is used and how much there is."""

    service: str
    product: str
    what: str
    used: int
    limit: int


@dataclass(frozen=True)
class _Stand:
    """One look at the ledger."""

    budgets: list[Budget]
    quotas: list[_Quota]
    services: dict[str, bool]
    unpaid: dict[tuple[str, str], int]


class MoneyCollector(Collector):
    """Where budgets of channels, services and the deployment stand, and quotas of services.

    Budgets of one video, job or project are not among them: there are as many as there are
    videos. What waits for one of these is counted.

    Args:
        accountant: opens what is read.
        channels: names of the channels that there are.
        kept_s: seconds for which what was read is given again.
    """

    def __init__(
        self,
        accountant: Callable[[], Accountant],
        channels: Collection[str],
        *,
        kept_s: float = KEPT_S,
    ) -> None:
        self._accountant = accountant
        self._channels = sorted(channels)
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._last: _Stand | None = None
        self._until_s = 0.0

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry that is being filled asks no database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every figure; none of a catalog that is away, which another one says."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                try:
                    self._last = self._read()
                except VidpipeError:
                    self._last = None
                self._until_s = time.monotonic() + self._kept_s
            found = self._last
        if found is not None:
            yield from self._budgets(found.budgets)
            yield from self._others(found)

    def _read(self) -> _Stand:
        own = self._accountant()
        at = own.clock()
        with own.database.together():
            subjects: list[dict[BudgetScope, str | None]] = [{BudgetScope.DEPLOYMENT: None}]
            subjects += [{BudgetScope.CHANNEL: name} for name in self._channels]
            subjects += [{BudgetScope.SERVICE: name} for name in own.services.known]
            return _Stand(
                [budget for of in subjects for budget in own.budgets.of(of, at)],
                _quotas(own),
                {row.service: row.state == CLOSED for row in own.breakers.all()},
                own.rows.unpaid(at),
            )

    def _budgets(self, budgets: Collection[Budget]) -> Iterator[Metric]:
        labels = ("scope", "subject", "period")
        spent = _family("budget_spent", f"Booked in the budget of this period, {_MONEY}.", *labels)
        held = _family("budget_reserved", f"Held by calls that go on, {_MONEY}.", *labels)
        limit = _family(
            "budget_limit",
            f"What may be spent, with raises of today, {_MONEY}; none where there is no limit.",
            *(*labels, "limit"),
        )
        for one in budgets:
            of = [str(one.scope), one.subject, str(one.period)]
            if one.scope is BudgetScope.SERVICE and one.soft is None and one.hard is None:
                continue
            spent.add_metric(of, float(units(one.spent)))
            held.add_metric(of, float(units(one.reserved)))
            for name, amount in (("soft", one.soft), ("hard", one.hard)):
                if amount is not None:
                    limit.add_metric([*of, name], float(units(amount)))
        yield from (spent, held, limit)

    def _others(self, found: _Stand) -> Iterator[Metric]:
        labels = ("service", "product", "what")
        used = _family("quota_used", "Used and held of a quota of this day or month.", *labels)
        limit = _family("quota_limit", "What a service allows in this day or month.", *labels)
        for quota in found.quotas:
            used.add_metric([quota.service, quota.product, quota.what], quota.used)
            limit.add_metric([quota.service, quota.product, quota.what], quota.limit)
        services = _family(
            "service_available",
            "Whether an outside service is called; 0: it failed again and again, and is left "
            "alone. Services that never failed are not there.",
            "service",
        )
        for name, available in sorted(found.services.items()):
            services.add_metric([name], float(available))
        unpaid = _family(
            "queue_unpaid",
            "Requests for runs, and posts, that wait for a budget or a quota.",
            *("channel", "of"),
        )
        for channel in sorted({*self._channels, *(channel for channel, _ in found.unpaid)}):
            for kind in _WAITS_FOR:
                unpaid.add_metric([channel, kind], found.unpaid.get((channel, kind), 0))
        yield from (used, limit, services, unpaid)


_MONEY = "in the currency of the ledger"


def _quotas(own: Accountant) -> list[_Quota]:
    """Quotas of calendar periods, those that a project of a service has by itself, too."""
    at = own.clock()
    found: dict[str, _Quota] = {}
    for service, quota, hold in own.services.all(at):
        if quota.per is None:
            continue
        product = quota.product or "*"
        head, tail = f"quota/{service}", hold.key.removeprefix(f"quota/{service}")
        seen = {hold.key: 0}
        for key, spent, reserved in own.rows.subjects(f"{head}/", tail):
            seen[key] = spent + reserved
        for key, used in seen.items():
            whose = key.removeprefix("quota/").removesuffix(tail)
            limit = own.services.limit(whose, quota)
            found[key] = _Quota(whose, product, quota.what, used, limit)
    return [found[key] for key in sorted(found)]


def _family(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, says, labels=labels)
