"""Libraries of tracks with chosen tags, written without any audio."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segue.catalog import AnalyzedFile, FileState
from segue.library import Library
from segue.spec import EmbedderSpec, Embedding, Label
from segue.track import Tags, TrackId

SPEC = EmbedderSpec("tiny", 1, "waveform", 4, 8000, 1.0, 1.0, "float32", "none", "none")


@dataclass(frozen=True)
class Song:
    """A file to be written: what its tags say, and what a network calls it."""

    path: str
    tags: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)
    duration_s: float = 60.0
    warning: str | None = None


def song(path: str, labels: Mapping[str, float] | None = None, **tags: Any) -> Song:
    return Song(path, tags, labels or {})


def analyzed(made: Song, vector: Sequence[float] | None = None) -> AnalyzedFile:
    content = hashlib.sha256(made.path.encode("utf-8", "surrogateescape")).hexdigest()
    pooled = np.random.default_rng(int(content[:8], 16)).standard_normal(SPEC.dim)
    labels = tuple(Label(name, score) for name, score in made.labels.items())
    embedding = Embedding(
        np.asarray(pooled if vector is None else vector, np.float32),
        np.zeros((0, SPEC.dim), np.float16),
        labels,
    )
    return AnalyzedFile(
        made.path, FileState(1000, 1, content), Tags(**made.tags), made.duration_s, 8000, 1, "flac",
        made.warning, {SPEC.space: embedding},
    )  # fmt: skip


def write_songs(library: Library, songs: Sequence[Song]) -> list[TrackId]:
    """Write tracks as a scan would; their ids, in the order given."""
    with library.catalog.writing() as writer:
        writer.add_space(SPEC, [f"x{i}" for i in range(SPEC.dim)])
        return writer.append([analyzed(made) for made in songs])


def new_library(root: Path, songs: Sequence[Song] = ()) -> Library:
    library = Library.open(root, create=True, embedders=["descriptors"])
    write_songs(library, songs)
    return library
