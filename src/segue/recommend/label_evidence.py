"""The scores that networks give some labels, for each track of a library."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot, SpaceVectors
from segue.spec import by_family, decode_scores

_BLOCK = 1 << 15  # rows at a time


def label_evidence(labels: Mapping[str, float], catalog: Catalog, snapshot: Snapshot) -> NDArray[np.float32]:
    """float32 (n,), [0, 1], over the snapshot's rows: the weighted mean of the square roots of the scores.

    Roots, as the difference between .01 and .1 says more than that between .8 and .9. Of several versions of
    a space, the newest counts that has scores of a track. Where a space keeps no scores of all labels, its
    best ones count, which each track has.

    Parameters
    ----------
    labels : their weights, (0, 1]
    """
    evidence, weight = (np.zeros(len(snapshot.keys), np.float32) for _ in range(2))
    if any(space.scores is not None for space in snapshot.spaces.values()):
        for versions in by_family(snapshot.spaces):
            counted = np.zeros(len(snapshot.keys), np.bool_)
            for name in reversed(versions):
                _add_scores(snapshot.spaces[name], labels, evidence, weight, counted)
        np.divide(evidence, weight, out=evidence, where=weight > 0)
    scores = catalog.tracks.label_scores(labels, spaces_with_all_scores(snapshot))
    rows = snapshot.rows_of(np.array([key for key, _, _ in scores], np.int64))
    for row, (_, label, score) in zip(rows.tolist(), scores, strict=True):
        if row >= 0:
            evidence[row] = max(evidence[row], labels[label] * score**0.5)
    return evidence


def spaces_with_all_scores(snapshot: Snapshot) -> list[str]:
    """The spaces that keep the scores of all labels for every track, in one version or another."""
    live = snapshot.keys >= 0
    return [
        name
        for versions in by_family(snapshot.spaces)
        if any(snapshot.spaces[v].scores is not None for v in versions)
        if np.logical_or.reduce([snapshot.spaces[v].has_scores()[: len(live)][live] for v in versions]).all()
        for name in versions
        if snapshot.spaces[name].scores is not None
    ]


def _add_scores(
    space: SpaceVectors,
    labels: Mapping[str, float],
    total: NDArray[np.float32],
    weight: NDArray[np.float32],
    counted: NDArray[np.bool_],
) -> None:
    """Add a space's scores of the tracks that are not counted yet, and note those."""
    columns = [i for i, name in enumerate(space.label_names) if name in labels]
    if space.scores is None or not columns:
        return
    weights = np.array([labels[space.label_names[i]] for i in columns], np.float32)
    roots = np.sqrt(np.nan_to_num(decode_scores(np.arange(256, dtype=np.uint8))))
    for start in range(0, len(total), _BLOCK):
        part = slice(start, start + _BLOCK)
        codes = space.scores[part][: len(total[part])]
        new = (codes[:, 0] > 0) & ~counted[part]
        total[part] += new * (roots[codes[:, columns]] @ weights)
        weight[part] += new * weights.sum()
        counted[part] |= new


def best_label(
    labels: Mapping[str, float], row: int, snapshot: Snapshot, kept: Mapping[str, Mapping[str, float]]
) -> tuple[str, float] | None:
    """The label that says most of one track, and its score.

    Parameters
    ----------
    kept : of each space, the track's best labels, for spaces without all scores
    """
    candidates = [(name, score) for words in kept.values() for name, score in words.items() if name in labels]
    for space in snapshot.spaces.values():
        if space.scores is not None and row >= 0:
            scores = decode_scores(space.scores[row])
            named = zip(space.label_names, scores.tolist(), strict=True)
            candidates += [(name, score) for name, score in named if name in labels and not math.isnan(score)]
    return max(candidates, key=lambda pair: labels[pair[0]] * pair[1] ** 0.5, default=None)
