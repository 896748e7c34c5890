"""Who a video is: its id from channel, name and digest."""

from __future__ import annotations

import re
import unicodedata

_MAX_ID = 64
_DIGEST = 10


def slug(text: str, max_length: int) -> str:
    """`text` as `[a-z0-9_-]`, at most `max_length` long; `video` when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > max_length:
        cut = words[: max_length + 1].rpartition("-")[0]
        words = (cut or words[:max_length]).strip("-")
    return words or "video"


def video_id(channel: str, name: str, sha256: str) -> str:
    """`{channel}--{slug}-{10 hex of the digest}`, `[a-z0-9_-]{1,64}`: the partition key."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    room = _MAX_ID - len(channel) - 2 - 1 - _DIGEST
    return f"{channel}--{slug(stem, room)}-{sha256[:_DIGEST]}"
