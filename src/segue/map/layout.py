"""Places in the plane for vectors, so that neighbours stay neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.map.graph import Graph
from segue.progress import Progress
from segue.track import TrackId

NEIGHBOURS = 15  # of each track that are kept near
FEWEST = 5  # rows; fewer lie where their principal components are
_REPULSION = 5.0  # more spreads neighbours apart, less lets clusters fall into points
_GRAVITY = 5e-4  # towards the middle, so that what is joined to nothing else does not fly off
_NEAR = 0.1  # softens the repulsion of rows that lie nearly upon each other
_SWAY = 0.9, 0.999  # of Adam (Kingma & Ba 2015)
_EDGES = 1 << 17  # at a time, so that they stay in the processor's cache
_FITTED_ON = 20_000  # rows, for the principal components
_BLOCK = 1 << 14  # rows at a time

Places = NDArray[np.float32]
"""float32 (n, 2)."""


@dataclass(frozen=True, slots=True)
class Map:
    """Where tracks lie.

    Attributes
    ----------
    ids : the tracks, in the order of the library's rows
    xy : float32 (n, 2), in [-1, 1]
    """

    ids: list[TrackId]
    xy: Places


def laid_out(start: Places, graph: Graph, *, seed: int = 0, progress: Progress | None = None) -> Places:
    """float32 (n, 2): places at which neighbours pull each other and all push each other away.

    The forces are UMAP's (McInnes, Healy & Melville 2018, section 3.4) with a = b = 1: a pull of
    w (y_i - y_j) / (1 + d^2) along each edge, a push of (y_i - y_j) / ((0.1 + d^2) (1 + d^2)) from others;
    and a little towards the middle. All rows move at once, by Adam. Who pushes whom is another in each
    round: the rows are shuffled and each meets those that lie some steps further round the circle, so that
    both feel one force and nothing is looked up. The same start, graph and seed give the same places.

    Parameters
    ----------
    start : (n, 2), such as ``principal``
    progress : follows the rounds
    """
    n = len(start)
    if n < FEWEST:
        return start
    rounds, meetings = rounds_of(n)
    rng = np.random.default_rng(seed)
    y = start / max(float(start.std(axis=0).max()), 1e-9)
    pull = float(graph.weights.sum(dtype=np.float64)) / n  # of all edges of a row, at their strongest
    push = _REPULSION * pull / (2 * meetings)
    sway, scale = np.zeros_like(y), np.zeros_like(y)
    if progress:
        progress.begin(rounds, "rounds")
    for done in range(rounds):
        force = pulls(y, graph) - push * pushes(y, meetings, rng) + _GRAVITY * pull * (y - y.mean(axis=0))
        sway = _SWAY[0] * sway + (1 - _SWAY[0]) * force
        scale = _SWAY[1] * scale + (1 - _SWAY[1]) * force * force
        steady = np.sqrt(scale / (1 - _SWAY[1] ** (done + 1))) + 1e-7
        y -= min(1.0, 2 * (1 - done / rounds)) * sway / (1 - _SWAY[0] ** (done + 1)) / steady
        if progress:
            progress.advance(done + 1)
    return y


def rounds_of(n: int) -> tuple[int, int]:
    """How many rounds for so many rows, and how many others a row meets in each: fewer for more rows."""
    return int(np.clip(1.5e7 / n, 100, 300)), int(min(n - 1, np.clip(2e6 / n, 10, 50)))


def pulls(y: Places, graph: Graph) -> Places:
    """float32 (n, 2): what each row's edges add up to."""
    out = np.zeros_like(y)
    n_edges = len(graph.to)
    cuts = np.searchsorted(graph.ends, np.arange(0, n_edges, _EDGES))
    for first, last in zip(cuts, [*cuts[1:], len(y)], strict=True):
        if first == last:
            continue
        ends = graph.ends[first : last + 1]
        part = slice(int(ends[0]), int(ends[-1]))
        gap = np.repeat(y[first:last], np.diff(ends), axis=0) - y[graph.to[part]]
        gap *= (graph.weights[part] / (1 + np.einsum("ij,ij->i", gap, gap)))[:, None]
        there = np.flatnonzero(np.diff(ends))
        if len(there):
            out[first + there] = np.add.reduceat(gap, ends[there] - ends[0], axis=0)
    return out


def pushes(y: Places, meetings: int, rng: np.random.Generator) -> Places:
    """float32 (n, 2): what some others do to each row."""
    order = rng.permutation(len(y))
    shuffled, forces = y[order], np.zeros_like(y)
    for steps in rng.integers(1, len(y), meetings).tolist():
        gap = shuffled - np.roll(shuffled, steps, axis=0)
        square = np.einsum("ij,ij->i", gap, gap)
        gap /= ((_NEAR + square) * (1 + square))[:, None]
        forces += gap
        forces -= np.roll(gap, -steps, axis=0)
    out = np.empty_like(y)
    out[order] = forces
    return out


def principal(vectors: NDArray[np.generic]) -> Places:
    """float32 (n, 2): along the two largest principal components of the rows."""
    n, dim = vectors.shape
    some = np.asarray(vectors[:: max(1, -(-n // _FITTED_ON))], np.float64)
    mean = some.mean(axis=0)
    _, axes = np.linalg.eigh((some - mean).T @ (some - mean))
    mean = mean.astype(np.float32)
    plane = np.zeros((dim, 2), np.float32)
    plane[:, : min(2, dim)] = axes[:, ::-1][:, :2]
    plane *= np.where(plane[np.abs(plane).argmax(axis=0), [0, 1]] < 0, -1, 1)  # the sign is anybody's guess
    out = np.empty((n, 2), np.float32)
    for i in range(0, n, _BLOCK):
        out[i : i + _BLOCK] = (
            np.asarray(vectors[i : i + _BLOCK], np.float32) - mean.astype(np.float32)
        ) @ plane
    return out


def framed(xy: NDArray[np.floating]) -> Places:
    """float32 (n, 2): moved and scaled, both directions alike, to fill [-1, 1]."""
    if not len(xy):
        return np.zeros((0, 2), np.float32)
    low, high = xy.min(axis=0), xy.max(axis=0)
    reach = float((high - low).max()) / 2
    return np.asarray((xy - (low + high) / 2) / (reach or 1), np.float32).clip(-1, 1)
