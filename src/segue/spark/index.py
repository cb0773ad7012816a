"""An index in shards: each worker makes Segue's own index files of the rows that it is given."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segue.errors import UsageError
from segue.files import replacing
from segue.index import Index
from segue.index.batches import use_threads
from segue.paths import expand_home
from segue.spark.manifest import NAME, writing
from segue.spark.partitions import by_shard
from segue.spark.session import task_threads
from segue.spark.vectors import arrays_of, with_vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

SHARD_ROWS = 1_000_000  # a worker holds the vectors of so many rows at once
_RESULT = "name string, rows long, dim int, left_out long, twice string"


@dataclass(frozen=True, slots=True)
class ShardedIndex:
    """What a folder's index was made of.

    Attributes
    ----------
    job : which column, and a sum over the ids
    dim, rows : of the vectors
    left_out : rows without a vector, or with one that cannot be compared
    shards : names of files, without their endings
    """

    job: str
    dim: int
    rows: int
    left_out: int
    shards: tuple[str, ...]

    @classmethod
    def load(cls, folder: str | Path) -> ShardedIndex:
        """That of a folder. Raises UsageError where it holds none."""
        path = Path(folder) / NAME
        try:
            content = json.loads(path.read_text("utf-8"))
            if content.pop("kind") != "index" or content.pop("format") != 1:
                raise UsageError(f"{path} is no manifest of an index that this Segue reads")
            return cls(**{**content, "shards": tuple(content["shards"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{folder} holds no index, as build_index makes them: {error}") from error


def build_index(
    rows: DataFrame,
    *,
    into: str | Path,
    vector: str | None = None,
    id_column: str | None = None,
    shard_rows: int = SHARD_ROWS,
) -> ShardedIndex:
    """Build an index over the vectors of a DataFrame, by the cosine, as files that ``nearest`` searches.

    A row without a vector, or with one that is zero or not finite, is left out and counted.

    Parameters
    ----------
    into : a folder that this machine and the workers have at the same place; where it holds the same index
        already, which is one of the same ids, nothing is done: other vectors need another folder
    vector, id_column : which columns; as for ``nearest``
    shard_rows : rows of a shard at the most, about

    Raises
    ------
    UsageError
        Where an id is there twice, or the folder holds another index.
    """
    folder = expand_home(into).absolute()
    rows = with_vectors(rows, vector, id_column)
    from pyspark.sql import functions

    n, total = rows.agg(functions.count("id"), functions.sum(functions.crc32("id"))).collect()[0]
    job = f"{n} rows, column {vector or 'vector'}, ids {total or 0}"
    with writing(folder):
        if (folder / NAME).exists():
            existing = ShardedIndex.load(folder)
            if existing.job != job:
                raise UsageError(f"{folder} holds an index of {existing.job}; this one is of {job}")
            return existing
        shards = max(1, -(-int(n) // shard_rows))
        shard = functions.pmod(functions.crc32("id"), functions.lit(shards)).cast("int")
        sharded = by_shard(rows.withColumn("shard", shard), shards)
        results = sharded.mapInArrow(_stage(str(folder), job), _RESULT).collect()
        return commit(folder, job, [row.asDict() for row in results])


def commit(folder: Path, job: str, shards: list[dict[str, Any]]) -> ShardedIndex:
    """Have the shards that ``build_part`` made count. Raises UsageError where they do not fit together."""
    twice = next((shard["twice"] for shard in shards if shard["twice"]), None)
    if twice is not None:
        raise UsageError(f"the id {twice!r} is there twice; expected each once")
    dims = {shard["dim"] for shard in shards if shard["rows"]}
    if len(dims) > 1:
        raise UsageError(f"vectors have {', '.join(map(str, sorted(dims)))} numbers; expected as many in all")
    index = ShardedIndex(
        job,
        dims.pop() if dims else 0,
        sum(shard["rows"] for shard in shards),
        sum(shard["left_out"] for shard in shards),
        tuple(sorted(shard["name"] for shard in shards if shard["rows"])),
    )
    with replacing(folder / NAME) as part:
        part.write_text(json.dumps({"kind": "index", "format": 1, **asdict(index)}, indent=1), "utf-8")
    return index


def _stage(folder: str, job: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from build_part(batches, folder, job)

    return stage


def build_part(batches: Iterable[pa.RecordBatch], folder: str, job: str) -> Iterator[pa.RecordBatch]:
    """Build the index of each shard among some rows; a file's name is made of what goes into it."""
    import pyarrow as pa

    shards: dict[int, list[pa.RecordBatch]] = {}
    for batch in batches:
        numbers = np.asarray(batch.column("shard"))
        present = np.unique(numbers).tolist()
        for shard in present:
            part = batch if len(present) == 1 else batch.filter(pa.array(numbers == shard))
            shards.setdefault(shard, []).append(part)
    for shard, parts in sorted(shards.items()):
        columns = _build_shard(Path(folder), f"{job}/{shard}", pa.Table.from_batches(parts))
        yield pa.RecordBatch.from_pylist([columns], schema=_result_schema())


def _result_schema() -> pa.Schema:
    import pyarrow as pa

    numbers = {"rows": pa.int64(), "dim": pa.int32(), "left_out": pa.int64()}
    return pa.schema([("name", pa.string()), *numbers.items(), ("twice", pa.string())])


def _build_shard(folder: Path, shard: str, rows: pa.Table) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    (batch,) = rows.combine_chunks().to_batches()
    vectors, has_vector = arrays_of(batch, None)
    order = pc.sort_indices(batch.column("id"))
    ids = batch.column("id").take(order)
    twice = ids[1:].filter(pc.equal(ids[1:], ids[:-1])).slice(0, 1).to_pylist()
    kept = np.asarray(order)[has_vector[np.asarray(order)]]
    result = {
        "rows": len(kept), "dim": vectors.shape[1], "left_out": len(ids) - len(kept),
        "twice": twice[0] if twice else None,
    }  # fmt: skip
    name = hashlib.sha256(f"{shard} {vectors.shape}".encode()).hexdigest()[:24]
    if len(kept) and not twice and not (folder / f"{name}.index").exists():
        mark = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        parts = {end: folder / f".{name}.{mark}{end}.part" for end in (".npy", ".parquet", ".index")}
        with parts[".npy"].open("wb") as file:
            np.save(file, vectors[kept])
        pq.write_table(pa.table({"id": batch.column("id").take(pa.array(kept))}), parts[".parquet"])
        for end in (".npy", ".parquet"):
            parts[end].replace(folder / f"{name}{end}")
        with use_threads(task_threads()):
            Index.build(folder / f"{name}.npy").save(parts[".index"])
        parts[".index"].replace(folder / f"{name}.index")
    return {"name": name, **result}
