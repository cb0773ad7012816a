"""Layers of networks in plain float64 NumPy, channels last, to check the graphs against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def hard_swish(x: Array) -> Array:
    return x * np.clip(x + 3, 0, 6) / 6


def batch_norm(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float = 1e-3) -> Array:
    return (x - mean) / np.sqrt(variance.astype(np.float64) + eps) * gamma + beta


def windows(x: Array, kernel: tuple[int, int], pads: tuple[int, int, int, int], stride: int = 1) -> Array:
    """(n, height, width, channels, kernel height, kernel width); pads are top, bottom, left, right."""
    padded = np.pad(x, ((0, 0), pads[:2], pads[2:], (0, 0)))
    return sliding_window_view(padded, kernel, (1, 2))[:, ::stride, ::stride]


def conv(x: Array, weight: Array, pads: tuple[int, int, int, int], stride: int = 1) -> Array:
    """``weight`` is (height, width, in, out)."""
    return np.tensordot(windows(x, weight.shape[:2], pads, stride), weight, ([3, 4, 5], [2, 0, 1]))


def depthwise(x: Array, weight: Array, stride: int) -> Array:
    """``weight`` is (height, width, channels)."""
    edge = weight.shape[0] // 2
    return np.einsum("nhwcij,ijc->nhwc", windows(x, weight.shape[:2], (edge,) * 4, stride), weight)


def max_pool(x: Array) -> Array:
    n, height, width, channels = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))
