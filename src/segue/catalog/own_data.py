"""What one user keeps, in a file of its own: hearts, plays, playlists, the queue.

A connection to it has the library's catalog attached. SQLite takes a table's name for the user's own table
where there is one, else for the library's: so the same SQL serves all users, and reaches no other's things.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from pathlib import Path

from segue.catalog.connections import Connections
from segue.catalog.schema import BUSY_TIMEOUT_S, check_present, give_name, read_only_mode
from segue.catalog.schema import FILE_NAME as CATALOG_FILE
from segue.catalog.user_data import OWN_TABLES, add_tables, add_temporary_tables
from segue.errors import LibraryFormatError, LibraryNotFoundError, LibraryWriteError
from segue.texts import reason

APPLICATION_ID = 0x53454F57  # "SEOW"


class OwnConnections(Connections):
    """``db`` is this thread's connection to a user's file and, through it, to the library.

    Attributes
    ----------
    root : the library's folder
    file : the user's
    """

    versions = ("PRAGMA main.data_version", "PRAGMA library.data_version")

    def __init__(self, root: Path, file: Path) -> None:
        super().__init__(root)
        self.file = file

    def _connect(self) -> sqlite3.Connection:
        check_present(self.root)
        if not self.file.is_file():
            raise LibraryNotFoundError(f"{self.file} is gone: that user was removed")
        catalog = self.root / CATALOG_FILE
        mode = "ro" if os.access(self.root, os.W_OK) else read_only_mode(catalog)
        # Only to read: a heart need not wait for a scan, and cannot change the library.
        attach = ("ATTACH ? AS library", (f"{catalog.resolve().as_uri()}?mode={mode}",))
        return open_file(self.file, OWN_TABLES, APPLICATION_ID, attach)


def create_own_data(file: Path) -> None:
    """Make a user's file, with nothing in it, for its owner's eyes alone. Raises LibraryWriteError."""
    create_file(file, OWN_TABLES, APPLICATION_ID)


def create_file(file: Path, tables: str, application_id: int) -> None:
    """Make an SQLite file with some tables; it appears when it is whole, and one that is there stays.

    Raises
    ------
    LibraryWriteError
    """
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.touch(mode=0o600)
        with contextlib.closing(connect_file(part, "rw")) as db:
            db.execute("BEGIN")
            for statement in tables.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {application_id}")
            db.execute("COMMIT")
            db.execute("PRAGMA journal_mode = WAL")
        give_name(part, file)
    except (OSError, sqlite3.Error) as error:
        if file.exists():  # another process was quicker, and has swept ours
            return
        raise LibraryWriteError(f"{file} cannot be made: {reason(error)}") from error
    finally:
        part.unlink(missing_ok=True)


def open_file(
    file: Path, tables: str, application_id: int, then: tuple[str, tuple[str, ...]] | None = None
) -> sqlite3.Connection:
    """A connection to what ``create_file`` made, with tables that an older one lacks; ``then`` is run on it.

    Where the file or its folder is read-only, so is the connection, and tables that are missing are empty.

    Raises
    ------
    LibraryFormatError
    """
    try:
        mode = mode_of(file)
        db = connect_file(file, mode)
        try:
            if db.execute("PRAGMA application_id").fetchone()[0] != application_id:
                raise LibraryFormatError(f"{file} is an SQLite file from another program")
            (add_tables if mode == "rw" else add_temporary_tables)(db, tables)
            if then:
                db.execute(*then)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise LibraryFormatError(f"{file} cannot be read: {error}") from error
    return db


def mode_of(file: Path) -> str:
    """How a file can be opened: ``rw``, or what ``read_only_mode`` says. Raises LibraryFormatError."""
    writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    return "rw" if writable else read_only_mode(file)


def connect_file(file: Path, how: str) -> sqlite3.Connection:
    """A connection as those to the catalog are; ``how`` is what ``mode_of`` says."""
    uri = f"{file.resolve().as_uri()}?mode={how}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    db.row_factory = sqlite3.Row
    if how == "rw":
        db.execute("PRAGMA synchronous = FULL")
    return db
