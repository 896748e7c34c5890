"""Budgets: what is held, refused, settled, told and raised, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from vidpipe.catalog.cost_tables import BudgetRaiseRow
from vidpipe.catalog.costs import Limits
from vidpipe.catalog.webhook_tables import EndpointRow, EventRow
from vidpipe.costs import NANOS, nanos, units
from vidpipe.costs.budgets import BudgetScope, Period, ends
from vidpipe.costs.options import CostOptions
from vidpipe.errors import BudgetExceeded, Unavailable
from vidpipe.pipeline.metering import Meter

DAY = "deployment/*/day/2026-11-27"


def stand(accountant, key=DAY):
    return accountant.rows.buckets([key]).get(key)


def test_a_call_is_held_for_and_then_booked(accountant, purse, bought):
    own = accountant(day_hard=10)
    held = purse(own, video_id="v", job_id="j").reserve(bought(4))
    assert stand(own) == (0, 4 * NANOS)
    held.settle({"images": 3})
    assert stand(own) == (3 * NANOS, 0)
    [entry] = own.rows.entries(10, channels=["default"])
    assert (entry.amount, entry.reserved, entry.estimate) == (3 * NANOS, 4 * NANOS, 4 * NANOS)
    assert (entry.video_id, entry.job_id, entry.attempt, entry.outcome) == ("v", "j", 1, "done")
    assert entry.quantities == {"images": "3"} and entry.currency == "USD"


def test_a_call_that_might_pass_a_hard_limit_is_not_made(accountant, purse, bought):
    own = accountant(day_hard=10)
    one = purse(own)
    one.reserve(bought(6)).settle({"images": 6})
    one.reserve(bought(1))
    with pytest.raises(BudgetExceeded, match=r"6\.0000 USD are spent, 1\.0000 USD") as refused:
        one.reserve(bought(5))
    assert refused.value.until == datetime(2026, 11, 28, tzinfo=UTC)
    assert refused.value.key == DAY
    assert stand(own) == (6 * NANOS, 1 * NANOS)
    one.reserve(bought(3))


def test_what_other_calls_only_hold_is_waited_for(accountant, purse, bought, database, clock):
    own = accountant(CostOptions(max_wait_s=20), day_hard=1)
    other = purse(own).reserve(bought(1, likely=0, timeout_s=100))
    with pytest.raises(BudgetExceeded, match=r"no room just now: 0\.0000 USD are spent") as refused:
        purse(own).reserve(bought(1))
    # It waited for its turn, and goes on when the other call is over at the latest: nobody is
    # told that the budget is used up.
    assert clock.at == datetime(2026, 11, 27, 12, 0, 20, tzinfo=UTC)
    assert refused.value.until == datetime(2026, 11, 27, 12, 2, 40, tzinfo=UTC)
    with database.session() as session:
        assert session.query(EventRow).filter(EventRow.type == "budget.hard_limit").count() == 0
    own.sleep = lambda _: other.settle({"images": 0})
    purse(own).reserve(bought(1)).settle({"images": 1})
    with pytest.raises(BudgetExceeded, match="allows no more") as refused:
        purse(own).reserve(bought(1))
    assert refused.value.until == datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_own_work_is_booked_in_any_currency(accountant, purse, currency):
    own = accountant(CostOptions(currency=currency))
    Meter(purse(own)).done(1_000_000_000, made=True)
    [entry] = own.rows.entries(10, channels=["default"])
    assert (entry.kind, entry.currency) == ("local", currency)
    assert entry.quantities["stored_bytes"] == "1000000000"
    assert (entry.amount > 0) == (currency == "USD")


def test_a_stage_is_done_although_its_work_cannot_be_booked(accountant, purse, monkeypatch, caplog):
    own = accountant()

    def away(rows):
        raise Unavailable("the catalog is away")

    monkeypatch.setattr(own.ledger, "write", away)
    Meter(purse(own)).done(10, made=True)
    assert "stage_work_unbooked" in caplog.text and "the catalog is away" in caplog.text


@pytest.mark.parametrize(
    ("setting", "fields"),
    [
        ("video_hard", {"video_id": "a"}),
        ("job_hard", {"job_id": "a"}),
        ("project_hard", {"project_id": "a"}),
        ("channel_day_hard", {"channel": "a"}),
        ("channel_month_hard", {"channel": "a"}),
        ("month_hard", {}),
    ],
)
def test_every_kind_of_budget_refuses_its_own_alone(accountant, purse, bought, setting, fields):
    own = accountant(**{setting: 3})
    purse(own, **fields).reserve(bought(2)).settle({"images": 2})
    with pytest.raises(BudgetExceeded):
        purse(own, **fields).reserve(bought(2))
    if fields:
        other = dict.fromkeys(fields, "b")
        purse(own, **other).reserve(bought(2))


def test_where_one_budget_has_no_room_none_holds_anything(accountant, purse, bought):
    own = accountant(day_hard=100, video_hard=1)
    with pytest.raises(BudgetExceeded) as refused:
        purse(own, video_id="v").reserve(bought(2))
    assert refused.value.until is None
    assert stand(own) in (None, (0, 0))


def test_of_forty_at_once_as_many_are_let_through_as_there_is_money_for(accountant, purse, bought):
    own = accountant(CostOptions(max_wait_s=0), day_hard=7)
    begin = threading.Barrier(8)

    def ask(k):
        if k < 8:
            begin.wait()
        try:
            purse(own, video_id=f"v{k}").reserve(bought(1))
        except BudgetExceeded:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(40))) == 7
    assert stand(own) == (0, 7 * NANOS)


def test_the_next_day_has_a_budget_of_its_own(accountant, purse, bought, clock):
    own = accountant(day_hard=3)
    late = purse(own).reserve(bought(3))
    clock.on(days=1)
    purse(own).reserve(bought(3))
    # What was held yesterday is booked there.
    late.settle({"images": 2})
    assert stand(own) == (2 * NANOS, 0)
    assert stand(own, "deployment/*/day/2026-11-28") == (0, 3 * NANOS)


def test_a_clock_that_goes_back_finds_the_same_day(accountant, purse, bought, clock):
    own = accountant(day_hard=3)
    clock.on(days=1)
    purse(own).reserve(bought(3))
    clock.on(days=-1)
    purse(own).reserve(bought(3))
    clock.on(days=1)
    with pytest.raises(BudgetExceeded):
        purse(own).reserve(bought(1))


def test_what_nobody_settles_is_booked_as_expected_and_corrected_by_a_late_answer(
    accountant, purse, bought, clock
):
    own = accountant(CostOptions(max_wait_s=0), day_hard=5)
    slow = purse(own, video_id="v").reserve(bought(5, likely=4, timeout_s=30))
    clock.on(seconds=29 + 60)
    with pytest.raises(BudgetExceeded):
        purse(own).reserve(bought(1))
    clock.on(seconds=2)
    # Nobody has to tidy up: whoever is refused does.
    purse(own).reserve(bought(1)).settle({"images": 1})
    assert stand(own) == (5 * NANOS, 0)
    slow.settle({"images": 1})
    slow.settle({"images": 1})
    assert stand(own) == (2 * NANOS, 0)
    amounts = [(e.kind, e.outcome, e.amount) for e in own.rows.entries(9, channels=["default"])]
    assert amounts == [
        ("correction", "done", -3 * NANOS),
        ("call", "done", NANOS),
        ("call", "expired", 4 * NANOS),
    ]


def test_settled_twice_is_booked_once(accountant, purse, bought):
    own = accountant(day_hard=5)
    held = purse(own).reserve(bought(2))
    held.settle({"images": 2})
    held.settle({"images": 2})
    held.fail({}, away=False)
    assert stand(own) == (2 * NANOS, 0)
    assert len(own.rows.entries(9, channels=["default"])) == 1


def test_what_a_failed_call_costs_is_what_the_service_says(accountant, purse, bought):
    own = accountant(day_hard=5)
    purse(own).reserve(bought(2)).fail({}, away=False)
    purse(own).reserve(bought(2)).fail({"images": 1}, away=False)
    purse(own).reserve(bought(2, likely=1)).fail(None, away=True)
    assert stand(own) == (2 * NANOS, 0)
    outcomes = [e.outcome for e in own.rows.entries(9, channels=["default"])]
    assert outcomes == ["assumed", "failed", "failed"]


def test_a_call_that_costs_more_than_was_held_is_booked_as_it_is(accountant, purse, bought):
    own = accountant(day_hard=5)
    purse(own).reserve(bought(5)).settle({"images": 5}, cost=Decimal("6.5"))
    assert stand(own) == (nanos(Decimal("6.5")), 0)
    with pytest.raises(BudgetExceeded):
        purse(own).reserve(bought(1))


def listen(catalog):
    """Somebody is told of events: without anybody none is written down."""
    row = EndpointRow(
        endpoint_id="e",
        organisation="default",
        url="https://example.org",
        types=["*"],
        secret="s",
        created_by="test",
    )
    assert catalog.webhooks.add(row, 10)


def told(catalog):
    with catalog.session() as session:
        return [row.type for row in session.query(EventRow).order_by(EventRow.id)]


def test_a_limit_is_told_of_once_in_each_period(accountant, purse, bought, database, clock):
    listen(database)
    own = accountant(day_soft=2, day_hard=3)
    for _ in range(3):
        purse(own).reserve(bought(1)).settle({"images": 1})
    for _ in range(3):
        with pytest.raises(BudgetExceeded):
            purse(own).reserve(bought(1))
    assert told(database) == ["budget.soft_limit", "budget.hard_limit"]
    clock.on(days=1)
    purse(own).reserve(bought(2))
    assert told(database).count("budget.soft_limit") == 2


def test_a_raise_holds_for_its_day(accountant, purse, bought, clock):
    own = accountant(day_hard=3, month_hard=100)
    purse(own).reserve(bought(3))
    own.rows.raise_budget(
        BudgetRaiseRow(
            scope="deployment",
            subject="*",
            period="day",
            day=clock.at.date(),
            amount=2 * NANOS,
            reason="a launch",
            raised_by="user:1",
            at=clock.at,
        ),
        [],
    )
    purse(own).reserve(bought(2))
    with pytest.raises(BudgetExceeded):
        purse(own).reserve(bought(1))
    [day, month] = own.budgets.of({BudgetScope.DEPLOYMENT: None}, clock.at)
    assert (day.hard, day.raised, day.left) == (5 * NANOS, 2 * NANOS, 0)
    assert month.left == 95 * NANOS
    clock.on(days=1)
    with pytest.raises(BudgetExceeded):
        purse(own).reserve(bought(4))


def test_a_limit_of_one_subject_goes_before_the_settings(accountant, purse, bought):
    own = accountant(channel_day_hard=1)
    own.rows.set_budget(("channel", "rich", "day"), Limits(None, 9 * NANOS), "user:1")
    purse(own, channel="rich").reserve(bought(9))
    with pytest.raises(BudgetExceeded):
        purse(own, channel="poor").reserve(bought(2))
    own.rows.set_budget(("channel", "rich", "day"), None, "user:1")
    with pytest.raises(BudgetExceeded):
        purse(own, channel="rich").reserve(bought(1))


def test_a_limit_set_later_knows_what_was_spent_before(accountant, purse, bought):
    purse(accountant(), video_id="v").reserve(bought(5)).settle({"images": 5})
    with pytest.raises(BudgetExceeded):
        purse(accountant(video_hard=5), video_id="v").reserve(bought(1))


def test_the_ledger_only_grows(accountant, purse, bought, database):
    purse(accountant()).reserve(bought(1)).settle({"images": 1})
    for statement in ("UPDATE cost_entries SET amount = 0", "DELETE FROM cost_entries"):
        with pytest.raises(DatabaseError, match="only grows"), database.engine.begin() as sql:
            sql.execute(text(statement))


def test_periods_end_at_midnight_utc():
    day = datetime(2026, 12, 31, 23, 59, tzinfo=UTC).date()
    assert ends(Period.DAY, day) == datetime(2027, 1, 1, tzinfo=UTC)
    assert ends(Period.MONTH, day) == datetime(2027, 1, 1, tzinfo=UTC)
    assert ends(Period.TOTAL, day) is None


@pytest.mark.parametrize("amount", ["0.00000015", "0", "12.5", "999999999.999999999"])
def test_money_is_exact_both_ways(amount):
    assert units(nanos(Decimal(amount))) == Decimal(amount)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e20"])
def test_what_is_no_money_is_refused(amount):
    with pytest.raises(ValueError, match="no amount"):
        nanos(Decimal(amount))
