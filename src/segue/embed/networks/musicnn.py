"""MusiCNN trained on the Million Song Dataset (Pons and Serra 2019), 790 000 weights.

A front-end of timbral filters (7 frames, much of the spectrum high) and temporal ones (one band, up
to 128 frames long), three dense layers over time, then maximum and mean over time, 200 units and 50 tags.
Source of the structure: the wheel `musicnn` 0.1.0, `models.py` (ISC).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from segue.embed.networks.graph import Affine, Graph, batch_norm
from segue.embed.weights.tensors import take
from segue.track import Float32

Tensors = Mapping[str, NDArray[Any]]

_EPS = 1e-3  # TensorFlow's default
_FRAMES, _BANDS = 187, 96
_TIMBRAL = ((38, 204), (67, 204))  # bands high, filters
_TEMPORAL = ((128, 51), (64, 51), (32, 51))  # frames long, filters
_FRONT = sum(filters for _, filters in (*_TIMBRAL, *_TEMPORAL))
_MIDDLE = 64
_POOLED = _FRONT + 3 * _MIDDLE
_UNITS = 200
_GROUP = 16  # filters; the widest that its processors take at once


def build_musicnn(tensors: Tensors) -> onnx.ModelProto:
    """The network with input ``patches`` (n, 187, 96).

    Its outputs are ``embedding`` (n, 200), the layer before the last; ``logits`` (n, 50); and
    ``scores`` (n, 50), their sigmoid, in the order of `msd_tags.txt`.

    Parameters
    ----------
    tensors
        Of the checkpoint `MSD_musicnn`, by its own names; what only training needs is left alone.

    Raises
    ------
    WeightsError
        Where a tensor is missing or has another shape.
    """
    graph = Graph("musicnn")
    x = graph.affine(graph.unsqueeze("patches", 1), _norm(tensors, 0, 1), rank=4)
    front = graph.add("Concat", *_front_end(graph, tensors, x), axis=1)
    layers = _middle(graph, tensors, front)
    _back_end(graph, tensors, graph.add("Concat", front, *layers, axis=1))
    outputs = {"embedding": ("n", _UNITS), "logits": ("n", 50), "scores": ("n", 50)}
    return graph.model({"patches": ("n", _FRAMES, _BANDS)}, outputs)


def _front_end(graph: Graph, tensors: Tensors, x: str) -> list[str]:
    """Each filter's strongest answer over the bands, (n, filters, 187)."""
    parts: list[str] = []
    for bands, filters in _TIMBRAL:
        parts.append(_filters(graph, tensors, len(parts), x, (7, bands, 1, filters), (3, 3)))
    for frames, filters in _TEMPORAL:
        padding = ((frames - 1) // 2, frames // 2)  # TensorFlow's "same" puts the odd one behind
        parts.append(_filters(graph, tensors, len(parts), x, (frames, 1, 1, filters), padding))
    return parts


def _filters(
    graph: Graph, tensors: Tensors, layer: int, x: str, shape: tuple[int, ...], padding: tuple[int, int]
) -> str:
    """Rectified, normalized, then the maximum over the bands; here the maximum comes first.

    That leaves a small picture to the other two. A negative scale turns the order round, so the
    filters that have one are negated before the maximum and after it.
    """
    filters = shape[-1]
    norm = _norm(tensors, layer + 1, filters)
    sign = np.where(norm.scale < 0, np.float32(-1), np.float32(1))
    weight, bias = _conv(tensors, layer, shape)
    weight, bias = _whole_groups(weight * sign[:, None, None, None]), _whole_groups(bias * sign)
    answers = graph.conv(x, weight, bias, pads=[padding[0], 0, padding[1], 0])
    pooled = graph.add("MaxPool", answers, kernel_shape=[1, _BANDS - shape[1] + 1])
    strongest = graph.first(graph.squeeze(pooled, 3), filters, axis=1)
    turned = graph.add("Mul", strongest, graph.constant(sign[:, None]))
    return graph.affine(graph.add("Relu", turned), norm, rank=3)


def _whole_groups(filters: Float32) -> Float32:
    """With empty filters added: the network runs a tenth faster where no group is left over."""
    return np.pad(filters, ((0, -len(filters) % _GROUP),) + ((0, 0),) * (filters.ndim - 1))


def _middle(graph: Graph, tensors: Tensors, front: str) -> list[str]:
    """Three layers (n, 64, 187), the second and third added to the one before."""
    layers: list[str] = []
    x, channels = front, _FRONT
    for layer in (5, 6, 7):
        weight, bias = _conv(tensors, layer, (7, channels, 1, _MIDDLE))
        over_time = weight[:, 0].transpose(0, 2, 1)  # (filter, frame, channel) to channel before frame
        rectified = graph.add("Relu", graph.conv(x, over_time, bias, pads=[3, 3]))
        x = graph.affine(rectified, _norm(tensors, layer + 1, _MIDDLE), rank=3)
        x = graph.add("Add", x, layers[-1]) if layers else x
        layers.append(x)
        channels = _MIDDLE
    return layers


def _back_end(graph: Graph, tensors: Tensors, x: str) -> None:
    pooled = graph.add(
        "Concat", graph.reduce("ReduceMax", x, [2]), graph.reduce("ReduceMean", x, [2]), axis=1
    )
    rectified = graph.add("Relu", graph.dense(pooled, *_pooled_layer(tensors)))
    graph.affine(rectified, _norm(tensors, 10, _UNITS), rank=2, output="embedding")
    weight = take(tensors, "dense_1/kernel", (_UNITS, 50))
    graph.dense("embedding", weight, take(tensors, "dense_1/bias", (50,)), output="logits")
    graph.add("Sigmoid", "logits", output="scores")


def _pooled_layer(tensors: Tensors) -> tuple[Float32, Float32]:
    """The first dense layer with the normalization before it.

    Its rows alternate between a channel's maximum and mean; ours are all maxima, then all means.
    """
    kernel = take(tensors, "dense/kernel", (2 * _POOLED, _UNITS))
    weight, bias = _norm(tensors, 9, 2 * _POOLED).before(kernel, take(tensors, "dense/bias", (_UNITS,)))
    return np.concatenate([weight[0::2], weight[1::2]]), bias


def _conv(tensors: Tensors, layer: int, shape: tuple[int, ...]) -> tuple[Float32, Float32]:
    scope = f"conv2d_{layer}" if layer else "conv2d"
    weight = take(tensors, f"{scope}/kernel", shape).transpose(3, 2, 0, 1)
    return weight, take(tensors, f"{scope}/bias", shape[-1:])


def _norm(tensors: Tensors, layer: int, channels: int) -> Affine:
    scope = f"batch_normalization_{layer}" if layer else "batch_normalization"
    names = [f"{scope}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
    return batch_norm(tensors, names, channels, eps=_EPS)
