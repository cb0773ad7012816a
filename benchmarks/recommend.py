"""Journeys and unwanted seeds, measured in a library of labelled music.

1. Journeys between random pairs of tracks, by four methods: the longest and the mean step in degrees (the
   angle between neighbors in the library's view), their deviation, and the share of steps that lead back.
2. Two seeds from two albums, moved away from another track of the second album, with several weights: the
   share of the first and of the second album among the ten nearest, and their likeness to the unwanted track.
3. Playlists of each track by the setting of their variety: the mean similarity to the seed, and of the tracks
   among each other, with the setting as the weight of maximal marginal relevance, and as Segue takes it.

Usage: python benchmarks/recommend.py LIBRARY [--pairs N]
"""

import argparse
import heapq
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segue.library import Library
from segue.recommend import combine
from segue.recommend.combine import away_from, center
from segue.recommend.journey import even_steps, order_between, waypoints
from segue.recommend.variety import SAME_ARTIST, diversify, number_names, take_varied
from segue.track import Vectors

NEIGHBORS = 10  # of the graph of the widest path
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def waypoints_nearest(x: Vectors, far: np.ndarray, a: int, b: int, k: int) -> np.ndarray:
    """The nearest unused track of each of the places along the arc."""
    path = [a]
    for point in waypoints(x[a], x[b], k - 2, affine=False):
        order = np.argsort(-(x @ point), kind="stable")
        path.append(next(int(i) for i in order if i not in path and i != b))
    return np.array([*path, b])


def any_way_forwards(to_start: np.ndarray, to_end: np.ndarray) -> np.ndarray:
    """What lies between by the difference of the two distances alone, in that order."""
    progress = to_start - to_end
    inside = (progress > progress[0]) & (progress < progress[-1])
    inside[[0, -1]] = True
    order = np.argsort(progress, kind="stable")
    return order[inside[order]]


def smallest_steps(
    power: float, order: Callable[..., np.ndarray] = order_between
) -> Callable[..., np.ndarray]:
    def journey(x: Vectors, far: np.ndarray, a: int, b: int, k: int) -> np.ndarray:
        rest = np.setdiff1d(np.arange(len(x)), [a, b])
        places = np.concatenate([[a], rest, [b]])
        way = places[order(far[a, places], far[b, places])]
        return way[even_steps(far[np.ix_(way, way)], min(k, len(way)), power)]

    return journey


def widest_path(x: Vectors, far: np.ndarray, a: int, b: int, k: int) -> np.ndarray | None:
    """Through the graph of nearest neighbors, the longest step as short as can be; of whatever length."""
    near = np.argsort(far, axis=1)[:, 1 : NEIGHBORS + 1]
    edges = [set(row.tolist()) for row in near]
    for i, row in enumerate(near):
        for j in row:
            edges[j].add(i)
    best, came, heap = {a: 0.0}, {}, [(0.0, 0, a)]
    while heap:
        longest, steps, i = heapq.heappop(heap)
        if i == b:
            path = [b]
            while path[-1] != a:
                path.append(came[path[-1]])
            return np.array(path[::-1])
        for j in edges[i]:
            step = max(longest, far[i, j])
            if step < best.get(j, np.inf):
                best[j], came[j] = step, i
                heapq.heappush(heap, (step, steps + 1, j))
    return None


def journeys(x: Vectors, pairs: int) -> None:
    far = np.degrees(np.arccos(np.clip(x @ x.T, -1, 1)))
    np.fill_diagonal(far, 0)
    rng = np.random.default_rng(0)
    ends = [rng.choice(len(x), 2, replace=False).tolist() for _ in range(pairs)]
    methods: dict[str, Callable[..., np.ndarray | None]] = {
        "nearest to waypoints": waypoints_nearest,
        "least sum of steps": smallest_steps(1),
        "least sum of squares": smallest_steps(2),
        "least sum of 8th powers": smallest_steps(8),
        "the same, any way forwards": smallest_steps(8, any_way_forwards),
        "widest path": widest_path,
    }
    for k in (6, 12):
        straight = np.mean([far[a, b] for a, b in ends])
        print(f"{pairs} journeys of {k} tracks; straight there {straight:.1f} degrees")
        for name, method in methods.items():
            paths = [p for p in (method(x, far, a, b, k) for a, b in ends) if p is not None]
            steps = [far[p[:-1], p[1:]] for p in paths]
            farther = [(np.diff(far[p[-1], p]) > 1e-6).mean() for p in paths]
            back = [(np.diff(far[p[0], p] - far[p[-1], p]) < 0).mean() for p in paths]
            print(
                f"  {name:26s} longest {np.mean([s.max() for s in steps]):5.1f}, "
                f"mean {np.mean([s.mean() for s in steps]):5.1f}, "
                f"deviation {np.mean([s.std() for s in steps]):4.1f}, "
                f"farther from the end {np.mean(farther):.2f}, back {np.mean(back):.2f}, "
                f"tracks {np.mean([len(p) for p in paths]):.1f}"
            )


def unwanted(x: Vectors, albums: np.ndarray, pairs: int) -> None:
    for weight in WEIGHTS:
        combine.MINUS = weight
        rows = []
        for seed in range(pairs):
            rng = np.random.default_rng(seed)
            a = rng.integers(len(x))
            b, c = rng.choice(np.flatnonzero(albums != albums[a]), 2)
            others = np.flatnonzero((albums == albums[b]) & (np.arange(len(x)) != b))
            if not len(others):
                continue
            c = rng.choice(others)
            scores = (x @ away_from(center(x[[a, b]]), x[[c]])[0]).copy()
            scores[[a, b, c]] = -np.inf
            top = np.argsort(-scores)[:10]
            rows.append(
                [(albums[top] == albums[a]).mean(), (albums[top] == albums[b]).mean(), (x[top] @ x[c]).mean()]
            )
        first, second, likeness = np.mean(rows, axis=0)
        told = f"first album {first:.3f}, second {second:.3f}, likeness to the unwanted {likeness:+.3f}"
        print(f"weight {weight:.2f}: {told}")


def variety(x: Vectors, groups: np.ndarray, k: int = 25, candidates: int = 60) -> None:
    def by_weight(near: np.ndarray, to_seed: np.ndarray, own: np.ndarray, setting: float) -> np.ndarray:
        return take_varied(near + SAME_ARTIST * (own[:, None] == own), to_seed, k, setting)

    def by_share(near: np.ndarray, to_seed: np.ndarray, own: np.ndarray, setting: float) -> np.ndarray:
        return diversify(near, to_seed, own, k, setting)

    similarities = x @ x.T
    for name, choose in (("weight", by_weight), ("share given up", by_share)):
        for setting in np.linspace(0, 1, 11):
            rows = []
            for seed in range(len(x)):
                places = np.argsort(-similarities[seed])[1 : candidates + 1]
                near, to_seed = similarities[np.ix_(places, places)], similarities[seed, places]
                taken = choose(near, to_seed, groups[places], setting)
                among = near[np.ix_(taken, taken)][np.triu_indices(len(taken), 1)]
                rows.append([to_seed[taken].mean(), among.mean()])
            like, among = np.mean(rows, axis=0)
            print(f"variety {setting:.1f} as {name:15s} to the seed {like:.3f}, among each other {among:.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--pairs", type=int, default=400)
    options = parser.parse_args()
    with Library.open(options.library) as library:
        index = library.recommender.indexes.get(library.snapshot())
        keys = library.tracks.by_keys(index.keys.tolist())
        tracks = [keys[int(key)] for key in index.keys]
        named = [t.tags.album or Path(t.path).name.split("__")[0] for t in tracks]
        x = np.array(index.vectors)
    variety(x, number_names([track.artist for track in tracks]), k=12)
    journeys(x, options.pairs // 2)
    unwanted(x, np.unique(named, return_inverse=True)[1], options.pairs)
