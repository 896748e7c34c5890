"""Analytics: what was done on which day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import ChannelQuery
from vidpipe.library import AnalyticsView

router = APIRouter(tags=["analytics"], route_class=AuditedRoute)


@router.get("/analytics", summary="Get analytics", responses=errors())
def get_analytics(
    asked: Reads,
    channel: ChannelQuery = None,
    first: Annotated[
        date | None, Query(alias="from", description="day (UTC); none: 29 days before `to`")
    ] = None,
    last: Annotated[
        date | None, Query(alias="to", description="day (UTC), included; none: today")
    ] = None,
) -> AnalyticsView:
    """What was done over some days, 1,100 at most: videos, clips, seconds of work, what failed
    and why, how long stages take, and the share of videos that succeed."""
    return asked.library.statistics.of(asked.among(channel), first, last)
