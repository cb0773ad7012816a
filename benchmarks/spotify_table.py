"""The 1.2-million-song table: a made one with the real one's columns and quirks, and how long it takes.

The file has the columns of Spotify's `tracks_features.csv`, its 1 204 025 rows, lists as Python writes
them with commas and quotes inside, years of 0, tempos of 0, keys from -1, and, which the real one has not,
ids that come twice, missing values and broken rows, so that every step of cleaning works. Told are of
importing and indexing, in a process of its own: wall time and the most memory that no file stands behind;
then what a second import takes, the size on disk, and a question.

Usage: python benchmarks/spotify_table.py [--rows N] [--folder DIR] [--keep]
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from memory import Peak
from page_tables import Table

ROWS = 1_204_025
HEADER = (
    "id name album album_id artists artist_ids track_number disc_number explicit danceability energy key "
    "loudness mode speechiness acousticness instrumentalness liveness valence tempo duration_ms "
    "time_signature year release_date"
).split()
SEED = 2026
_ALPHABET = np.array(list("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_BLOCK = 50_000
BROKEN = 1  # the status of an import that left a broken row out


def write(path: Path, n: int, seed: int = SEED) -> None:
    """Write n rows, and a few broken ones."""
    rng = np.random.default_rng(seed)
    words = np.array(
        ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), k)) for k in rng.integers(2, 10, 30_000)]
    )
    words[:6] = ["Don't", 'the "One"', "Ünder", "R&B", "Nº", "夜"]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADER)
        for start in range(0, n, _BLOCK):
            out.writerows(_rows(rng, words, min(_BLOCK, n - start)))
            file.write("a row,of three,values\n")


def _rows(rng: np.random.Generator, words: np.ndarray, n: int) -> Iterator[tuple[object, ...]]:
    def text(k: int) -> list[str]:
        return [" ".join(row) for row in rng.choice(words, (n, k))]

    def ids() -> list[str]:
        return ["".join(row) for row in rng.choice(_ALPHABET, (n, 22))]

    kind = rng.integers(0, 12, n)  # songs are of a dozen kinds
    centers = np.random.default_rng(7).uniform(0.1, 0.9, (12, 7))
    shares = np.clip(centers[kind] + rng.normal(0, 0.12, (n, 7)), 0, 1).round(4)
    names, ours = ids(), ids()
    years = np.where(rng.random(n) < 0.0001, 0, rng.integers(1950, 2021, n))
    tempo = np.where(rng.random(n) < 0.002, 0, rng.normal(118, 30, n).clip(40, 240)).round(3)
    for i in np.flatnonzero(rng.random(n) < 0.0005):  # ids that come twice
        names[i] = names[max(0, i - 1)]
    second = rng.random(n) < 0.25
    artists = [repr([a, b] if two else [a]) for a, b, two in zip(text(2), text(2), second, strict=True)]
    artist_ids = [repr([a, a[::-1]] if two else [a]) for a, two in zip(ours, second, strict=True)]
    missing = rng.random(n) < 0.001
    dances = [("" if gone else x) for x, gone in zip(shares[:, 0], missing, strict=True)]
    return zip(
        names, text(3), text(2), ours, artists, artist_ids, rng.integers(1, 20, n), np.ones(n, int),
        rng.choice(["True", "False"], n, p=[0.1, 0.9]), dances, shares[:, 1], rng.integers(-1, 12, n),
        (-60 * (1 - shares[:, 1]) * rng.random(n)).round(3), rng.integers(0, 2, n), *shares[:, 2:].T, tempo,
        rng.integers(30_000, 600_000, n), rng.choice([0, 3, 4, 5], n), years,
        [f"{year or 2001}-{i % 12 + 1:02d}-01" for i, year in enumerate(years)], strict=True,
    )  # fmt: skip


def timed(table: Table, what: str, command: list[str], status: int = 0) -> None:
    """Run a command that ends with a status, and say what it took. Raises CalledProcessError."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with Peak(child.pid) as peak:
        child.communicate()
    wall = time.perf_counter() - started
    if child.returncode != status:
        raise subprocess.CalledProcessError(child.returncode, command)
    table.row(what, f"{wall:.1f}", f"{peak.bytes / 1e6:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        table, library = folder / f"tracks_features-{asked.rows}.csv", folder / "library"
        if not table.exists():
            write(table, asked.rows)
        print(f"{asked.rows} rows, {table.stat().st_size / 1e6:.0f} MB. Less is better.")
        shown = Table("", "wall, s", "memory, MB")
        segue = [sys.executable, "-m", "segue", "--library", str(library)]
        for what in ("first", "second"):
            bring = [*segue, "import", "table", str(table), "--name", "spotify", "--quiet"]
            timed(shown, f"{what} import", bring, BROKEN)
        with table.open(encoding="utf-8") as file:
            seed = next(csv.reader([file.readlines(100_000)[100]]))[0]
        timed(shown, "`segue similar`", [*segue, "similar", seed, "-k", "3"])
        size = sum(path.stat().st_size for path in library.rglob("*") if path.is_file())
        print(f"\nThe library takes {size / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
