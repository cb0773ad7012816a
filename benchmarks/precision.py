"""Precision of recommendations on labelled clips, Segue's view beside the student's features.

A hit is a neighbor with the query's album and artist; queries whose label nothing else carries are
left out. The student's features are the means of 13 MFCC, centroid and zero-crossing rate, compared
by raw cosine. Networks take part where they are installed (segue models).

Usage: python benchmarks/precision.py FOLDER LABELS.csv   (columns path, album, artist)
"""

import csv
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from segue.library import Library
from segue.recommend.retrieval_metrics import hubness, precision_at
from segue.track import Vectors
from segue.views.view_index import ViewIndex

STUDENT = [*(f"mfcc_{i:02d}_mean" for i in range(13)), "centroid_hz_mean", "zero_crossing_rate_mean"]


def unit(x: Vectors) -> Vectors:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def report(name: str, labels: list[str], vectors: Vectors) -> None:
    distances = 1 - vectors @ vectors.T
    np.fill_diagonal(distances, np.inf)
    neighbors = np.argsort(distances, axis=1)[:, :10]
    p = precision_at([{label} for label in labels], neighbors)
    print(f"{name:44s}{p[1]:6.3f}{p[5]:6.3f}{p[10]:6.3f}{hubness(neighbors):8.2f}")


def main(folder: str, labels_csv: str) -> None:
    with Path(labels_csv).open(encoding="utf-8") as f:
        label_of = {Path(row["path"]).name: f"{row['album']}/{row['artist']}" for row in csv.DictReader(f)}
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
        library.scan(folder)
        labels = [label_of[Path(track.path).name] for track in library]
        snapshot = library.snapshot()
        space = snapshot.spaces["descriptors-1"]
        x = np.asarray(space.vectors, np.float32)
        prior = library.prior()
    columns = [space.dimensions.index(name) for name in STUDENT]
    standardized = (x - x.mean(axis=0)) / x.std(axis=0)
    print(f"{len(labels)} tracks{'':33s}  P@1   P@5  P@10 hubness")
    report("student: 13 MFCC + centroid + ZCR, raw", labels, unit(x[:, columns]))
    report("the same, standardized", labels, unit(standardized[:, columns]))
    report("all descriptors, raw", labels, unit(x))
    report("all descriptors, standardized", labels, unit(standardized))
    for name, vectors in snapshot.spaces.items():
        alone = replace(snapshot, spaces={name: vectors})
        report(f"{name}, Segue's view", labels, ViewIndex.build(alone, prior).vectors)
    if len(snapshot.spaces) > 1:
        report("all spaces, Segue's view", labels, ViewIndex.build(snapshot, prior).vectors)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
