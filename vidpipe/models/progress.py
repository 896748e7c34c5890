"""How far a download is, by what has come to lie in a folder."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from vidpipe.models.model import OnProgress

_LOOK_EVERY_S = 0.3


def bytes_under(folder: Path) -> int:
    """Bytes of the files in a folder, links not followed; what goes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(Path(place) / name).st_size
    return total


@contextlib.contextmanager
def growing(folder: Path, total: int, on_progress: OnProgress | None) -> Iterator[None]:
    """Tell how much a folder has grown, while somebody else downloads into it.

    Programs and clients tell of their progress each in a way of its own, that changes from
    version to version; files grow in all of them.
    """
    if on_progress is None:
        yield
        return
    before = bytes_under(folder)
    done = threading.Event()

    def look() -> None:
        most = 0
        while not done.wait(_LOOK_EVERY_S):
            # A file that is moved may be counted in neither place for a moment.
            most = max(most, bytes_under(folder) - before)
            on_progress(min(most, total) if total else most, total)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    on_progress(total or max(0, bytes_under(folder) - before), total)
