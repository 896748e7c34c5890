"""Quotas of services and what is out of order, shared by all who call."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.notices import group_of
from vidpipe.costs.options import CostOptions
from vidpipe.costs.services import Quota, Services
from vidpipe.errors import Misconfigured, QuotaExhausted, Unavailable
from vidpipe.spending import Purchase


@pytest.fixture
def limited(accountant, tmp_path):
    """An accountant of a shop with these quotas."""

    def make(*quotas, **options):
        file = tmp_path / "services.yaml"
        listed = "\n".join(f"      - {quota}" for quota in quotas)
        file.write_text(f"services:\n  shop:\n    hosts: [shop.example]\n    quotas:\n{listed}\n")
        return accountant(CostOptions(services_file=file, **options))

    return make


def test_a_window_that_moves_is_never_passed(limited, purse, bought, clock):
    own = limited("{what: requests, most: 3, window_s: 10}")
    made = []
    for _ in range(20):
        purse(own).reserve(bought(1)).settle({"images": 1})
        made.append(clock.at.timestamp())
        clock.on(seconds=0.7)
    for first in made:
        assert sum(first <= at < first + 10 for at in made) <= 3
    # Nor is it waited for longer than it has to be.
    assert made[-1] - made[0] <= 10 * 20 / 3


def test_who_would_wait_too_long_is_told_for_how_long(limited, purse, bought):
    own = limited("{what: requests, most: 1, window_s: 300}", max_wait_s=60)
    purse(own).reserve(bought(1))
    with pytest.raises(Unavailable) as refused:
        purse(own).reserve(bought(1))
    assert refused.value.retry_after_s == 300


def test_of_calls_at_once_a_place_comes_back_however_they_end(limited, purse, bought, clock):
    own = limited("{what: calls, most: 2}", max_wait_s=0)
    first, second = (purse(own).reserve(bought(1, timeout_s=30)) for _ in range(2))
    with pytest.raises(Unavailable):
        purse(own).reserve(bought(1))
    first.fail(None, away=False)
    third = purse(own).reserve(bought(1))
    second.settle({"images": 1})
    third.settle({"images": 1})
    # Of one that was killed it comes back when its time is over.
    purse(own).reserve(bought(1, timeout_s=30))
    purse(own).reserve(bought(1, timeout_s=3000))
    clock.on(seconds=91)
    purse(own).reserve(bought(1))


def test_eight_at_once_get_as_many_places_as_there_are(limited, purse, bought):
    own = limited("{what: calls, most: 3}", "{what: requests, most: 5, window_s: 60}", max_wait_s=0)
    begin = threading.Barrier(8)

    def ask(_):
        begin.wait()
        try:
            return purse(own).reserve(bought(1))
        except Unavailable:
            return None

    with ThreadPoolExecutor(8) as pool:
        got = [held for held in pool.map(ask, range(8)) if held is not None]
    assert len(got) == 3
    for held in got:
        held.settle({"images": 1})
    assert purse(own).reserve(bought(1)) and purse(own).reserve(bought(1))
    with pytest.raises(Unavailable):
        purse(own).reserve(bought(1))


def test_tokens_are_held_at_most_and_given_back(limited, purse, clock):
    own = limited("{what: tokens, most: 100, window_s: 60}", max_wait_s=0)

    def ask(given, taken):
        most = {"input_tokens": given, "output_tokens": taken}
        return Purchase("shop", "model", most, stated={"input_tokens": (Decimal(1), 10**6)})

    purse(own).reserve(ask(50, 40)).settle({"input_tokens": 30, "output_tokens": 10})
    purse(own).reserve(ask(50, 10))
    with pytest.raises(Unavailable):
        purse(own).reserve(ask(1, 0))
    with pytest.raises(Misconfigured, match="101 tokens"):
        purse(own).reserve(ask(100, 1))


def test_a_day_begins_where_the_service_says(limited, purse, clock):
    own = limited("{what: units, most: 10, per: day, zone: America/Los_Angeles}")

    def use(units):
        most = {"units": units}
        return purse(own).reserve(Purchase("shop", "list", most, stated={})).settle(most)

    clock.at = datetime(2026, 11, 28, 7, 59, tzinfo=UTC)
    use(10)
    with pytest.raises(QuotaExhausted, match="10 units in a day") as refused:
        use(1)
    assert refused.value.until == datetime(2026, 11, 28, 8, tzinfo=UTC)
    clock.on(seconds=60)
    use(10)


@pytest.mark.parametrize(
    ("day", "hours"),
    [((2026, 3, 8), 23), ((2026, 11, 1), 25), ((2026, 7, 1), 24)],
)
def test_a_day_is_as_long_as_its_zone_has_it(day, hours):
    quota = Quota(what="units", most=1, per="day", zone="America/Los_Angeles")
    noon = datetime(*day, 20, tzinfo=UTC)
    _, until = quota.period(noon)
    name, _ = quota.period(until)
    assert name != quota.period(noon)[0]
    before = datetime(*day, 20, tzinfo=UTC)
    first = before
    while quota.period(first)[0] == quota.period(noon)[0]:
        first = datetime.fromtimestamp(first.timestamp() - 1800, UTC)
    assert (until - first).total_seconds() == hours * 3600 + 1800


@pytest.mark.parametrize(
    "quota",
    [
        "{what: units, most: 0, per: day}",
        "{what: units, most: 5}",
        "{what: units, most: 5, per: day, window_s: 3}",
        "{what: units, most: 5, per: day, zone: Moon/Sea}",
        "{what: units, most: 5, per: year}",
        "{most: 5, per: day}",
        "{what: units, most: 5, per: day, speed: 3}",
    ],
)
def test_a_quota_that_is_none_is_refused_with_its_place(limited, quota):
    with pytest.raises(Misconfigured, match=r"services\.yaml: services\.shop"):
        limited(quota)


def test_services_are_known_by_their_hosts(tmp_path):
    known = Services()
    assert known.named("api.openai.com") == "openai"
    assert known.named("127.0.0.1:8000") == "127.0.0.1:8000"
    with pytest.raises(Misconfigured, match="SERVICES_FILE"):
        Services(tmp_path / "none.yaml")


def broken(own, purse, bought, times):
    for _ in range(times):
        purse(own).reserve(bought(1)).fail({}, away=True)


def test_a_service_that_fails_again_and_again_is_left_alone_and_tried_by_one(
    accountant, purse, bought, clock
):
    own = accountant(CostOptions(breaker_failures=3, breaker_first_s=10, breaker_longest_s=30))
    broken(own, purse, bought, 3)
    with pytest.raises(Unavailable, match="out of order") as refused:
        purse(own).reserve(bought(1))
    assert refused.value.retry_after_s == 10
    # Others go on.
    purse(own).reserve(bought(1, service="other")).settle({"images": 1})
    clock.on(seconds=10)
    trial = purse(own).reserve(bought(1))
    with pytest.raises(Unavailable, match="being tried"):
        purse(own).reserve(bought(1))
    trial.fail({}, away=True)
    with pytest.raises(Unavailable) as refused:
        purse(own).reserve(bought(1))
    assert refused.value.retry_after_s == 20
    clock.on(seconds=20)
    purse(own).reserve(bought(1)).settle({"images": 1})
    purse(own).reserve(bought(1))
    [row] = own.breakers.all()
    assert (row.state, row.failures) == ("closed", 0)


def test_where_whoever_tries_is_killed_another_tries(accountant, purse, bought, clock):
    own = accountant(CostOptions(breaker_failures=1, breaker_first_s=10))
    broken(own, purse, bought, 1)
    clock.on(seconds=10)
    purse(own).reserve(bought(1, timeout_s=30))
    clock.on(seconds=91)
    purse(own).reserve(bought(1)).settle({"images": 1})
    assert own.breakers.all()[0].state == "closed"


def test_of_eight_at_once_one_tries(accountant, purse, bought, clock):
    own = accountant(CostOptions(breaker_failures=1, breaker_first_s=10))
    broken(own, purse, bought, 1)
    clock.on(seconds=10)
    begin = threading.Barrier(8)

    def ask(_):
        begin.wait()
        try:
            purse(own).reserve(bought(1))
        except Unavailable:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_an_old_call_that_ends_well_does_not_close_what_is_tried(accountant, purse, bought, clock):
    own = accountant(CostOptions(breaker_failures=1, breaker_first_s=10))
    old = purse(own).reserve(bought(1, timeout_s=3000))
    broken(own, purse, bought, 1)
    clock.on(seconds=10)
    purse(own).reserve(bought(1))
    old.settle({"images": 1})
    assert own.breakers.all()[0].state == "half_open"


def test_a_service_that_asks_to_wait_is_not_called_before(accountant, purse, bought, clock):
    own = accountant(CostOptions(max_wait_s=30))
    purse(own).reserve(bought(1)).fail({}, away=False, retry_after_s=40, slow_down=True)
    with pytest.raises(Unavailable, match="asks not to be called") as refused:
        purse(own).reserve(bought(1))
    assert refused.value.retry_after_s == 40
    clock.on(seconds=41)
    purse(own).reserve(bought(1)).settle({"images": 1})


def test_a_pause_that_is_asked_for_after_a_failure_is_kept(accountant, purse, bought, clock):
    own = accountant(CostOptions(breaker_failures=2, breaker_first_s=10, max_wait_s=0))
    broken(own, purse, bought, 1)
    purse(own).reserve(bought(1)).fail({}, away=False, retry_after_s=50, slow_down=True)
    with pytest.raises(Unavailable, match="asks not to be called"):
        purse(own).reserve(bought(1))
    clock.on(seconds=51)
    broken(own, purse, bought, 2)
    clock.on(seconds=10)
    # The one that tries it is told to come back later: it works, and is busy.
    purse(own).reserve(bought(1)).fail({}, away=False, retry_after_s=50, slow_down=True)
    [row] = own.breakers.all()
    assert row.state == "closed" and row.pause_until == clock.at + timedelta(seconds=50)


def test_an_old_call_that_ends_well_does_not_close_what_is_out_of_order(
    accountant, purse, bought, clock
):
    own = accountant(CostOptions(breaker_failures=1, breaker_first_s=10))
    old = [purse(own).reserve(bought(1, timeout_s=3000)) for _ in range(2)]
    broken(own, purse, bought, 1)
    old[0].settle({"images": 1})
    clock.on(seconds=10)
    broken(own, purse, bought, 1)
    old[1].settle({"images": 1})
    [row] = own.breakers.all()
    assert (row.state, row.opened) == ("open", 2)


@pytest.mark.parametrize("known", [True, False], ids=["told", "long ago"])
def test_a_person_has_a_service_called_again(accountant, purse, bought, clock, database, known):
    own = accountant(CostOptions(breaker_failures=1))
    broken(own, purse, bought, 1)
    if not known:
        with database.writing() as session:
            session.execute(delete(EventRow))
    assert own.breakers.reset("shop", clock.at)
    assert own.breakers.reset("shop", clock.at)
    assert not own.breakers.reset("nobody", clock.at)
    purse(own).reserve(bought(1))
    with database.session() as session:
        recovered = select(EventRow.channel).where(EventRow.type == "service.recovered")
        assert session.scalars(recovered).all() == ["default"] * known
        told = session.scalars(select(NoticeRow).order_by(NoticeRow.id)).all()
    # Whoever was told that it is away is told once that it is over.
    assert [(row.subject, row.over) for row in told] == [("shop", False), ("shop", True)]
    assert len({group_of(row) for row in told}) == 1
