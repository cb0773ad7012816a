"""What both kinds of TensorFlow checkpoints say about a tensor.

Field numbers: TensorFlow, `core/framework/{types,tensor_shape,tensor_slice}.proto`.
"""

from __future__ import annotations

from segue.errors import WeightsError
from segue.wire.protobuf import Message

DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    9: "int64",
    10: "bool",
    19: "float16",
}
"""NumPy's name by TensorFlow's number."""


def dtype_of(name: str, number: int) -> str:
    """NumPy's name of a tensor's type."""
    if number not in DTYPES:
        raise WeightsError(f"tensor {name!r} has TensorFlow type {number}, expected one of {sorted(DTYPES)}")
    return DTYPES[number]


def shape_of(shape: Message) -> tuple[int, ...]:
    """The lengths in a TensorShapeProto."""
    return tuple(dim.number(1) for dim in shape.messages(2))
