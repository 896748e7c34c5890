"""A ledger on SQLite and on a real PostgreSQL, with a clock that tests set."""

import itertools
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from vidpipe.catalog.catalog import Catalog
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.spending import Purchase

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database that is migrated, to copy."""
    file = tmp_path_factory.mktemp("costs") / "catalog.sqlite"
    catalog = Catalog(f"sqlite:///{file}")
    catalog.upgrade()
    catalog.engine.dispose()
    return file


@pytest.fixture(scope="session")
def migrated_server(postgres_url):
    """The same on a server: the address of it, with another name in it that of a copy."""
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE costs_template"))
    catalog = Catalog(postgres_url.replace("/postgres?", "/costs_template?", 1))
    catalog.upgrade()
    catalog.engine.dispose()
    yield admin
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    """A fresh one: the ledger only grows, so that it cannot be emptied for the next test."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "catalog.sqlite")
        catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    else:
        admin = request.getfixturevalue("migrated_server")
        name = f"costs_{next(NUMBERS)}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE costs_template"))
        server = request.getfixturevalue("postgres_url")
        catalog = Catalog(server.replace("/postgres?", f"/{name}?", 1))
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
        return Accountant(database, costs or CostOptions(), options, clock=clock, sleep=clock.on)

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
