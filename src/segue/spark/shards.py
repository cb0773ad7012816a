"""An index in shards as one: in a worker of Spark's, or in any program."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError, VectorError
from segue.index import Index
from segue.index.metric import check_vectors
from segue.paths import expand_home
from segue.spark.index import ShardedIndex
from segue.track import Vector

if TYPE_CHECKING:
    import pyarrow as pa


class Shards:
    """All shards of an index, mapped: the programs of a machine share their memory.

    Parameters
    ----------
    folder : that ``build_index`` filled
    names : of its shards
    """

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        import pyarrow.parquet as pq

        self._indexes = [Index.open(folder / f"{name}.index") for name in names]
        self.dim = self._indexes[0].dim if names else 0
        tables = [pq.read_table(folder / f"{name}.parquet") for name in names]
        self._starts = np.cumsum([0, *(len(table) for table in tables)])
        self._names = [table["id"].combine_chunks() for table in tables]  # to take some of them in no time

    @classmethod
    def open(cls, folder: str | Path) -> Shards:
        """Those of a folder. Raises UsageError where it holds no index."""
        path = expand_home(folder).absolute()
        return cls(path, ShardedIndex.load(path).shards)

    @classmethod
    @lru_cache(maxsize=1)
    def mapped(cls, folder: str, names: tuple[str, ...]) -> Shards:
        """Those that this process searched last, which stay open."""
        return cls(Path(folder), names)

    def __repr__(self) -> str:
        return f"<Shards: {self.n_shards}, with {len(self)} rows of {self.dim} numbers>"

    @property
    def n_shards(self) -> int:
        """How many there are."""
        return len(self._indexes)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def nearest(self, vector: Vector, k: int = 10, *, recall: float = 0.95) -> list[tuple[str, float]]:
        """Ids and cosines of the k rows that are nearest to a vector, nearest first.

        Raises
        ------
        VectorError
        """
        rows, scores = self.query(self.checked(np.asarray(vector, np.float32))[None], k, recall)
        return list(zip(self.names(rows.ravel()).to_pylist(), scores.ravel().tolist(), strict=True))

    def checked(self, vector: Vector) -> Vector:
        """The vector, if the index can compare it.

        Raises
        ------
        VectorError
            Where it has another length than those of the index, is zero, or not finite.
        """
        if self.dim and vector.shape != (self.dim,):
            raise VectorError(f"the vector has the shape {vector.shape}, expected ({self.dim},)", 0)
        check_vectors(vector[None], "cosine")
        return vector

    def vector_of(self, name: str) -> Vector:
        """The vector of a row. Raises UsageError where no row has this id."""
        import pyarrow.compute as pc

        for names, index in zip(self._names, self._indexes, strict=True):
            if (at := pc.index(names, name).as_py()) >= 0:
                return np.asarray(index.take(index.ids[at : at + 1])[0], np.float32)
        raise UsageError(f"the index has no row {name!r}")

    def query(
        self, vectors: NDArray[np.float32], k: int, recall: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """int64 and float32 (n, <= k): rows over all shards, and cosines, nearest first."""
        k = min(k, int(self._starts[-1]))
        if not k or not len(vectors):
            return np.zeros((len(vectors), 0), np.int64), np.zeros((len(vectors), 0), np.float32)
        query = vectors[0] if len(vectors) == 1 else vectors  # an index answers a single vector the quick way
        parts = [index.query(query, min(k, len(index)), recall=recall) for index in self._indexes]
        rows = np.concatenate(
            [ids + start for (ids, _), start in zip(parts, self._starts, strict=False)], axis=1
        )
        distances = np.concatenate([d for _, d in parts], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rows, order, axis=1), 1 - np.take_along_axis(distances, order, axis=1)

    def names(self, rows: NDArray[np.int64]) -> pa.Array:
        """The ids of rows over all shards, (n,) strings."""
        import pyarrow as pa

        shard = np.searchsorted(self._starts, rows, side="right") - 1
        by_shard = np.argsort(shard, kind="stable")
        none = pa.array([], pa.string())
        parts = [names.take(rows[shard == i] - self._starts[i]) for i, names in enumerate(self._names)]
        return pa.concat_arrays([none, *parts]).take(np.argsort(by_shard))
