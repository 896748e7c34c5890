"""Videos: where each stands, and keeping or removing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from vidpipe.api.asked import Processes, Reads, Removes
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    Cursor,
    HoldBody,
    Limit,
    Listed,
    Retired,
    VideoId,
)
from vidpipe.library import VideoDetail, VideoState, VideoView

router = APIRouter(tags=["videos"], route_class=AuditedRoute)


@router.get("/videos", summary="List videos", responses=errors())
def list_videos(
    asked: Reads,
    channel: ChannelQuery = None,
    state: Annotated[tuple[VideoState, ...], Query(description="only in one of these states")] = (),
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[VideoView]:
    """Videos, the newest first, with where each stands."""
    page = asked.library.list(
        channels=asked.among(channel), states=state, limit=limit, cursor=cursor
    )
    return Listed[VideoView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/videos/{video_id}", summary="Get a video", responses=errors(404))
def get_video(asked: Reads, video_id: VideoId) -> VideoDetail:
    """One video closely: its stages, what is asked for, what failed."""
    return asked.library.status(asked.video(video_id))


@router.put("/videos/{video_id}/hold", summary="Hold a video", responses=errors(404))
def hold_video(asked: Processes, video_id: VideoId, body: HoldBody) -> VideoDetail:
    """Keep everything of a video from retention and retiring, for a reason that is shown
    wherever it matters."""
    asked.library.hold(asked.video(video_id), body.reason)
    return asked.library.status(video_id)


@router.delete("/videos/{video_id}/hold", summary="Release a video", responses=errors(404))
def release_video(asked: Processes, video_id: VideoId) -> VideoDetail:
    """Let go of a video that was held; one that was not stays as it is."""
    asked.library.release(asked.video(video_id))
    return asked.library.status(video_id)


@router.post("/videos/{video_id}/retire", summary="Retire a video", responses=errors(404, 409))
def retire_video(asked: Removes, video_id: VideoId) -> Retired:
    """Remove everything that was made of a video, and the recording. Its row stays; dropped
    again it is revived. One that is held, or that a run works on, answers 409."""
    removed = asked.library.retire([asked.video(video_id)])
    return Retired(video_id=video_id, files=removed[video_id])
