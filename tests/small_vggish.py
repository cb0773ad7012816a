"""VGGish's published files, an eighth as wide and seeded: the exact network, quick to convert and to run."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segue.embed.models import MODELS, Download, KnownFile, Model
from tests import tf_files


def write_published(folder: Path) -> dict[str, Path]:
    """The two files by their names; the components keep 8 bits from saturating."""
    rng = np.random.default_rng(3)
    checkpoint = tf_files.write_checkpoint(
        folder / "vggish_model.ckpt", tf_files.vggish_tensors(rng, width=8)
    )
    pca = folder / "vggish_pca_params.npz"
    turn = np.linalg.qr(rng.standard_normal((128, 128)))[0]
    arrays = {"pca_eigen_vectors": turn, "pca_means": np.zeros(128)}
    np.savez(pca, **{name: array.astype(np.float32) for name, array in arrays.items()})
    return {path.name: path for path in (checkpoint, pca)}


def known(published: Mapping[str, Path]) -> Model:
    """VGGish as Segue knows it, but for the sums of its files."""
    files = (
        KnownFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in published.values()
    )
    return dataclasses.replace(MODELS["vggish"], downloads=tuple(Download(file, "") for file in files))
