"""How a track's sound moves from window to window: alike in all versions of a recording.

An equalizer, a codec or another level moves all windows of a track alike. So the windows' mean is taken away,
and the rest, whitened by what varies within tracks, is compared window by window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog import SpaceVectors
from segue.views.transform import whitener_within
from segue.views.within_track import covariance_within_tracks

FEWEST = 3  # windows of a track whose contour says something
_WITHOUT_ENDS = 6  # windows from which on the first and the last, of silence often, are left out
_SHIFTS = (0.0, 0.17, 0.34, 0.5)  # windows by which one version may begin sooner
_LEAST = 1e-9

Contour = NDArray[np.float32]
"""float32 (3, n, dim): a track's windows, those before each and those after each, less their means."""


class Contours:
    """The contours of tracks in some spaces.

    Parameters
    ----------
    rows : int64 (n,), rising, of the tracks that tell how much windows vary
    """

    def __init__(self, spaces: Sequence[SpaceVectors], rows: NDArray[np.int64]) -> None:
        self._spaces = [
            (space, whitener) for space in spaces if (whitener := _whitener(space, rows)) is not None
        ]

    def correlation(self, a: int, b: int) -> float:
        """How alike the contours of two rows' tracks are, -1 to 1: the mean over the spaces that know both.

        NaN where none does.
        """
        correlations = []
        for space, whitener in self._spaces:
            one, other = (np.asarray(space.windows_of(row), np.float32) for row in (a, b))
            n = min(len(one), len(other))
            if n >= FEWEST:
                correlations.append(correlation(contour(one[:n] @ whitener), contour(other[:n] @ whitener)))
        return float(np.mean(correlations)) if correlations else np.nan


def _whitener(space: SpaceVectors, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
    within = covariance_within_tracks(space, rows)
    if within is None or not np.isfinite(within).all():
        return None
    deviation = np.sqrt(np.diag(within))
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > _LEAST)
    return (scale[:, None] * whitener_within(within * scale[:, None] * scale, len(rows))).astype(np.float32)


def contour(windows: NDArray[np.float32]) -> Contour:
    """Of (n, dim) whitened windows; of many, without the first and the last."""
    inside = np.arange(1, len(windows) - 1) if len(windows) >= _WITHOUT_ENDS else np.arange(len(windows))
    last = len(windows) - 1
    at = np.stack([inside, np.maximum(inside - 1, 0), np.minimum(inside + 1, last)])
    moved = windows[at]
    return np.asarray(moved - moved.mean(axis=1, keepdims=True), np.float32)


def correlation(a: Contour, b: Contour) -> float:
    """The largest correlation of two contours, where one may be up to half a window early or late.

    What its windows would hold at a shift lies between two of the other one's, in proportion to the shift.
    """
    return max(_shifted(x[0], y[0], beside) for x, y in ((a, b), (b, a)) for beside in y[1:])


def _shifted(a: NDArray[np.float32], b: NDArray[np.float32], beside: NDArray[np.float32]) -> float:
    aa, bb, cc, bc = (float(np.vdot(x, y)) for x, y in ((a, a), (b, b), (beside, beside), (b, beside)))
    ab, ac = float(np.vdot(a, b)), float(np.vdot(a, beside))
    best = -1.0
    for f in _SHIFTS:
        power = aa * ((1 - f) ** 2 * bb + 2 * f * (1 - f) * bc + f**2 * cc)
        best = max(best, ((1 - f) * ab + f * ac) / np.sqrt(power) if power > _LEAST else -1.0)
    return best


def contour_spaces(spaces: Iterable[SpaceVectors]) -> list[SpaceVectors]:
    """Those by which contours are compared: the descriptors; without them, all that have windows."""
    with_windows = [space for space in spaces if len(space.windows) and space.spec.dtype == "float32"]
    return [space for space in with_windows if space.spec.name == "descriptors"] or with_windows
