"""Which containers may be opened, told by their first bytes and never by their name.

FFmpeg guesses a demuxer from content and follows what a playlist or a concat
script points to. We look first, name the demuxer ourselves, and pass
allow-lists, so an upload can never make the libraries read another file or
address.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidpipe.media.decoders import allowed

#: How many bytes `identify` needs to see.
SNIFF_BYTES = 4096
#: A picture of more pixels is not decoded, however little its file takes: 64 million are
#: 8192x8192, the largest video that is accepted; the cover of a sound file is at most 6000x6000
#: (podcast directories ask for 3000x3000).
MOST_PIXELS, MOST_COVER_PIXELS = 8192 * 8192, 6000 * 6000
#: Nor a piece of sound of more samples, all channels together: FLAC, whose pieces are the longest
#: of all, has 65535 of 8 channels, and AVI a second or two of PCM in one.
MOST_SAMPLES = 16 << 20


@dataclass(frozen=True)
class Container:
    """A container we open: its name for people, FFmpeg's demuxer, usual suffixes."""

    name: str
    demuxer: str
    suffixes: tuple[str, ...]
    sound_only: bool = False


MP4 = Container("MP4/MOV", "mov", (".mp4", ".mov", ".m4v", ".m4a", ".3gp"))
MATROSKA = Container("Matroska/WebM", "matroska", (".mkv", ".webm"))
FLV = Container("FLV", "flv", (".flv",))
OGG = Container("Ogg", "ogg", (".ogv", ".ogg"))
MPEGTS = Container("MPEG-TS", "mpegts", (".ts", ".mts", ".m2ts"))
AVI = Container("AVI", "avi", (".avi",))
WAV = Container("WAV", "wav", (".wav",), sound_only=True)
MP3 = Container("MP3", "mp3", (".mp3",), sound_only=True)
FLAC = Container("FLAC", "flac", (".flac",), sound_only=True)
AAC = Container("AAC", "aac", (".aac",), sound_only=True)

ALL = (MP4, MATROSKA, FLV, OGG, MPEGTS, AVI, WAV, MP3, FLAC, AAC)

_ID3_HEADER = 10
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
    if head[:4] == b"fLaC":
        return FLAC
    if len(head) > 1 and head[0] == 0xFF:
        # Eleven bits of sync, then version and layer: MPEG audio's third, or none in ADTS.
        return MP3 if head[1] & 0xE6 == 0xE2 else AAC if head[1] & 0xF6 == 0xF0 else None
    if head[:3] == b"ID3":
        return identify_tagged(head[_id3_bytes(head) :])
    return None


def identify_tagged(after: bytes) -> Container:
    """What an ID3 tag stands before, by the first bytes behind it; MP3 where those are unseen."""
    found = identify(after) if after[:3] != b"ID3" else None
    return found if found in (FLAC, AAC) else MP3


def _id3_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag that `head` begins with: four bytes of seven bits (ID3v2.4, 3.1)."""
    if len(head) < _ID3_HEADER:
        return len(head)
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    footer = _ID3_HEADER if head[5] & 0x10 else 0
    return _ID3_HEADER + size + footer


def identify_file(path: Path) -> Container | None:
    """`identify` on a local file; looks behind a tag, however long (with a cover in it)."""
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
        if head[:3] != b"ID3":
            return identify(head)
        file.seek(_id3_bytes(head))
        return identify_tagged(file.read(SNIFF_BYTES))


def open_options(container: Container, *, stills: bool = False) -> dict[str, str]:
    """FFmpeg options that keep a file from opening anything but itself, or a picture too large.

    Nor any decoder but those of `decoders`: with `stills` those of single pictures too.
    """
    return {
        "protocol_whitelist": "file",
        "format_whitelist": container.demuxer,
        "codec_whitelist": allowed(stills=stills),
        **decoder_options(container),
    }


def decoder_options(container: Container) -> dict[str, str]:
    """What a decoder is told: of what a file says in its middle no header knows."""
    return {
        "max_pixels": str(MOST_COVER_PIXELS if container.sound_only else MOST_PIXELS),
        "max_samples": str(MOST_SAMPLES),
    }
