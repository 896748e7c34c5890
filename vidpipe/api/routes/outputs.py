"""Clips, exports and posts, of one video and across videos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, unchanged
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    ClipPath,
    ClipView,
    Cursor,
    Limit,
    Listed,
    PlatformPath,
    PlatformQuery,
    VideoId,
)
from vidpipe.api.tagged import IfNoneMatch, tagged
from vidpipe.library import ClipSummary, ExportDetail, ExportView, NotReady, PostView

router = APIRouter(tags=["results"], route_class=AuditedRoute)
_DAY_S, _WEEK_S = 24 * 3600, 7 * 24 * 3600
#: Each text of a post is one request to the store.
_PostLimit = Annotated[int, Query(ge=1, le=100, description="items on the page")]


@router.get("/clips", summary="List clips of all videos", responses=errors())
def list_all_clips(
    asked: Reads,
    channel: ChannelQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[ClipSummary]:
    """Clips, those of the newest videos first, and of each video the best first."""
    page = asked.library.outputs.clips(channels=asked.among(channel), limit=limit, cursor=cursor)
    return Listed[ClipSummary](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get(
    "/videos/{video_id}/clips/{clip}",
    summary="Get a clip",
    response_model=ClipView,
    responses={**unchanged(), **errors(404, 409)},
)
def get_clip(
    asked: Reads, video_id: VideoId, clip: ClipPath, if_none_match: IfNoneMatch = None
) -> Response:
    """One clip of a video, by its id or its rank, with the moment that it was made of."""
    asked.video(video_id)
    clip_id = asked.library.outputs.clip_id(video_id, clip)
    results = asked.library.results(video_id)
    found = next((item for item in results.clips if item.id == clip_id), None)
    if found is None:
        raise NotReady(f"{video_id}: its clips are made anew; ask again when they are done")
    segment = next((s for s in results.segments if s.rank == found.segment), None)
    return tagged(ClipView(clip=found, segment=segment), if_none_match)


@router.get("/exports", summary="List exports of all videos", responses=errors())
def list_all_exports(
    asked: Reads,
    channel: ChannelQuery = None,
    platform: PlatformQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[ExportView]:
    """Exports, those of the newest videos first, and of each video the best clips first. The
    link to a file is that of the single export."""
    page = asked.library.outputs.exports(
        channels=asked.among(channel), platform=platform, limit=limit, cursor=cursor
    )
    return Listed[ExportView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get(
    "/videos/{video_id}/exports/{clip}/{platform}",
    summary="Get an export",
    responses=errors(404),
)
def get_export(
    asked: Reads,
    video_id: VideoId,
    clip: ClipPath,
    platform: PlatformPath,
    expires_s: Annotated[
        int, Query(ge=60, le=_WEEK_S, description="seconds for which the link holds")
    ] = _DAY_S,
) -> ExportDetail:
    """One export of a clip, with a link to its file. A store on this machine signs no links:
    then it leads to the pages of this service."""
    asked.video(video_id)
    return asked.library.outputs.export(video_id, clip, platform, expires_s=expires_s)


@router.get("/posts", summary="List posts of all videos", responses=errors())
def list_all_posts(
    asked: Reads,
    channel: ChannelQuery = None,
    platform: PlatformQuery = None,
    limit: _PostLimit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[PostView]:
    """What is written beside exports: title, description, hashtags, within the limits of each
    platform. A page holds fewer than its limit where texts are no longer stored."""
    page = asked.library.outputs.posts(
        channels=asked.among(channel), platform=platform, limit=limit, cursor=cursor
    )
    return Listed[PostView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/videos/{video_id}/posts", summary="List posts", responses=errors(404))
def list_posts(
    asked: Reads,
    video_id: VideoId,
    platform: PlatformQuery = None,
    limit: _PostLimit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[PostView]:
    """What is written beside the exports of a video, the best clips first."""
    asked.video(video_id)
    page = asked.library.outputs.posts(
        channels=asked.channels(),
        video_id=video_id,
        platform=platform,
        limit=limit,
        cursor=cursor,
    )
    return Listed[PostView](items=page.items, next_cursor=page.next_cursor, limit=limit)
