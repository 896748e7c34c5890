"""Uploads: what was noticed in drop folders, and what intake decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import DEFAULT_LIMIT, ChannelQuery, Cursor, Limit, Listed
from vidpipe.library import UploadView

router = APIRouter(tags=["uploads"], route_class=AuditedRoute)


class UploadState(StrEnum):
    """Where an upload stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    ALIAS = "alias"
    QUARANTINED = "quarantined"
    SKIPPED = "skipped"
    FAILED = "failed"
    GONE = "gone"


@router.get("/uploads", summary="List uploads", responses=errors())
def list_uploads(
    asked: Reads,
    channel: ChannelQuery = None,
    state: Annotated[
        tuple[UploadState, ...], Query(description="only in one of these states")
    ] = (),
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[UploadView]:
    """Objects in drop folders, those first that something was decided on last: the video that
    each became, or why it became none."""
    page = asked.library.uploads_page(
        channels=asked.among(channel), states=state, limit=limit, cursor=cursor
    )
    return Listed[UploadView](items=page.items, next_cursor=page.next_cursor, limit=limit)
