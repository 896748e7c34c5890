"""How posts are doing, and what the clips have in common that were seen most."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import ChannelQuery
from vidpipe.library import PostAnalytics, PostFiguresView
from vidpipe.library.publishing.post_analytics import LEAST_AGE, MOST_AGE

router = APIRouter(tags=["analytics"], route_class=AuditedRoute)

_SHOWN, _MOST_SHOWN = 100, 500
PostId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="id of a post")
]


@router.get(
    "/social-posts/{post_id}/figures", summary="Get figures of a post", responses=errors(404)
)
def get_post_figures(asked: Reads, post_id: PostId) -> PostFiguresView:
    """Views, likes, comments, shares, saves and watch time of a post, a row for each day on which
    they were read: every day in its first month, every week up to half a year, every month up to
    two years. What a platform does not say is null."""
    asked.social_post(post_id)
    return asked.library.post_figures.of(post_id)


@router.get("/analytics/posts", summary="Compare posts", responses=errors())
def compare_posts(
    asked: Reads,
    channel: ChannelQuery = None,
    platform: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_]{1,32}$", description="only posts to this one")
    ] = None,
    first: Annotated[
        date | None,
        Query(alias="from", description="day of posting (UTC); none: 364 days before `to`"),
    ] = None,
    last: Annotated[
        date | None, Query(alias="to", description="day of posting, included; none: today")
    ] = None,
    age_days: Annotated[
        int, Query(ge=LEAST_AGE, le=MOST_AGE, description="how old posts are when compared")
    ] = 7,
    limit: Annotated[int, Query(ge=1, le=_MOST_SHOWN, description="posts that are listed")] = (
        _SHOWN
    ),
) -> PostAnalytics:
    """How posts did, and which factors of the score went with views: rank correlations, each with
    the number of posts behind it. Posts are compared at one age, and within their account. Of fewer
    than 20 clips nothing is said."""
    return asked.library.post_statistics.of(
        asked.among(channel), first, last, age_days=age_days, platform=platform, limit=limit
    )
