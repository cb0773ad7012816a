"""A source of your own, as small as it can be: copy this file, and see docs/new_source.md.

It reads a file of JSON lines, one track each: {"id": "a1", "title": "Song", "artist": "Ada", "vector": [..]}.

    python examples/new_source.py tracks.jsonl my-library
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import SourceError
from segue.library import Library
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, validate_name
from segue.spec import EmbedderSpec, SpaceSettings

BATCH = 4096  # records; small enough for the memory, large enough to be quick


class JsonLines:
    """Tracks with vectors, a line of JSON each."""

    kind = "jsonl"
    unit = "bytes"  # what `total` and a batch's `done` count
    whole = True  # a track that the file does not name any more is marked as missing

    def __init__(self, path: str | Path, *, dim: int, name: str = "jsonl") -> None:
        # Opening a source reads as little as it can: here, only the size of the file.
        self._path = Path(path)
        if not self._path.is_file():
            raise SourceError(f"{path} is no file: a file of JSON lines is expected")
        self.name = validate_name(name)
        self.location = str(path)
        self.total: int | None = self._path.stat().st_size
        # The spec names the space of the vectors, here "jsonl-1". Raise the version whenever the same
        # record would get other numbers: vectors of two specs are never mixed.
        self._spec = EmbedderSpec(
            name="jsonl", version=1, accepts="features", dim=dim, sr=0, window_s=0.0, hop_s=0.0,
            dtype="float32", license="their owner's", reference="vectors of any origin",
        )  # fmt: skip

    def spaces(self) -> Sequence[Space]:
        # "raw" compares the vectors as they are; "fitted" standardizes and whitens them first.
        names = [f"number_{i}" for i in range(self._spec.dim)]
        return [Space(self._spec, names, SpaceSettings(transform="raw"))]

    def batches(self) -> Iterator[ImportBatch]:
        # Each call begins anew and gives the same.
        with self._path.open("rb") as lines:
            number = done = 0
            while some := list(islice(lines, BATCH)):
                done += sum(map(len, some))
                yield self._batch(some, number, done)
                number += len(some)

    def _batch(self, lines: list[bytes], number: int, done: int) -> ImportBatch:
        records, vectors, hashes, problems = [], [], [], []
        for line in lines:
            number += 1
            try:
                record = json.loads(line)
                vector = self._vector(record)
            except (ValueError, KeyError, TypeError) as error:
                # A bad record never ends the import: say where it stands, and why it cannot be used.
                problems.append(Problem(f"line {number}", f"cannot be used: {error!r}"))
                continue
            records.append(record)
            vectors.append(vector)
            # Another hash means that the track has changed and is written again.
            hashes.append(hashlib.blake2b(line, digest_size=8).digest())
        return ImportBatch(
            source=self.name,
            ids=[record["id"] for record in records],
            hashes=np.frombuffer(b"".join(hashes), np.int64),
            columns={
                "title": [record.get("title") for record in records],
                "artist": [record.get("artist") for record in records],
            },
            spaces={
                self._spec.space: SpaceRows.without_windows(
                    np.array(vectors, np.float32).reshape(len(vectors), self._spec.dim)
                )
            },
            done=done,
            problems=problems,
        )

    def _vector(self, record: dict[str, Any]) -> Any:
        if not isinstance(record["id"], str) or not record["id"]:
            raise ValueError(f"its id is {record['id']!r}, expected text")
        vector = np.array(record["vector"], np.float32)
        if vector.shape != (self._spec.dim,) or not np.isfinite(vector).all():
            raise ValueError(f"its vector has the shape {vector.shape}, expected {self._spec.dim} numbers")
        return vector


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/new_source.py FILE.jsonl LIBRARY")
    file, folder = sys.argv[1:]
    with Path(file).open(encoding="utf-8") as lines:
        dim = len(json.loads(next(lines))["vector"])
    with Library.open(folder, create=True) as library:
        print(library.import_from(JsonLines(file, dim=dim)).summary())
