"""VGGish's post-processing: principal components, clipped and cut to 8 bits, as in AudioSet."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.embed.weights.tensors import Tensors, naming, take, to_array
from segue.errors import WeightsError
from segue.track import Frames, Vectors

LIMIT = 2.0  # components are clipped to [-2, 2]
_STEPS_PER_UNIT = 255 / (2 * LIMIT)
_MAX_MEMBER = 1 << 20  # bytes; the published matrix has 131 152
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)
# NumPy's own reader evaluates the header as Python text and believes the size in it
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f(?P<size>[48])', 'fortran_order': False, "
    rb"'shape': \((?P<shape>[\d, ]{1,30})\), \} *\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class PCA:
    """The published projection; float32 (128, 128), one component a row, and float32 (128,)."""

    components: NDArray[np.float32]
    means: NDArray[np.float32]


def read_pca(path: Path) -> PCA:
    """The projection in `vggish_pca_params.npz`.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, or holds other arrays.
    """
    with naming(path):
        arrays = _arrays(path)
        return PCA(take(arrays, "pca_eigen_vectors", (128, 128)), take(arrays, "pca_means", (128,)))


def to_bytes(embeddings: Vectors, pca: PCA) -> Frames:
    """AudioSet's 8-bit frames of VGGish's outputs, uint8 (n, 128).

    ``q = trunc((clip(E (x - m), -2, 2) + 2) * 255 / 4)``: truncated, not rounded, as upstream.
    The last component saturates at 255 for most sounds (tensorflow/models issue 5000).
    """
    projected = (embeddings - pca.means) @ pca.components.T
    return ((np.clip(projected, -LIMIT, LIMIT) + LIMIT) * _STEPS_PER_UNIT).astype(np.uint8)


def from_bytes(frames: Frames) -> Vectors:
    """Components again, float32 (n, 128) in [-2, 2]: the lower edge of each step."""
    return frames.astype(np.float32) / np.float32(_STEPS_PER_UNIT) - np.float32(LIMIT)


def _arrays(path: Path) -> Tensors:
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _array(archive, name) for name in archive.namelist()[:8]}
    except _DAMAGE as error:
        raise WeightsError(f"not a NumPy archive, or a damaged one: {error}") from error


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    size = archive.getinfo(name).file_size
    if size > _MAX_MEMBER:
        raise WeightsError(f"member {name!r} has {size} bytes, expected at most {_MAX_MEMBER}")
    data = archive.read(name)
    header = _HEADER.match(data)
    if not header:
        raise WeightsError(f"member {name!r} begins with {data[:16]!r}, expected an array of numbers")
    shape = tuple(int(length) for length in header["shape"].split(b",") if length.strip())
    return to_array(name, memoryview(data)[header.end() :], f"f{header['size'].decode()}", shape)
