"""Several transactions as one: what becomes of each where another fails, or comes too late."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.events import emit
from vidpipe.catalog.tables import IdempotencyRow, now
from vidpipe.catalog.units import apart


def row(key: str) -> IdempotencyRow:
    return IdempotencyRow(
        principal="user:1", key=key, route="POST /x", digest="d", token=key, at=now()
    )


def keys(catalog) -> set[str]:
    with catalog.session() as session:
        return set(session.scalars(select(IdempotencyRow.key)))


def add(catalog, key: str) -> None:
    with catalog.writing() as session:
        session.add(row(key))


def add_one_within_another(catalog) -> None:
    with catalog.writing() as outer:
        outer.add(row("outer"))
        with catalog.writing() as session:
            session.add(row("inner"))
            data = {"video_id": "x", "version": 1, "source": "user"}
            emit(session, "edits.changed", "default", data)
        raise ZeroDivisionError


def test_the_lock_is_let_go_of_where_the_first_change_fails(catalog):
    add(catalog, "taken")
    with catalog.as_one() as unit:
        with pytest.raises(IntegrityError):
            add(catalog, "taken")
        assert not unit.begun
        with apart():
            # Waits for half a minute where the unit has the lock.
            add(catalog, "of somebody else")
        add(catalog, "mine")
        catalog.commit(unit)
    assert keys(catalog) == {"taken", "of somebody else", "mine"}


def test_a_later_change_that_fails_takes_none_of_the_others_back(catalog):
    add(catalog, "taken")
    with catalog.as_one() as unit:
        add(catalog, "first")
        with pytest.raises(IntegrityError):
            add(catalog, "taken")
        assert unit.begun and unit.changed
        catalog.commit(unit)
    assert keys(catalog) == {"taken", "first"}


def test_what_is_changed_within_a_change_is_taken_back_with_it_and_nobody_is_told(catalog):
    with catalog.as_one() as unit:
        add(catalog, "before")
        with pytest.raises(ZeroDivisionError):
            add_one_within_another(catalog)
        catalog.commit(unit)
    assert keys(catalog) == {"before"}
    with catalog.session() as session:
        assert session.scalars(select(EventRow)).all() == []


def test_a_change_after_the_commit_is_an_error_and_not_lost(catalog):
    with catalog.as_one() as unit:
        add(catalog, "first")
        catalog.commit(unit)
        assert keys(catalog) == {"first"}
        with pytest.raises(RuntimeError, match="after the changes of its unit"):
            add(catalog, "late")
        with apart():
            add(catalog, "apart")
    assert keys(catalog) == {"first", "apart"}


@pytest.mark.parametrize("within", ["session", "writing"])
def test_a_change_may_begin_while_something_else_goes_on(catalog, within):
    with catalog.as_one() as unit:
        add(catalog, "before")
        with catalog.writing() as outer:
            with getattr(catalog, within)() as inner:
                inner.scalars(select(IdempotencyRow.key)).all()
                outer.add(row("outer"))
                outer.flush()
            outer.add(row("outer again"))
        catalog.commit(unit)
    assert keys(catalog) == {"before", "outer", "outer again"}
