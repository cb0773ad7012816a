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
