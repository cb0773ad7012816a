"""What a place that tracks come from must give: files of audio, or records with vectors in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from segue.comparable import comparable_rows, fault_of
from segue.errors import UsageError
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Label, SpaceSettings
from segue.track import TAG_COLUMNS, Tags

BATCH = 1 << 14  # records at a time, where they are small


@dataclass(frozen=True, slots=True)
class SpaceRows:
    """Vectors of some tracks in one space.

    Attributes
    ----------
    pooled : float32 (n, dim); a row of NaN stands for no vector
    windows : (n_windows, dim), those of the first track first
    counts : int64 (n,), how many of the windows are each track's
    scores : uint8 (n, n_labels), as ``spec.encode_scores``, where there are any
    """

    pooled: NDArray[np.generic]
    windows: NDArray[np.generic]
    counts: NDArray[np.int64]
    scores: NDArray[np.uint8] | None = None

    @classmethod
    def without_windows(cls, pooled: NDArray[np.generic]) -> SpaceRows:
        """Rows of one vector a track, with no windows."""
        return cls(pooled, np.zeros((0, pooled.shape[1]), np.float16), np.zeros(len(pooled), np.int64))

    @classmethod
    def concatenate(cls, parts: Sequence[SpaceRows]) -> SpaceRows:
        """Those of the first part, then those of the next."""
        names = ["pooled", "windows", "counts"]
        if all(part.scores is not None for part in parts):
            names.append("scores")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, at: NDArray[np.int64]) -> SpaceRows:
        """Those of some of the tracks."""
        ends = np.cumsum(self.counts)
        ranges = [np.arange(ends[i] - self.counts[i], ends[i]) for i in at] if len(self.windows) else []
        rows = np.concatenate(ranges) if ranges else np.zeros(0, np.int64)
        scores = None if self.scores is None else self.scores[at]
        return SpaceRows(self.pooled[at], self.windows[rows], self.counts[at], scores)


RECORD_COLUMNS = (*TAG_COLUMNS, "duration_s", "url", "details", "content_hash")


@dataclass(frozen=True, slots=True)
class Space:
    """Where the vectors of an import go."""

    spec: EmbedderSpec
    dimensions: Sequence[str]
    settings: SpaceSettings


@dataclass(frozen=True, slots=True)
class Problem:
    """A record or file that could not be used.

    Attributes
    ----------
    where : where it stands: ``row 17``, an id, or a path
    reason : why, in a sentence's words
    kind : one word for failures of this kind, such as "damaged"
    """

    where: str
    reason: str
    kind: str = "record"


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """Some tracks of a record source, column by column, in the order of the source.

    Attributes
    ----------
    source : the source's name
    ids : what the tracks are called there; of one that comes twice the first counts
    hashes : int64 (n,), over all that the source says of each: another one means that it has changed
    columns : by name, of ``RECORD_COLUMNS``, n values each; what is left out is not known
    spaces : vectors by the names of the spaces
    labels : by the names of the spaces, the words of each track
    done : how far into the source this is, in the source's unit
    problems : records that could not be used
    cleaning : what cleaning did, by the names of its steps, to be added up
    """

    source: str
    ids: Sequence[str]
    hashes: NDArray[np.int64]
    columns: Mapping[str, Sequence[Any]]
    spaces: Mapping[str, SpaceRows]
    labels: Mapping[str, Sequence[Sequence[Label]]] = field(default_factory=dict)
    done: int = 0
    problems: Sequence[Problem] = ()
    cleaning: Mapping[str, int] = field(default_factory=dict)


class RecordSource(Protocol):
    """A data set whose records are tracks with their vectors. Reading it again gives the same.

    Attributes
    ----------
    name : of the source in the library
    kind : "table", "audioset" and so on
    location : where it was read, for people
    total : how much there is to read, in ``unit``; ``None`` where nobody knows
    unit : "bytes", "records" or "rows"
    whole : a track that it does not name any more is gone from the data set
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def total(self) -> int | None: ...

    @property
    def unit(self) -> str: ...

    @property
    def whole(self) -> bool: ...

    def spaces(self) -> Sequence[Space]:
        """Where its vectors go."""
        ...

    def batches(self) -> Iterator[ImportBatch]:
        """All its records. A bad record is one of a batch's problems, and stops nothing.

        Raises
        ------
        SourceError
            Where nothing more can be read; what came before it is kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file of audio as a folder lists it; 0 stands for what the place of the file does not tell."""

    path: str
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int = 0  # when its content, its name or what else is kept of it changed
    device: int = 0
    inode: int = 0  # with the device, the same for all names of one file


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What a file holds: all of its bytes, and its audio, which no edit of tags changes."""

    file: str
    audio: str


SYSTEM_FOLDER = "system folder"  # leaves something out as a pattern or a file of patterns does


@dataclass(frozen=True, slots=True)
class AudioListing:
    """What a source of audio holds, known without opening a file.

    Attributes
    ----------
    roots : absolute paths of the folders and files that were looked at
    files : the tracks, each once
    problems : folders and files that cannot be read; ``where`` is a path
    others : paths of files that are there, and no tracks of this source
    left_out : folders and files that were passed over, as their owner wants it: what leaves each out, by path
    cue_sheets : paths of sheets that may say that a file holds several tracks
    """

    roots: Sequence[str]
    files: Sequence[AudioFile]
    problems: Sequence[Problem] = ()
    others: frozenset[str] = frozenset()
    left_out: Mapping[str, str] = field(default_factory=dict)
    cue_sheets: Sequence[str] = ()


@runtime_checkable
class AudioSource(Protocol):
    """Tracks that are files of audio: listed cheaply, and loaded one by one where they are new.

    The library's embedders make the vectors. Several threads load at once.

    Attributes
    ----------
    name : for people; its tracks are known by their paths
    kind : "audio"
    location : where it is, for people
    folders : folders to look into whenever the library is brought up to date; none of a part of one
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def folders(self) -> Sequence[str]: ...

    def tracks(self) -> AudioListing:
        """The files, as they are now."""
        ...

    def hashes(self, file: AudioFile) -> FileHashes:
        """The same for the same content, by which a file is known again that was moved or given other tags.

        Raises
        ------
        OSError
        """
        ...

    def read_tags(self, file: AudioFile) -> Tags:
        """What a file says of itself; nothing where its tags cannot be read."""
        ...

    def load(self, file: AudioFile) -> tuple[Excerpts, Tags]:
        """The sound of a file, and what the file says of itself.

        Raises
        ------
        AudioError, OSError
            This file fails alone.
        """
        ...


Source = RecordSource | AudioSource
"""A place that tracks come from; ``docs/new_source.md`` shows how to write one."""


def vector_faults(vectors: NDArray[Any], settings: SpaceSettings, *, holes: bool = False) -> dict[int, str]:
    """By row, why a vector has no place in a space, as the end of a sentence that begins with "its vector".

    Parameters
    ----------
    vectors : (n, dim)
    holes : rows of NaN and, where the space is not raw, rows with some NaN are allowed, as they stand for
        what is not known
    """
    raw = settings.transform == "raw"
    metric = settings.metric if raw else "euclidean"
    checked: NDArray[Any] = vectors
    has_values: NDArray[np.bool_] = np.ones(len(vectors), np.bool_)
    if holes and vectors.dtype.kind == "f":
        nan = np.isnan(vectors)
        has_values &= ~nan.all(axis=1)
        checked = vectors if raw else np.where(nan, 0, vectors)
    elif holes:
        has_values &= vectors.any(axis=1)
    elif vectors.dtype == np.uint8:  # zeros stand for no vector
        zero = np.flatnonzero(~vectors.any(axis=1)).tolist()
        return dict.fromkeys(zero, "is zero, which stands for no vector")
    bad = np.flatnonzero(has_values & ~comparable_rows(checked, metric)).tolist()
    return {i: fault_of(checked[i]) for i in bad}


def without_records(batch: ImportBatch, faults: Mapping[int, str]) -> ImportBatch:
    """A batch without some of its records, which become its problems."""
    kept = np.array([i for i in range(len(batch.ids)) if i not in faults], np.int64)
    return replace(
        batch,
        ids=take(batch.ids, kept),
        hashes=batch.hashes[kept],
        columns={name: take(values, kept) for name, values in batch.columns.items()},
        spaces={name: rows.take(kept) for name, rows in batch.spaces.items()},
        labels={name: take(values, kept) for name, values in batch.labels.items()},
        problems=[*batch.problems, *(Problem(batch.ids[i], fault) for i, fault in sorted(faults.items()))],
    )


def validate_name(name: str) -> str:
    """A source's name: it stands before a colon, and in messages.

    Raises
    ------
    UsageError
    """
    if not name or ":" in name or not name.isprintable() or name != name.strip():
        raise UsageError(f"a source cannot be called {name!r}: expected a word without colons")
    return name


def merge_small(batches: Iterable[ImportBatch]) -> Iterator[ImportBatch]:
    """Batches of ``BATCH`` tracks or more from smaller ones, all with the same columns and spaces."""
    waiting: list[ImportBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(len(one.ids) for one in waiting) >= BATCH:
            yield _merge(waiting)
            waiting = []
    if waiting:
        yield _merge(waiting)


def _merge(parts: Sequence[ImportBatch]) -> ImportBatch:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return ImportBatch(
        first.source,
        [name for part in parts for name in part.ids],
        np.concatenate([part.hashes for part in parts]),
        {name: [value for part in parts for value in part.columns[name]] for name in first.columns},
        {space: SpaceRows.concatenate([part.spaces[space] for part in parts]) for space in first.spaces},
        {space: [labels for part in parts for labels in part.labels[space]] for space in first.labels},
        parts[-1].done,
        [problem for part in parts for problem in part.problems],
        dict(sum((Counter(part.cleaning) for part in parts), Counter[str]())),
    )


def take(values: Sequence[Any], at: NDArray[np.int64]) -> list[Any]:
    """The values at some places."""
    if len(at) == len(values) and (np.diff(at) > 0).all():  # all of them
        return list(values)
    return [values[i] for i in at.tolist()]
