"""Folders such as FMA's, small or whole, as pandas writes them; what is in them follows from the ids."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segue.library import Library
from segue.sources.fma.features import COLUMNS, SPEC

_ALBUM = (
    "comments date_created date_released engineer favorites id information listens producer tags title "
    "tracks type"
)
_ARTIST = (
    "active_year_begin active_year_end associated_labels bio comments date_created favorites id latitude "
    "location longitude members name related_projects tags website wikipedia_page"
)
_TRACK = (
    "bit_rate comments composer date_created date_recorded duration favorites genre_top genres genres_all "
    "information interest language_code license listens lyricist number publisher tags title"
)
TRACK_COLUMNS = [
    *(("album", name) for name in _ALBUM.split()),
    *(("artist", name) for name in _ARTIST.split()),
    ("set", "split"),
    ("set", "subset"),
    *(("track", name) for name in _TRACK.split()),
]
ECHONEST_COLUMNS = [
    *(("echonest", "audio_features", name) for name in (
        "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "tempo",
        "valence",
    )),
    ("echonest", "metadata", "album_date"),
    ("echonest", "metadata", "album_name"),
]  # fmt: skip
GENRES = """genre_id,#tracks,parent,title,top_level
2,5271,0,International,2
10,13845,0,Pop,10
12,32923,0,Rock,12
17,1933,0,Folk,17
21,8389,0,Hip-Hop,21
25,9261,12,Punk,12
31,1498,25,"Metal, Heavy",12
76,432,10,Experimental Pop,10
103,514,17,Freak-Folk,17
"""
BIO = '"Quoted", she said.\nA second line, with a comma\n\n<p>and more</p>'
_TOPS = {2: "International", 10: "Pop", 12: "Rock", 17: "Folk", 21: "Hip-Hop"}
_CHOSEN = ([21], [10, 76], [31], [2], [103, 17], [12, 25])
_PARENTS = {76: [10], 31: [25, 12], 103: [17], 25: [12]}
SPLIT_OF = ("training", "training", "training", "validation", "test")
SUBSET_OF = ("small", "medium", "large", "")
IDS = [2, 3, 5, 10, 20, 26, 30, 46, 48, 134, 135, 136, 155_320]
Cells = dict[tuple[str, str], Any]


def cells_of(track_id: int) -> Cells:
    """What ``tracks.csv`` says of a track."""
    genres = _CHOSEN[track_id % len(_CHOSEN)]
    genres_all = sorted({i for one in genres for i in [one, *_PARENTS.get(one, [])]})
    top = _TOPS[next(i for i in genres_all if i in _TOPS)]
    return {
        ("album", "id"): track_id // 10,
        ("album", "title"): f"Album {track_id // 10}",
        ("album", "date_released"): f"{1990 + track_id % 30}-01-05 00:00:00" if track_id % 4 else "",
        ("album", "date_created"): "2008-11-26 01:44:45",
        ("artist", "bio"): BIO if track_id % 3 == 0 else "",
        ("artist", "id"): track_id // 4,
        ("artist", "name"): f"Artist {track_id // 4}",
        ("artist", "location"): 'Zürich, "downtown"' if track_id % 2 else "",
        ("set", "split"): SPLIT_OF[track_id // 4 % len(SPLIT_OF)],
        ("set", "subset"): SUBSET_OF[track_id % len(SUBSET_OF)],
        ("track", "bit_rate"): 256000,
        ("track", "date_created"): "2008-11-26 01:48:12",
        ("track", "duration"): 100 + track_id % 300,
        ("track", "genre_top"): top if track_id % 5 else "",
        ("track", "genres"): str(genres),
        ("track", "genres_all"): str(genres_all),
        ("track", "interest"): 4656,
        ("track", "license"): "Attribution-NonCommercial-ShareAlike 3.0 International",
        ("track", "listens"): 10 * track_id,
        ("track", "number"): track_id % 12,
        ("track", "tags"): "['lo-fi', \"rock'n'roll\"]" if track_id % 2 else "[]",
        ("track", "title"): f"Title {track_id}",
    }  # fmt: skip


def features_of(track_id: int) -> np.ndarray:
    """float32 (518,): tracks with the same id modulo 6, so of the same genres, are near."""
    kind = np.random.default_rng(track_id % len(_CHOSEN)).standard_normal(len(COLUMNS))
    own = np.random.default_rng(1000 + track_id).standard_normal(len(COLUMNS))
    return (10 * kind + own).astype(np.float32)


def write_tracks(
    path: Path,
    ids: Iterable[int],
    *,
    changes: Mapping[int, Cells] | None = None,
    index_line: bool = True,
    raw: Mapping[int, Sequence[str]] | None = None,
) -> None:
    """``raw`` replaces the lines of some tracks, as they are."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["", *(top for top, _ in TRACK_COLUMNS)])
        out.writerow(["", *(name for _, name in TRACK_COLUMNS)])
        if index_line:
            out.writerow(["track_id", *[""] * len(TRACK_COLUMNS)])
        for track_id in ids:
            if raw and track_id in raw:
                out.writerow(raw[track_id])
                continue
            cells = cells_of(track_id) | (changes or {}).get(track_id, {})
            out.writerow([track_id, *(cells.get(column, "") for column in TRACK_COLUMNS)])


def write_features(
    path: Path,
    ids: Iterable[int],
    *,
    vectors: Callable[[int], np.ndarray] = features_of,
    lines: Mapping[int, str] | None = None,
    columns: Sequence[int] | None = None,
    index_line: bool = True,
) -> None:
    """``lines`` replaces those of some tracks; ``columns`` is another order of them."""
    order = list(columns) if columns is not None else list(range(len(COLUMNS)))
    with path.open("w", encoding="utf-8", newline="") as file:
        for i, name in enumerate(("feature", "statistics", "number")):
            file.write(",".join([name, *(COLUMNS[at][i] for at in order)]) + "\n")
        if index_line:
            file.write("track_id" + "," * len(order) + "\n")
        for track_id in ids:
            if lines and track_id in lines:
                file.write(lines[track_id] + "\n")
            else:
                numbers = vectors(track_id)[order]
                file.write(",".join([str(track_id), *(f"{x:.10e}" for x in numbers)]) + "\n")


def write_echonest(path: Path, ids: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        for i in range(3):
            out.writerow(["", *(column[i] for column in ECHONEST_COLUMNS)])
        out.writerow(["track_id", *[""] * len(ECHONEST_COLUMNS)])
        for track_id in ids:
            numbers = [(track_id % 7 + i) / 20 for i in range(8)]
            out.writerow([track_id, *numbers, "", 'An "album",\nof two lines'])


def write_raw_tracks(path: Path, ids: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["track_id", "album_id", "track_title", "track_url"])
        for track_id in ids:
            out.writerow([track_id, 1, "A\ntitle", f"http://freemusicarchive.org/music/{track_id}"])


def write_fma(folder: Path, ids: Sequence[int], **tracks: Any) -> Path:
    """``tracks.csv``, ``genres.csv`` and ``features.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tracks(folder / "tracks.csv", ids, **tracks)
    (folder / "genres.csv").write_text(GENRES, "utf-8")
    write_features(folder / "features.csv", ids)
    return folder


def packed(folder: Path, path: Path) -> Path:
    """The folder as ``fma_metadata.zip``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"fma_metadata/{file.name}")
    return path


def state_of(library: Library) -> dict[str | None, tuple[Any, ...]]:
    """All that a library knows of each track, by its id in FMA, but for when it was added."""
    ids, vectors = library.vectors(SPEC.space)
    rows = dict(zip(ids, vectors, strict=True))
    facts = ("path", "tags", "duration_s", "url", "details", "content_hash", "missing_since")
    return {
        t.source_id: (*(getattr(t, name) for name in facts), library.labels(t), rows[t.id].tobytes())
        for t in library
    }
