"""ONNX files to their fields, and fields to a file.

The format is a protocol buffer (github.com/onnx/onnx, onnx.proto3): a message is a row of
numbered fields, some of which hold messages. What the numbers mean knows whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Fields of a message in order: number, value, and the whole field as it was.

    Raises:
        ValueError: these bytes are no message.
    """
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _BYTES:
            length, at = _varint(message, at)
            value_at, at = at, at + length
        elif kind == _VARINT:
            value_at = at
            _, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            value_at, at = at, at + (8 if kind == _FIXED64 else 4)
        else:
            raise ValueError(f"no ONNX model: a field of kind {kind} at byte {start}")
        if at > len(message):
            raise ValueError(f"no ONNX model: the field at byte {start} reaches past the end")
        yield key >> 3, message[value_at:at], message[start:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while at < len(message) and shift < 64:
        value |= (message[at] & 127) << shift
        at += 1
        if message[at - 1] < 128:
            return value, at
        shift += 7
    raise ValueError(f"no ONNX model: a number without end at byte {at}")


def field(number: int, value: bytes) -> bytes:
    """A field that holds bytes: a text, or another message."""
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
