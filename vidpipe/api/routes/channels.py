"""Channels, platforms and templates: what is configured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from vidpipe.api.asked import Asked, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, unchanged
from vidpipe.api.models import ChannelPath, ChannelView, Listed, PlatformPath
from vidpipe.api.problems import ApiError
from vidpipe.api.tagged import IfNoneMatch, tagged
from vidpipe.channels.model import Channel
from vidpipe.library import (
    Library,
    PlatformView,
    TemplateView,
    platform_views,
    template_views,
)

router = APIRouter(tags=["configuration"], route_class=AuditedRoute)
OwnOf = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="also those that this channel has of its own",
    ),
]


@router.get("/channels", summary="List channels", responses=errors())
def list_channels(asked: Reads) -> Listed[ChannelView]:
    """The channels that you may see, by name. They are configured in `channels.yaml`."""
    channels = asked.library.engine.channels
    items = tuple(_channel(asked.library, channels[name]) for name in sorted(asked.channels()))
    return Listed[ChannelView](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get("/channels/{channel}", summary="Get a channel", responses=errors(404))
def get_channel(asked: Reads, channel: ChannelPath) -> ChannelView:
    """One channel: its platforms, its template, the stages that run for its videos."""
    name = asked.channel(channel)
    return _channel(asked.library, asked.library.engine.channels[name])


@router.get("/platforms", summary="List platforms", responses=errors(404))
def list_platforms(asked: Reads, channel: OwnOf = None) -> Listed[PlatformView]:
    """The platforms that come along, by name, with what they take and where that is from."""
    items = platform_views(_own(asked, channel))
    return Listed[PlatformView](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get(
    "/platforms/{platform}",
    summary="Get a platform",
    response_model=PlatformView,
    responses={**unchanged(), **errors(404)},
)
def get_platform(
    asked: Reads,
    platform: PlatformPath,
    channel: OwnOf = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One platform: its picture, its safe area, lengths, bytes and characters."""
    for found in platform_views(_own(asked, channel)):
        if found.name == platform:
            return tagged(found, if_none_match)
    raise ApiError(404, "platform_not_found", f"there is no platform {platform!r}")


@router.get("/templates", summary="List templates", responses=errors(404))
def list_templates(asked: Reads, channel: OwnOf = None) -> Listed[TemplateView]:
    """The templates that come along, the default one first."""
    items = template_views(_own(asked, channel))
    return Listed[TemplateView](items=items, next_cursor=None, limit=max(1, len(items)))


def _own(asked: Asked, channel: str | None) -> Channel | None:
    return asked.library.engine.channels[asked.channel(channel)] if channel is not None else None


def _channel(library: Library, channel: Channel) -> ChannelView:
    return ChannelView(
        name=channel.name,
        title=channel.title,
        language=channel.language,
        platforms=channel.platforms,
        template=channel.template,
        clips=channel.clips.count,
        min_s=channel.clips.min_s,
        max_s=channel.clips.max_s,
        stages=tuple(library.engine.pipeline.names(channel.platforms)),
    )
