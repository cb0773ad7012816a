"""Published files to what the embedders load: an ONNX network, and what belongs to it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from segue.embed.weights import Tensors

_CALIBRATION_SEED, _COMPARISON_SEED = 0, 1  # seeds; no sound both sets the ranges and judges them


def vggish(files: Mapping[str, Path], folder: Path) -> None:
    """`vggish.onnx`, without the last ReLU, `vggish-int8.onnx`, `pca.npz`, and how far the two agree.

    The variant with that ReLU is ``max(0, x)`` of this network's output: a second file of 289 MB would
    hold nothing new.
    """
    from segue.embed.networks import build_vggish
    from segue.embed.postprocess import read_pca

    pca = files["vggish_pca_params.npz"]
    read_pca(pca)
    shutil.copyfile(pca, folder / "pca.npz")
    network = build_vggish(_vggish_tensors(files))
    (folder / "vggish.onnx").write_bytes(network.SerializeToString())
    _to_int8(network, folder)
    _compare(folder)


def _vggish_tensors(files: Mapping[str, Path]) -> Tensors:
    """Of the checkpoint, or of the frozen graph that was made of it, whose names begin with another scope."""
    from segue.embed.weights import read_tf_graph, read_tf_table

    if "vggish_model.ckpt" in files:
        return read_tf_table(files["vggish_model.ckpt"])
    tensors = read_tf_graph(files["audioset-vggish-3.pb"])
    return {name[name.find("vggish/") :]: tensor for name, tensor in tensors.items() if "vggish/" in name}


def _to_int8(network: onnx.ModelProto, folder: Path) -> None:
    from segue.embed.calibration_sounds import noise_and_sweep, synthetic_music
    from segue.embed.logmel import vggish_patches
    from segue.embed.networks.int8 import to_int8

    sounds = [*synthetic_music(_CALIBRATION_SEED, 24), *noise_and_sweep(_CALIBRATION_SEED)]
    small = to_int8(network, np.concatenate([vggish_patches(y) for y in sounds]))
    (folder / "vggish-int8.onnx").write_bytes(small.SerializeToString())


def _compare(folder: Path) -> None:
    from segue.embed.calibration_sounds import synthetic_music
    from segue.embed.postprocess import read_pca
    from segue.embed.quantization import compare_quantized, write_reports
    from segue.embed.vggish import VGGish

    pca = read_pca(folder / "pca.npz")
    reference, quantized = (
        VGGish(folder / "vggish.onnx", pca),
        VGGish(folder / "vggish-int8.onnx", pca, int8=True),
    )
    report = compare_quantized(reference, quantized, synthetic_music(_COMPARISON_SEED, 16))
    write_reports(folder, {"vggish-int8": report})


def musicnn(files: Mapping[str, Path], folder: Path) -> None:
    """`musicnn.onnx`."""
    from segue.embed.networks import build_musicnn
    from segue.embed.weights import read_tf_bundle

    network = build_musicnn(read_tf_bundle(files[".index"]))
    (folder / "musicnn.onnx").write_bytes(network.SerializeToString())


def mn04(files: Mapping[str, Path], folder: Path) -> None:
    """`mn04.onnx`."""
    from segue.embed.networks import build_mn04
    from segue.embed.weights import read_torch_zip

    network = build_mn04(read_torch_zip(files["mn04_as_mAP_432.pt"]))
    (folder / "mn04.onnx").write_bytes(network.SerializeToString())


def upgrade_mn04(content: bytes) -> bytes:
    """`mn04.onnx` with the output of its middle layers, from one without. Raises WeightsError."""
    import onnx

    from segue.embed.networks.mn04 import with_middle

    return bytes(with_middle(onnx.load_from_string(content)).SerializeToString())


def aisfx(files: Mapping[str, Path], folder: Path) -> None:
    """`aisfx.onnx`."""
    from segue.embed.networks import build_aisfx
    from segue.embed.weights import read_torch_zip

    network = build_aisfx(read_torch_zip(files["checkpoint.pth"], first=True))
    (folder / "aisfx.onnx").write_bytes(network.SerializeToString())
