"""Who a video is: its id from channel, name and digest."""

from __future__ import annotations

import re
import unicodedata

_MAX_ID = 64
_DIGEST = 10


def slug(text: str, max_length: int) -> str:
    """`text` as `[a-z0-9_-]`, at most `max_length` long; `video` when nothing is left.

    Letters of other scripts as they are read (anyascii): `Größe` as `grosse`, `北京` as `beijing`.
    """
    from anyascii import anyascii

    plain = unicodedata.normalize("NFKC", text)
    # Capitals begin the syllables of what has no blanks; a letter too many is no harm in a name.
    plain = "".join(anyascii(c) for c in plain if not _is_symbol(c)).lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > max_length:
        cut = words[: max_length + 1].rpartition("-")[0]
        words = (cut or words[:max_length]).strip("-")
    return words or "video"


def _is_symbol(letter: str) -> bool:
    """Emoji and their like, whose names would be spelled out."""
    return letter > "\x7f" and unicodedata.category(letter) in ("So", "Sk", "Co", "Cn", "Cs")


def video_id(channel: str, name: str, sha256: str) -> str:
    """`{channel}--{slug}-{10 hex of the digest}`, `[a-z0-9_-]{1,64}`: the partition key."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    room = _MAX_ID - len(channel) - 2 - 1 - _DIGEST
    return f"{channel}--{slug(stem, room)}-{sha256[:_DIGEST]}"


def storable(text: str, most_bytes: int | None = None) -> str:
    """A name that every store and catalog takes: no control characters, UTF-8, not too long.

    What is shortened keeps its suffix.
    """
    plain = "".join("_" if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    data = plain.encode()
    if most_bytes is None or len(data) <= most_bytes:
        return plain
    stem, dot, suffix = plain.rpartition(".")
    ending = (dot + suffix).encode() if stem and len(suffix) <= 8 else b""
    return (data[: most_bytes - len(ending)] + ending).decode("utf-8", "ignore")
