"""Webhooks: who is notified of what, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.catalog.events import EVENT_TYPES
from vidpipe.catalog.states import DeliveryState, WrongState
from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.encryption import Vault, open_vault
from vidpipe.errors import Unavailable
from vidpipe.library.errors import Changed, Refused, UnknownDelivery, UnknownEndpoint
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.views import Page
from vidpipe.outbound import AddressGuard, AddressRefused
from vidpipe.pipeline.engine import Engine
from vidpipe.webhooks.payload import payload
from vidpipe.webhooks.signing import new_secret

#: Endpoints that an organisation may have: each event is sent to all of them.
MOST_ENDPOINTS = 100
#: Attempts that a delivery is shown with.
_SHOWN_ATTEMPTS = 100
#: Rows that are looked at for a page at once.
_PORTION = 200


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class EndpointView(_View):
    """An address that is notified of events, without its secret."""

    endpoint_id: str
    organisation: str
    channels: tuple[str, ...] | None = Field(description="only of these; none: of all of them")
    url: str
    description: str
    types: tuple[str, ...] = Field(description="of the events that it is notified of")
    enabled: bool
    disabled_because: Literal["by_hand", "gone", "failing"] | None = Field(
        description="by_hand: someone did it; gone: it answered 410; failing: it failed for days"
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="the first of the failures in a row")
    last_success_at: datetime | None
    old_secret_until: datetime | None = Field(
        description="until when the secret before the last rotation signs, too"
    )
    created_by: str
    revision: int
    created_at: datetime
    updated_at: datetime


class EndpointCreated(_View):
    """A new endpoint, or a new secret of one: the only time that it is shown."""

    endpoint: EndpointView
    secret: str | None = Field(
        description="`whsec_…`, which verifies signatures; none in an answer that is repeated"
    )


class AttemptView(_View):
    """One request of a delivery."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None = Field(description="of the answer; none: there was none")
    error: str | None = Field(
        description="timeout, no_connection, no_answer, or address_…: the address is refused"
    )
    answer: str = Field(description="how its text begins, 1 KiB at most")


class DeliveryView(_View):
    """An event on its way to an endpoint, or there."""

    delivery_id: str
    endpoint_id: str
    event_id: str = Field(description="`webhook-id` of its requests")
    type: str
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    next_attempt_at: datetime | None = Field(description="none: it is not sent again by itself")
    ended_at: datetime | None
    created_at: datetime


class DeliveryDetail(DeliveryView):
    """A delivery closely."""

    requests: tuple[AttemptView, ...] = Field(description="the newest 100, the oldest first")


class Webhooks:
    """Endpoints and deliveries, as programs and people see them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rows = engine.catalog.webhooks

    @cached_property
    def vault(self) -> Vault:
        """What encrypts secrets.

        Raises:
            Misconfigured: there is no key.
        """
        settings = self.engine.settings
        keys = [key.get_secret_value() for key in settings.encryption_keys]
        return open_vault(keys, settings.home, embedded=self.engine.catalog.embedded)

    # Endpoints

    def create(
        self,
        *,
        organisation: str,
        url: str,
        types: Sequence[str],
        channels: Sequence[str] | None = None,
        description: str = "",
        created_by: str,
    ) -> EndpointCreated:
        """Subscribe an address to what happens from now on.

        Args:
            organisation: one of channels.yaml.
            url: https, and of the public internet, unless settings allow more.
            types: of `EVENT_TYPES`.
            channels: only of these; None: of all that the organisation has and will have.
            description: for people.
            created_by: the id of whoever asks.

        Raises:
            Refused: an address or a type that cannot be, or too many endpoints.
            Misconfigured: there is no key to encrypt its secret with.
        """
        self._check_place(organisation, channels)
        self._check_url(url)
        _check_types(types)
        secret = new_secret()
        row = EndpointRow(
            endpoint_id=f"endpoint-{uuid.uuid4().hex[:20]}",
            organisation=organisation,
            channels=sorted(set(channels)) if channels is not None else None,
            url=url,
            description=description,
            types=sorted(set(types)),
            secret=self.vault.seal(secret),
            created_by=created_by,
            revision=1,
        )
        if not self._rows.add(row, MOST_ENDPOINTS):
            raise Refused(f"{organisation} has {MOST_ENDPOINTS} webhooks, the most that it may")
        return EndpointCreated(endpoint=_endpoint(row), secret=secret)

    def get(self, endpoint_id: str) -> EndpointView:
        """One endpoint.

        Raises:
            UnknownEndpoint: there is none of this id.
        """
        return _endpoint(self._row(endpoint_id))

    def list(
        self,
        *,
        organisations: Collection[str],
        visible: Callable[[EndpointView], bool] = lambda _: True,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[EndpointView]:
        """A page of endpoints, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of vidpipe's.
        """
        check_limit(limit)
        found: list[EndpointView] = []
        after = place_of(cursor) if cursor else None
        while len(found) <= limit:
            rows = self._rows.page(_PORTION, organisations=organisations, after=after)
            found += [view for view in map(_endpoint, rows) if visible(view)]
            if len(rows) < _PORTION:
                break
            after = (rows[-1].created_at, rows[-1].endpoint_id)
        shown = found[:limit]
        more = len(found) > limit
        return Page(
            items=tuple(shown),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].endpoint_id) if more else None,
        )

    def change(
        self,
        endpoint_id: str,
        *,
        revision: int,
        url: str | None = None,
        types: Sequence[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> EndpointView:
        """Change what is given of an endpoint that is still at this revision.

        Enabled again it has a clean record: its days of failures are counted from then on.

        Raises:
            UnknownEndpoint: there is none of this id.
            Refused: an address or a type that cannot be.
            Changed: somebody changed it since.
        """
        before = self._row(endpoint_id)
        values: dict[str, Any] = {}
        if url is not None:
            self._check_url(url)
            values["url"] = url
        if types is not None:
            _check_types(types)
            values["types"] = sorted(set(types))
        if description is not None:
            values["description"] = description
        if enabled is True:
            values |= {"disabled_at": None, "disabled_because": None, "failing_since": None}
        elif enabled is False and before.disabled_at is None:
            values |= {"disabled_at": now(), "disabled_because": "by_hand"}
        if not self._rows.change(endpoint_id, revision, values):
            raise Changed(endpoint_id)
        return self.get(endpoint_id)

    def remove(self, endpoint_id: str) -> EndpointView:
        """Remove an endpoint, and all that is known of its deliveries; what it was.

        Raises:
            UnknownEndpoint: there is none of this id.
        """
        before = self.get(endpoint_id)
        if not self._rows.remove(endpoint_id):
            raise UnknownEndpoint(endpoint_id)
        return before

    def rotate(self, endpoint_id: str, *, overlap_h: float | None = None) -> EndpointCreated:
        """A new secret. Until the overlap is over the old one signs as well.

        Args:
            endpoint_id: whose.
            overlap_h: hours, 0 to end the old one at once; None: as it is set.

        Raises:
            UnknownEndpoint: there is none of this id.
            Changed: somebody changed it at the same time.
        """
        before = self._row(endpoint_id)
        hours = self.engine.settings.webhooks.rotation_h if overlap_h is None else overlap_h
        secret = new_secret()
        values = {
            "secret": self.vault.seal(secret),
            "old_secret": before.secret if hours > 0 else None,
            "old_secret_until": now() + timedelta(hours=hours) if hours > 0 else None,
        }
        if not self._rows.change(endpoint_id, before.revision, values):
            raise Changed(endpoint_id)
        return EndpointCreated(endpoint=self.get(endpoint_id), secret=secret)

    # Deliveries

    def test(self, endpoint_id: str) -> DeliveryView:
        """Send an event of the type `ping`, once, also to an endpoint that is disabled.

        Raises:
            UnknownEndpoint: there is none of this id.
        """
        row, public_url = self._row(endpoint_id), self.engine.settings.public_url
        made = self._rows.ping(row, lambda event: payload(event, row.organisation, public_url))
        return _delivery(made)

    def delivery(self, delivery_id: str) -> DeliveryDetail:
        """A delivery and its requests.

        Raises:
            UnknownDelivery: there is none of this id.
        """
        row = self._rows.delivery(delivery_id)
        if row is None:
            raise UnknownDelivery(delivery_id)
        requests = tuple(map(_attempt, self._rows.attempts(delivery_id, _SHOWN_ATTEMPTS)))
        return DeliveryDetail(**dict(_delivery(row)), requests=requests)

    def deliveries(
        self,
        endpoint_id: str,
        *,
        states: Collection[DeliveryState] = (),
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[DeliveryView]:
        """A page of the deliveries to an endpoint, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of vidpipe's.
        """
        check_limit(limit)
        rows = self._rows.delivery_page(
            limit + 1,
            endpoint_id=endpoint_id,
            states=states,
            after=place_of(cursor) if cursor else None,
        )
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(
            items=tuple(map(_delivery, shown)),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].delivery_id) if more else None,
        )

    def replay(self, delivery_id: str) -> DeliveryView:
        """Send a delivery again, from the first attempt on, with the same `webhook-id`.

        Raises:
            UnknownDelivery: there is none of this id.
            WrongState: it is on its way, or its endpoint is disabled.
        """
        self._enabled(self.delivery(delivery_id).endpoint_id)
        row = self._rows.replay(delivery_id)
        if row is None:
            raise UnknownDelivery(delivery_id)
        return _delivery(row)

    def replay_failed(self, endpoint_id: str, since: datetime) -> int:
        """Send all again that failed and is not older than this; how many.

        Raises:
            UnknownEndpoint: there is none of this id.
            WrongState: it is disabled.
        """
        self._enabled(endpoint_id)
        return self._rows.replay_failed(endpoint_id, since)

    def _enabled(self, endpoint_id: str) -> None:
        if self._row(endpoint_id).disabled_at is not None:
            raise WrongState(f"{endpoint_id} is disabled: enable it first")

    def _row(self, endpoint_id: str) -> EndpointRow:
        row = self._rows.get(endpoint_id)
        if row is None:
            raise UnknownEndpoint(endpoint_id)
        return row

    def _check_place(self, organisation: str, channels: Sequence[str] | None) -> None:
        known = {n for n, c in self.engine.channels.items() if c.organisation == organisation}
        if not known:
            raise Refused(f"there is no organisation {organisation!r}")
        unknown = sorted(set(channels or ()) - known)
        if unknown:
            raise Refused(f"{organisation} has no channel {', '.join(unknown)}")

    def _check_url(self, url: str) -> None:
        """Refuse an address that nothing would be sent to.

        A host that is not found now may be there later: that is no reason to refuse it.
        """
        options = self.engine.settings.webhooks
        if not options.allow_http and url.lower().startswith("http://"):
            raise Refused("url: https:// only; VIDPIPE_WEBHOOKS__ALLOW_HTTP=true allows http://")
        if "#" in url:
            raise Refused("url: it has a fragment (#…), which is never sent")
        try:
            AddressGuard(allow_private=options.allow_private).check(url)
        except AddressRefused as refused:
            raise Refused(f"url: {refused.message}") from refused
        except Unavailable:
            return


def _check_types(types: Sequence[str]) -> None:
    unknown = sorted(set(types) - set(EVENT_TYPES))
    if unknown or not types:
        said = f"no event type is {', '.join(unknown)}" if unknown else "name a type at least"
        raise Refused(f"types: {said}; there are: {', '.join(EVENT_TYPES)}")


def _endpoint(row: EndpointRow) -> EndpointView:
    until = row.old_secret_until
    return EndpointView(
        endpoint_id=row.endpoint_id,
        organisation=row.organisation,
        channels=tuple(row.channels) if row.channels is not None else None,
        url=row.url,
        description=row.description,
        types=tuple(row.types),
        enabled=row.disabled_at is None,
        disabled_because=row.disabled_because,  # type: ignore[arg-type]
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
        last_success_at=row.last_success_at,
        old_secret_until=until if until is not None and until > now() else None,
        created_by=row.created_by,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _delivery(row: DeliveryRow) -> DeliveryView:
    return DeliveryView(
        delivery_id=row.delivery_id,
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        type=row.type,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        next_attempt_at=row.due_at,
        ended_at=row.ended_at,
        created_at=row.created_at,
    )


def _attempt(row: AttemptRow) -> AttemptView:
    return AttemptView(
        number=row.number,
        at=row.at,
        duration_ms=row.duration_ms,
        status=row.status,
        error=row.error,
        answer=row.answer,
    )
