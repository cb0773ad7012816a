"""What a library holds: its tracks, their vectors, and what listeners keep."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from segue.errors import LibraryError
from segue.library.opened import Opened
from segue.library.verbs import OneBlasThread
from segue.spec import EmbedderSpec
from segue.texts import clock, count, each_of
from segue.track import Track, TrackId, readable

if TYPE_CHECKING:
    from segue.catalog import (
        Album,
        AlbumSort,
        Artist,
        ArtistSort,
        BookmarkTable,
        Clusters,
        Discography,
        Failure,
        FeedbackTables,
        FolderTables,
        Overview,
        PlaylistTables,
        PlayQueueTable,
        SettingTables,
        Snapshot,
        SpaceVectors,
        TrackTables,
        Where,
    )
    from segue.library.upgrades import Upgrade
    from segue.recommend.unusual import Limits
    from segue.users import User, Users
    from segue.views.index_facts import IndexFacts, TagFit
    from segue.views.view_index import ViewIndex

_TRACKS = 1000  # read at a time


class Contents(Opened):
    """The half of ``Library`` that only looks, and the doors to the tables of playlists and feedback."""

    @property
    def tracks(self) -> TrackTables:
        """The tracks by their ids, keys, words and conditions, many at once or a page at a time."""
        return self._catalog.tracks

    @property
    def playlists(self) -> PlaylistTables:
        """The playlists that listeners keep."""
        return self._catalog.playlists

    @property
    def feedback(self) -> FeedbackTables:
        """What listeners think of tracks: likes and dislikes, stars, plays."""
        return self._catalog.feedback

    @property
    def play_queue(self) -> PlayQueueTable:
        """What a listener plays, for another player to go on with."""
        return self._catalog.play_queue

    @property
    def bookmarks(self) -> BookmarkTable:
        """Places within tracks that a listener marked."""
        return self._catalog.bookmarks

    @functools.cached_property
    def users(self) -> Users:
        """The people who share the library, if there are any; ``as_user`` opens it as one of them."""
        from segue.users import Users

        return Users(self._catalog.root)

    def as_user(self, user: User | str) -> Self:
        """The same library with what a user keeps: playlists, likes and dislikes, plays, the queue.

        It shares the index with this one, and closes on its own.

        Parameters
        ----------
        user : or the user's name

        Raises
        ------
        UsageError
            Where there is no such user.
        LibraryFormatError, LibraryNotFoundError
        """
        user = self.users.get(user) if isinstance(user, str) else user
        file, library = self.users.own_file(user), copy.copy(self)
        if file is not None:
            library._catalog = self._catalog.with_own_data(file)
            library.recommender = copy.copy(self.recommender)
            library.recommender.catalog = library._catalog
        return library

    def record_plays(self, ids: str | Iterable[str], at: float | None = None) -> None:
        """Remember that tracks were played, now or at a time in s since the epoch: a radio lets them rest."""
        when = time.time() if at is None else at
        self._catalog.feedback.record_plays((track_id, when) for track_id in each_of(ids))

    @OneBlasThread()
    def view_index(self, view: str | None = None) -> ViewIndex:
        """The index that ``similar`` looks into.

        Raises
        ------
        EmptyLibraryError, UsageError
        """
        return self.recommender.session(view).index

    def tag_fit(self) -> TagFit | None:
        """What the library's tags do to its default view; none where they were not looked at yet."""
        facts = self.index_facts()
        return facts.tag_fit if facts else None

    def index_facts(self) -> IndexFacts | None:
        """How the default view finds near tracks; none where nothing has asked for it yet."""
        from segue.views.index_facts import read_index_facts

        return read_index_facts(self._catalog.root / "index", self._catalog.snapshot())

    def has_opinions(self) -> bool:
        """Whether any track is liked or disliked."""
        return self._catalog.opinions() is not None

    @property
    def settings(self) -> SettingTables:
        """Which tracks may be answers, and the shares of playlists: ``settings.change(speech=True)``."""
        return self._catalog.settings

    def limits(self) -> Limits:
        """What is usual here, by the settings; other tracks are answers only where they are asked for."""
        return self.recommender.facts.of(self._catalog.snapshot()).limits(self._catalog.current_settings())

    @property
    def folders(self) -> FolderTables:
        """The folders that were scanned."""
        return self._catalog.folders

    def discography(self) -> Discography:
        """Artists and albums of the tracks whose files are there, as their tags say."""
        return self._catalog.discography()

    def albums(
        self, sort: AlbumSort = "name", *, text: str = "", genre: str | None = None, random_state: int = 0
    ) -> list[Album]:
        """The albums in an order; ``played`` and ``often`` leave out what was never played.

        Parameters
        ----------
        text : only those whose title or artist holds each of its words
        genre : only those with a track of this genre
        """
        from segue.catalog import list_albums

        discography, plays = self._catalog.discography(), self.feedback.plays()
        return list_albums(discography, sort, plays, text=text, genre=genre, random_state=random_state)

    def artists(self, sort: ArtistSort = "name", *, text: str = "") -> list[Artist]:
        """The artists in an order; ``played`` and ``often`` leave out who was never played."""
        from segue.catalog import list_artists

        return list_artists(self._catalog.discography(), sort, self.feedback.plays(), text=text)

    def version(self) -> int:
        """Another number whenever somebody else has changed the library."""
        return self._catalog.version()

    def changes(self) -> int:
        """A number that grows whenever tracks have changed, the same in all processes."""
        return self._catalog.changes()

    def content_version(self) -> tuple[object, ...]:
        """Another value after each scan, import and search for clusters.

        Tags, labels or clusters of a track may then differ.
        """
        return self._catalog.content_version()

    def __repr__(self) -> str:
        spaces = ", ".join(self.spaces()) or "no vectors yet"
        return f"<Library: {count(len(self), 'track')} in {self._catalog.root}, {spaces}>"

    def _repr_html_(self) -> str:
        from segue.display.html import table, together

        stats = self.overview()
        amounts = [count(stats.tracks, "track"), count(stats.albums, "album"), count(stats.artists, "artist")]
        amounts += [clock(stats.duration_s)] if stats.duration_s else []
        wrong = [f"{stats.missing} missing"] if stats.missing else []
        wrong += [f"{stats.failures} failed"] if stats.failures else []
        facts = [("library", str(self._catalog.root)), ("holds", ", ".join([*amounts, *wrong]))]
        facts += [("vectors", f"{name}, {spec.dim} numbers") for name, spec in self.spaces().items()]
        facts += [("folder", readable(folder)) for folder in self.folders.all()]
        facts += [("import", f"{one.source}, {one.kind} {one.location}") for one in stats.imports]
        return together([table(("what", "value"), facts)])

    def to_pandas(self, space: str | None = None) -> Any:
        """A data frame with a row for each track, by the tracks' ids; with the groups, where there are some.

        Parameters
        ----------
        space : also a column for each dimension of this space: ``descriptors-1``

        Raises
        ------
        LibraryError
            Where the library has no such space.
        MissingExtraError
        """
        from segue.display.frames import indexed_frame, with_vectors
        from segue.export.tables import COLUMNS, as_record

        groups, snapshot = self.cluster_names(), self.recommender.snapshot()
        columns = (*COLUMNS, "cluster") if groups else COLUMNS
        if space is None:
            records = [as_record(track) | {"cluster": groups.get(track.id)} for track in self]
            return indexed_frame(records, columns)
        dimensions = snapshot.spaces[self._space(space, snapshot)].dimensions
        rows = list(self.rows(space))
        records = [as_record(track) | {"cluster": groups.get(track.id)} for track, _ in rows]
        vectors = np.array([vector for _, vector in rows]).reshape(len(rows), len(dimensions))
        return with_vectors(indexed_frame(records, columns), vectors, dimensions)

    def __len__(self) -> int:
        return len(self._catalog.tracks)

    def __iter__(self) -> Iterator[Track]:
        return iter(self._catalog.tracks)

    def __getitem__(self, track_id: str) -> Track:
        from segue.recommend.lookup import track_by_id

        return track_by_id(self._catalog, track_id)

    def keys_matching(self, where: Where) -> NDArray[np.int64]:
        """Keys of the tracks that meet all conditions.

        Raises
        ------
        UsageError
            Where no track could.
        """
        if where.tempo_bpm is None:  # all else is in the catalog's tables
            return self._catalog.tracks.keys_matching(where)
        from segue.recommend import filters

        snapshot = self._catalog.snapshot()
        rows = np.flatnonzero(snapshot.keys >= 0)
        return snapshot.keys[rows[filters.rows_meeting(where, self._catalog, snapshot, rows)]]

    def clusters(self) -> Clusters:
        """The clusters that were found last, the largest first."""
        return self._catalog.clusters.load(self._catalog.snapshot().stamp)

    def cluster_names(self, tracks: Iterable[Track] | None = None) -> dict[TrackId, str]:
        """The names of tracks' clusters, by default of all tracks; tracks that are in none are left out."""
        ids = None if tracks is None else [track.id for track in tracks]
        return self._catalog.clusters.names(ids)

    def cluster_numbers(self, tracks: Iterable[Track]) -> dict[TrackId, int]:
        """The numbers of tracks' clusters; tracks that are in none are left out."""
        return self._catalog.clusters.numbers([track.id for track in tracks])

    def spaces(self) -> dict[str, EmbedderSpec]:
        """What the library holds vectors of, by the names of the spaces."""
        return self._catalog.spaces()

    def upgrades(self) -> list[Upgrade]:
        """The newer versions of embedders for which ``start_upgrade`` and a scan would make the vectors."""
        from segue.library.upgrades import find_upgrades

        return find_upgrades(self._catalog.snapshot())

    def failures(self, *, dismissed: bool = False) -> list[Failure]:
        """The files that could not be used, and why; with ``dismissed``, also those that were dismissed."""
        return [one for one in self._catalog.failures() if dismissed or not one.dismissed]

    def damaged(self) -> list[Track]:
        """Tracks whose files are damaged but usable, as their warnings say."""
        return self._catalog.tracks.damaged()

    def overview(self) -> Overview:
        """How much there is, without reading it all."""
        return self._catalog.overview()

    def snapshot(self) -> Snapshot:
        """All spaces as they are now: keys, memory-mapped vectors and windows, row-aligned."""
        return self._catalog.snapshot()

    def vectors(self, space: str | None = None) -> tuple[list[TrackId], NDArray[np.generic]]:
        """The ids of all tracks and their vectors in a space, (n, dim), row by row.

        Raises
        ------
        LibraryError
            Where the library has no such space; by default, the first one is taken.
        """
        snapshot = self.recommender.snapshot()
        name = self._space(space, snapshot)
        live = np.flatnonzero(snapshot.keys >= 0)
        keys = snapshot.keys[live].tolist()
        ids = self._catalog.tracks.ids_of(keys)
        places = [i for i, key in enumerate(keys) if key in ids]
        return [ids[keys[i]] for i in places], snapshot.spaces[name].vectors[live[places]]

    def rows(self, space: str | None = None) -> Iterator[tuple[Track, NDArray[np.generic]]]:
        """Each track and its vector in a space, (dim,), in the order of the rows; a few at a time are read.

        Raises
        ------
        LibraryError
            Where the library has no such space; by default, the first one is taken.
        """
        snapshot = self.recommender.snapshot()
        vectors = snapshot.spaces[self._space(space, snapshot)].vectors
        return ((track, vectors[row]) for track, row in self._tracks_by_row(snapshot))

    def windows(self, space: str) -> Iterator[tuple[Track, NDArray[np.generic]]]:
        """Each track that has windows in a space, and those, (n_windows, dim), in the order of the rows.

        Raises
        ------
        LibraryError
            Where the library has no such space.
        """
        snapshot = self.recommender.snapshot()
        vectors = snapshot.spaces[self._space(space, snapshot)]
        for track, row in self._tracks_by_row(snapshot):
            windows = vectors.windows_of(row)
            if len(windows):
                yield track, windows

    def _tracks_by_row(self, snapshot: Snapshot) -> Iterator[tuple[Track, int]]:
        rows = np.flatnonzero(snapshot.keys >= 0)
        for start in range(0, len(rows), _TRACKS):
            part = rows[start : start + _TRACKS].tolist()
            keys = snapshot.keys[part].tolist()
            tracks = self._catalog.tracks.by_keys(keys)
            yield from ((tracks[key], row) for key, row in zip(keys, part, strict=True) if key in tracks)

    def _space(self, name: str | None, snapshot: Snapshot) -> str:
        name = name or next(iter(snapshot.spaces))
        if name not in snapshot.spaces:
            raise LibraryError(f"no space {name!r} in this library; it has: {', '.join(snapshot.spaces)}")
        return name

    def values(self, track: Track) -> dict[str, float]:
        """A track's descriptors by the names of the dimensions; empty where there are none."""
        snapshot = self.recommender.snapshot()
        space = _descriptor_space(snapshot)
        if space is None:
            return {}
        row = snapshot.row_of(self._catalog.tracks.key_of(track.id))
        names = space.dimensions
        return {} if row is None else dict(zip(names, space.vectors[row].tolist(), strict=True))

    def descriptor(self, name: str) -> dict[TrackId, float]:
        """The values of a descriptor, such as ``tempo_bpm``, of all tracks that have it, by their ids.

        Raises
        ------
        LibraryError
            Where the library has no descriptors, or none of this name.
        """
        space = _descriptor_space(self.recommender.snapshot())
        if space is None or name not in space.dimensions:
            raise LibraryError(f"the library has no descriptor {name!r}")
        ids, vectors = self.vectors(space.spec.space)
        column = vectors[:, space.dimensions.index(name)]
        return {track: float(x) for track, x in zip(ids, column, strict=True) if np.isfinite(x)}

    def descriptors(self) -> tuple[str, ...]:
        """The names of the descriptors that the library has; none where it has no tracks."""
        space = _descriptor_space(self._catalog.snapshot())
        return () if space is None else tuple(space.dimensions)

    def labels(self, track: Track) -> dict[str, dict[str, float]]:
        """What each network calls a track: by space, words and scores from 0 to 1, best first."""
        return self._catalog.tracks.labels([track.id]).get(track.id, {})


def _descriptor_space(snapshot: Snapshot) -> SpaceVectors | None:
    """The descriptors' space, where there is one."""
    from segue.embed.descriptors import SPEC

    return snapshot.spaces.get(SPEC.space)
