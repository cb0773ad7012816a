"""What mn04's middle layers bring: mn04-2 against mn04-1 on labelled clips, and what each costs.

A hit is a neighbor with the query's album and artist. Differences are paired: the same queries by both
versions. Their intervals draw whole albums, as clips of one album are no independent witnesses. The energy
of mn04-2 is also chosen by cross-validation over albums: for the queries of each album, the energy that
finds most for all other albums.

Usage: python benchmarks/middle_layers.py FOLDER LABELS.csv   (columns path, album, artist)
"""

import csv
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.library import Library
from segue.recommend.retrieval_metrics import bootstrap, hits, hubness, interval
from segue.views.transform import ENERGY
from segue.views.view_index import ViewIndex

ENERGIES = (0.7, 1.0, 1.3, 1.6, 2.0, 2.5)
OTHERS = ("descriptors-1", "musicnn-1")
TURNS = 5


def neighbors(library: Library, spaces: tuple[str, ...], energy: float) -> NDArray[np.int64]:
    """int64 (n, 10): the tracks nearest to each, by some spaces."""
    snapshot = library.snapshot()
    some: Snapshot = replace(snapshot, spaces={name: snapshot.spaces[name] for name in spaces})
    with patch.dict(ENERGY, {"mn04": energy}):
        index = ViewIndex.build(some, library.prior())
    n = len(index.rows)
    found = [index.query(index.take([i]), 11)[0][0] for i in range(n)]
    return np.array([places[places != i][:10] for i, places in enumerate(found)])


def line(name: str, right: NDArray[np.bool_], base: NDArray[np.bool_], albums: NDArray[np.int64]) -> str:
    """P@1, P@5 and P@10, and P@1 and P@5 less those of another version, each with its interval."""
    means = [right[:, :k].mean(axis=1) for k in (1, 5, 10)]
    differences = np.stack([means[i] - base[:, :k].mean(axis=1) for i, k in enumerate((1, 5))], axis=1)
    low, high = interval(bootstrap(differences, albums))
    pairs = zip(differences.mean(axis=0), low, high, strict=True)
    changes = "  ".join(f"{d:+.3f} [{a:+.3f}, {b:+.3f}]" for d, a, b in pairs)
    return f"{name:34s}" + " ".join(f"{x.mean():.3f}" for x in means) + f"  {changes}"


def cross_validated(
    by_energy: dict[float, NDArray[np.bool_]], albums: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """The hits of each album's queries by the energy that is best for the other albums."""
    out = np.zeros_like(next(iter(by_energy.values())))
    for album in np.unique(albums):
        own = albums == album
        best = max(by_energy, key=lambda energy: by_energy[energy][~own, :5].mean())
        out[own] = by_energy[best][own]
    return out


def cost(paths: list[str], embedder: str) -> float:
    """CPU seconds of a scan with one embedder, decoding and index included."""
    with (
        tempfile.TemporaryDirectory() as root,
        Library.open(Path(root) / "l", create=True, embedders=[embedder]) as library,
    ):
        started = time.process_time()
        library.scan(paths, jobs=1)
        return time.process_time() - started


def main(folder: str, labels_csv: str) -> None:
    with Path(labels_csv).open(encoding="utf-8") as f:
        rows = {Path(row["path"]).name: (row["album"], row["artist"]) for row in csv.DictReader(f)}
    with tempfile.TemporaryDirectory() as root:
        names = ["descriptors", "musicnn", "mn04-1"]
        with Library.open(Path(root) / "l", create=True, embedders=names) as library:
            library.scan(folder)
            library.start_upgrade()
            library.scan(folder)
            tracks = [rows[Path(track.path).name] for track in library]
            labels = ["/".join(row) for row in tracks]
            queries = np.array([i for i, label in enumerate(labels) if labels.count(label) > 1])
            albums = np.unique([tracks[i][0] for i in queries], return_inverse=True)[1]
            sets = [{label} for label in labels]

            def right(spaces: tuple[str, ...], energy: float = ENERGY["mn04"]) -> NDArray[np.bool_]:
                nearest = neighbors(library, spaces, energy)
                print(
                    f"  hubness of {', '.join(spaces)} at {energy}: {hubness(nearest):.2f}", file=sys.stderr
                )
                return hits(sets, queries, nearest[queries])

            older, alone = right((*OTHERS, "mn04-1")), right(("mn04-1",))
            by_energy = {energy: right((*OTHERS, "mn04-2"), energy) for energy in ENERGIES}
            print(f"{len(queries)} queries{'':22s}  P@1  P@5  P@10  P@1 and P@5 less those of mn04-1")
            print(line("mn04-1 alone", alone, alone, albums))
            print(line("mn04-2 alone", right(("mn04-2",)), alone, albums))
            print(line("default with mn04-1", older, older, albums))
            for energy, found in by_energy.items():
                print(line(f"default with mn04-2, energy {energy}", found, older, albums))
            print(line("energy by cross-validation", cross_validated(by_energy, albums), older, albums))
        paths = sorted(str(path) for path in Path(folder).rglob("*") if path.name in rows)[::5]
        seconds = {name: [cost(paths, name) for _ in range(TURNS)] for name in ("mn04-1", "mn04")}
        ratios = sorted(a / b for a, b in zip(seconds["mn04-1"], seconds["mn04"], strict=True))
        print(f"CPU time of a scan by mn04-1 / by mn04-2: {ratios[0]:.2f} to {ratios[-1]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
