"""Files that break off before their end: an upload that stopped, a disk that was full.

Most containers say near their beginning how much is to come, in bytes or in seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vidpipe.media.boxes import boxes
from vidpipe.media.containers import AVI, FLAC, FLV, MATROSKA, MP3, MP4, SNIFF_BYTES, WAV, Container
from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import clock

#: So much less is no end that breaks off: padding, a last picture that lasts.
_LEAST_SHARE, _LEAST_S, _LEAST_BYTES = 0.02, 2.0, 64 << 10
#: RIFF of programs that could not go back, or whose file grew over what its size can say.
_NO_SIZE = 0x7FFF_0000
#: Boxes whose size is believed, and where one ends that has none.
_OF_MP4, _FAR = (b"mdat", b"moov", b"moof"), 1 << 62
#: EBML: the segment, which holds all, and a size that is not known yet (RFC 8794, 6.2).
_SEGMENT = bytes.fromhex("18538067")


def breaks_off(path: Path, info: MediaInfo) -> str:
    """That a file ends before it says it does, in words for a person; empty where it does not."""
    container, size = info.known_container, path.stat().st_size
    with path.open("rb") as file:
        declared = _declared_bytes(file, container)
    missing = (declared or 0) - size
    if declared and missing > max(_LEAST_BYTES, _LEAST_SHARE * declared):
        what = f"{missing / declared:.0%} of its file are missing"
        return f"it breaks off: {what}. The upload may have stopped: drop it whole"
    declared_s = _declared_s(path, container)
    if declared_s - info.duration_s > max(_LEAST_S, _LEAST_SHARE * declared_s):
        what = f"it says that it lasts {clock(declared_s)}, and ends at {clock(info.duration_s)}"
        return f"it breaks off: {what}. The upload may have stopped: drop it whole"
    return ""


def _declared_bytes(file: BinaryIO, container: Container) -> int | None:
    """How long the file is by what stands in it; None where nothing tells."""
    if container is MP4:
        # What follows them may be anything, and a box without a size goes on to the end.
        found = [last for kind, _, last in boxes(file, 0, _FAR) if kind in _OF_MP4]
        return max((last for last in found if last < _FAR), default=None)
    file.seek(0)
    head = file.read(SNIFF_BYTES)
    if container in (WAV, AVI) and head[:4] == b"RIFF":
        size = int.from_bytes(head[4:8], "little")
        return 8 + size if 0 < size < _NO_SIZE else None
    if container is MATROSKA:
        at = head.find(_SEGMENT) + len(_SEGMENT)
        if at < len(_SEGMENT) or at >= len(head) or not head[at]:
            return None
        length = 9 - head[at].bit_length()
        unknown = (1 << 7 * length) - 1
        size = int.from_bytes(head[at : at + length], "big") & unknown
        return at + length + size if 0 < size < unknown else None
    return None


def _declared_s(path: Path, container: Container) -> float:
    """How long the recording is by its header; 0 where that is no more than a guess."""
    if container is MP3:
        # Without a count of frames a length is reckoned from the size of the file.
        with path.open("rb") as file:
            head = file.read(_MP3_HEAD)
        if b"Xing" not in head and b"Info" not in head:
            return 0.0
    elif container not in (FLAC, FLV):
        return 0.0
    with open_media(path, container) as media:
        start_s = max(0.0, (media.start_time or 0) / 1e6)
        return float((media.duration or 0) / 1e6) - (start_s if container is FLV else 0.0)


#: A tag with a cover comes before the first frame, which has the count.
_MP3_HEAD = 4 << 20
