"""tus 1.0: uploads into a drop folder on this machine, piece by piece, over dropped lines.

https://tus.io/protocols/resumable-upload with the extensions that `OPTIONS` names.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from vidpipe.api.asked import Asked, Submits
from vidpipe.api.audited import (
    AuditedRoute,
    announce,
    changing,
    finishing,
    settle,
    writes_down,
)
from vidpipe.api.middleware import limits_of
from vidpipe.api.models import UploadId
from vidpipe.api.problems import ApiError, answer
from vidpipe.api.streams import ClientGone, broken_off, portions
from vidpipe.errors import VidpipeError
from vidpipe.library import UploadSessionState, UploadSessionView, UploadSpec
from vidpipe.uploads.errors import ChecksumMismatch, UploadEnded, UploadTooLarge, WrongOffset
from vidpipe.uploads.partial import ALGORITHMS, Checksum

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "checksum",
    "expiration",
    "termination",
)
PIECE = "application/offset+octet-stream"
#: What pages of other origins may send and read, where any may.
REQUEST_HEADERS = (
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Offset",
    "Upload-Metadata",
    "Upload-Defer-Length",
    "Upload-Checksum",
    "X-HTTP-Method-Override",
)
ANSWER_HEADERS = (
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Defer-Length",
    "Upload-Expires",
    "Upload-Metadata",
)
_MOST_METADATA = 16_384
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class TusRoute(AuditedRoute):
    """A route of tus: its version is asked for, and stands in every answer, errors too.

    In the audit log stand uploads that begin and end, and not every piece.
    """

    def get_route_handler(self) -> Handler:
        """The handler of the route, within what tus asks of every request."""
        handle = super().get_route_handler()

        async def spoken(request: Request) -> Response:
            try:
                response = await handle(request)
            except (VidpipeError, RequestValidationError, HTTPException) as error:
                response = await answer(request, error)
                if isinstance(error, WrongOffset):
                    response.headers["Upload-Offset"] = str(error.offset)
            response.headers["Tus-Resumable"] = VERSION
            return response

        return spoken


router = APIRouter(route_class=TusRoute, include_in_schema=False)


@router.options("/tus", name="describe_tus")
def describe_tus(request: Request) -> Response:
    """What is spoken here."""
    most = request.app.state.library.upload_sessions.most_bytes
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": ",".join(EXTENSIONS),
            "Tus-Max-Size": str(most),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        },
    )


@router.post("/tus", name="create_upload", status_code=201)
@writes_down
async def create_tus(asked: Submits, request: Request) -> Response:
    """Begin an upload; a first piece may come along."""
    given = request.headers.get("upload-metadata", "").strip()
    said = _metadata(given)
    await run_in_threadpool(asked.channel, said.get("channel", ""))
    _check_version(request)
    spec = dataclasses.replace(_spec(said, _length(request)), client_metadata=given)
    sessions = asked.library.upload_sessions
    made = await run_in_threadpool(_create, asked, spec)
    headers = {"Location": f"/api/v1/tus/{made.upload_id}"}
    if request.headers.get("content-type") == PIECE:
        try:
            first = finishing(asked, headers["Location"])
            made = await _take(asked, request, made.upload_id, 0, first)
        except (ClientGone, ChecksumMismatch, UploadTooLarge):
            # The upload is begun all the same: its offset says that nothing or less came.
            made = await run_in_threadpool(sessions.get, made.upload_id)
        headers["Upload-Offset"] = str(made.received_bytes or 0)
    return JSONResponse(made.model_dump(mode="json"), 201, headers={**headers, **_expires(made)})


@router.head("/tus/{upload_id}", name="get_upload")
async def head_tus(asked: Submits, upload_id: UploadId, request: Request) -> Response:
    """How much of an upload is here."""
    await run_in_threadpool(asked.upload_session, upload_id)
    _check_version(request)
    sessions, first = asked.library.upload_sessions, finishing(asked)
    found = await run_in_threadpool(sessions.get, upload_id, first=first)
    if found.received_bytes is None:
        raise UploadEnded(f"{upload_id} is over: it is {found.state}")
    headers = {"Upload-Offset": str(found.received_bytes), **_expires(found)}
    if found.size_bytes is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(found.size_bytes)
    said = await run_in_threadpool(asked.library.upload_sessions.client_metadata, upload_id)
    if said:
        headers["Upload-Metadata"] = said
    return Response(status_code=200, headers=headers)


@router.patch("/tus/{upload_id}", name="finish_upload")
@writes_down
async def append_tus(asked: Submits, upload_id: UploadId, request: Request) -> Response:
    """Take a piece of an upload."""
    await run_in_threadpool(asked.upload_session, upload_id)
    _check_version(request)
    if request.headers.get("content-type") != PIECE:
        raise ApiError(415, "unsupported_media", f"pieces are sent as {PIECE}")
    offset = _number(request, "upload-offset")
    if offset is None:
        raise ApiError(400, "invalid_request", "Upload-Offset says where the bytes belong")
    try:
        made = await _take(asked, request, upload_id, offset, partial(announce, asked))
    except ClientGone as error:
        raise broken_off() from error
    headers = {"Upload-Offset": str(made.received_bytes), **_expires(made)}
    return Response(status_code=204, headers=headers)


@router.delete("/tus/{upload_id}", name="cancel_upload")
@writes_down
async def delete_tus(asked: Submits, upload_id: UploadId, request: Request) -> Response:
    """Take an upload back."""
    await run_in_threadpool(asked.upload_session, upload_id)
    _check_version(request)
    sessions, first = asked.library.upload_sessions, partial(announce, asked)
    await run_in_threadpool(sessions.cancel, upload_id, first=first)
    return Response(status_code=204)


@router.post("/tus/{upload_id}", name="finish_upload")
@writes_down
async def override_tus(asked: Submits, upload_id: UploadId, request: Request) -> Response:
    """A piece, or the end, from a client that cannot send PATCH and DELETE."""
    method = request.headers.get("x-http-method-override", "").upper()
    if method == "PATCH":
        return await append_tus(asked, upload_id, request)
    await run_in_threadpool(asked.upload_session, upload_id)
    if method == "DELETE":
        cancels = dataclasses.replace(asked, change="upload.cancel")
        return await delete_tus(cancels, upload_id, request)
    raise ApiError(405, "method_not_allowed", "pieces are sent with PATCH", headers=_ALLOW)


_ALLOW = {"Allow": "HEAD, PATCH, DELETE, OPTIONS"}


def _create(asked: Asked, spec: UploadSpec) -> UploadSessionView:
    """Begin an upload, and write that down."""
    with changing(asked):
        made = asked.library.upload_sessions.create(spec, asked_by=asked.principal.id)
        settle(asked, made, where=f"/api/v1/tus/{made.upload_id}", created=True)
        return made


async def _take(
    asked: Asked, request: Request, upload_id: str, offset: int, first: Callable[[], None]
) -> UploadSessionView:
    """Bring the body of a request to the disk; `first` announces that it is finished.

    Raises:
        ClientGone: it broke off; what came is kept, unless it was to have a checksum.
    """
    sessions = asked.library.upload_sessions
    coming = _number(request, "content-length")
    # Whoever sends is known by now, and every byte is counted against what was announced. Before
    # the file is opened: a time that ran out meanwhile would leave it open, and locked.
    limits_of(request.scope).lift()
    append = await run_in_threadpool(
        sessions.append,
        upload_id,
        offset=offset,
        coming=coming,
        checksum=_checksum(request),
        size_bytes=_number(request, "upload-length"),
    )
    idle_s = asked.library.engine.settings.service.upload_idle_s
    try:
        async for data in portions(request, idle_s):
            await run_in_threadpool(append.write, data)
        return await run_in_threadpool(append.end, first=first)
    except ClientGone:
        await run_in_threadpool(append.stop)
        raise
    except UploadTooLarge:
        await run_in_threadpool(append.drop)
        raise
    finally:
        await run_in_threadpool(append.close)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise ApiError(
            412,
            "wrong_version",
            f"send Tus-Resumable: {VERSION}",
            headers={"Tus-Version": VERSION},
        )


def _number(request: Request, name: str) -> int | None:
    """A header that is a count; None without it."""
    said = request.headers.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= 18):
        raise ApiError(400, "invalid_request", f"{name} is to be a count, not {said[:40]!r}")
    return int(said)


def _length(request: Request) -> int | None:
    length, deferred = _number(request, "upload-length"), request.headers.get("upload-defer-length")
    if deferred not in (None, "1") or (length is None) is (deferred is None):
        raise ApiError(400, "invalid_request", "send Upload-Length, or Upload-Defer-Length: 1")
    return length


def _checksum(request: Request) -> Checksum | None:
    said = request.headers.get("upload-checksum")
    if said is None:
        return None
    try:
        return Checksum.read(said)
    except ValueError as error:
        raise ApiError(400, "invalid_request", f"Upload-Checksum: {error}") from error


def _metadata(said: str) -> dict[str, str]:
    """`filename <Base64>,channel <Base64>`."""
    found: dict[str, str] = {}
    if len(said) > _MOST_METADATA:
        raise ApiError(400, "invalid_request", f"Upload-Metadata: {_MOST_METADATA} bytes at most")
    for pair in filter(None, (part.strip() for part in said.split(","))):
        name, _, value = pair.partition(" ")
        if not (name.isascii() and name.isprintable()):
            raise ApiError(400, "invalid_request", "Upload-Metadata: keys are of ASCII")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ApiError(
                400, "invalid_request", f"Upload-Metadata: {name[:40]} is no text in Base64"
            ) from error
    return found


def _spec(said: dict[str, str], size_bytes: int | None) -> UploadSpec:
    instructions = None
    if "instructions" in said:
        try:
            instructions = json.loads(said["instructions"])
        except (ValueError, RecursionError) as error:
            raise ApiError(
                400, "invalid_request", "Upload-Metadata: instructions are to be JSON"
            ) from error
        if not isinstance(instructions, dict):
            raise ApiError(400, "invalid_request", "Upload-Metadata: instructions have fields")
    return UploadSpec(
        channel=said["channel"],
        name=said.get("filename") or said.get("name", ""),
        size_bytes=size_bytes,
        media_type=(said.get("filetype") or said.get("type", ""))[:127],
        fingerprint=said.get("fingerprint", "")[:255],
        instructions=instructions,
    )


def _expires(found: UploadSessionView) -> dict[str, str]:
    if found.state is not UploadSessionState.OPEN:
        return {}
    return {"Upload-Expires": format_datetime(found.expires_at, usegmt=True)}
