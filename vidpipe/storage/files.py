"""Files written whole: a power cut leaves the old one or the new one, never half of either.

A rename alone does not do that: a file system may write the new name down before the bytes
under it. Therefore bytes are flushed, then renamed, then the folder is flushed (`fsync(2)`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from vidpipe.stuck import silent

#: The slowest disk that is waited for without a word while it copies.
_COPY_S, _COPY_BYTES_PER_S = 60.0, 5e6


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, so that none is lost in a power cut."""
    missing = []
    above = folder
    while not above.is_dir():
        missing.append(above)
        above = above.parent
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        flush(made.parent)


def replace_whole(made: Path, target: Path) -> None:
    """Give a finished file of the same disk its name; makes the folder where there is none."""
    make_folder(target.parent)
    flush(made)
    os.replace(made, target)
    flush(target.parent)


def write_whole(target: Path, data: bytes) -> None:
    """Write a file of these bytes, or leave what was there."""
    make_folder(target.parent)
    temporary = _beside(target)
    try:
        temporary.write_bytes(data)
        replace_whole(temporary, target)
    finally:
        _forget(temporary)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's bytes, for as long as a slow disk may take."""
    with silent(_COPY_S + source.stat().st_size / _COPY_BYTES_PER_S):
        shutil.copyfile(source, target)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file, or leave what was there."""
    make_folder(target.parent)
    temporary = _beside(target)
    try:
        copy_file(source, temporary)
        replace_whole(temporary, target)
    finally:
        _forget(temporary)


def _beside(target: Path) -> Path:
    # Not longer than any name may be, however long the target's own is.
    return target.with_name(f".{uuid.uuid4().hex}")


def _forget(path: Path) -> None:
    # What went wrong before matters, not that its traces cannot be removed either.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
