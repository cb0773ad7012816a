"""Small networks that make vectors of sound, for the tests of embedders that are ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SR, WINDOW, DIM = 16_000, 8_000, 6
ASKED = {"sr": SR, "window_s": WINDOW / SR}
Shape = Sequence[int | str | None] | None

FLOAT, FLOAT16, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT64


def value(name: str, shape: Shape, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def constants(**arrays: np.ndarray) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    **arrays: np.ndarray,
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializer=constants(**arrays))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def filters(shape: Shape, gives: str = "(n, dim)", *, seed: int = 0, dtype: int = FLOAT) -> onnx.ModelProto:
    """The mean size of six filters' outputs, of a waveform of this shape."""
    rng = np.random.default_rng(seed)
    lead = {1: [0, 1], 2: [1], 3: []}[len(shape or ())]
    nodes = [
        helper.make_node("Cast", ["wave"], ["float"], to=FLOAT),
        helper.make_node("Unsqueeze", ["float", "lead"], ["x"])
        if lead
        else helper.make_node("Identity", ["float"], ["x"]),
        helper.make_node("Conv", ["x", "filters"], ["filtered"], strides=[32]),
        helper.make_node("Abs", ["filtered"], ["frames"]),
    ]
    if gives == "(n, frames, dim)":
        nodes.append(helper.make_node("Transpose", ["frames"], ["vector"], perm=[0, 2, 1]))
    else:
        nodes.append(helper.make_node("ReduceMean", ["frames"], ["mean"], axes=[2], keepdims=0))
        last = {"(dim,)": ("Squeeze", ["mean", "zero"]), "(n, dim)": ("Identity", ["mean"])}[gives]
        nodes.append(helper.make_node(*last, ["vector"]))
    weights = rng.standard_normal((DIM, 1, 64)).astype(np.float32)
    return model_of(
        nodes,
        [value("wave", shape, dtype)],
        [value("vector", None)],
        filters=weights,
        lead=np.array(lead, np.int64),
        zero=np.array([0], np.int64),
    )


def saved(path: Path, model: onnx.ModelProto) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def two_outputs(*, first: int = FLOAT) -> onnx.ModelProto:
    model = filters(["n", "t"])
    cast = {FLOAT: "Identity", INT64: "Cast"}[first]
    settings = {"to": INT64} if first == INT64 else {}
    model.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["float"], ["peak"], axes=[1], keepdims=1),
            helper.make_node(cast, ["peak"], ["first"], **settings),
        ]
    )
    model.graph.output.insert(0, value("first", None, first))
    return model
