"""The folders that were scanned, and short forms of the paths below them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.track import path_to_db

_SHOWN = 3  # last parts of a path that is below no scanned folder


class FolderTables:
    """All scanned folders of a library."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def note(self, folders: Iterable[str]) -> None:
        """Keep that these folders were scanned now; paths of single files are left out."""
        rows = [(path_to_db(folder), time.time()) for folder in folders if Path(folder).is_dir()]
        with user_transaction(self._local.db):
            self._local.db.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?)", rows)

    def all(self) -> list[str]:
        """Their paths, sorted."""
        return sorted(os.fsdecode(row[0]) for row in self._local.db.execute("SELECT folder FROM folders"))

    def count(self, folder: str, *, missing: bool = False) -> int:
        """How many tracks have their files below a folder; with ``missing``, also those whose are gone."""
        condition, ends = below(folder)
        sql = f"SELECT count(*) FROM tracks WHERE {condition}" + " AND missing_since IS NULL" * (not missing)
        return int(self._local.db.execute(sql, ends).fetchone()[0])

    def own_tracks(self, folder: str) -> dict[int, str]:
        """The paths of tracks below a folder, by their keys, those of imported data sets left out."""
        condition, ends = below(folder)
        rows = self._local.db.execute(
            f"SELECT key, path FROM tracks WHERE source IS NULL AND {condition}", ends
        )
        return {key: os.fsdecode(path) for key, path in rows}

    def exclusions(self) -> dict[str, list[str]]:
        """By folder, the patterns of what stays out below it, sorted."""
        kept: dict[str, list[str]] = {}
        for folder, pattern in self._local.db.execute("SELECT * FROM exclusions ORDER BY folder, pattern"):
            kept.setdefault(os.fsdecode(folder), []).append(pattern)
        return kept

    def exclude(self, folder: str, patterns: Iterable[str]) -> None:
        """Keep that what these patterns name stays out of scans of the folder."""
        rows = [(path_to_db(folder), pattern) for pattern in patterns]
        with user_transaction(self._local.db):
            self._local.db.executemany("INSERT OR IGNORE INTO exclusions VALUES (?, ?)", rows)

    def include(self, folder: str, patterns: Iterable[str]) -> int:
        """Take patterns back; how many of them there were."""
        rows = [(path_to_db(folder), pattern) for pattern in patterns]
        with user_transaction(self._local.db):
            sql = "DELETE FROM exclusions WHERE folder = ? AND pattern = ?"
            return self._local.db.executemany(sql, rows).rowcount


def below(folder: str) -> tuple[str, list[str | bytes]]:
    """A condition on ``path`` that holds for what lies below a folder, and its values."""
    inside = folder.rstrip(os.sep) + os.sep
    past = inside[:-1] + chr(ord(os.sep) + 1)
    # Names that are not Unicode are kept as bytes, which SQLite sorts apart from all text.
    ends = [*map(os.fsencode, (inside, past)), *map(path_to_db, (inside, past))]
    return "(path >= ? AND path < ? OR path >= ? AND path < ?)", ends


def display_path(path: str, folders: Iterable[str]) -> str:
    """A path from the name of its scanned folder on, with ``/`` between the parts.

    A path that is below no scanned folder is shown by its last three parts.
    """
    best = ""
    for folder in folders:
        top = folder.rstrip(os.sep) + os.sep
        if len(top) > len(best) and path.startswith(top):
            best = top
    if best:
        text = best[best.rfind(os.sep, 0, -1) + 1 :] + path[len(best) :]
    else:
        text = str(Path(*Path(path).parts[-_SHOWN:]))
    return text.replace(os.sep, "/").lstrip("/")
