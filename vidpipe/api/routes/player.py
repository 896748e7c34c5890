"""What a player and an editor of a recording are given: timeline, waveform, proxy, archives."""

from __future__ import annotations

import gzip
import hashlib
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, unchanged
from vidpipe.api.models import PlatformQuery, VideoId
from vidpipe.api.problems import ApiError
from vidpipe.api.tagged import IfNoneMatch, tagged
from vidpipe.library import ProxyView, TimelineView, TooBusy
from vidpipe.web.files import file_response

router = APIRouter(tags=["player"], route_class=AuditedRoute)
#: Seconds after which to ask again: for what is made, and where too much waits.
_RETRY_S, _BUSY_S = "2", "60"


class EditorForm(StrEnum):
    """What another editor reads."""

    EDL = "edl"
    OTIO = "otio"
    XML = "xml"
    MARKERS_CSV = "markers.csv"
    MARKERS_EDL = "markers.edl"


def _bytes(description: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with a file."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": dict.fromkeys(media_types, schema)}}


@router.get(
    "/videos/{video_id}/timeline",
    summary="Get a timeline",
    response_model=TimelineView,
    responses={**unchanged(), **errors(404)},
)
def get_timeline(asked: Reads, video_id: VideoId, if_none_match: IfNoneMatch = None) -> Response:
    """Everything that a timeline draws: shots, slides, topics, silences, layout, moments by
    score, clips with what they keep and show, and what is decided of them. What was not made
    yet is empty."""
    return tagged(asked.library.player.timeline(asked.video(video_id)), if_none_match)


@router.get(
    "/videos/{video_id}/timeline.{form}",
    summary="Download clips for an editor",
    response_class=Response,
    responses={
        **_bytes(
            "the clips, as that editor reads them",
            "text/plain",
            "text/csv",
            "application/json",
            "application/xml",
        ),
        **errors(404, 409),
    },
)
def download_timeline(
    asked: Reads,
    video_id: VideoId,
    form: Annotated[EditorForm, Path(description="which editor reads it")],
    clip: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="only this, by id or rank"),
    ] = None,
    media: Annotated[
        str | None,
        Query(
            max_length=1000,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="where the editor finds the recording: a path or an address; its name",
        ),
    ] = None,
) -> Response:
    """Clips for those who finish elsewhere: an EDL (CMX 3600), OpenTimelineIO, Final Cut Pro 7
    XML (Premiere Pro, DaVinci Resolve), markers as CSV or as an EDL that Resolve imports."""
    asked.video(video_id)
    file = asked.library.player.for_editors(video_id, form.value, clip=clip, media=media)
    return Response(b"".join(file.portions), headers=_kept(file.name), media_type=file.media_type)


@router.get(
    "/videos/{video_id}/peaks",
    summary="Get a waveform",
    response_class=Response,
    responses={
        **_bytes("as audiowaveform writes it (version 2, 8 bits)", "application/json"),
        202: {"description": "Another one is being made; ask again"},
        **unchanged(),
        **errors(404, 409),
    },
)
def get_peaks(
    asked: Reads, request: Request, video_id: VideoId, if_none_match: IfNoneMatch = None
) -> Response:
    """The waveform of a recording: the lowest and the highest value of each twentieth of a
    second. Made at the first asking and kept; players such as wavesurfer.js and peaks.js draw it
    without the sound."""
    body = asked.library.player.peaks(asked.video(video_id))
    if body is None:
        return Response(status_code=202, headers={"Retry-After": _RETRY_S})
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Accept-Encoding"}
    if tag in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")


@router.get("/videos/{video_id}/proxy/info", summary="Get a proxy's state", responses=errors(404))
def get_proxy_info(asked: Reads, video_id: VideoId) -> ProxyView:
    """What a browser plays of a recording, and whether it is there."""
    return asked.library.proxies.view(asked.video(video_id))


@router.get(
    "/videos/{video_id}/proxy",
    summary="Play a recording",
    response_class=Response,
    responses={
        **_bytes("the video, or what `Range` asks for", "video/mp4"),
        202: {"description": "It is being made; ask again", "model": ProxyView},
        206: {"description": "A part of it"},
        **errors(404, 409),
    },
)
def get_proxy(asked: Reads, request: Request, video_id: VideoId) -> Response:
    """A video that browsers play and scrub through, in parts where `Range` asks for them: the
    recording itself where they play it, else a small one, whose making begins now. 409: it cannot
    be made, `detail` says why. 503: many others wait."""
    asked.video(video_id)
    try:
        key = asked.library.proxies.key(video_id)
    except TooBusy as error:
        raise ApiError(503, "busy", str(error), headers={"Retry-After": _BUSY_S}) from error
    if key is None:
        view = asked.library.proxies.view(video_id)
        return JSONResponse(view.model_dump(mode="json"), 202, headers={"Retry-After": _RETRY_S})
    return file_response(asked.library.engine, key, request.headers, head=False, through=True)


@router.get(
    "/videos/{video_id}/clips.zip",
    summary="Download all clips",
    response_class=Response,
    responses={**_bytes("clips, captions, posts, posters", "application/zip"), **errors(404, 409)},
)
def download_clips(asked: Reads, video_id: VideoId, platform: PlatformQuery = None) -> Response:
    """All exports of a video with their captions, posts and posters, and `results.json`, as one
    archive that is made while it is sent. What is not stored any more is named in `missing.txt`."""
    file = asked.library.player.zipped_clips(asked.video(video_id), platform)
    return StreamingResponse(file.portions, headers=_kept(file.name), media_type=file.media_type)


def _kept(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
