"""The tracks of a library, by all that they can be asked for by."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import conditions, listing, summaries
from segue.catalog.conditions import Where
from segue.catalog.connections import Connections
from segue.catalog.derived import Derived
from segue.catalog.integers import parse_integers
from segue.catalog.listing import Facets, Sort
from segue.catalog.migration import TITLE
from segue.catalog.names import NameTables
from segue.catalog.near_names import KINDS, NameKind, near_names
from segue.catalog.words import WordIndex
from segue.errors import LibraryFormatError
from segue.track import TAG_COLUMNS, Tags, Track, TrackId, folded, normal_form, path_to_db

_SELECTED_AT_ONCE = 500  # values in one statement, well below SQLite's limit
_NAMED_ALIKE = 500  # tracks with a name's words that are looked at
_SCAN_FROM = 5000  # keys; for more of them, reading the whole index is quicker
_FROM_SOURCE = "WHERE source_id = ? AND source IS NOT NULL"
_TRACKS = (  # in the order of the fields of Tags and Track, so that rows need not be looked into by name
    f"SELECT key, id, path, {', '.join(TAG_COLUMNS)}, duration_s, sr, channels, codec, size, content_hash, "
    "added_at, missing_since, warning, source, source_id, url, details FROM tracks"
)


class TrackTables:
    """All tracks of a library. Iterating gives them in the order of their rows."""

    def __init__(self, local: Connections, derived: Derived) -> None:
        self._local, self._derived = local, derived
        self._names = NameTables(local, derived)
        self._words = WordIndex(local, derived)

    def __len__(self) -> int:
        count = "SELECT count(*) FROM tracks"
        return self._derived.get("n", lambda db: int(db.execute(count).fetchone()[0]))

    def __iter__(self) -> Iterator[Track]:
        return self._select("ORDER BY row")

    def _select(self, rest: str, *values: object) -> Iterator[Track]:
        return map(track_from_row, self._local.db.execute(f"{_TRACKS} {rest}", values))

    # One, by what somebody calls it

    def by_id(self, track_id: str) -> Track | None:
        return next(self._select("WHERE id = ?", path_to_db(track_id)), None)

    def by_title(self, title: str) -> list[Track]:
        """Tracks with this title, or file name where they have none, but for the case of a to z."""
        title = title.strip()
        called = f"WHERE {TITLE} COLLATE NOCASE = ? ORDER BY row LIMIT {_NAMED_ALIKE}"
        return list(self._select(called, title if title.isascii() else path_to_db(title)))

    def by_name(self, name: str) -> list[Track]:
        """Tracks with exactly this title, ``artist - title`` or file name, case and accents aside."""
        wanted = folded(name)
        keys = self._words.called(wanted, _NAMED_ALIKE)
        if not len(keys):
            keys = self._words.inside(name, _NAMED_ALIKE)
        return [
            track
            for track in self._in_order(keys.tolist())
            if wanted in map(folded, (track.title, track.display_name, Path(track.path).name))
        ]

    def by_reference(self, text: str, *, paths: bool = True) -> list[Track]:
        """Tracks by what only they are called: an id, a path, an id in their source, or ``source:id``.

        Parameters
        ----------
        paths : whether a text may be a path
        """
        path = os.path.abspath(os.path.expanduser(text)) if paths else ""  # noqa: PTH100, PTH111
        name: str | bytes = text
        if not (text + path).isascii():
            name, path = path_to_db(text), path_to_db(path)  # type: ignore[assignment]
        tracks = list(self._select("WHERE id = ? OR path = ? ORDER BY id = ? DESC LIMIT 1", name, path, name))
        tracks = tracks or list(self._select(f"{_FROM_SOURCE} ORDER BY row", name))
        if not tracks and ":" in text:
            source, rest = map(path_to_db, text.split(":", 1))
            tracks = list(self._select(f"{_FROM_SOURCE} AND source = ? ORDER BY row", rest, source))
        if not tracks and paths and not text.isascii():
            tracks = self._by_other_form(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111
        return tracks

    def _by_other_form(self, path: str) -> list[Track]:
        """The track at a path whose letters with accents are written in another form."""
        forms = [path_to_db(unicodedata.normalize(form, path)) for form in ("NFC", "NFD")]
        tracks = list(self._select("WHERE path IN (?, ?) ORDER BY row LIMIT 1", *forms))
        if tracks or not re.search(r"\.\w{1,5}$", path):
            return tracks
        # Folders and files may be written in several forms: the file's name is looked for in all folders.
        wanted = normal_form(path)
        rows = self._local.db.execute("SELECT key, path FROM tracks WHERE path IS NOT NULL")
        keys = [row[0] for row in rows if normal_form(os.fsdecode(row[1])) == wanted]
        return list(self.by_keys(keys[:1]).values())

    # Many

    def by_ids(self, ids: Sequence[str]) -> list[Track]:
        """The tracks of these ids, in their order; those that are gone are left out."""
        tracks = {row[1]: track_from_row(row) for row in select_in(self._local.db, _TRACKS, "id", ids)}
        return [tracks[name] for name in ids if name in tracks]

    def by_keys(self, keys: Iterable[int]) -> dict[int, Track]:
        """The tracks of these keys; those that are gone are left out."""
        rows = select_in(self._local.db, _TRACKS, "key", map(int, keys))
        return {row[0]: track_from_row(row) for row in rows}

    def ids_of(self, keys: Iterable[int]) -> dict[int, TrackId]:
        """The ids of these keys; those of tracks that are gone are left out."""
        wanted, select = set(map(int, keys)), "SELECT key, id FROM tracks"
        few = len(wanted) < _SCAN_FROM
        rows = select_in(self._local.db, select, "key", wanted) if few else self._local.db.execute(select)
        return {row[0]: TrackId(row[1]) for row in rows if row[0] in wanted}

    def key_of(self, track_id: str) -> int:
        """The key of an id; -1, which no track has, where it is gone."""
        row = self._local.db.execute("SELECT key FROM tracks WHERE id = ?", (track_id,)).fetchone()
        return int(row[0]) if row else -1

    def keys_of(self, ids: Iterable[str]) -> dict[TrackId, int]:
        """The keys of these ids; those of tracks that are gone are left out."""
        return dict(map(tuple, select_in(self._local.db, "SELECT id, key FROM tracks", "id", ids)))

    def labels(self, ids: Iterable[str]) -> dict[TrackId, dict[str, dict[str, float]]]:
        """What the networks call these tracks: by id and space, names and scores, best first."""
        select = "SELECT id, space, label, score FROM tracks JOIN labels USING (key)"
        rows = sorted(
            select_in(self._local.db, select, "id", ids), key=lambda row: (row["space"], -row["score"])
        )
        labels: dict[TrackId, dict[str, dict[str, float]]] = {}
        for row in rows:
            labels.setdefault(TrackId(row["id"]), {}).setdefault(row["space"], {})[row["label"]] = row[
                "score"
            ]
        return labels

    def artists_and_albums(self, keys: Iterable[int]) -> tuple[list[str | None], list[str | None]]:
        """Of these tracks, in their order, the artist or else the album's, and the album; without case."""
        rows = self._local.db.execute("SELECT key, coalesce(artist, album_artist), album FROM tracks")
        names = {key: (artist and folded(artist), album and folded(album)) for key, artist, album in rows}
        pairs = [names.get(key, (None, None)) for key in map(int, keys)]
        return [artist for artist, _ in pairs], [album for _, album in pairs]

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

        def read(db: sqlite3.Connection) -> NDArray[np.int64]:
            keys = conditions.keys_matching(db, where, self._names)
            keys.flags.writeable = False
            return keys

        return self._derived.get(("keys", repr(where)), read, lambda keys: keys.nbytes)

    def keys_by_artists(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks by any of these artists, or from their albums, case and accents aside."""
        return conditions.keys_by_artists(self._local.db, names, self._names)

    def keys_with_contents(self, hashes: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks with one of these contents."""
        return conditions.keys_with_contents(self._local.db, hashes)

    def durations_of_files(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Keys of the tracks that have a file, rising, and how long they are in s; (n,) each."""
        rows = self._local.db.execute(
            "SELECT key, duration_s FROM tracks WHERE codec != '' ORDER BY key"
        ).fetchall()
        pairs = np.array([(row[0], row[1]) for row in rows], np.float64).reshape(-1, 2)
        return pairs[:, 0].astype(np.int64), pairs[:, 1]

    def sample_durations(self, n: int) -> list[float]:
        """The known lengths, in s, of about n tracks from all of the library."""
        last = self._local.db.execute("SELECT max(key) FROM tracks").fetchone()[0] or 0
        keys = range(1, last + 1, max(1, last // n))
        rows = select_in(self._local.db, "SELECT duration_s FROM tracks", "key", keys)
        return [row["duration_s"] for row in rows if row["duration_s"] > 0]

    def durations_and_genres(self, keys: Iterable[int]) -> dict[int, tuple[float, str | None]]:
        """How long tracks are in s, 0 where that is unknown, and their genres, by their keys."""
        rows = select_in(self._local.db, "SELECT key, duration_s, genre FROM tracks", "key", keys)
        return {row["key"]: (row["duration_s"], row["genre"]) for row in rows}

    def keys_of_one_content(self) -> list[list[int]]:
        """The keys of tracks that are there and have the same content, or are the same song of a table."""
        rows = self._local.db.execute(
            "SELECT group_concat(key) FROM tracks WHERE missing_since IS NULL AND content_hash != '' "
            "GROUP BY content_hash HAVING count(*) > 1"
        )
        return [sorted(parse_integers(row[0]).tolist()) for row in rows]

    # By words, and a page at a time

    def search(self, text: str, limit: int | None = 50, *, by_label: bool = True) -> list[Track]:
        """Tracks whose tags, file name and labels hold every word of ``text``.

        Words match from their beginning, without case and accents; best matches first. Where none
        match so, any place within a word or name counts.
        """
        keys = self._words.best(text, by_label=by_label, most=limit)
        if not len(keys):
            keys = self._words.inside(text, limit)
        return self._in_order(keys[:limit].tolist())

    def keys_with_words(self, text: str) -> NDArray[np.int64]:
        """int64 (n,), best matches first: keys of the tracks whose tags and file name hold a text's words.

        Words match from their beginning.
        """
        return self._words.best(text)

    def keys_with_labels(self, text: str) -> NDArray[np.int64]:
        """int64 (n,), best matches first: likewise, where the labels that are kept for them count, too.

        None where these bring nothing, or are those of most tracks.
        """
        return self._words.labeled(text)

    def all_keys_with_words(self, text: str, *, by_label: bool = False) -> NDArray[np.int64]:
        """int64 (n,), rising: likewise, in no order of matching, which is quicker where there are many."""
        return self._words.all(text, by_label=by_label)

    def keys_with_letters(self, text: str) -> NDArray[np.int64]:
        """int64 (n,): likewise, where words may stand within other words."""
        return self._words.inside(text)

    def near_names(
        self, text: str, kinds: Collection[NameKind] = KINDS, most: int = 3
    ) -> list[tuple[str, NameKind]]:
        """Names that are spelled almost like a text, the nearest first, and what each is."""
        return near_names(self._local.db, text, self._words.indexed(), most, kinds)

    def label_scores(
        self, labels: Iterable[str], without: Iterable[str] = ()
    ) -> list[tuple[int, str, float]]:
        """Keys of the tracks for which a network's best labels include some of these, with label and score.

        Parameters
        ----------
        without : spaces that do not count.
        """
        sql = (
            "SELECT key, label, score FROM labels WHERE label IN (SELECT value FROM json_each(?)) "
            "AND space NOT IN (SELECT value FROM json_each(?))"
        )
        rows = self._local.db.execute(sql, (json.dumps(list(labels)), json.dumps(list(without))))
        return [(row[0], row[1], row[2]) for row in rows]

    def count_matches(self, text: str, *, by_label: bool = True) -> int:
        """How many tracks ``search`` finds by the beginnings of words."""
        return self._words.count(text, by_label=by_label)

    def page(
        self, keys: NDArray[np.int64] | None, sort: Sort, limit: int, offset: int = 0
    ) -> tuple[list[Track], int]:
        """Some tracks in an order, and how many there are in all.

        Parameters
        ----------
        keys : int64 (n,), only these tracks, each there and once; all if ``None``.
        """
        if keys is None:
            return self._in_order(listing.keys_at(self._local.db, sort, limit, offset)), len(self)
        listed, n = listing.keys_among(self._derived, keys, sort, limit, offset)
        return self._in_order(listed), n

    def _in_order(self, keys: Sequence[int]) -> list[Track]:
        tracks = self.by_keys(keys)
        return [tracks[key] for key in keys if key in tracks]

    def sample(
        self, keys: NDArray[np.int64] | None, seed: int, limit: int, offset: int = 0
    ) -> tuple[list[Track], int]:
        """As ``page``, in an order that chance gives: the same for the same seed."""
        if keys is None:
            keys = np.fromiter((row[0] for row in self._local.db.execute("SELECT key FROM tracks")), np.int64)
        drawn = np.random.default_rng(seed).permutation(np.sort(keys))[offset : offset + limit]
        tracks = self.by_keys(drawn)
        return [tracks[key] for key in drawn.tolist() if key in tracks], len(keys)

    def facets(self) -> Facets:
        """Genres, labels and years to choose from."""
        return self._derived.get("facets", summaries.facets)


@dataclass(frozen=True, slots=True)
class TrackReader:
    """The tracks of one answer: each row is read once, and becomes a track where it is wanted whole."""

    tracks: TrackTables
    _rows: dict[int, sqlite3.Row] = field(default_factory=dict)

    def by_id(self, track_id: str) -> tuple[int, Track] | None:
        """A track after its key; none for what no track has as its id."""
        row = self._db.execute(f"{_TRACKS} WHERE id = ?", (path_to_db(track_id),)).fetchone()
        if row is None:
            return None
        self._rows[row[0]] = row
        return row[0], track_from_row(row)

    def by_keys(self, keys: Iterable[int]) -> dict[int, Track]:
        """The tracks of these keys; those that are gone are left out."""
        return {row[0]: track_from_row(row) for row in self._read(keys)}

    def durations_and_genres(self, keys: Iterable[int]) -> dict[int, tuple[float, str | None]]:
        """As ``TrackTables.durations_and_genres``."""
        return {row[0]: (row["duration_s"], row["genre"]) for row in self._read(keys)}

    def _read(self, keys: Iterable[int]) -> list[sqlite3.Row]:
        rows, wanted = self._rows, list(keys)
        unread = [key for key in wanted if key not in rows]
        if unread:
            rows.update((row[0], row) for row in select_in(self._db, _TRACKS, "key", unread))
        return [rows[key] for key in wanted if key in rows]

    @property
    def _db(self) -> sqlite3.Connection:
        return self.tracks._local.db


def select_in(
    db: sqlite3.Connection, select: str, column: str, values: Iterable[int | str]
) -> list[sqlite3.Row]:
    """The rows of ``select`` whose ``column`` has one of these values, in no order.

    ``select`` is a statement without conditions, such as ``SELECT id FROM tracks``.
    """
    # For one value as for 500 this is quicker than json_each, which costs some 10 us to set up.
    wanted, rows = list(values), []
    for start in range(0, len(wanted), _SELECTED_AT_ONCE):
        part = wanted[start : start + _SELECTED_AT_ONCE]
        rows += db.execute(f"{select} WHERE {column} IN ({','.join('?' * len(part))})", part).fetchall()
    return rows


def track_from_row(row: sqlite3.Row) -> Track:
    """A track from a row of ``_TRACKS``."""
    _, track_id, path = row[:3]
    source, source_id, url, details = row[20:]
    path = f"{source}:{source_id}" if path is None else os.fsdecode(path)
    duration_s, sr, channels, codec, size, content_hash, added_at, missing_since, warning = row[11:20]
    return Track(
        track_id, path, Tags(*row[3:11]), duration_s, sr, channels, codec, size, content_hash, added_at,
        missing_since, warning, source, source_id, url, _details(details, track_id),
    )  # fmt: skip


def _details(text: str | None, track_id: str) -> dict[str, Any]:
    """Raises LibraryFormatError where they are no object of JSON."""
    if not text:
        return {}
    try:
        details = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        details = None
    if not isinstance(details, dict):
        what = f"the details of the track {track_id} are no object of JSON"
        raise LibraryFormatError(f"{what}; to drop them: {command('check --repair')}")
    return details
