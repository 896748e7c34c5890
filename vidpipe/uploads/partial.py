"""Files that grow on disk piece by piece, over crashes of whoever writes them.

Where a file ends is asked of the disk, and nothing beside it says so: a process that dies in the
middle of a piece leaves a file that is longer than any note of it. What there is counts: bytes
come in their order, so that a shorter file is a beginning of the whole one. Bytes that come with a
checksum are kept apart until it is right.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.storage.files import copy_file, flush, make_folder
from vidpipe.uploads.errors import ChecksumMismatch, UploadLocked

#: Hidden, so that no listing of the drop folder shows it; on its disk, so that a file can get
#: another name there without being copied.
FOLDER = ".uploads"
#: Algorithms of checksums, by the names that tus has for them.
ALGORITHMS = ("sha1", "sha256", "sha512")
_ID = re.compile(r"upload-[0-9a-f]{20}")
#: Bytes that are copied at once, and after how many the disk is waited for.
_PIECE, _FLUSHED = 1 << 20, 64 << 20
#: How a file system says that it has no hard links, or not from here to there.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True)
class Checksum:
    """What bytes are to hash to."""

    algorithm: str
    digest: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """From `sha1 <Base64>`.

        Raises:
            ValueError: it is none, or of an algorithm that is not known.
        """
        algorithm, _, encoded = text.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"checksums are of {', '.join(ALGORITHMS)}")
        try:
            digest = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error as error:
            raise ValueError("the checksum is no Base64") from error
        if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise ValueError(f"the checksum is none of {algorithm}: it has another length")
        return cls(algorithm, digest)


class PartialFiles:
    """The files of one drop folder that are not whole yet, by the ids of their uploads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / FOLDER

    def create(self, upload_id: str) -> None:
        """Begin an empty file."""
        make_folder(self.folder)
        with self._path(upload_id).open("xb") as file:
            os.fsync(file.fileno())
        flush(self.folder)

    def size(self, upload_id: str) -> int:
        """How many bytes are on disk.

        Raises:
            FileNotFoundError: there is no such file (any more).
        """
        with self._path(upload_id).open("rb") as file:
            found = os.fstat(file.fileno()).st_size
            os.fsync(file.fileno())
        return found

    @contextlib.contextmanager
    def writing(self, upload_id: str) -> Iterator[PartialFile]:
        """The file, for one writer among all processes.

        Raises:
            FileNotFoundError: there is no such file (any more).
            UploadLocked: another one has it.
        """
        file = self.open(upload_id)
        try:
            yield file
        finally:
            file.close()

    def open(self, upload_id: str) -> PartialFile:
        """The same, until it is closed."""
        path = self._path(upload_id)
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            try:
                # It ends with its process, and other processes see it, over NFS too.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    raise UploadLocked from error
                raise
            # Whoever had it before may have given it its name.
            if not os.path.samestat(path.stat(), os.fstat(descriptor)):
                raise FileNotFoundError(str(path))
            return PartialFile(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def left(self, older_s: float) -> list[str]:
        """Ids of files that nobody has written to for so many seconds."""
        before = time.time() - older_s
        found = set()
        for path in self.folder.glob("upload-*"):
            with contextlib.suppress(OSError):
                if _ID.fullmatch(path.name[:27]) and path.stat().st_mtime < before:
                    found.add(path.name[:27])
        return sorted(found)

    def remove(self, upload_id: str) -> bool:
        """Remove a file that nobody writes to; False where there is none or somebody does."""
        try:
            with self.writing(upload_id) as file:
                file.remove()
            return True
        except UploadLocked:
            return False
        except FileNotFoundError:
            _staged_of(self._path(upload_id)).unlink(missing_ok=True)
            return False

    def _path(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise FileNotFoundError(upload_id)
        return self.folder / upload_id


class PartialFile:
    """One file that this process alone may write to."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._unflushed = 0

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)

    def append(self, data: bytes | memoryview) -> None:
        """Write at its end."""
        rest = memoryview(data)
        with _disk(self.path):
            while rest:
                count = os.pwrite(self._descriptor, rest, self.size)
                self.size += count
                self._unflushed += count
                rest = rest[count:]
            if self._unflushed >= _FLUSHED:
                self.flush()

    def flush(self) -> None:
        """Wait until all of it is on disk."""
        with _disk(self.path):
            os.fsync(self._descriptor)
        self._unflushed = 0

    def cut(self, size: int) -> None:
        """Forget what is behind `size` bytes."""
        with _disk(self.path):
            os.ftruncate(self._descriptor, size)
            self.size = os.fstat(self._descriptor).st_size
        self.flush()

    def staged(self, checksum: Checksum) -> StagedPiece:
        """A piece that becomes part of the file once its checksum is right."""
        return StagedPiece(self, checksum)

    def name(self, target: Path, root: Path) -> bool:
        """Give the whole file its name; False where something else has it.

        It keeps its name here, too, until it is removed: asked again after a crash the answer is
        the same.

        Raises:
            Misconfigured: the name leads out of `root`, by a link.
        """
        make_folder(target.parent)
        if not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(root)):
            raise Misconfigured(f"{target.parent}: it leads out of the drop folder")
        self.flush()
        with _disk(target):
            try:
                os.link(self.path, target)
            except FileExistsError:
                return self._is(target)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return self._copied(target)
            flush(target.parent)
        return True

    def _is(self, target: Path) -> bool:
        try:
            return os.path.samestat(target.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def _copied(self, target: Path) -> bool:
        """The same where the target is on another disk, or on one without hard links."""
        beside = target.with_name(f".{self.path.name}")
        try:
            copy_file(self.path, beside)
            flush(beside)
            try:
                os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            except FileExistsError:
                return False
            os.replace(beside, target)
            flush(target.parent)
        finally:
            beside.unlink(missing_ok=True)
        return True

    def remove(self) -> None:
        """Forget the file here, and what was kept apart of it."""
        _staged_of(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        flush(self.path.parent)


class StagedPiece:
    """Bytes beside a file until their checksum is known to be right."""

    def __init__(self, file: PartialFile, checksum: Checksum) -> None:
        self._file = file
        self._checksum = checksum
        self._hash: Any = hashlib.new(checksum.algorithm, usedforsecurity=False)
        self._path = _staged_of(file.path)
        with _disk(self._path):
            self._staged = self._path.open("w+b")

    def append(self, data: bytes | memoryview) -> None:
        """Write at its end."""
        with _disk(self._path):
            self._staged.write(data)
        self._hash.update(data)

    def keep(self) -> None:
        """Make it part of the file.

        Raises:
            ChecksumMismatch: the bytes are others; none of them are kept.
        """
        if self._hash.digest() != self._checksum.digest:
            raise ChecksumMismatch
        with _disk(self._path):
            self._staged.seek(0)
            while data := self._staged.read(_PIECE):
                self._file.append(data)
        self._file.flush()

    def close(self) -> None:
        """Forget what lies beside the file."""
        self._staged.close()
        self._path.unlink(missing_ok=True)


def _staged_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.piece")


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """A disk that is full or broken is out of reach for a while; what came before is kept."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise Unavailable(f"{path}: {error.strerror}", retry_after_s=60.0) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise Misconfigured(
                f"{path}: {error.strerror}. Uploads need a drop folder that the service may write"
            ) from error
        raise
