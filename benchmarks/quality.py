"""How often neighbors share album and artist: Segue beside its peers, with intervals; writes docs/quality.md.

Peers that are installed take part: bliss (PyPI bliss-audio) and Musly (PyPI pymusly), both by their own
analysis and their own distances. Networks take part where they are installed (segue models). What was
chosen on these clips is chosen anew on the other soundtracks for each soundtrack that is left out.

Usage: python benchmarks/quality.py FOLDER LABELS.csv [--write]   (columns path, album, artist)
"""

import csv
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from page_tables import replace_table

from segue.audio import stream
from segue.catalog import Snapshot
from segue.library import Library
from segue.recommend.retrieval_metrics import (
    KS,
    answerable,
    average_precision,
    bootstrap,
    hits,
    hubness,
    interval,
    n_relevant,
)
from segue.views.transform import ENERGY
from segue.views.view_index import ViewIndex

PAGE = Path(__file__).resolve().parents[1] / "docs" / "quality.md"
DEPTH = 100
MUSLY_SR = 22_050
STUDENT = [*(f"mfcc_{i:02d}_mean" for i in range(13)), "centroid_hz_mean", "zero_crossing_rate_mean"]
GRID = {"descriptors": (0.25, 0.5, 1.0), "mn04": (0.7, 1.0, 1.3, 1.6)}  # energies to choose from

Neighbors = NDArray[np.int64]


@dataclass(frozen=True)
class Clips:
    """The labelled clips, as a library holds them, and those that are asked about."""

    paths: list[Path]
    labels: list[set[str]]
    asked: NDArray[np.int64]
    albums: NDArray[np.int64]  # of each that is asked about
    snapshot: Snapshot
    library: Library

    def values(self, neighbors: Neighbors) -> NDArray[np.float64]:
        """float64 (n_asked, 4): P@1, P@5, P@10 and average precision."""
        right = hits(self.labels, self.asked, neighbors[self.asked])
        shares = [right[:, :k].mean(axis=1) for k in KS]
        return np.stack([*shares, average_precision(right, n_relevant(self.labels, self.asked))], axis=1)

    def view(self, *spaces: str, scaled: bool = True) -> Neighbors:
        """Neighbors in Segue's default view of some spaces; of all unless named."""
        chosen = {name: self.snapshot.spaces[name] for name in spaces or self.snapshot.spaces}
        index = ViewIndex.build(replace(self.snapshot, spaces=chosen), self.library.prior())
        index = index if scaled else replace(index, scales=None)
        return index.neighbors(np.arange(len(self.paths)), DEPTH)


def open_clips(root: Path, folder: Path, labels_csv: Path) -> Clips:
    with labels_csv.open(encoding="utf-8") as f:
        rows = {Path(row["path"]).name: row for row in csv.DictReader(f)}
    library = Library.open(root / "library", create=True)
    library.scan(folder)
    paths = [Path(track.path) for track in library]
    labels = [{f"{rows[p.name]['album']}/{rows[p.name]['artist']}"} for p in paths]
    asked = answerable(labels, np.arange(len(labels)))
    names = [rows[paths[i].name]["album"] for i in asked.tolist()]
    albums = np.unique(names, return_inverse=True)[1]
    return Clips(paths, labels, asked, albums, library.snapshot(), library)


def nearest(distances: NDArray[np.floating]) -> Neighbors:
    distances = distances.copy()
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :DEPTH]


def by_cosine(x: NDArray[np.floating]) -> Neighbors:
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    return nearest(1 - x @ x.T)


def standardized(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)


def pooled(clips: Clips, space: str) -> NDArray[np.float64]:
    return np.asarray(clips.snapshot.spaces[space].vectors, np.float64)


def student(clips: Clips) -> Neighbors:
    dimensions = clips.snapshot.spaces["descriptors-1"].dimensions
    return by_cosine(pooled(clips, "descriptors-1")[:, [dimensions.index(name) for name in STUDENT]])


def join(clips: Clips) -> Neighbors:
    """The networks' vectors side by side, standardized, as one would join them at first."""
    names = [name for name in clips.snapshot.spaces if not name.startswith("descriptors")]
    parts = [standardized(pooled(clips, name)) for name in names]
    return by_cosine(np.concatenate([x / np.sqrt(x.shape[1]) for x in parts], axis=1))


def bliss(clips: Clips) -> Neighbors:
    from bliss_audio import Song

    x = np.array([Song(str(path)).analysis for path in clips.paths])
    return nearest(np.linalg.norm(x[:, None] - x[None], axis=2))


def musly(clips: Clips, method: str) -> Neighbors:
    from pymusly import MuslyJukebox

    jukebox = MuslyJukebox(method=method, decoder="none")
    tracks = [
        jukebox.track_from_audiodata(np.concatenate(list(stream(path, MUSLY_SR))).tolist())
        for path in clips.paths
    ]
    jukebox.set_style(tracks)
    known = list(enumerate(tracks))
    jukebox.add_tracks(known)
    return nearest(np.array([jukebox.compute_similarity(seed, known) for seed in known], np.float64))


def rows_of(clips: Clips) -> Iterator[tuple[str, Callable[[], Neighbors]]]:
    yield "13 MFCC, centroid, zero crossings; raw cosine", lambda: student(clips)
    yield "bliss (23 features, Euclid)", lambda: bliss(clips)
    for method in ("mandelellis", "timbre"):
        yield f"Musly, {method}", lambda method=method: musly(clips, method)
    networks = [name for name in clips.snapshot.spaces if not name.startswith("descriptors")]
    for name in networks:
        yield f"{name} alone, raw cosine", lambda name=name: by_cosine(pooled(clips, name))
    if len(networks) > 1:
        yield f"{' and '.join(networks)}, standardized and joined", lambda: join(clips)
    for name in clips.snapshot.spaces:
        yield f"Segue, {name} alone", lambda name=name: clips.view(name)
    yield "Segue, without local scaling", lambda: clips.view(scaled=False)


def cross_validated(clips: Clips) -> NDArray[np.float64]:
    """As ``Clips.values``: each soundtrack by the energies that give the best P@5 on all the others."""
    tables = []
    for energies in itertools.product(*GRID.values()):
        with patch.dict(ENERGY, dict(zip(GRID, energies, strict=True))):
            tables.append(clips.values(clips.view()))
    every = np.stack(tables)
    values = np.empty_like(every[0])
    for album in np.unique(clips.albums):
        held_out = clips.albums == album
        best = every[:, ~held_out, 1].mean(axis=1).argmax()
        values[held_out] = every[best, held_out]
    return values


def number(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def table_row(
    name: str, clips: Clips, values: NDArray[np.float64], own: NDArray[np.float64], hubs: str
) -> str:
    low, high = interval(bootstrap(values, clips.albums))
    cells = [
        f"{number(m)} ({number(a)} to {number(b)})"
        for m, a, b in zip(values.mean(axis=0), low, high, strict=True)
    ]
    gain = (own - values)[:, 1:2]
    a, b = interval(bootstrap(gain, clips.albums))[:, 0]
    than = "" if values is own else f"{gain.mean():+.3f} ({a:+.3f} to {b:+.3f})"
    return f"| {name} | {cells[0]} | {cells[1]} | {cells[3]} | {hubs} | {than} |"


def tables(clips: Clips) -> str:
    """The table of the page, as Markdown."""
    neighbors = clips.view()
    own = clips.values(neighbors)
    lines = [
        "| Neighbors by | P@1 | P@5 | average precision | hubness | Segue's P@5 is higher by |",
        "|---|---|---|---|---|---|",
    ]
    for name, make in rows_of(clips):
        try:
            found = make()
        except ImportError as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        lines.append(table_row(name, clips, clips.values(found), own, f"{hubness(found[:, :10]):.2f}"))
        print(lines[-1], file=sys.stderr, flush=True)
    lines.append(table_row("**Segue**", clips, own, own, f"{hubness(neighbors[:, :10]):.2f}"))
    lines.append(
        table_row("**Segue**, energies chosen on other soundtracks", clips, cross_validated(clips), own, "")
    )
    return "\n".join(lines)


def main(folder: str, labels_csv: str, write: str = "") -> None:
    with tempfile.TemporaryDirectory() as root:
        clips = open_clips(Path(root), Path(folder), Path(labels_csv))
        with clips.library:
            table = tables(clips)
    print(table)
    if write:
        replace_table(PAGE, table, "table", "end")


if __name__ == "__main__":
    main(*sys.argv[1:])
