"""Bytes on their way from one request to the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe.library.views import UploadSessionView
from vidpipe.uploads.errors import UploadTooLarge
from vidpipe.uploads.partial import Checksum, PartialFile, StagedPiece

#: Seconds after which an upload that goes on and on is written down as alive.
_ALIVE_S = 600.0


class AppendedSessions(Protocol):
    """What is told of bytes that came."""

    def keep(self, upload_id: str) -> None:
        """It is alive."""

    def finish(
        self, row: UploadSessionRow, file: PartialFile, *, first: Callable[[], None] | None = None
    ) -> None:
        """Every byte is there."""

    def get(self, upload_id: str) -> UploadSessionView:
        """How it stands."""
        ...


class UploadAppend:
    """Bytes that one request brings for one upload, which nobody else may write to meanwhile."""

    def __init__(
        self,
        sessions: AppendedSessions,
        row: UploadSessionRow,
        file: PartialFile,
        most: int,
        checksum: Checksum | None,
    ) -> None:
        self._sessions = sessions
        self._row = row
        self._file = file
        self._begin = file.size
        self._most = most
        self._came = 0
        self._alive_s = time.monotonic()
        self._staged: StagedPiece | None = None
        if checksum is not None:
            self._staged = file.staged(checksum)

    def write(self, data: bytes) -> None:
        """Take some bytes.

        Raises:
            UploadTooLarge: there are more than the upload may have; none of this request's stay.
            Unavailable: the disk is full; those before stay.
        """
        if self._came + len(data) > self._most:
            raise UploadTooLarge(f"more came than the {self._most} bytes that were missing")
        self._came += len(data)
        target = self._staged if self._staged is not None else self._file
        target.append(data)
        if time.monotonic() - self._alive_s > _ALIVE_S:
            self._alive_s = time.monotonic()
            self._sessions.keep(self._row.upload_id)

    def end(self, *, first: Callable[[], None] | None = None) -> UploadSessionView:
        """All of the request came: keep it, and finish the upload where that was its last byte.

        Args:
            first: called before the upload becomes an object that others see.

        Raises:
            ChecksumMismatch: these are not the bytes that were sent; none of them stay.
        """
        if self._staged is not None:
            self._staged.keep()
        self._file.flush()
        upload_id, size = self._row.upload_id, self._file.size
        self._sessions.keep(upload_id)
        if size == self._row.size_bytes:
            self._sessions.finish(self._row, self._file, first=first)
        return self._sessions.get(upload_id).model_copy(update={"received_bytes": size})

    def stop(self) -> None:
        """The request broke off: what came stays, unless it was to have a checksum."""
        self._file.flush()
        self._sessions.keep(self._row.upload_id)

    def drop(self) -> None:
        """Nothing of what this request brought stays."""
        self._file.cut(self._begin)

    def close(self) -> None:
        """Let others write."""
        if self._staged is not None:
            self._staged.close()
        self._file.close()
