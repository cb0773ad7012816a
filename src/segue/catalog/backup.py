"""A copy of a library that is whole, made while others read it and write to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from segue.catalog import matrix, removed, schema
from segue.catalog.matrix import MatrixState
from segue.catalog.own_data import connect_file, mode_of
from segue.errors import LibraryFormatError, LibraryWriteError
from segue.files import replacing_folder

_ATTEMPTS = 5  # a prune may replace the matrices between the copy of the tables and theirs
_CHUNK = 1 << 24  # bytes copied at a time
_DERIVED = ("index/*.index", "models/*")


def back_up(root: Path, to: Path) -> int:
    """Copy the library in ``root`` to a new folder; how many bytes that took.

    It is the library of one moment: tables and, of each matrix, what they have committed, with checksums
    compared. It appears under its name when it is whole.

    Raises
    ------
    LibraryWriteError, LibraryFormatError, LibraryNotFoundError
    """
    try:
        with replacing_folder(to) as part:
            _copy_of_one_moment(root, part)
            if to.exists():
                to.rmdir()  # which is refused where it is not empty
    except OSError as error:
        reason = error.strerror or error
        raise LibraryWriteError(f"the library in {root} cannot be copied to {to}: {reason}") from error
    except sqlite3.Error as error:
        raise LibraryWriteError(f"the library in {root} cannot be copied to {to}: {error}") from error
    return sum(path.stat().st_size for path in to.rglob("*") if path.is_file())


def _copy_of_one_moment(root: Path, to: Path) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            _copy(root, to)
            return
        except (FileNotFoundError, LibraryFormatError):
            if attempt == _ATTEMPTS - 1:
                raise
            shutil.rmtree(to)
            to.mkdir(mode=0o700)


def _copy(root: Path, to: Path) -> None:
    with contextlib.closing(schema.connect(root)) as db:
        _copy_database(db, to / schema.FILE_NAME)
    _copy_users(root, to)
    with contextlib.closing(sqlite3.connect(to / schema.FILE_NAME)) as db:
        states = db.execute("SELECT space, file, dtype, width, rows, crc32 FROM matrices").fetchall()
    for space, *fields in states:
        state = MatrixState(*fields)
        folder = to / "vectors" / space
        folder.mkdir(parents=True, exist_ok=True)
        length = matrix.HEADER_BYTES + state.rows * state.row_bytes
        _copy_file(root / "vectors" / space / state.file, folder / state.file, length)
        matrix.verify(folder, state)
    for path in (path for pattern in _DERIVED for path in root.glob(pattern)):
        with contextlib.suppress(FileNotFoundError):  # made anew where it is missing
            (to / path.parent.name).mkdir(exist_ok=True)
            _copy_file(path, to / path.parent.name / path.name, path.stat().st_size)
    kept = root / removed.FILE_NAME
    if kept.exists():
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(kept)) as db:
            _copy_database(db, to / removed.FILE_NAME)


def _copy_users(root: Path, to: Path) -> None:
    """Users, then what each keeps; somebody who is removed meanwhile is left out with it."""
    folder, copied = root / "users", to / "users"
    if not (folder / "users.sqlite").exists():
        return
    copied.mkdir(mode=0o700)
    for path in sorted(folder.glob("*.sqlite"), key=lambda path: path.name != "users.sqlite"):
        try:
            with contextlib.closing(connect_file(path, mode_of(path))) as db:
                _copy_database(db, copied / path.name)
        except sqlite3.OperationalError:
            if path.exists():
                raise
            (copied / path.name).unlink(missing_ok=True)


def _copy_database(source: sqlite3.Connection, to: Path) -> None:
    to.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(to)) as target:
        source.backup(target)
    with to.open("rb") as f:
        os.fsync(f.fileno())


def _copy_file(source: Path, to: Path, length: int) -> None:
    """Copy the first ``length`` bytes of a file, which may be growing."""
    with source.open("rb") as f, to.open("wb") as g:
        while length and (chunk := f.read(min(length, _CHUNK))):
            g.write(chunk)
            length -= len(chunk)
        g.flush()
        os.fsync(g.fileno())
