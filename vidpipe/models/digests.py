"""SHA-256 of files: while they are written, and of what lies there."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models.model import FileDigest

_BLOCK = 1 << 20
#: A file over this size is hashed once and its digest kept: 3 GB take some seconds.
_WORTH_KEEPING = 16 << 20


def write_checked(
    chunks: Iterable[bytes],
    target: Path,
    wanted: FileDigest,
    source: str,
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write a file and hold it against its digest; what does not fit is removed again.

    Never writes more than `wanted.size_bytes`, whatever comes. The file is on the disk,
    not only in memory, when this returns.

    Raises:
        Unavailable: its size or its SHA-256 is another; says both.
    """
    found = hashlib.sha256()
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > wanted.size_bytes:
                    raise refused(wanted, source, f"more than {wanted.size_bytes} bytes")
                found.update(chunk)
                file.write(chunk)
                if on_bytes is not None:
                    on_bytes(len(chunk))
            file.flush()
            os.fsync(file.fileno())
        if size != wanted.size_bytes:
            raise refused(wanted, source, f"{size} bytes")
        if found.hexdigest() != wanted.sha256:
            raise refused(wanted, source, f"SHA-256 {found.hexdigest()}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def refused(wanted: FileDigest, source: str, found: str) -> Unavailable:
    """The error for a file that is not the one that the registry pins."""
    return Unavailable(
        f"{wanted.name} from {source} is refused: expected {wanted.size_bytes} bytes with "
        f"SHA-256 {wanted.sha256}, found {found}"
    )


def sha256_of(path: Path, kept_in: Path | None = None) -> str:
    """SHA-256 of a file, read once for as long as size and time of change stay.

    Args:
        path: of the file.
        kept_in: a folder in which digests of large files are kept from one process to the
            next; one that cannot be written is as good as none.
    """
    stat = path.stat()
    return _sha256(path.resolve(), stat.st_size, stat.st_mtime_ns, kept_in)


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, size_bytes: int, mtime_ns: int, kept_in: Path | None) -> str:
    stamp = [str(path), size_bytes, mtime_ns]
    note = None
    if kept_in is not None and size_bytes >= _WORTH_KEEPING:
        note = kept_in / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(note.read_text("utf-8"))
            if kept["stamp"] == stamp:
                return str(kept["sha256"])
    found = hash_file(path)
    if note is not None:
        with contextlib.suppress(OSError):
            write_whole(note, json.dumps({"stamp": stamp, "sha256": found}))
    return found


def hash_file(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """SHA-256 of what a file holds now."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
            if on_bytes is not None:
                on_bytes(len(block))
    return found.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        new.write_text(text, "utf-8")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
