"""Damaged and foreign catalogs end in LibraryFormatError, from every command, and lead nowhere else."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
import pytest

from segue.catalog import schema
from segue.errors import LibraryFormatError, LibraryNotFoundError, SegueError, UsageError
from segue.library import Library
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.tables import songs, write_csv


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A library of vectors and of a table."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(0)
    with Library.open(folder / "library", create=True) as library:
        library.import_from(Vectors(rng.standard_normal((30, 4)), name="mine"))
        library.import_from(Table(write_csv(folder / "songs.csv", songs(30))))
        library.similar("mine:3")
    return folder / "library"


@pytest.fixture
def damaged(whole, tmp_path):
    def damage(*statements):
        root = tmp_path / "library"
        shutil.copytree(whole, root)
        with closing(sqlite3.connect(root / "catalog.sqlite")) as db, db:
            for statement in statements:
                db.execute(statement)
        return root

    return damage


def test_a_matrix_that_cannot_be_read_is_refused_in_words(damaged, segue):
    root = damaged()
    matrix = next(root.glob("vectors/*/pooled*.matrix"))
    matrix.unlink()
    matrix.mkdir()
    for command in (("similar", "mine:3"), ("check",)):
        code, out, err = segue("--library", root, *command)
        assert code in (1, 2)
        assert f"{matrix} cannot be read: " in out + err


DAMAGES = {
    "spec of a brace": "UPDATE spaces SET spec = '{'",
    "spec of a list": "UPDATE spaces SET spec = '[]'",
    "spec of a number": "UPDATE spaces SET spec = 5",
    "spec without fields": "UPDATE spaces SET spec = '{}'",
    "deep spec": f"UPDATE spaces SET spec = '{'[' * 100_000}'",
    "spec of a huge size": "UPDATE spaces SET spec = json_set(spec, '$.dim', 1099511627776)",
    "spec of a negative size": "UPDATE spaces SET spec = json_set(spec, '$.dim', -4)",
    "spec of a text for a size": "UPDATE spaces SET spec = json_set(spec, '$.dim', '4')",
    "spec of another type": "UPDATE spaces SET spec = json_set(spec, '$.dtype', 'object')",
    "spec of another name": "UPDATE spaces SET spec = json_set(spec, '$.name', 'other')",
    "dimensions of a number": "UPDATE spaces SET dimensions = '5'",
    "dimensions of numbers": "UPDATE spaces SET dimensions = '[1, 2]'",
    "settings of a letter": "UPDATE spaces SET settings = 'x'",
    "settings unknown": """UPDATE spaces SET settings = '{"colour": 1}'""",
    "transform unknown": """UPDATE spaces SET settings = '{"reading": "odd"}'""",
    "metric unknown": """UPDATE spaces SET settings = '{"metric": "l3"}'""",
    "labels of null": "UPDATE spaces SET label_names = 'null'",
    "negative rows": "UPDATE matrices SET rows = -5",
    "rows beyond all": "UPDATE matrices SET rows = 4611686018427387904",
    "rows of text": "UPDATE matrices SET rows = 'many' WHERE kind = 'pooled'",
    "more rows than bytes": "UPDATE matrices SET rows = rows + 1000000",
    "rows of one only": "UPDATE matrices SET rows = rows - 1 WHERE kind = 'ends'",
    "width beyond all": "UPDATE matrices SET width = 1099511627776",
    "width of nothing": "UPDATE matrices SET width = 0",
    "type unknown": "UPDATE matrices SET dtype = 'O' WHERE kind = 'pooled'",
    "kind unknown": "UPDATE matrices SET kind = 'odd' WHERE kind = 'windows'",
    "checksum of text": "UPDATE matrices SET crc32 = 'x'",
    "file elsewhere": "UPDATE matrices SET file = '../../../victim' WHERE kind = 'pooled'",
    "file at the root": "UPDATE matrices SET file = '/etc/passwd' WHERE kind = 'pooled'",
    "file with a backslash": "UPDATE matrices SET file = '..\\..\\victim' WHERE kind = 'pooled'",
    "file of nothing": "UPDATE matrices SET file = '' WHERE kind = 'pooled'",
    "file not there": "UPDATE matrices SET file = 'gone.matrix' WHERE kind = 'pooled'",
    "space elsewhere": "UPDATE spaces SET space = '../../out' WHERE space = 'vectors-1'",
    "matrices gone": "DELETE FROM matrices",
    "spaces gone": "DELETE FROM spaces",
    "spaces and matrices gone": "DELETE FROM spaces; DELETE FROM matrices",
    "labels gone": "DROP TABLE labels",
    "tracks gone": "DROP TABLE tracks",
    "words gone": "DROP TABLE track_text",
    "a column gone": "ALTER TABLE failures RENAME COLUMN reason TO why",
    "rows out of range": "UPDATE tracks SET row = row + 1000000",
    "rows below zero": "UPDATE tracks SET row = -1 - row",
    "row of text": "UPDATE tracks SET row = 'x' WHERE key = 3",
}
COMMANDS = [
    line.split()
    for line in (
        "info", "similar mine:3", "search Song", "check", "map --json", "matrix mine:3 mine:4", "clusters",
        "playlist mine:3", "export --format json", "duplicates", "failures",
    )
]  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_catalog_is_refused_in_words(damaged, segue, tmp_path, name):
    (tmp_path / "victim").write_bytes(b"SEGUEMAT" + bytes(5000))
    root = damaged(*DAMAGES[name].split("; "))
    for command in COMMANDS:
        code, _, err = segue("--library", root, *command)
        assert "Traceback" not in err
        assert code in (0, 1, 2), err
        if command[0] in ("similar", "check"):
            assert code, command
    with pytest.raises(LibraryFormatError), Library.open(root) as library:
        library.similar("mine:3")
    assert (tmp_path / "victim").stat().st_size == 5008


@pytest.mark.slow
@pytest.mark.parametrize("details", ["[", "[]", "5", "[" * 100_000])
def test_details_that_make_no_sense_are_refused_in_words(damaged, segue, details):
    root = damaged(f"UPDATE tracks SET details = '{details}'")
    with pytest.raises(LibraryFormatError, match="details of the track"), Library.open(root) as library:
        list(library)
    for command in COMMANDS:
        code, _, err = segue("--library", root, *command)
        assert (code < 3, "Traceback" in err) == (True, False)


@pytest.mark.slow
def test_every_column_set_to_nonsense_ends_in_words(damaged, whole):
    with closing(sqlite3.connect(whole / "catalog.sqlite")) as db:
        columns = [
            (table, row[1])
            for table in ("spaces", "matrices")
            for row in db.execute(f"PRAGMA table_info({table})")
        ]
    assert len(columns) > 10
    for table, column in columns:
        for value in ("NULL", "x'00ff'", "'x'", "-1", "1e300", "'[]'", "''"):
            root = damaged()
            with (
                closing(sqlite3.connect(root / "catalog.sqlite")) as db,
                db,
                suppress(sqlite3.IntegrityError),
            ):
                db.execute(f"UPDATE OR IGNORE {table} SET {column} = {value}")
            with suppress(SegueError), Library.open(root) as library:
                library.similar("mine:3")
            shutil.rmtree(root)


def test_a_catalog_of_another_program_is_refused(tmp_path):
    root = tmp_path / "library"
    root.mkdir()
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db, db:
        db.execute("CREATE TABLE tracks (x)")
    with pytest.raises(LibraryFormatError, match="another program"):
        Library.open(root)
    (root / "catalog.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryFormatError, match="cannot be read as a library"):
        Library.open(root)


def test_a_library_that_was_moved_away_is_gone_and_not_made_anew(whole, tmp_path):
    root = tmp_path / "library"
    shutil.copytree(whole, root)
    with Library.open(root) as library:
        assert library.similar("mine:3").matches
        root.rename(tmp_path / "elsewhere")
        for attempt in (
            lambda: library.import_from(Vectors(np.eye(4), name="new")),
            lambda: library.playlists.create("list", []),
            lambda: library.like("mine:3"),
            library.prune,
        ):
            with pytest.raises(LibraryNotFoundError, match="is gone"):
                attempt()
        assert not root.exists()
    with Library.open(tmp_path / "elsewhere") as library:
        assert library.similar("mine:3").matches
        assert not library.playlists.all()


def test_reading_a_library_that_was_moved_away_says_so(whole, tmp_path):
    root = tmp_path / "library"
    shutil.copytree(whole, root)
    with Library.open(root) as library:
        root.rename(tmp_path / "elsewhere")
        with pytest.raises(LibraryNotFoundError, match="is gone"):
            library.similar("mine:3")
        assert not root.exists()


def test_a_new_library_is_what_validation_expects(tmp_path):
    with Library.open(tmp_path / "library", create=True):
        pass
    with closing(schema.connect(tmp_path / "library")) as db:
        assert json.loads(db.execute("SELECT json_array(count(*)) FROM spaces").fetchone()[0]) == [0]


@pytest.mark.parametrize(
    "change", [{"name": "../../out"}, {"name": "a/b"}, {"dim": 1 << 21}, {"dtype": "object"}]
)
def test_a_space_that_no_library_could_be_opened_with_is_refused(whole, tmp_path, change):
    class Odd(Vectors):
        def spaces(self):
            (space,) = super().spaces()
            return [replace(space, spec=replace(space.spec, **change))]

    shutil.copytree(whole, tmp_path / "library")
    with Library.open(tmp_path / "library") as library, pytest.raises(UsageError, match="space"):
        library.import_from(Odd(np.eye(4), name="odd"))
    with Library.open(tmp_path / "library") as library:
        assert library.similar("mine:3").matches
    assert not (tmp_path / "out").exists()
