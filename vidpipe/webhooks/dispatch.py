"""Events become deliveries, deliveries are sent until they are taken or given up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from vidpipe.accounts.mail import Mail, Mailer
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.events import PING
from vidpipe.catalog.leases import Leases
from vidpipe.catalog.notices import Notice, tell
from vidpipe.catalog.states import DeliveryState
from vidpipe.catalog.tables import now
from vidpipe.catalog.webhook_tables import AttemptRow, DeliveryRow, EndpointRow
from vidpipe.catalog.webhooks import ToSend, WebhookRows, disable, old_enough
from vidpipe.encryption import Vault
from vidpipe.errors import VidpipeError, retryable
from vidpipe.observability import events
from vidpipe.outbound import guarded_client
from vidpipe.webhooks.options import WebhookOptions
from vidpipe.webhooks.payload import payload
from vidpipe.webhooks.sending import GONE, Outcome, send
from vidpipe.webhooks.signing import headers
from vidpipe.worker import stopping

if TYPE_CHECKING:
    import httpx

#: Requests of one process at the same time, and of these to one endpoint: a slow one leaves room
#: to the others.
_AT_ONCE, _TO_ONE = 16, 4
#: Events whose deliveries are written before others get their turn.
_PORTION = 50
#: Seconds after which it is looked again for what came meanwhile.
_LOOK_S = 1.0
#: The longest that `Retry-After` is obeyed: as long as vidpipe itself would wait.
MAX_RETRY_AFTER_S = 36_000.0
#: A delay is longer by up to this share of it, so that endpoints are not asked by all at once.
_JITTER = 0.1


@dataclass(frozen=True)
class Surroundings:
    """What deliveries need beside the catalog.

    Attributes:
        options: how they are sent.
        vault: gives what opens the secrets.
        organisation_of: whose a channel is; None: nobody's any more.
        public_url: where the service is, for links.
        mailer: tells owners that their endpoint was disabled.
        agent: what requests call themselves.
    """

    options: WebhookOptions
    vault: Callable[[], Vault]
    organisation_of: Callable[[str], str | None]
    public_url: str
    mailer: Mailer
    agent: str


class Dispatcher:
    """The chores of webhooks; several processes have one each over the same catalog."""

    def __init__(self, rows: WebhookRows, around: Surroundings) -> None:
        self._rows = rows
        self._around = around
        self._options = around.options

    @cached_property
    def _vault(self) -> Vault:
        return self._around.vault()

    @cached_property
    def _leases(self) -> Leases[DeliveryRow]:
        return self._rows.deliveries(self._options.timeout_s)

    # Events

    def fan_out(self) -> bool:
        """Write the deliveries of events that have none yet; whether there is more."""
        events = self._rows.events.claim(_PORTION)
        for event in events:
            whose = self._around.organisation_of(event.channel or "")
            self._rows.fan_out(event, whose, partial(self._body, organisation=whose))
        return len(events) == _PORTION

    def _body(self, event: EventRow, organisation: str | None) -> str:
        return payload(event, organisation, self._around.public_url)

    # Deliveries

    async def deliver(self) -> bool:
        """Send what is due; whether there was anything, so that there may be more by now."""
        first = await asyncio.to_thread(self._claim, Counter[str]())
        if first is None:
            return False
        # Where there is no key at all, that is said once, and not of every delivery.
        await asyncio.to_thread(lambda: self._vault)
        options = self._options
        client = guarded_client(
            allow_private=options.allow_private,
            timeout_s=options.timeout_s,
            headers={"User-Agent": self._around.agent, "Accept-Encoding": "identity"},
        )
        # Endpoints of one host may be of several organisations: none is told another's cookies.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        sent: dict[asyncio.Task[None], str] = {}

        def begin(delivery: DeliveryRow) -> None:
            sent[asyncio.create_task(self._one(client, delivery))] = delivery.endpoint_id

        async with client:
            try:
                begin(first)
                while sent:
                    while len(sent) < _AT_ONCE and not stopping():
                        found = await asyncio.to_thread(self._claim, Counter(sent.values()))
                        if found is None:
                            break
                        begin(found)
                    done, _ = await asyncio.wait(
                        sent, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in done:
                        del sent[task]
            finally:
                for task in sent:
                    task.cancel()
                await asyncio.gather(*sent, return_exceptions=True)
        return True

    def _claim(self, at_work: Counter[str]) -> DeliveryRow | None:
        busy = [endpoint for endpoint, count in at_work.items() if count >= _TO_ONE]
        found = self._leases.claim(1, DeliveryRow.endpoint_id.not_in(busy))
        return found[0] if found else None

    async def _one(self, client: httpx.AsyncClient, delivery: DeliveryRow) -> None:
        """Send one; what cannot be sent or written down is tried again when its lease ends."""
        try:
            await self._send(client, delivery)
        except Exception as error:
            said = {"delivery": delivery.delivery_id, "endpoint": delivery.endpoint_id}
            if retryable(error):
                events.warning("webhook_delivery_deferred", message=str(error), **said)
            else:
                events.error("webhook_delivery_broken", cause=error, **said)

    async def _send(self, client: httpx.AsyncClient, delivery: DeliveryRow) -> None:
        what = await asyncio.to_thread(self._rows.to_send, delivery)
        if what is None:
            return
        if what.endpoint.disabled_at is not None and delivery.type != PING:
            await asyncio.to_thread(self._leases.settle, delivery, _give_up)
            return
        body, at = what.body.encode(), int(time.time())
        signed = headers(self._secrets(what.endpoint), delivery.event_id, at, body)
        outcome = await send(
            client,
            what.endpoint.url,
            body,
            signed,
            timeout_s=self._options.timeout_s,
            allow_http=self._options.allow_http,
        )
        disabled = await asyncio.to_thread(self._settle, what, outcome)
        if disabled is not None:
            await self._tell(disabled)

    def _secrets(self, endpoint: EndpointRow) -> list[str]:
        sealed = [endpoint.secret]
        until = endpoint.old_secret_until
        if endpoint.old_secret is not None and until is not None and until > now():
            sealed.append(endpoint.old_secret)
        return [self._vault.open(text) for text in sealed]

    def _settle(self, what: ToSend, outcome: Outcome) -> EndpointRow | None:
        """Write an attempt down; the endpoint where it was disabled by it."""
        disabled: list[EndpointRow] = []

        def work(session: Session, row: DeliveryRow) -> None:
            row.attempts += 1
            row.last_status, row.last_error = outcome.status, outcome.error
            session.add(_attempt(row, outcome))
            endpoint = session.get(EndpointRow, row.endpoint_id, with_for_update=True)
            if outcome.ok:
                row.state, row.ended_at, row.failures = DeliveryState.DELIVERED, now(), 0
            else:
                row.failures += 1
                self._again_or_not(row, outcome)
            if row.state == DeliveryState.FAILED and row.type != PING:
                tell(session, _given_up(session, row, endpoint, outcome))
            if row.type != PING and endpoint is not None and self._note(endpoint, outcome):
                disabled.append(endpoint)
                tell(session, _disabled(endpoint))

        self._leases.settle(what.delivery, work)
        return disabled[0] if disabled else None

    def _again_or_not(self, row: DeliveryRow, outcome: Outcome) -> None:
        delays = self._options.retry_delays_s
        last = row.failures > len(delays) or row.type == PING or outcome.status == GONE
        if last:
            _give_up(None, row)
            return
        wait_s = delays[row.failures - 1] * random.uniform(1.0, 1.0 + _JITTER)
        wait_s = max(wait_s, min(outcome.retry_after_s or 0.0, MAX_RETRY_AFTER_S))
        row.due_at = now() + timedelta(seconds=wait_s)

    def _note(self, endpoint: EndpointRow, outcome: Outcome) -> bool:
        """What an attempt says of its endpoint; whether it is disabled by it."""
        if outcome.ok:
            endpoint.failing_since, endpoint.last_success_at = None, now()
            return False
        endpoint.failing_since = endpoint.failing_since or now()
        was_enabled = endpoint.disabled_at is None
        if outcome.status == GONE:
            disable(endpoint, "gone")
        elif old_enough(endpoint.failing_since, self._options.disable_after_days):
            disable(endpoint, "failing")
        return was_enabled and endpoint.disabled_at is not None

    async def _tell(self, endpoint: EndpointRow) -> None:
        """Whoever made an endpoint is told that it was disabled; that it is, is in the API too."""
        who, why = endpoint.endpoint_id, endpoint.disabled_because
        events.warning(
            "webhook_endpoint_disabled",
            endpoint=who,
            organisation=endpoint.organisation,
            why=why,
        )
        to = await asyncio.to_thread(self._rows.address_of, endpoint.created_by)
        if to is None:
            return
        try:
            await self._around.mailer.send(disabled_mail(to, endpoint))
        except VidpipeError as error:
            events.warning("mail_send_failed", endpoint=who, message=str(error))

    # Retention

    def tidy(self) -> bool:
        """Remove what is old, and encrypt secrets with the newest key; whether there is more."""
        more = self._rows.remove_old(now() - timedelta(days=self._options.keep_days))
        if not more:
            self._rows.reseal(self._renewed)
        return more

    def _renewed(self, sealed: str) -> str | None:
        # No key is asked for before there is a secret.
        return self._vault.renewed(sealed)


def _give_up(_: Session | None, row: DeliveryRow) -> None:
    row.state, row.ended_at, row.due_at = DeliveryState.FAILED, now(), None


def _given_up(
    session: Session, row: DeliveryRow, endpoint: EndpointRow | None, outcome: Outcome
) -> Notice:
    """What people are told of a delivery that failed for good; a path may be a secret."""
    event = session.get(EventRow, row.event)
    answered = f"it answered {outcome.status}" if outcome.status else outcome.error or ""
    return Notice(
        "webhook.failed",
        f"{row.type} was not taken: {answered}",
        cause=row.endpoint_id,
        channel=event.channel if event is not None else None,
        subject=row.delivery_id,
        name=(urlsplit(endpoint.url).hostname or "") if endpoint is not None else "",
        data={"attempts": row.attempts, "event_id": row.event_id},
    )


def _disabled(endpoint: EndpointRow) -> Notice:
    why = _WHY.get(endpoint.disabled_because or "", "It was disabled")
    return Notice(
        "webhook.disabled",
        f"{why}; nothing is sent to it any more",
        cause=endpoint.endpoint_id,
        subject=endpoint.endpoint_id,
        name=urlsplit(endpoint.url).hostname or "",
    )


def _attempt(row: DeliveryRow, outcome: Outcome) -> AttemptRow:
    return AttemptRow(
        delivery_id=row.delivery_id,
        number=row.attempts,
        duration_ms=outcome.duration_ms,
        status=outcome.status,
        error=outcome.error,
        answer=outcome.answer,
    )


_WHY = {
    "gone": "It answered that it is gone (410)",
    "failing": "Nothing that was sent to it was taken for days",
}


def disabled_mail(to: str, endpoint: EndpointRow) -> Mail:
    """What the owner of an endpoint gets when it is disabled; its path may be a secret."""
    why = _WHY.get(endpoint.disabled_because or "", "It was disabled")
    text = (
        f"{why}, so that nothing is sent to this webhook any more:\n\n"
        f"    {endpoint.endpoint_id} at {urlsplit(endpoint.url).hostname}\n"
        f"    {endpoint.description}\n\n"
        "Repair it, enable it with PATCH /api/v1/webhooks/{endpoint_id}, and have what failed "
        "sent again with POST /api/v1/webhooks/{endpoint_id}/replay.\n"
    )
    return Mail(to, "A webhook was disabled", text)
