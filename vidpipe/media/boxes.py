"""Boxes of MP4 and QuickTime (ISO 14496-12), and what their tables say is in a file.

A table of no size may declare any number of samples: the libraries make an entry for each of
them when they open a file, gigabytes for a file of a megabyte. So they are counted first.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: Boxes that hold others on the way to tables of samples.
_ON_THE_WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
#: Tables that begin with how many entries they have, and the bytes of one.
_TABLES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4}
#: Twelve hours at 120 pictures a second are five million; a decoder's entry takes 40 bytes.
MOST_SAMPLES = 8_000_000
#: So many boxes are looked at: an hour of live fragments has some ten thousand.
_MOST_BOXES = 2_000_000


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte of the content, and end of each box."""
    at = start
    while at + 8 <= end:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind, skip = int.from_bytes(head[:4], "big"), head[4:], 8
        if length == 1:
            length, skip = int.from_bytes(file.read(8), "big"), 16
        elif length == 0:
            length = end - at
        if length < skip:
            return
        yield kind, at + skip, min(end, at + length)
        at += length


def overstated(path: Path) -> str | None:
    """What of a file's tables cannot be true, or is more than is opened; None for most."""
    stat = path.stat()
    return _overstated(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _overstated(path: Path, size: int, changed: int) -> str | None:
    with path.open("rb") as file:
        total = looked = 0
        pending = [(0, size)]
        while pending:
            start, end = pending.pop()
            sound = every_sample = False
            declared = 0
            for kind, first, last in boxes(file, start, end):
                looked += 1
                if looked > _MOST_BOXES:
                    return f"it has over {_MOST_BOXES} boxes"
                if kind in _ON_THE_WAY:
                    pending.append((first, last))
                    continue
                if kind == b"cmov":
                    return "its header is compressed, as in QuickTime of the nineties"
                if kind not in _TABLES and kind not in (b"stsz", b"stz2", b"trun"):
                    continue
                file.seek(first)
                head = file.read(16)
                if len(head) < 8 or last - first < 8:
                    return f"its table {kind.decode()} is cut off"
                if kind in _TABLES:
                    count = int.from_bytes(head[4:8], "big")
                    if 8 + count * _TABLES[kind] > last - first:
                        return f"its table {kind.decode()} is shorter than it says"
                    if kind == b"stts":
                        # One sample of PCM each: such tracks are opened by the chunk.
                        every_sample = count == 1 and head[12:16] == b"\0\0\0\1"
                elif kind == b"stsz":
                    each, count = (int.from_bytes(head[k : k + 4], "big") for k in (4, 8))
                    if each == 0 and 12 + 4 * count > last - first:
                        return "its table stsz is shorter than it says"
                    declared = count
                    sound = each > 0
                elif kind == b"stz2":
                    declared = int.from_bytes(head[8:12], "big")
                else:
                    total += int.from_bytes(head[4:8], "big")
            if not (sound and every_sample):
                total += declared
            if total > MOST_SAMPLES:
                return f"it says that it has over {MOST_SAMPLES} pictures and pieces of sound"
    return None
