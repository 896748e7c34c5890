"""Answers by `Idempotency-Key`: a request that is sent twice is done once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from vidpipe.catalog.database import Database
from vidpipe.catalog.tables import IdempotencyRow, now

#: How long an answer is kept; Stripe keeps it as long.
KEPT = timedelta(hours=24)
#: A first request that has not answered by then died with its process; requests end sooner.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Claim:
    """What is known of a key: `token` where this request is to do the work."""

    token: str | None
    route: str
    digest: str
    status: int | None = None
    location: str | None = None
    body: str | None = None


class IdempotencyKeys:
    """One row for each key of each principal."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def claim(self, principal: str, key: str, route: str, digest: str) -> Claim:
        """Take a key for a request, or learn what became of the first one with it."""
        token, at = uuid.uuid4().hex, now()
        row = IdempotencyRow(
            principal=principal, key=key, route=route, digest=digest, token=token, at=at
        )
        with self._db.writing() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.at < at - KEPT))
        try:
            with self._db.writing() as session:
                session.add(row)
            return Claim(token, route, digest)
        except IntegrityError:
            pass
        with self._db.writing() as session:
            known = session.get(IdempotencyRow, (principal, key), with_for_update=True)
            if known is None:
                # It failed a moment ago and let go of its key: whoever asks again gets it.
                return Claim(None, route, digest)
            if known.status is None and known.at < at - LEASE and known.digest == digest:
                known.token, known.at = token, at
                return Claim(token, route, digest)
            return Claim(None, known.route, known.digest, known.status, known.location, known.body)

    def answered(
        self,
        principal: str,
        key: str,
        token: str,
        status: int,
        location: str | None,
        body: str,
    ) -> bool:
        """Keep the answer for whoever asks again; False where the key is another request's now.

        Args:
            principal: who asked.
            key: of the request.
            token: of the claim.
            status: HTTP's, of the answer.
            location: of what was created.
            body: of the answer.
        """
        query = update(IdempotencyRow).where(
            IdempotencyRow.principal == principal,
            IdempotencyRow.key == key,
            IdempotencyRow.token == token,
        )
        with self._db.writing() as session:
            kept = query.values(status=status, location=location, body=body)
            return session.scalar(kept.returning(IdempotencyRow.token)) is not None

    def let_go(self, principal: str, key: str, token: str) -> None:
        """The request failed: it may be sent again as it is, unless its answer is kept."""
        with self._db.writing() as session:
            session.execute(
                delete(IdempotencyRow).where(
                    IdempotencyRow.principal == principal,
                    IdempotencyRow.key == key,
                    IdempotencyRow.token == token,
                    IdempotencyRow.status.is_(None),
                )
            )
