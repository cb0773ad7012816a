"""Some of many candidates, alike but not all the same, in an order that flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SAME_ARTIST = 0.25  # how much more alike two tracks by one artist count
_PENALTY = 1e3  # of a step from an artist to the same one: longer than any way around it
_ROUNDS = 2_000  # of improving an order, at the most

Scores = NDArray[np.float32]
Places = NDArray[np.int64]


def groups_of(names: Sequence[str | None]) -> Places:
    """int64 (n,): the same number for the same name, case aside; without a name, each a number of its own."""
    numbers: dict[str | int, int] = {}
    keys = [i if name is None else name.casefold() for i, name in enumerate(names)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def varied(likeness: Scores, to_seeds: Scores, groups: Places, k: int, variety: float) -> Places:
    """int64 (<= k,): candidates by maximal marginal relevance (Carbonell & Goldstein 1998, eq. 1).

    One after the other, each the one of the largest (1 - variety) s - variety m: s its likeness to the
    seeds, m its likeness to the nearest of those that are taken.

    Parameters
    ----------
    likeness : (n, n), of the candidates with each other
    to_seeds : (n,)
    groups : (n,), their artists
    variety : 0 takes the nearest, 1 only looks at how unlike they are
    """
    alike = likeness + SAME_ARTIST * (groups[:, None] == groups)
    nearest = np.full(len(to_seeds), -np.inf)
    left = np.ones(len(to_seeds), np.bool_)
    taken: list[int] = []
    while len(taken) < min(k, len(to_seeds)):
        worth = (1 - variety) * to_seeds - (variety * nearest if taken else 0)
        best = int(np.where(left, worth, -np.inf).argmax()) if taken else int(to_seeds.argmax())
        taken.append(best)
        left[best] = False
        nearest = np.maximum(nearest, alike[best])
    return np.array(taken, np.int64)


def in_order(likeness: Scores, groups: Places) -> Places:
    """int64 (n,): an order from the first row on in which neighbours are alike, artists spread out.

    A short open path: always on to the nearest, then better by turning parts round and moving rows, as
    long as that gains (2-opt, Croes 1958; or-opt, Or 1976). No artist twice in a row where that can be.

    Parameters
    ----------
    likeness : (n, n)
    groups : (n,), the artists
    """
    n = len(groups)
    costs = (likeness.max(initial=0) - likeness).astype(np.float64)
    costs /= max(float(costs.max(initial=0)), 1e-9)
    costs += _PENALTY * (groups[:, None] == groups)
    path = _nearest_next(costs, groups)
    for _ in range(_ROUNDS if n > 3 else 0):
        moves = (_turned(costs, path), _moved(costs, path))
        gain, better = max(moves, key=lambda move: move[0])
        if gain <= 1e-9:
            break
        path = better
    return path


def _nearest_next(costs: NDArray[np.float64], groups: Places) -> Places:
    """From row 0 always to the nearest that leaves a way to keep artists apart."""
    left = set(range(1, len(groups)))
    counts = Counter(groups[1:].tolist())
    path = [0] if len(groups) else []
    while left:
        order = sorted(left, key=lambda i: (costs[path[-1], i], i))
        chosen = next((i for i in order if _can_go_on(counts, int(groups[i]), len(left))), order[0])
        path.append(chosen)
        left.remove(chosen)
        counts[int(groups[chosen])] -= 1
    return np.array(path, np.int64)


def _can_go_on(counts: Counter[int], group: int, n: int) -> bool:
    """Whether, with one of a group next, the n - 1 others can follow without an artist twice in a row."""
    rest = n - 1
    if counts[group] - 1 > rest // 2:
        return False
    most = max((count for other, count in counts.items() if other != group), default=0)
    return most <= (rest + 1) // 2


def _turned(costs: NDArray[np.float64], path: Places) -> tuple[float, Places]:
    """The best gain by turning a part round that the first row is not in, and the path after it."""
    along = costs[np.ix_(path, path)]
    steps = np.append(np.diagonal(along, 1), 0)  # the last row has no step after it
    beyond = np.zeros_like(along)
    beyond[:, :-1] = along[:, 1:]
    # Rows i to j: the steps i - 1, i and j, j + 1 give way to i - 1, j and i, j + 1.
    gain = steps[:-1, None] + steps[1:] - along[:-1, 1:] - beyond[1:, 1:]
    gain[np.tril_indices(len(gain))] = -np.inf
    at, to = divmod(int(gain.argmax()), gain.shape[1])
    better = path.copy()
    better[at + 1 : to + 2] = better[at + 1 : to + 2][::-1]
    return float(gain[at, to]), better


def _moved(costs: NDArray[np.float64], path: Places) -> tuple[float, Places]:
    """The best gain by moving one row elsewhere, and the path after it."""
    along = costs[np.ix_(path, path)]
    n = len(path)
    steps = np.diagonal(along, 1)
    saved = steps.copy()
    saved[:-1] += steps[1:] - along[np.arange(n - 2), np.arange(2, n)]
    # Row i goes between j and j + 1, or behind the last.
    paid = along[1:].copy()
    paid[:, :-1] += along[1:, 1:] - steps
    gain = saved[:, None] - paid
    rows = np.arange(n - 1)
    gain[rows, rows] = gain[rows, rows + 1] = -np.inf
    at, to = divmod(int(gain.argmax()), n)
    rest = np.delete(path, at + 1)
    place = to + 1 if to <= at else to
    return float(gain[at, to]), np.insert(rest, place, path[at + 1])
