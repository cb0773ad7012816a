"""A library's tracks and vectors for other programs: JSON, CSV, Parquet, npy."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import MissingExtraError
from segue.files import replacing
from segue.track import Tags, Track, TrackId, readable

Names = Mapping[TrackId, str]  # of clusters; none at all where none were found
Rows = Iterable[tuple[Track, NDArray[Any] | None]]  # tracks, and their vectors where those are wanted

COLUMNS = (
    "id",
    "path",
    *(field.name for field in fields(Tags)),
    *(field.name for field in fields(Track) if field.name not in {"id", "path", "tags"}),
)

_GROUP = 20_000  # rows of a Parquet file's group
_KINDS = {
    **dict.fromkeys(("year", "track_number", "disc_number", "sr", "channels", "size"), "int64"),
    **dict.fromkeys(("duration_s", "added_at", "missing_since"), "float64"),
}  # of columns; the others are text


def as_record(track: Track) -> dict[str, Any]:
    """A track's fields, flat, by the names in ``COLUMNS``; names of files made valid Unicode."""
    values = asdict(track)
    values |= values.pop("tags")
    values["path"] = readable(track.path)
    return {name: values[name] for name in COLUMNS}


def write_json(rows: Rows, out: IO[str], clusters: Names) -> None:
    """One array, a track a line; with a list ``vector`` where there is one."""
    out.write("[")
    for i, record in enumerate(_records(rows, clusters)):
        out.write(("," if i else "") + "\n" + json.dumps(record, ensure_ascii=False))
    out.write("\n]\n")


def write_csv(rows: Rows, out: IO[str], clusters: Names, *, vectors: bool = False) -> None:
    """A header, then a track a line; with a column ``vector`` of lists in JSON, if asked for.

    A column for each number would stand among the others, and be taken for what a track is.
    """
    columns = (*_columns(clusters), "vector") if vectors else _columns(clusters)
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(columns)
    for track, vector in rows:
        (record,) = _records([(track, None)], clusters)
        cells = [_flat(record)[name] for name in _columns(clusters)]
        lines.writerow(cells if not vectors or vector is None else [*cells, _numbers(vector)])


def _numbers(vector: NDArray[Any]) -> str:
    """A list in JSON, each number as short as its type allows: 0.1, not 0.10000000149; empty for none."""
    return "" if np.isnan(vector).all() else f"[{', '.join(str(x) for x in vector)}]"


def write_parquet(rows: Rows, path: Path, clusters: Names, vectors: np.dtype[Any] | None) -> None:
    """One table; with a column ``vector`` of lists of this type if there is one.

    Raises
    ------
    MissingExtraError
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("Parquet export", "parquet") from error
    columns = [(name, pa.type_for_alias(_KINDS.get(name, "string"))) for name in _columns(clusters)]
    if vectors is not None:
        columns.append(("vector", pa.list_(pa.from_numpy_dtype(vectors))))
    schema = pa.schema(columns)
    records = (_flat(record) for record in _records(rows, clusters))
    with replacing(path) as part, pq.ParquetWriter(part, schema) as writer:
        while group := list(islice(records, _GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))


def write_npy(rows: Rows, path: Path, clusters: Names, shape: tuple[int, np.dtype[Any]]) -> tuple[int, Path]:
    """The matrix, and beside it a CSV whose line i + 1 is the track of row i; how many, and that file's path.

    The CSV of ``x.npy`` is ``x.tracks.csv``, as ``x.csv`` may be an export of its own.

    Parameters
    ----------
    shape : the size of a vector, and its type
    """
    dim, dtype = shape
    beside = path.with_suffix(".tracks.csv")
    n = 0

    def write_rows(f: IO[bytes]) -> Iterator[Track]:
        nonlocal n
        for track, vector in rows:
            f.write(np.ascontiguousarray(vector).tobytes())
            n += 1
            yield track

    with replacing(path) as part, part.open("wb") as f:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(f, header | {"shape": (n, dim)})
        save_text(beside, lambda out: write_csv(without_vectors(write_rows(f)), out, clusters))
        f.seek(0)  # the header has room for any number of rows
        np.lib.format.write_array_header_1_0(f, header | {"shape": (n, dim)})
    return n, beside


def without_vectors(tracks: Iterable[Track]) -> Rows:
    """Tracks alone, for functions that take vectors too."""
    return ((track, None) for track in tracks)


def save_text(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Have ``write`` fill a file in UTF-8."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as f:
        write(f)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its details as JSON, for tables."""
    return record | {"details": json.dumps(record["details"], ensure_ascii=False)}


def _columns(clusters: Names) -> tuple[str, ...]:
    return (*COLUMNS, "cluster") if clusters else COLUMNS


def _records(rows: Rows, clusters: Names) -> Iterator[dict[str, Any]]:
    for track, vector in rows:
        record = as_record(track)
        if clusters:
            record["cluster"] = clusters.get(track.id)
        if vector is not None:
            record["vector"] = vector.tolist()
        yield record
