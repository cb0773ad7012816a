"""What imported libraries answer to conditions, and to those who want to see all of them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from segue.catalog import Where
from segue.errors import UsageError
from segue.library import Library
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.tables import OTHER, songs, write_csv


@pytest.fixture
def library(tmp_path):
    rows = songs(60)
    rows[7]["duration_ms"] = 0
    with Library.open(tmp_path / "library", create=True) as opened:
        opened.import_from(Table(write_csv(tmp_path / "songs.csv", rows)))
        yield opened


def names(found):
    return {match.track.source_id for match in found.matches}


def test_each_of_several_artists_is_one(library):
    found = library.similar("song00001", k=60, where=Where(artist=OTHER.upper()))
    assert names(found) == {f"song{i:05d}" for i in range(0, 60, 3)}
    found = library.similar("song00001", k=60, where=Where(artist="artist 3"))
    assert names(found) == {f"song{i:05d}" for i in range(3, 60, 7)}
    both = library.similar("song00001", k=60, where=Where(artist=f"Artist 3; {OTHER}"))
    assert names(both) == {f"song{i:05d}" for i in range(60) if i % 3 == 0 or i % 7 == 3}


def test_other_songs_by_any_of_a_seeds_artists_are_left_out_on_demand(library):
    found = library.similar("song00003", k=60, same_artist=False)
    assert names(found) == {f"song{i:05d}" for i in range(60) if i % 3 and i % 7 != 3}


def test_tempos_are_those_of_the_table(library):
    found = library.similar("song00001", k=60, where=Where(tempo_bpm=(70, 90)))
    assert names(found) == {f"song{i:05d}" for i in range(0, 60, 2)}
    assert not library.similar("song00001", where=Where(tempo_bpm=(100, 140))).matches


def test_a_length_that_is_not_known_meets_no_condition(library):
    assert "song00007" not in names(library.similar("song00001", k=60, where=Where(duration_s=(None, 1e6))))


def test_tracks_without_files_lie_in_no_folder(library, tmp_path):
    with pytest.raises(UsageError, match="no track here has a file"):
        library.similar("song00001", where=Where(folder=tmp_path))


def test_info_lists_imports_and_leaves_out_missing_values(library, segue):
    code, out, _ = segue("-l", library.path, "info")
    assert code == 0
    assert "songs, table" in out
    code, out, _ = segue("-l", library.path, "info", "song00003")
    assert code == 0
    assert not any(line.startswith(("sr", "codec", "size")) for line in out.splitlines())
    facts = json.loads(segue("-l", library.path, "info", "--json")[1])
    assert (facts["tracks"], facts["albums"], facts["failures"]) == (
        60,
        len({(song["artists"], song["album"]) for song in songs(60)}),
        0,
    )


@pytest.mark.slow
def test_exports_keep_rows_and_vectors_together(library, segue, tmp_path):
    ids, matrix = library.vectors()
    code, _, err = segue("-l", library.path, "export", "-o", tmp_path / "a.npy")
    assert (code, err.startswith("wrote 60 rows")) == (0, True)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), matrix)
    assert f"of {matrix.shape[1]} numbers to {tmp_path / 'a.npy'}" in err
    assert not (tmp_path / "a.csv").exists()  # which may be an export of its own
    with (tmp_path / "a.tracks.csv").open(encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ids
    assert segue("-l", library.path, "export", "-o", tmp_path / "a.parquet", "--vectors")[0] == 0
    table = pq.read_table(tmp_path / "a.parquet")
    assert table["id"].to_pylist() == ids
    assert table.schema.field("year").type == "int64"
    np.testing.assert_array_equal(np.array(table["vector"].to_pylist(), np.float32), matrix)


def test_what_is_imported_stands_beside_what_another_import_brought(library, tmp_path):
    matrix = np.random.default_rng(0).standard_normal((5, 4), np.float32)
    library.import_from(Vectors(matrix, name="mine"))
    held = library.overview()
    assert [(one.source, one.kind) for one in held.imports] == [("mine", "vectors"), ("songs", "table")]
    assert held.tracks == 65
    assert all(one.finished_at for one in held.imports)
