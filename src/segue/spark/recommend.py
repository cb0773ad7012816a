"""The nearest of all rows to one of them: a single pass, without an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from segue.errors import UsageError
from segue.spark.vectors import arrays_of, id_column_of, with_vectors
from segue.track import Vector

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

SHOWN = ("title", "artist")  # columns that go with an answer where they are there


def recommend(
    rows: DataFrame, song_id: str, *, k: int = 10, vector: str | None = None, id_column: str | None = None
) -> DataFrame:
    """The k rows that are nearest to one of them, by the cosine; itself is not among them.

    Parameters
    ----------
    rows : with an id and a vector
    vector, id_column : which columns; as for ``nearest``

    Returns
    -------
    DataFrame
        ``rank`` from 1, ``id``, ``score``, the cosine, and ``title`` and ``artist`` where the rows have them.

    Raises
    ------
    UsageError
        Where no row has this id, or its vector cannot be compared.
    """
    from pyspark.sql import functions

    if k < 1:
        raise UsageError(f"k is {k}, expected 1 or more")
    name = id_column_of(rows, id_column)
    same = functions.col(name) == functions.lit(song_id)
    seeds = with_vectors(rows.where(same), vector, name).limit(1).toArrow().combine_chunks()
    if not seeds.num_rows:
        raise UsageError(f"no row has {song_id!r} in the column {name!r}")
    vectors, has_vector = arrays_of(seeds.to_batches()[0], None)
    if not has_vector.all():
        raise UsageError(f"{song_id!r} has no vector that can be compared")
    shown = [column for column in SHOWN if column in rows.columns and column != name]
    result = ", ".join(["rank int", "id string", "score float", *(f"`{column}` string" for column in shown)])
    candidates = with_vectors(rows, vector, name, also=shown)
    unit = vectors[0] / np.linalg.norm(vectors[0])
    partial = candidates.mapInArrow(_search(unit, song_id, k, shown), result)
    return partial.repartition(1).mapInArrow(_merge(k), result)


def _search(
    unit: Vector, song_id: str, k: int, shown: list[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from search_rows(batches, unit, song_id, k, shown)

    return stage


def _merge(k: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        best: pa.Table | None = None
        for batch in batches:
            best = _best(best, batch, k)
        if best is not None:
            yield from best.to_batches()

    return stage


def search_rows(
    batches: Iterable[pa.RecordBatch], unit: Vector, song_id: str, k: int, shown: list[str]
) -> Iterator[pa.RecordBatch]:
    """The best k of some rows, as ``recommend`` returns them.

    Raises
    ------
    UsageError
        Where a vector has another length than the seed's.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    best: pa.Table | None = None
    for batch in batches:
        vectors, has_vector = arrays_of(batch, None)
        others = pc.fill_null(pc.not_equal(batch.column("id"), song_id), False)
        kept = np.flatnonzero(has_vector & np.asarray(others))
        if not len(kept):
            continue
        if vectors.shape[1] != len(unit):
            raise UsageError(f"some vectors have {vectors.shape[1]} numbers; {song_id!r} has {len(unit)}")
        rows = vectors[kept].astype(np.float64)
        scores = (rows @ unit.astype(np.float64)) / np.linalg.norm(rows, axis=1)
        columns = {
            "rank": pa.array(np.zeros(len(kept), np.int32)),
            "id": batch.column("id").take(pa.array(kept)).cast(pa.string()),
            "score": pa.array(scores.astype(np.float32)),
            **{name: batch.column(name).take(pa.array(kept)) for name in shown},
        }
        best = _best(best, pa.RecordBatch.from_pydict(columns), k)
    if best is not None:
        yield from best.to_batches()


def _best(best: pa.Table | None, batch: pa.RecordBatch, k: int) -> pa.Table:
    """The k best of both, ranked; of equal scores, the lesser id comes first."""
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    if best is not None:
        table = pa.concat_tables([best, table])
    table = table.sort_by([("score", "descending"), ("id", "ascending")]).slice(0, k).combine_chunks()
    ranks = pa.array(np.arange(1, len(table) + 1, dtype=np.int32))
    return table.set_column(0, "rank", ranks)
