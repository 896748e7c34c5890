"""An ONNX model whose sizes are fixed, made to take pictures of any size.

Face detectors are convolutions: their weights know no size, but exporters write the size
of their example into the file, and the runtime holds callers to it. Here that size is
taken out of the file's inputs and outputs. Old exporters also name every weight as an
input, which forbids the runtime to fold it into its neighbours: those go as well.

The file is a protocol buffer (github.com/onnx/onnx, onnx.proto3); no more of it is
understood here than the few fields on the way to a size.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Fields of onnx.proto3 by number: of ModelProto, GraphProto, ValueInfoProto, TypeProto,
#: TypeProto.Tensor, TensorShapeProto, its Dimension, TensorProto.
_GRAPH = 7
_INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 5, 11, 12, 13
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TENSOR_TYPE = 1
_SHAPE = 2
_DIM = 1
_DIM_PARAM = 2
_TENSOR_NAME = 8

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def with_free_sizes(model: bytes) -> bytes:
    """The same model for any number of pictures of any size.

    All dimensions of inputs and outputs but the second, the channels, become free.

    Raises:
        ValueError: these bytes are no ONNX model.
    """
    return b"".join(
        _field(number, _free_graph(value)) if number == _GRAPH else raw
        for number, value, raw in _fields(model)
    )


def _free_graph(graph: bytes) -> bytes:
    weights = {
        name
        for number, value, _ in _fields(graph)
        if number == _INITIALIZER
        for part, name, _ in _fields(value)
        if part == _TENSOR_NAME
    }
    kept = []
    for number, value, raw in _fields(graph):
        if number == _VALUE_INFO or (number == _INPUT and _name(value) in weights):
            continue
        kept.append(
            _field(number, _free_value(value, number)) if number in (_INPUT, _OUTPUT) else raw
        )
    return b"".join(kept)


def _name(value_info: bytes) -> bytes:
    return next((value for n, value, _ in _fields(value_info) if n == _VALUE_NAME), b"")


def _free_value(value_info: bytes, role: int) -> bytes:
    def free(part: bytes, way: tuple[int, ...]) -> bytes:
        if not way:
            return _free_shape(part, f"{role}-{_name(value_info).decode('utf-8', 'replace')}")
        return b"".join(
            _field(number, free(value, way[1:])) if number == way[0] else raw
            for number, value, raw in _fields(part)
        )

    return free(value_info, (_VALUE_TYPE, _TENSOR_TYPE, _SHAPE))


def _free_shape(shape: bytes, of: str) -> bytes:
    freed = []
    at = 0
    for number, _, raw in _fields(shape):
        if number == _DIM:
            named = _field(_DIM_PARAM, f"{of}-{at}".encode())
            freed.append(raw if at == 1 else _field(_DIM, named))
            at += 1
    return b"".join(freed)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Fields of a message in order: number, value, and the whole field as it was."""
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


def _field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
