"""The tables of ``catalog.sqlite``, and how a connection to it is opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

from segue.advice import command
from segue.catalog.migration import IMPORTS, OLD_FORMATS, TRACKS, WORDS, as_current_format, to_current_format
from segue.catalog.user_data import TABLES as USER_DATA
from segue.catalog.user_data import add_tables, add_temporary_tables
from segue.catalog.validation import validate
from segue.errors import LibraryFormatError, LibraryNotFoundError, LibraryWriteError
from segue.texts import reason

FORMAT_VERSION = 3
APPLICATION_ID = 0x53454755  # "SEGU", kept by SQLite in the file's header
FILE_NAME = "catalog.sqlite"
BUSY_TIMEOUT_S = 30.0
_PART = f".{FILE_NAME}."  # begins the names of files that become the catalog

_TABLES = (
    TRACKS
    + f"{WORDS};"
    + """
CREATE TABLE labels (
    key INTEGER NOT NULL, space TEXT NOT NULL, label TEXT NOT NULL, score REAL NOT NULL,
    PRIMARY KEY (key, space, label)
) WITHOUT ROWID;
CREATE INDEX labels_by_name ON labels (label);
CREATE TABLE failures (
    path PRIMARY KEY NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
    size INTEGER, mtime_ns INTEGER, failed_at REAL NOT NULL
);
CREATE TABLE spaces (
    space TEXT PRIMARY KEY, spec TEXT NOT NULL, dimensions TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',    -- JSON
    label_names TEXT NOT NULL DEFAULT '[]'  -- JSON, of the columns of its matrix of scores
);
CREATE TABLE matrices (
    space TEXT NOT NULL REFERENCES spaces, kind TEXT NOT NULL, file TEXT NOT NULL,
    dtype TEXT NOT NULL, width INTEGER NOT NULL, rows INTEGER NOT NULL, crc32 INTEGER NOT NULL,
    PRIMARY KEY (space, kind)
);
"""
    + IMPORTS
    + USER_DATA
)
_NO_SPACE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


def create(root: Path) -> None:
    """Make an empty library in ``root``, for its owner's eyes alone; leave one that exists as it is."""
    path = root / FILE_NAME
    part = root / f"{_PART}{uuid.uuid4().hex[:8]}.part"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            return
        part.touch(mode=0o600)  # SQLite's other files get the mode of this one
        with contextlib.closing(_connect(f"{part.resolve().as_uri()}?mode=rwc")) as db:
            db.execute("BEGIN")
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            db.execute("COMMIT")
            # Only now: what a write-ahead log still holds would not come along with the new name.
            db.execute("PRAGMA journal_mode = WAL")
        give_name(part, path)
    except (OSError, sqlite3.OperationalError) as error:
        if path.exists():  # another process was quicker, and its writer has swept ours
            return
        raise LibraryWriteError(f"cannot create a library in {root}: {reason(error)}") from error
    finally:
        for leftover in root.glob(f"{part.name}*"):
            leftover.unlink(missing_ok=True)


def sweep_parts(root: Path) -> None:
    """Delete what killed processes left that were about to make this library."""
    for leftover in root.glob(f"{_PART}*"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def give_name(part: Path, path: Path) -> None:
    """Name a whole file, unless another process was quicker."""
    try:
        os.link(part, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            part.rename(path)


def check_present(root: Path) -> None:
    """Raises LibraryNotFoundError where the library is no more, so that none is made in its place."""
    if not (root / FILE_NAME).is_file():
        raise LibraryNotFoundError(f"the library in {root} is gone: it was moved, or its disk is not there")


def connect(root: Path) -> sqlite3.Connection:
    """A connection to the library in ``root``; read-only where its folder is.

    Raises
    ------
    LibraryNotFoundError, LibraryFormatError, LibraryWriteError
    """
    path = root / FILE_NAME
    if not path.is_file():
        make = command("scan FOLDER", library=root)
        raise LibraryNotFoundError(f"there is no library in {root}; make one with: {make}")
    uri = path.resolve().as_uri()
    try:
        if os.access(path, os.W_OK) and os.access(root, os.W_OK):
            return _check_format(_connect(f"{uri}?mode=rw"), path, to_current_format)
        return _check_format(_connect(f"{uri}?mode={read_only_mode(path)}"), path, as_current_format)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in _NO_SPACE:
            raise LibraryWriteError(
                f"{path} cannot be opened; that needs some disk space: {error}"
            ) from error
        raise LibraryFormatError(f"{path} cannot be read as a library: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LibraryFormatError(f"{path} cannot be read as a library: {error}") from error


def read_only_mode(path: Path) -> str:
    """How SQLite opens a file that it may only read: ``ro``, or one that nobody changes meanwhile.

    Raises
    ------
    LibraryFormatError
        Where changes are in a log that SQLite would have to write to before it could read them.
    """
    try:
        with contextlib.closing(_connect(f"{path.resolve().as_uri()}?mode=ro")) as db:
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise LibraryFormatError(
                f"{path} has changes in {log.name} that cannot be read in a read-only folder: "
                "open it once where it can be written to"
            ) from error
        # A finished write-ahead log leaves no files that a read-only folder would need.
        return "ro&immutable=1"
    return "ro"


def _connect(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _check_format(
    db: sqlite3.Connection, path: Path, upgrade: Callable[[sqlite3.Connection], None]
) -> sqlite3.Connection:
    """The connection, if it is to a library; ``upgrade`` brings an older one to this format."""
    try:
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise LibraryFormatError(f"{path} is an SQLite file from another program")
        if version in OLD_FORMATS:
            upgrade(db)
        elif version != FORMAT_VERSION:
            raise LibraryFormatError(
                f"{path} has format {version}; this Segue reads formats up to {FORMAT_VERSION}: update Segue"
            )
        (add_tables if upgrade is to_current_format else add_temporary_tables)(db)
        db.execute("PRAGMA synchronous = FULL")
        validate(db, path, _TABLES)
    except BaseException:
        db.close()
        raise
    return db
