"""Keys of repeated requests: one request does the work, whoever asks at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import update

from vidpipe.catalog.idempotency import KEPT, LEASE
from vidpipe.catalog.tables import IdempotencyRow, now


def test_of_many_at_once_one_gets_the_key(catalog):
    def claim(_):
        return catalog.idempotency.claim("user:1", "k", "POST /jobs", "d").token

    with ThreadPoolExecutor(8) as pool:
        tokens = [token for token in pool.map(claim, range(24)) if token is not None]
    assert len(tokens) == 1


def test_an_answer_is_kept_for_its_principal_alone(catalog):
    keys = catalog.idempotency
    token = keys.claim("user:1", "k", "POST /jobs", "d").token
    assert token is not None
    assert keys.answered("user:1", "k", token, 201, "/there", "{}")
    known = keys.claim("user:1", "k", "POST /jobs", "d")
    assert (known.token, known.status, known.location, known.body) == (None, 201, "/there", "{}")
    assert keys.claim("user:2", "k", "POST /jobs", "other").token is not None


def test_a_key_comes_back_after_a_failure_a_death_or_a_day(catalog):
    keys = catalog.idempotency
    token = keys.claim("user:1", "k", "POST /jobs", "d").token
    assert token is not None
    keys.let_go("user:1", "k", token)
    dead = keys.claim("user:1", "k", "POST /jobs", "d").token
    assert dead is not None and keys.claim("user:1", "k", "POST /jobs", "d").token is None
    age(catalog, LEASE * 2)
    heir = keys.claim("user:1", "k", "POST /jobs", "d").token
    assert heir not in (None, dead)
    assert not keys.answered("user:1", "k", dead, 201, "/dead", "{}")
    assert keys.claim("user:1", "k", "POST /jobs", "d").status is None, "its turn is over"
    age(catalog, KEPT * 2)
    assert keys.claim("user:1", "k", "POST /jobs", "other").token is not None


def age(catalog, by) -> None:
    """Every key is so much older."""
    with catalog.writing() as session:
        session.execute(update(IdempotencyRow).values(at=now() - by))
