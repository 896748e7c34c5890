"""The pages and the files behind them, as one application.

Metadata in the Dagster UI is kept for years, signed links for a week at most. What is kept
is therefore the address of a file here, and its link is signed when somebody opens it.
There is no login, as in the Dagster UI: both belong behind the same proxy.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.media.pictures import narrowed
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.artifacts import media_type
from vidpipe.storage.keys import REPORTS, Folder, folder_of
from vidpipe.timeline import clock
from vidpipe.web.pages import VideoPage, newest, video_page

#: Of a video's folders those that people look at; the recording itself is not handed out.
SHOWN = frozenset({Folder.FRAMES, Folder.ANALYSIS, Folder.CLIPS, Folder.EXPORTS})
#: What a signed link must outlast: watching a clip, a slow download.
_SIGNED_S = 3600
#: The project's documents, where its source is.
DOCS = Path(__file__).parents[2] / "docs"
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


def web_app(engine: Engine) -> Starlette:
    """The application; an ASGI server such as uvicorn runs it."""

    async def home(request: Request) -> Response:
        videos = await run_in_threadpool(newest, engine)
        return _page("home.html", videos=videos)

    async def video(request: Request) -> Response:
        video_id = request.path_params["video_id"]
        page: VideoPage | None = await run_in_threadpool(video_page, engine, video_id)
        if page is None:
            return PlainTextResponse(f"There is no video {video_id}.\n", 404)
        return _page("video.html", page=page)

    async def file(request: Request) -> Response:
        key = request.path_params["key"]
        if folder_of(key) not in SHOWN and not _of_report(key):
            return PlainTextResponse(f"There is no file {key} here.\n", 404)
        width = request.query_params.get("width", "")
        if width.isdecimal() and 16 <= int(width) <= 4096:
            return await run_in_threadpool(_picture, engine, key, int(width))
        return await run_in_threadpool(_file, engine, key, request.headers.get("range", ""))

    async def document(request: Request) -> Response:
        path = (DOCS / request.path_params["path"]).resolve()
        if not path.is_relative_to(DOCS) or not path.is_file():
            return PlainTextResponse("There is no such page.\n", 404)
        if path.suffix != ".md":
            return FileResponse(path)
        return _page("document.html", title=path.stem, body=Markup(_MARKDOWN.render(_text(path))))

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    handlers: Mapping[Any, Callable[[Request, Any], Awaitable[Response]]] = {
        Unavailable: _said(503),
        Misconfigured: _said(500),
        VidpipeError: _said(500),
    }
    return Starlette(
        routes=[
            Route("/", home),
            Route("/videos/{video_id}", video),
            Route("/files/{key:path}", file),
            Route("/docs/{path:path}", document),
            Route("/health", health),
        ],
        exception_handlers=dict(handlers),
    )


def _said(status: int) -> Callable[[Request, Any], Awaitable[Response]]:
    async def answer(_: Request, error: Any) -> Response:
        return PlainTextResponse(f"{error}\n", status)

    return answer


_PAGES = Environment(
    loader=PackageLoader("vidpipe.web"), autoescape=select_autoescape(), undefined=StrictUndefined
)
_PAGES.filters["clock"] = clock
_PAGES.filters["path"] = quote


def _page(template: str, **values: Any) -> Response:
    return HTMLResponse(_PAGES.get_template(template).render(**values))


def _of_report(key: str) -> bool:
    parts = key.split("/")
    return len(parts) == 3 and parts[0] == REPORTS and not {"", ".", ".."} & set(parts)


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _file(engine: Engine, key: str, wanted: str) -> Response:
    """A stored file: from the disk, through us, or where the store hands it out itself."""
    gone = PlainTextResponse(f"{key} is not stored (any more).\n", 404)
    path = engine.store.local_path(key)
    if path is not None:
        return FileResponse(path, media_type=media_type(path.name)) if path.is_file() else gone
    if not engine.settings.links_streamed:
        return RedirectResponse(engine.link(key, expires_s=_SIGNED_S), 307)
    info = engine.store.head(key)
    if info is None:
        return gone
    part = _part(wanted, info.size_bytes)
    if part is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{info.size_bytes}"})
    first, end = part
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end - first)}
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{info.size_bytes}"
    return StreamingResponse(
        _bytes(engine, key, first, end),
        status_code=206 if wanted else 200,
        media_type=media_type(Path(key).name),
        headers=headers,
    )


def _picture(engine: Engine, key: str, width: int) -> Response:
    """A stored picture, narrow enough for a column of the Dagster UI."""
    data = engine.store.get_bytes(key) if media_type(key).startswith("image/") else None
    try:
        small = narrowed(data or b"", width)
    except ValueError:
        return PlainTextResponse(f"There is no picture {key}.\n", 404)
    # What lies under a key never changes: its name holds what it was made of.
    kept = {"Cache-Control": "private, max-age=604800, immutable"}
    return Response(small, media_type="image/jpeg", headers=kept)


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """`[first, end)` of a Range header; all of it without one, None where there is no such part."""
    if not wanted:
        return 0, size
    found = _RANGE.match(wanted.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    end = min(size, int(last) + 1) if last else size
    return (int(first), end) if int(first) < end else None


def _bytes(engine: Engine, key: str, first: int, end: int) -> Iterator[bytes]:
    """In portions, so that a long clip never lies in memory whole."""
    portion = 4 << 20
    for at in range(first, end, portion):
        yield engine.store.get_range(key, at, min(at + portion, end))
