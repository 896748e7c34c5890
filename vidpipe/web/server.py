"""The pages and the files behind them, as one application.

Metadata in the Dagster UI is kept for years, signed links for a week at most. What is kept
is therefore the address of a file here, and its link is signed when somebody opens it.
Who may look is asked before this application: `vidpipe.api.security.pages`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.library import Library
from vidpipe.media.contact_sheets import narrowed
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.artifacts import media_type
from vidpipe.storage.keys import REPORTS, Folder, channel_of, folder_of
from vidpipe.web.costs import costs_page
from vidpipe.web.documents import documents
from vidpipe.web.files import file_response
from vidpipe.web.guard import Guard, known_hosts, policy
from vidpipe.web.pages import VideoPage, video_page
from vidpipe.web.rendering import page as rendered
from vidpipe.web.status import status_routes
from vidpipe.web.studio import StudioPages
from vidpipe.web.viewer import Viewer, viewer_of

#: Of a video's folders those that people look at; the recording itself is not handed out.
SHOWN = frozenset({Folder.FRAMES, Folder.ANALYSIS, Folder.CLIPS, Folder.EXPORTS})
_MARKDOWN = MarkdownIt("commonmark").enable("table")
#: Videos that the first page lists.
_NEWEST = 100
#: A name in an address that is longer belongs to nothing of ours.
_LONGEST = 1024


def _costs(library: Library) -> Callable[[Request], Awaitable[Response]]:
    async def costs(request: Request) -> Response:
        channels = viewer_of(request.scope).channels
        page = await run_in_threadpool(costs_page, library, channels)
        return rendered(request, "costs.html", page=page)

    return costs


def web_app(library: Library) -> Starlette:
    """The application; an ASGI server such as uvicorn runs it."""
    engine = library.engine
    docs = documents()
    studio = StudioPages(engine)

    async def home(request: Request) -> Response:
        channels = viewer_of(request.scope).channels
        videos = await run_in_threadpool(library.list, channels=channels, limit=_NEWEST)
        return rendered(request, "home.html", videos=videos.items)

    async def video(request: Request) -> Response:
        video_id = request.path_params["video_id"]
        if not _is_name(video_id) or not viewer_of(request.scope).sees(channel_of(video_id)):
            return PlainTextResponse("There is no such video.\n", 404)
        page: VideoPage | None = await run_in_threadpool(video_page, engine, video_id)
        if page is None:
            return PlainTextResponse("There is no such video.\n", 404)
        return rendered(request, "video.html", page=page)

    async def file(request: Request) -> Response:
        key = request.path_params["key"]
        if not _is_name(key) or not _is_shown(key, viewer_of(request.scope)):
            return PlainTextResponse("There is no such file here.\n", 404)
        width = request.query_params.get("width", "")
        if width.isdecimal() and len(width) <= 4 and 16 <= int(width) <= 4096:
            return await run_in_threadpool(_picture, engine, key, int(width))
        head = request.method == "HEAD"
        return await run_in_threadpool(file_response, engine, key, request.headers, head=head)

    async def document(request: Request) -> Response:
        path = None if docs is None else _document(docs, request.path_params["path"])
        if path is None:
            return PlainTextResponse("There is no such page.\n", 404)
        if path.suffix != ".md":
            return FileResponse(path)
        body = Markup(_as_html(_text(path)))
        return rendered(request, "document.html", title=path.stem, body=body)

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    away = "The store or the catalog cannot be reached. Try again in a moment.\n"
    wrong = "This cannot be shown; the log of the server says why.\n"
    handlers: Mapping[Any, Callable[[Request, Any], Awaitable[Response]]] = {
        Unavailable: _said(503, away),
        FileNotFoundError: _said(404, "It is not stored (any more).\n"),
        Misconfigured: _said(500, wrong),
        VidpipeError: _said(500, wrong),
    }
    return Starlette(
        routes=[
            Route("/", home),
            *status_routes(library),
            Route("/videos/{video_id}", video),
            Route("/costs", _costs(library)),
            Route("/files/{key:path}", file),
            Route("/docs/{path:path}", document),
            Route("/health", health),
            Route("/studio", studio.answer),
            Route("/studio/{path:path}", studio.answer),
        ],
        exception_handlers=dict(handlers),
        middleware=[
            Middleware(
                Guard, hosts=known_hosts(engine.settings.public_url), content_policy=policy(engine)
            )
        ],
    )


def _said(status: int, words: str) -> Callable[[Request, Any], Awaitable[Response]]:
    """Words for whoever asks; what they are not to know (endpoints, buckets) is logged."""

    async def answer(request: Request, error: Any) -> Response:
        events.warning(
            "page_answer_failed",
            path=request.url.path,
            status=status,
            kind=type(error).__name__,
            message=str(error),
        )
        return PlainTextResponse(words, status)

    return answer


def _is_name(name: str) -> bool:
    """Whether something of ours may be called so."""
    return len(name) <= _LONGEST and not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)


def _document(docs: Path, name: str) -> Path | None:
    if not _is_name(name):
        return None
    try:
        path = (docs / name).resolve()
        return path if path.is_relative_to(docs) and path.is_file() else None
    except OSError:
        # A name that this file system cannot have.
        return None


def _is_shown(key: str, viewer: Viewer) -> bool:
    """Whether whoever looks is given the file; a report is about every channel."""
    if folder_of(key) in SHOWN:
        return viewer.sees(key.partition("/")[0])
    return _of_report(key) and viewer.channels is None


def _of_report(key: str) -> bool:
    parts = key.split("/")
    return len(parts) == 3 and parts[0] == REPORTS and not {"", ".", ".."} & set(parts)


def _as_html(text: str) -> str:
    """A document, whose headings have the anchors that a forge gives them."""
    tokens = _MARKDOWN.parse(text)
    for opening, inner in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            words = re.sub(r"[^\w\s-]", "", inner.content.lower())
            opening.attrSet("id", re.sub(r"\s", "-", words.strip()))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _picture(engine: Engine, key: str, width: int) -> Response:
    """A stored picture, narrow enough for a column of the Dagster UI."""
    data = engine.store.get_bytes(key) if media_type(key).startswith("image/") else None
    try:
        small = narrowed(data or b"", width)
    except ValueError:
        return PlainTextResponse("There is no such picture.\n", 404)
    # What lies under a key never changes: its name holds what it was made of.
    kept = {"Cache-Control": "private, max-age=604800, immutable"}
    return Response(small, media_type="image/jpeg", headers=kept)
