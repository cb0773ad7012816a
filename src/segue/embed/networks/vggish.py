"""VGGish (Hershey et al. 2017), 72 141 184 weights: patches of log-mel to 128 numbers each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
from numpy.typing import NDArray

from segue.embed.networks.graph import Graph
from segue.embed.weights.tensors import take

_CONVS = ("conv1", "conv2", "conv3/conv3_1", "conv3/conv3_2", "conv4/conv4_1", "conv4/conv4_2")
_POOLED = {"conv1", "conv2", "conv3/conv3_2", "conv4/conv4_2"}
_POOLED_CELLS = 6 * 4  # what four poolings leave of 96 x 64


def build_vggish(tensors: Mapping[str, NDArray[Any]], *, last_relu: bool = False) -> onnx.ModelProto:
    """The network with input ``patches`` (n, 96, 64) and output ``embedding`` (n, 128).

    Parameters
    ----------
    tensors
        Of the published checkpoint, by its own names; the widths are theirs.
    last_relu
        Whether the last layer is rectified too, as in older ports and services. The published code
        takes it before: the two make different spaces that must never be mixed.

    Raises
    ------
    WeightsError
        Where a tensor is missing or does not fit the one before it.
    """
    graph = Graph("vggish")
    x, channels = graph.unsqueeze("patches", 1), 1
    for scope in _CONVS:
        x, channels = _conv(graph, tensors, scope, x, channels)
    rows = graph.add("Transpose", x, perm=[0, 2, 3, 1])  # the weights expect channels last
    x, width = graph.add("Flatten", rows, axis=1), _POOLED_CELLS * channels
    for scope in ("fc1/fc1_1", "fc1/fc1_2"):
        x, width = _dense(graph, tensors, scope, x, width)
        x = graph.add("Relu", x)
    weight, bias = _layer(tensors, "fc2", (width, 128))
    if last_relu:
        graph.add("Relu", graph.dense(x, weight, bias), output="embedding")
    else:
        graph.dense(x, weight, bias, output="embedding")
    return graph.model({"patches": ("n", 96, 64)}, {"embedding": ("n", 128)})


def _conv(
    graph: Graph, tensors: Mapping[str, NDArray[Any]], scope: str, x: str, channels: int
) -> tuple[str, int]:
    weight, bias = _layer(tensors, scope, (3, 3, channels, None))
    x = graph.add("Relu", graph.conv(x, weight.transpose(3, 2, 0, 1), bias, pads=[1, 1, 1, 1]))
    if scope in _POOLED:
        x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    return x, len(bias)


def _dense(
    graph: Graph, tensors: Mapping[str, NDArray[Any]], scope: str, x: str, width: int
) -> tuple[str, int]:
    weight, bias = _layer(tensors, scope, (width, None))
    return graph.dense(x, weight, bias), len(bias)


def _layer(
    tensors: Mapping[str, NDArray[Any]], scope: str, shape: tuple[int | None, ...]
) -> tuple[NDArray[Any], NDArray[Any]]:
    weight = take(tensors, f"vggish/{scope}/weights", shape)
    return weight, take(tensors, f"vggish/{scope}/biases", (weight.shape[-1],))
