"""One folder, one library: the only place where source, embed, catalog, index and recommend meet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.catalog import Catalog, Failure, Snapshot, Where
from segue.embed import Embedder, EmbedderSpec, Typical
from segue.embed.chosen import chosen
from segue.embed.descriptors import SPEC as DESCRIPTORS
from segue.embed.descriptors import Descriptors
from segue.errors import (
    AmbiguousQueryError,
    EmptyLibraryError,
    IndexFormatError,
    LibraryError,
    TrackNotFoundError,
    UsageError,
)
from segue.files import sweep
from segue.index import ViewIndex
from segue.library import filters, models
from segue.library.embedders import embedders_of
from segue.library.report import Progress, ScanReport, Silent
from segue.library.scan import Scan
from segue.recommend import Match, Recommendations, centre_of, distinct
from segue.track import Track, TrackId, Vectors

__all__ = ["Library", "Progress", "ScanReport"]

Query = str | Path | Track
_Seed = Track | dict[str, NDArray[np.generic]]
_LISTED = 10  # matches of an ambiguous text
_ATTEMPTS = 20  # at an answer while others write


class Library:
    """Tracks that can be scanned, searched and compared; ``Library.open(path)`` makes one.

    Iterating gives the tracks in the order of their rows, ``len`` counts them, ``library[id]``
    gives one.
    """

    def __init__(self, catalog: Catalog, embedders: Sequence[Embedder]) -> None:
        self._catalog = catalog
        self._embedders = tuple(embedders)
        self._last_index: ViewIndex | None = None

    @classmethod
    def open(
        cls, path: str | Path, *, create: bool = False, embedders: Sequence[Embedder | str] | None = None
    ) -> Library:
        """The library in the folder ``path``.

        Parameters
        ----------
        create : make an empty one where there is none.
        embedders : what makes the vectors, by name or as objects; unless told, what made those that
            are there, and for a new library the descriptors and those of the networks MusiCNN and
            mn04 that are installed (``segue models``).

        Raises
        ------
        LibraryNotFoundError, LibraryFormatError, LibraryWriteError, UsageError, ModelNotFoundError
        """
        root = Path(path).expanduser()
        catalog = Catalog.create(root) if create else Catalog(root)
        if embedders is None:
            return cls(catalog, embedders_of(catalog.spaces(), root))
        return cls(catalog, chosen(embedders))

    def close(self) -> None:
        self._catalog.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        return self._catalog.root

    def __len__(self) -> int:
        return len(self._catalog)

    def __iter__(self) -> Iterator[Track]:
        return iter(self._catalog)

    def __getitem__(self, track_id: str) -> Track:
        track = self._catalog.by_id(track_id)
        if track is None:
            raise TrackNotFoundError(f"no track has the id {track_id!r}")
        return track

    # Writing

    def scan(
        self,
        folders: Iterable[str | Path] | str | Path,
        *,
        progress: Progress | None = None,
        jobs: int | None = None,
        retry: bool = False,
        wait_s: float = -1,
        on_wait: Callable[[], None] | None = None,
    ) -> ScanReport:
        """Add what is new below some folders, and note what changed, moved or went.

        Ctrl-C ends it early with all finished files kept; the next scan goes on.

        Parameters
        ----------
        jobs : threads; one a core unless told.
        retry : try files again that failed and have not changed since.
        wait_s : how long to wait while another process writes; -1 for as long as it takes.

        Raises
        ------
        LibraryBusyError, LibraryWriteError, SpecMismatchError
        WeightsError
            Where a network cannot be loaded; what was done is kept.
        """
        roots = [folders] if isinstance(folders, str | Path) else list(folders)
        names = [embedder.spec.space for embedder in self._embedders]
        if len(set(names)) < len(names) or not names:
            raise UsageError(f"embedders must have spaces of their own, and there must be one: {names}")
        with self._catalog.writing(wait_s, on_wait) as writer:
            models.keep(self.path, self._embedders)
            for embedder in self._embedders:
                writer.add_space(embedder.spec, embedder.dimensions)
            scan = Scan(self._catalog, writer, self._embedders, progress or Silent())
            report = scan.run([Path(root).expanduser() for root in roots], jobs=jobs, retry=retry)
            sweep(self.path / "index")
            self._index(self._catalog.snapshot())
        return report

    def prune(self, *, wait_s: float = -1) -> int:
        """Remove the tracks whose files are gone; how many there were."""
        with self._catalog.writing(wait_s) as writer:
            return writer.prune()

    # Reading

    def spaces(self) -> dict[str, EmbedderSpec]:
        """What the library holds vectors of, by the names of the spaces."""
        return self._catalog.spaces()

    def failures(self) -> list[Failure]:
        """The files that could not be used, and why."""
        return self._catalog.failures()

    def verify(self) -> int:
        """Read everything and compare checksums; how many matrices were read.

        Raises
        ------
        LibraryFormatError, LibraryError
        """
        n = self._catalog.verify()
        models.verify(self.path, self.spaces().values())
        return n

    def snapshot(self) -> Snapshot:
        """All spaces as they are now: keys, memory-mapped vectors and windows, row-aligned."""
        return self._catalog.snapshot()

    def vectors(self, space: str | None = None) -> tuple[list[TrackId], NDArray[np.generic]]:
        """The ids of all tracks and their vectors in a space, (n, dim), row by row.

        Raises
        ------
        LibraryError
            Where the library has no such space; the first one is meant unless told.
        """
        snapshot = self._current()
        name = space or next(iter(snapshot.spaces))
        if name not in snapshot.spaces:
            raise LibraryError(f"no vectors of {name!r} here; there are: {', '.join(snapshot.spaces)}")
        live = np.flatnonzero(snapshot.keys >= 0)
        keys = snapshot.keys[live]
        tracks = self._catalog.by_keys(keys)
        kept = [i for i, key in enumerate(keys) if int(key) in tracks]
        return [tracks[int(keys[i])].id for i in kept], snapshot.spaces[name].vectors[live[kept]]

    def values(self, track: Track) -> dict[str, float]:
        """A track's descriptors by the names of the dimensions; empty where there are none."""
        snapshot = self._current()
        vectors = dict(zip(snapshot.spaces, self._seed_vectors([track], snapshot), strict=True))
        if DESCRIPTORS.space not in vectors:
            return {}
        names = snapshot.spaces[DESCRIPTORS.space].dimensions
        return dict(zip(names, vectors[DESCRIPTORS.space][0].tolist(), strict=True))

    def labels(self, track: Track) -> dict[str, dict[str, float]]:
        """What each network calls a track: by space, words and scores from 0 to 1, best first."""
        return self._catalog.labels(track.id)

    def search(self, text: str, *, limit: int | None = 50) -> list[Track]:
        """Tracks whose tags, file name or labels hold every word of ``text``, best matches first."""
        return self._catalog.search(text, limit)

    def find(self, query: Query) -> Track:
        """The one track that a query means: an id, a path, a title, or other text.

        Raises
        ------
        TrackNotFoundError
        AmbiguousQueryError
            Where several tracks match; they are in its ``matches``.
        """
        if isinstance(query, Track):
            return self[query.id]
        text = str(query)
        track = self._catalog.by_id(text) or self._catalog.by_path(str(Path(text).expanduser().absolute()))
        if track:
            return track
        matches = self._catalog.named(text) or self._catalog.search(text, _LISTED + 1, by_label=False)
        if not matches:
            raise TrackNotFoundError(f"no track matches {text!r}; segue search TEXT shows what there is")
        if len(matches) > 1:
            many = f"more than {_LISTED}" if len(matches) > _LISTED else str(len(matches))
            raise AmbiguousQueryError(f"{many} tracks match {text!r}; name one by its id", matches[:_LISTED])
        return matches[0]

    def similar(
        self,
        queries: Query | Sequence[Query],
        *,
        k: int = 10,
        same_artist: bool = True,
        label: str | None = None,
        where: Where | None = None,
    ) -> Recommendations:
        """The k tracks that sound most like the queries together, nearest first.

        Parameters
        ----------
        queries : tracks, ids, paths, titles, or files outside the library; one or several.
        same_artist : let tracks by a seed's artist be answers.
        label : only tracks that a network has this word for, such as "Guitar"; short for
            ``where=Where(label="Guitar")``.
        where : only tracks that meet these conditions.

        Raises
        ------
        TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
        UsageError
            Where nothing could ever meet a condition: no track has that genre, label, artist or album,
            or lies below that folder.
        """
        wanted = [queries] if isinstance(queries, str | Path | Track) else list(queries)
        if k < 1 or not wanted:
            raise UsageError(f"k is {k} and there are {len(wanted)} seeds; both must be at least 1")
        conditions = filters.joined(where, label)
        for _ in range(_ATTEMPTS):
            version = self._catalog.version()
            found = self._similar(wanted, k, same_artist, conditions)
            # What was written meanwhile may have given a track another vector.
            if self._catalog.version() == version:
                break
        return found

    def _similar(
        self, queries: Sequence[Query], k: int, same_artist: bool, where: Where | None
    ) -> Recommendations:
        snapshot = self._current()
        index = self._index(snapshot)
        seeds = [self._seed(query) for query in queries]
        tracks = [seed for seed in seeds if isinstance(seed, Track)]
        centre = centre_of(index.view(self._seed_vectors(seeds, snapshot)))
        allowed = filters.not_seeds(self._catalog, snapshot.keys[index.rows], tracks, same_artist)
        if where:
            allowed &= filters.meeting(where, self._catalog, snapshot, index.rows)
        matches = self._matches(index, snapshot, centre, allowed, k)
        shortfall = None
        if len(matches) < k:
            shortfall = f"{len(matches)} of {k}: no more of the library's {len(self)} tracks qualify"
            shortfall += filters.counts(where, self._catalog, snapshot, index.rows) if where else ""
        return Recommendations(tuple(matches), shortfall)

    def _current(self) -> Snapshot:
        snapshot = self._catalog.snapshot()
        if not (snapshot.keys >= 0).any():
            raise EmptyLibraryError(f"the library in {self.path} has no tracks yet: segue scan FOLDER")
        return snapshot

    def _seed(self, query: Query) -> _Seed:
        """A track of the library, or the vectors of a file outside it."""
        try:
            return self.find(query)
        except TrackNotFoundError:
            path = Path(str(query)).expanduser()
            if isinstance(query, Track) or not path.is_file():
                raise
            sound = audio.load(path)
            known = self.spaces()
            wanted = [embedder for embedder in self._embedders if embedder.spec.space in known]
            return {embedder.spec.space: embedder.embed(sound).pooled for embedder in wanted}

    def _seed_vectors(self, seeds: Sequence[_Seed], snapshot: Snapshot) -> list[Vectors]:
        """Of each space, float32 (n_seeds, dim); NaN where a seed has no vector."""
        tracks = [seed.id for seed in seeds if isinstance(seed, Track)]
        keys = self._catalog.keys_of(tracks)
        rows = {
            key: int(np.flatnonzero(snapshot.keys == key)[0]) for key in keys.values() if key in snapshot.keys
        }
        out = []
        for name, space in snapshot.spaces.items():
            vectors = np.full((len(seeds), space.spec.dim), np.nan, np.float32)
            for i, seed in enumerate(seeds):
                if not isinstance(seed, Track):
                    vectors[i] = seed.get(name, np.nan)
                elif keys.get(seed.id) in rows:
                    vectors[i] = space.vectors[rows[keys[seed.id]]]
            out.append(vectors)
        for i, seed in enumerate(seeds):
            if not any(np.isfinite(vectors[i]).all() for vectors in out):
                label = seed.label if isinstance(seed, Track) else "the file"
                raise LibraryError(f"{label} has no vector in {', '.join(snapshot.spaces)}: scan again")
        return out

    def _matches(
        self, index: ViewIndex, snapshot: Snapshot, centre: Vectors, allowed: NDArray[np.bool_], k: int
    ) -> list[Match]:
        qualified = int(allowed.sum())
        # A few more than k, as copies of one file count once; all of them where that is too few.
        for n in (2 * k + 16, qualified):
            rows, distances = index.query(centre, n, allowed)
            keys = snapshot.keys[rows[0]]
            tracks = self._catalog.by_keys(keys)
            there = [i for i, key in enumerate(keys) if int(key) in tracks]
            found = [tracks[int(keys[i])] for i in there]
            matches = distinct(found, 1 - distances[0][there], k)
            if len(matches) == k or n >= qualified:
                break
        return matches

    def _index(self, snapshot: Snapshot) -> ViewIndex:
        """The index of a snapshot: from its file where that is up to date, else made so and kept."""
        path = self.path / "index" / "default.index"
        specs = [space.spec for space in snapshot.spaces.values()]
        if self._last_index and self._last_index.stamp == snapshot.stamp:
            return self._last_index
        found = None
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            found = ViewIndex.load(path, specs)
        if found and found.stamp == snapshot.stamp:
            self._last_index = found
            return found
        typical = self.typical()
        index = found.updated(snapshot, typical) if found else ViewIndex.build(snapshot, typical)
        with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
            index.save(path, specs)
        self._last_index = index
        return index

    def typical(self) -> dict[str, Typical | None]:
        """Typical values by the names of the spaces, for views fitted elsewhere."""
        known: dict[str, Typical | None] = {e.spec.space: e.typical for e in self._embedders}
        return {DESCRIPTORS.space: Descriptors().typical} | known
