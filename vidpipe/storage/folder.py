"""A store that is a folder of this machine: objects as files, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from vidpipe.errors import Misconfigured
from vidpipe.observability import events
from vidpipe.storage.claims import Claims
from vidpipe.storage.files import copy_file, make_folder, replace_whole
from vidpipe.storage.listing import ObjectInfo

#: How a file system says that there is nothing of this name, and cannot be.
_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)
#: Where objects are written before they have their name.
STAGING = ".staging"


class ObjectFolder:
    """Objects under `root`. A symbolic link that leads out of it is no object."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self._staging = root / STAGING
        self._claims = Claims(self._staging)

    def path(self, key: str) -> Path:
        """Where the object is, or would be.

        Raises:
            FileNotFoundError: the key leads out of the folder, by itself or by a link.
        """
        path = self.root / key
        if "\0" in key or not self._inside(path):
            events.warning("object_path_refused", key=key, why="it leads out of the store")
            raise FileNotFoundError(str(path))
        return path

    def _inside(self, path: Path) -> bool:
        root = os.path.realpath(self.root)
        # Resolved as far as it exists; loops stay as they are and cannot be opened then.
        return os.path.realpath(path).startswith(root + os.sep)

    def put_file(self, key: str, source: Path, *, move: bool) -> None:
        with self._staged(key) as (temporary, target):
            if move:
                shutil.move(source, temporary)
            else:
                copy_file(source, temporary)
            replace_whole(temporary, target)

    def put_bytes(self, key: str, data: bytes, *, only_if_absent: bool) -> bool:
        with self._staged(key) as (temporary, target):
            temporary.write_bytes(data)
            if only_if_absent:
                make_folder(target.parent)
                try:
                    os.link(temporary, target)
                except FileExistsError:
                    return False
            else:
                replace_whole(temporary, target)
        return True

    @contextlib.contextmanager
    def _staged(self, key: str) -> Iterator[tuple[Path, Path]]:
        """Where to write first, and what it is called then."""
        try:
            target = self.path(key)
        except FileNotFoundError as error:
            raise Misconfigured(f"{key}: nothing is written outside of {self.root}") from error
        make_folder(self._staging)
        temporary = self._staging / self._claims.name("object")
        try:
            yield temporary, target
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def get_range(self, key: str, first: int, end: int | None) -> bytes:
        """Bytes `[first, end)`, or all from there; `FileNotFoundError` where there is none."""
        self.head(key)
        with self.path(key).open("rb") as file:
            file.seek(first)
            return file.read() if end is None else file.read(end - first)

    def head(self, key: str) -> ObjectInfo:
        """What a listing says of it; `FileNotFoundError` where there is none."""
        path = self.path(key)
        found = _info(key, path)
        if found is None:
            raise FileNotFoundError(str(path))
        return found

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                raise error

        for where, folders, names in os.walk(self.root / prefix, onerror=fail):
            folders.sort()
            if Path(where) == self.root:
                folders[:] = [name for name in folders if name != STAGING]
            for name in sorted(names):
                path = Path(where) / name
                if path.is_symlink() and not self._inside(path):
                    continue
                found = _info(path.relative_to(self.root).as_posix(), path)
                if found is not None:
                    yield found

    def delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self.path(key).unlink()

    def sweep(self) -> int:
        """Remove what writers left that are gone; how many files."""
        old = [
            path
            for path in self._staging.glob("*")
            if path.suffix != ".lock" and self._claims.dead(path)
        ]
        for path in old:
            path.unlink(missing_ok=True)
        self._claims.sweep()
        return len(old)


def _info(key: str, path: Path) -> ObjectInfo | None:
    try:
        found = path.stat()
    except OSError as error:
        if error.errno in _NOTHING:
            return None
        raise
    return ObjectInfo(key, found.st_size, None, found.st_mtime) if S_ISREG(found.st_mode) else None
