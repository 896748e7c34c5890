"""A file behind a link, streamed to disk; what was received is gone on with.

A server is believed nothing: not the size that it says, not the type, not that it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import shutil
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidpipe.addresses import shown
from vidpipe.downloads.model import (
    DownloadFailed,
    DownloadLimits,
    DownloadProgress,
    Fetched,
    WebPage,
    timed_out,
    too_large,
)
from vidpipe.downloads.names import name_of, safe_name
from vidpipe.errors import Unavailable
from vidpipe.extras import from_extra
from vidpipe.media.containers import SNIFF_BYTES, Container, identify_file
from vidpipe.outbound import AddressGuard, AddressRefused, guarded_client

if TYPE_CHECKING:
    import httpx

#: How often in a row a line that broke is taken up again, when nothing came over it.
_TRIES = 4
_PAUSE_S = 0.5
#: A server that sends less than this in a second, for as long as it may be silent, is given up.
_SLOWEST_BYTES_S = 512
#: For the answer to begin: how many times as long as for a piece of it.
_ANSWER = 4
_PAGES = ("text/html", "application/xhtml+xml")
_PLAYLISTS = (
    *("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl"),
    *("audio/x-mpegurl", "application/dash+xml", "application/vnd.ms-sstr+xml"),
)
#: Of types that say nothing of what they are, and of what is called wrongly.
_OPEN = ("application/", "binary/", "video/", "audio/", "text/plain")
_GONE = (404, 410, 451)
_LOGIN = (401, 402, 403, 407)
_LATER = (408, 425, 429)
KINDS = "videos as MP4, MOV, MKV or WebM, and sound as MP3, M4A, WAV, FLAC or Ogg"


@dataclass
class _Part:
    """What is received of a file, and how to know that the rest belongs to it."""

    path: Path
    url: str
    validator: str = ""
    total: int | None = None

    @classmethod
    def found(cls, folder: Path, url: str) -> _Part:
        part = cls(folder / "part", hashlib.sha256(url.encode()).hexdigest())
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads((folder / "part.json").read_text("utf-8"))
            if said["url"] == part.url:
                part.validator, part.total = str(said["validator"]), said["total"]
        if not part.validator:
            part.forget()
        return part

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self.validator, self.total = "", None
        self.write()

    def write(self) -> None:
        said = {"url": self.url, "validator": self.validator, "total": self.total}
        self.path.with_suffix(".json").write_text(json.dumps(said), "utf-8")


def fetch_direct(
    url: str, folder: Path, guard: AddressGuard, limits: DownloadLimits, progress: DownloadProgress
) -> Fetched | WebPage:
    """The file behind a link, in `folder`; or the word that there is a page.

    What an attempt before left in the folder is gone on with, where the server says that it is
    the same file still.

    Args:
        url: of `http` or `https`.
        folder: of this download alone.
        guard: what may be reached.
        limits: of this attempt.
        progress: is told how far it is, and asked whether to go on.

    Raises:
        DownloadFailed: see its codes; what was received stays where trying again helps.
        DownloadStopped: it was told to leave off.
    """
    with from_extra("service"):
        import httpx
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(_watched(url, folder, guard, limits, progress))
    except AddressRefused as error:
        code = error.reason if error.reason == "private_address" else "url_refused"
        raise DownloadFailed(code, error.message) from error
    except TimeoutError as error:
        raise timed_out(
            f"it was not received in {limits.time_s / 60:.0f} minutes; what is here is kept for "
            "the next attempt"
        ) from error
    except httpx.TooManyRedirects as error:
        raise DownloadFailed(
            "refused", f"the link leads on more than {limits.max_redirects} times"
        ) from error
    except httpx.TimeoutException as error:
        raise timed_out("the server did not answer, or stopped sending") from error
    except httpx.HTTPError as error:
        said = str(error) or type(error).__name__
        raise DownloadFailed(
            "unreachable", f"the server cannot be reached: {_short(said)}", retry=True
        ) from error
    except Unavailable as error:
        raise DownloadFailed("unreachable", str(error), retry=True) from error


async def _watched(
    url: str, folder: Path, guard: AddressGuard, limits: DownloadLimits, progress: DownloadProgress
) -> Fetched | WebPage:
    """The download, ended when it takes too long or is not wanted any more."""
    work = asyncio.create_task(_tried(url, folder, guard, limits, progress))
    deadline = time.monotonic() + limits.time_s
    try:
        while not work.done():
            if progress.stop.is_set():
                break
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            await asyncio.wait([work], timeout=min(0.25, left))
    finally:
        if not work.done():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    progress.check()
    return work.result()


async def _tried(
    url: str, folder: Path, guard: AddressGuard, limits: DownloadLimits, progress: DownloadProgress
) -> Fetched | WebPage:
    import httpx

    part = _Part.found(folder, url)
    left = _TRIES
    async with guarded_client(
        allow_private=guard.allow_private,
        allowed=guard.allowed,
        resolver=guard.resolver,
        timeout_s=limits.read_s,
        max_redirects=limits.max_redirects,
        headers={
            # What is compressed may grow to anything.
            "Accept-Encoding": "identity",
            "Accept": "video/*, audio/*, */*;q=0.5",
            "User-Agent": "vidpipe",
        },
    ) as client:
        while True:
            before = part.size
            try:
                return await _once(client, url, part, limits, progress)
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
                left = _TRIES if part.validator and part.size > before else left - 1
                if left <= 0:
                    raise
            await asyncio.sleep(_PAUSE_S * (_TRIES - left + 1))


async def _once(
    client: httpx.AsyncClient,
    url: str,
    part: _Part,
    limits: DownloadLimits,
    progress: DownloadProgress,
) -> Fetched | WebPage:
    """One request: all of it, or what is missing."""
    wanted = part.size if part.validator else 0
    asked = {"Range": f"bytes={wanted}-", "If-Range": part.validator} if wanted else {}
    request = client.build_request("GET", url, headers=asked)
    try:
        async with asyncio.timeout(_ANSWER * limits.read_s):
            response = await client.send(request, stream=True)
    except TimeoutError as error:
        raise timed_out("the server did not begin to answer") from error
    async with contextlib.aclosing(response):
        if response.status_code == 416 and wanted:
            part.forget()
            return await _once(client, url, part, limits, progress)
        _check_status(response)
        begin = _begin(response, part, wanted)
        page = _page(response) if begin == 0 else None
        if page is not None:
            part.forget()
            return page
        total = _total(response, begin)
        part.total = progress.total = total
        part.validator = _validator(response)
        part.write()
        if total is not None and total > limits.max_bytes:
            part.forget()
            raise too_large(limits, total)
        _check_room(part.path.parent, (total or 0) - begin)
        kind = await _receive(response, part, begin, limits, progress)
        if isinstance(kind, WebPage):
            return kind
        if total is not None and part.size != total:
            raise DownloadFailed(
                "unreachable", f"{part.size} of {total} bytes were sent", retry=True
            )
        named = name_of(response.headers.get("content-disposition", ""), str(response.url))
        return Fetched(part.path, safe_name(named, kind, _media_type(response)), part.size)


async def _receive(
    response: httpx.Response,
    part: _Part,
    begin: int,
    limits: DownloadLimits,
    progress: DownloadProgress,
) -> Container | WebPage:
    """Write down what comes; what it is, by its first bytes."""
    received = begin
    since, counted = time.monotonic(), begin
    kind = identify_file(part.path) if begin >= SNIFF_BYTES else None
    with part.path.open("ab" if begin else "wb") as file:
        async for chunk in response.aiter_raw():
            received += len(chunk)
            if received > limits.max_bytes:
                file.close()
                part.forget()
                raise too_large(limits)
            file.write(chunk)
            progress.received = received
            progress.check()
            if kind is None and received >= SNIFF_BYTES:
                file.flush()
                found = _checked_kind(part)
                if isinstance(found, WebPage):
                    return found
                kind = found
            if time.monotonic() - since >= limits.read_s:
                if received - counted < _SLOWEST_BYTES_S * limits.read_s:
                    raise timed_out("the server sends so slowly that it would never end")
                since, counted = time.monotonic(), received
    return kind if kind is not None else _checked_kind(part)


def _checked_kind(part: _Part) -> Container | WebPage:
    """What it is by its first bytes.

    Raises:
        DownloadFailed: nothing that is taken in.
    """
    kind = identify_file(part.path)
    if kind is not None:
        return kind
    with part.path.open("rb") as file:
        head = file.read(SNIFF_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    part.forget()
    if head.startswith((b"<!doctype html", b"<html", b"#extm3u", b"<?xml", b"<mpd")):
        return WebPage("by its first bytes it is a page or a playlist")
    what = "it is empty" if not head else "its first bytes are none of a recording"
    raise DownloadFailed("not_media", f"{what}. {KINDS[0].upper()}{KINDS[1:]} are fetched")


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    said = f"the server answered {status} {response.reason_phrase}".rstrip()
    if status in _LOGIN:
        raise DownloadFailed(
            "needs_login", f"{said}: it wants a login. Give a link that needs none"
        )
    if status in _GONE:
        raise DownloadFailed("gone", f"{said}: there is nothing behind this link (any more)")
    if status in _LATER or status >= 500:
        raise DownloadFailed(
            "unreachable",
            said,
            retry=True,
            retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        )
    raise DownloadFailed("refused", f"{said}: nothing can be fetched from this link")


def _begin(response: httpx.Response, part: _Part, wanted: int) -> int:
    """Where what comes belongs; 0 where it is all of it."""
    if response.status_code == 200:
        part.validator = ""
        return 0
    said = re.match(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", ""))
    same = not part.validator or _validator(response) in ("", part.validator)
    if wanted and said is not None and int(said[1]) == wanted and same:
        return wanted
    part.forget()
    raise DownloadFailed("unreachable", "the server sent another part than was asked", retry=True)


def _total(response: httpx.Response, begin: int) -> int | None:
    said = response.headers.get("content-length", "")
    return begin + int(said) if said.isdecimal() else None


def _validator(response: httpx.Response) -> str:
    """What says that it is the same file: RFC 9110, 13.1.5 takes no weak ETag."""
    etag = response.headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return str(etag)
    return str(response.headers.get("last-modified", ""))


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _page(response: httpx.Response) -> WebPage | None:
    """A page or a playlist, by what the server says of it; None for what may be a recording.

    Raises:
        DownloadFailed: it is neither.
    """
    kind = _media_type(response)
    if kind in _PAGES or kind in _PLAYLISTS:
        return WebPage(f"the server says that it is {kind}")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise DownloadFailed(
            "not_media", f"it comes compressed ({_short(encoding)}), which no recording is"
        )
    if kind and not kind.startswith(_OPEN):
        raise DownloadFailed(
            "not_media", f"the server says that it is {_short(kind)}: {KINDS} are fetched"
        )
    return None


def _check_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise Unavailable(f"{wanted / 2**30:.2f} GiB are to come, and {free / 2**30:.2f} are free")


def _retry_after_s(said: str) -> float | None:
    if said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _short(said: Any) -> str:
    """A stranger's words: one line, short, without what is secret in addresses."""
    line = " ".join(str(said).split())
    return " ".join(shown(word) if "://" in word else word for word in line.split(" "))[:200]
