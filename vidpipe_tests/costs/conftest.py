"""A ledger on SQLite and on a real PostgreSQL, with a clock that tests set."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from vidpipe.catalog.catalog import Catalog
from vidpipe.costs import Account, Accountant
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.spending import Purchase

NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    """A fresh one: the ledger only grows, so that it cannot be emptied for the next test."""
    if request.param == "sqlite":
        catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    else:
        server = request.getfixturevalue("postgres_url")
        name = f"costs_{next(NUMBERS)}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        catalog = Catalog(server.replace("/postgres?", f"/{name}?", 1))
    catalog.upgrade()
    yield catalog
    catalog.engine.dispose()


class Clock:
    """Says what it is set to."""

    def __init__(self):
        self.at = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def __call__(self):
        return self.at

    def on(self, seconds=0.0, **more):
        self.at += timedelta(seconds=seconds, **more)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accountant(database, clock):
    """Makes one of these budgets; a wait for a turn moves its clock."""

    def make(costs=None, **budgets):
        options = BudgetOptions(**{name: Decimal(n) for name, n in budgets.items()})
        return Accountant(
            database, costs or CostOptions(), options, clock=clock, sleep=clock.on
        )

    return make


@pytest.fixture
def purse():
    def make(accountant, **fields):
        return accountant.purse(Account(**{"channel": "default", "stage": "transcript", **fields}))

    return make


@pytest.fixture
def bought():
    """A call of so many units at one unit of the currency each."""

    def make(units, service="shop", likely=None, **fields):
        return Purchase(
            service,
            "thing",
            {"images": units},
            expected={"images": likely} if likely is not None else None,
            stated={"images": (Decimal(1), 1)},
            **fields,
        )

    return make
