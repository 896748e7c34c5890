"""Search of what is said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import DEFAULT_LIMIT, ChannelQuery, Cursor, Limit, Listed, VideoQuery
from vidpipe.library import SearchHit, SearchKind
from vidpipe.library.searching import LONGEST_QUESTION

router = APIRouter(tags=["search"], route_class=AuditedRoute)


@router.get("/search", summary="Search", responses=errors())
def search(
    asked: Reads,
    q: Annotated[
        str,
        Query(
            max_length=LONGEST_QUESTION,
            description='words, all of which have to be there; `"words in quotes"` in this order; '
            "`begin*` for words that begin so. Case and accents do not matter",
            examples=["attention", '"neural network" train*'],
        ),
    ],
    channel: ChannelQuery = None,
    kind: Annotated[
        SearchKind | None,
        Query(description="only sentences that are said, or only what chosen moments are called"),
    ] = None,
    video_id: VideoQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[SearchHit]:
    """Sentences and chosen moments in which all of it is, the best first. The newest 1,000
    matches are ranked among themselves, then the next 1,000."""
    page = asked.library.search.find(
        q,
        channels=asked.among(channel),
        kind=kind,
        video_id=video_id,
        limit=limit,
        cursor=cursor,
    )
    return Listed[SearchHit](items=page.items, next_cursor=page.next_cursor, limit=limit)
