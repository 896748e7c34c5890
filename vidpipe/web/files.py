"""Stored files over HTTP: whole or in parts, as RFC 9110 (sections 13 and 14) has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from vidpipe.pipeline.engine import Engine
from vidpipe.storage.artifacts import media_type
from vidpipe.storage.objects import ObjectInfo, ObjectStore

#: What a signed link must outlast: watching a clip, a slow download.
_SIGNED_S = 3600
_RANGE = re.compile(r"^bytes=\s*(\d*)-(\d*)$", re.ASCII)
#: Bytes that lie in memory for each reader, however slow it is.
_PORTION = 512 << 10
#: Digits of a number that may be the size of a file; more are past every end.
_DIGITS = 18


def file_response(
    engine: Engine, key: str, headers: Mapping[str, str], *, head: bool, through: bool = False
) -> Response:
    """A stored file: through us, or where the store hands it out itself.

    Args:
        engine: whose store.
        key: of the file.
        headers: of the request, in any case.
        head: whether only what would be answered is wanted: nothing of the file is read.
        through: always through us: an address of the store's would hold for longer than the
            right to see it.
    """
    if not through and not engine.store.is_local and not engine.settings.proxy_downloads:
        return RedirectResponse(engine.link(key, expires_s=_SIGNED_S), 307)
    info = engine.store.head(key)
    if info is None:
        return PlainTextResponse("It is not stored (any more).\n", 404)
    tag = _tag(info)
    said = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": media_type(Path(key).name)}
    if tag in headers.get("if-none-match", "").replace("W/", ""):
        return Response(status_code=304, headers=said)
    wanted = "" if head else headers.get("range", "")
    if headers.get("if-range", tag) != tag:
        wanted = ""
    part = part_of(wanted, info.size_bytes)
    if part is None:
        refused = {"Content-Range": f"bytes */{info.size_bytes}"}
        return Response(status_code=416, headers=refused)
    first, end, partial = part
    said["Content-Length"] = str(end - first)
    if partial:
        said["Content-Range"] = f"bytes {first}-{end - 1}/{info.size_bytes}"
    status = 206 if partial else 200
    if head:
        return Response(status_code=status, headers=said)
    return StreamingResponse(_bytes(engine.store, key, first, end), status, said)


def _tag(info: ObjectInfo) -> str:
    """Changes when the bytes do, as far as a listing tells."""
    told = (info.etag or f"{info.modified_s:.6f}").strip('"')
    return f'"{told}-{info.size_bytes:x}"'


def part_of(wanted: str, size: int) -> tuple[int, int, bool] | None:
    """`[first, end)` of what a Range header wants, and whether that is a part.

    All of it where there is no header, or one that means nothing to us and is therefore to
    be passed over: another unit, several ranges, an end before its beginning. None where
    the range is one, and there is nothing of it.
    """
    found = _RANGE.match(wanted.strip())
    if found is None or not any(found.groups()):
        return 0, size, False
    first, last = (_number(digits) for digits in found.groups())
    if first is None:
        assert last is not None
        return (max(0, size - last), size, True) if last and size else None
    if last is not None and last < first:
        return 0, size, False
    end = size if last is None else min(size, last + 1)
    return (first, end, True) if first < end else None


def _number(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS


def _bytes(store: ObjectStore, key: str, first: int, end: int) -> Iterator[bytes]:
    """In portions, so that a long clip never lies in memory whole."""
    for at in range(first, end, _PORTION):
        yield store.get_range(key, at, min(at + _PORTION, end))
