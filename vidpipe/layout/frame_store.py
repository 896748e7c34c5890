"""Pictures in a file: hours of looks take no more memory than minutes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]


class Pictures:
    """Pictures of one size, indexed as an array of shape (n, h, w) or (n, h, w, 3) would be.

    A number gives a picture, a slice a selection that copies nothing, a list or an
    array of numbers an array.
    """

    def __init__(self, stored: NDArray[np.uint8], rows: NDArray[np.int_]) -> None:
        self._stored = stored
        self._rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self._rows), *self._stored.shape[1:]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Grey]:
        return (self._stored[row] for row in self._rows.tolist())

    @overload
    def __getitem__(self, key: int | np.integer) -> Grey: ...
    @overload
    def __getitem__(self, key: slice) -> Pictures: ...
    @overload
    def __getitem__(self, key: Sequence[int] | NDArray[np.int_]) -> NDArray[np.uint8]: ...
    def __getitem__(
        self, key: int | np.integer | slice | Sequence[int] | NDArray[np.int_]
    ) -> Grey | Pictures | NDArray[np.uint8]:
        if isinstance(key, slice):
            return Pictures(self._stored, self._rows[key])
        return np.asarray(self._stored[self._rows[key]])

    def where(self, kept: NDArray[np.bool_]) -> Pictures:
        """Those that a mask of shape (n,) keeps; nothing is copied."""
        return Pictures(self._stored, self._rows[kept])

    def array(self) -> NDArray[np.uint8]:
        """All of them in memory, shape (n, h, w)."""
        return np.asarray(self._stored[self._rows])


class PictureFile:
    """Where pictures are gathered: a file without a name, gone with its last reader."""

    def __init__(self, folder: Path | None = None) -> None:
        # Mapped as long as anybody reads it.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._shape: tuple[int, ...] = (1, 1)
        self._count = 0

    def add(self, picture: Grey) -> int:
        """Keep a picture; its row."""
        self._shape = picture.shape
        self._file.write(np.ascontiguousarray(picture).tobytes())
        self._count += 1
        return self._count - 1

    def pictures(self, rows: Sequence[int]) -> Pictures:
        """Those in some rows, in the order of these."""
        if self._count == 0:
            return Pictures(np.zeros((0, *self._shape), np.uint8), np.zeros(0, int))
        self._file.flush()
        stored = np.memmap(self._file, np.uint8, "r", shape=(self._count, *self._shape))
        return Pictures(np.asarray(stored), np.array(rows, int))
