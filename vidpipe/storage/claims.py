"""Whose files are whose, as long as their process lives: asked of the kernel, not of a clock.

A process id says nothing in another namespace (two containers that share a disk both have a
process 1), and an age says nothing under a clock that jumps. A lock on a file ends with its
process, and is seen by everybody who has the same disk, over NFS too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
import uuid
from pathlib import Path
from typing import IO

_ENDING = ".lock"
#: What has no lock at all is of an older vidpipe: a day after its last change nobody has it.
_UNCLAIMED_S = 86_400.0


class Claims:
    """Names of files and folders under one folder, each beginning with who made it.

    The claim is made with the first name, and held while this object and the process that
    made it, or one forked from it, live.
    """

    def __init__(self, locks: Path) -> None:
        self._locks = locks
        self._mine: tuple[str, IO[bytes]] | None = None
        self._making = threading.Lock()

    def name(self, what: str) -> str:
        """A name of ours that nobody has yet."""
        with self._making:
            if self._mine is None:
                self._mine = self._claim()
            return f"{self._mine[0]}-{what}-{uuid.uuid4().hex[:8]}"

    def dead(self, path: Path) -> bool:
        """Whether nobody who lives claims the file or folder of this name."""
        owner = path.name.partition("-")[0]
        try:
            with (self._locks / f"{owner}{_ENDING}").open("rb") as file:
                return _lock(file)
        except FileNotFoundError:
            return _unclaimed(path)
        except OSError:
            return False

    def sweep(self) -> None:
        """Forget the claims of the dead, once nothing is left that they claimed."""
        for path in self._locks.glob(f"*{_ENDING}"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                if _lock(file):
                    path.unlink(missing_ok=True)

    def _claim(self) -> tuple[str, IO[bytes]]:
        self._locks.mkdir(parents=True, exist_ok=True)
        while True:
            owner = uuid.uuid4().hex
            path = self._locks / f"{owner}{_ENDING}"
            file = path.open("wb")
            with contextlib.suppress(OSError):
                # Without locks on this disk nothing is ever found dead, and nothing is swept.
                fcntl.flock(file, fcntl.LOCK_EX)
            # Somebody may have swept it between the two lines above.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    return owner, file
            file.close()


def _lock(file: IO[bytes]) -> bool:
    """Take the lock if it can be had at once; a disk without locks says no."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.ENOLCK, errno.EOPNOTSUPP):
            return False
        raise
    return True


def _unclaimed(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - _UNCLAIMED_S
    except OSError:
        return False
