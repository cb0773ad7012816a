from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tf_files

MUSICNN_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"


@pytest.fixture(scope="session")
def vggish_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGGish at its published size with seeded random weights, 289 MB."""
    tensors = tf_files.vggish_tensors(np.random.default_rng(11))
    return tf_files.write_checkpoint(tmp_path_factory.mktemp("vggish") / "vggish_model.ckpt", tensors)


@pytest.fixture(scope="session")
def musicnn_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of MSD_musicnn, from the wheel on PyPI; its data file lies beside it."""
    folder = tmp_path_factory.mktemp("musicnn")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "-d",
        str(folder),
        "musicnn==0.1.0",
    ]
    subprocess.run(command, check=True)
    wheel = next(folder.glob("*.whl"))
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == MUSICNN_SHA256
    with zipfile.ZipFile(wheel) as archive:
        for half in (".index", ".data-00000-of-00001"):
            archive.extract(f"musicnn/MSD_musicnn/{half}", folder)
    return folder / "musicnn" / "MSD_musicnn" / ".index"
