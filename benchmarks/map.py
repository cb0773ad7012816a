"""The map: seconds and quality beside principal components and UMAP (needs scikit-learn and umap-learn).

Of each set of vectors: processor seconds of the nearest neighbors and the layout, the share of the ten
nearest that are among the ten nearest in the plane, and trustworthiness (Venna & Kaski 2001, on 2000 rows).

1. A library, if one is named: its usual view.
2. A table of songs with Spotify's features, if one is named.
3. Made vectors, --rows of 64 numbers.

Usage: python benchmarks/map.py [--library DIR] [--table FILE.csv] [--rows N] [--umap-up-to N]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from index_data import clustered as made
from page_tables import Table, is_installed, paragraph
from sklearn.manifold import trustworthiness
from threadpoolctl import threadpool_limits

from segue.index import Index
from segue.library import Library
from segue.map import compute_layout, neighbor_graph, principal_plane
from segue.map.layout import N_NEIGHBORS
from segue.sources.table import Table as TableSource
from segue.track import Vectors

NEAREST = 10
SAMPLE = 2_000  # rows for the trustworthiness
DIM = 64
SMALL = 500  # rows


def ours(x: Vectors) -> np.ndarray:
    index = Index.build(x, metric="dot")
    return compute_layout(principal_plane(x), neighbor_graph(*index.neighbors(index.ids, N_NEIGHBORS)))


def umap(x: Vectors) -> np.ndarray:
    from umap import UMAP

    return UMAP(n_neighbors=N_NEIGHBORS, metric="cosine", random_state=0).fit_transform(x)


def kept(x: Vectors, y: np.ndarray) -> float:
    """The share of the nearest that are among the nearest in the plane, of some rows."""
    some = np.arange(len(x))[:: max(1, len(x) // SAMPLE)]
    high, plane = Index.build(x, metric="dot"), Index.build(y.astype(np.float32), metric="euclidean")
    pairs = zip(
        high.neighbors(some, NEAREST, recall=1)[0], plane.neighbors(some, NEAREST, recall=1)[0], strict=True
    )
    return float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in pairs]))


def shown(table: Table, name: str, x: Vectors, layout: Callable[[Vectors], np.ndarray]) -> np.ndarray:
    """Seconds of processor, and both measures of quality."""
    wall, used = time.perf_counter(), time.process_time()
    y = layout(x)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    some = np.random.default_rng(0).permutation(len(x))[:SAMPLE]
    trust = trustworthiness(x[some], y[some], n_neighbors=NEAREST, metric="cosine")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    share = kept(x, y)
    table.row(name, f"{used:.1f}", f"{wall:.1f}", f"{share:.3f}", f"{trust:.3f}", f"{peak:.0f}")
    return np.array([used, share, trust])


def compared(what: str, x: Vectors, umap_up_to: int) -> None:
    paragraph(f"""
        {what}: {len(x)} rows of {x.shape[1]} numbers. Kept is the share of the ten nearest that are among
        the ten nearest in the plane. More of it and of trustworthiness, and less time, are better. Memory
        is the most so far.
    """)
    table = Table("", "CPU, s", "wall, s", "kept", "trustworthiness", "memory, MB", first=10)
    shown(table, "PCA", x, principal_plane)
    own = shown(table, "Segue", x, ours)
    if not is_installed("umap"):
        paragraph("UMAP takes no part: the package umap-learn is not installed.")
    elif len(x) <= umap_up_to:
        umap(x[:SMALL])  # it compiles most of its functions at their first use
        other = shown(table, "UMAP", x, umap)
        paragraph(f"""
            UMAP takes {other[0] / own[0]:.1f} times the processor time of Segue; what it keeps differs by
            {other[1] - own[1]:+.3f}, its trustworthiness by {other[2] - own[2]:+.3f}.
        """)


def view_of(library: Library) -> Vectors:
    return np.array(library.recommender.indexes.get(library.snapshot()).vectors)


def units(x: Vectors) -> Vectors:
    x = x - x.mean(axis=0)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--umap-up-to", type=int, default=20_000)
    options = parser.parse_args()
    with threadpool_limits(1):
        if options.library:
            with Library.open(options.library) as library:
                compared("Library", view_of(library), options.umap_up_to)
        if options.table:
            with (
                tempfile.TemporaryDirectory() as folder,
                Library.open(Path(folder) / "library", create=True) as library,
            ):
                library.import_from(TableSource(options.table))
                compared("Table", view_of(library), options.umap_up_to)
        compared("Made vectors", units(made(options.rows, DIM, seed=4)), options.umap_up_to)
