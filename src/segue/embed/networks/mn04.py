"""EfficientAT's mn04_as (Schmid et al. 2023), 983 599 weights: MobileNetV3-Large at 0.4 of its width.

Trained on AudioSet: log-mel to 384 features and 527 classes, whose order is that of AudioSet's
`class_labels_indices.csv`. Source of the structure: Howard et al. 2019, table 1, and
fschmid56/EfficientAT, `models/mn/model.py` (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from segue.embed.networks.graph import Graph, batch_norm
from segue.embed.weights.tensors import take
from segue.errors import WeightsError
from segue.track import Float32

Tensors = Mapping[str, NDArray[Any]]

N_CLASSES = 527
_EPS = 1e-3
_BANDS = 128
_FEATURES = 384
WIDENED = {"hardswish_87": 272, "hardswish_99": 272, "hardswish_110": 384}
"""What blocks 12 to 14 widen their input to: the values' names in the graph, and their channels."""
MIDDLE = sum(WIDENED.values())


@dataclass(frozen=True, slots=True)
class _Block:
    """An inverted residual: widen, filter each channel, squeeze and excite, narrow."""

    kernel: int
    wide: int
    out: int
    activation: str
    stride: int = 1
    excite: bool = False


_BLOCKS = (
    _Block(3, 8, 8, "Relu"),
    _Block(3, 24, 16, "Relu", stride=2),
    _Block(3, 32, 16, "Relu"),
    _Block(5, 32, 16, "Relu", stride=2, excite=True),
    _Block(5, 48, 16, "Relu", excite=True),
    _Block(5, 48, 16, "Relu", excite=True),
    _Block(3, 96, 32, "HardSwish", stride=2),
    _Block(3, 80, 32, "HardSwish"),
    _Block(3, 72, 32, "HardSwish"),
    _Block(3, 72, 32, "HardSwish"),
    _Block(3, 192, 48, "HardSwish", excite=True),
    _Block(3, 272, 48, "HardSwish", excite=True),
    _Block(5, 272, 64, "HardSwish", stride=2, excite=True),
    _Block(5, 384, 64, "HardSwish", excite=True),
    _Block(5, 384, 64, "HardSwish", excite=True),
)


def build_mn04(tensors: Tensors) -> onnx.ModelProto:
    """The network with input ``logmel`` (n, 1, 128, t), for any number of frames t.

    Its outputs are ``embedding`` (n, 384), the features' mean over band and frame; ``logits``
    (n, 527); ``scores`` (n, 527), their sigmoid; and ``middle``, as `with_middle` adds it.

    Parameters
    ----------
    tensors
        Of `mn04_as_mAP_432.pt`, by its own names.

    Raises
    ------
    WeightsError
        Where a tensor is missing or has another shape.
    """
    graph = Graph("mn04_as")
    x, channels = _conv(graph, tensors, "features.0", "logmel", (8, 1, 3), stride=2), 8
    x = graph.add("HardSwish", x)
    for number, block in enumerate(_BLOCKS, start=1):
        x = _residual(graph, tensors, f"features.{number}.block", x, channels, block)
        channels = block.out
    x = graph.add("HardSwish", _conv(graph, tensors, "features.16", x, (_FEATURES, channels, 1)))
    _classifier(graph, tensors, graph.reduce("ReduceMean", x, [2, 3], output="embedding"))
    outputs = {"embedding": ("n", _FEATURES), "logits": ("n", N_CLASSES), "scores": ("n", N_CLASSES)}
    return with_middle(graph.model({"logmel": ("n", 1, _BANDS, "t")}, outputs))


def with_middle(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network with one more output, ``middle`` (n, 928): means of `WIDENED` over band and frame.

    Raises
    ------
    WeightsError
        Where the network lacks one of these layers.
    """
    added = onnx.ModelProto()
    added.CopyFrom(network)
    graph = added.graph
    layers = {node.output[0] for node in graph.node if node.op_type == "HardSwish"}
    if lacking := [name for name in WIDENED if name not in layers]:
        raise WeightsError(f"the network has no layers {', '.join(lacking)}")
    graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "middle_axes"))
    for name in WIDENED:
        inputs, outputs = [name, "middle_axes"], [f"middle_{name}"]
        graph.node.append(helper.make_node("ReduceMean", inputs, outputs, keepdims=0))
    means = [f"middle_{name}" for name in WIDENED]
    graph.node.append(helper.make_node("Concat", means, ["middle"], axis=1))
    graph.output.append(helper.make_tensor_value_info("middle", onnx.TensorProto.FLOAT, ["n", MIDDLE]))
    return added


def _residual(graph: Graph, tensors: Tensors, scope: str, x: str, channels: int, block: _Block) -> str:
    wide, layer = x, 0
    if block.wide != channels:
        wide = _conv(graph, tensors, f"{scope}.0", x, (block.wide, channels, 1))
        wide, layer = graph.add(block.activation, wide), 1
    shape = (block.wide, 1, block.kernel)
    filtered = _conv(graph, tensors, f"{scope}.{layer}", wide, shape, stride=block.stride)
    filtered = graph.add(block.activation, filtered)
    if block.excite:
        layer += 1
        filtered = _excite(graph, tensors, f"{scope}.{layer}.conc_se_layers.0", filtered, block.wide)
    narrow = _conv(graph, tensors, f"{scope}.{layer + 1}", filtered, (block.out, block.wide, 1))
    if block.stride == 1 and block.out == channels:
        return graph.add("Add", narrow, x)
    return narrow


def _excite(graph: Graph, tensors: Tensors, scope: str, x: str, channels: int) -> str:
    """Each channel times a weight in [0, 1] that depends on the means of all channels."""
    squeeze, squeeze_bias = _linear(tensors, f"{scope}.fc1", (None, channels))
    excite, excite_bias = _linear(tensors, f"{scope}.fc2", (channels, len(squeeze)))
    mean = graph.reduce("ReduceMean", x, [2, 3], keep=True)
    small = graph.add("Relu", graph.conv(mean, squeeze[:, :, None, None], squeeze_bias))
    weights = graph.add("Sigmoid", graph.conv(small, excite[:, :, None, None], excite_bias))
    return graph.add("Mul", x, weights)


def _conv(
    graph: Graph, tensors: Tensors, scope: str, x: str, shape: tuple[int, int, int], *, stride: int = 1
) -> str:
    """A convolution with its normalization folded in; the shape is (out, in of its group, kernel)."""
    out, within, kernel = shape
    names = [f"{scope}.1.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    norm = batch_norm(tensors, names, out, eps=_EPS)
    weight = take(tensors, f"{scope}.0.weight", (out, within, kernel, kernel))
    depthwise = within == 1 and scope != "features.0"
    return graph.conv(
        x,
        weight * norm.scale[:, None, None, None],
        norm.shift,
        pads=[kernel // 2] * 4,
        strides=[stride, stride],
        group=out if depthwise else 1,
    )


def _classifier(graph: Graph, tensors: Tensors, features: str) -> None:
    hidden, hidden_bias = _linear(tensors, "classifier.2", (None, _FEATURES))
    weight, bias = _linear(tensors, "classifier.5", (N_CLASSES, len(hidden)))
    x = graph.add("HardSwish", graph.dense(features, hidden.T, hidden_bias))
    graph.dense(x, weight.T, bias, output="logits")
    graph.add("Sigmoid", "logits", output="scores")


def _linear(tensors: Tensors, scope: str, shape: tuple[int | None, int]) -> tuple[Float32, Float32]:
    weight = take(tensors, f"{scope}.weight", shape)
    return weight, take(tensors, f"{scope}.bias", (len(weight),))
