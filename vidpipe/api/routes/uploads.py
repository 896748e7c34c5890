"""Uploads: those on their way in, and what was noticed in drop folders and became of it."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from vidpipe.api.asked import Reads, Submits
from vidpipe.api.audited import AuditedRoute, announce, finishing, writes_down
from vidpipe.api.described import errors
from vidpipe.api.middleware import limits_of
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    Cursor,
    Limit,
    Listed,
    PartsSign,
    UploadCreate,
    UploadId,
)
from vidpipe.api.repeated import Created, Key, once
from vidpipe.library import UploadPartLink, UploadPartView, UploadSessionView, UploadView

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


@router.post(
    "/uploads",
    summary="Begin an upload",
    status_code=201,
    response_model=UploadSessionView,
    responses=errors(404, 409, 507),
)
def create_upload(asked: Submits, body: UploadCreate, key: Key = None) -> Response:
    """Say what will be uploaded, and be told how: `protocol` is `tus` where the drop folder is
    one of this machine, `multipart` where it is a bucket of S3, `put` where it is another."""
    asked.channel(body.channel)

    def work() -> Created:
        made = asked.library.upload_sessions.create(body.spec(), asked_by=asked.principal.id)
        return Created(f"/api/v1/uploads/{made.upload_id}", _shown(made))

    return once(asked, key, "POST /uploads", body, work)


@router.get("/uploads/open", summary="List your open uploads", responses=errors())
def list_open_uploads(
    asked: Reads,
    channel: ChannelQuery = None,
    fingerprint: Annotated[
        str | None,
        Query(
            max_length=255,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="only of this file, by what you said that you know it by",
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[UploadSessionView]:
    """Uploads that you began and that are not finished, the newest first: after a crash or a
    reload go on with one of them."""
    page = asked.library.upload_sessions.list(
        channels=asked.among(channel),
        asked_by=asked.principal.id,
        fingerprint=fingerprint,
        limit=limit,
        cursor=cursor,
    )
    items = tuple(_shown(item) for item in page.items)
    return Listed[UploadSessionView](items=items, next_cursor=page.next_cursor, limit=limit)


@router.get("/uploads/{upload_id}", summary="Get an upload", responses=errors(404))
def get_upload(asked: Submits, upload_id: UploadId) -> UploadSessionView:
    """One upload of yours, or as an administrator anybody's, and how much of it is there: on disk,
    or in the bucket."""
    asked.upload_session(upload_id, of_others=True)
    return _shown(asked.library.upload_sessions.get(upload_id, first=finishing(asked)))


@router.post("/uploads/{upload_id}/parts", summary="Sign parts", responses=errors(404, 410))
def sign_parts(asked: Submits, upload_id: UploadId, body: PartsSign) -> Listed[UploadPartLink]:
    """Links for parts of an upload by `multipart`: PUT each part to its own. They hold for
    `VIDPIPE_SERVICE__UPLOAD_LINK_S` seconds; ask again for what was not sent by then."""
    asked.upload_session(upload_id)
    items = asked.library.upload_sessions.sign(upload_id, body.numbers)
    return Listed[UploadPartLink](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get("/uploads/{upload_id}/parts", summary="List parts", responses=errors(404, 410))
def list_parts(asked: Submits, upload_id: UploadId) -> Listed[UploadPartView]:
    """Parts of an upload by `multipart` that the bucket has; send only the others."""
    asked.upload_session(upload_id)
    items = asked.library.upload_sessions.parts(upload_id)
    return Listed[UploadPartView](items=items, next_cursor=None, limit=max(1, len(items)))


@router.post(
    "/uploads/{upload_id}/complete",
    summary="Finish an upload into a bucket",
    responses=errors(404, 409, 410),
)
@writes_down
async def complete_upload(
    asked: Submits, upload_id: UploadId, request: Request
) -> UploadSessionView:
    """Make an object of what was sent; sent again it is answered again. Which parts there are is
    asked of the bucket. An upload by `tus` is finished by its last byte."""
    await run_in_threadpool(asked.upload_session, upload_id)
    # A bucket may need minutes to put ten thousand parts together.
    limits_of(request.scope).lift()
    sessions, first = asked.library.upload_sessions, partial(announce, asked)
    return _shown(await run_in_threadpool(sessions.complete, upload_id, first=first))


@router.delete("/uploads/{upload_id}", summary="Cancel an upload", responses=errors(404, 410, 423))
def cancel_upload(asked: Submits, upload_id: UploadId) -> UploadSessionView:
    """Take back an upload that is not finished: of yours, or as an administrator of anybody's.
    Nothing of it stays."""
    asked.upload_session(upload_id, of_others=True)
    return _shown(asked.library.upload_sessions.cancel(upload_id, first=partial(announce, asked)))


def _shown(found: UploadSessionView) -> UploadSessionView:
    if found.protocol != "tus":
        return found
    return found.model_copy(update={"url": f"/api/v1/tus/{found.upload_id}"})
