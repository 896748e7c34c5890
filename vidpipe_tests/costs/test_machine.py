"""Any order of calls, crashes, clocks and changes: nothing is over a hard limit, nothing leaks."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import func, select

from vidpipe.catalog.cost_tables import (
    BudgetRaiseRow,
    CostBucketRow,
    CostEntryRow,
    CostReservationRow,
)
from vidpipe.catalog.costs import Limits
from vidpipe.costs import NANOS
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.errors import MustWait, Unavailable
from vidpipe.spending import Purchase

VIDEOS = ("default--a", "default--b")


def purchase(units, rate):
    most = {"images": units, "requests": 1}
    return Purchase("shop", "thing", most, stated={"images": (rate, 1)}, timeout_s=30)


class Money(RuleBasedStateMachine):
    """Over one database; each example has budgets of its own, by their names."""

    database = clock = numbers = None
    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.prefix = f"e{next(self.numbers)}"
        self.clock.at = datetime(2026, 11, 27, 12, tzinfo=UTC)
        self.hard = {"channel": 20 * NANOS, "video": 12 * NANOS}
        self.raised = {}
        self.own = Accountant(
            self.database,
            CostOptions(max_wait_s=0, breaker_failures=1000),
            BudgetOptions(channel_day_hard=Decimal(20), video_hard=Decimal(12)),
            clock=self.clock,
            sleep=self.clock.on,
        )
        self.rate = Decimal(1)
        #: What the shop would put on its invoice, by reservation.
        self.invoice = {}

    def purse(self, video):
        return self.own.purse(
            Account(channel=self.prefix, video_id=f"{self.prefix}{video}", stage="s")
        )

    @rule(target=held, video=st.sampled_from(VIDEOS), units=st.integers(1, 8))
    def reserve(self, video, units):
        try:
            return self.purse(video).reserve(purchase(units, self.rate))
        except MustWait:
            return None

    @rule(
        target=held,
        asks=st.lists(
            st.tuples(st.sampled_from(VIDEOS), st.integers(1, 8)), min_size=3, max_size=4
        ),
    )
    def reserve_at_once(self, asks):
        begin = threading.Barrier(len(asks))

        def ask(one):
            begin.wait()
            try:
                return self.purse(one[0]).reserve(purchase(one[1], self.rate))
            except MustWait:
                return None

        with ThreadPoolExecutor(len(asks)) as pool:
            got = [one for one in pool.map(ask, asks) if one is not None]
        for one in got[1:]:
            self.settle(one, 1.0)
        return got[0] if got else None

    @rule(one=consumes(held), share=st.sampled_from([0.0, 0.5, 1.0]))
    def settle(self, one, share):
        if one is not None:
            used = int(one.purchase.most["images"] * share)
            one.settle({"images": used})
            self.invoice[one.reservation_id] = one.price.cost({"images": used})

    @rule(one=consumes(held), billed=st.sampled_from([None, 0, 1]))
    def fail(self, one, billed):
        if one is None:
            return
        used = None if billed is None else {"images": billed}
        one.fail(used, away=billed is None)
        if self.invoice.get(one.reservation_id) is None:
            self.invoice[one.reservation_id] = one.price.cost(
                one.purchase.most if used is None else used
            )

    @rule(one=consumes(held))
    def crash(self, one):
        """Whoever made it is gone: the shop did the work, and nobody settles."""
        if one is not None:
            self.invoice[one.reservation_id] = one.price.cost(one.purchase.most)

    @rule(seconds=st.sampled_from([-3600, -1, 1, 95, 3600, 43200]))
    def the_clock_moves(self, seconds):
        self.clock.on(seconds=seconds)

    @rule()
    def expire(self):
        self.own.expire()

    @rule(rate=st.sampled_from(["0.5", "1", "2", "0.000000001"]))
    def the_price_changes(self, rate):
        self.rate = Decimal(rate)

    @rule(amount=st.integers(1, 5))
    def raised_for_today(self, amount):
        day = self.clock.at.date()
        row = BudgetRaiseRow(
            scope="channel", subject=self.prefix, period="day", day=day,
            amount=amount * NANOS, reason="more", raised_by="user:1", at=self.clock.at,
        )  # fmt: skip
        self.own.rows.raise_budget(row, [])
        self.raised[day.isoformat()] = self.raised.get(day.isoformat(), 0) + amount * NANOS

    @invariant()
    def nothing_is_over(self):
        with self.database.session() as session:
            rows = session.scalars(
                select(CostBucketRow).where(CostBucketRow.key.contains(f"/{self.prefix}"))
            ).all()
        for row in rows:
            scope, _, period, *when = row.key.split("/")
            assert row.reserved >= 0 and row.spent >= 0
            if scope == "video":
                assert row.spent + row.reserved <= self.hard["video"]
            elif scope == "channel" and period == "day":
                most = self.hard["channel"] + self.raised.get(when[0], 0)
                assert row.spent + row.reserved <= most

    def teardown(self):
        self.clock.on(days=3)
        self.own.expire()
        with self.database.session() as session:
            mine = CostEntryRow.channel == self.prefix
            booked = session.scalar(select(func.sum(CostEntryRow.amount)).where(mine)) or 0
            left = session.scalar(
                select(func.count())
                .select_from(CostReservationRow)
                .where(CostReservationRow.channel == self.prefix)
            )
            buckets = session.execute(
                select(CostBucketRow.key, CostBucketRow.spent, CostBucketRow.reserved).where(
                    CostBucketRow.key.startswith(f"channel/{self.prefix}/day/")
                )
            ).all()
        assert left == 0 and all(reserved == 0 for _, _, reserved in buckets)
        assert sum(spent for _, spent, _ in buckets) == booked
        # Reserved and never told of again: those that a bundle still held.
        known = sum(self.invoice.values())
        assert booked >= known
        super().teardown()


def test_any_order_of_what_can_happen(database, clock):
    few = settings(
        max_examples=8,
        stateful_step_count=18,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    shared = {"database": database, "clock": clock, "numbers": itertools.count()}
    run(type("OneDatabase", (Money,), shared), settings=few)


class Shop:
    """A service that fails now and then, and writes an invoice of what it did."""

    def __init__(self, random):
        self.random = random
        self.invoice = Decimal(0)
        self.price = Decimal("0.15") / 1_000_000

    def answer(self, tokens):
        """What a caller sees: how it ended, and what is on the invoice for it."""
        chance = self.random.random()
        if chance < 0.08:
            return "refused", None
        if chance < 0.12:
            used = self.random.randint(0, tokens)
            self.invoice += used * self.price
            return "broke", used
        used = self.random.randint(1, tokens)
        self.invoice += used * self.price
        return "answered", used


@pytest.mark.parametrize("calls", [120])
def test_the_ledger_is_the_invoice_to_the_last_digit(accountant, calls):
    own = accountant(CostOptions(breaker_failures=1000))
    shop = Shop(Random(25))
    rate = {"input_tokens": (Decimal("0.15"), 1_000_000)}
    for k in range(calls):
        tokens = shop.random.randint(1, 9000)
        purse = own.purse(Account(channel="default", video_id=f"default--{k % 7}", stage="s"))
        asked = Purchase("shop", "model", {"input_tokens": tokens}, stated=rate)
        try:
            held = purse.reserve(asked)
        except Unavailable:
            continue
        end, used = shop.answer(tokens)
        if end == "refused":
            held.fail({}, away=False)
        elif end == "broke":
            held.fail({"input_tokens": used}, away=True)
        else:
            held.settle({"input_tokens": used})
    sums = own.rows.sums("service", channels=["default"])
    assert sum(s.outside for s in sums) == shop.invoice * NANOS
    assert own.rows.held() == (0, 0)


def test_limits_of_one_subject_may_be_changed_while_calls_go_on(accountant, purse, bought):
    own = accountant()
    held = purse(own, video_id="v").reserve(bought(5))
    own.rows.set_budget(("video", "v", "total"), Limits(None, 3 * NANOS), "user:1")
    with pytest.raises(MustWait):
        purse(own, video_id="v").reserve(bought(1))
    # What goes on ends normally.
    held.settle({"images": 5})
    assert own.rows.buckets(["video/v/total"]) == {"video/v/total": (5 * NANOS, 0)}
