"""The ids and vectors of a DataFrame's rows: which columns hold them, and batches of them as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.track import Vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def with_vectors(rows: DataFrame, vector: str | None, id_column: str | None) -> DataFrame:
    """Columns ``id``, a string, and ``vector``, an array of floats or null.

    Parameters
    ----------
    vector : the column of vectors: an array of numbers, or a struct with one, as ``embed`` makes them; needed
        where there are several
    id_column : by default ``path`` where there is one, else ``id``

    Raises
    ------
    UsageError
        Where there is no such column, or it is not clear which one is meant.
    """
    from pyspark.sql import functions

    columns = {field.name: _path_to_vector(field) for field in rows.schema.fields}
    candidates = {name: path for name, path in columns.items() if path}
    chosen = vector or (next(iter(candidates)) if len(candidates) == 1 else None)
    if chosen not in candidates:
        found = ", ".join(candidates) or "none"
        raise UsageError(
            f"which column holds the vectors? vector is {vector!r}; with vectors there are: {found}"
        )
    name = id_column or ("path" if "path" in columns else "id")
    if name not in columns:
        raise UsageError(f"there is no column {name!r}; there are {', '.join(columns)}")
    return rows.select(
        functions.col(name).cast("string").alias("id"),
        functions.col(str(candidates[chosen])).cast("array<float>").alias("vector"),
    )


def _path_to_vector(field: Any) -> str | None:
    """How Spark names the vector in a column; none where it holds none."""
    from pyspark.sql.types import ArrayType, NumericType, StructType

    kind = field.dataType
    if isinstance(kind, ArrayType) and isinstance(kind.elementType, NumericType):
        return str(field.name)
    if isinstance(kind, StructType) and "vector" in kind.names:
        return f"{field.name}.vector"
    return None


def arrays_of(batch: pa.RecordBatch, dim: int | None) -> tuple[list[str], Vectors, NDArray[np.bool_]]:
    """Ids, float32 (n, dim), and which rows have a vector: finite, not all zero, of the right length.

    Parameters
    ----------
    dim : of the first vector where it is not known
    """
    import pyarrow.compute as pc

    column = batch.column("vector")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), -1))
    if dim is None:
        dim = next((n for n in lengths.tolist() if n > 0), 0)
    there = lengths == dim
    vectors = np.zeros((len(batch), dim), np.float32)
    if dim:
        numbers = column.filter(_arrow(there)).flatten()  # nulls among them become NaN
        vectors[there] = np.asarray(numbers.to_numpy(zero_copy_only=False), np.float32).reshape(-1, dim)
    there &= np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    return batch.column("id").to_pylist(), vectors, there


def _arrow(mask: NDArray[np.bool_]) -> Any:
    import pyarrow as pa

    return pa.array(mask)
