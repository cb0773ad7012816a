"""aiSFX's network (Ma and Lerch 2022), 4.7 million weights: four pairs of 3 x 3 convolutions.

Trained on libraries of sound effects; 2.3 s of log-mel to 512 numbers. Source of the structure: the wheel
`aisfx` 0.1.2, `models/cnn2d.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
from numpy.typing import NDArray

from segue.embed.networks.graph import Graph, batch_norm
from segue.embed.weights.tensors import take

Tensors = Mapping[str, NDArray[Any]]

_EPS = 1e-5  # torch's default
_FRAMES, _BANDS = 100, 96
_CHANNELS = (1, 64, 128, 256, 512)


def build_aisfx(tensors: Tensors) -> onnx.ModelProto:
    """The network with input ``patches`` (n, 100, 96) and output ``embedding`` (n, 512).

    Parameters
    ----------
    tensors
        Of `checkpoint.pth`, by its own names; the classifiers are left alone.

    Raises
    ------
    WeightsError
        Where a tensor is missing or has another shape.
    """
    graph = Graph("aisfx")
    x = graph.unsqueeze("patches", 1)
    for block in (1, 2, 3, 4):
        for layer in (1, 2):
            x = _conv(graph, tensors, block, layer, x)
        if block < 4:
            x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    over_bands = graph.reduce("ReduceMean", x, [3])
    graph.reduce("ReduceMax", over_bands, [2], output="embedding")
    return graph.model({"patches": ("n", _FRAMES, _BANDS)}, {"embedding": ("n", _CHANNELS[-1])})


def _conv(graph: Graph, tensors: Tensors, block: int, layer: int, x: str) -> str:
    """A convolution with its normalization folded in, and rectified."""
    scope, out = f"embedding_net.conv_block{block}", _CHANNELS[block]
    within = _CHANNELS[block - 1] if layer == 1 else out
    parts = ("weight", "bias", "running_mean", "running_var")
    norm = batch_norm(tensors, [f"{scope}.bn{layer}.{part}" for part in parts], out, eps=_EPS)
    weight = take(tensors, f"{scope}.conv{layer}.weight", (out, within, 3, 3))
    folded = weight * norm.scale[:, None, None, None]
    return graph.add("Relu", graph.conv(x, folded, norm.shift, pads=[1] * 4))
