"""Vectors of any origin as a source."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError, UsageError
from segue.paths import expand_home
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, validate_name, vector_faults
from segue.sources.table.chunks import Chunk
from segue.sources.table.columns import map_columns
from segue.sources.table.fields import clean_fields
from segue.sources.table.ids import refuse_rounded
from segue.sources.table.reader import open_table
from segue.sources.vectors.arrays import ArrayMatrix
from segue.sources.vectors.metadata import Metadata, MetadataRows
from segue.sources.vectors.parts import Part
from segue.sources.vectors.reader import open_matrix, read_ids
from segue.spec import COSINE, EmbedderSpec, SpaceSettings, metric_named
from segue.track import clean

TRANSFORMS = ("raw", "centered", "fitted")


class Vectors:
    """A matrix whose rows are tracks.

    Parameters
    ----------
    vectors
        (n, dim) in memory or mapped; or the path of an ``.npy`` or ``.npz`` file, or of a Parquet, CSV or
        JSON file with a column of lists called vector or embedding, or with a column of numbers a dimension.
    ids
        What the rows are called, or a file with a line each; by default, the file's own ids, those of the
        metadata, or the numbers of the rows from 0.
    metadata
        A table of what is known of the tracks: with ids the rows are found by them, else the first is that
        of the first vector.
    name
        The source's name in the library; by default, the file's name.
    space
        Of the vectors.
    metric
        By which they are compared: cosine, euclidean, manhattan, dot, or hamming for packed bits.
    transform
        raw, as they are; centered, less their mean; or fitted, standardized and whitened.
    column
        Of a table, the column of lists; of an ``.npz`` file, the array.
    encoding
        Of text files; by default, what their first bytes say.
    rounded_ids
        Take ids although a spreadsheet has rounded them.

    Raises
    ------
    SourceError
        Where a file cannot be read or has no vectors.
    UsageError
    """

    kind = "vectors"
    unit = "rows"
    whole = True

    def __init__(  # noqa: PLR0913 - each is a choice of its own, and most are left as they are
        self,
        vectors: str | Path | NDArray[Any],
        *,
        ids: str | Path | Sequence[str] | None = None,
        metadata: Any = None,
        name: str | None = None,
        space: str = "vectors",
        metric: str = COSINE,
        transform: str = "raw",
        column: str | None = None,
        encoding: str | None = None,
        rounded_ids: bool = False,
    ) -> None:
        if isinstance(vectors, str | Path):
            self.location, stem = str(vectors), Path(vectors).name.split(".")[0].replace(":", "-")
            self._matrix = open_matrix(expand_home(vectors), column, encoding)
        else:
            self.location, stem = "an array", "vectors"
            self._matrix = ArrayMatrix(vectors, self.location)
        self.name = validate_name(name or stem)
        self.total = self._matrix.total
        self._ids = read_ids(expand_home(ids), encoding) if isinstance(ids, str | Path) else ids
        if self._ids is not None and self.total is not None and len(self._ids) != self.total:
            raise SourceError(f"{self.location} has {self.total} rows, but there are {len(self._ids)} ids")
        self._settings = settings_for(metric, transform)
        self._spec = make_spec(space, self._matrix.dim, self._matrix.dtype)
        if metric == "hamming" and self._matrix.dtype != "uint8":
            raise UsageError("hamming compares packed bits: uint8 vectors, as numpy.packbits makes them")
        own = map_columns(self._matrix.columns, {}, features=False, needed=False)
        self._own_id = own.fields.get("id")
        has_ids = self._ids is not None or self._own_id is not None or self._matrix.has_ids
        self._metadata = None if metadata is None else Metadata(open_table(metadata, encoding), by_id=has_ids)
        self._columns = self._metadata.columns if self._metadata else own
        if not rounded_ids and (first := next(self._matrix.parts(), None)):
            refuse_rounded(self._given_ids(first) or [], self.location)

    def spaces(self) -> list[Space]:
        names = [f"{self._spec.name}_{i:04d}" for i in range(self._spec.dim)]
        return [Space(self._spec, names, self._settings)]

    def batches(self) -> Iterator[ImportBatch]:
        described = self._metadata.from_start() if self._metadata else None
        last: ImportBatch | None = None
        for batch in self._batches(described):
            if last:
                yield last
            last = batch
        if last and described:
            yield replace(last, cleaning=Counter(last.cleaning) + Counter(described.mismatch()))
        elif last:
            yield last

    def _batches(self, described: MetadataRows | None) -> Iterator[ImportBatch]:
        for part in self._matrix.parts():
            ids = self._given_ids(part)
            counts = Counter(part.steps)
            own = Chunk(part.columns, part.places, 0)
            chunk = described.of(part.places, ids) if described else own
            if ids is None:
                column = self._columns.fields.get("id")
                ids = (
                    [str(place) for place in part.places] if column is None else _texts(chunk.columns[column])
                )
            fields = clean_fields(chunk, self._columns, counts)
            yield self._batch(part, ids, fields, dict(counts), chunk.problems)

    def _given_ids(self, part: Part) -> list[str] | None:
        if self._ids is not None:
            n = len(self._ids)
            return _texts([self._ids[place] if place < n else None for place in part.places])
        if part.ids is not None:
            return _texts(part.ids)
        return None if self._own_id is None else _texts(part.columns[self._own_id])

    def _batch(
        self,
        part: Part,
        ids: list[str],
        fields: Mapping[str, Sequence[Any]],
        counts: dict[str, int],
        problems: Sequence[Problem],
    ) -> ImportBatch:
        vectors = part.vectors if self._spec.dtype == "uint8" else to_float32(part.vectors)
        wrong = self._wrong(part, vectors)
        kept = [i for i, name in enumerate(ids) if name and i not in wrong]
        bad = [
            Problem(
                f"row {part.first + part.places[i]}" + (f" ({name})" if name else ""),
                wrong.get(i, "it has no id"),
            )
            for i, name in enumerate(ids)
            if not name or i in wrong
        ]
        columns = {key: [values[i] for i in kept] for key, values in fields.items()}
        rows = SpaceRows.without_windows(vectors[kept])
        hashes = _hashes(vectors[kept], columns, self._spec.digest())
        last = part.places[-1] + 1 if len(part.places) else 0
        return ImportBatch(
            self.name,
            [ids[i] for i in kept],
            hashes,
            columns,
            {self._spec.space: rows},
            done=last if part.done is None else part.done,
            problems=[*part.problems, *problems, *bad],
            cleaning=counts,
        )

    def _wrong(self, part: Part, vectors: NDArray[Any]) -> dict[int, str]:
        """What is wrong with rows that have no place in the space."""
        faults = vector_faults(vectors, self._settings)
        return {i: f"its vector {fault}" for i, fault in faults.items()} | dict(part.faults)


def _texts(values: Sequence[Any]) -> list[str]:
    return ["" if value is None else clean(str(value).strip()) or "" for value in values]


def _hashes(vectors: NDArray[Any], columns: Mapping[str, Sequence[Any]], spec: str) -> NDArray[np.int64]:
    facts = list(zip(*columns.values(), strict=True)) or [()] * len(vectors)
    digests = [
        hashlib.blake2b(row.tobytes() + repr(fact).encode() + spec.encode(), digest_size=8).digest()
        for row, fact in zip(np.ascontiguousarray(vectors), facts, strict=True)
    ]
    return np.frombuffer(b"".join(digests), np.int64)


def to_float32(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """What float32 cannot hold becomes infinite."""
    with np.errstate(over="ignore"):
        return vectors.astype(np.float32)


def settings_for(metric: str, transform: str) -> SpaceSettings:
    name = metric_named(metric)
    if transform == "centred":  # its spelling before
        transform = "centered"
    if transform not in TRANSFORMS:
        raise UsageError(f"no transform {transform!r}; there are: {', '.join(TRANSFORMS)}")
    if transform != "raw" and name != COSINE:
        raise UsageError(f"vectors are compared by {metric} only as they are: transform raw, not {transform}")
    return SpaceSettings(transform=transform, metric=name)


def make_spec(space: str, dim: int, dtype: str) -> EmbedderSpec:
    validate_name(space)
    if "/" in space or "\\" in space or space.startswith("."):
        raise UsageError(f"a space cannot be called {space!r}: expected letters, digits and hyphens")
    return EmbedderSpec(
        name=space, version=1, accepts="features", dim=dim, sr=0, window_s=0.0, hop_s=0.0,
        dtype="uint8" if dtype == "uint8" else "float32", license="their owner's",
        reference="vectors of any origin",
    )  # fmt: skip
