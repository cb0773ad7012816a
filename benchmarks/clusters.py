"""Clusters: seconds and quality beside scikit-learn's MiniBatchKMeans, and how they meet genres of people.

1. Made vectors, 1.2 million of 14 numbers, of length 1: processor time, mean distance to the centroid (1 -
   cosine) and simplified silhouette, both with the same k and one thread; then Segue's with k to be chosen.
2. With a table of songs that has genres: normalized mutual information of clusters and genres, both programs.
3. With labelled clips: adjusted mutual information of clusters and albums, beside k-means; clusters' names.

Usage: python benchmarks/clusters.py [TABLE.csv GENRE_COLUMN] [--rows N] [--clips FOLDER LABELS.csv]
(needs scikit-learn; LABELS.csv has the columns path and album)
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np
from index_data import clustered as made
from page_tables import Table, paragraph
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from segue.cluster import cluster_rows
from segue.cluster.kmeans import silhouette, unit_rows
from segue.library import Library
from segue.sources.table import Table as TableSource
from segue.track import Vectors

DIM = 14
KS = (8, 20, 40)
TURNS = 3
SAMPLE = 20_000  # rows for the silhouette


def peer(x: Vectors, k: int, seed: int) -> tuple[Vectors, np.ndarray]:
    found = MiniBatchKMeans(k, random_state=seed, n_init=3).fit(x)
    return unit_rows(found.cluster_centers_, slice(None)), found.labels_


def quality(x: Vectors, centroids: Vectors) -> tuple[float, float]:
    """Mean distance to the nearest centroid, and simplified silhouette, of some rows."""
    some = x[:: max(1, len(x) // SAMPLE)]
    return float((1 - (some @ centroids.T).max(axis=1)).mean()), silhouette(some, centroids)


def speed(n: int) -> None:
    x = unit_rows(made(n, DIM, seed=1, anchors=24), slice(None))
    paragraph(f"""
        {n} rows of {DIM} numbers; scikit-learn's is MiniBatchKMeans. Distance is the mean of 1 - cosine to
        the nearest centroid; less of it and of time, and more silhouette, are better. Medians of {TURNS}
        turns.
    """)
    columns = [
        f"{what}, {who}" for what in ("CPU s", "distance", "silhouette") for who in ("Segue", "scikit-learn")
    ]
    table = Table("k", *columns, first=4)
    quicker, nearer, ahead = [], [], []
    for k in KS:
        rows = []
        for turn in range(TURNS):
            started = time.process_time()
            ours = cluster_rows(x, k, seed=turn).centroids
            middle = time.process_time()
            theirs, _ = peer(x, k, turn)
            ended = time.process_time()
            rows.append((middle - started, ended - middle, *quality(x, ours), *quality(x, theirs)))
        a, b, d1, s1, d2, s2 = np.median(rows, axis=0)
        table.row(k, f"{a:.2f}", f"{b:.2f}", f"{d1:.4f}", f"{d2:.4f}", f"{s1:.3f}", f"{s2:.3f}")
        for better, is_better in ((quicker, b < a), (nearer, d2 < d1), (ahead, s2 > s1)):
            better.extend([f"k = {k}"] if is_better else [])
    paragraph(f"""
        Where scikit-learn's is better: less time with {", ".join(quicker) or "no k"}; less distance with
        {", ".join(nearer) or "no k"}; more silhouette with {", ".join(ahead) or "no k"}.
    """)
    started = time.process_time()
    found = cluster_rows(x)
    seconds = time.process_time() - started
    chosen, separation = len(found.centroids), found.separation
    paragraph(f"""
        Where Segue chooses k, it finds {chosen} of the 24 made, separation {separation:.2f}, in
        {seconds:.1f} s of a processor.
    """)


def genres(table: Path, column: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        library.import_from(TableSource(table, columns={"genre": column}))
        started = time.perf_counter()
        kept = library.find_clusters()
        print(f"{len(library)} songs, {len(kept)} clusters in {time.perf_counter() - started:.1f} s")
        for cluster in kept:
            tags = ", ".join(f"{name} {share:.0%}" for name, share in cluster.genres[:3])
            print(f"  {cluster.number:2d} {cluster.size:6d} {cluster.name}: {tags}")
        ids, _ = library.vectors()
        tags_of = {track.id: track.tags.genre for track in library}
        truth = [tags_of[track_id] or "" for track_id in ids]
        x = np.array(library.recommender.indexes.get(library.snapshot()).vectors)
        for k in (len(kept), len(set(truth)), 2 * len(set(truth))):
            ours = [
                normalized_mutual_info_score(truth, cluster_rows(x, k, seed=s).assignments) for s in range(5)
            ]
            theirs = [normalized_mutual_info_score(truth, peer(x, k, s)[1]) for s in range(5)]
            print(f"k {k:2d}: NMI Segue {np.mean(ours):.3f}, MiniBatchKMeans {np.mean(theirs):.3f}")
        library.close()


def clips(folder: Path, labels_csv: Path) -> None:
    with labels_csv.open(encoding="utf-8") as f:
        album_of = {Path(row["path"]).name: row["album"] for row in csv.DictReader(f)}
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "library", create=True) as library:
        library.scan(folder)
        ids, _ = library.vectors()
        names = {track.id: Path(track.path).name for track in library}
        albums = [album_of[names[track_id]] for track_id in ids]
        x = unit_rows(library.recommender.indexes.get(library.snapshot()).vectors, slice(None))
        found = library.find_clusters()
        print(f"{len(ids)} clips of {len(set(albums))} albums, separation {found.separation:.3f}:")
        print("  " + "; ".join(f"{cluster.name} ({cluster.size})" for cluster in found))
        for k in sorted({6, 8, 10, len(found), 16, 20, 25}):
            ours = adjusted_mutual_info_score(albums, cluster_rows(x, k).assignments)
            theirs = [
                adjusted_mutual_info_score(albums, KMeans(k, n_init=10, random_state=s).fit_predict(x))
                for s in range(5)
            ]
            print(f"k {k:2d}: AMI with albums Segue {ours:.3f}, k-means {np.mean(theirs):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", type=Path)
    parser.add_argument("column", nargs="?", default="track_genre")
    parser.add_argument("--clips", nargs=2, type=Path)
    parser.add_argument("--rows", type=int, default=1_200_000)
    options = parser.parse_args()
    with threadpool_limits(1):
        if options.table:
            genres(options.table, options.column)
        if options.clips:
            clips(*options.clips)
        speed(options.rows)
