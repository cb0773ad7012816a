"""What a core of this machine does, measured within a minute."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.embed.registry import make_embedders
from segue.index import Index
from segue.index.batches import use_threads
from segue.ingest.embed_files import embed_files
from segue.spark.plan import ANALYZED_MIN, Rates, shard_share
from segue.spec import Embedder
from segue.track import Vectors

RECALL = 0.95
_BATCH = 4096  # queries, as a task of Spark asks for them
_SHARED = 32  # directions that all clusters share
_LOCAL = 12  # directions in which the rows of a cluster differ


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    rows : of the indexes; a query's cost varies by a fifth from one to the next
    queries : to each
    index_turns : of building and asking them
    long_min, sr : the length of the longer file, in minutes, and its sampling rate
    turns : of analyzing the files
    """

    rows: tuple[int, ...] = (50_000, 100_000, 200_000)
    queries: int = 10_000
    index_turns: int = 3
    long_min: float = 4.0
    sr: int = 44_100
    turns: int = 5


USUAL = Extent()


def measure(dim: int, models: Sequence[str] | None = None, extent: Extent = USUAL) -> Rates:
    """Rates of one core for vectors of ``dim`` numbers.

    The files are MP3 of noise and tones, the vectors random in clusters; of each, the CPU time is taken.
    """
    with tempfile.TemporaryDirectory() as folder, use_threads(1):
        decode_s, analyze_s = _embedding(Path(folder), models, extent)
        indexes = measure_indexes(Path(folder), extent, dim)
    row_s, shard_s = np.polyfit(extent.rows, [index.build_s for index in indexes], 1)
    in_a_full_shard = [index.query_us / shard_share(n) for index, n in zip(indexes, extent.rows, strict=True)]
    return Rates(
        decode_s=decode_s,
        analyze_s=analyze_s,
        shard_s=max(0.0, float(shard_s)),
        build_us=max(0.0, float(row_s)) * 1e6,
        query_us=float(np.mean(in_a_full_shard)),
        row_bytes=indexes[-1].row_bytes,
        compare_ns=_comparing(dim),
        origin="measured now on a core of this machine",
    )


def _embedding(folder: Path, models: Sequence[str] | None, extent: Extent) -> tuple[float, float]:
    """CPU s a minute of decoding, and of analyzing."""
    embedders = make_embedders(models)
    paths = {minutes: folder / f"{minutes}.mp3" for minutes in (ANALYZED_MIN, extent.long_min)}
    for minutes, path in paths.items():
        write_music(path, minutes, extent.sr)
    turns = [{m: _embed_s(path, embedders) for m, path in paths.items()} for _ in range(extent.turns)]
    least = {m: min(turn[m] for turn in turns) for m in paths}  # in turn: a busy while is in both or in none
    more_min = extent.long_min - ANALYZED_MIN
    decode_s = max(0.0, (least[extent.long_min] - least[ANALYZED_MIN]) / more_min)
    return decode_s, max(0.0, least[ANALYZED_MIN] / ANALYZED_MIN - decode_s)


def _embed_s(path: Path, embedders: Sequence[Embedder]) -> float:
    began = time.process_time()
    for batch in embed_files([path], embedders):
        assert batch.column("error")[0].as_py() is None
    return time.process_time() - began


def write_music(path: Path, minutes: float, sr: int = USUAL.sr) -> None:
    import soundfile

    rng = np.random.default_rng(1)
    with soundfile.SoundFile(path, "w", sr, 2, format="MP3") as file:
        for start in range(0, int(60 * minutes * sr), sr):
            t = (start + np.arange(sr)) / sr
            tone = 0.2 * np.sin(2 * np.pi * 220 * t) * np.exp(-4 * (t % 0.5))
            file.write((tone[:, None] + 0.05 * rng.standard_normal((sr, 2))).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Measured:
    """Of an index: CPU s to build it, us a query to answer, bytes a row of its file."""

    build_s: float
    query_us: float
    row_bytes: float


def measure_indexes(folder: Path, extent: Extent, dim: int, seed: int = 0) -> list[Measured]:
    """The least of some turns, each of all sizes, so that no slow while is in all turns of one size."""
    queries = {}
    for n in extent.rows:
        x = made_vectors(n + extent.queries, dim, seed)
        np.save(folder / f"{n}.npy", x[:n])
        queries[n] = x[n:]
    turns = [
        [_index(folder / f"{n}.npy", queries[n]) for n in extent.rows] for _ in range(extent.index_turns)
    ]
    return [
        Measured(min(one.build_s for one in same), min(one.query_us for one in same), same[0].row_bytes)
        for same in zip(*turns, strict=True)
    ]


def _index(rows: Path, queries: Vectors) -> Measured:
    began = time.process_time()
    index = Index.build(rows, metric="cosine")
    built = time.process_time()
    path = rows.with_suffix(".index")
    index.save(path)
    opened = Index.open(path)  # from its file, as Spark's workers and the service have it
    opened.query(queries[:10], 10, recall=RECALL)
    query_start = time.process_time()
    for start in range(0, len(queries), _BATCH):
        opened.query(queries[start : start + _BATCH], 10, recall=RECALL)
    query_us = (time.process_time() - query_start) / len(queries) * 1e6
    return Measured(built - began, query_us, path.stat().st_size / len(index))


def made_vectors(n: int, dim: int, seed: int = 0) -> Vectors:
    """float32 (n, dim): overlapping clusters of many sizes, on ten directions or so each, like music."""
    rng = np.random.default_rng(seed)
    strength = (1 / np.sqrt(np.arange(1, _SHARED + 1))).astype(np.float32)
    shared = rng.standard_normal((_SHARED, dim), np.float32)
    centers = (rng.standard_normal((max(64, int(n**0.5)), _SHARED), np.float32) * strength) @ shared
    popularity = 1 / np.sqrt(np.arange(1, len(centers) + 1))
    first, second = rng.choice(len(centers), (2, n), p=popularity / popularity.sum())
    share = rng.beta(0.6, 3.0, n).astype(np.float32)[:, None]
    x = (1 - share) * centers[first] + share * centers[second]
    own = rng.standard_normal((64, _LOCAL, dim), np.float32) * np.float32(0.6 / _LOCAL**0.5)
    steps = rng.standard_normal((n, _LOCAL), np.float32)
    for kind in range(len(own)):
        mine = np.flatnonzero(first % len(own) == kind)
        x[mine] += steps[mine] @ own[kind]
    return np.asarray(x + 0.05 * rng.standard_normal((n, dim), np.float32), np.float32)


def _comparing(dim: int) -> float:
    """CPU ns a pair: the products alone."""
    x = made_vectors(20_000, dim)
    began = time.process_time()
    for start in range(0, 5_000, 500):
        x[start : start + 500] @ x.T
    return (time.process_time() - began) / (5_000 * len(x)) * 1e9
