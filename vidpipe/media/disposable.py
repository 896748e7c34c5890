"""Coded pictures that no other is decoded from, told by their headers without decoding.

FFmpeg leaves the same ones out where it is asked to (`skip_frame` NONREF): of H.264 those of
slices with a `nal_ref_idc` of 0 (ITU-T H.264, 7.4.1), of H.265 those of the even `nal_unit_type`
below 16 (ITU-T H.265, table 7-1). Of other codecs it is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Headers:
    """First bytes of NAL units: where their length's size is told, and what they say."""

    length_at: int
    is_slice: Callable[[int], bool]
    is_disposable: Callable[[int], bool]


_CODECS = {
    "h264": _Headers(4, lambda head: 1 <= head & 0x1F <= 5, lambda head: head & 0x60 == 0),
    "hevc": _Headers(21, lambda head: head < 64, lambda head: head < 32 and head & 2 == 0),
}
#: Of these FFmpeg leaves nothing out.
_ALL_NEEDED = ("flashsv", "flashsv2")
_BEGINS = b"\0\0\1"


def disposable_in(stream: Any) -> Callable[[Any], bool] | None:
    """What says of a packet of a stream whether it is such a picture; None where nothing does."""
    codec = stream.codec_context.name
    if codec in _ALL_NEEDED:
        return lambda _: False
    headers = _CODECS.get(codec)
    if headers is None:
        return None
    extra = stream.codec_context.extradata or b""
    # The records of ISO 14496-15 (5.3.3, 8.3.3) begin with their version, 1.
    sized = len(extra) > headers.length_at and extra[0] == 1
    length = (extra[headers.length_at] & 3) + 1 if sized else 0

    def disposable(packet: Any) -> bool:
        data = bytes(packet)
        units = _after_lengths(data, length) if sized else _after_start_codes(data)
        slices = [head for head in units if headers.is_slice(head)]
        return bool(slices) and all(map(headers.is_disposable, slices))

    return disposable


def _after_lengths(data: bytes, length: int) -> Iterator[int]:
    """First bytes of NAL units that each follow their length."""
    at = 0
    while at + length < len(data):
        yield data[at + length]
        at += length + int.from_bytes(data[at : at + length], "big")


def _after_start_codes(data: bytes) -> Iterator[int]:
    """First bytes of NAL units that each follow a start code (Annex B)."""
    at = data.find(_BEGINS)
    while 0 <= at < len(data) - len(_BEGINS):
        yield data[at + len(_BEGINS)]
        at = data.find(_BEGINS, at + len(_BEGINS))
