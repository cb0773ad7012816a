"""What in a library does not fit together: rows, tracks, labels, words, checksums, and what is foreign."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.catalog import matrix, schema, snapshots, sums
from segue.catalog.deferred_indexes import first_put_off
from segue.catalog.postings import n_damaged
from segue.errors import LibraryFormatError
from segue.texts import count

NO_SUMS = (
    "the tracks have no checksum yet, as an older Segue made the library: the next scan or import adds it"
)
_ATTEMPTS = 3
_NAMED = 5  # ids in a message
_IMPOSSIBLE = (
    "typeof(row) != 'integer' OR row < 0 OR row >= :n "
    "OR row IN (SELECT row FROM tracks GROUP BY row HAVING count(*) > 1)"
)
BAD_DETAILS = (
    "details IS NOT NULL AND CASE WHEN json_valid(details) THEN json_type(details) != 'object' ELSE 1 END"
)
_WORDS_DIFFER = (
    "track_text.title != coalesce(tracks.title, '') OR track_text.album != coalesce(tracks.album, '') "
    "OR track_text.genre != coalesce(tracks.genre, '') OR (path IS NOT NULL AND track_text.file = '')"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit.

    Attributes
    ----------
    kind : database, matrix, foreign, rows, tracks, labels, words, details, model or users
    message : what it is, and how much of it there is
    mendable : whether ``repair`` can mend it
    """

    kind: str
    message: str
    mendable: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes
    ----------
    n_tracks, n_matrices : how many were read
    faults : what does not fit, in the order in which it is mended
    notes : what could not be checked
    """

    n_tracks: int
    n_matrices: int
    faults: Sequence[Fault]
    notes: Sequence[str] = ()


def check(root: Path, db: sqlite3.Connection) -> Check:
    """Read all of a library and compare what its parts say of each other.

    Raises
    ------
    LibraryFormatError
        Where the database cannot be read at all.
    """
    for _ in range(_ATTEMPTS):
        version = db.execute("PRAGMA data_version").fetchone()[0]
        with snapshots.one_moment(db):
            result = _check(root, db)
        moved_on = version != db.execute("PRAGMA data_version").fetchone()[0]
        if not (moved_on and any(fault.kind == "matrix" for fault in result.faults)):
            break  # else a prune may have replaced the files meanwhile
    return result


def _check(root: Path, db: sqlite3.Connection) -> Check:
    faults = list(_faults(root, db))
    states = snapshots.matrix_states(db)
    notes = [] if sums.are_kept(db) or not _count(db, "tracks") else [NO_SUMS]
    if put_off := _without_words(db)[1]:
        notes.append(
            f"{count(put_off, 'track')} cannot be searched until the next scan or import: one was stopped"
        )
    return Check(_count(db, "tracks"), len(states), faults, notes)


def _faults(root: Path, db: sqlite3.Connection) -> Iterator[Fault]:
    damage = [row[0] for row in db.execute("PRAGMA quick_check")]
    if damage != ["ok"]:
        message = f"{root / schema.FILE_NAME} is damaged: {damage[0]}; restore a copy of it"
        yield Fault("database", message, mendable=False)
    yield from _damaged_matrices(root, db)
    for kind, name in foreign_objects(db):
        yield Fault("foreign", f"a {kind} that is not Segue's: {name}")
    yield from _bad_rows(db)
    yield from _wrong_sums(db)
    n = _count(db, f"tracks WHERE {BAD_DETAILS}")
    if n:
        yield Fault("details", f"the details of {count(n, 'track')} are no object of JSON")
    yield from wrong_words(db)


def _damaged_matrices(root: Path, db: sqlite3.Connection) -> Iterator[Fault]:
    for space, kind, state in snapshots.matrix_states(db):
        folder = root / "vectors" / space
        try:
            matrix.verify(folder, state)
            if kind == "ends":
                ends = matrix.view(folder, state)[:, 0].astype(np.int64)
                if (np.diff(ends, prepend=0) < 0).any():
                    raise LibraryFormatError(f"{folder / state.file} names windows that there are not")
        except LibraryFormatError as error:
            yield Fault("matrix", str(error), mendable=False)
        except FileNotFoundError:
            yield Fault("matrix", f"{folder / state.file} is missing; restore it", mendable=False)


def foreign_objects(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Triggers and views that lie in the database, by type and name; Segue puts none there."""
    sql = "SELECT type, name FROM main.sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name"
    return [(kind, name) for kind, name in db.execute(sql)]


def impossible_rows(db: sqlite3.Connection) -> list[int]:
    """Keys of tracks whose row is no row of the matrices, or another track's too."""
    return [row[0] for row in db.execute(f"SELECT key FROM tracks WHERE {_IMPOSSIBLE}", {"n": n_rows(db)})]


def n_rows(db: sqlite3.Connection) -> int:
    """How many rows every matrix has."""
    return int(db.execute("SELECT coalesce(min(rows), 0) FROM matrices WHERE kind = 'pooled'").fetchone()[0])


def _bad_rows(db: sqlite3.Connection) -> Iterator[Fault]:
    keys = impossible_rows(db)
    if keys:
        yield Fault("rows", f"rows that cannot be theirs: of {_named(db, keys)}")


def _wrong_sums(db: sqlite3.Connection) -> Iterator[Fault]:
    orphans = _count(db, "labels WHERE key NOT IN (SELECT key FROM tracks)")
    if orphans:
        yield Fault("labels", f"{count(orphans, 'label')} of no track")
    if not sums.are_kept(db):
        return
    tracks = differing_groups(db, "tracks")
    if tracks:
        n_kept = sum(n for n, _ in sums.stored(db, "tracks").values())
        n_tracks = _count(db, "tracks")
        lost = f"{n_kept - n_tracks} of {n_kept} tracks are missing; " if n_kept > n_tracks else ""
        more = f"{n_tracks - n_kept} tracks are there that no commit has put; " if n_tracks > n_kept else ""
        yield Fault(
            "tracks",
            f"{lost}{more}tracks, their rows and contents are not as they were written, "
            f"among {_tracks_of(db, tracks)}",
        )
    labels = differing_groups(db, "labels")
    if labels:
        yield Fault("labels", f"labels are not as they were written, among those of {_tracks_of(db, labels)}")


def differing_groups(db: sqlite3.Connection, part: str) -> list[int]:
    """Groups of keys whose sum is not what it was when they were written."""
    stored, counted = sums.stored(db, part), sums.counted(db, part)
    return sorted(
        group for group in stored.keys() | counted.keys() if stored.get(group) != counted.get(group)
    )


def keys_of(db: sqlite3.Connection, groups: Sequence[int]) -> list[int]:
    """The keys of the tracks in some groups."""
    keys: set[int] = set()
    for group in groups:
        first = group << sums.GROUP_BITS
        last = first + (1 << sums.GROUP_BITS) - 1
        sql = "SELECT key FROM tracks WHERE key BETWEEN ? AND ?"
        keys |= {row[0] for row in db.execute(sql, (first, last))}
    return sorted(keys)


def _tracks_of(db: sqlite3.Connection, groups: Sequence[int]) -> str:
    return _named(db, keys_of(db, groups))


def _named(db: sqlite3.Connection, keys: Sequence[int]) -> str:
    return f"{count(len(keys), 'track')} ({_ids(db, keys)})"


def wrong_words(db: sqlite3.Connection) -> Iterator[Fault]:
    """Tracks that a search by words would not find, or find by others."""
    lacking, _ = _without_words(db)
    if lacking:
        yield Fault("words", f"{count(lacking, 'track')} cannot be searched: the words are not indexed")
    left = _count(db, "track_text WHERE rowid NOT IN (SELECT key FROM tracks)")
    if left:
        yield Fault("words", f"words of {count(left, 'track')} are indexed that there are not")
    other = _count(db, f"track_text JOIN tracks ON key = track_text.rowid WHERE {_WORDS_DIFFER}")
    if other:
        yield Fault("words", f"{count(other, 'track')} indexed under other words than those of the tags")
    damaged = n_damaged(db)
    if damaged:
        yield Fault("words", f"{damaged} pieces of what is kept of the words of all tracks are damaged")


def _without_words(db: sqlite3.Connection) -> tuple[int, int]:
    """How many tracks lack words, and how many more do as an import was stopped that puts them off."""
    lacking = "tracks WHERE key NOT IN (SELECT rowid FROM track_text)"
    first = first_put_off(db)
    if first is None:
        return _count(db, lacking), 0
    return _count(db, f"{lacking} AND key < {first}"), _count(db, f"{lacking} AND key >= {first}")


def _count(db: sqlite3.Connection, what: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


def _ids(db: sqlite3.Connection, keys: Sequence[int]) -> str:
    sql = "SELECT id FROM tracks WHERE key = ?"
    ids = [str(row[0]) for key in keys[:_NAMED] if (row := db.execute(sql, (key,)).fetchone())]
    return ", ".join(ids) + (", ..." if len(keys) > _NAMED else "")
