"""Files of audio to tables of vectors, with no library: for Spark, Ray, Dask, Daft and other programs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from segue.catalog import Failure
from segue.embed.registry import make_embedders
from segue.ingest.analysis import analyze, failure_of
from segue.ingest.arrow_rows import Outcome, to_arrow
from segue.ingest.recognition import state_of
from segue.sources.audio_folders import AudioFolders
from segue.sources.contract import AudioFile
from segue.spec import Embedder
from segue.track import readable

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_FILES = 64


def embed_files(
    paths: Iterable[str | Path],
    models: Sequence[Embedder | str] | None = None,
    *,
    batch_files: int = BATCH_FILES,
) -> Iterator[pa.RecordBatch]:
    """The vectors of files of audio, a row a file in the order of the paths, the same as a scan makes.

    A file that cannot be used is a row with an ``error``. One thread does the work: the engine that calls
    this has others.

    Parameters
    ----------
    models : names as ``segue scan --embedder`` takes them, or embedders; by default, those of the default set
        that are installed
    batch_files : rows of a batch at the most

    Yields
    ------
    pyarrow.RecordBatch
        Its columns: ``path``, ``size``, ``mtime_ns``, ``error``, what the file is, ``tags``, and one a space,
        such as ``descriptors_1``, with its ``vector``, ``windows``, ``labels`` and ``scores``.

    Raises
    ------
    UsageError, ModelNotFoundError, WeightsError, MissingExtraError
    """
    embedders = make_embedders(models)
    specs = [embedder.spec for embedder in embedders]
    files = (_list_file(str(path)) for path in paths)
    while batch := list(islice(files, batch_files)):
        yield to_arrow([outcome_of(file, embedders) for file in batch], specs)


def outcome_of(file: AudioFile, embedders: Sequence[Embedder]) -> Outcome:
    """What is found out about one file; every fault of the file itself is a ``Failure``."""
    source = AudioFolders(file.path)
    if readable(file.path) != file.path:  # Arrow's texts are Unicode
        return Failure(readable(file.path), "unreadable", "its name is no Unicode")
    try:
        state = state_of(file, source.hashes(file))
        with threadpool_limits(1, "blas"):  # as in a scan: more threads would round other ways
            return analyze(source, file, state, embedders, threading.Event())
    except Exception as error:
        return failure_of(file, error)


def _list_file(path: str) -> AudioFile:
    """A file as its folder lists it; sizes of 0 where it is not there, which its analysis then says."""
    try:
        status = Path(path).stat()
    except OSError:
        return AudioFile(path, 0, 0)
    return AudioFile(path, status.st_size, status.st_mtime_ns)
