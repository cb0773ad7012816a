"""Pairs of tracks that are versions of one recording: near in sound, of one length, moving alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot, SpaceVectors
from segue.progress import Progress
from segue.recordings.contours import Contours, contour_spaces
from segue.recordings.names import same_name
from segue.track import Track

if TYPE_CHECKING:
    from segue.views.view_index import ViewIndex

_NEIGHBORS = 16  # of a track, among which its versions are looked for
_EXACTLY_BELOW = 200  # tracks; in fewer, each is compared with each
_SAME_LENGTH_S, _SAME_LENGTH = 1.5, 0.01  # versions differ by no more than the larger of these, s and share
_SAME_CHROMA = 0.93  # correlation of pitch classes below which another key is played
# Correlation of contours from which on two tracks are one recording, by whether their names say so.
_ENOUGH = {True: 0.5, None: 0.88, False: 0.95}
_LEAST = 1e-9
_SHORT_DIFFER_S = 0.25  # lengths of two tracks of one name that are too short for a contour, at the most
_AT_ONCE = 2_000  # pairs between two reports of progress

Pairs = NDArray[np.int64]
"""int64 (n, 2): keys of two tracks, the smaller first; no pair twice."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tracks whose sound can be compared.

    Attributes
    ----------
    keys : int64 (n,), rising
    rows : int64 (n,), of the snapshot
    durations_s : float64 (n,)
    spaces : whose windows are compared
    """

    keys: NDArray[np.int64]
    rows: NDArray[np.int64]
    durations_s: NDArray[np.float64]
    spaces: tuple[SpaceVectors, ...]

    def places(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of some keys; -1 for those that are not among these."""
        at = np.searchsorted(self.keys, keys).clip(max=max(0, len(self.keys) - 1))
        return np.where(self.keys[at] == keys, at, -1) if len(self.keys) else np.full(keys.shape, -1)


def find_candidates(catalog: Catalog, snapshot: Snapshot) -> Candidates:
    """The tracks that have files, which are there, and windows."""
    spaces = contour_spaces(snapshot.spaces.values())
    n = len(snapshot.keys)
    has_windows = np.zeros(n, np.bool_)
    for space in spaces:
        has_windows |= np.diff(space.window_ends[:n], prepend=0) > 0
    rows = np.flatnonzero(has_windows & (snapshot.keys >= 0) & ~snapshot.missing)
    keys, durations = catalog.tracks.durations_of_files()
    common, at_rows, at = np.intersect1d(snapshot.keys[rows], keys, return_indices=True)
    return Candidates(common, rows[at_rows], durations[at], tuple(spaces))


def find_pairs(
    catalog: Catalog,
    snapshot: Snapshot,
    index: ViewIndex,
    candidates: Candidates,
    *,
    new: NDArray[np.int64],
    progress: Progress | None = None,
) -> Pairs:
    """All pairs of one recording, as far as their sound and their names tell.

    Parameters
    ----------
    index : of the default view
    new : int64 (n,), keys; only pairs of which one is among them
    """
    pairs = _near_pairs(index, candidates, new)
    durations = candidates.durations_s[pairs]
    shorter, longer = durations.min(axis=1, initial=np.inf), durations.max(axis=1, initial=0)
    same_length = longer - shorter <= np.maximum(_SAME_LENGTH_S, _SAME_LENGTH * longer)
    pairs = pairs[same_length & (shorter > 0)]
    pairs = pairs[_in_one_key(snapshot, candidates.rows[pairs])]
    contours = Contours(candidates.spaces, np.sort(candidates.rows))
    confirmed = [pairs[:0]]
    if progress and len(pairs) > _AT_ONCE:
        progress.begin(len(pairs), "pairs")
    for start in range(0, len(pairs), _AT_ONCE):
        if progress and start:
            progress.advance(start)
        confirmed.append(_confirmed(catalog, candidates, contours, pairs[start : start + _AT_ONCE]))
    return np.sort(candidates.keys[np.concatenate(confirmed)], axis=1)


def _near_pairs(index: ViewIndex, candidates: Candidates, new: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (n, 2): places among the candidates, of tracks that are near each other, each pair once."""
    n = len(candidates.keys)
    if n <= _EXACTLY_BELOW:
        new_places = np.flatnonzero(np.isin(candidates.keys, new))
        pairs = np.stack([np.repeat(new_places, n), np.tile(np.arange(n), len(new_places))], axis=1)
    else:
        ids = np.asarray(index.index.ids)
        items = np.flatnonzero(np.isin(index.keys, new))
        neighbor_ids, _ = index.index.neighbors(ids[items], _NEIGHBORS)
        at = np.searchsorted(ids, neighbor_ids).clip(max=len(ids) - 1)
        neighbors = np.where(neighbor_ids >= 0, candidates.places(np.asarray(index.keys)[at]), -1)
        places = candidates.places(np.asarray(index.keys)[items])
        pairs = np.stack([np.repeat(places, neighbor_ids.shape[1]), neighbors.ravel()], axis=1)
        pairs = pairs[(pairs >= 0).all(axis=1)]
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


def _in_one_key(snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool (n,): whether the two rows of a pair have the same pitch classes, where the descriptors tell."""
    space = next((s for s in snapshot.spaces.values() if s.spec.name == "descriptors"), None)
    names = space.dimensions if space else ()
    columns = [i for i, name in enumerate(names) if name.startswith("chroma_") and name.endswith("_mean")]
    if space is None or not columns:
        return np.ones(len(rows), np.bool_)
    unique_rows, at = np.unique(rows, return_inverse=True)
    chroma = np.asarray(space.vectors[unique_rows][:, columns], np.float64)
    chroma -= chroma.mean(axis=1, keepdims=True)
    chroma /= np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), _LEAST)
    one, other = chroma[at.reshape(rows.shape)].transpose(1, 0, 2)
    differ = np.einsum("ij,ij->i", one, other) < _SAME_CHROMA  # not where one has no descriptors: NaN
    return np.asarray(~differ)


def _confirmed(
    catalog: Catalog, candidates: Candidates, contours: Contours, pairs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Those whose contours are as alike as their names ask for."""
    tracks = catalog.tracks.by_keys(np.unique(candidates.keys[pairs]).tolist())
    rows, keys = candidates.rows[pairs].tolist(), candidates.keys[pairs].tolist()
    same = [
        a in tracks and b in tracks and _is_one(contours.correlation(i, j), tracks[a], tracks[b])
        for (i, j), (a, b) in zip(rows, keys, strict=True)
    ]
    return pairs[np.array(same, np.bool_)]


def _is_one(correlation: float, a: Track, b: Track) -> bool:
    if np.isnan(correlation):  # too short for a contour
        return abs(a.duration_s - b.duration_s) <= _SHORT_DIFFER_S and same_name(a, b) is True
    return correlation >= _ENOUGH[True] and correlation >= _ENOUGH[same_name(a, b)]
