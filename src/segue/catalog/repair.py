"""Mends what a check found, from what the library still has."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence

from segue.catalog import check
from segue.catalog.deferred_indexes import INSERT_WORDS
from segue.catalog.files import index_file_and_labels
from segue.catalog.matrices import Matrices
from segue.catalog.sums import Sums
from segue.catalog.transaction import transaction
from segue.catalog.upsert import track_id
from segue.texts import count


def drop_foreign(db: sqlite3.Connection) -> list[str]:
    """Drop triggers and views that are not Segue's, before anything else is written; what was done."""
    foreign = check.foreign_objects(db)
    with transaction(db):
        for kind, name in foreign:
            quoted = name.replace('"', '""')
            db.execute(f'DROP {kind.upper()} main."{quoted}"')
    return [f"dropped the {kind} {name}" for kind, name in foreign]


def repair(db: sqlite3.Connection, matrices: Matrices, sums: Sums) -> list[str]:
    """Mend tracks, labels, details and words, within the writer's transaction; what was done."""
    done = []
    n = db.execute("DELETE FROM labels WHERE key NOT IN (SELECT key FROM tracks)").rowcount
    if n:
        done.append(f"deleted {count(n, 'label')} that belonged to no track")
    n = db.execute(f"UPDATE tracks SET details = NULL WHERE {check.BAD_DETAILS}").rowcount
    if n:
        done.append(f"dropped the details of {count(n, 'track')}")
    sums.flush()
    wrong = set(check.impossible_rows(db))
    wrong |= set(check.keys_of(db, check.differing_groups(db, "tracks")))
    mixed = check.keys_of(db, check.differing_groups(db, "labels"))
    db.executemany("DELETE FROM labels WHERE key = ?", [(key,) for key in mixed])
    if wrong or mixed:
        done += _mark(db, matrices, sorted(wrong.union(mixed)))
    sums.recount()
    n = _index_words(db)
    if n:
        done.append(f"indexed the words of {count(n, 'track')}")
    return done


def _mark(db: sqlite3.Connection, matrices: Matrices, keys: Sequence[int]) -> list[str]:
    """Give tracks rows without vectors, so that the next scan or import makes them again."""
    first = matrices.append(len(keys), {})
    # Rows are unique, so they step aside before they take their new places.
    aside = "UPDATE tracks SET row = -1 - key WHERE key IN (SELECT value FROM json_each(?))"
    db.execute(aside, (json.dumps(keys),))
    sql = "UPDATE tracks SET row = ?, record_hash = NULL WHERE key = ?"
    db.executemany(sql, [(first + i, key) for i, key in enumerate(keys)])
    _restore_ids(db, keys)
    what = f"marked {count(len(keys), 'track')} whose vectors or labels may be those of another"
    return [f"{what}: they are no answers until the next scan or import analyzes them again"]


def _restore_ids(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    """Give imported tracks the ids that they have in every library."""
    sql = "SELECT source, source_id FROM tracks WHERE key = ? AND source IS NOT NULL"
    for key in keys:
        if row := db.execute(sql, (key,)).fetchone():
            db.execute("UPDATE OR IGNORE tracks SET id = ? WHERE key = ?", (track_id(*row), key))


def _index_words(db: sqlite3.Connection) -> int:
    """Index the words of all tracks again, where some are wrong; of how many tracks."""
    if not any(fault.kind == "words" for fault in check.wrong_words(db)):
        return 0
    db.execute("DELETE FROM track_text")
    db.execute(f"{INSERT_WORDS} ORDER BY key")
    for key, path in db.execute("SELECT key, path FROM tracks WHERE path IS NOT NULL").fetchall():
        index_file_and_labels(db, key, os.fsdecode(path))
    return int(db.execute("SELECT count(*) FROM tracks").fetchone()[0])
