"""A worker process reads and cleans a source while this process writes: twice the work in the same time.

The worker gets a request, one line of JSON, and answers with batches: a line of JSON each, then the bytes of
its arrays.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError, SourceError
from segue.garbage_collection import infrequent_gc
from segue.sources.contract import ImportBatch, Problem, SpaceRows
from segue.spec import Label

MIN_BYTES = 16 << 20  # of a file; less is read before another process has begun
_START = (
    "import json, sys; request = json.loads(sys.stdin.buffer.readline()); sys.path[:] = request['path']; "
    "from segue.sources import worker_process; worker_process.main(request)"
)
_ENDED = "the process that reads the source has ended too soon; what it had read is kept"
# Out of the reach of Ctrl-C, which the one who asked deals with; with room for what is written at once.
_ALONE: Any = {
    "stdin": subprocess.PIPE,
    "stdout": subprocess.PIPE,
    "pipesize": 1 << 20,
    "bufsize": 1 << 20,
    "start_new_session": True,
    "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # of Windows
}


def is_worthwhile(n_bytes: int) -> bool:
    """Whether another process would read so many bytes sooner, and can be started."""
    return n_bytes >= MIN_BYTES and (os.cpu_count() or 1) > 1 and not getattr(sys, "frozen", False)


class ReadableSource(Protocol):
    """A source that either process can read."""

    def read(self) -> Iterator[ImportBatch]: ...


def read_in_worker(
    source_class: Callable[..., ReadableSource], arguments: Mapping[str, Any]
) -> Iterator[ImportBatch]:
    """What ``source_class(**arguments).read()`` gives, read by another process.

    Parameters
    ----------
    source_class : a class of ``segue.sources``
    arguments : as JSON can hold them

    Raises
    ------
    SourceError
        What the other process met, or that it has ended too soon.
    """
    request = {
        "path": [entry or str(Path.cwd()) for entry in sys.path],
        "module": source_class.__module__,
        "name": source_class.__qualname__,
        "arguments": dict(arguments),
    }
    try:
        process = start()
    except OSError:  # there may be no more processes, or no interpreter to be started
        yield from source_class(**arguments).read()
        return
    with process:
        try:
            if process.stdin and process.stdout:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()  # left open: the worker ends when it is closed
                yield from decode_batches(process.stdout)
        finally:
            process.kill()


def start() -> subprocess.Popen[bytes]:
    """The other process, which waits for a request: a line of JSON."""
    return subprocess.Popen([sys.executable, "-P", "-c", _START], **_ALONE)


def decode_batches(stream: IO[bytes]) -> Iterator[ImportBatch]:
    """What ``encode_batch`` wrote, until the other process says that this was all. Raises SourceError."""
    while True:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise SourceError(_ENDED)
        message = json.loads(line)
        if "error" in message:
            raise SourceError(message["error"])
        if "end" in message:
            return
        yield _decode_batch(message, stream)


def main(request: Mapping[str, Any]) -> None:
    """Be the other process: read the source of a request, and write its batches to stdout."""
    threading.Thread(target=_end_with_asker, name="segue-asker", daemon=True).start()
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no part of the answer
    with suppress(BrokenPipeError), infrequent_gc():
        try:
            module = importlib.import_module(request["module"])
            source_class: Callable[..., ReadableSource] = getattr(module, request["name"])
            for batch in source_class(**request["arguments"]).read():
                for part in encode_batch(batch):
                    out.write(part)
                out.flush()
            out.write(b'{"end": true}\n')
        except SegueError as error:
            out.write(json.dumps({"error": str(error)}).encode() + b"\n")
        out.flush()
    os._exit(0)  # nothing is left to be done, least of all to write to a pipe that is closed


def _end_with_asker() -> None:
    """End this process when the one that asked has ended, whatever the source is doing."""
    with suppress(OSError):
        sys.stdin.buffer.read()
    os._exit(0)


def encode_batch(batch: ImportBatch) -> Iterator[bytes]:
    """A line of JSON, then the bytes of the arrays."""
    arrays: list[NDArray[Any]] = [batch.hashes]
    for rows in batch.spaces.values():
        arrays += [rows.pooled, rows.windows, rows.counts]
    header = {
        "source": batch.source,
        "ids": list(batch.ids),
        "columns": {name: list(values) for name, values in batch.columns.items()},
        "spaces": list(batch.spaces),
        "labels": {
            space: [[[label.name, label.score] for label in words] for words in tracks]
            for space, tracks in batch.labels.items()
        },
        "done": batch.done,
        "problems": [[problem.where, problem.reason, problem.kind] for problem in batch.problems],
        "cleaning": dict(batch.cleaning),
        "arrays": [[array.dtype.str, array.shape] for array in arrays],
    }
    yield json.dumps(header, separators=(",", ":")).encode() + b"\n"
    yield from (np.ascontiguousarray(array).tobytes() for array in arrays)


def _decode_batch(header: Mapping[str, Any], stream: IO[bytes]) -> ImportBatch:
    hashes, *rest = (_array(stream, np.dtype(kind), shape) for kind, shape in header["arrays"])
    return ImportBatch(
        header["source"],
        header["ids"],
        hashes,
        header["columns"],
        {space: SpaceRows(*rest[3 * i : 3 * i + 3]) for i, space in enumerate(header["spaces"])},
        {
            space: [[Label(*label) for label in words] for words in tracks]
            for space, tracks in header["labels"].items()
        },
        header["done"],
        [Problem(*problem) for problem in header["problems"]],
        header["cleaning"],
    )


def _array(stream: IO[bytes], dtype: np.dtype[Any], shape: list[int]) -> NDArray[Any]:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    data = stream.read(size)
    if len(data) < size:
        raise SourceError(_ENDED)
    return np.frombuffer(data, dtype).reshape(shape)
