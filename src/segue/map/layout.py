"""Points in the plane for vectors, so that neighbors stay neighbors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.map.graph import Graph
from segue.progress import Progress

N_NEIGHBORS = 15  # of each track, that are pulled toward it
MIN_ROWS = 5  # fewer lie at their principal components
_REPULSION = 5.0  # more spreads neighbors apart, less lets clusters fall into points
_GRAVITY = 5e-4  # toward the middle, so that parts without a link do not fly off
_NEAR = 0.1  # softens the repulsion of rows that lie nearly upon each other
_BETA1, _BETA2 = 0.9, 0.999  # of Adam (Kingma & Ba 2015)
EDGES_AT_ONCE = 1 << 17  # at a time, so that they stay in the processor's cache
_MAX_FITTED_ROWS = 20_000  # that the principal components are computed from
_BLOCK = 1 << 14  # rows at a time

Points = NDArray[np.float32]
"""float32 (n, 2)."""


def compute_layout(start: Points, graph: Graph, *, seed: int = 0, progress: Progress | None = None) -> Points:
    """float32 (n, 2): points at which neighbors attract each other and all repel each other.

    The forces are UMAP's (McInnes, Healy & Melville 2018, section 3.4) with a = b = 1: a pull of
    w (y_i - y_j) / (1 + d^2) along each edge, a push of (y_i - y_j) / ((0.1 + d^2) (1 + d^2)) from others;
    and a little toward the middle. All rows move at once, by Adam. Which rows repel each other
    changes in each round: the rows are shuffled, and each is paired with those some steps further round the
    circle, so that both feel one force and nothing is looked up. The same start, graph and seed give the
    same points.

    Parameters
    ----------
    start : (n, 2), such as ``principal_plane``
    progress : follows the rounds
    """
    n = len(start)
    if n < MIN_ROWS:
        return start
    rounds, n_pairs = count_rounds(n)
    rng = np.random.default_rng(seed)
    y = start / max(float(start.std(axis=0).max()), 1e-9)
    pull = float(graph.weights.sum(dtype=np.float64)) / n  # of all edges of a row, at their strongest
    push = _REPULSION * pull / (2 * n_pairs)
    mean, square = np.zeros_like(y), np.zeros_like(y)  # of the forces, moving
    if progress:
        progress.begin(rounds, "rounds")
    for done in range(rounds):
        gravity = _GRAVITY * pull * (y - y.mean(axis=0))
        force = attraction(y, graph) - push * repulsion(y, n_pairs, rng) + gravity
        mean = _BETA1 * mean + (1 - _BETA1) * force
        square = _BETA2 * square + (1 - _BETA2) * force * force
        size = np.sqrt(square / (1 - _BETA2 ** (done + 1))) + 1e-7
        y -= min(1.0, 2 * (1 - done / rounds)) * mean / (1 - _BETA1 ** (done + 1)) / size
        if progress:
            progress.advance(done + 1)
    return y


def count_rounds(n: int) -> tuple[int, int]:
    """Rounds for ``n`` rows, and the other rows that repel each row in a round: fewer for more rows."""
    return int(np.clip(1.5e7 / n, 100, 300)), int(min(n - 1, np.clip(2e6 / n, 10, 50)))


def attraction(y: Points, graph: Graph) -> Points:
    """float32 (n, 2): the sum of the forces along each row's edges."""
    out = np.zeros_like(y)
    n_edges = len(graph.targets)
    cuts = np.searchsorted(graph.starts, np.arange(0, n_edges, EDGES_AT_ONCE))
    for first, last in zip(cuts, [*cuts[1:], len(y)], strict=True):
        if first == last:
            continue
        starts = graph.starts[first : last + 1]
        part = slice(int(starts[0]), int(starts[-1]))
        force = np.repeat(y[first:last], np.diff(starts), axis=0) - y[graph.targets[part]]
        force *= (graph.weights[part] / (1 + np.einsum("ij,ij->i", force, force)))[:, None]
        linked = np.flatnonzero(np.diff(starts))
        if len(linked):
            out[first + linked] = np.add.reduceat(force, starts[linked] - starts[0], axis=0)
    return out


def repulsion(y: Points, n_pairs: int, rng: np.random.Generator) -> Points:
    """float32 (n, 2): the sum of the forces between each row and some others."""
    order = rng.permutation(len(y))
    shuffled, forces = y[order], np.zeros_like(y)
    for steps in rng.integers(1, len(y), n_pairs).tolist():
        force = shuffled - np.roll(shuffled, steps, axis=0)
        square = np.einsum("ij,ij->i", force, force)
        force /= ((_NEAR + square) * (1 + square))[:, None]
        forces += force
        forces -= np.roll(force, -steps, axis=0)
    out = np.empty_like(y)
    out[order] = forces
    return out


def principal_plane(vectors: NDArray[np.generic]) -> Points:
    """float32 (n, 2): along the two largest principal components of the rows."""
    n, dim = vectors.shape
    sample = np.asarray(vectors[:: max(1, -(-n // _MAX_FITTED_ROWS))], np.float64)
    mean = sample.mean(axis=0)
    _, axes = np.linalg.eigh((sample - mean).T @ (sample - mean))
    mean = mean.astype(np.float32)
    plane = np.zeros((dim, 2), np.float32)
    plane[:, : min(2, dim)] = axes[:, ::-1][:, :2]
    plane *= np.where(plane[np.abs(plane).argmax(axis=0), [0, 1]] < 0, -1, 1)  # eigenvectors have no sign
    out = np.empty((n, 2), np.float32)
    for i in range(0, n, _BLOCK):
        out[i : i + _BLOCK] = (
            np.asarray(vectors[i : i + _BLOCK], np.float32) - mean.astype(np.float32)
        ) @ plane
    return out


def scale_to_square(xy: NDArray[np.floating]) -> Points:
    """float32 (n, 2): moved and scaled, both directions alike, to fill [-1, 1]."""
    if not len(xy):
        return np.zeros((0, 2), np.float32)
    low, high = xy.min(axis=0), xy.max(axis=0)
    reach = float((high - low).max()) / 2
    return np.asarray((xy - (low + high) / 2) / (reach or 1), np.float32).clip(-1, 1)
