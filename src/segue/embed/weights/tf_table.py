"""TensorFlow's first checkpoint format: all tensors as slices in one table file.

Source: TensorFlow, `core/util/saved_tensor_slice.proto` and `core/framework/tensor.proto`. The entry
of the empty key says which tensors there are; each other entry holds one slice of one of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.embed.weights.protobuf import Message, varints
from segue.embed.weights.table_file import entries
from segue.embed.weights.tensors import Tensors, mapped, naming, to_array
from segue.embed.weights.tf_types import dtype_of, shape_of
from segue.errors import WeightsError

_VALUES = {"float32": 5, "float64": 6, "int32": 7, "int64": 10, "bool": 11}
"""Fields of a TensorProto by type."""
_PLAIN = {"float32", "float64"}
"""Types whose values lie in the file as in memory; the others are numbers of variable length."""

_Declared = dict[str, tuple[str, tuple[int, ...]]]  # dtype and shape by name


def read_tf_table(path: Path) -> Tensors:
    """All tensors of a checkpoint such as `vggish_model.ckpt`.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, no such checkpoint, or holds tensors in several slices.
    """
    with naming(path):
        return _read(mapped(path))


def _read(table: memoryview) -> Tensors:
    declared: _Declared = {}
    tensors: Tensors = {}
    for key, value in entries(table):
        record = Message(value)
        if not key:
            declared = _declared(record.message(1))
            continue
        data = record.message(2)
        name = data.text(1)
        if name not in declared or name in tensors:
            raise WeightsError(f"found {name!r}, expected each of the {len(declared)} declared tensors once")
        tensors[name] = _tensor(name, data, *declared[name])
    if not tensors or len(tensors) < len(declared):
        raise WeightsError(f"found {len(tensors)} tensors of {len(declared)} declared, expected all")
    return tensors


def _declared(meta: Message) -> _Declared:
    found: _Declared = {}
    for tensor in meta.messages(1):
        name = tensor.text(1)
        found[name] = (dtype_of(name, tensor.number(3)), shape_of(tensor.message(2)))
    return found


def _tensor(name: str, data: Message, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    extents = data.message(2).messages(1)
    if any(1 in extent or 2 in extent for extent in extents):
        raise WeightsError(f"tensor {name!r} is cut into slices, expected whole tensors")
    values = data.message(3)
    if 4 in values:
        return to_array(name, values.bytes(4), dtype, shape)
    if dtype not in _VALUES:
        raise WeightsError(f"tensor {name!r} has type {dtype}, expected one of {sorted(_VALUES)}")
    packed = values.bytes(_VALUES[dtype])
    return to_array(name, packed if dtype in _PLAIN else _unpacked(name, packed, dtype), dtype, shape)


def _unpacked(name: str, packed: memoryview, dtype: str) -> memoryview:
    try:
        numbers = np.fromiter(varints(packed), dtype=dtype)
    except OverflowError as error:
        raise WeightsError(f"tensor {name!r} holds a number too large for {dtype}") from error
    return memoryview(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
