"""Tables of songs with the quirks of the real ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = (
    "id name album album_id artists artist_ids track_number disc_number explicit danceability energy key "
    "loudness mode speechiness acousticness instrumentalness liveness valence tempo duration_ms "
    "time_signature year release_date"
).split()
_SHARES = "danceability energy speechiness acousticness instrumentalness liveness valence".split()
OTHER = 'D\'Arc, "J"'


def songs(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Rows by the names of the columns: of two kinds in turns, calm ones and loud ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        loud = i % 2
        row = {
            "id": f"song{i:05d}", "name": f"Song {i}", "album": f"Album {i // 10}",
            "album_id": f"al{i // 10}",
            "artists": repr([f"Artist {i % 7}"] + [OTHER] * (i % 3 == 0)),
            "artist_ids": repr([f"ar{i % 7}"]), "track_number": i % 10 + 1, "disc_number": 1,
            "explicit": bool(loud), "key": i % 12, "mode": i % 2, "time_signature": 4,
            "loudness": -6 if loud else -25, "tempo": 150 if loud else 80,
            "duration_ms": int(rng.integers(100_000, 400_000)), "year": 1990 + i % 20,
            "release_date": "2001-02-03",
        }  # fmt: skip
        names = (
            "danceability",
            "energy",
            "speechiness",
            "acousticness",
            "instrumentalness",
            "liveness",
            "valence",
        )
        for name in names:
            row[name] = round(float(np.clip((0.8 if loud else 0.2) + rng.normal(0, 0.05), 0, 1)), 4)
        rows.append(row)
    return rows


def write_csv(path: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    return path
