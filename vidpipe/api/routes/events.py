"""What happens: as it happens, and as it happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from vidpipe.accounts.model import Action
from vidpipe.api.asked import Asked, Reads, asks
from vidpipe.api.described import errors
from vidpipe.api.event_feed import EventFeed, StreamFrame, Subscription, ready, reload, told
from vidpipe.api.middleware import limits_of, request_id_of
from vidpipe.api.models import DEFAULT_LIMIT, Limit, PlaceName
from vidpipe.api.problems import ApiError, answer
from vidpipe.api.security.client import is_foreign
from vidpipe.api.security.dependencies import (
    Known,
    actor_of,
    gate_of,
    known_of,
    session,
)
from vidpipe.api.security.gate import ANONYMOUS
from vidpipe.api.security.rights import Rights, key_of
from vidpipe.catalog.event_log import Missed, Rooms
from vidpipe.catalog.event_types import EventView
from vidpipe.errors import VidpipeError
from vidpipe.web.guard import host_of, is_host, known_hosts

router = APIRouter(tags=["events"])
_MOST_ROOMS = 100
_HEADERS = {"X-Accel-Buffering": "no"}
_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": heartbeat\n\n"
_ALIVE = '{"event":"heartbeat","data":{}}'
_TYPE = r"^[a-z_]+\.(\*|[a-z_]+)$"
_Names = tuple[PlaceName, ...]


def _room(of: str) -> Any:
    return Query(max_length=_MOST_ROOMS, description=f"what concerns {of}; repeat for several")


@dataclass(frozen=True)
class Wanted:
    """Rooms as somebody names them; one that they may not see is not there."""

    organisations: tuple[str, ...]
    channels: tuple[str, ...]
    videos: tuple[str, ...]
    jobs: tuple[str, ...]
    kinds: tuple[str, ...]

    def rooms(self, asked: Asked) -> Rooms:
        """What they may be told of it.

        Raises:
            ApiError: 404, a room is none that they may see.
            VidpipeError: a video or a job is none, or there is no such type of events.
        """
        for organisation in self.organisations:
            asked.place(organisation, ())
        for channel in self.channels:
            asked.channel(channel)
        return asked.library.events.rooms(
            asked.channels(),
            organisations=self.organisations,
            channels=self.channels,
            videos=[asked.video(video) for video in self.videos],
            jobs=[asked.job(job) for job in self.jobs],
            kinds=self.kinds,
        )


def wanted(
    organisation: Annotated[_Names, _room("an organisation")] = (),
    channel: Annotated[_Names, _room("a channel")] = (),
    video: Annotated[_Names, _room("a video")] = (),
    job: Annotated[_Names, _room("a job, and its video from then on")] = (),
    type: Annotated[
        tuple[Annotated[str, Field(pattern=_TYPE)], ...],
        Query(
            max_length=_MOST_ROOMS,
            description="only these types of events, or families of types as `stage.*`",
        ),
    ] = (),
) -> Wanted:
    """Rooms of the query; none: all that one may read."""
    return Wanted(organisation, channel, video, job, type)


Rooming = Annotated[Wanted, Depends(wanted)]
After = Annotated[
    int | None,
    Query(ge=0, le=2**53, description="the last event that was read; `Last-Event-ID` goes before"),
]
WithProgress = Annotated[bool, Query(description="whether to be told how far runs are")]


class EventPage(BaseModel):
    """A page of events; each is as the type of it says."""

    items: tuple[EventView, ...]
    next_cursor: str | None = Field(
        description="give it back as `cursor` for what comes after; none at the end"
    )
    limit: int


@router.get(
    "/events",
    summary="Watch events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events, each of the type that `event:` names",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": "id: 4712\nevent: video.completed\ndata: {...}\n\n",
                }
            },
        },
        **errors(404),
    },
)
async def watch_events(
    request: Request,
    asked: Reads,
    known: Annotated[Known, Depends(session)],
    rooms: Rooming,
    after: After = None,
    progress: WithProgress = True,
    seconds: Annotated[
        float | None,
        Query(ge=0, le=86400, description="end after so many; 0: tell what was missed, and end"),
    ] = None,
) -> StreamingResponse:
    """What happens, as server-sent events: each once, in order. Reconnect with `Last-Event-ID`,
    as browsers do: what was missed is told first. Where that is too much, or too long ago, the
    event `reload` comes in its place: fetch what you show anew, and go on from there."""
    last = request.headers.get("last-event-id", "")
    if last.isascii() and last.isdecimal() and len(last) <= 16:
        after = int(last)
    opened = await _open(request, asked, known, rooms, after, progress)
    limits_of(request.scope).lift()
    return _Stream(
        request.app.state.feed, opened.stream, _sse(request, asked, known, opened, seconds)
    )


@router.get(
    "/events/history",
    summary="List events",
    response_model=None,
    responses={200: {"model": EventPage, "description": "A page of events"}, **errors(404)},
)
def list_events(
    asked: Reads,
    rooms: Rooming,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Annotated[
        int | None, Query(ge=0, le=2**53, description="`next_cursor` of the page before")
    ] = None,
    order: Annotated[Literal["newest", "oldest"], Query(description="which come first")] = "newest",
) -> JSONResponse:
    """What happened in the last days: events are kept for a while, see
    `VIDPIPE_EVENTS__KEEP_DAYS`."""
    page = asked.library.events.page(
        rooms.rooms(asked), limit=limit, cursor=cursor, newest_first=order == "newest"
    )
    items = [item.model_dump(mode="json") for item in page.items]
    return JSONResponse({"items": items, "next_cursor": page.next_cursor, "limit": limit})


@router.websocket("/events/ws")
async def watch_events_over_websocket(
    websocket: WebSocket, rooms: Rooming, after: After = None, progress: WithProgress = True
) -> None:
    """The same over a WebSocket: each message is JSON with `event` and `data`."""
    websocket.scope["vidpipe.request_id"] = request_id_of(websocket.headers.get("x-request-id"))
    try:
        known = await _let_in(websocket)
        request_id = str(websocket.scope["vidpipe.request_id"])
        asked = asks(websocket.app.state.library, known.principal, Action.READ, request_id)
        opened = await _open(websocket, asked, known, rooms, after, progress)
    except VidpipeError as error:
        await _refuse(websocket, await answer(websocket, error))
        return
    feed, stream = websocket.app.state.feed, opened.stream
    listening = None
    try:
        await websocket.accept()
        listening = asyncio.create_task(_until_gone(websocket, stream))
        async for frame in _told(websocket, asked, known, opened, None):
            await websocket.send_text(frame.text if frame is not None else _ALIVE)
        if stream.ended != "gone":
            await websocket.close(1001 if stream.ended == "shutdown" else 1008)
    except (WebSocketDisconnect, RuntimeError):
        # It went away while something was sent to it.
        pass
    finally:
        feed.close(stream)
        if listening is not None:
            listening.cancel()


async def _let_in(websocket: WebSocket) -> Known:
    """Who asks, where the page that asks is one of ours: browsers ask nobody before they open a
    WebSocket with somebody's cookies."""
    settings = gate_of(websocket).settings
    if not is_host(host_of(websocket.scope), known_hosts(settings.public_url)):
        raise ApiError(421, "misdirected", "this server is not called so")
    if is_foreign(websocket, settings.service.cors_origins):
        raise ApiError(403, "foreign_origin", "pages of other origins may not ask for this")
    return await known_of(websocket)


async def _refuse(websocket: WebSocket, response: Response) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(response)
    else:
        await websocket.close(1008)


async def _until_gone(websocket: WebSocket, stream: Subscription) -> None:
    """What a client says is nothing that is asked for; that it is gone ends the stream."""
    with suppress(RuntimeError):
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    stream.end("gone")


class _Stream(StreamingResponse):
    """A stream that is closed whatever becomes of the answer: its body may never be begun."""

    def __init__(
        self, feed: EventFeed, stream: Subscription, content: AsyncIterator[bytes]
    ) -> None:
        super().__init__(content, media_type="text/event-stream", headers=_HEADERS)
        self._feed, self._stream = feed, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.close(self._stream)


@dataclass(frozen=True)
class _Opened:
    stream: Subscription
    first: tuple[StreamFrame, ...]


async def _open(
    connection: HTTPConnection,
    asked: Asked,
    known: Known,
    rooms: Wanted,
    after: int | None,
    progress: bool,
) -> _Opened:
    """A stream of what is wanted, and what it is told first."""
    feed: EventFeed = connection.app.state.feed
    may = await asyncio.to_thread(rooms.rooms, asked)
    who = known.principal.id
    if known.principal is ANONYMOUS:
        who = f"address:{actor_of(connection).address}"
    stream = await feed.open(who, may, progress=progress)
    try:
        first = await asyncio.to_thread(_first, asked, feed, stream, after)
    except BaseException:
        feed.close(stream)
        raise
    stream.skip(max((frame.id or 0 for frame in first), default=0))
    return _Opened(stream, first)


def _first(
    asked: Asked, feed: EventFeed, stream: Subscription, after: int | None
) -> tuple[StreamFrame, ...]:
    """One of three answers: nothing was missed, this was, or too much; and how far runs are."""
    library, rooms = asked.library, stream.rooms
    running = library.engine.catalog.progress.since(library.events.heard_since())
    far = tuple(
        feed.progress_frame(heard)
        for heard in running
        if stream.progress and rooms.have_video(heard.video_id, heard.channel)
    )
    if after is None:
        return (ready(stream.seen, 0), *far)
    newest, missed = library.events.missed(after, rooms)
    if isinstance(missed, Missed):
        return (reload(newest, missed.value), *far)
    return (ready(after, len(missed)), *map(feed.frame, missed), *far)


def _told(
    connection: HTTPConnection,
    asked: Asked,
    known: Known,
    opened: _Opened,
    seconds: float | None,
) -> AsyncIterator[StreamFrame | None]:
    state = connection.app.state
    rights = Rights(asked.library, gate_of(connection), known, key_of(connection), state.rights)
    return told(
        state.feed,
        opened.stream,
        opened.first,
        seconds=seconds,
        readable=rights.readable,
        recheck_s=asked.library.engine.settings.events.recheck_s,
    )


async def _sse(
    request: Request, asked: Asked, known: Known, opened: _Opened, seconds: float | None
) -> AsyncIterator[bytes]:
    yield _RETRY
    async for frame in _told(request, asked, known, opened, seconds):
        yield frame.sse if frame is not None else _HEARTBEAT
