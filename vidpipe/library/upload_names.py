"""Uploads that are whole: they get a name in the drop folder that nothing has, and are noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe.errors import VidpipeError
from vidpipe.intake.drops import family, scan
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.sidecars import INSTRUCTION_SUFFIXES
from vidpipe.intake.taking import notice
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.uploads.bucket import MultipartBucket, SinglePutBucket, check_parts
from vidpipe.uploads.errors import UploadEnded, UploadIncomplete, UploadNameTaken
from vidpipe.uploads.folder import FolderDrop
from vidpipe.uploads.names import is_sidecar, numbered

#: Numbers that are tried behind a name.
_MOST_NUMBERS = 1000
#: Written down before what one PUT brought gets its name: whoever finds it gone may look there.
_NAMED = "named"


class UploadNames:
    """Names of the objects that uploads become. Nothing is ever overwritten."""

    def __init__(
        self, engine: Engine, drop: FolderDrop | MultipartBucket | SinglePutBucket
    ) -> None:
        self.engine = engine
        self.drop = drop
        self._rows = engine.catalog.upload_sessions

    def keys(self, channel: str, name: str) -> Iterator[str]:
        """Keys that it may have. A sidecar belongs to the recording of its name: to no other."""
        for number in range(1, 2 if is_sidecar(name) else _MOST_NUMBERS):
            yield f"{channel}/{numbered(name, number)}"

    def is_taken(self, key: str, *, beside: bool) -> bool:
        stem = key.rpartition(".")[0]
        wanted = [key, *(f"{stem}{suffix}" for suffix in INSTRUCTION_SUFFIXES if beside)]
        return any(self.drop.exists(one) for one in wanted)

    def give_name(
        self,
        row: UploadSessionRow,
        name: Callable[[str], bool],
        first: Callable[[], None] | None = None,
    ) -> None:
        """Find a key that nothing has, and write down what the object became.

        Before others see anything of it `first` is called. Each step is done again, to the same
        end, by whoever comes after a crash.
        """
        _begin(first)
        key = row.key
        keys = iter(self.keys(row.channel, row.name))
        while True:
            if self._put_sidecar(row, key):
                if name(key):
                    break
                self._remove_sidecar(row, key)
            following = next((k for k in keys if self._may_have(row, k)), None)
            if following is None:
                raise UploadNameTaken(key)
            key = following
        self._finished(row, key)

    def _may_have(self, row: UploadSessionRow, key: str) -> bool:
        taken = self.is_taken(key, beside=row.instructions is not None)
        return not taken and self._rows.rename(row.upload_id, key)

    def _finished(self, row: UploadSessionRow, key: str) -> None:
        settings = self.engine.settings
        folder = drop_folder(settings.drop_url, settings.plain_drop_options)
        notice(self.engine.catalog, scan(folder.family(family(key))))
        self._rows.end(row.upload_id, UploadSessionState.FINISHED)

    def of_parts(
        self,
        row: UploadSessionRow,
        bucket: MultipartBucket,
        first: Callable[[], None] | None = None,
    ) -> None:
        """Make one object of the parts that the bucket has; `first` as when it is given a name.

        Raises:
            UploadEnded: the bucket has no such upload (any more).
            UploadIncomplete: parts are missing.
            UploadNameTaken: the bucket got an object of its key meanwhile.
        """
        assert row.size_bytes is not None and row.part_size_bytes is not None
        if row.store_upload_id is None:
            # No part was ever signed.
            check_parts((), row.size_bytes, row.part_size_bytes)
        assert row.store_upload_id is not None
        try:
            there = bucket.parts(row.key, row.store_upload_id)
            parts = check_parts(there, row.size_bytes, row.part_size_bytes)
            _begin(first)
            if not self._put_sidecar(row, row.key):
                raise UploadNameTaken(f"{row.key.rpartition('.')[0]}.yaml")
            bucket.complete(row.key, row.store_upload_id, parts)
        except (UploadEnded, UploadNameTaken):
            # It may be ours: completed by a request that was not answered.
            if bucket.marked(row.key) != row.upload_id:
                self._remove_sidecar(row, row.key)
                raise
            _begin(first)
        self.tidy(row, bucket)
        self._finished(row, row.key)

    def tidy(self, row: UploadSessionRow, bucket: MultipartBucket) -> None:
        """Have nothing left in the bucket that was begun for an upload and told nobody.

        Whatever keeps it from that keeps no upload from its end: what is left is empty.
        """
        try:
            bucket.forget_empty(row.key)
        except (VidpipeError, OSError) as error:
            events.warning("upload_tidy_failed", upload=row.upload_id, message=str(error))

    def of_one(
        self,
        row: UploadSessionRow,
        bucket: SinglePutBucket,
        first: Callable[[], None] | None = None,
    ) -> None:
        """Give what one PUT brought its name; `first` as with `give_name`.

        Raises:
            UploadIncomplete: nothing came, or not all of it.
        """
        came = bucket.size(row.upload_id)
        if came is None:
            named = row.store_upload_id == _NAMED and bucket.has(row.key, row.size_bytes)
            if not named:
                raise UploadIncomplete("nothing has come yet: PUT it to its url first")
            _begin(first)
            self._finished(row, row.key)
            return
        if came != row.size_bytes:
            raise UploadIncomplete(f"{came} bytes came of {row.size_bytes}: PUT it again")
        _begin(first)
        self._rows.begun(row.upload_id, _NAMED)
        self.give_name(row, lambda key: bucket.name(row.upload_id, key))

    def _put_sidecar(self, row: UploadSessionRow, key: str) -> bool:
        """Put its instructions beside it, before it; False where others lie there."""
        if row.instructions is None:
            return True
        beside, data = sidecar_of(key, row.instructions)
        return self.drop.put(beside, data) or self.drop.read(beside) == data

    def _remove_sidecar(self, row: UploadSessionRow, key: str) -> None:
        if row.instructions is not None:
            beside, data = sidecar_of(key, row.instructions)
            if self.drop.read(beside) == data:
                self.drop.delete(beside)


def _begin(first: Callable[[], None] | None) -> None:
    if first is not None:
        first()


def sidecar_of(key: str, instructions: Mapping[str, Any]) -> tuple[str, bytes]:
    """Where instructions lie beside a key, and what they are there."""
    said = yaml.safe_dump(dict(instructions), allow_unicode=True, sort_keys=True)
    return f"{key.rpartition('.')[0]}.yaml", said.encode()
