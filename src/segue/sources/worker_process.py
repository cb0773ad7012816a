"""A source that a process of its own reads and cleans, while this one writes.

Both are Python's work, of which one process does one piece at a time. The other process is asked for a source
by one line of JSON, and answers with batches: a line of JSON each, then the bytes of its arrays.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError, SourceError
from segue.sources.contract import Batch, Problem, Records, SpaceRows, rare_collection
from segue.spec import Label

WORTH_IT = 16 << 20  # bytes of a file; less is read before the other process has begun
_START = (
    "import json, sys; asked = json.loads(sys.stdin.buffer.readline()); sys.path[:] = asked['path']; "
    "from segue.sources import worker_process; worker_process.answer(asked)"
)
# Out of the reach of Ctrl-C, which the one who asked deals with; with room for what is written at once.
_ALONE: Any = {
    "stdin": subprocess.PIPE,
    "stdout": subprocess.PIPE,
    "pipesize": 1 << 20,
    "bufsize": 1 << 20,
    "start_new_session": True,
    "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # of Windows
}


def is_worth_it(size: int) -> bool:
    """Whether reading so many bytes elsewhere pays, and can be done."""
    return size >= WORTH_IT and (os.cpu_count() or 1) > 1 and not getattr(sys, "frozen", False)


class Readable(Protocol):
    """A source that may be read by either process."""

    def read(self) -> Iterator[Batch]: ...


def batches(made: Callable[..., Readable], arguments: Mapping[str, Any]) -> Iterator[Batch]:
    """What ``made(**arguments).read()`` gives, read by another process.

    Parameters
    ----------
    made : a class of ``segue.sources``
    arguments : as JSON can hold them

    Raises
    ------
    SourceError
        What the other process met, or that it has ended too soon.
    """
    asked = {
        "path": [entry or str(Path.cwd()) for entry in sys.path],
        "module": made.__module__,
        "name": made.__qualname__,
        "arguments": dict(arguments),
    }
    try:
        process = subprocess.Popen([sys.executable, "-P", "-c", _START], **_ALONE)
    except OSError:  # there may be no more processes, or no interpreter to be started
        yield from made(**arguments).read()
        return
    with process:
        try:
            if process.stdin and process.stdout:
                process.stdin.write(json.dumps(asked).encode() + b"\n")
                process.stdin.close()
                yield from _received(process.stdout)
        finally:
            process.kill()


def _received(stream: IO[bytes]) -> Iterator[Batch]:
    while True:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise SourceError("the process that reads was ended; what it had read is kept")
        found = json.loads(line)
        if "error" in found:
            raise SourceError(found["error"])
        if "end" in found:
            return
        yield _unpacked(found, stream)


def answer(asked: Mapping[str, Any]) -> None:
    """Be the other process: read what is asked for, and give it away."""
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no part of the answer
    with suppress(BrokenPipeError), rare_collection():
        try:
            made: Callable[..., Readable] = getattr(importlib.import_module(asked["module"]), asked["name"])
            for batch in made(**asked["arguments"]).read():
                for part in packed(batch):
                    out.write(part)
                out.flush()
            out.write(b'{"end": true}\n')
        except SegueError as error:
            out.write(json.dumps({"error": str(error)}).encode() + b"\n")
        out.flush()
    os._exit(0)  # nothing is left to be done, least of all to write to a pipe that is closed


def packed(batch: Batch) -> Iterator[bytes]:
    """A batch as bytes."""
    records = batch.records
    arrays: list[NDArray[Any]] = [records.hashes]
    for rows in records.spaces.values():
        arrays += [rows.pooled, rows.windows, rows.counts]
    header = {
        "source": records.source,
        "ids": list(records.ids),
        "columns": {name: list(values) for name, values in records.columns.items()},
        "spaces": list(records.spaces),
        "labels": {
            space: [[[label.name, label.score] for label in some] for some in labels]
            for space, labels in records.labels.items()
        },
        "done": batch.done,
        "problems": [[problem.where, problem.reason] for problem in batch.problems],
        "counts": dict(batch.counts),
        "arrays": [[array.dtype.str, array.shape] for array in arrays],
    }
    yield json.dumps(header, separators=(",", ":")).encode() + b"\n"
    yield from (np.ascontiguousarray(array).tobytes() for array in arrays)


def _unpacked(header: Mapping[str, Any], stream: IO[bytes]) -> Batch:
    hashes, *rest = (_array(stream, np.dtype(kind), shape) for kind, shape in header["arrays"])
    spaces = {space: SpaceRows(*rest[3 * i : 3 * i + 3]) for i, space in enumerate(header["spaces"])}
    labels = {
        space: [[Label(*label) for label in some] for some in labels]
        for space, labels in header["labels"].items()
    }
    records = Records(header["source"], header["ids"], hashes, header["columns"], spaces, labels)
    problems = [Problem(*problem) for problem in header["problems"]]
    return Batch(records, header["done"], problems, header["counts"])


def _array(stream: IO[bytes], dtype: np.dtype[Any], shape: list[int]) -> NDArray[Any]:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    data = stream.read(size)
    if len(data) < size:
        raise SourceError("the process that reads was ended; what it had read is kept")
    return np.frombuffer(data, dtype).reshape(shape)
