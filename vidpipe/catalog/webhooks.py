"""Webhooks: endpoints, the deliveries of events to them, and what became of each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vidpipe.catalog.account_tables import UserRow
from vidpipe.catalog.database import Database
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.events import PING, new_event
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.states import DeliveryState, WrongState
from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow

#: Seconds after which a process that says nothing is taken to have died, beside the time that
#: a request may take.
_LEASE_S = 60.0
#: Rows that one transaction removes.
_PORTION = 500


@dataclass(frozen=True)
class ToSend:
    """A delivery that is to be sent now, with what it needs."""

    delivery: DeliveryRow
    endpoint: EndpointRow
    body: str


class WebhookRows:
    """Reads and writes the tables of webhooks."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @cached_property
    def events(self) -> Leases[EventRow]:
        """Events whose deliveries are to be written."""
        return Leases(self._db, EventRow, lease_s=_LEASE_S)

    def deliveries(self, timeout_s: float) -> Leases[DeliveryRow]:
        """Deliveries that are to be sent, each within so many seconds."""
        return Leases(self._db, DeliveryRow, lease_s=_LEASE_S + timeout_s)

    # Endpoints

    def add(self, row: EndpointRow, most: int) -> bool:
        """Insert; False where the organisation has as many as it may."""
        with self._db.writing() as session:
            query = select(func.count()).where(EndpointRow.organisation == row.organisation)
            if (session.scalar(query) or 0) >= most:
                return False
            session.add(row)
        return True

    def get(self, endpoint_id: str) -> EndpointRow | None:
        with self._db.session() as session:
            return session.get(EndpointRow, endpoint_id)

    def page(
        self,
        limit: int,
        *,
        organisations: Collection[str],
        after: tuple[datetime, str] | None = None,
    ) -> list[EndpointRow]:
        """The newest endpoints of these organisations first."""
        query = select(EndpointRow).where(EndpointRow.organisation.in_(organisations))
        query = newest_first(query, EndpointRow.created_at, EndpointRow.endpoint_id, after)
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def change(self, endpoint_id: str, revision: int, values: Mapping[str, Any]) -> bool:
        """Change one that is still at this revision; False where it is not."""
        query = (
            update(EndpointRow)
            .where(EndpointRow.endpoint_id == endpoint_id, EndpointRow.revision == revision)
            .values(**values, revision=revision + 1, updated_at=now())
            .returning(EndpointRow.endpoint_id)
        )
        with self._db.writing() as session:
            return session.scalar(query) is not None

    def remove(self, endpoint_id: str) -> bool:
        """Remove one and its deliveries; False where there is none."""
        with self._db.writing() as session:
            # In the order in which a delivery that ends takes these rows.
            session.execute(delete(DeliveryRow).where(DeliveryRow.endpoint_id == endpoint_id))
            query = delete(EndpointRow).where(EndpointRow.endpoint_id == endpoint_id)
            return session.scalar(query.returning(EndpointRow.endpoint_id)) is not None

    def reseal(self, renewed: Callable[[str], str | None]) -> None:
        """Encrypt secrets again; `renewed` gives None for what may stay as it is."""
        at = now()
        with self._db.session() as session:
            rows = list(session.scalars(select(EndpointRow)))
        for row in rows:
            values: dict[str, Any] = {}
            if row.old_secret_until is not None and row.old_secret_until < at:
                values = {"old_secret": None, "old_secret_until": None}
            elif row.old_secret is not None:
                values = {"old_secret": renewed(row.old_secret) or row.old_secret}
            sealed = renewed(row.secret)
            if sealed is not None:
                values["secret"] = sealed
            if any(getattr(row, name) != value for name, value in values.items()):
                same = (EndpointRow.secret == row.secret, EndpointRow.revision == row.revision)
                query = update(EndpointRow).where(EndpointRow.endpoint_id == row.endpoint_id, *same)
                with self._db.writing() as session:
                    session.execute(query.values(**values))

    def address_of(self, created_by: str) -> str | None:
        """The e-mail address of a user who may still log in."""
        kind, _, user_id = created_by.partition(":")
        query = select(UserRow.email).where(
            UserRow.user_id == user_id, UserRow.disabled_at.is_(None)
        )
        with self._db.session() as session:
            return session.scalar(query) if kind == "user" else None

    # Deliveries

    def fan_out(
        self, event: EventRow, organisation: str | None, body: Callable[[EventRow], str]
    ) -> bool:
        """Write the deliveries of an event that was claimed; False where the lease was lost.

        Args:
            event: as it was claimed.
            organisation: whose event it is; None: nobody's any more.
            body: what is sent.
        """

        def work(session: Session, row: EventRow) -> None:
            row.body = body(row)
            query = select(EndpointRow).where(
                EndpointRow.organisation == organisation,
                EndpointRow.disabled_at.is_(None),
                EndpointRow.created_at <= row.occurred_at,
            )
            for endpoint in session.scalars(query.order_by(EndpointRow.created_at)):
                whole = endpoint.channels is None or row.channel in endpoint.channels
                if whole and row.type in endpoint.types:
                    session.add(_delivery(endpoint, row))

        return self.events.settle(event, work)

    def ping(self, endpoint: EndpointRow, body: Callable[[EventRow], str]) -> DeliveryRow:
        """An event of no channel for one endpoint alone, due at once."""
        event = new_event(PING, None, {"endpoint_id": endpoint.endpoint_id})
        with self._db.writing() as session:
            session.add(event)
            session.flush()
            event.body = body(event)
            made = _delivery(endpoint, event)
            session.add(made)
        return made

    def to_send(self, delivery: DeliveryRow) -> ToSend | None:
        """What a claimed delivery needs; None where its endpoint was removed."""
        with self._db.session() as session:
            endpoint = session.get(EndpointRow, delivery.endpoint_id)
            event = session.get(EventRow, delivery.event)
            if endpoint is None or event is None:
                return None
            return ToSend(delivery, endpoint, event.body or "")

    def delivery(self, delivery_id: str) -> DeliveryRow | None:
        with self._db.session() as session:
            return session.get(DeliveryRow, delivery_id)

    def attempts(self, delivery_id: str, most: int) -> list[AttemptRow]:
        """The newest attempts of a delivery, the oldest of these first."""
        query = select(AttemptRow).where(AttemptRow.delivery_id == delivery_id)
        with self._db.session() as session:
            rows = list(session.scalars(query.order_by(AttemptRow.id.desc()).limit(most)))
        return rows[::-1]

    def delivery_page(
        self,
        limit: int,
        *,
        endpoint_id: str,
        states: Collection[str] = (),
        after: tuple[datetime, str] | None = None,
    ) -> list[DeliveryRow]:
        """The newest deliveries of an endpoint first."""
        query = select(DeliveryRow).where(DeliveryRow.endpoint_id == endpoint_id)
        if states:
            query = query.where(DeliveryRow.state.in_(states))
        query = newest_first(query, DeliveryRow.created_at, DeliveryRow.delivery_id, after)
        with self._db.session() as session:
            return list(session.scalars(query.limit(limit)))

    def replay(self, delivery_id: str) -> DeliveryRow | None:
        """Send one again from the beginning; None where there is none.

        Raises:
            WrongState: it is on its way.
        """
        with self._db.writing() as session:
            row = session.get(DeliveryRow, delivery_id, with_for_update=True)
            if row is None:
                return None
            if row.state == DeliveryState.PENDING:
                raise WrongState("it is on its way already")
            _again(row)
            return row

    def replay_failed(self, endpoint_id: str, since: datetime) -> int:
        """Send all again that failed for good and were written since; how many."""
        query = (
            update(DeliveryRow)
            .where(
                DeliveryRow.endpoint_id == endpoint_id,
                DeliveryRow.state == DeliveryState.FAILED,
                DeliveryRow.created_at >= since,
            )
            .values(
                state=DeliveryState.PENDING,
                failures=0,
                ended_at=None,
                due_at=now(),
                lease=None,
                updated_at=now(),
            )
            .returning(DeliveryRow.delivery_id)
        )
        with self._db.writing() as session:
            return len(session.scalars(query).all())

    def remove_old(self, before: datetime) -> bool:
        """Remove deliveries that ended before; whether there is more."""
        old = (
            select(DeliveryRow.delivery_id)
            .where(DeliveryRow.ended_at < before, DeliveryRow.due_at.is_(None))
            .limit(_PORTION)
        )
        with self._db.session() as session:
            keys = session.scalars(old).all()
        if keys:
            with self._db.writing() as session:
                session.execute(delete(DeliveryRow).where(DeliveryRow.delivery_id.in_(keys)))
        return len(keys) == _PORTION


def disable(endpoint: EndpointRow, because: str) -> None:
    """Send nothing to it any more; within the transaction that knows why."""
    if endpoint.disabled_at is None:
        endpoint.disabled_at, endpoint.disabled_because = now(), because
        endpoint.revision += 1


def old_enough(moment: datetime | None, days: float) -> bool:
    """Whether a moment was so many days ago."""
    return moment is not None and now() - moment >= timedelta(days=days)


def _again(row: DeliveryRow) -> None:
    row.state, row.failures, row.ended_at = DeliveryState.PENDING, 0, None
    row.due_at, row.lease = now(), None


def _delivery(endpoint: EndpointRow, event: EventRow) -> DeliveryRow:
    return DeliveryRow(
        delivery_id=f"delivery-{uuid.uuid4().hex[:20]}",
        endpoint_id=endpoint.endpoint_id,
        event=event.id,
        event_id=event.event_id,
        type=event.type,
        state=DeliveryState.PENDING,
        attempts=0,
        failures=0,
        # In the order of events, as well as a clock can say it.
        due_at=event.occurred_at,
        claims=0,
    )
