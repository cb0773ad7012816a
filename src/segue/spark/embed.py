"""Embeds files on Spark's workers: shards of files become Parquet files, which the driver commits by name."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.embed.registry import make_embedders
from segue.errors import UsageError
from segue.ingest.arrow_rows import Outcome, arrow_schema, column_of, fingerprint, to_arrow
from segue.ingest.embed_files import BATCH_FILES, outcome_of
from segue.paths import expand_home
from segue.sources.contract import AudioFile
from segue.spark.manifest import Manifest, Run, writing
from segue.spark.objects import is_address, outcome_of_object
from segue.spark.partitions import by_shard
from segue.spec import Embedder, EmbedderSpec
from segue.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

SHARD_FILES = 256  # files of audio in a file of embeddings; a lost worker costs as many at the most
KEY = ("path", "size", "mtime_ns")
_RESULT = "file string, tracks long, failed long"


def embed(
    tracks: DataFrame,
    models: Sequence[str] | None = None,
    *,
    into: str | Path,
    retry_failed: bool = False,
    shard_files: int = SHARD_FILES,
) -> DataFrame:
    """The embeddings of files of audio, the same as ``segue scan`` makes, bit for bit.

    What ``into`` holds already is not made again: a second run does no work, one with another model makes
    that model's vectors alone, and a run that was killed is taken up where it was. A file that cannot be used
    is a row with an ``error``, and no exception.

    Parameters
    ----------
    tracks : ``path``, ``size`` and ``mtime_ns`` of each file, as ``files`` gives them
    models : names as ``segue scan --embedder`` takes them; by default, those of the default set that are
        installed here. The workers need them as well.
    into : a folder that this machine and the workers have at the same place
    retry_failed : analyze files with an error again
    shard_files : how many files of audio a worker takes at a time

    Returns
    -------
    DataFrame
        A row for each track, in no order: ``path``, ``size``, ``mtime_ns``, ``models``, ``error``, what the
        file is, ``tags``, and a column for each space, such as ``descriptors_1``, with ``vector``,
        ``windows``, ``labels`` and ``scores``.

    Raises
    ------
    UsageError
        Where a path is there twice, or the folder holds what another job made.
    LibraryBusyError
        Where another job fills the folder.
    """
    folder = expand_home(into).absolute()
    embedders = make_embedders(models)
    names = models or [embedder.spec.name for embedder in embedders]
    specs = {name: embedder.spec for name, embedder in zip(names, embedders, strict=True)}
    tracks = tracks.select(*KEY)
    if tracks.count() != tracks.select("path").distinct().count():
        raise UsageError("a path is there twice; expected each once, as dropDuplicates(['path']) makes it")
    with writing(folder):
        manifest = Manifest.load(folder).with_specs(list(specs.values()))
        for todo, lacking, retried in _missing(tracks, manifest, specs, retry_failed=retry_failed):
            files = _embed_shards(todo, {name: specs[name] for name in lacking}, manifest, shard_files)
            if files:
                spaces = tuple(specs[name].space for name in lacking)
                manifest = manifest.with_run(Run(spaces, tuple(files), retried))
                manifest.save()
        stored_spaces = {space for run in manifest.runs for space in run.spaces}
        if new := [embedder for embedder in embedders if embedder.spec.space not in stored_spaces]:
            # There are no tracks; a file without rows has the columns.
            empty, _ = _write_shard(folder, "none", [], new)
            manifest = manifest.with_run(Run(tuple(one.spec.space for one in new), (empty,)))
            manifest.save()
    return read(tracks, manifest, [spec.space for spec in specs.values()])


def embeddings(session: SparkSession, folder: str | Path) -> DataFrame:
    """All that ``embed`` put into a folder, as it returned it.

    Raises
    ------
    UsageError
        Where it holds no embeddings.
    """
    manifest = Manifest.of_embeddings(folder)
    paths = [path for run in manifest.runs for path in manifest.paths(run)]
    return read(session.read.parquet(*paths).select(*KEY).distinct(), manifest, list(manifest.specs))


def read(tracks: DataFrame, manifest: Manifest, spaces: Sequence[str]) -> DataFrame:
    """The rows of some tracks, with the columns of some spaces."""
    result = tracks
    for i, space in enumerate(spaces):
        rows = _rows_of(tracks, manifest, space)
        column = column_of(space)
        others = [name for name in rows.columns if name not in (*KEY, column)]
        chosen = rows.select(*KEY, *(others if i == 0 else ()), column)
        result = result.join(chosen, list(KEY), "left")
    return result


def _rows_of(tracks: DataFrame, manifest: Manifest, space: str) -> DataFrame:
    """All rows that have a column for a space: each file's last, where it was analyzed again."""
    from pyspark.sql import functions

    parts: list[DataFrame] = []
    for run in manifest.runs:
        if space not in run.spaces:
            continue
        rows = tracks.sparkSession.read.parquet(*manifest.paths(run))
        others = [column_of(other) for other in run.spaces if other != space]
        if run.retried:
            again = rows.select(*KEY)
            failed = functions.col("error").isNotNull()
            parts = [
                part.where(~failed).unionByName(part.where(failed).join(again, list(KEY), "left_anti"))
                for part in parts
            ]
        parts.append(rows.drop(*others))
    return reduce(lambda a, b: a.unionByName(b), parts)


def _missing(
    tracks: DataFrame, manifest: Manifest, specs: dict[str, EmbedderSpec], *, retry_failed: bool
) -> Iterator[tuple[DataFrame, list[str], bool]]:
    """Tracks to be embedded, by which models, and whether they were before."""
    from pyspark.sql import functions

    by_model = {
        name: _rows_of(tracks, manifest, spec.space)
        for name, spec in specs.items()
        if any(spec.space in run.spaces for run in manifest.runs)
    }
    new = reduce(
        lambda left, rows: left.join(rows.select(*KEY), list(KEY), "left_anti"), by_model.values(), tracks
    )
    yield new, list(specs), False
    seen = tracks.join(new, list(KEY), "left_anti") if by_model else tracks.limit(0)
    for name in specs:
        if name not in by_model:
            yield seen, [name], False
            continue
        yield seen.join(by_model[name].select(*KEY), list(KEY), "left_anti"), [name], False
        if retry_failed:
            failed = by_model[name].where(functions.col("error").isNotNull()).select(*KEY)
            yield seen.join(failed, list(KEY), "left_semi"), [name], True


def _embed_shards(
    todo: DataFrame, specs: dict[str, EmbedderSpec], manifest: Manifest, shard_files: int
) -> list[str]:
    """The names of the files with the embeddings of some tracks."""
    from pyspark.sql import functions

    n = todo.count()
    if not n:
        return []
    shards = -(-n // shard_files)
    sharded = todo.withColumn(
        "shard", functions.pmod(functions.crc32("path"), functions.lit(shards)).cast("int")
    )
    expected = {name: spec.digest() for name, spec in specs.items()}
    stage = _stage(str(manifest.folder), expected, f"{len(manifest.runs)}/{shards}", __version__)
    done = by_shard(sharded, shards).mapInArrow(stage, _RESULT).collect()
    return sorted(row["file"] for row in done)


def _stage(
    folder: str, digests: dict[str, str], run: str, version: str
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a worker does with its part of the files."""

    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from embed_part(batches, folder, digests, run, version)

    return stage


def embed_part(
    batches: Iterable[pa.RecordBatch], folder: str, digests: dict[str, str], run: str, version: str
) -> Iterator[pa.RecordBatch]:
    """Embed the files of some shards, each into a file of its own.

    Parameters
    ----------
    batches : ``path``, ``size``, ``mtime_ns`` and ``shard`` of each file
    digests : by the names of models, what the driver's are
    run : tells this run from others that write to the folder
    version : of the driver's Segue
    """
    import pyarrow as pa

    if version != __version__:
        raise UsageError(f"this worker has Segue {__version__}, the driver {version}: install the same")
    embedders = installed_embedders(tuple(digests))
    for name, embedder in zip(digests, embedders, strict=True):
        if embedder.spec.digest() != digests[name]:
            raise UsageError(f"this worker has another model {name!r} than the driver: {embedder.spec}")
    shards: dict[int, list[AudioFile]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            file = AudioFile(row["path"], row["size"], row["mtime_ns"])
            shards.setdefault(row["shard"], []).append(file)
    for shard, files in sorted(shards.items()):
        name, failed = _write_shard(Path(folder), f"{run}/{shard}", sorted(files, key=_path), embedders)
        columns = {"file": [name], "tracks": [len(files)], "failed": [failed]}
        yield pa.RecordBatch.from_pydict(columns)


def _path(file: AudioFile) -> str:
    return file.path


@cache
def installed_embedders(names: tuple[str, ...]) -> list[Embedder]:
    """Loaded once a worker."""
    return make_embedders(names)


def _write_shard(
    folder: Path, shard: str, files: Sequence[AudioFile], embedders: Sequence[Embedder]
) -> tuple[str, int]:
    """The name of a shard's file, and how many of its rows have an error.

    The name is made of what goes into it, so a task that is run twice makes one file.
    """
    import pyarrow.parquet as pq

    specs = [embedder.spec for embedder in embedders]
    listing = repr([(file.path, file.size, file.mtime_ns) for file in files])
    digest = hashlib.sha256(f"{shard} {fingerprint(specs)} {listing}".encode()).hexdigest()[:24]
    path = folder / f"{digest}.parquet"
    if path.exists():
        return path.name, _n_failed(pq.read_table(path, columns=["error"]))
    failed = 0
    part = folder / f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
    try:
        with pq.ParquetWriter(part, arrow_schema(specs), compression="zstd") as writer:
            for start in range(0, len(files), BATCH_FILES):
                chunk = files[start : start + BATCH_FILES]
                batch = to_arrow([_outcome_of(file, embedders) for file in chunk], specs)
                failed += _n_failed(batch)
                writer.write_batch(batch)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path.name, failed


def _outcome_of(file: AudioFile, embedders: Sequence[Embedder]) -> Outcome:
    return (outcome_of_object if is_address(file.path) else outcome_of)(file, embedders)


def _n_failed(rows: Any) -> int:
    return len(rows) - int(rows.column("error").null_count)
