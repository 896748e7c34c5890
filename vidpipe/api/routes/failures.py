"""Failures that are not resolved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from vidpipe.api.asked import Processes, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    FailureId,
    Limit,
    Listed,
    Retried,
)
from vidpipe.library import FailureView

router = APIRouter(tags=["failures"], route_class=AuditedRoute)


@router.get("/failures", summary="List failures", responses=errors())
def list_failures(
    asked: Reads,
    channel: ChannelQuery = None,
    given_up: Annotated[
        bool | None,
        Query(description="only those that wait for someone, or only those tried again"),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Annotated[
        int | None, Query(ge=1, le=2**53, description="`next_cursor` of the page before")
    ] = None,
) -> Listed[FailureView]:
    """What failed and is not resolved, the newest first, of videos and of uploads."""
    page = asked.library.failures_page(
        channels=asked.among(channel), given_up=given_up, limit=limit, cursor=cursor
    )
    return Listed[FailureView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.post("/failures/{failure_id}/retry", summary="Retry a failure", responses=errors(404))
def retry_failure(asked: Processes, failure_id: FailureId) -> Retried:
    """Try it again from the beginning, at once. What was made before it failed is found again
    and costs nothing."""
    asked.library.retry([asked.failure(failure_id)])
    return Retried(id=failure_id)
