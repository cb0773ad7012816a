"""Published files to what the embedders load: an ONNX network, and what belongs to it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path


def vggish(files: Mapping[str, Path], folder: Path) -> None:
    """`vggish.onnx`, without the last ReLU, and `pca.npz`.

    The variant with that ReLU is ``max(0, x)`` of this network's output: a second file of 289 MB would
    hold nothing new.
    """
    from segue.embed.networks import build_vggish
    from segue.embed.postprocess import read_pca
    from segue.embed.weights import read_tf_table

    pca = files["vggish_pca_params.npz"]
    read_pca(pca)
    shutil.copyfile(pca, folder / "pca.npz")
    network = build_vggish(read_tf_table(files["vggish_model.ckpt"]))
    (folder / "vggish.onnx").write_bytes(network.SerializeToString())


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
