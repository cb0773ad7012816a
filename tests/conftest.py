from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf_files


@pytest.fixture(scope="session")
def vggish_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGGish at its published size with seeded random weights, 289 MB."""
    tensors = tf_files.vggish_tensors(np.random.default_rng(11))
    return tf_files.write_checkpoint(tmp_path_factory.mktemp("vggish") / "vggish_model.ckpt", tensors)
