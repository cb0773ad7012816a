"""A table of songs as a source."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.paths import expand_home
from segue.sources import worker_process
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, merge_small, take, validate_name
from segue.sources.table import cleaning, features
from segue.sources.table.chunks import Chunk
from segue.sources.table.cleaning import Counts
from segue.sources.table.columns import map_columns
from segue.sources.table.conventions import Conventions, find_conventions
from segue.sources.table.fields import clean_features, clean_fields
from segue.sources.table.ids import refuse_rounded
from segue.sources.table.reader import open_table
from segue.spec import SpaceSettings
from segue.track import Vectors, folded

_MOST_MISSING = 0.5  # of a row's features; a row that lacks more is no use


class Table:
    """Rows of songs with Spotify's audio features, in columns that are found by their names.

    Parameters
    ----------
    table
        The path of a CSV or JSON file, packed with gzip, bzip2, xz or zip or not, or of a Parquet file; or a
        data frame of pandas, Polars or Arrow.
    name
        The source's name in the library; by default, the file's name.
    space
        Of their vectors. Tables with the same features may share one.
    columns
        The column of a field or feature, where its name would not tell: ``{"title": "song"}``.
    weights
        How much a feature counts, 1 as usual.
    pad_ids
        Ids of digits get zeros before them up to this length.
    encoding
        Of a text file; by default, what its first bytes say.
    without
        Columns that are ignored.
    rounded_ids
        Take ids although a spreadsheet has rounded them: of rows with the same one, the first counts.

    Raises
    ------
    SourceError
        Where the table cannot be read or has too little.
    UsageError
    """

    kind = "table"
    whole = True

    def __init__(  # noqa: PLR0913 - each is a choice of its own, and most are left as they are
        self,
        table: Any,
        *,
        name: str | None = None,
        space: str = "features",
        columns: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        pad_ids: int = 0,
        encoding: str | None = None,
        without: Sequence[str] = (),
        rounded_ids: bool = False,
    ) -> None:
        is_file = isinstance(table, str | Path)
        self.location = str(table) if is_file else f"a {type(table).__name__}"
        stem = Path(table).name.split(".")[0].replace(":", "-").strip() if is_file else "table"
        self.name = validate_name(name or stem or "table")
        self._rows = open_table(table, encoding)
        self.total, self.unit = self._rows.total, self._rows.unit
        self.columns = map_columns(self._rows.columns, columns or {}, without=without)
        first = next((chunk for chunk in self._rows.chunks() if chunk.numbers), None)
        self._conventions = find_conventions(first, self.columns) if first else Conventions()
        id_column = self.columns.fields.get("id")
        if first and id_column and not rounded_ids:
            refuse_rounded(cleaning.texts(first.columns[id_column], "id", Counter()), self.location)
        self.features = list(self.columns.features)
        if {"duration_ms", "duration_s"} & set(self.columns.fields):
            self.features.append("duration")
        self._space = features.feature_spec(space, self.features)
        self._weights = features.feature_weights(self.features, weights or {})
        self._pad_ids = pad_ids
        self._arguments = {
            "table": self.location, "name": self.name, "space": space, "columns": dict(columns or {}),
            "weights": dict(weights or {}), "pad_ids": pad_ids, "encoding": encoding,
            "without": list(without), "rounded_ids": rounded_ids,
        }  # fmt: skip
        self._in_worker = is_file and worker_process.is_worthwhile(expand_home(table).stat().st_size)

    def spaces(self) -> list[Space]:
        settings = SpaceSettings(weights=self._weights)
        return [Space(self._space, features.dimension_names(self.features), settings)]

    def batches(self) -> Iterator[ImportBatch]:
        return worker_process.read_in_worker(Table, self._arguments) if self._in_worker else self.read()

    def read(self) -> Iterator[ImportBatch]:
        """``batches``, read by this process."""
        return merge_small(self._batches())

    def _batches(self) -> Iterator[ImportBatch]:
        for chunk in self._rows.chunks():
            counts: Counts = Counter(chunk.steps)
            fields = clean_fields(chunk, self.columns, counts, self._conventions)
            durations = fields["duration_s"]
            values = clean_features(chunk, self.columns, durations, counts, self._conventions)
            vectors = features.feature_vectors(values)
            ids = self._ids(chunk, fields, counts)
            kept, problems = self._usable(chunk.numbers, ids, vectors, counts)
            names = [name or "" for name in take(ids, kept)]
            records = self._records(chunk, names, fields, vectors, kept)
            yield replace(
                records, done=chunk.done, problems=[*chunk.problems, *problems], cleaning=dict(counts)
            )

    def _ids(self, chunk: Chunk, fields: Mapping[str, Sequence[Any]], counts: Counts) -> list[str | None]:
        """What the songs are called: by their column, or else by what is known of them."""
        if "id" in self.columns.fields:
            texts = cleaning.texts(chunk.columns[self.columns.fields["id"]], "id", counts)
            return cleaning.pad_ids(texts, self._pad_ids, counts)
        songs = zip(*(fields[name] for name in ("title", "artist", "album") if name in fields), strict=True)
        return [_digest("|".join(map(str, song))) if song[0] else None for song in songs]

    def _usable(
        self, numbers: Sequence[int], ids: Sequence[str | None], vectors: Vectors, counts: Counts
    ) -> tuple[NDArray[np.int64], list[Problem]]:
        """Which rows have an id and enough features, and what is wrong with the others."""
        missing = np.isnan(vectors).sum(axis=1)
        allowed = _MOST_MISSING * vectors.shape[1]
        named = np.array([bool(name) for name in ids], np.bool_)
        usable = named & (missing <= allowed)
        problems = [
            Problem(
                f"row {numbers[i]}" + (f" ({ids[i]})" if ids[i] else ""),
                f"{missing[i]} of {vectors.shape[1]} features are missing" if ids[i] else "it has no id",
            )
            for i in np.flatnonzero(~usable).tolist()
        ]
        holes = int((missing[usable] > 0).sum())
        if holes:
            counts["row with a feature missing, which counts as average"] += holes
        return np.flatnonzero(usable), problems

    def _records(
        self,
        chunk: Chunk,
        ids: list[str],
        fields: Mapping[str, Sequence[Any]],
        vectors: Vectors,
        kept: NDArray[np.int64],
    ) -> ImportBatch:
        columns = {name: take(values, kept) for name, values in fields.items()}
        unknown: list[None] = [None] * len(kept)
        songs = zip(columns.get("title", unknown), columns.get("artist", unknown), ids, strict=True)
        columns["content_hash"] = [
            f"song:{_digest(folded(f'{title}|{artist}'))}" if title and artist else f"{self.name}:{name}"
            for title, artist, name in songs  # the same for one song on several albums
        ]
        rows = SpaceRows.without_windows(vectors if len(kept) == len(vectors) else vectors[kept])
        return ImportBatch(self.name, ids, self._hashes(chunk, kept), columns, {self._space.space: rows})

    def _hashes(self, chunk: Chunk, kept: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of all that the rows say, and of how it is understood."""
        how = zlib.crc32(repr((self._space.digest(), self._pad_ids, self.columns)).encode())
        rows = take(list(zip(*chunk.columns.values(), strict=True)), kept)
        try:
            texts = ["\x1f".join(row).encode("utf-8", "replace") for row in rows]
        except TypeError:  # not all are texts
            texts = [repr(row).encode("utf-8", "replace") for row in rows]
        # Two sums of 32 bits; an id's rows before and after are all that is compared.
        sums = [(zlib.adler32(text) << 32 | zlib.crc32(text, how)) for text in texts]
        return np.array(sums, np.uint64).view(np.int64)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
