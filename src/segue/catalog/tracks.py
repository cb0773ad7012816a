"""The tracks of a library, by all that they can be asked for by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog import conditions, listing, search
from segue.catalog.conditions import Where
from segue.catalog.listing import Facets, Sort
from segue.catalog.records import path_to_db, select_in, track_from_row
from segue.track import Track, TrackId, folded

_SCAN_FROM = 5000  # keys; for more of them, reading the whole index is quicker


class TrackTables:
    """All tracks of a library. Iterating gives them in the order of their rows."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM tracks").fetchone()[0])

    def __iter__(self) -> Iterator[Track]:
        return self._select("ORDER BY row")

    def _select(self, rest: str, *values: object) -> Iterator[Track]:
        return map(track_from_row, self._db.execute(f"SELECT * FROM tracks {rest}", values))

    # One, by what somebody calls it

    def by_id(self, track_id: str) -> Track | None:
        return next(self._select("WHERE id = ?", path_to_db(track_id)), None)

    def by_path(self, path: str) -> Track | None:
        return next(self._select("WHERE path = ?", path_to_db(path)), None)

    def by_source_id(self, name: str) -> list[Track]:
        """Imported tracks by their id in their source, or by ``source:id``."""
        tracks = self._by_source_id(name)
        if not tracks and ":" in name:
            source, rest = name.split(":", 1)
            tracks = [track for track in self._by_source_id(rest) if track.source == source]
        return tracks

    def _by_source_id(self, name: str) -> list[Track]:
        return list(self._select("WHERE source_id = ? AND source IS NOT NULL ORDER BY row", path_to_db(name)))

    def by_name(self, name: str) -> list[Track]:
        """Tracks with exactly this title, ``artist - title`` or file name, case and accents aside."""
        wanted = folded(name)
        return [
            track
            for track in self.search(name, None, by_label=False)
            if wanted in map(folded, (track.title, track.display_name, Path(track.path).name))
        ]

    def by_reference(self, text: str, *, paths: bool = True) -> list[Track]:
        """Tracks by what only they are called: an id, a path, or an id in their source.

        Parameters
        ----------
        paths : whether a text may be a path
        """
        found = self.by_id(text)
        if found is None and paths:
            found = self.by_path(str(Path(text).expanduser().absolute()))
        return [found] if found else self.by_source_id(text)

    # Many

    def by_ids(self, ids: Sequence[str]) -> list[Track]:
        """The tracks of these ids, in their order; those that are gone are left out."""
        rows = select_in(self._db, "SELECT * FROM tracks", "id", ids)
        tracks = {row["id"]: track_from_row(row) for row in rows}
        return [tracks[name] for name in ids if name in tracks]

    def by_keys(self, keys: Iterable[int]) -> dict[int, Track]:
        """The tracks of these keys; those that are gone are left out."""
        rows = select_in(self._db, "SELECT * FROM tracks", "key", map(int, keys))
        return dict(zip(map(itemgetter("key"), rows), map(track_from_row, rows), strict=True))

    def ids_of(self, keys: Iterable[int]) -> dict[int, TrackId]:
        """The ids of these keys; those of tracks that are gone are left out."""
        wanted, select = set(map(int, keys)), "SELECT key, id FROM tracks"
        few = len(wanted) < _SCAN_FROM
        rows = select_in(self._db, select, "key", wanted) if few else self._db.execute(select)
        return {row[0]: TrackId(row[1]) for row in rows if row[0] in wanted}

    def keys_of(self, ids: Iterable[str]) -> dict[TrackId, int]:
        """The keys of these ids; those of tracks that are gone are left out."""
        return dict(map(tuple, select_in(self._db, "SELECT id, key FROM tracks", "id", ids)))

    def labels(self, ids: Iterable[str]) -> dict[TrackId, dict[str, dict[str, float]]]:
        """What the networks call these tracks: by id and space, names and scores, best first."""
        select = "SELECT id, space, label, score FROM tracks JOIN labels USING (key)"
        rows = sorted(select_in(self._db, select, "id", ids), key=lambda row: (row["space"], -row["score"]))
        labels: dict[TrackId, dict[str, dict[str, float]]] = {}
        for row in rows:
            labels.setdefault(TrackId(row["id"]), {}).setdefault(row["space"], {})[row["label"]] = row[
                "score"
            ]
        return labels

    def damaged(self) -> list[Track]:
        """Tracks whose files are damaged but usable."""
        return list(self._select("WHERE warning IS NOT NULL ORDER BY row"))

    # By conditions

    def keys_matching(self, where: Where) -> NDArray[np.int64]:
        """Keys of the tracks that meet all conditions but that on the tempo, which is in the vectors.

        Raises
        ------
        UsageError
        """
        return conditions.keys_matching(self._db, where)

    def keys_by_artists(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks by any of these artists, or from their albums, case and accents aside."""
        return conditions.keys_by_artists(self._db, names)

    def keys_with_contents(self, hashes: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks with one of these contents."""
        return conditions.keys_with_contents(self._db, hashes)

    # By words, and a page at a time

    def search(self, text: str, limit: int | None = 50, *, by_label: bool = True) -> list[Track]:
        """Tracks whose tags, file name and labels hold every word of ``text``.

        Words match from their beginning, without case and accents; best matches first. Where none
        match so, any place within a word or name counts.
        """
        return search.search(self._db, text, limit, by_label=by_label)

    def keys_with_words(self, text: str, *, by_label: bool = False) -> NDArray[np.int64]:
        """int64 (n,), best matches first: keys of the tracks whose tags and file name hold a text's words.

        Words match from their beginning. With ``by_label`` the labels that are kept for them count, too.
        """
        return search.keys_with_words(self._db, text, by_label=by_label)

    def keys_with_letters(self, text: str) -> NDArray[np.int64]:
        """int64 (n,): likewise, where words may stand within other words."""
        return search.keys_with_letters(self._db, text)

    def label_scores(
        self, labels: Iterable[str], without: Iterable[str] = ()
    ) -> list[tuple[int, str, float]]:
        """Keys of the tracks for which a network's best labels include some of these, with label and score.

        Parameters
        ----------
        without : spaces that do not count.
        """
        return search.label_scores(self._db, labels, without)

    def count_matches(self, text: str) -> int:
        """How many tracks ``search`` finds by the beginnings of words."""
        return search.count_matches(self._db, text)

    def page(
        self, keys: NDArray[np.int64] | None, sort: Sort, limit: int, offset: int = 0
    ) -> tuple[list[Track], int]:
        """Some tracks in an order, and how many there are in all.

        Parameters
        ----------
        keys : int64 (n,), only these tracks; all if ``None``.
        """
        return listing.page(self._db, keys, sort, limit, offset)

    def facets(self) -> Facets:
        """Genres, labels and years to choose from."""
        return listing.facets(self._db)
