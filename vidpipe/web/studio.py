"""The studio: the pages that need a script, as files that are built from `studio/`."""

from __future__ import annotations

import functools
import gzip
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from vidpipe.pipeline.engine import Engine

#: What `make studio` writes.
BUILT = Path(__file__).parent / "static" / "studio"
#: The place in the page that gets the nonce of one answer.
_NONCE = "__NONCE__"
#: A file of a build has a digest of its content in its name.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
#: What is a third as large when compressed; fonts are compressed already.
_TEXTS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
#: Files of a build, and more: compressed they are 200 kB together.
_KEPT_FILES = 128


class StudioPages:
    """Answers under `/studio/`: one page for every address, and the files that it loads.

    Args:
        engine: whose store the pages play from and upload to.
        built: the folder of built files.
    """

    def __init__(self, engine: Engine, built: Path = BUILT) -> None:
        self._engine = engine
        self._built = built.resolve()
        self._page = self._built / "index.html"

    def is_built(self) -> bool:
        """Whether there are files to serve."""
        return self._page.is_file()

    async def answer(self, request: Request) -> Response:
        """The page, or one of its files."""
        if request.url.path == "/studio":
            return RedirectResponse("/studio/", 307)
        name = request.path_params.get("path", "")
        if name.startswith("assets/"):
            return self._file(name, request.headers.get("accept-encoding", ""))
        if not self.is_built():
            return PlainTextResponse("The studio is not built here: run make studio.\n", 404)
        nonce = secrets.token_urlsafe(18)
        return HTMLResponse(
            self._page.read_text("utf-8").replace(_NONCE, nonce),
            headers={
                "Cache-Control": "no-store",
                "Content-Security-Policy": self._policy(nonce),
            },
        )

    def _file(self, name: str, encodings: str) -> Response:
        """A file of the build; one that is gone is not kept, as the next server may have it."""
        try:
            path = (self._built / name).resolve()
            found = path.is_relative_to(self._built / "assets") and path.is_file()
        except (OSError, ValueError):
            # A name that this file system cannot have.
            found = False
        if not found:
            gone = {"Cache-Control": "no-store"}
            return PlainTextResponse("There is no such file here.\n", 404, gone)
        text = _TEXTS.get(path.suffix)
        if text is None:
            return FileResponse(path, headers=_FOREVER)
        said = {**_FOREVER, "Vary": "Accept-Encoding"}
        if not takes_gzip(encodings):
            return FileResponse(path, headers=said, media_type=text)
        said["Content-Encoding"] = "gzip"
        return Response(compressed(path), headers=said, media_type=text)

    def _policy(self, nonce: str) -> str:
        """Scripts and styles of our own files, and styles that carry the nonce: players draw
        themselves with those. Pictures, films and uploads go to the store, too, where it hands
        files out itself."""
        files = "'self'"
        engine = self._engine
        if not engine.store.is_local and not engine.settings.proxy_downloads:
            where = urlsplit(engine.link("x"))
            files = f"'self' {where.scheme}://{where.netloc}"
        return (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
            f"img-src {files} data: blob:; media-src {files} blob:; font-src 'self'; "
            f"connect-src {files}; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )


def takes_gzip(encodings: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not only to refuse it (RFC 9110, 12.5.3)."""
    for item in encodings.lower().split(","):
        name, _, weight = item.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return re.fullmatch(r"\s*q=0(\.0{0,3})?\s*", weight) is None
    return False


@functools.lru_cache(maxsize=_KEPT_FILES)
def compressed(path: Path) -> bytes:
    """A file of a build, whose name changes with its content, compressed once."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)
