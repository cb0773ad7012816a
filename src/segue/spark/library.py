"""Embeddings that Spark made, as a library: ``segue serve`` opens it, and all else that opens libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from segue.catalog import AnalyzedFile, Failure, FileState, Writer
from segue.errors import UsageError
from segue.ingest.arrow_rows import Outcome, from_arrow
from segue.ingest.recognition import keys_lacking
from segue.ingest.report import Report
from segue.library import Library
from segue.library.embedders import add_spaces, embedders_for
from segue.spark.manifest import Manifest, Run
from segue.spec import Embedder


def library(embeddings: str | Path, folder: str | Path) -> Report:
    """Put all embeddings of a folder into a library, which is made where there is none.

    A second time adds what is new. The library's next scan of the same files finds nothing to do.

    Raises
    ------
    UsageError
        Where the folder holds no embeddings, or a model that made some is not installed here.
    LibraryBusyError, LibraryWriteError, SpecMismatchError
    """
    manifest = Manifest.of_embeddings(embeddings)
    specs = {space: manifest.spec(space) for space in manifest.specs}
    installed = embedders_for(specs, Path(folder))
    if lacking := specs.keys() - {embedder.spec.space for embedder in installed}:
        raise UsageError(f"no installed model makes {', '.join(sorted(lacking))}; see `segue models`")
    report = Report(name="spark")
    with Library.open(folder, create=True, embedders=installed) as opened:
        with opened.catalog.writing() as writer:
            add_spaces(writer, installed)
            for run in manifest.runs:
                _put(opened, writer, run, manifest, installed, report)
        opened.view_index()
    return report


def _put(
    opened: Library, writer: Writer, run: Run, manifest: Manifest, installed: list[Embedder], report: Report
) -> None:
    """Write the rows of a run that the library does not have."""
    embedders = [embedder for embedder in installed if embedder.spec.space in run.spaces]
    by_path = opened.catalog.known_files()
    keys = {one.key for one in by_path.values()}
    lacking = keys_lacking(opened.catalog.snapshot(), embedders, keys)
    for outcomes in _batches(run, manifest, embedders):
        files = [one for one in outcomes if isinstance(one, AnalyzedFile)]
        new = [
            one
            for one in files
            if not (path := by_path.get(one.path)) or path.key in lacking or not _is(path.state, one.state)
        ]
        report.added += sum(one.path not in by_path for one in new)
        report.completed += sum(one.path in by_path for one in new)
        report.unchanged += len(files) - len(new)
        writer.append(new)
        failures = [one for one in outcomes if isinstance(one, Failure)]
        writer.fail(failures)
        report.failed += len(failures)


def _is(a: FileState, b: FileState) -> bool:
    return (a.size, a.content_hash) == (b.size, b.content_hash)


def _batches(run: Run, manifest: Manifest, embedders: list[Embedder]) -> Iterator[list[Outcome]]:
    import pyarrow.parquet as pq

    specs = [embedder.spec for embedder in embedders]
    for path in manifest.paths(run):
        with pq.ParquetFile(path) as rows:
            for batch in rows.iter_batches(batch_size=64):
                yield list(from_arrow(batch, specs))
