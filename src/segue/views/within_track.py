"""How much the windows of a track differ from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.catalog import SpaceVectors

_ENOUGH = 16_384  # windows that are looked at, at the most
_TOGETHER = 64  # tracks in one product


def covariance_within_tracks(space: SpaceVectors, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """float64 (dim, dim): the mean over tracks of the covariance of a track's windows about their mean.

    Parameters
    ----------
    rows : int64 (n,), rising, of the tracks; of many, some are looked at, evenly spaced

    Returns
    -------
    None where no track has two windows.
    """
    starts = np.concatenate([[0], space.window_ends])[rows]
    counts = space.window_ends[rows] - starts
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return None
    several = several[:: max(1, -(-int(counts[several].sum()) // _ENOUGH))]
    total = np.zeros((space.spec.dim, space.spec.dim))
    for i in range(0, len(several), _TOGETHER):
        apart = [
            _about_their_mean(np.asarray(space.windows[start : start + count], np.float64))
            for start, count in zip(
                starts[several[i : i + _TOGETHER]], counts[several[i : i + _TOGETHER]], strict=True
            )
        ]
        together = np.concatenate(apart)
        total += together.T @ together
    return total / len(several)


def _about_their_mean(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, dim), each divided by the root of n."""
    return np.asarray((windows - windows.mean(axis=0)) / np.sqrt(len(windows)))
