"""The constants of a frozen TensorFlow graph: its weights, where a checkpoint was written into it.

Source: TensorFlow, `core/framework/{graph,node_def,attr_value,tensor}.proto`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.embed.weights.tensors import Tensors, map_file, naming, to_array
from segue.embed.weights.tf_types import dtype_of, shape_of
from segue.errors import WeightsError
from segue.wire.protobuf import Message

_NODE, _NAME, _OPERATION, _ATTRIBUTE = 1, 1, 2, 5  # of a graph; of a node
_KEY, _VALUE, _TENSOR = 1, 2, 8  # of an attribute
_DTYPE, _SHAPE, _CONTENT, _FLOATS = 1, 2, 4, 5  # of a tensor


def read_tf_graph(path: Path) -> Tensors:
    """All constants of 32-bit floats, by the names of their nodes.

    Raises
    ------
    WeightsError
        Where the file is damaged or no graph, or has no such constant.
    """
    with naming(path):
        tensors: Tensors = {}
        for node in Message(map_file(path)).messages(_NODE):
            value = _constant(node) if node.text(_OPERATION) == "Const" else None
            if value is not None and dtype_of(node.text(_NAME), value.number(_DTYPE)) == "float32":
                tensors[node.text(_NAME)] = _floats(node.text(_NAME), value)
        if not tensors:
            raise WeightsError("found no constants, expected a frozen graph")
        return tensors


def _constant(node: Message) -> Message | None:
    attributes = {entry.text(_KEY): entry.message(_VALUE) for entry in node.messages(_ATTRIBUTE)}
    return attributes["value"].message(_TENSOR) if "value" in attributes else None


def _floats(name: str, value: Message) -> NDArray[Any]:
    shape = shape_of(value.message(_SHAPE))
    if _CONTENT in value:
        return to_array(name, value.bytes(_CONTENT), "float32", shape)
    numbers = np.array(value.floats(_FLOATS), "<f4")  # single ones are not kept as bytes
    return to_array(name, memoryview(numbers.tobytes()), "float32", shape)
