"""A library's tracks and vectors for other programs: JSON, CSV, Parquet, npy."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import MissingExtraError
from segue.files import replacing
from segue.track import Tags, Track, TrackId

Names = Mapping[TrackId, str]  # of clusters; none at all where none were found

COLUMNS = (
    "id",
    "path",
    *(field.name for field in fields(Tags)),
    *(field.name for field in fields(Track) if field.name not in {"id", "path", "tags"}),
)


def as_record(track: Track) -> dict[str, Any]:
    """A track's fields, flat, by the names in ``COLUMNS``; names of files made valid Unicode."""
    values = asdict(track)
    values |= values.pop("tags")
    values["path"] = readable(track.path)
    return {name: values[name] for name in COLUMNS}


def readable(path: str) -> str:
    """The path as text that any program takes; bytes that are no text become \\x escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def write_json(tracks: Iterable[Track], vectors: NDArray[Any] | None, out: IO[str], clusters: Names) -> None:
    """One array, a track a line; with a list ``vector`` each if asked for."""
    out.write("[")
    for i, record in enumerate(_records(tracks, vectors, clusters)):
        out.write(("," if i else "") + "\n" + json.dumps(record, ensure_ascii=False))
    out.write("\n]\n")


def write_csv(tracks: Iterable[Track], out: IO[str], clusters: Names) -> None:
    """A header, then a track a line."""
    rows = csv.DictWriter(out, _columns(clusters), lineterminator="\n")
    rows.writeheader()
    rows.writerows(_flat(record) for record in _records(tracks, None, clusters))


def write_parquet(tracks: Iterable[Track], vectors: NDArray[Any] | None, path: Path, clusters: Names) -> None:
    """One table; with a column ``vector`` of lists if asked for.

    Raises
    ------
    MissingExtraError
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("Parquet export", "parquet") from error
    records = [_flat(record) for record in _records(tracks, vectors, clusters)]
    names = [*_columns(clusters), *(["vector"] if vectors is not None else [])]
    table = pa.table({name: [record[name] for record in records] for name in names})
    with replacing(path) as part:
        pq.write_table(table, part)


def write_npy(tracks: Sequence[Track], vectors: NDArray[Any], path: Path, clusters: Names) -> Path:
    """The matrix, and beside it a CSV whose line i + 1 is the track of row i; that file's path."""
    beside = path.with_suffix(".csv")
    with replacing(path) as part, part.open("wb") as f:
        np.save(f, np.ascontiguousarray(vectors), allow_pickle=False)
    save_text(beside, lambda out: write_csv(tracks, out, clusters))
    return beside


def save_text(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Have ``write`` fill a file in UTF-8."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as f:
        write(f)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its details as JSON, for tables."""
    return record | {"details": json.dumps(record["details"], ensure_ascii=False)}


def _columns(clusters: Names) -> tuple[str, ...]:
    return (*COLUMNS, "cluster") if clusters else COLUMNS


def _records(
    tracks: Iterable[Track], vectors: NDArray[Any] | None, clusters: Names
) -> Iterator[dict[str, Any]]:
    for i, track in enumerate(tracks):
        record = as_record(track)
        if clusters:
            record["cluster"] = clusters.get(track.id)
        if vectors is not None:
            record["vector"] = vectors[i].tolist()
        yield record
