"""From one sound to another in small steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.track import Vectors

POWER = 8  # of a step's length; the higher, the more the longest step counts

Places = NDArray[np.int64]


def waypoints(start: Vectors, end: Vectors, n: int, *, straight: bool) -> Vectors:
    """float32 (n, dim): places between two vectors, (dim,), which are not among them.

    Along the great circle for directions, evenly (Shoemake 1985, slerp); or along the ``straight`` line.
    """
    t = (np.arange(1, n + 1) / (n + 1))[:, None]
    angle = float(np.arccos(np.clip(start @ end, -1, 1)))
    if straight or angle < 1e-3:
        return np.asarray((1 - t) * start + t * end, np.float32)
    if angle > np.pi - 1e-3:  # opposite: any great circle is as short; the middle is where all music is near
        return np.asarray(
            np.concatenate([np.repeat(start[None], n // 2, 0), np.repeat(end[None], n - n // 2, 0)])
        )
    return np.asarray((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle), np.float32)


def between(to_start: NDArray[np.floating], to_end: NDArray[np.floating]) -> Places:
    """int64: the candidates that lie between two tracks, in their order on the way.

    The order is of how much nearer each is to the end than to the start.

    Parameters
    ----------
    to_start, to_end : (n,), distances; the first of all is the start itself, the last the end
    """
    progress = to_start - to_end
    inside = (progress > progress[0]) & (progress < progress[-1])
    inside[[0, -1]] = True
    order = np.argsort(progress, kind="stable")
    return np.asarray(order[inside[order]], np.int64)


def evenly(steps: NDArray[np.floating], k: int, power: float = POWER) -> Places:
    """int64 (k,): the k of n places, the first and the last among them, whose steps are smallest.

    Of all choices that go forwards the one of the smallest sum of the steps' eighth powers, found exactly,
    stage by stage (Bellman 1957): so no step is much longer than the others.

    Parameters
    ----------
    steps : (n, n), the distance from each place to each; k <= n
    """
    n = len(steps)
    costs = np.where(np.tri(n, dtype=np.bool_), np.inf, np.asarray(steps, np.float64) ** power)
    best = np.where(np.arange(n) == 0, 0.0, np.inf)
    came: list[Places] = []
    for _ in range(k - 1):
        total = best[:, None] + costs
        came.append(total.argmin(axis=0))
        best = total.min(axis=0)
    path = [n - 1]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], np.int64)
