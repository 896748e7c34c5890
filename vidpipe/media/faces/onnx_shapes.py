"""An ONNX model whose sizes are fixed, made to take pictures of any size.

Face detectors are convolutions: their weights know no size, but exporters write the size
of their example into the file, and the runtime holds callers to it. Here that size is
taken out of the file's inputs and outputs. Old exporters also name every weight as an
input, which forbids the runtime to fold it into its neighbours: those go as well.

No more of the file is understood here than the few fields on the way to a size.
"""

from __future__ import annotations

from vidpipe.media.onnx_file import field, fields

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


def with_free_sizes(model: bytes) -> bytes:
    """The same model for any number of pictures of any size.

    All dimensions of inputs and outputs but the second, the channels, become free.

    Raises:
        ValueError: these bytes are no ONNX model.
    """
    return b"".join(
        field(number, _free_graph(value)) if number == _GRAPH else raw
        for number, value, raw in fields(model)
    )


def _free_graph(graph: bytes) -> bytes:
    weights = {
        name
        for number, value, _ in fields(graph)
        if number == _INITIALIZER
        for part, name, _ in fields(value)
        if part == _TENSOR_NAME
    }
    kept = []
    for number, value, raw in fields(graph):
        if number == _VALUE_INFO or (number == _INPUT and _name(value) in weights):
            continue
        kept.append(
            field(number, _free_value(value, number)) if number in (_INPUT, _OUTPUT) else raw
        )
    return b"".join(kept)


def _name(value_info: bytes) -> bytes:
    return next((value for n, value, _ in fields(value_info) if n == _VALUE_NAME), b"")


def _free_value(value_info: bytes, role: int) -> bytes:
    def free(part: bytes, way: tuple[int, ...]) -> bytes:
        if not way:
            return _free_shape(part, f"{role}-{_name(value_info).decode('utf-8', 'replace')}")
        return b"".join(
            field(number, free(value, way[1:])) if number == way[0] else raw
            for number, value, raw in fields(part)
        )

    return free(value_info, (_VALUE_TYPE, _TENSOR_TYPE, _SHAPE))


def _free_shape(shape: bytes, of: str) -> bytes:
    freed = []
    at = 0
    for number, _, raw in fields(shape):
        if number == _DIM:
            named = field(_DIM_PARAM, f"{of}-{at}".encode())
            freed.append(raw if at == 1 else field(_DIM, named))
            at += 1
    return b"".join(freed)
