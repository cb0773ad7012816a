"""FMA's metadata as a source."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import SourceError, UsageError
from segue.sources import worker_process
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, validate_name
from segue.sources.fma import echonest, features
from segue.sources.fma.echonest import read_echonest
from segue.sources.fma.features import FeatureRows, open_features
from segue.sources.fma.genres import GENRES, GenreTree, read_genres
from segue.sources.fma.metadata import Metadata
from segue.sources.fma.tracks import SUBSETS, TRACKS, FmaTrack, TrackTable, in_subset, urls_in
from segue.sources.text_lines import WESTERN
from segue.spec import Label, SpaceSettings

LABELS = "fma-genres"  # the name under which genres are kept as labels
BATCH_TRACKS = 2048  # a batch; 4 MB of features
_BEYOND = "beyond the subset"
_WITHOUT = "without features"
_UNNAMED = f"with a genre that {GENRES} lacks"


@dataclass(frozen=True, slots=True)
class _Beside:
    """What other files than ``tracks.csv`` know."""

    genres: GenreTree
    urls: Mapping[int, str]
    features: FeatureRows | None
    echonest: Mapping[int, echonest.Numbers] | None
    problems: list[Problem]


@dataclass(slots=True)
class _Part:
    """What a batch is made of."""

    tracks: list[FmaTrack] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class FMA:
    """The tracks of the Free Music Archive's dataset, by six digits such as ``000002``.

    Parameters
    ----------
    metadata
        The folder of ``tracks.csv``, ``genres.csv`` and ``features.csv``, or ``fma_metadata.zip`` itself.
        Without ``features.csv``, tracks have no vectors.
    subset
        ``small``, ``medium``, ``large`` or ``full``; by default, all tracks.
    echonest
        Make a space of Echo Nest's eight features too, which one track in eight has.
    name
        The source's name in the library.

    Raises
    ------
    SourceError
        Where there are no such files.
    UsageError
    """

    kind = "fma"
    unit = "bytes"
    whole = True

    def __init__(
        self,
        metadata: str | Path,
        *,
        subset: str | None = None,
        echonest: bool = False,
        name: str = "fma",
    ) -> None:
        if subset is not None and subset not in SUBSETS:
            raise UsageError(f"FMA has no subset {subset!r}; there are {', '.join(SUBSETS)}")
        self.name = validate_name(name)
        self.location = str(metadata)
        self._metadata, self._subset, self._echonest = Metadata(metadata), subset, echonest
        for needed in (TRACKS, GENRES):
            if not self._metadata.has(needed):
                raise SourceError(f"{metadata} has no {needed}; fma_metadata.zip as published has it")
        self.total: int | None = self._metadata.size(TRACKS)
        self._arguments = {"metadata": str(metadata), "subset": subset, "echonest": echonest, "name": name}

    def spaces(self) -> list[Space]:
        settings = SpaceSettings(transform="fitted")
        spaces = [Space(features.SPEC, features.DIMENSIONS, settings)]
        if self._echonest:
            spaces.append(Space(echonest.SPEC, echonest.DIMENSIONS, settings))
        return spaces

    def batches(self) -> Iterator[ImportBatch]:
        much = self._metadata.has(features.FEATURES) and worker_process.is_worthwhile(
            self._metadata.size(features.FEATURES)
        )
        return worker_process.read_in_worker(FMA, self._arguments) if much else self.read()

    def read(self) -> Iterator[ImportBatch]:
        """``batches``, read by this process."""
        with ExitStack() as stack:
            beside = self._beside(stack)
            file = stack.enter_context(self._metadata.open(TRACKS))
            table = TrackTable(file)
            part = _Part(problems=beside.problems)
            for row in table.rows():
                if isinstance(row, Problem):
                    part.problems.append(row)
                elif in_subset(row, self._subset):
                    part.tracks.append(row)
                else:
                    part.counts[_BEYOND] += 1
                if len(part.tracks) >= BATCH_TRACKS:
                    yield self._batch(part, beside, file.tell())
                    part = _Part()
            part.counts[WESTERN] += table.n_western
            if part.tracks or part.problems or +part.counts:
                yield self._batch(part, beside, file.tell())

    def genre_tree(self) -> GenreTree:
        """All genres and how they descend from each other."""
        return read_genres(self._metadata)[0]

    def _beside(self, stack: ExitStack) -> _Beside:
        genres, problems = read_genres(self._metadata)
        beside = _Beside(
            genres=genres,
            urls=urls_in(self._metadata),
            features=stack.enter_context(open_features(self._metadata))
            if self._metadata.has(features.FEATURES)
            else None,
            echonest=None,
            problems=list(problems),
        )
        if beside.features:
            beside.problems.extend(beside.features.problems)
        if not self._echonest:
            return beside
        numbers, problems = read_echonest(self._metadata)
        return _Beside(beside.genres, beside.urls, beside.features, numbers, [*beside.problems, *problems])

    def _batch(self, part: _Part, beside: _Beside, done: int) -> ImportBatch:
        tracks, counts = part.tracks, part.counts
        problems = list(part.problems)
        spaces = {}
        if beside.features:
            vectors, bad = beside.features.of([track.id for track in tracks])
            problems += bad
            spaces[features.SPEC.space] = SpaceRows.without_windows(vectors)
            counts[_WITHOUT] += int(np.isnan(vectors[:, 0]).sum())
        if beside.echonest is not None:
            nothing = np.full(echonest.SPEC.dim, np.nan, np.float32)
            numbers = [beside.echonest.get(track.id, nothing) for track in tracks]
            matrix = np.array(numbers, np.float32).reshape(len(tracks), echonest.SPEC.dim)
            spaces[echonest.SPEC.space] = SpaceRows.without_windows(matrix)
        labels = [_labels(track, beside.genres) for track in tracks]
        counts[_UNNAMED] += sum(any(i not in beside.genres for i in track.genres_all) for track in tracks)
        columns = _columns(tracks, beside)
        return ImportBatch(
            source=self.name,
            ids=[f"{track.id:06d}" for track in tracks],
            hashes=_hashes(columns, labels, [space.pooled for space in spaces.values()]),
            columns=columns,
            spaces=spaces,
            labels={LABELS: labels},
            done=done,
            problems=problems,
            cleaning=+counts,
        )


def _labels(track: FmaTrack, genres: GenreTree) -> list[Label]:
    """A track's genres and all above them."""
    names = [genre.title for genre in genres.with_ancestors(track.genres_all)]
    if track.genre_top:
        names.append(track.genre_top)
    return [Label(name, 1.0) for name in dict.fromkeys(names)]


def _genre(track: FmaTrack, genres: GenreTree) -> str | None:
    """The genres that its artist chose, the root of them all first."""
    names = [genres[i].title for i in track.genres if i in genres]
    if track.genre_top:
        names.insert(0, track.genre_top)
    return "; ".join(dict.fromkeys(names)) or None


def _columns(tracks: Sequence[FmaTrack], beside: _Beside) -> dict[str, list[Any]]:
    return {
        "title": [track.title for track in tracks],
        "artist": [track.artist for track in tracks],
        "album": [track.album for track in tracks],
        "genre": [_genre(track, beside.genres) for track in tracks],
        "year": [track.year for track in tracks],
        "track_number": [track.number for track in tracks],
        "duration_s": [track.duration_s for track in tracks],
        "url": [beside.urls.get(track.id) for track in tracks],
        "details": [json.dumps(track.details, ensure_ascii=False) for track in tracks],
    }


def _hashes(
    columns: Mapping[str, Sequence[Any]], labels: Sequence[Sequence[Label]], vectors: Sequence[Any]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Of all that is known of each track."""
    digests = []
    for i, facts in enumerate(zip(*columns.values(), labels, strict=True)):
        digest = hashlib.blake2b(repr(facts).encode("utf-8", "replace"), digest_size=8)
        for rows in vectors:
            digest.update(rows[i].tobytes())
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), np.int64)
