"""Which files of audio there are, as a DataFrame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.errors import UsageError
from segue.paths import expand_home
from segue.sources.audio_files import walk
from segue.spark.objects import is_address, list_objects
from segue.track import readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def files(session: SparkSession, folder: str | Path, *, recursive: bool = True) -> DataFrame:
    """The files of audio in a folder, as ``segue scan`` finds them; none is opened.

    Parameters
    ----------
    folder : on a file system that this machine and the workers have at the same place; or an address in
        an object store, such as ``s3://bucket/music``, which this machine and the workers reach by fsspec
    recursive : also those in folders below it

    Returns
    -------
    DataFrame
        ``path``, ``size`` in bytes, ``mtime_ns``.

    Raises
    ------
    UsageError
        Where the folder is not there, or fsspec is missing.
    """
    if is_address(str(folder)):
        audio_files = list_objects(str(folder), recursive=recursive)
    else:
        root = expand_home(folder).absolute()
        if not root.exists():
            raise UsageError(f"{root} does not exist")
        audio_files = [file for file in walk([root]).files if recursive or Path(file.path).parent == root]
    columns: dict[str, list[Any]] = {
        "path": [readable(file.path) for file in audio_files],
        "size": [file.size for file in audio_files],
        "mtime_ns": [file.mtime_ns for file in audio_files],
    }
    if not audio_files:
        return session.createDataFrame([], "path string, size long, mtime_ns long")
    import pyarrow as pa

    types = pa.schema([("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())])
    return session.createDataFrame(pa.table(columns, schema=types))
