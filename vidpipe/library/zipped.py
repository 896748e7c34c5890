"""Stored files as one ZIP archive, made while it is sent: nothing of it lies anywhere whole."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from vidpipe.storage.artifacts import StoredFile
from vidpipe.storage.objects import ObjectStore

#: Bytes that are read from the store at once.
_PORTION = 1 << 20
#: A file may be so large before its sizes need the longer form.
_LARGE = 1 << 31


class _Pipe(io.RawIOBase):
    """Takes what is written, and gives it away; cannot go back, so that the archive is one that
    can be sent as it grows."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._held += view
        return view.nbytes

    def taken(self) -> bytes:
        out = bytes(self._held)
        self._held.clear()
        return out


def zipped(
    store: ObjectStore,
    files: Sequence[tuple[str, StoredFile]],
    texts: Mapping[str, bytes],
) -> Iterator[bytes]:
    """An archive in portions; films are stored as they are, which no packing makes smaller.

    Args:
        store: where the files are.
        files: by their names in the archive.
        texts: short files by their names, packed.
    """
    pipe = _Pipe()
    at = time.gmtime()[:6]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, file in files:
            entry = zipfile.ZipInfo(name, at)
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=file.size_bytes >= _LARGE) as target:
                for first in range(0, file.size_bytes, _PORTION):
                    end = min(file.size_bytes, first + _PORTION)
                    target.write(store.get_range(file.key, first, end))
                    yield pipe.taken()
        for name, data in texts.items():
            entry = zipfile.ZipInfo(name, at)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
            yield pipe.taken()
    yield pipe.taken()
