"""Pieces of work that several processes share: each is one's alone, as long as it lives."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.leases import Leased, Leases
from vidpipe.catalog.tables import now


class Bench(DeclarativeBase):
    pass


class Piece(Leased, Bench):
    __tablename__ = "pieces_of_a_test"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    part: Mapped[str] = mapped_column(String(8), primary_key=True, default="a")
    done_by: Mapped[str] = mapped_column(String(40), default="")


@pytest.fixture
def bench(catalog):
    Bench.metadata.create_all(catalog.engine)
    yield catalog
    Bench.metadata.drop_all(catalog.engine)


def add(catalog, *numbers, due=0.0, **more):
    with catalog.writing() as session:
        for number in numbers:
            due_at = now() + timedelta(seconds=due + number / 10)
            session.add(Piece(number=number, due_at=due_at, **more))


def look(catalog, number) -> Piece:
    with catalog.session() as session:
        return session.get_one(Piece, (number, "a"))


def leases(catalog, lease_s=60.0) -> Leases[Piece]:
    return Leases(catalog, Piece, lease_s=lease_s)


def test_what_is_due_longest_comes_first_and_what_is_not_due_waits(bench):
    add(bench, 3, 1, 2, due=-10)
    add(bench, 4, due=60)
    with bench.writing() as session:
        session.add(Piece(number=5, due_at=None))
    found = leases(bench).claim(10)
    assert [row.number for row in found] == [1, 2, 3]
    assert leases(bench).claim(10) == []


def test_conditions_narrow_what_is_claimed(bench):
    add(bench, 1, 2, due=-10)
    (row,) = leases(bench).claim(10, Piece.number != 1)
    assert row.number == 2


def test_settled_work_is_over_or_comes_back_when_it_says(bench):
    add(bench, 1, 2, due=-10)
    one, two = leases(bench).claim(2)

    def work(session, row):
        row.done_by = "me"

    assert leases(bench).settle(one, work)
    assert leases(bench).settle(two, due_at=now() - timedelta(seconds=1))
    done = look(bench, 1)
    assert (done.done_by, done.due_at, done.lease) == ("me", None, None)
    (again,) = leases(bench).claim(10)
    assert (again.number, again.claims) == (2, 1)


def test_what_a_dead_process_had_is_taken_over_and_it_writes_nothing_any_more(bench):
    add(bench, 1, due=-10)
    (dead,) = leases(bench, lease_s=0.0).claim()
    (other,) = leases(bench).claim()
    assert (dead.claims, other.claims) == (1, 2)

    def work(session, row):
        row.done_by = "dead"

    assert not leases(bench).extend(dead)
    assert not leases(bench).settle(dead, work)
    assert look(bench, 1).done_by == ""
    assert leases(bench).settle(other)
    assert look(bench, 1).claims == 0


def test_an_extended_lease_holds(bench):
    add(bench, 1, due=-10)
    (mine,) = leases(bench, lease_s=0.0).claim()
    assert leases(bench, lease_s=60.0).extend(mine)
    assert leases(bench).claim() == []


def test_work_that_fails_while_it_is_written_down_is_still_claimed(bench):
    add(bench, 1, due=-10)
    (mine,) = leases(bench).claim()

    def work(session, row):
        row.done_by = "nobody"
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        leases(bench).settle(mine, work)
    kept = look(bench, 1)
    assert (kept.done_by, kept.lease) == ("", mine.lease)


def test_of_many_at_once_each_piece_goes_to_one(bench):
    add(bench, *range(40), due=-10)
    had: list[int] = []

    def go():
        own = Catalog(bench.url.render_as_string(hide_password=False))
        try:
            while rows := leases(own).claim(3):
                had.extend(row.number for row in rows)
                for row in rows:
                    assert leases(own).settle(row)
        finally:
            own.engine.dispose()

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(had) == list(range(40))


def test_what_another_has_open_on_postgres_is_passed_over(bench):
    if bench.embedded:
        pytest.skip("SQLite lets one write at a time")
    add(bench, 1, 2, due=-10)
    with bench.writing() as session:
        session.get(Piece, (1, "a"), with_for_update=True)
        (row,) = leases(bench).claim(2)
    assert row.number == 2
