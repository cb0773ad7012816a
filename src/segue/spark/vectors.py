"""The ids and vectors of a DataFrame's rows: which columns hold them, and batches of them as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.track import Vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def id_column_of(rows: DataFrame, id_column: str | None) -> str:
    """The column of ids: by default ``id``, ``path`` or ``_id``, the first that is there.

    Raises
    ------
    UsageError
        Where there is no such column.
    """
    usual = next((name for name in ("id", "path", "_id") if name in rows.columns), "id")
    name = id_column or usual
    if name not in rows.columns:
        raise UsageError(f"there is no column {name!r}; there are {', '.join(rows.columns)}")
    return name


def with_vectors(
    rows: DataFrame, vector: str | None, id_column: str | None, also: Sequence[str] = ()
) -> DataFrame:
    """Columns ``id``, a string, and ``vector``, an array of floats or null.

    Parameters
    ----------
    vector : the column of vectors: an array of numbers, or a struct with one, as ``embed`` makes them; needed
        where there are several
    id_column : as for ``id_column_of``
    also : columns that stay

    Raises
    ------
    UsageError
        Where there is no such column, or it is not clear which one is meant.
    """
    from pyspark.sql import functions

    candidates = dict(pair for field in rows.schema.fields for pair in _vectors_in(field))
    chosen = vector or (next(iter(candidates)) if len(candidates) == 1 else None)
    if chosen not in candidates:
        names = ", ".join(candidates) or "none"
        raise UsageError(
            f"which column holds the vectors? vector is {vector!r}; with vectors there are: {names}"
        )
    return rows.select(
        functions.col(id_column_of(rows, id_column)).cast("string").alias("id"),
        functions.col(candidates[chosen]).cast("array<float>").alias("vector"),
        *also,
    )


def _vectors_in(field: Any) -> Iterator[tuple[str, str]]:
    """The vectors of a column: what people call each, and how Spark does."""
    from pyspark.sql.types import StructType

    kind = field.dataType
    if _is_vector(kind):
        yield field.name, f"`{field.name}`"
    elif isinstance(kind, StructType) and "vector" in kind.names:
        yield field.name, f"`{field.name}`.vector"
    elif isinstance(kind, StructType):
        for inner in kind.fields:
            if _is_vector(inner.dataType):
                yield f"{field.name}.{inner.name}", f"`{field.name}`.`{inner.name}`"


def _is_vector(kind: Any) -> bool:
    from pyspark.sql.types import ArrayType, NumericType

    return isinstance(kind, ArrayType) and isinstance(kind.elementType, NumericType)


def arrays_of(batch: pa.RecordBatch, dim: int | None) -> tuple[Vectors, NDArray[np.bool_]]:
    """float32 (n, dim), and which rows have a vector: finite, not all zero, of the right length.

    Parameters
    ----------
    dim : of the first vector where it is not known
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = batch.column("vector")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), -1))
    if dim is None:
        dim = next((n for n in lengths.tolist() if n > 0), 0)
    valid = lengths == dim
    if not dim:
        return np.zeros((len(batch), 0), np.float32), np.zeros(len(batch), np.bool_)
    kept = column if valid.all() else column.filter(pa.array(valid))  # nulls among the numbers become NaN
    vectors = np.asarray(kept.flatten().to_numpy(zero_copy_only=False), np.float32).reshape(-1, dim)
    if len(vectors) < len(valid):
        filled = np.zeros((len(valid), dim), np.float32)
        filled[valid] = vectors
        vectors = filled
    valid &= np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    return vectors, valid
