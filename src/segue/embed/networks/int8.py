"""A network in float32 to one that computes in 8-bit integers, calibrated on music.

Values between layers become uint8, weights int8 with a scale for each output channel (Jacob et al.
2018, "Quantization and training of neural networks for efficient integer-arithmetic-only inference").
The graph says so with pairs of QuantizeLinear and DequantizeLinear, which ONNX Runtime fuses.

- Weights have 7 bits: where a processor has no VNNI, two products of 8 bits are added in 16 and
  saturate. So on every processor the error is in the rounding alone.
- Rounded weights shift what a layer gives on average. The bias takes that back (Nagel et al. 2019,
  "Data-free quantization through weight equalization and bias correction", section 4.2), which
  brings about what the eighth bit would.
- The last layer stays float32: it costs next to nothing and its errors would reach the embedding whole.

onnxruntime.quantization makes the same graph but for the second point; it keeps several copies of the
network, in files and in memory, and changes from release to release.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from segue.embed.networks.graph import Dims, Graph
from segue.embed.session import BATCH, open_session
from segue.track import Float32

_LAYERS = {"Conv": 0, "Gemm": 1}  # the axis of a weight's output channels
_MOVES = {"MaxPool", "Transpose", "Flatten", "Unsqueeze"}  # they take bytes as they take floats
_WEIGHT_MAX = 64  # two products with 255 stay below 2**15
_CLIPPED = 1e-5  # the share of the largest values that is cut off, to give the others finer steps
_BIAS_MAX = 2.0**24  # in steps; a channel without weights must still hold its bias


@dataclass(frozen=True, slots=True)
class _Range:
    """What a layer was given: its range, and float64 (channels,) means."""

    low: float
    high: float
    means: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Bytes:
    """A value as uint8: its name, and the names of its scale and zero."""

    name: str
    scale: str
    zero: str


def to_int8(model: onnx.ModelProto, sample: Float32) -> onnx.ModelProto:
    """The network with all layers but the last in 8 bits; the inputs and outputs stay float32.

    Parameters
    ----------
    model : as ``Graph`` writes it, convolutions and dense layers with a rectifier after each but the last.
    sample : inputs by which the ranges are set, (n, ...); a few at a time go through the network.
    """
    layers = [node for node in model.graph.node if node.op_type in _LAYERS]
    origin = _origins(model)
    statistics = _observe(model, sorted({node.input[0] for node in layers}), sample)
    ranges = {origin.get(name, name): observed for name, observed in statistics.items()}
    return _Rewriting(
        model, ranges, {node.output[0]: statistics[node.input[0]] for node in layers[:-1]}
    ).model()


def _origins(model: onnx.ModelProto) -> dict[str, str]:
    """The value that each pooled, turned or flattened one comes from."""
    origin: dict[str, str] = {}
    for node in model.graph.node:
        if node.op_type in _MOVES:
            origin[node.output[0]] = origin.get(node.input[0], node.input[0])
    return origin


def _observe(model: onnx.ModelProto, names: Sequence[str], sample: Float32) -> dict[str, _Range]:
    outputs = model.graph.output
    usual = len(outputs)
    outputs.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = open_session(Path(model.graph.name), model.SerializeToString())
    del outputs[usual:]  # rather that than a copy of the whole network
    entry = model.graph.input[0].name
    watches = [_Watch(len(sample)) for _ in names]
    for start in range(0, len(sample), BATCH):
        outcome = session.run(names, {entry: sample[start : start + BATCH]})
        for watch, values in zip(watches, outcome, strict=True):
            watch.see(values)
    return {name: watch.statistics() for name, watch in zip(names, watches, strict=True)}


class _Watch:
    """Gathers what `_Range` holds of one value, batch by batch."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._low = 0.0
        self._largest = np.zeros(0, np.float32)
        self._sums: NDArray[np.float64] | float = 0.0
        self._count = 0

    def see(self, values: Float32) -> None:
        """Float32 (n, channels, ...)."""
        n_largest = math.ceil(_CLIPPED * self._total * values[0].size)
        every = np.concatenate([self._largest, values.ravel()])
        self._largest = np.partition(every, -n_largest)[-n_largest:]
        self._low = min(self._low, float(values.min()))
        self._sums += values.sum(axis=(0, *range(2, values.ndim)), dtype=np.float64)
        self._count += values.size // values.shape[1]

    def statistics(self) -> _Range:
        return _Range(self._low, max(0.0, float(self._largest.min())), np.asarray(self._sums) / self._count)


class _Rewriting:
    """Rewrites the network, node by node."""

    def __init__(self, model: onnx.ModelProto, ranges: dict[str, _Range], inputs: dict[str, _Range]) -> None:
        self._old = model.graph
        self._ranges = ranges  # by the value that is cut to bytes
        self._inputs = inputs  # by the output of each layer in 8 bits
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._graph = Graph(f"{model.graph.name}_int8")
        self._floats: dict[str, str] = {}  # new names by old ones
        self._bytes: dict[str, _Bytes] = {}  # by old names
        self._steps: dict[str, float] = {}  # by names of scales

    def model(self) -> onnx.ModelProto:
        for value in self._old.input:
            if value.name in self._ranges:
                self._bytes[value.name] = self._cut(value.name, self._ranges[value.name])
        for node in self._old.node:
            self._rewrite(node)
        return self._graph.model(_dims(self._old.input), _dims(self._old.output))

    def _rewrite(self, node: onnx.NodeProto) -> None:
        old, source = node.output[0], node.input[0]
        if old in self._inputs:
            self._floats[old] = self._layer(node)
        elif node.op_type == "Relu" and old in self._ranges:  # cutting at zero rectifies
            self._bytes[old] = self._cut(self._float(source), self._ranges[old])
        elif node.op_type in _MOVES and source in self._bytes:
            moved = self._bytes[source]
            name = self._graph.add(
                node.op_type, moved.name, *map(self._float, node.input[1:]), **_attributes(node)
            )
            self._bytes[old] = _Bytes(name, moved.scale, moved.zero)
        else:
            output = old if old in {value.name for value in self._old.output} else None
            inputs = map(self._float, node.input)
            self._floats[old] = self._graph.add(node.op_type, *inputs, output=output, **_attributes(node))

    def _cut(self, name: str, statistics: _Range) -> _Bytes:
        step = np.array(max(statistics.high - statistics.low, 1e-6) / 255, np.float32)
        scale = self._graph.constant(step)
        zero = self._graph.constant(np.array(np.rint(-statistics.low / step), np.uint8))
        self._steps[scale] = float(step)
        return _Bytes(self._graph.add("QuantizeLinear", name, scale, zero), scale, zero)

    def _float(self, name: str) -> str:
        if name in self._constants:
            return self._graph.constant(numpy_helper.to_array(self._constants[name]))
        if name in self._bytes:
            entry = self._bytes[name]
            return self._graph.add("DequantizeLinear", entry.name, entry.scale, entry.zero)
        return self._floats.get(name, name)

    def _layer(self, node: onnx.NodeProto) -> str:
        x, weight, bias = node.input
        axis = _LAYERS[node.op_type]
        step = self._steps[self._bytes[x].scale]
        layer = _Layer.of(
            np.moveaxis(numpy_helper.to_array(self._constants[weight]), axis, 0),
            numpy_helper.to_array(self._constants[bias]),
            step,
            self._inputs[node.output[0]].means,
        )
        inputs = (
            self._float(x),
            self._constant(np.moveaxis(layer.weight, 0, axis), layer.scale, axis),
            self._constant(layer.bias, layer.scale * np.float32(step), 0),
        )
        return self._graph.add(node.op_type, *inputs, **_attributes(node))

    def _constant(self, array: NDArray[Any], scale: Float32, axis: int) -> str:
        names = map(self._graph.constant, (array, scale, np.zeros(len(scale), array.dtype)))
        return self._graph.add("DequantizeLinear", *names, axis=axis)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer's numbers, the output channels first."""

    weight: NDArray[np.int8]
    scale: Float32  # (channels,)
    bias: NDArray[np.int32]  # in steps of scale times the step of the input

    @classmethod
    def of(cls, weight: Float32, bias: Float32, step: float, means: NDArray[np.float64]) -> _Layer:
        """Rounds; ``step`` is that of the layer's input, ``means`` are its channels'."""
        columns = (-1,) + (1,) * (weight.ndim - 1)
        peak = np.abs(weight).max(axis=tuple(range(1, weight.ndim)))
        floor = np.maximum(np.abs(bias) / (step * _BIAS_MAX), 1e-12)
        scale = np.maximum(peak / _WEIGHT_MAX, floor).astype(np.float32)
        rounded = np.rint(weight / scale.reshape(columns)).astype(np.int8)
        error = rounded * scale.reshape(columns) - weight
        shift = error.reshape(*error.shape[:2], -1).sum(axis=2, dtype=np.float64) @ means
        return cls(rounded, scale, np.rint((bias - shift) / (scale * step)).astype(np.int32))


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _dims(values: Sequence[onnx.ValueInfoProto]) -> dict[str, Dims]:
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }
