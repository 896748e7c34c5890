"""Assets: logos, pictures, cover art, music, intros that belong to a channel."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from vidpipe.api.asked import Asked, Reads, Removes, Submits
from vidpipe.api.audited import AuditedRoute, changing, settle, writes_down
from vidpipe.api.described import errors
from vidpipe.api.middleware import limits_of
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    AssetName,
    ChannelPath,
    Cursor,
    Limit,
    Listed,
)
from vidpipe.api.problems import ApiError
from vidpipe.api.streams import ClientGone, broken_off, portions
from vidpipe.library import AssetView, Changed, UnknownAsset
from vidpipe.library.assets import MOST_BYTES
from vidpipe.web.files import file_response

router = APIRouter(tags=["assets"], route_class=AuditedRoute)
_BYTES: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}, "example": ""}
    for kind in ("application/octet-stream", "image/*", "audio/*", "video/*")
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": _BYTES["application/octet-stream"]},
    }
}


class AssetKind(StrEnum):
    """What an asset is, by its content."""

    PICTURE = "picture"
    SOUND = "sound"
    VIDEO = "video"


@router.get("/channels/{channel}/assets", summary="List assets", responses=errors(404))
def list_assets(
    asked: Reads,
    channel: ChannelPath,
    kind: Annotated[AssetKind | None, Query(description="only of this kind")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[AssetView]:
    """Assets of a channel, the newest first."""
    page = asked.library.assets.list(
        channels=[asked.channel(channel)], kind=kind, limit=limit, cursor=cursor
    )
    return Listed[AssetView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.put(
    "/channels/{channel}/assets/{name}",
    summary="Put an asset",
    response_model=AssetView,
    responses={
        201: {"model": AssetView, "description": "There was none of this name"},
        **errors(404, 412, 428),
    },
    openapi_extra=_BODY,
)
@writes_down
async def put_asset(
    asked: Submits,
    channel: ChannelPath,
    name: AssetName,
    request: Request,
    if_match: Annotated[
        str | None, Header(description="`ETag` of the asset whose place it takes")
    ] = None,
) -> Response:
    """Store the body as an asset of a channel: a picture (PNG, JPEG, WebP), sound (MP3, WAV, FLAC,
    AAC, Ogg, M4A) or a video (MP4, MOV, MKV, WebM) of at most 50 MiB. Its content decides what it
    is. The same file sent again is answered again; another one in its place wants `If-Match`."""
    await run_in_threadpool(asked.channel, channel)
    found = await run_in_threadpool(_found, asked, channel, name)
    limits_of(request.scope).lift()
    folder = asked.library.engine.artifacts.workspace("asset")
    try:
        idle_s = asked.library.engine.settings.service.upload_idle_s
        await _receive(request, folder / "asset", idle_s)
        replaces = None
        if if_match is not None:
            if found is None or if_match.strip() not in (_tag(found), "*"):
                raise Changed(f"asset:{name}")
            replaces = found.sha256
        answer = await run_in_threadpool(_put, asked, channel, name, folder / "asset", replaces)
    except Changed as error:
        if if_match is not None:
            raise
        raise ApiError(
            428,
            "if_match_required",
            f"there is an asset {name} with another content: send If-Match with its ETag to put "
            "this in its place",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return answer


@router.get("/channels/{channel}/assets/{name}", summary="Get an asset", responses=errors(404))
def get_asset(asked: Reads, channel: ChannelPath, name: AssetName, response: Response) -> AssetView:
    """One asset; `ETag` is for `If-Match` when another file takes its place."""
    found = asked.asset(channel, name)
    response.headers["ETag"] = _tag(found)
    return found


@router.get(
    "/channels/{channel}/assets/{name}/content",
    summary="Download an asset",
    response_class=Response,
    responses={
        200: {"content": _BYTES, "description": "Its bytes"},
        206: {"content": _BYTES, "description": "Some of them"},
        304: {"description": "What you have is still it"},
        307: {"description": "Where the store has it"},
        416: {"description": "It has no such range"},
        **errors(404),
    },
)
def download_asset(
    asked: Reads, channel: ChannelPath, name: AssetName, request: Request
) -> Response:
    """The bytes of an asset, whole or a range of them; of a bucket a link to them."""
    asked.asset(channel, name)
    key = asked.library.assets.key(channel, name)
    response = file_response(asked.library.engine, key, request.headers, head=False)
    if response.status_code == 404:
        raise UnknownAsset(channel, name)
    if response.status_code in (200, 206):
        suffix = Path(key).suffix
        response.headers["Content-Disposition"] = f'attachment; filename="{name}{suffix}"'
    return response


@router.delete(
    "/channels/{channel}/assets/{name}", summary="Remove an asset", responses=errors(404, 409)
)
def remove_asset(asked: Removes, channel: ChannelPath, name: AssetName) -> AssetView:
    """Remove an asset that the channel's brand does not name."""
    asked.asset(channel, name)
    return asked.library.assets.remove(channel, name)


def _put(asked: Asked, channel: str, name: str, source: Path, replaces: str | None) -> JSONResponse:
    """Its bytes are stored first: under a name of their own, which nothing names before its row."""
    with changing(asked):
        made, is_new = asked.library.assets.put(
            channel, name, source, asked_by=asked.principal.id, replaces=replaces
        )
        headers = {"ETag": _tag(made)}
        if is_new:
            headers["Location"] = f"/api/v1/channels/{channel}/assets/{name}"
        said = made.model_dump(mode="json")
        answer = JSONResponse(said, 201 if is_new else 200, headers=headers)
        settle(asked, answer)
        return answer


def _found(asked: Asked, channel: str, name: str) -> AssetView | None:
    try:
        return asked.asset(channel, name)
    except UnknownAsset:
        return None


async def _receive(request: Request, target: Path, idle_s: float) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > MOST_BYTES:
        raise _too_large()
    came = 0
    with target.open("wb") as file:
        try:
            async for data in portions(request, idle_s):
                came += len(data)
                if came > MOST_BYTES:
                    raise _too_large()
                await run_in_threadpool(file.write, data)
        except ClientGone as error:
            raise broken_off() from error


def _too_large() -> ApiError:
    return ApiError(413, "too_large", f"an asset may have {MOST_BYTES} bytes at most")


def _tag(found: AssetView) -> str:
    return f'"{found.sha256[:32]}"'
