"""Time stamps of an MPEG-TS file, read from its bytes: whether they begin anew on the way.

Pieces of a stream that are joined end to end each bring their own clock. A demuxer goes by time: it
finds the first piece, and takes what follows for that again.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

#: ISO/IEC 13818-1: packets of 188 bytes (192 with a time of arrival before each), a clock of 33
#: bits and 90 kHz.
_SIZES, _SYNC, _CLOCK, _WRAP = (188, 192), 0x47, 90_000, 1 << 33
#: So many places of a file are looked at; at each one up to this much is read.
_PLACES, _READ_BYTES = 200, 512 << 10
#: Pictures are coded out of their order by less.
_BACK_S = 2.0


def begins_anew(path: Path) -> bool:
    """Whether a later part of the file has earlier times of the picture than one before it."""
    size = path.stat().st_size
    pid, before = -1, -1
    with path.open("rb") as file:
        for k in range(_PLACES):
            read = _first_time(file, size * k // _PLACES, pid)
            if read is None:
                continue
            # Of one picture: programmes that share a stream have a clock each.
            pid, found = read
            # The clock goes round: a step forward is nearly a whole turn back.
            if before >= 0 and (before - found) % _WRAP < _WRAP // 2:
                if (before - found) % _WRAP > _BACK_S * _CLOCK:
                    return True
            else:
                before = found
    return False


def _first_time(file: BinaryIO, start: int, pid: int) -> tuple[int, int] | None:
    """The first time stamp of a picture behind a place, in ticks of its clock, and whose it is.

    Of the picture with that number, where one is given.
    """
    file.seek(start)
    data = file.read(_READ_BYTES)
    for size in _SIZES:
        at = _in_step(data, size)
        while at is not None and at + 188 <= len(data) and data[at] == _SYNC:
            number = (data[at + 1] & 0x1F) << 8 | data[at + 2]
            ticks = _picture_time(data[at : at + 188]) if pid in (-1, number) else None
            if ticks is not None:
                return number, ticks
            at += size
    return None


def _in_step(data: bytes, size: int) -> int | None:
    """Where packets of that size begin: five of them in a row."""
    for at in range(min(size, max(0, len(data) - 5 * size))):
        if all(data[at + n * size] == _SYNC for n in range(5)):
            return at
    return None


def _picture_time(packet: bytes) -> int | None:
    """The presentation time of a packet that begins a picture; None for any other."""
    if not packet[1] & 0x40:
        return None
    begin = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    head = packet[begin : begin + 14]
    if len(head) < 14 or head[:3] != b"\0\0\1" or head[3] & 0xF0 != 0xE0 or not head[7] & 0x80:
        return None
    return (
        (head[9] >> 1 & 7) << 30
        | head[10] << 22
        | (head[11] >> 1) << 15
        | head[12] << 7
        | head[13] >> 1
    )
