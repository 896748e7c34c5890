"""Uploads on their way into the drop folder: begun, gone on with, finished, forgotten."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from vidpipe.catalog.tables import now
from vidpipe.catalog.units import apart
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe.channels.model import channel_named
from vidpipe.errors import InputRejected
from vidpipe.intake.sidecars import MOST_YAML_BYTES, checked_instructions
from vidpipe.library.errors import Refused, TooManyUploads, UnknownUploadSession
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.upload_append import UploadAppend
from vidpipe.library.upload_ends import UploadEnds, UploadsCleaned
from vidpipe.library.upload_names import UploadNames, sidecar_of
from vidpipe.library.views import Page, UploadPartLink, UploadPartView, UploadSessionView
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.objects import ObjectStore
from vidpipe.untrusted import Unreadable, read_yaml
from vidpipe.uploads.bucket import (
    MOST_OBJECT,
    MultipartBucket,
    SinglePutBucket,
    part_count,
    part_size,
)
from vidpipe.uploads.errors import (
    NoRoom,
    UploadEnded,
    UploadLocked,
    UploadNameTaken,
    UploadTooLarge,
    WrongOffset,
)
from vidpipe.uploads.folder import FolderDrop
from vidpipe.uploads.names import (
    MOST_SIDECAR_BYTES,
    is_sidecar,
    media_type_of,
    upload_name,
)
from vidpipe.uploads.partial import Checksum, PartialFile

#: Uploads that somebody may have open at once.
MOST_OPEN = 200
#: Parts that are signed at once.
MOST_SIGNED = 1000


@dataclass(frozen=True)
class UploadSpec:
    """What somebody wants to upload.

    Attributes:
        channel: whose drop folder.
        name: of the file, without a folder.
        size_bytes: of it; None: said later, which only a folder takes.
        media_type: as the client believes; nothing rests on it.
        fingerprint: what the client knows the file by, to find its upload again.
        instructions: fields of the sidecar that is put beside it.
        client_metadata: what the client is told again, as it is.
    """

    channel: str
    name: str
    size_bytes: int | None
    media_type: str = ""
    fingerprint: str = ""
    instructions: Mapping[str, Any] | None = None
    client_metadata: str = ""


class UploadSessions:
    """Begins uploads, and does with them what can be done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rows = engine.catalog.upload_sessions

    @cached_property
    def drop(self) -> FolderDrop | MultipartBucket | SinglePutBucket:
        """Where uploads go: what the drop folder is decides how."""
        settings = self.engine.settings
        parts = urlsplit(settings.drop_url)
        if parts.scheme == "file":
            return FolderDrop(Path(unquote(parts.path)))
        if parts.scheme == "s3":
            return MultipartBucket(settings.drop_url, settings.plain_drop_options)
        return SinglePutBucket(ObjectStore(settings.drop_url, settings.plain_drop_options))

    @cached_property
    def _names(self) -> UploadNames:
        return UploadNames(self.engine, self.drop)

    @cached_property
    def _ends(self) -> UploadEnds:
        return UploadEnds(self.engine, self.drop, self._names)

    @property
    def protocol(self) -> Literal["tus", "multipart", "put"]:
        """How bytes are sent."""
        if isinstance(self.drop, FolderDrop):
            return "tus"
        return "multipart" if isinstance(self.drop, MultipartBucket) else "put"

    @property
    def most_bytes(self) -> int:
        """The most that an upload may have."""
        return int(self.engine.settings.max_upload_gib * 2**30)

    def create(self, spec: UploadSpec, *, asked_by: str) -> UploadSessionView:
        """Begin an upload. Where its name is taken it gets a number: `talk-2.mp4`.

        Raises:
            Misconfigured: there is no such channel.
            InputRejected: its name, type, size or instructions are none that can be.
            UploadTooLarge: it has more bytes than an upload may have.
            UploadNameTaken: a sidecar of this name is there: it would belong to another file.
            TooManyUploads: they have begun too many.
            NoRoom: the disk has not so much room.
        """
        channel = channel_named(self.engine.channels, spec.channel)
        name = upload_name(spec.name)
        spec = dataclasses.replace(spec, media_type=media_type_of(name, spec.media_type))
        if not spec.fingerprint.isprintable():
            raise Refused("fingerprint: it holds control characters")
        if spec.size_bytes is None and self.protocol != "tus":
            raise Refused("size_bytes: a bucket has to be told before the first byte")
        if spec.size_bytes is not None:
            self._check_size(name, spec.size_bytes)
        if spec.instructions is not None:
            if is_sidecar(name):
                raise Refused("instructions: they are for a recording")
            checked_instructions(spec.instructions, name, channel.presets, channel.looks)
            try:
                # As intake will read it: before the recording is sent, not after.
                read_yaml(sidecar_of(name, spec.instructions)[1], MOST_YAML_BYTES)
            except (Unreadable, UnicodeEncodeError) as error:
                raise Refused(f"instructions: {error}") from error
        mine = self._rows.page(MOST_OPEN, channels=self.engine.channels, asked_by=asked_by)
        if len(mine) >= MOST_OPEN:
            raise TooManyUploads(MOST_OPEN)
        upload_id = f"upload-{uuid.uuid4().hex[:20]}"
        # For this a bucket may be asked for a key: not once something is changed.
        url = self._url(upload_id)
        row = self._reserved(spec, name, upload_id, asked_by)
        if isinstance(self.drop, FolderDrop):
            try:
                self.drop.files.create(upload_id)
            except BaseException:
                self._rows.end(upload_id, UploadSessionState.CANCELLED)
                raise
        return self._view(row, received=0, url=url)

    def get(self, upload_id: str, *, first: Callable[[], None] | None = None) -> UploadSessionView:
        """An upload, and how much of it is there.

        One of which every byte is there, and whose process died before it was finished, is
        finished by being looked at.

        Args:
            upload_id: of which upload.
            first: called before it is finished.

        Raises:
            UnknownUploadSession: there is none of this id.
        """
        row = self._row(upload_id)
        if row.state != UploadSessionState.OPEN or row.expires_at <= now():
            return self._view(row, received=row.size_bytes if _is_finished(row) else None)
        if isinstance(self.drop, FolderDrop):
            with contextlib.suppress(FileNotFoundError):
                size = self.drop.files.size(upload_id)
                if size != row.size_bytes:
                    return self._view(row, received=size)
                with (
                    contextlib.suppress(UploadLocked, UploadEnded, UploadNameTaken),
                    self.drop.files.writing(upload_id) as file,
                ):
                    self.finish(row, file, first=first)
                return self._view(self._row(upload_id), received=size)
            return self._view(self._row(upload_id), received=None)
        with contextlib.suppress(UploadEnded):
            return self._view(row, received=self._received(row))
        return self._view(row, received=None)

    def owner(self, upload_id: str) -> tuple[str, str]:
        """The channel of an upload, and the id of whoever began it.

        Raises:
            UnknownUploadSession: there is none of this id.
        """
        row = self._row(upload_id)
        return row.channel, row.asked_by

    def client_metadata(self, upload_id: str) -> str:
        """What its client said of it and is told again, as it was; empty for nothing.

        Raises:
            UnknownUploadSession: there is none of this id.
        """
        return self._row(upload_id).client_metadata

    def list(
        self,
        *,
        channels: Collection[str],
        asked_by: str,
        fingerprint: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[UploadSessionView]:
        """A page of somebody's open uploads, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        rows = self._rows.page(
            limit + 1,
            channels=channels,
            asked_by=asked_by,
            fingerprint=fingerprint,
            after=place_of(cursor) if cursor else None,
        )
        shown = rows[:limit]
        views = []
        for row in shown:
            received = None
            if isinstance(self.drop, FolderDrop):
                with contextlib.suppress(FileNotFoundError):
                    received = self.drop.files.size(row.upload_id)
            views.append(self._view(row, received=received))
        more = len(rows) > limit
        return Page(
            items=tuple(views),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].upload_id) if more else None,
        )

    # Bytes that come through us

    def append(
        self,
        upload_id: str,
        *,
        offset: int,
        coming: int | None = None,
        checksum: Checksum | None = None,
        size_bytes: int | None = None,
    ) -> UploadAppend:
        """Begin to write at the end of an upload; whoever asks ends, stops or drops it.

        Args:
            upload_id: of an upload into a folder.
            offset: where the bytes belong.
            coming: how many will come, where that is known.
            checksum: of them; then they are kept all or none.
            size_bytes: of the whole, said only now.

        Raises:
            UnknownUploadSession: there is none of this id.
            UploadEnded: it is over.
            UploadLocked: another request writes to it.
            WrongOffset: it ends elsewhere.
            UploadTooLarge: more is coming than it may have.
        """
        row = self._open(upload_id)
        drop = self._folder()
        try:
            file = drop.files.open(upload_id)
        except FileNotFoundError as error:
            self._open(upload_id)
            raise UploadEnded("its bytes are gone from the disk") from error
        try:
            # Whoever had it may have finished or removed it.
            row = self._open(upload_id)
            if offset != file.size:
                raise WrongOffset(file.size)
            if size_bytes is not None:
                row = self._measured(row, size_bytes, file.size)
            most = (row.size_bytes if row.size_bytes is not None else self.most_bytes) - file.size
            if coming is not None and coming > most:
                raise UploadTooLarge(f"{coming} bytes are coming, and {most} are missing at most")
            return UploadAppend(self, row, file, most, checksum)
        except BaseException:
            file.close()
            raise

    # Bytes that go to a bucket

    def sign(self, upload_id: str, numbers: Sequence[int]) -> tuple[UploadPartLink, ...]:
        """Links for parts of a multipart upload.

        Raises:
            UnknownUploadSession: there is none of this id.
            UploadEnded: it is over.
            Misconfigured: it has no such parts.
        """
        row = self._open(upload_id)
        bucket, size, each = self._multipart(row)
        count = part_count(size, each)
        wrong = [n for n in numbers if not 1 <= n <= count]
        if wrong or not 1 <= len(numbers) <= MOST_SIGNED:
            raise Refused(f"numbers: parts from 1 to {count}, {MOST_SIGNED} at once at most")
        expires_s = self.engine.settings.service.upload_link_s
        links = bucket.sign(row.key, self._named(row, bucket), numbers, expires_s)
        self.keep(upload_id)
        return tuple(
            UploadPartLink(number=n, url=url, size_bytes=min(each, size - each * (n - 1)))
            for n, url in sorted(links.items())
        )

    def parts(self, upload_id: str) -> tuple[UploadPartView, ...]:
        """The parts that the bucket has: what a client that lost count goes on from.

        Raises:
            UnknownUploadSession: there is none of this id.
            UploadEnded: it is over.
        """
        row = self._open(upload_id)
        bucket, _, _ = self._multipart(row)
        self.keep(upload_id)
        if row.store_upload_id is None:
            return ()
        return tuple(
            UploadPartView(number=p.number, size_bytes=p.size_bytes, etag=p.etag.strip('"'))
            for p in bucket.parts(row.key, row.store_upload_id)
        )

    def complete(
        self, upload_id: str, *, first: Callable[[], None] | None = None
    ) -> UploadSessionView:
        """Finish an upload into a bucket, once every byte is there; done again it is answered.

        Args:
            upload_id: of which upload.
            first: called before it becomes an object that others see.

        Raises:
            UnknownUploadSession: there is none of this id.
            UploadEnded: it is over, and was not finished.
            UploadIncomplete: bytes are missing.
            UploadNameTaken: the bucket got an object of its key meanwhile.
        """
        row = self._row(upload_id)
        if _is_finished(row):
            return self._view(row, received=row.size_bytes)
        row = self._open(upload_id)
        if isinstance(self.drop, MultipartBucket):
            self._names.of_parts(row, self.drop, first)
        elif isinstance(self.drop, SinglePutBucket):
            self._names.of_one(row, self.drop, first)
        else:
            raise Refused("an upload by tus is finished by its last byte")
        return self._view(self._row(upload_id), received=row.size_bytes)

    # Ends

    def cancel(
        self, upload_id: str, *, first: Callable[[], None] | None = None
    ) -> UploadSessionView:
        """Take an upload back: nothing of it stays.

        Args:
            upload_id: of which upload.
            first: called before anything of it is removed.

        Raises:
            UnknownUploadSession: there is none of this id.
            UploadEnded: it is over.
            UploadLocked: a request writes to it.
        """
        row = self._open(upload_id)
        self._ends.end(row, UploadSessionState.CANCELLED, first)
        row = self._row(upload_id)
        if _is_finished(row):
            raise UploadEnded(f"{upload_id} was finished a moment ago: {row.key} is there")
        return self._view(row, received=None)

    def clean_up(self) -> UploadsCleaned:
        """End uploads of which nothing came for too long, and remove what they left.

        Several processes may do this at once. What a request writes to is left alone.
        """
        return self._ends.clean_up()

    # Parts of the above

    def _check_size(self, name: str, size_bytes: int) -> None:
        if size_bytes < 1:
            raise InputRejected("empty", "an empty file is no upload", name=name)
        most = MOST_SIDECAR_BYTES if is_sidecar(name) else self.most_bytes
        if isinstance(self.drop, MultipartBucket):
            most = min(most, MOST_OBJECT)
        if size_bytes > most:
            raise UploadTooLarge(f"{name} has {size_bytes} bytes, and may have {most} at most")
        if isinstance(self.drop, SinglePutBucket):
            self.drop.check(size_bytes)
        if isinstance(self.drop, FolderDrop):
            self.drop.root.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.drop.root).free
            if size_bytes > free:
                raise NoRoom(f"{name} has {size_bytes} bytes, and the disk has room for {free}")

    def _reserved(
        self, spec: UploadSpec, name: str, upload_id: str, asked_by: str
    ) -> UploadSessionRow:
        """A row with a key that no other open upload has, and no object.

        Where the key is taken meanwhile nothing was changed, and the bucket is asked for the next.
        """
        size = spec.size_bytes
        each = part_size(size) if size is not None and self.protocol == "multipart" else None
        for key in self._names.keys(spec.channel, name):
            if self._names.is_taken(key, beside=spec.instructions is not None):
                continue
            row = UploadSessionRow(
                upload_id=upload_id,
                channel=spec.channel,
                key=key,
                name=name,
                media_type=spec.media_type,
                fingerprint=spec.fingerprint,
                client_metadata=spec.client_metadata,
                size_bytes=size,
                protocol=self.protocol,
                instructions=dict(spec.instructions) if spec.instructions is not None else None,
                part_size_bytes=each,
                asked_by=asked_by,
                expires_at=now() + self._lasts,
            )
            if self._rows.add(row):
                return row
        raise UploadNameTaken(f"{spec.channel}/{name}")

    def _named(self, row: UploadSessionRow, bucket: MultipartBucket) -> str:
        """The bucket's name for an upload, which is begun there the first time that it is needed.

        What the bucket has is known, whatever becomes of the request: else nobody removes it.
        """
        if row.store_upload_id is not None:
            return row.store_upload_id
        name = bucket.begin(row.key, row.upload_id, row.media_type)
        try:
            with apart():
                is_first = self._rows.begun(row.upload_id, name)
        except BaseException:
            bucket.abort(row.key, name)
            raise
        if is_first:
            return name
        bucket.abort(row.key, name)
        known = self._open(row.upload_id).store_upload_id
        assert known is not None
        return known

    def finish(
        self, row: UploadSessionRow, file: PartialFile, *, first: Callable[[], None] | None = None
    ) -> None:
        """Every byte is in a file that nobody else writes to: give it its name.

        Args:
            row: of the upload.
            file: that has its bytes.
            first: called before it becomes an object that others see.
        """
        row = self._open(row.upload_id)
        drop = self._folder()
        self._names.give_name(row, lambda key: file.name(drop.root / key, drop.root), first)
        file.remove()

    def _received(self, row: UploadSessionRow) -> int:
        if isinstance(self.drop, MultipartBucket) and row.store_upload_id is not None:
            parts = self.drop.parts(row.key, row.store_upload_id)
            return sum(part.size_bytes for part in parts)
        if isinstance(self.drop, SinglePutBucket):
            return self.drop.size(row.upload_id) or 0
        return 0

    def _measured(self, row: UploadSessionRow, size_bytes: int, came: int) -> UploadSessionRow:
        if row.size_bytes is not None:
            if row.size_bytes != size_bytes:
                raise Refused(f"its length is {row.size_bytes}, and cannot change")
            return row
        self._check_size(row.name, size_bytes)
        if size_bytes < came:
            raise UploadTooLarge(f"{came} bytes came already: it cannot have {size_bytes}")
        self._rows.measure(row.upload_id, size_bytes)
        return self._open(row.upload_id)

    def _multipart(self, row: UploadSessionRow) -> tuple[MultipartBucket, int, int]:
        if not isinstance(self.drop, MultipartBucket):
            raise Refused(f"{row.upload_id} has no parts: its protocol is {row.protocol}")
        assert row.size_bytes is not None and row.part_size_bytes is not None
        return self.drop, row.size_bytes, row.part_size_bytes

    def _folder(self) -> FolderDrop:
        if not isinstance(self.drop, FolderDrop):
            raise Refused("this drop folder is a bucket: bytes go there, and not through here")
        return self.drop

    def _row(self, upload_id: str) -> UploadSessionRow:
        row = self._rows.get(upload_id)
        if row is None:
            raise UnknownUploadSession(upload_id)
        return row

    def _open(self, upload_id: str) -> UploadSessionRow:
        row = self._row(upload_id)
        if row.state != UploadSessionState.OPEN:
            raise UploadEnded(f"{upload_id} is over: it is {row.state}")
        if row.expires_at <= now():
            raise UploadEnded(f"{upload_id} has expired: nothing came for too long; begin anew")
        if row.protocol != self.protocol:
            raise UploadEnded(f"{upload_id} went to another drop folder: begin anew")
        return row

    @property
    def _lasts(self) -> timedelta:
        return timedelta(hours=self.engine.settings.service.upload_expires_h)

    def keep(self, upload_id: str) -> None:
        """Something came of it: its time begins anew."""
        self._rows.keep(upload_id, now() + self._lasts)

    def _url(self, upload_id: str) -> str | None:
        """Where a client PUTs the whole of it to; None where it sends parts or pieces."""
        if not isinstance(self.drop, SinglePutBucket):
            return None
        return self.drop.url(upload_id, self.engine.settings.service.upload_link_s)

    def _view(
        self, row: UploadSessionRow, *, received: int | None, url: str | None = None
    ) -> UploadSessionView:
        headers = {}
        state = UploadSessionState(row.state)
        if state is UploadSessionState.OPEN and row.expires_at <= now():
            state = UploadSessionState.EXPIRED
        is_open = state is UploadSessionState.OPEN
        if isinstance(self.drop, SinglePutBucket) and is_open:
            url = url or self._url(row.upload_id)
            headers = self.drop.headers
        count = None
        if row.part_size_bytes is not None and row.size_bytes is not None:
            count = part_count(row.size_bytes, row.part_size_bytes)
        return UploadSessionView(
            upload_id=row.upload_id,
            channel=row.channel,
            name=row.name,
            key=row.key,
            media_type=row.media_type,
            fingerprint=row.fingerprint,
            size_bytes=row.size_bytes,
            received_bytes=received,
            protocol=cast("Literal['tus', 'multipart', 'put']", row.protocol),
            url=url,
            headers=headers,
            part_size_bytes=row.part_size_bytes,
            part_count=count,
            state=state,
            created_at=row.created_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
        )


def _is_finished(row: UploadSessionRow) -> bool:
    return row.state == UploadSessionState.FINISHED
