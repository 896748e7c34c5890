"""Which containers may be opened, told by their first bytes and never by their name.

FFmpeg guesses a demuxer from content and follows what a playlist or a concat
script points to. We look first, name the demuxer ourselves, and pass
allow-lists, so an upload can never make the libraries read another file or
address.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: How many bytes `identify` needs to see.
SNIFF_BYTES = 4096


@dataclass(frozen=True)
class Container:
    """A container we open: its name for people, FFmpeg's demuxer, usual suffixes."""

    name: str
    demuxer: str
    suffixes: tuple[str, ...]


MP4 = Container("MP4/MOV", "mov", (".mp4", ".mov", ".m4v", ".m4a", ".3gp"))
MATROSKA = Container("Matroska/WebM", "matroska", (".mkv", ".webm"))
FLV = Container("FLV", "flv", (".flv",))
OGG = Container("Ogg", "ogg", (".ogv", ".ogg"))
MPEGTS = Container("MPEG-TS", "mpegts", (".ts", ".mts", ".m2ts"))
AVI = Container("AVI", "avi", (".avi",))
WAV = Container("WAV", "wav", (".wav",))
MP3 = Container("MP3", "mp3", (".mp3",))

ALL = (MP4, MATROSKA, FLV, OGG, MPEGTS, AVI, WAV, MP3)

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof"}


def identify(head: bytes) -> Container | None:
    """The container that `head` (the first 4 KiB) begins with, or None."""
    if len(head) >= 8 and head[4:8] in _MP4_BOXES:
        return MP4
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return MATROSKA
    if head[:3] == b"FLV":
        return FLV
    if head[:4] == b"OggS":
        return OGG
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return AVI
    if len(head) >= 377 and head[0] == 0x47 and head[188] == 0x47 and head[376] == 0x47:
        return MPEGTS
    if len(head) >= 389 and head[4] == 0x47 and head[196] == 0x47 and head[388] == 0x47:
        return MPEGTS
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return MP3
    return None


def identify_file(path: Path) -> Container | None:
    """`identify` on a local file."""
    with path.open("rb") as file:
        return identify(file.read(SNIFF_BYTES))


def open_options(container: Container) -> dict[str, str]:
    """FFmpeg options that keep a file from opening anything but itself."""
    return {"protocol_whitelist": "file", "format_whitelist": container.demuxer}
