"""Rows of the catalog's tables as values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segue.spec import Embedding
from segue.track import TAG_COLUMNS, Tags, TrackId, path_to_db


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether a file has changed: not if size and times agree, else its content decides.

    Attributes
    ----------
    content_hash, audio_hash : of all of the file, and of its audio alone; empty where it is not known
    ctime_ns, device, inode : as ``AudioFile`` has them; 0 where they are not known
    """

    size: int  # bytes
    mtime_ns: int
    content_hash: str = ""
    audio_hash: str = ""
    ctime_ns: int = 0
    device: int = 0
    inode: int = 0


@dataclass(frozen=True, slots=True)
class KnownFile:
    """The track that the catalog has at a path; ``away`` names the place that was not there with it."""

    key: int
    id: TrackId
    path: str
    state: FileState
    missing: bool
    away: str | None = None


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file with the audio of a known track; its path, its times or its tags are new.

    Attributes
    ----------
    tags : ``None`` where they are what they were
    """

    track: KnownFile
    path: str
    state: FileState
    tags: Tags | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is found out about a file's audio, the same for every file with this audio."""

    duration_s: float
    sr: int
    channels: int
    codec: str
    warning: str | None
    embeddings: Mapping[str, Embedding] = field(repr=False)  # by space


@dataclass(frozen=True, slots=True)
class AnalyzedFile:
    """A track to be written: all that a scan found out about one file.

    Attributes
    ----------
    id, added_at : of a track that is back; by default, both are new
    """

    path: str
    state: FileState
    tags: Tags
    duration_s: float
    sr: int
    channels: int
    codec: str
    warning: str | None
    embeddings: Mapping[str, Embedding] = field(repr=False)  # by space
    id: TrackId | None = None
    added_at: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be used, and why; ``dismissed`` where nobody wants to hear of it again."""

    path: str
    kind: str
    reason: str
    size: int | None = None
    mtime_ns: int | None = None
    failed_at: float = 0.0  # s since the epoch
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What became of some records.

    Attributes
    ----------
    added, changed : int64 (n,), their positions among the records
    unchanged : how many
    duplicates : how many have an id that came earlier
    """

    added: NDArray[np.int64]
    changed: NDArray[np.int64]
    unchanged: int
    duplicates: int


def track_columns(file: AnalyzedFile) -> dict[str, object]:
    """The values of all columns of ``tracks`` that a scan finds out."""
    return {
        "path": path_to_db(file.path),
        **{name: getattr(file.tags, name) for name in TAG_COLUMNS},
        "duration_s": file.duration_s,
        "sr": file.sr,
        "channels": file.channels,
        "codec": file.codec,
        "size": file.state.size,
        "mtime_ns": file.state.mtime_ns,
        "content_hash": file.state.content_hash,
        "missing_since": None,
        "warning": file.warning,
    }
