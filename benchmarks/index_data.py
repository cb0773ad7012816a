"""Made vectors of several kinds, as no one kind tells how an index does on another.

``clustered`` looks like real embeddings: overlapping clusters of different sizes, on flat surfaces of some
ten dimensions. Each row lies between two anchors (mostly near the first), displaced within a few directions
of its anchor's own, with a little noise in all dimensions. Anchors share 32 directions of falling strength;
their popularity falls as 1 / sqrt(rank).

The others are harder, each in a way of its own: ``flat`` has equal noise in all directions, ``sheets`` has
neighbors that differ off the main axes, ``heavy_tailed`` has a few clusters with most of the rows, and
``duplicates`` has rows that are equal or all but equal.
Seeded; the same arguments give the same rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LOCAL = 12  # directions in which the rows of an anchor differ
SHARED = 32
SHEET = 6  # dimensions of a sheet
FRAMES = 10  # of a clip
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


def flat(n: int, dim: int, *, seed: int) -> NDArray[np.float32]:
    """float32 (n, dim): clusters of equal size; within one, all directions are alike."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((max(16, int(n**0.5)), dim), np.float32)
    return centers[rng.integers(len(centers), size=n)] + 0.5 * rng.standard_normal((n, dim), np.float32)


def sheets(n: int, dim: int, *, seed: int, size_tail: float = 1.2) -> NDArray[np.float32]:
    """float32 (n, dim): clips of ten frames that walk over curved sheets, one sheet a cluster.

    The centers hold most of the variance, in 32 directions. Each sheet has six dimensions in directions of
    its own, so that the order of neighbors lies off those axes.

    Parameters
    ----------
    size_tail : exponent of the sizes of clusters (Pareto); small is uneven
    """
    rng = np.random.default_rng(seed)
    count = max(16, int(4 * n**0.5))
    strength = (1 / np.sqrt(np.arange(1, SHARED + 1))).astype(np.float32)
    shared = rng.standard_normal((SHARED, dim), np.float32)
    centers = (rng.standard_normal((count, SHARED), np.float32) * strength) @ shared
    sizes = rng.pareto(size_tail, count) + 0.1
    n_clips = -(-n // FRAMES)
    of_clip = rng.choice(count, n_clips, p=sizes / sizes.sum())
    steps = rng.standard_normal((n_clips, FRAMES, SHEET), np.float32) * np.float32(0.15)
    steps[:, 0] /= 0.15
    places = steps.cumsum(axis=1)
    out = np.empty((n_clips, FRAMES, dim), np.float32)
    order = np.argsort(of_clip, kind="stable")
    for clips in np.split(order, np.flatnonzero(np.diff(of_clip[order])) + 1):
        bend = rng.standard_normal((SHEET, dim), np.float32) / np.sqrt(SHEET, dtype=np.float32)
        out[clips] = centers[of_clip[clips[0]]] + 0.5 * np.tanh(places[clips] @ bend)
    out += 0.02 * rng.standard_normal(out.shape, np.float32)
    return out.reshape(-1, dim)[:n]


def heavy_tailed(n: int, dim: int, *, seed: int) -> NDArray[np.float32]:
    """float32 (n, dim): sheets in clusters of which a few hold most rows."""
    return sheets(n, dim, seed=seed, size_tail=0.5)


def duplicates(n: int, dim: int, *, seed: int) -> NDArray[np.float32]:
    """float32 (n, dim): a fifth of the rows are copies, eight of one, half of these with a little noise."""
    rng = np.random.default_rng(seed)
    out = clustered(n, dim, seed=seed)
    copies = rng.choice(n, int(0.2 * n), replace=False)
    originals = rng.choice(n, len(copies) // 8 + 1, replace=False)
    out[copies] = out[rng.choice(originals, len(copies))]
    near = copies[::2]
    out[near] += 0.01 * rng.standard_normal((len(near), dim), np.float32)
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
