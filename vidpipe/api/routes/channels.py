"""Channels, platforms and templates: what is configured."""

from __future__ import annotations

from fastapi import APIRouter

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    ChannelPath,
    ChannelView,
    Listed,
    PlatformPath,
    PlatformView,
    TemplateView,
)
from vidpipe.api.problems import ApiError
from vidpipe.channels.model import Channel
from vidpipe.library import Library
from vidpipe.platforms.model import Preset, load_presets
from vidpipe.templates.model import load_templates

router = APIRouter(tags=["configuration"], route_class=AuditedRoute)


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


@router.get("/platforms", summary="List platforms", responses=errors())
def list_platforms(asked: Reads) -> Listed[PlatformView]:  # noqa: ARG001
    """The platforms that come along, by name, with what they take and where that is from."""
    items = tuple(_platform(preset) for _, preset in sorted(load_presets().items()))
    return Listed[PlatformView](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get("/platforms/{platform}", summary="Get a platform", responses=errors(404))
def get_platform(asked: Reads, platform: PlatformPath) -> PlatformView:  # noqa: ARG001
    """One platform that comes along."""
    found = load_presets().get(platform)
    if found is None:
        raise ApiError(404, "platform_not_found", f"there is no platform {platform!r}")
    return _platform(found)


@router.get("/templates", summary="List templates", responses=errors())
def list_templates(asked: Reads) -> Listed[TemplateView]:  # noqa: ARG001
    """The templates that come along, the default one first."""
    items = tuple(
        TemplateView(name=name, description=template.description)
        for name, template in load_templates().items()
    )
    return Listed[TemplateView](items=items, next_cursor=None, limit=max(1, len(items)))


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


def _platform(preset: Preset) -> PlatformView:
    video = preset.video
    return PlatformView(
        name=preset.name,
        title=preset.title,
        width=video.size.width if video is not None else None,
        height=video.size.height if video is not None else None,
        max_duration_s=preset.file.max_duration_s,
        source=preset.file.source,
    )
