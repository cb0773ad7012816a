"""Writes an ONNX graph node by node. Values are named by the strings that the methods return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from segue.embed.weights.tensors import take
from segue.errors import WeightsError
from segue.track import Float32

Dims = Sequence[int | str]

OPSET = 18
IR_VERSION = 8  # of ONNX 1.13, as the opset: old enough for each ONNX Runtime that NumPy 2 allows


class Graph:
    """A graph under construction."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """A node of ONNX's ``operator``; its output is named by itself where ``output`` does not."""
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def conv(self, x: str, weight: Float32, bias: Float32, **attributes: Any) -> str:
        """A convolution; ``weight`` is (out, in / group, *kernel)."""
        return self.add("Conv", x, self.constant(weight), self.constant(bias), **attributes)

    def dense(self, x: str, weight: Float32, bias: Float32, **attributes: Any) -> str:
        """``x @ weight + bias``; ``weight`` is (in, out)."""
        return self.add("Gemm", x, self.constant(weight), self.constant(bias), **attributes)

    def affine(self, x: str, norm: Affine, rank: int, output: str | None = None) -> str:
        """``x * scale + shift`` along axis 1 of a value of ``rank`` dimensions."""
        shape = (-1,) + (1,) * (rank - 2)
        scaled = self.add("Mul", x, self.constant(norm.scale.reshape(shape)))
        return self.add("Add", scaled, self.constant(norm.shift.reshape(shape)), output=output)

    def reduce(
        self, operator: str, x: str, axes: Sequence[int], *, keep: bool = False, output: str | None = None
    ) -> str:
        """``ReduceMax`` or ``ReduceMean`` over some axes."""
        return self.add(operator, x, self._integers(axes), output=output, keepdims=int(keep))

    def unsqueeze(self, x: str, axis: int) -> str:
        return self.add("Unsqueeze", x, self._integers([axis]))

    def squeeze(self, x: str, axis: int) -> str:
        return self.add("Squeeze", x, self._integers([axis]))

    def first(self, x: str, count: int, *, axis: int) -> str:
        """The first ``count`` along an axis."""
        return self.add("Slice", x, self._integers([0]), self._integers([count]), self._integers([axis]))

    def model(self, inputs: Mapping[str, Dims], outputs: Mapping[str, Dims]) -> onnx.ModelProto:
        """The finished network; a dimension given as text is free."""
        graph = helper.make_graph(self._nodes, self._name, _infos(inputs), _infos(outputs), self._constants)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="segue",
        )

    def _integers(self, values: Sequence[int]) -> str:
        return self.constant(np.array(values, np.int64))


@dataclass(frozen=True, slots=True)
class Affine:
    """A batch normalization in use: ``x * scale + shift``, float32 (channels,) each."""

    scale: Float32
    shift: Float32

    def after(self, weight: Float32, bias: Float32) -> tuple[Float32, Float32]:
        """The convolution (out first) and its bias that do both, the convolution before this."""
        columns = self.scale.reshape((-1,) + (1,) * (weight.ndim - 1))
        return weight * columns, bias * self.scale + self.shift

    def before(self, weight: Float32, bias: Float32) -> tuple[Float32, Float32]:
        """The dense layer (in, out) and its bias that do both, this before the layer."""
        return weight * self.scale[:, None], bias + self.shift @ weight


def batch_norm(
    tensors: Mapping[str, NDArray[Any]], names: Sequence[str], channels: int, *, eps: float
) -> Affine:
    """A trained normalization, ``gamma (x - mean) / sqrt(variance + eps) + beta``.

    Parameters
    ----------
    names
        Of gamma, beta, mean and variance.

    Raises
    ------
    WeightsError
        Where one is missing, has another shape, or the variance is negative.
    """
    gamma, beta, mean, variance = (take(tensors, name, (channels,)).astype(np.float64) for name in names)
    if (variance < 0).any():
        raise WeightsError(f"tensor {names[-1]!r} holds {variance.min()}, expected variances from 0")
    scale = gamma / np.sqrt(variance + eps)
    return Affine(scale.astype(np.float32), (beta - mean * scale).astype(np.float32))


def _infos(values: Mapping[str, Dims]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, dims) for n, dims in values.items()]
