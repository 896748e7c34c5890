"""When channels ask somebody, and whom: reading it, and setting it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from vidpipe.api.asked import Asked, Configures, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import ChannelPath, Listed
from vidpipe.api.versioned import version_of, versioned
from vidpipe.channels.reviews import ReviewRules
from vidpipe.errors import Misconfigured
from vidpipe.library import GateSettingsView
from vidpipe.observability import events

router = APIRouter(tags=["reviews"], route_class=AuditedRoute)
IfMatch = Annotated[
    str | None,
    Header(
        max_length=100,
        description="`ETag` of the settings as you read them; `*` stands for whatever is current",
    ),
]


@router.get("/gates", summary="List settings of gates", responses=errors())
def list_gate_settings(asked: Reads) -> Listed[GateSettingsView]:
    """Of each channel that you may see, by name, when somebody has to approve, and who may. One
    whose settings this version cannot read is left out, until they are set anew or reset."""
    settings, items = asked.library.gate_settings, []
    for name in sorted(asked.channels()):
        try:
            items.append(settings.get(name, asked.principal))
        except Misconfigured as error:
            events.warning("channel_gates_unreadable", channel=name, why=str(error))
    return Listed[GateSettingsView](items=tuple(items), next_cursor=None, limit=max(1, len(items)))


@router.get(
    "/channels/{channel}/gates", summary="Get settings of gates", responses=errors(404, 409)
)
def get_gate_settings(asked: Reads, channel: ChannelPath, response: Response) -> GateSettingsView:
    """When somebody has to approve in a channel, and who may; `ETag` is for `If-Match`."""
    settings = asked.library.gate_settings
    return versioned(response, settings.get(asked.channel(channel), asked.principal))


@router.put(
    "/channels/{channel}/gates",
    summary="Set gates",
    responses=errors(404, 412, 428),
)
def set_gates(
    asked: Configures,
    channel: ChannelPath,
    body: ReviewRules,
    response: Response,
    if_match: IfMatch = None,
) -> GateSettingsView:
    """Set when somebody has to approve, instead of what `channels.yaml` says: from now on. What
    waits already waits on until somebody decides. 412 `changed`: somebody set it since."""
    return _set(asked, asked.channel(channel), body, version_of(if_match), response)


@router.delete(
    "/channels/{channel}/gates",
    summary="Reset gates",
    responses=errors(404, 412, 428),
)
def reset_gates(
    asked: Configures, channel: ChannelPath, response: Response, if_match: IfMatch = None
) -> GateSettingsView:
    """Have what `channels.yaml` says hold again."""
    return _set(asked, asked.channel(channel), None, version_of(if_match), response)


def _set(
    asked: Asked, channel: str, rules: ReviewRules | None, version: int | None, response: Response
) -> GateSettingsView:
    made = asked.library.gate_settings.set(
        channel, rules, asked.principal, version=version, audit=asked.actor
    )
    asked.recorded.append(asked.change)
    return versioned(response, made)
