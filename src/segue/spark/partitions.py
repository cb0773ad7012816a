"""Each shard in a partition of its own, so that no task has two and none is idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MOST = 1000  # shards: among more, it hardly matters that some tasks have several
_KEYS = 64  # tried for each partition, at first
_SEED = 42  # of Spark's hash


def by_shard(rows: DataFrame, shards: int) -> DataFrame:
    """Rows with a column ``shard``, from 0 on, those of each shard in a partition of its own.

    Spark puts rows where the hash of a key says; by the shard's number, both of two may lie together. So the
    key is one whose hash is right. Sail hashes in another way: there, some shards still share a partition.
    """
    from pyspark.sql import functions

    if shards > _MOST:
        return rows.repartition(shards, "shard")
    keys = functions.array(*(functions.lit(key) for key in partition_keys(shards).tolist()))
    placed = rows.withColumn("place", functions.element_at(keys, functions.col("shard") + 1))
    return placed.repartition(shards, "place").drop("place")


def partition_keys(count: int) -> NDArray[np.int32]:
    """int32 (count,): for each of as many partitions, a number that Spark puts into it."""
    tried = _KEYS * count
    while True:
        partitions, keys = np.unique(spark_hash(np.arange(tried)) % count, return_index=True)
        if len(partitions) == count:
            return keys.astype(np.int32)
        tried *= 2


def spark_hash(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """What Spark's ``hash`` gives for 32-bit integers: Murmur 3 (Appleby 2008), as a signed number."""
    mixed = numbers.astype(np.uint32) * np.uint32(0xCC9E2D51)
    mixed = _rotate(mixed, 15) * np.uint32(0x1B873593)
    mixed = _rotate(mixed ^ np.uint32(_SEED), 13) * np.uint32(5) + np.uint32(0xE6546B64)
    mixed ^= np.uint32(4)  # bytes
    mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (mixed ^ (mixed >> np.uint32(16))).view(np.int32).astype(np.int64)


def _rotate(numbers: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    return numbers << np.uint32(bits) | numbers >> np.uint32(32 - bits)
