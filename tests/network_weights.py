"""Seeded weights of MusiCNN, mn04 and aiSFX: of the published shapes, scaled to keep values in size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from segue.embed.weights import Tensors
from segue.errors import WeightsError
from tests.numpy_layers import Array

NORMS = (1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200)
CONVS = {
    "conv2d": (7, 38, 1, 204),
    "conv2d_1": (7, 67, 1, 204),
    "conv2d_2": (128, 1, 1, 51),
    "conv2d_3": (64, 1, 1, 51),
    "conv2d_4": (32, 1, 1, 51),
    "conv2d_5": (7, 561, 1, 64),
    "conv2d_6": (7, 64, 1, 64),
    "conv2d_7": (7, 64, 1, 64),
}


def musicnn_tensors(rng: np.random.Generator) -> Tensors:
    made: Tensors = {}
    for name, shape in (CONVS | {"dense": (1506, 200), "dense_1": (200, 50)}).items():
        spread = np.sqrt(2 / np.prod(shape[:-1]))
        made[f"{name}/kernel"] = rng.normal(0, spread, shape).astype(np.float32)
        made[f"{name}/bias"] = rng.normal(0, 0.1, shape[-1]).astype(np.float32)
    for i, channels in enumerate(NORMS):
        scope = f"batch_normalization_{i}" if i else "batch_normalization"
        for part, low in (("gamma", -1.5), ("beta", -0.5), ("moving_mean", -0.5), ("moving_variance", 0.5)):
            made[f"{scope}/{part}"] = rng.uniform(low, 1.5, channels).astype(np.float32)
    return made


MN04_TABLE = """
3 16 16 - RE 1
3 64 24 - RE 2
3 72 24 - RE 1
5 72 40 SE RE 2
5 120 40 SE RE 1
5 120 40 SE RE 1
3 240 80 - HS 2
3 200 80 - HS 1
3 184 80 - HS 1
3 184 80 - HS 1
3 480 112 SE HS 1
3 672 112 SE HS 1
5 672 160 SE HS 2
5 960 160 SE HS 1
5 960 160 SE HS 1
"""
"""MobileNetV3-Large, Howard et al. 2019, table 1: kernel, expanded, out, SE, NL, stride."""


def eighths(channels: float) -> int:
    """The nearest multiple of 8, not more than a tenth below; the rule of the MobileNets."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mn04_rows() -> list[tuple[int, int, int, bool, bool, int]]:
    split = (line.split() for line in MN04_TABLE.split("\n") if line)
    return [
        (int(kernel), eighths(int(wide) * 0.4), eighths(int(out) * 0.4), se == "SE", nl == "HS", int(stride))
        for kernel, wide, out, se, nl, stride in split
    ]


def mn04_tensors(rng: np.random.Generator) -> Tensors:
    made: Tensors = {}

    def linear(scope: str, out: int, within: int) -> None:
        made[f"{scope}.weight"] = rng.normal(0, within**-0.5, (out, within)).astype(np.float32)
        made[f"{scope}.bias"] = rng.normal(0, 0.1, out).astype(np.float32)

    def layer(scope: str, out: int, within: int, kernel: int) -> None:
        spread = np.sqrt(2 / (within * kernel * kernel))
        made[f"{scope}.0.weight"] = rng.normal(0, spread, (out, within, kernel, kernel)).astype(np.float32)
        for part, low in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
            made[f"{scope}.1.{part}"] = rng.uniform(low, 1.5, out).astype(np.float32)

    layer("features.0", 8, 1, 3)
    channels = 8
    for i, (kernel, wide, out, se, _, _) in enumerate(mn04_rows(), start=1):
        shapes = [(wide, channels, 1)] * (wide != channels) + [(wide, 1, kernel), (out, wide, 1)]
        steps = [0, 1, 2 + se] if wide != channels else [0, 1]
        for step, shape in zip(steps, shapes, strict=True):
            layer(f"features.{i}.block.{step}", *shape)
        if se:
            linear(f"features.{i}.block.2.conc_se_layers.0.fc1", eighths(wide // 4), wide)
            linear(f"features.{i}.block.2.conc_se_layers.0.fc2", wide, eighths(wide // 4))
        channels = out
    layer("features.16", 384, channels, 1)
    linear("classifier.2", eighths(1280 * 0.4), 384)
    linear("classifier.5", 527, eighths(1280 * 0.4))
    return made


def aisfx_tensors(rng: np.random.Generator) -> Tensors:
    made: Tensors = {}
    channels = (1, 64, 128, 256, 512)
    for block in (1, 2, 3, 4):
        scope, out = f"embedding_net.conv_block{block}", channels[block]
        for layer, within in ((1, channels[block - 1]), (2, out)):
            spread = np.sqrt(2 / (9 * within))
            weight = rng.normal(0, spread, (out, within, 3, 3)).astype(np.float32)
            made[f"{scope}.conv{layer}.weight"] = weight
            for part, low in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
                made[f"{scope}.bn{layer}.{part}"] = rng.uniform(low, 1.5, out).astype(np.float32)
    return made


def assert_refused(
    build: Callable[[Tensors], onnx.ModelProto], tensors: Tensors, name: str, value: Array | None, reason: str
) -> None:
    """With another value of one tensor, or without it, the network is not built."""
    changed = {key: array for key, array in tensors.items() if key != name}
    if value is not None:
        changed[name] = value
    with pytest.raises(WeightsError) as caught:
        build(changed)
    assert reason in str(caught.value)
