"""Tracks that go by one name: an artist's, an album's, a playlist's, a folder's, and those played last."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog import name_search
from segue.catalog.album_groups import ALBUM, COLUMNS, DISC_NUMBER, KEY, TRACK_NUMBER, Rows, albums_of
from segue.catalog.conditions import Where, keys_matching
from segue.catalog.connections import Connections
from segue.catalog.derived import Derived
from segue.catalog.feedback import LAST_PLAYED, tomorrow
from segue.catalog.folders import FolderTables, display_path
from segue.catalog.name_search import ranked
from segue.catalog.names import NameTables, split_names
from segue.catalog.playlists import PlaylistTables
from segue.catalog.text_index import words_match
from segue.catalog.tracks import select_in
from segue.catalog.words import WordIndex
from segue.errors import TrackNotFoundError, UsageError
from segue.track import clean, folded, normal_form

SelectionKind = Literal["artist", "album", "playlist", "folder", "recent"]
RECENT = 10  # tracks that were played last, unless a number is given
_EXAMPLES = 5  # names in a message
_LOOKED_AT = 2000  # tracks whose artists or albums are looked at for a part of a name
_LISTED = 5000  # tracks whose artists and albums are looked at for a part of a name
_FOLDERS = 20  # of one name
_LONGEST_NAME = 1000  # letters of a folder's name; SQLite's patterns have a length
# By a pattern in ASCII; other paths are compared when they are folded.
_PATHS_WITH = (
    "SELECT path FROM tracks WHERE path != '' AND (path LIKE ? ESCAPE '\\' "
    "OR length(path) < length(CAST(path AS BLOB)) OR typeof(path) = 'blob')"
)
_PLACE = "key, album, disc_number, track_number"  # by which the tracks of an artist or album are ordered
_BETWEEN = " - "  # an album's artist and its title
_NOUNS = {"artist": "the artist", "album": "the album", "playlist": "the playlist", "folder": "the folder"}


@dataclass(frozen=True, slots=True)
class Selection:
    """Several tracks that one name means.

    Attributes
    ----------
    keys : of the tracks whose files are there; of all, where none is
    artist : of an album, where its tracks name one
    """

    kind: SelectionKind
    name: str
    keys: tuple[int, ...]
    artist: str | None = None

    @property
    def seed(self) -> str:
        """The text that means this and nothing else: ``album:Iron Vesper - Crown of Cinders``."""
        if self.kind == "recent":
            return f"recent:{self.name}"
        return f"{self.kind}:{self.artist + _BETWEEN if self.artist else ''}{self.name}"

    def __str__(self) -> str:
        """For people: ``12 tracks by Iron Vesper``."""
        n = len(self.keys)
        tracks = "1 track" if n == 1 else f"{n} tracks"
        if self.kind == "artist":
            return f"{tracks} by {self.name}"
        if self.kind == "recent":
            return f"the {tracks} played last" if n > 1 else "the track played last"
        by = f" by {self.artist}" if self.artist else ""
        return f"{tracks} of {_NOUNS[self.kind]} {self.name}{by}"


class SelectionTables:
    """All that names several tracks of a library."""

    def __init__(self, local: Connections, derived: Derived) -> None:
        self._local, self._derived = local, derived
        self._names = NameTables(local, derived)
        self._words = WordIndex(local, derived)
        self._lists = PlaylistTables(local)

    def explicit(self, text: str, *, paths: bool = True) -> list[Selection]:
        """What ``artist:NAME``, ``album:``, ``playlist:``, ``folder:`` or ``recent:N`` means.

        Nothing for other text. Several albums may have one title; then all are given.

        Raises
        ------
        TrackNotFoundError
            Where there is no such artist, album, playlist or folder, or nothing was played.
        """
        kind, colon, name = text.partition(":")
        if not colon or kind.strip().lower() not in {*_NOUNS, "recent"}:
            return []
        kind, name = kind.strip().lower(), name.strip()
        if kind == "artist":
            return [self._one("artist", name, Where(artist=name))] if name else _missing(kind, name)
        if kind == "album":
            return self.albums(name) or self._no_album(name)
        if kind == "playlist":
            return self._playlists(name)[:1] or _missing(kind, name, (p.name for p in self._lists.all()))
        if kind == "folder":
            return [self.folder(name, paths=paths)]
        return [self.recent(int(name))] if re.fullmatch("[1-9][0-9]{0,5}", name) else [self.recent()]

    def exactly(self, text: str, *, thorough: bool = False) -> list[Selection]:
        """Artists, albums and playlists of this name, case and accents aside.

        Parameters
        ----------
        thorough : look at the tags of all tracks, as albums' artists are not among the indexed words.
        """
        wanted = folded(text)
        rows = self._rows(text)
        artists, albums = ({row[column] or "" for row in rows} for column in ("artist", "album"))
        is_artist = thorough or any(wanted in split_names("artist", names) for names in artists)
        selections = self._all_by(text) if is_artist else []
        if thorough or any(folded(title) == wanted for title in albums):
            selections += self.albums(text)
        return selections + self._playlists(text)[:1]

    def containing(self, text: str, limit: int) -> Iterator[Selection]:
        """Artists, albums and playlists whose name holds every word of a text, the best matches first.

        Parameters
        ----------
        limit : most of each kind
        """
        yield from self._artists_with_words(text, limit)
        yield from self.albums_with_words(text, limit)
        lists = ranked(self._lists.all(), text, lambda playlist: playlist.name)[:limit]
        yield from (one for playlist in lists for one in self._playlists(playlist.id))

    def artists_with_words(self, text: str, limit: int) -> list[Selection]:
        """Artists whose name holds every word of a text, the best matches first."""
        return list(self._artists_with_words(text, limit))

    def _artists_with_words(self, text: str, limit: int) -> Iterator[Selection]:
        keys = self._words.alone(text, "artist", _LOOKED_AT)
        names = name_search.artists_of(self._local.db, keys, text)[:limit]
        return (one for name in names for one in self._all_by(name))

    def albums_with_words(self, text: str, limit: int) -> list[Selection]:
        """Albums whose title holds every word of a text, the best matches first."""
        keys = self._words.alone(text, "album", _LOOKED_AT)
        titles = name_search.albums_of(self._local.db, keys, text)
        return list(islice((one for title in titles for one in self.albums(title)), limit))

    def _rows(self, text: str) -> list[sqlite3.Row]:
        """Tags of tracks whose artist or album has all words of a text."""
        match = words_match(text, ["artist", "album"], prefix=False)
        sql = (
            "SELECT tracks.artist, tracks.album FROM "
            "(SELECT rowid AS key FROM track_text WHERE track_text MATCH ? LIMIT ?) AS matching "
            "CROSS JOIN tracks USING (key) GROUP BY tracks.artist, tracks.album"
        )
        return self._local.db.execute(sql, (match, _LISTED)).fetchall() if match else []

    def _all_by(self, name: str) -> list[Selection]:
        """All by an artist, read from the indexes alone, as these may be thousands."""
        if not self._names.has("artist", name):
            return []
        rows: dict[int, Sequence[Any]] = {}
        for condition, values in self._names.by_artist(name):
            sql = f"SELECT {_PLACE} FROM tracks WHERE {condition}"
            rows |= {row[0]: row for row in self._local.db.execute(sql, values)}
        gone = self._derived.get("gone", _missing_keys, lambda keys: keys.nbytes)
        keys = np.array(list(rows), np.int64)
        present = keys[~np.isin(keys, gone)] if len(gone) else keys
        ordered = _in_order(rows[key] for key in (present if len(present) else keys).tolist())
        return [Selection("artist", self._spelling("artist", name, keys.tolist()), ordered)]

    def _one(self, kind: SelectionKind, name: str, where: Where) -> Selection:
        """Raises TrackNotFoundError, with names that there are."""
        try:
            keys = keys_matching(self._local.db, where, self._names).tolist()
        except UsageError as error:
            raise TrackNotFoundError(str(error)) from None
        return Selection(kind, self._spelling(kind, name, keys), self._present(keys))

    def _spelling(self, kind: SelectionKind, name: str, keys: Sequence[int]) -> str:
        """An artist's name as the tags have it."""
        if kind != "artist":
            return name
        for row in select_in(self._local.db, "SELECT artist, album_artist FROM tracks", "key", keys[:1]):
            names = split_names("artist", row["artist"] or "") | split_names(
                "artist", row["album_artist"] or ""
            )
            return names.get(folded(name), name)
        return name

    def _present(self, keys: Iterable[int]) -> tuple[int, ...]:
        """The tracks whose files are not gone, in the order of albums; all, where all are."""
        columns = f"{_PLACE}, missing_since IS NULL AS present"
        rows = select_in(self._local.db, f"SELECT {columns} FROM tracks", "key", keys)
        return _in_order([row for row in rows if row["present"]] or rows)

    def albums(self, title: str) -> list[Selection]:
        """The albums of a title, or of ``ARTIST - TITLE``; several artists may have one of that title."""
        albums = self._albums_titled(title)
        for place in re.finditer(_BETWEEN, title) if not albums else ():
            artist = folded(title[: place.start()])
            albums += [
                one for one in self._albums_titled(title[place.end() :]) if folded(one.artist or "") == artist
            ]
        return albums

    def _albums_titled(self, title: str) -> list[Selection]:
        if not self._names.has("album", title):  # an error would name some that there are, which takes long
            return []
        keys = keys_matching(self._local.db, Where(album=title), self._names).tolist()
        columns = f"{COLUMNS}, missing_since IS NULL AS present"
        rows = select_in(self._local.db, f"SELECT {columns} FROM tracks", "key", keys)
        return [
            Selection("album", group[0][ALBUM], _keys_of_album(group), artist)
            for artist, group in albums_of(rows)
        ]

    def _no_album(self, name: str) -> list[Selection]:
        """Raises TrackNotFoundError, with titles that there are."""
        return [self._one("album", name, Where(album=name))] if name else _missing("album", name)

    def _playlists(self, name: str) -> list[Selection]:
        """Those of a name or an id that have tracks, the last changed first."""
        named = [one for one in self._lists.all() if one.id == name or folded(one.name) == folded(name)]
        playlists = [
            Selection("playlist", one.name, self._keys_of(self._lists.tracks(one.id))) for one in named
        ]
        return [playlist for playlist in playlists if playlist.keys]

    def _keys_of(self, ids: Sequence[str]) -> tuple[int, ...]:
        """In their order, each once."""
        rows = {
            row["id"]: row["key"]
            for row in select_in(self._local.db, "SELECT id, key FROM tracks", "id", ids)
        }
        return tuple(dict.fromkeys(rows[name] for name in ids if name in rows))

    def folder(self, name: str, *, paths: bool = True) -> Selection:
        """The tracks below a folder: by its path, or from the name of a scanned folder on.

        Parameters
        ----------
        paths : take absolute paths, and paths from the working folder on

        Raises
        ------
        TrackNotFoundError
        """
        tops = FolderTables(self._local).all()
        wanted = name.strip().replace("\\", "/").strip("/")
        inside = [top for top in tops if wanted and ".." not in wanted.split("/")]
        places = [
            str(Path(top).parent / wanted)
            for top in inside
            if normal_form(wanted.split("/")[0]) == normal_form(Path(top).name)
        ]
        places += [str(Path(top) / wanted) for top in inside]
        reason: UsageError | None = None
        for place in [*([name] if paths and name else []), *places]:
            try:
                keys = keys_matching(self._local.db, Where(folder=place), self._names).tolist()
            except UsageError as error:
                reason = reason or error
            else:
                shown = display_path(f"{os.path.abspath(os.path.expanduser(place))}/x", tops)  # noqa: PTH100, PTH111
                return Selection("folder", shown.removesuffix("/x"), self._present(keys))
        raise TrackNotFoundError(str(reason) if reason and paths else f"no track is in the folder {name!r}")

    def folders_named(self, name: str) -> list[Selection]:
        """Folders of this name, within the scanned ones, that have tracks; case and accents aside."""
        wanted, places = folded(name), set[Path]()
        tops = FolderTables(self._local).all()
        for folder in self._folders_with(wanted) if wanted else ():
            shown = display_path(os.path.join(folder, "x"), tops).split("/")[:-1]  # noqa: PTH118
            for part, place in zip(reversed(shown), (Path(folder), *Path(folder).parents), strict=False):
                if folded(part) == wanted:
                    places.add(place)
        return [self.folder(str(place)) for place in sorted(places)[:_FOLDERS]]

    def _folders_with(self, text: str) -> set[str]:
        """Folders of tracks whose paths hold a folded text."""
        part = re.sub(r"([\\%_])", r"\\\1", clean(text[:_LONGEST_NAME]))
        rows = self._local.db.execute(_PATHS_WITH, (f"%{part}%",))
        folders = {os.path.dirname(os.fsdecode(row[0])) for row in rows}  # noqa: PTH120 - a million at times
        return {folder for folder in folders if text in folded(folder)}

    def recent(self, n: int = RECENT) -> Selection:
        """The tracks that were played last, the latest first. Raises TrackNotFoundError where none was."""
        sql = f"SELECT key FROM plays JOIN tracks USING (id) GROUP BY key ORDER BY {LAST_PLAYED} DESC LIMIT ?"
        keys = tuple(row[0] for row in self._local.db.execute(sql, (tomorrow(), n)))
        if not keys:
            raise TrackNotFoundError(
                "no track has been played yet, so there are no recent ones to start from"
            )
        return Selection("recent", str(n), keys)


def _in_order(rows: Iterable[Sequence[Any]]) -> tuple[int, ...]:
    """The keys of tracks in the order of albums."""
    places = sorted((album or "", disc or 1, track or 0, key) for key, album, disc, track, *_ in rows)
    return tuple(key for *_, key in places)


def _keys_of_album(rows: Rows) -> tuple[int, ...]:
    """The tracks whose files are not gone, as the last column says, in their order; all, where all are."""
    present = [row for row in rows if row[-1]] or rows
    return _in_order((row[KEY], row[ALBUM], row[DISC_NUMBER], row[TRACK_NUMBER]) for row in present)


def _missing_keys(db: sqlite3.Connection) -> NDArray[np.int64]:
    """The keys of the tracks whose files are gone."""
    rows = db.execute("SELECT key FROM tracks WHERE missing_since IS NOT NULL")
    return np.fromiter((row[0] for row in rows), np.int64)


def _missing(kind: str, name: str, names: Iterable[str] = ()) -> list[Selection]:
    """Raises TrackNotFoundError, with names that there are."""
    examples = ", ".join(list(names)[:_EXAMPLES])
    if not name:
        raise TrackNotFoundError(f"{kind}: names no {kind}; write {kind}:NAME")
    raise TrackNotFoundError(
        f"no {kind} {name!r}; " + (f"there are: {examples}" if examples else f"there is no {kind} yet")
    )
