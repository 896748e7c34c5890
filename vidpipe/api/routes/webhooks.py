"""Webhooks: endpoints that are notified of what happens, and the deliveries to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vidpipe.api.asked import Configures
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    Cursor,
    DeliveryId,
    EndpointId,
    Limit,
    Listed,
    PlaceName,
)
from vidpipe.api.problems import ApiError
from vidpipe.api.repeated import Created, Key, once
from vidpipe.catalog.events import EVENT_TYPES
from vidpipe.library import (
    Changed,
    DeliveryDetail,
    DeliveryState,
    DeliveryView,
    EndpointCreated,
    EndpointView,
)

router = APIRouter(tags=["webhooks"], route_class=AuditedRoute)
_TYPES = "; ".join(f"`{name}`: {when}" for name, when in EVENT_TYPES.items())
Types = Annotated[
    tuple[Annotated[str, Field(json_schema_extra={"enum": list(EVENT_TYPES)}, max_length=64)], ...],
    Field(min_length=1, max_length=100, description=f"what it is notified of. {_TYPES}"),
]
Url = Annotated[
    str,
    Field(
        min_length=10,
        max_length=2000,
        pattern=r"^https?://[!-~]+$",
        description="https, and on the public internet, unless settings allow more",
        examples=["https://hooks.example.org/vidpipe"],
    ),
]
Words = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")]
IfMatch = Annotated[str | None, Header(description="`ETag` of the webhook as you read it")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EndpointCreate(_Body):
    """An address that is to be notified."""

    url: Url
    types: Types
    organisation: PlaceName = Field(default="default", description="whose events")
    channels: Annotated[tuple[PlaceName, ...], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="only of these; none: of all of the organisation"
    )
    description: Words = ""


class EndpointUpdate(_Body):
    """What changes of a webhook; what is left out stays."""

    url: Url | None = None
    types: Types | None = None
    description: Words | None = None
    enabled: bool | None = Field(default=None, description="whether anything is sent to it")


class SecretRotate(_Body):
    """How a secret is exchanged."""

    overlap_h: float | None = Field(
        default=None,
        ge=0,
        le=720,
        description="hours for which the old one signs, too; 0: not at all; default 24",
    )


class ReplayMany(_Body):
    """Which failed deliveries are sent again."""

    since: AwareDatetime = Field(
        ge=datetime.fromisoformat("1971-01-01T00:00:00Z"),
        le=datetime.fromisoformat("9000-01-01T00:00:00Z"),
        description="those that were written since, with a time zone",
    )


class Replayed(BaseModel):
    """Deliveries that are sent again."""

    count: int


class _Nothing(BaseModel):
    pass


@router.post(
    "/webhooks",
    summary="Create a webhook",
    status_code=201,
    response_model=EndpointCreated,
    responses=errors(404),
)
def create_webhook(asked: Configures, body: EndpointCreate, key: Key = None) -> Response:
    """Subscribe an address to what happens from now on.

    `secret` verifies what is sent (Standard Webhooks) and is shown in this answer alone: an
    answer that is repeated by its `Idempotency-Key` has none; rotate it then.
    """
    asked.place(body.organisation, body.channels)

    def work() -> Created:
        made = asked.library.webhooks.create(**body.model_dump(), created_by=asked.principal.id)
        where = f"/api/v1/webhooks/{made.endpoint.endpoint_id}"
        return Created(where, made, once={"secret"})

    answer = once(asked, key, "POST /webhooks", body, work)
    answer.headers["ETag"] = _tag(1)
    return answer


@router.get("/webhooks", summary="List webhooks", responses=errors())
def list_webhooks(
    asked: Configures, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Listed[EndpointView]:
    """Those that you may change, the newest first."""
    page = asked.library.webhooks.list(
        organisations=asked.places(), visible=asked.may_change, limit=limit, cursor=cursor
    )
    return Listed[EndpointView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/webhooks/{endpoint_id}", summary="Get a webhook", responses=errors(404))
def get_webhook(asked: Configures, endpoint_id: EndpointId, response: Response) -> EndpointView:
    """One webhook; `ETag` is for `If-Match` when it is changed."""
    found = asked.endpoint(endpoint_id)
    response.headers["ETag"] = _tag(found.revision)
    return found


@router.patch(
    "/webhooks/{endpoint_id}", summary="Change a webhook", responses=errors(404, 412, 428)
)
def change_webhook(
    asked: Configures,
    endpoint_id: EndpointId,
    body: EndpointUpdate,
    response: Response,
    if_match: IfMatch = None,
) -> EndpointView:
    """Change a webhook that nobody changed since you read it.

    One that is disabled is sent nothing, and nothing is kept for it: what happens meanwhile is
    not sent later.
    """
    before = asked.endpoint(endpoint_id)
    if if_match is None:
        raise ApiError(428, "if_match_required", "send If-Match with the ETag of what you read")
    if if_match.strip() not in (_tag(before.revision), "*"):
        raise Changed(endpoint_id)
    found = asked.library.webhooks.change(
        endpoint_id, revision=before.revision, **body.model_dump(exclude_none=True)
    )
    response.headers["ETag"] = _tag(found.revision)
    return found


@router.delete("/webhooks/{endpoint_id}", summary="Remove a webhook", responses=errors(404))
def remove_webhook(asked: Configures, endpoint_id: EndpointId) -> EndpointView:
    """Remove a webhook, and what is known of its deliveries; it is shown as it was."""
    return asked.library.webhooks.remove(asked.endpoint(endpoint_id).endpoint_id)


@router.post(
    "/webhooks/{endpoint_id}/secret/rotate",
    summary="Exchange a webhook's secret",
    responses=errors(404, 412),
)
def rotate_webhook_secret(
    asked: Configures, endpoint_id: EndpointId, body: SecretRotate
) -> EndpointCreated:
    """Make a new secret, and show it, once. For a while the old one signs as well."""
    asked.endpoint(endpoint_id)
    return asked.library.webhooks.rotate(endpoint_id, overlap_h=body.overlap_h)


@router.post(
    "/webhooks/{endpoint_id}/test",
    summary="Send a test event",
    status_code=201,
    response_model=DeliveryView,
    responses=errors(404, 409),
)
def ping_webhook(asked: Configures, endpoint_id: EndpointId, key: Key = None) -> Response:
    """Send an event of the type `ping`, once; the delivery tells how that went."""
    asked.endpoint(endpoint_id)

    def work() -> Created:
        made = asked.library.webhooks.test(endpoint_id)
        return Created(f"/api/v1/deliveries/{made.delivery_id}", made)

    return once(asked, key, f"POST /webhooks/{endpoint_id}/test", _Nothing(), work)


@router.get(
    "/webhooks/{endpoint_id}/deliveries",
    summary="List a webhook's deliveries",
    responses=errors(404),
)
def list_webhook_deliveries(
    asked: Configures,
    endpoint_id: EndpointId,
    state: Annotated[
        list[DeliveryState] | None, Query(max_length=3, description="only in these states")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[DeliveryView]:
    """What was and is to be sent to a webhook, the newest first."""
    asked.endpoint(endpoint_id)
    page = asked.library.webhooks.deliveries(
        endpoint_id, states=state or (), limit=limit, cursor=cursor
    )
    return Listed[DeliveryView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.post(
    "/webhooks/{endpoint_id}/replay",
    summary="Send again what failed",
    responses=errors(404, 409),
)
def replay_webhook(asked: Configures, endpoint_id: EndpointId, body: ReplayMany) -> Replayed:
    """Send all deliveries again that failed for good, from their first attempt on."""
    asked.endpoint(endpoint_id)
    return Replayed(count=asked.library.webhooks.replay_failed(endpoint_id, body.since))


@router.get("/deliveries/{delivery_id}", summary="Get a delivery", responses=errors(404))
def get_delivery(asked: Configures, delivery_id: DeliveryId) -> DeliveryDetail:
    """One delivery, with how each of its requests went."""
    return asked.delivery(delivery_id)


@router.post(
    "/deliveries/{delivery_id}/replay",
    summary="Send a delivery again",
    responses=errors(404, 409),
)
def replay_delivery(asked: Configures, delivery_id: DeliveryId) -> DeliveryView:
    """Send one again that was delivered or failed, with the same `webhook-id` as before."""
    return asked.library.webhooks.replay(asked.delivery(delivery_id).delivery_id)


def _tag(revision: int) -> str:
    return f'"{revision}"'
