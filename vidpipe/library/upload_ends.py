"""Uploads that come to an end without becoming an object: taken back, or left by their client."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from vidpipe.catalog.tables import now
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe.errors import VidpipeError
from vidpipe.library.errors import UnknownUploadSession
from vidpipe.library.upload_names import UploadNames
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.uploads.bucket import MultipartBucket, SinglePutBucket
from vidpipe.uploads.errors import UploadLocked
from vidpipe.uploads.folder import FolderDrop

#: How long rows of ended uploads are kept, and files that no open upload has.
_KEPT, _LEFT_S = timedelta(days=30), 3600.0
#: Overdue uploads that are cleaned up at once.
_PORTION = 200


@dataclass(frozen=True)
class UploadsCleaned:
    """What was cleaned up.

    Attributes:
        expired: uploads whose time was up.
        left: files in the folder or bucket that no upload has any more.
        forgotten: rows of uploads that ended long ago.
        failed: what could not be cleaned up now; the next time it is tried again.
    """

    expired: int
    left: int
    forgotten: int
    failed: int


class UploadEnds:
    """Ends uploads, and removes what they left in the folder or bucket."""

    def __init__(
        self,
        engine: Engine,
        drop: FolderDrop | MultipartBucket | SinglePutBucket,
        names: UploadNames,
    ) -> None:
        self._drop = drop
        self._names = names
        self._rows = engine.catalog.upload_sessions

    def clean_up(self) -> UploadsCleaned:
        """End uploads of which nothing came for too long, and remove what they left.

        Several processes may do this at once. What a request writes to is left alone.
        """
        expired = left = failed = 0
        for row in self._rows.overdue(now(), _PORTION):
            try:
                self.end(row, UploadSessionState.EXPIRED)
                expired += 1
            except UploadLocked:
                continue
            except VidpipeError as error:
                events.warning("upload_cleanup_failed", upload=row.upload_id, message=str(error))
                failed += 1
        try:
            left = self._sweep()
        except VidpipeError as error:
            events.warning("upload_cleanup_failed", message=str(error))
            failed += 1
        return UploadsCleaned(expired, left, self._rows.forget(_KEPT), failed)

    def end(
        self,
        row: UploadSessionRow,
        state: UploadSessionState,
        first: Callable[[], None] | None = None,
    ) -> None:
        """Remove what came of it, and write down that it is over."""
        if first is not None and not isinstance(self._drop, FolderDrop):
            first()
        if isinstance(self._drop, FolderDrop):
            try:
                with self._drop.files.writing(row.upload_id) as file:
                    # Whoever had it a moment ago may have brought bytes.
                    alive = self._again(row).expires_at > now()
                    if alive and state is UploadSessionState.EXPIRED:
                        raise UploadLocked
                    if first is not None:
                        first()
                    if self._rows.end(row.upload_id, state):
                        file.remove()
            except FileNotFoundError:
                if first is not None:
                    first()
                self._rows.end(row.upload_id, state)
            return
        if isinstance(self._drop, MultipartBucket):
            if row.store_upload_id is not None:
                self._drop.abort(row.key, row.store_upload_id)
            if self._again(row).state == UploadSessionState.OPEN:
                self._names.tidy(row, self._drop)
            if self._drop.marked(row.key) == row.upload_id:
                # Its last request was faster: what is an object is not taken back.
                self._names.of_parts(self._again(row), self._drop)
                return
        else:
            self._drop.remove(row.upload_id)
        self._rows.end(row.upload_id, state)

    def _sweep(self) -> int:
        """Remove what no open upload has: its process died between two lines."""
        if isinstance(self._drop, MultipartBucket):
            return 0
        if isinstance(self._drop, FolderDrop):
            ids = self._drop.files.left(_LEFT_S)
        else:
            ids = self._drop.waiting(time.time() - _LEFT_S)
        dead = set(ids) - self._rows.are_open(ids)
        for upload_id in dead:
            if isinstance(self._drop, FolderDrop):
                self._drop.files.remove(upload_id)
            else:
                self._drop.remove(upload_id)
        return len(dead)

    def _again(self, row: UploadSessionRow) -> UploadSessionRow:
        """The row as it is now."""
        found = self._rows.get(row.upload_id)
        if found is None:
            raise UnknownUploadSession(row.upload_id)
        return found
