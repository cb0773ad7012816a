from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.embed.postprocess import PCA, from_bytes, read_pca, to_bytes
from segue.errors import WeightsError
from tests.damage import cuts, flips, foreign

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data" / "models" / "vggish_pca_params.npz"


@pytest.fixture
def identity() -> PCA:
    return PCA(np.eye(128, dtype=np.float32), np.zeros(128, np.float32))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(9)


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_values_are_clipped_and_truncated(identity: PCA) -> None:
    given = [-3.0, -2.0, -1.99, 0.0, 1.99, 2.0, 3.0]
    found = to_bytes(np.pad(np.array([given], np.float32), ((0, 0), (0, 121))), identity)
    assert found.dtype == np.uint8
    assert found[0, :7].tolist() == [0, 0, 0, 127, 254, 255, 255]


def test_projection_takes_the_means_off_first(rng: np.random.Generator) -> None:
    pca = PCA(rng.normal(0, 0.1, (128, 128)).astype(np.float32), rng.normal(0, 1, 128).astype(np.float32))
    x = rng.normal(0, 1, (50, 128)).astype(np.float32)
    projected = pca.components.astype(np.float64) @ (x - pca.means).T.astype(np.float64)
    expected = np.floor((np.clip(projected.T, -2, 2) + 2) * 255 / 4)
    assert (np.abs(to_bytes(x, pca) - expected) <= 1).all()
    assert (to_bytes(x, pca) == expected).mean() > 0.999


def test_bytes_survive_the_way_back_and_forth(identity: PCA) -> None:
    every = np.tile(np.arange(256, dtype=np.uint8)[:, None], (1, 128))
    values = from_bytes(every)
    assert values[0, 0] == -2
    assert values[255, 0] == pytest.approx(2)
    np.testing.assert_array_equal(to_bytes(values + np.float32(1e-5), identity), every)


def test_refuses_missing_damaged_and_foreign_files(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "pca.npz"
    with pytest.raises(WeightsError, match="give a file"):
        read_pca(path)
    data = save(path, pca_eigen_vectors=np.eye(128), pca_means=np.zeros(128)).read_bytes()
    for damaged in (*flips(data, rng, 600), *cuts(data, rng, 100), *foreign()):
        path.write_bytes(damaged)
        try:
            found = read_pca(path)
        except WeightsError:
            continue
        np.testing.assert_array_equal(found.components, np.eye(128))


@pytest.mark.parametrize(
    ("components", "means", "reason"),
    [
        (np.eye(127), np.zeros(128), "expected (128, 128)"),
        (np.eye(128), np.zeros(1), "expected (128,)"),
        (np.eye(128) * np.nan, np.zeros(128), "no finite numbers"),
        (np.zeros((1000, 1000)), np.zeros(128), "at most 1048576"),
        (np.array([{}]), np.zeros(128), "expected an array of numbers"),
    ],
)
def test_refuses_other_arrays(tmp_path: Path, components: np.ndarray, means: np.ndarray, reason: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_pca(save(tmp_path / "pca.npz", pca_eigen_vectors=components, pca_means=means))
    assert reason in str(caught.value)


@pytest.mark.shared
@pytest.mark.skipif(not PUBLISHED.exists(), reason=f"needs {PUBLISHED}")
def test_reads_the_published_projection() -> None:
    pca = read_pca(PUBLISHED)
    assert pca.components.shape == (128, 128)
    assert pca.components[127, 65] == pytest.approx(45, abs=1)
