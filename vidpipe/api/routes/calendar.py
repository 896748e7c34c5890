"""The calendar of posts, and pauses of channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vidpipe.api.asked import Configures, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import ChannelPath, ChannelQuery, Listed
from vidpipe.channels.publishing import PublishingPlatform
from vidpipe.library import CalendarView, PublishingPauseView

router = APIRouter(tags=["publishing"], route_class=AuditedRoute)
#: Days of a calendar where nobody says until when.
_DAYS = timedelta(days=31)
PausedPlatform = Annotated[
    PublishingPlatform | None, Query(description="only there; none: the channel as a whole")
]


class PublishingPauseBody(BaseModel):
    """Where and until when nothing is posted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: PublishingPlatform | None = Field(
        default=None, description="only there; none: on none of the channel's platforms"
    )
    reason: str = Field(
        default="", max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$", description="shown to others"
    )
    until: AwareDatetime | None = Field(
        default=None, description="posts go on by themselves then; none: when somebody resumes"
    )


@router.get("/calendar", summary="Get the calendar of posts", responses=errors())
def get_calendar(
    asked: Reads,
    first: Annotated[
        AwareDatetime | None, Query(alias="from", description="default: this day (UTC)")
    ] = None,
    last: Annotated[
        AwareDatetime | None,
        Query(alias="to", description="excluded, at most 62 days later; default: 31 days later"),
    ] = None,
    channel: ChannelQuery = None,
) -> CalendarView:
    """Posts by when they go out or went out, slots that are free, and pauses. What has no moment
    yet is not in it: posts that are `queued` or `waiting` are in the list of posts."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = first or today
    end = last or (begin + _DAYS if begin.year < 9000 else begin)
    return asked.library.schedule.calendar(asked.among(channel), begin, end)


@router.get("/publishing-pauses", summary="List paused channels", responses=errors())
def list_publishing_pauses(
    asked: Reads, channel: ChannelQuery = None
) -> Listed[PublishingPauseView]:
    """Channels, and platforms of channels, that post nothing now."""
    found = asked.library.schedule.pauses(asked.among(channel))
    return Listed[PublishingPauseView](items=found, next_cursor=None, limit=max(1, len(found)))


@router.put(
    "/channels/{channel}/publishing-pause", summary="Pause a channel", responses=errors(404)
)
def pause_publishing(
    asked: Configures, channel: ChannelPath, body: PublishingPauseBody
) -> PublishingPauseView:
    """Have a channel, or one of its platforms, post nothing. What was begun is finished. Asked
    again it is paused until another moment."""
    return asked.library.schedule.pause(
        asked.channel(channel),
        body.platform,
        reason=body.reason,
        until=body.until,
        by=asked.principal.id,
    )


@router.delete(
    "/channels/{channel}/publishing-pause",
    summary="Resume a channel",
    status_code=204,
    responses=errors(404),
)
def resume_publishing(
    asked: Configures, channel: ChannelPath, platform: PausedPlatform = None
) -> Response:
    """Have a channel, or one of its platforms, post again. What was to go out meanwhile goes by
    the channel's rule for what was missed."""
    asked.library.schedule.resume(asked.channel(channel), platform, by=asked.principal.id)
    return Response(status_code=204)
