"""Models by address: what broke off is resumed where the server can."""

from __future__ import annotations

import contextlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models.digests import hash_file, refused
from vidpipe.models.model import FileDigest, OnProgress, Url

#: A server that says nothing for so long is gone.
_SILENT_S = 60.0
_BLOCK = 1 << 18


def get(
    source: Url,
    files: Sequence[FileDigest],
    work: Path,
    target: Path,
    on_progress: OnProgress | None = None,
) -> None:
    """Download each file into `work`, hold it against its digest, move it to `target`.

    What a download left in `work` is gone on with, if the server still has the same file
    (its ETag or date of change) and takes a range (RFC 9110, section 14); else it starts anew.
    Never takes more than the registry says.

    Raises:
        Unavailable: the server cannot be reached, breaks off, or has another file.
    """
    total = sum(f.size_bytes for f in files)
    before = 0
    for file in files:
        part = work / f"{file.name}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        address = source.files[file.name]
        try:
            for size in _download(address, part, file):
                if on_progress is not None:
                    on_progress(before + size, total)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unavailable(
                f"{address} could not be fetched ({reason}); what has come is kept and gone on with"
            ) from error
        _check(part, file, address)
        goal = target / file.name
        goal.parent.mkdir(parents=True, exist_ok=True)
        part.replace(goal)
        _mark(part).unlink(missing_ok=True)
        before += file.size_bytes


def _mark(part: Path) -> Path:
    """Where the server's mark of the file's version is kept."""
    return part.with_name(part.name + ".mark")


def _download(address: str, part: Path, file: FileDigest) -> Iterator[int]:
    """Go on until the part is whole; its size after every block."""
    mark = _mark(part)
    have = part.stat().st_size if part.exists() else 0
    known = mark.read_text("utf-8") if mark.exists() else ""
    if have > file.size_bytes or (have and not known):
        part.unlink()
        have = 0
    if have == file.size_bytes:
        yield have
        return
    request = urllib.request.Request(address, headers={"Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", known)
    with urllib.request.urlopen(request, timeout=_SILENT_S) as answer:
        resumed = answer.status == 206 and _begins_at(answer, have)
        size = have if resumed else 0
        if not resumed:
            # A weak mark says that two files are alike, not that they are equal.
            marks = (answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
            strong = next((m for m in marks if m and not m.startswith("W/")), "")
            part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                mark.unlink()
            if strong:
                mark.write_text(strong, "utf-8")
        with part.open("ab") as out:
            while block := answer.read1(_BLOCK):
                size += len(block)
                if size > file.size_bytes:
                    out.close()
                    part.unlink()
                    raise refused(file, address, f"more than {file.size_bytes} bytes")
                out.write(block)
                out.flush()
                yield size
            os.fsync(out.fileno())


def _begins_at(answer: http.client.HTTPResponse, at: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {at}-")


def _check(part: Path, file: FileDigest, address: str) -> None:
    size = part.stat().st_size
    if size < file.size_bytes:
        raise Unavailable(
            f"{address} broke off after {size} of {file.size_bytes} bytes; what has come is kept "
            "and gone on with"
        )
    found = hash_file(part)
    if found != file.sha256:
        part.unlink()
        raise refused(file, address, f"SHA-256 {found}")
