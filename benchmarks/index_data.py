"""Made vectors whose neighborhoods look like those of real embeddings.

Real embeddings lie in overlapping clusters of very different sizes, on surfaces of some ten dimensions
inside the 40 or 1280 that they are written in. So each row here lies between two anchors (mostly near the
first), displaced within a few directions of its anchor's own, with a little noise in all dimensions.
Anchors share 32 directions of falling strength; their popularity falls as 1 / sqrt(rank).
Seeded; the same arguments give the same rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LOCAL = 12  # directions in which the rows of an anchor differ
SHARED = 32
_CHUNK = 1 << 17


def clustered(n: int, dim: int, *, seed: int, anchors: int | None = None) -> NDArray[np.float32]:
    """float32 (n, dim)."""
    rng = np.random.default_rng(seed)
    count = anchors or max(64, int(n**0.5))
    strength = (1 / np.sqrt(np.arange(1, SHARED + 1))).astype(np.float32)
    shared = rng.standard_normal((SHARED, dim), np.float32)
    centers = (rng.standard_normal((count, SHARED), np.float32) * strength) @ shared
    popularity = 1 / np.sqrt(np.arange(1, count + 1))
    popularity /= popularity.sum()
    own = rng.standard_normal((64, LOCAL, dim), np.float32) / np.sqrt(LOCAL, dtype=np.float32)
    out = np.empty((n, dim), np.float32)
    for start in range(0, n, _CHUNK):
        m = min(_CHUNK, n - start)
        first, second = rng.choice(count, m, p=popularity), rng.choice(count, m, p=popularity)
        share = rng.beta(0.6, 3.0, m).astype(np.float32)[:, None]
        rows = (1 - share) * centers[first] + share * centers[second]
        steps = rng.standard_normal((m, LOCAL), np.float32)
        for kind in range(len(own)):
            mine = np.flatnonzero(first % len(own) == kind)
            rows[mine] += 0.6 * steps[mine] @ own[kind]
        rows += 0.05 * rng.standard_normal((m, dim), np.float32)
        out[start : start + m] = rows
    return out


def as_bytes(x: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8, as VGGish's frames: clipped at the ends of nearly all values."""
    low, high = np.quantile(x[:20_000], [0.005, 0.995])
    scale = np.float32(255 / (high - low))
    return np.clip((x - np.float32(low)) * scale, 0, 255).round().astype(np.uint8)


def frames(n: int, n_frames: int, *, seed: int) -> NDArray[np.uint8]:
    """uint8 (n, n_frames * 128): clips whose frames wander a little around what the clip is."""
    rng = np.random.default_rng(seed)
    clips = clustered(n, 128, seed=seed)
    out = np.empty((n, n_frames, 128), np.uint8)
    basis = rng.standard_normal((LOCAL, 128), np.float32) / np.sqrt(LOCAL, dtype=np.float32)
    for i in range(n_frames):
        moved = clips + 0.5 * rng.standard_normal((n, LOCAL), np.float32) @ basis
        out[:, i] = as_bytes(moved)
    return out.reshape(n, -1)


def cached(folder: Path, name: str, make: object) -> NDArray[np.generic]:
    """The rows that ``make()`` gives, memory-mapped; made once."""
    path = folder / f"{name}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, make())  # type: ignore[operator]
        part.replace(path)
    return np.load(path, mmap_mode="r")
