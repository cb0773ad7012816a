"""What a catalog says of itself, checked once when it is opened: tables, spaces, and where matrices lie.

Whatever is read afterwards may trust these values with an allocation or a path.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from segue.errors import LibraryFormatError, UsageError
from segue.spec import METRICS, EmbedderSpec, SpaceSettings, settings_from_json, spec_from_json

MAX_WIDTH = 1 << 20  # numbers in a row
MAX_ROWS = 1 << 40
_DTYPES = ("<f8", "<f4", "<f2", "|u1", "|i1")
_TRANSFORMS = ("fitted", "centered", "raw")
_NEEDED = {"pooled", "windows", "ends"}  # of every space
_KINDS = {*_NEEDED, "scores"}
_UNSAFE = re.compile(r"[/\\:\x00-\x1f]")  # in the name of a file or folder
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)


def validate(db: sqlite3.Connection, path: Path, tables: str) -> None:
    """Check an open catalog.

    Parameters
    ----------
    path : of its file, for messages
    tables : the statements that make the tables of this format

    Raises
    ------
    LibraryFormatError
        Where a table or column is missing, or a space or matrix cannot be what it says.
    """
    with _one_moment(db):
        _check_tables(db, path, tables)
        dims = {row["space"]: _check_space(row, path) for row in db.execute("SELECT * FROM spaces")}
        _check_matrices(db, path, dims)


@contextlib.contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@functools.lru_cache(1)
def columns_of_tables(tables: str) -> Mapping[str, tuple[str, ...]]:
    """The columns of the tables that some statements make, by their names."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        for statement in tables.split(";\n"):
            db.execute(statement)
        names = re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", tables)
        return {name: tuple(row[1] for row in db.execute(f"PRAGMA table_info({name})")) for name in names}


def _check_tables(db: sqlite3.Connection, path: Path, tables: str) -> None:
    for table, columns in columns_of_tables(tables).items():
        try:
            db.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")
        except sqlite3.OperationalError as error:
            raise LibraryFormatError(f"{path} is no whole library: {error}") from error


def _check_space(row: sqlite3.Row, path: Path) -> int:
    """The size of a space's vectors. Raises LibraryFormatError."""
    name = row["space"]
    where = f"{path}, space {str(name)[:60]!r}"
    spec = _parsed(where, "spec", row["spec"], spec_from_json)
    if not _is_spec(spec) or spec.space != name or not is_plain_name(name):
        raise LibraryFormatError(f"{where}: its spec is none of a space of that name")
    settings = _parsed(where, "settings", row["settings"], settings_from_json)
    if not _are_settings(settings):
        raise LibraryFormatError(f"{where}: its settings make no sense: {row['settings'][:80]}")
    for column in ("dimensions", "label_names"):
        names = _parsed(where, column, row[column], json.loads)
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise LibraryFormatError(f"{where}: its {column} are no list of names")
    return int(spec.dim)


def _parsed(where: str, what: str, text: Any, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except _BROKEN as error:
        raise LibraryFormatError(f"{where}: its {what} cannot be read: {error}") from error


def check_new_space(spec: EmbedderSpec, settings: SpaceSettings) -> None:
    """Raises UsageError where a space is one that no library could be opened with."""
    if not is_plain_name(spec.space):
        raise UsageError(f"a space cannot be called {spec.space!r}, which is the name of its folder")
    if not _is_spec(spec):
        raise UsageError(
            f"the space {spec.space} cannot be: expected 1 to {MAX_WIDTH} numbers of float32 or uint8, "
            f"got {spec.dim} of {spec.dtype}"
        )
    if not _are_settings(settings):
        raise UsageError(f"the settings of the space {spec.space} make no sense: {settings}")


def _is_spec(spec: EmbedderSpec) -> bool:
    texts = (spec.name, spec.accepts, spec.dtype, spec.license, spec.reference)
    numbers = (spec.window_s, spec.hop_s)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(text, str | None) for text in (spec.weights_sha256, spec.variant))
        and all(type(n) is int and n >= 0 for n in (spec.version, spec.sr))
        and all(type(x) in (int, float) and 0 <= x < 1e9 for x in numbers)
        and type(spec.dim) is int
        and 1 <= spec.dim <= MAX_WIDTH
        and spec.dtype in ("float32", "uint8")
    )


def _are_settings(settings: SpaceSettings) -> bool:
    return (
        settings.windows in _DTYPES
        and settings.transform in _TRANSFORMS
        and settings.metric in METRICS
        and all(type(weight) in (int, float) for weight in settings.weights)
    )


def is_plain_name(name: Any) -> bool:
    """Whether a text names a file or folder beside others, and none elsewhere."""
    return isinstance(name, str) and bool(name) and not name.startswith(".") and not _UNSAFE.search(name)


def _check_matrices(db: sqlite3.Connection, path: Path, dims: Mapping[str, int]) -> None:
    rows: dict[str, dict[str, int]] = {name: {} for name in dims}
    for row in db.execute("SELECT * FROM matrices"):
        space, kind = row["space"], row["kind"]
        where = f"{path}, matrix {str(kind)[:60]!r} of {str(space)[:60]!r}"
        if space not in dims or kind not in _KINDS:
            raise LibraryFormatError(f"{where}: there is no such space")
        _check_matrix(row, where, dims[space])
        rows[space][kind] = row["rows"]
    for space, by_kind in rows.items():
        lacking = _NEEDED - by_kind.keys()
        if lacking:
            raise LibraryFormatError(f"{path} has no matrix of {', '.join(sorted(lacking))} for {space}")
    lengths = {n for by_kind in rows.values() for kind, n in by_kind.items() if kind != "windows"}
    if len(lengths) > 1:
        raise LibraryFormatError(f"{path} has matrices of {sorted(lengths)} rows, expected as many in each")
    if not dims and db.execute("SELECT 1 FROM tracks LIMIT 1").fetchone():
        raise LibraryFormatError(f"{path} has tracks, but no space of vectors")


def _check_matrix(row: sqlite3.Row, where: str, dim: int) -> None:
    file, kind = row["file"], row["kind"]
    if not is_plain_name(file):
        raise LibraryFormatError(f"{where}: {str(file)[:80]!r} is not the name of a file in its folder")
    if row["dtype"] not in (("<i8",) if kind == "ends" else _DTYPES):
        raise LibraryFormatError(f"{where}: {str(row['dtype'])[:20]!r} is no type of its numbers")
    expected = {"ends": 1, "pooled": dim, "windows": dim}.get(kind)
    width, rows, crc = row["width"], row["rows"], row["crc32"]
    if type(width) is not int or not 1 <= width <= MAX_WIDTH or width != (expected or width):
        raise LibraryFormatError(f"{where}: {width!r} is no width, expected {expected or 'at least 1'}")
    if type(rows) is not int or not 0 <= rows <= MAX_ROWS:
        raise LibraryFormatError(f"{where}: {rows!r} is no number of rows")
    if type(crc) is not int:
        raise LibraryFormatError(f"{where}: {crc!r} is no checksum")
