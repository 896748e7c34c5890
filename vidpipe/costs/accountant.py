"""Who pays for calls: holds money and quota before each, and books what it cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from vidpipe.catalog.breakers import BreakerRules, Breakers
from vidpipe.catalog.cost_tables import CostEntryRow, CostReservationRow, PriceRow
from vidpipe.catalog.costs import CostRows
from vidpipe.catalog.database import Database
from vidpipe.catalog.estimates import EstimateRows
from vidpipe.catalog.ledger import CallEnding, Ledger, Refusal, fresh_id
from vidpipe.catalog.shared_costs import SharedRows
from vidpipe.catalog.tables import now
from vidpipe.costs.budgets import Budgets, BudgetScope
from vidpipe.costs.money import nanos, shown
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.costs.prices import Price, PriceList
from vidpipe.costs.services import Services
from vidpipe.errors import BudgetExceeded, QuotaExhausted, Unavailable, VidpipeError
from vidpipe.observability import events
from vidpipe.spending import LOCAL, CallOutcome, Purchase, Quantities
from vidpipe.stuck import silent

#: Seconds that a reservation outlasts the longest that its call may take.
_GRACE_S = 60.0
#: What an attempt is waited for at a time, so that a raised limit is soon noticed.
_LONGEST_NAP_S = 5.0
_WORK = "work"


@dataclass(frozen=True)
class Account:
    """For whom something is paid: what the ledger keeps of it."""

    channel: str
    stage: str = ""
    video_id: str | None = None
    project_id: str | None = None
    job_id: str | None = None
    run_id: str | None = None

    def subjects(self, service: str) -> dict[BudgetScope, str | None]:
        """Whose budgets it is."""
        return {
            BudgetScope.VIDEO: self.video_id,
            BudgetScope.JOB: self.job_id,
            BudgetScope.PROJECT: self.project_id,
            BudgetScope.CHANNEL: self.channel,
            BudgetScope.SERVICE: service,
            BudgetScope.DEPLOYMENT: None,
        }


class Accountant:
    """The money of a deployment: prices, budgets, quotas, and the ledger of what was spent.

    Args:
        database: where all of it is kept.
        costs: where prices and quotas come from.
        budgets: what may be spent where nothing else is set.
        clock: says which moment it is.
        sleep: waits for a turn.
    """

    def __init__(
        self,
        database: Database,
        costs: CostOptions | None = None,
        budgets: BudgetOptions | None = None,
        *,
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options = costs or CostOptions()
        self.clock = clock
        self.sleep = sleep
        self.database = database
        self.ledger = Ledger(database)
        self.rows = CostRows(database)
        self.estimates = EstimateRows(database)
        self.shared = SharedRows(database)
        self.breakers = Breakers(database)
        self.prices = PriceList(self.options.prices_file, self.options.currency)
        self.services = Services(self.options.services_file)
        self.budgets = Budgets(self.rows, budgets or BudgetOptions(), self.options.currency)
        self.rules = BreakerRules(
            self.options.breaker_failures,
            self.options.breaker_first_s,
            self.options.breaker_longest_s,
        )
        self._written: dict[tuple[str, str, str], int] = {}

    def purse(self, account: Account, *, max_wait_s: float | None = None) -> Purse:
        """Pays for what is called for somebody.

        Args:
            account: whose budgets it is.
            max_wait_s: seconds that a call waits for its turn; None: as settings say.
        """
        return Purse(self, account, max_wait_s)

    def expire(self) -> int:
        """Book what nobody settled in time, as it was expected; how many calls."""
        total = 0
        while ended := self.ledger.expire(self.clock()):
            total += ended
        return total

    def price_id(self, price: Price) -> int:
        """The number of the row of a price; another price than before is another row."""
        key = (price.service, price.product, price.digest)
        found = self._written.get(key)
        if found is None:
            row = PriceRow(
                service=price.service,
                product=price.product,
                rates=price.written,
                currency=price.currency,
                version=price.version[:80],
                source=price.source,
                digest=price.digest,
                at=self.clock(),
            )
            found = self._written[key] = self.ledger.price(row)
        return found

    def cost(self, purchase: Purchase) -> tuple[int, int]:
        """What a call is expected to cost, and what it may cost at most, in nanos.

        Raises:
            UnknownPrice: its price is not known.
        """
        purchase = replace(purchase, service=self.services.named(purchase.service))
        price = self.prices.price(purchase)
        most = price.cost(purchase.most, up=True)
        return min(price.cost(purchase.likely), most), most

    def refused(self, refusal: Refusal) -> VidpipeError:
        """A refusal as an error, with what can be done."""
        if refusal.kind == "held":
            return self._held(refusal)
        if refusal.kind == "budget":
            currency = self.options.currency
            used = shown(refusal.spent, currency)
            held = f", {shown(refusal.reserved, currency)} are held" if refusal.reserved else ""
            when = (
                f"goes on by itself at {refusal.until:%Y-%m-%d %H:%M} UTC, or when it is raised"
                if refusal.until is not None
                else "goes on when it is raised"
            )
            return BudgetExceeded(
                f"{refusal.name} allows no more: {used} are spent{held}. It {when}: "
                "`vidpipe budgets raise`",
                key=refusal.key,
                until=refusal.until,
            )
        if refusal.kind == "quota":
            until = f"{refusal.until:%Y-%m-%d %H:%M} UTC" if refusal.until else "later"
            return QuotaExhausted(
                f"{refusal.name}, and {refusal.spent} are used: it goes on by itself at {until}",
                key=refusal.key,
                until=refusal.until,
            )
        return Unavailable(refusal.name, retry_after_s=refusal.wait_s)

    def _held(self, refusal: Refusal) -> BudgetExceeded:
        """Of a budget that is not used up: other calls hold what is left of it, for a while."""
        currency = self.options.currency
        used, held = shown(refusal.spent, currency), shown(refusal.reserved, currency)
        until = refusal.until or self.clock() + timedelta(seconds=_GRACE_S)
        return BudgetExceeded(
            f"{refusal.name} has no room just now: {used} are spent, {held} are held by calls "
            f"that go on. It goes on by itself at {until:%Y-%m-%d %H:%M:%S} UTC, or when it is "
            "raised: `vidpipe budgets raise`",
            key=refusal.key,
            until=until,
        )


class Purse:
    """Pays for the calls of one account; for several threads."""

    def __init__(
        self, accountant: Accountant, account: Account, max_wait_s: float | None = None
    ) -> None:
        self.accountant = accountant
        self.account = account
        own = accountant.options.max_wait_s
        self._max_wait_s = own if max_wait_s is None else max_wait_s
        self._lock = threading.Lock()
        self._attempts: count[int] | None = None
        self._worked: dict[str, Decimal] = {}

    def reserve(self, purchase: Purchase) -> Held:
        """Hold money and quota for one try of a call; waits for its turn, up to a minute.

        Raises:
            BudgetExceeded: it might pass the hard limit of a budget.
            QuotaExhausted: the service allows no more in this period.
            Unavailable: the service is out of order, or called too often just now.
            UnknownPrice: what it costs is not known.
        """
        own = self.accountant
        purchase = replace(purchase, service=own.services.named(purchase.service))
        price = own.prices.price(purchase)
        most = price.cost(purchase.most, up=True)
        expected = min(price.cost(purchase.likely), most)
        price_id = own.price_id(price)
        left_s, attempt = self._max_wait_s, None
        while True:
            with own.database.together():
                attempt = attempt or self._attempt()
                row = self._row(purchase, price, expected, most, price_id, attempt)
                holds = own.budgets.holds(self.account.subjects(purchase.service), row.at)
            quota = own.services.holds(purchase, row.at)
            refusal = own.ledger.reserve(row, holds, quota)
            if refusal is None:
                return Held(self, row.reservation_id, purchase, price)
            wait_s = refusal.wait_s or 0.0
            if refusal.kind not in ("rate", "held") or wait_s > left_s:
                events.warning("call_reserve_refused", kind=refusal.kind, of=refusal.key)
                raise own.refused(refusal)
            nap_s = min(wait_s, _LONGEST_NAP_S)
            left_s -= nap_s
            with silent(nap_s + _GRACE_S):
                own.sleep(nap_s)

    def cached(self, purchase: Purchase) -> None:
        """An earlier answer was found: an entry of nothing says so."""
        own = self.accountant
        service = own.services.named(purchase.service)
        own.ledger.write(
            [self._entry("cached", CallOutcome.CACHED, service, purchase.product, 0, {})]
        )

    def local(self, used: Quantities) -> None:
        """Add to what `close` books of this deployment's own work."""
        with self._lock:
            for name, amount in used.items():
                self._worked[name] = self._worked.get(name, Decimal(0)) + Decimal(amount)

    def close(self, *, done: bool, estimate: int = 0) -> int:
        """Book the work of this deployment itself; what it cost, in nanos.

        Args:
            done: whether it made what it was to make.
            estimate: what was expected, in nanos.
        """
        with self._lock:
            worked, self._worked = self._worked, {}
        if not any(worked.values()):
            return 0
        own = self.accountant
        price = own.prices.price(Purchase(LOCAL, _WORK, worked))
        amount = price.cost(worked)
        used = {name: _text(n) for name, n in sorted(worked.items())}
        outcome = CallOutcome.DONE if done else CallOutcome.FAILED
        entry = self._entry("local", outcome, LOCAL, _WORK, amount, used)
        entry.estimate, entry.price_id = estimate, own.price_id(price)
        own.ledger.write([entry])
        return amount

    def _attempt(self) -> int:
        with self._lock:
            if self._attempts is None:
                account = self.account
                before = self.accountant.ledger.attempts(
                    account.job_id, account.video_id, account.stage
                )
                self._attempts = count(before + 1)
            return next(self._attempts)

    def _row(
        self,
        purchase: Purchase,
        price: Price,
        expected: int,
        most: int,
        price_id: int,
        attempt: int,
    ) -> CostReservationRow:
        at = self.accountant.clock()
        return CostReservationRow(
            reservation_id=fresh_id("call"),
            at=at,
            expires_at=at + timedelta(seconds=purchase.timeout_s + _GRACE_S),
            expected={name: _text(Decimal(n)) for name, n in purchase.likely.items()},
            service=purchase.service,
            product=purchase.product[:128],
            estimate=expected,
            reserved=most,
            currency=price.currency,
            price_id=price_id,
            attempt=attempt,
            trial=False,
            **self._whose(),
        )

    def _entry(
        self,
        kind: str,
        outcome: CallOutcome,
        service: str,
        product: str,
        amount: int,
        used: Mapping[str, str],
    ) -> CostEntryRow:
        return CostEntryRow(
            at=self.accountant.clock(),
            kind=kind,
            outcome=outcome.value,
            reservation_id=fresh_id(kind),
            service=service,
            product=product[:128],
            estimate=0,
            reserved=0,
            amount=amount,
            currency=self.accountant.options.currency,
            quantities=dict(used),
            buckets=[],
            attempt=1,
            **self._whose(),
        )

    def _whose(self) -> dict[str, str | None]:
        account = self.account
        return {
            "video_id": account.video_id,
            "stage": account.stage,
            "channel": account.channel,
            "project_id": account.project_id,
            "job_id": account.job_id,
            "run_id": account.run_id,
        }


class Held:
    """What is held for one try of a call."""

    def __init__(self, purse: Purse, reservation_id: str, purchase: Purchase, price: Price) -> None:
        self.purse = purse
        self.reservation_id = reservation_id
        self.purchase = purchase
        self.price = price

    def settle(self, used: Quantities, *, cost: Decimal | None = None) -> None:
        """Book what the service says that it used, or what it says that this costs."""
        amount = nanos(cost) if cost is not None else self.price.cost(used)
        self._end(CallEnding(CallOutcome.DONE, amount, _texts(used), works=True))

    def fail(
        self,
        used: Quantities | None,
        *,
        away: bool,
        retry_after_s: float | None = None,
        slow_down: bool = False,
    ) -> None:
        """Book what a call without an answer costs: what the service says, else what was
        expected."""
        works = False if away else None if used is None else True
        pause_s = retry_after_s if slow_down or away else None
        if used is None:
            ending = CallEnding(CallOutcome.ASSUMED, None, None, works, pause_s)
        else:
            ending = CallEnding(
                CallOutcome.FAILED, self.price.cost(used), _texts(used), works, pause_s
            )
        self._end(ending)

    def _end(self, ending: CallEnding) -> None:
        own = self.purse.accountant
        own.ledger.settle(self.reservation_id, ending, own.rules, own.clock())


def _texts(used: Quantities) -> dict[str, str]:
    return {name: _text(Decimal(amount)) for name, amount in sorted(used.items())}


def _text(amount: Decimal) -> str:
    """A quantity to a thousandth, without zeros at the end."""
    return f"{amount.quantize(Decimal('0.001')).normalize():f}"
