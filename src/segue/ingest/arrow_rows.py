"""Analyzed files as rows of Arrow, for engines that move tables about, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import AnalyzedFile, Failure, FileState
from segue.errors import MissingExtraError
from segue.spec import EmbedderSpec, Embedding, Label
from segue.track import Tags

if TYPE_CHECKING:
    import pyarrow as pa

Outcome = AnalyzedFile | Failure

_FILE = {"content_hash": "string", "audio_hash": "string", "duration_s": "float64", "sr": "int32",
         "channels": "int32", "codec": "string", "warning": "string"}  # fmt: skip
_NUMBERS = {"year", "track_number", "disc_number"}


def column_of(space: str) -> str:
    """The name of a space's column: ``mn04_2`` for ``mn04-2``, as SQL takes ``-`` for minus."""
    return space.replace("-", "_")


def fingerprint(specs: Sequence[EmbedderSpec]) -> str:
    """16 hexadecimal digits over what some embedders are, in any order."""
    digests = ",".join(sorted(spec.digest() for spec in specs))
    return hashlib.sha256(digests.encode()).hexdigest()[:16]


def arrow_schema(specs: Sequence[EmbedderSpec]) -> pa.Schema:
    """The columns of some embedders' rows.

    ``path``, ``size`` and ``mtime_ns`` say which file it is, ``models`` what was to analyze it. ``error`` is
    null, or ``kind: reason``, and all that follows is null then: what the file is, ``tags``, and a column for
    each space with ``vector``, float32 (dim,), ``windows``, the bytes of float16 (n, dim), ``labels``, and
    ``scores``, the bytes of float32 (n_labels,).
    """
    pa = _pyarrow()
    columns = [("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())]
    columns += [("models", pa.string()), ("error", pa.string())]
    columns += [(name, pa.type_for_alias(kind)) for name, kind in _FILE.items()]
    columns += [("tags", pa.struct(_tag_fields()))]
    columns += [(column_of(spec.space), pa.struct(_space_fields())) for spec in specs]
    return pa.schema(columns)


def to_arrow(outcomes: Sequence[Outcome], specs: Sequence[EmbedderSpec]) -> pa.RecordBatch:
    """One row each, in their order."""
    pa = _pyarrow()
    schema = arrow_schema(specs)
    models = {"models": fingerprint(specs)}
    rows = [models | _row(outcome, specs) for outcome in outcomes]
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def from_arrow(batch: pa.RecordBatch, specs: Sequence[EmbedderSpec]) -> Iterator[Outcome]:
    """The analyzed files and failures of some rows, in their order."""
    for row in batch.to_pylist():
        if row["error"] is not None:
            kind, _, reason = row["error"].partition(": ")
            yield Failure(row["path"], kind, reason, row["size"], row["mtime_ns"])
            continue
        embeddings = {
            spec.space: _embedding(row[column_of(spec.space)], spec)
            for spec in specs
            if row[column_of(spec.space)] is not None
        }
        yield AnalyzedFile(
            path=row["path"],
            state=FileState(row["size"], row["mtime_ns"], row["content_hash"], row["audio_hash"]),
            tags=Tags(**row["tags"]),
            **{name: row[name] for name in ("duration_s", "sr", "channels", "codec", "warning")},
            embeddings=embeddings,
        )


def _row(outcome: Outcome, specs: Sequence[EmbedderSpec]) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        named = {"path": outcome.path, "size": outcome.size, "mtime_ns": outcome.mtime_ns}
        return {**named, "error": f"{outcome.kind}: {outcome.reason}"}
    state = outcome.state
    row = {"path": outcome.path, "size": state.size, "mtime_ns": state.mtime_ns}
    row |= {name: getattr(state if hasattr(state, name) else outcome, name) for name in _FILE}
    row["tags"] = {field.name: getattr(outcome.tags, field.name) for field in fields(Tags)}
    for spec in specs:
        embedding = outcome.embeddings.get(spec.space)
        row[column_of(spec.space)] = embedding and _space_row(embedding)
    return row


def _space_row(embedding: Embedding) -> dict[str, Any]:
    scores = embedding.scores
    return {
        "vector": np.asarray(embedding.pooled, np.float32),
        "windows": np.ascontiguousarray(embedding.windows, "<f2").tobytes(),
        "labels": [{"name": label.name, "score": label.score} for label in embedding.labels],
        "scores": None if scores is None else np.ascontiguousarray(scores, "<f4").tobytes(),
    }


def _embedding(row: dict[str, Any], spec: EmbedderSpec) -> Embedding:
    windows: NDArray[np.float16] = np.frombuffer(row["windows"], "<f2").reshape(-1, spec.dim)
    scores = None if row["scores"] is None else np.frombuffer(row["scores"], "<f4")
    labels = tuple(Label(label["name"], label["score"]) for label in row["labels"])
    return Embedding(np.array(row["vector"], spec.dtype), windows, labels, scores)


def _tag_fields() -> list[tuple[str, Any]]:
    pa = _pyarrow()
    return [(f.name, pa.int32() if f.name in _NUMBERS else pa.string()) for f in fields(Tags)]


def _space_fields() -> list[tuple[str, Any]]:
    pa = _pyarrow()
    label = pa.struct([("name", pa.string()), ("score", pa.float64())])
    return [
        ("vector", pa.list_(pa.float32())),
        ("windows", pa.binary()),
        ("labels", pa.list_(label)),
        ("scores", pa.binary()),
    ]


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("tables of Arrow", "parquet") from error
    return pyarrow
