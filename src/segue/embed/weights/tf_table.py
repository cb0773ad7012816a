"""TensorFlow's first checkpoint format: all tensors as slices in one table file.

Source: TensorFlow, `core/util/saved_tensor_slice.proto` and `core/framework/tensor.proto`. The entry
of the empty key says which tensors there are; each other entry holds one slice of one of them.

The published VGGish is 2.5 MB larger than its 72 141 184 weights, and no copy was at hand to see why.
More tensors, or some cut into rows, would explain it: both are read, and what no network can need
(texts, types that NumPy lacks, empty tensors) is left out.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.embed.weights.table_file import entries
from segue.embed.weights.tensors import Tensors, check_shape, map_file, naming, to_array
from segue.embed.weights.tf_types import DTYPES, shape_of
from segue.errors import WeightsError
from segue.wire.protobuf import Message, varints

_VALUES = {
    "float32": 5,
    "float64": 6,
    "int32": 7,
    "uint8": 7,
    "int16": 7,
    "int8": 7,
    "int64": 10,
    "bool": 11,
    "float16": 13,  # as the number that its bits are
}
"""Fields of a TensorProto by type."""
_PLAIN = {"float32", "float64"}
"""Types whose values lie in the file as in memory; the others are numbers of variable length."""

_Declared = dict[str, tuple[str, tuple[int, ...]]]  # dtype and shape by name
_Pieces = dict[str, list[Message]]  # SavedSlices by name


def read_tf_table(path: Path) -> Tensors:
    """The tensors of a checkpoint such as `vggish_model.ckpt`; those saved in slices are put together.

    Tensors that are empty or of no type of numbers are left out.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged or no such checkpoint.
    """
    with naming(path):
        declared, pieces = _entries(map_file(path))
        return {name: _tensor(name, pieces[name], *kind) for name, kind in declared.items()}


def _entries(table: memoryview) -> tuple[_Declared, _Pieces]:
    names: set[str] = set()
    declared: _Declared = {}
    pieces: _Pieces = {}
    for key, value in entries(table):
        record = Message(value)
        if not key:
            meta = record.message(1).messages(1)
            names, declared = {tensor.text(1) for tensor in meta}, _readable(meta)
        else:
            data = record.message(2)
            pieces.setdefault(data.text(1), []).append(data)
    if not declared or not declared.keys() <= pieces.keys() <= names:
        raise WeightsError(f"found {len(pieces)} tensors, {len(names)} are declared; expected the same")
    return declared, pieces


def _readable(meta: list[Message]) -> _Declared:
    declared: _Declared = {}
    for tensor in meta:
        dtype, shape = DTYPES.get(tensor.number(3)), shape_of(tensor.message(2))
        if dtype and 0 not in shape:
            declared[tensor.text(1)] = (dtype, shape)
    return declared


def _tensor(name: str, pieces: list[Message], dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    check_shape(name, shape)
    placed = [_place_piece(name, piece, dtype, shape) for piece in pieces]
    numbers = sum(values.size for _, values in placed)
    if numbers != math.prod(shape):
        raise WeightsError(f"tensor {name!r} of shape {shape} has {numbers} numbers in its slices")
    if len(placed) == 1:
        return placed[0][1]
    whole, filled = np.empty(shape, dtype), np.zeros(shape, bool)
    for where, values in placed:
        if filled[where].any():
            raise WeightsError(f"tensor {name!r} has slices that overlap, expected each number once")
        whole[where], filled[where] = values, True
    return whole


def _place_piece(
    name: str, piece: Message, dtype: str, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], NDArray[Any]]:
    """One slice and where it belongs."""
    extents = piece.message(2).messages(1)
    if len(extents) != len(shape):
        raise WeightsError(f"a slice of {name!r} has {len(extents)} dimensions, expected {len(shape)}")
    where = tuple(_range(extent, length) for extent, length in zip(extents, shape, strict=True))
    if any(not 0 <= part.start < part.stop <= length for part, length in zip(where, shape, strict=True)):
        raise WeightsError(f"a slice of {name!r} lies outside of its shape {shape}")
    return where, _values(name, piece.message(3), dtype, tuple(part.stop - part.start for part in where))


def _range(extent: Message, length: int) -> slice:
    start = extent.number(1)
    return slice(start, start + extent.number(2) if 2 in extent else length)


def _values(name: str, values: Message, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if 4 in values:
        return to_array(name, values.bytes(4), dtype, shape)
    parts = values.parts(_VALUES[dtype])
    packed = parts[0] if len(parts) == 1 else memoryview(b"".join(parts))
    return to_array(name, packed if dtype in _PLAIN else _unpack(name, packed, dtype), dtype, shape)


def _unpack(name: str, packed: memoryview, dtype: str) -> memoryview:
    try:
        numbers = np.fromiter(varints(packed), dtype="uint16" if dtype == "float16" else dtype)
    except OverflowError as error:
        raise WeightsError(f"tensor {name!r} holds a number too large for {dtype}") from error
    return memoryview(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
