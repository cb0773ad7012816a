"""A library's database, with a connection for each thread."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import ClassVar

from segue.catalog import schema

_ARGUMENTS = ("root", "file")


class Connections(threading.local):
    """``db`` is this thread's connection, opened at its first use; it closes when its thread ends.

    Attributes
    ----------
    root : the library's folder
    versions : SQL of numbers, one of which is another whenever another connection has changed what this reads

    Raises
    ------
    LibraryNotFoundError, LibraryFormatError, LibraryWriteError
    """

    db: sqlite3.Connection
    versions: ClassVar[tuple[str, ...]] = ("PRAGMA data_version",)

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getattr__(self, name: str) -> sqlite3.Connection:
        if name != "db":
            raise AttributeError(name)
        self.db = self._connect()
        return self.db

    def _connect(self) -> sqlite3.Connection:
        return schema.connect(self.root)

    def close(self) -> None:
        """Close this thread's connection, if there is one; the next use opens another."""
        db = self.__dict__.get("db")
        for name in [name for name in self.__dict__ if name not in _ARGUMENTS]:
            del self.__dict__[name]  # also what was read through it: another connection counts changes anew
        if db is not None:
            db.close()
