"""What a listing says of an object, in any store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectInfo:
    """What a listing says of an object."""

    key: str
    size_bytes: int
    etag: str | None
    modified_s: float
