from __future__ import annotations

import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segue.errors import SourceError, UsageError
from segue.library import Library
from segue.sources.vectors import Vectors
from tests.conftest import write_music
from tests.source_contract import SourceContract


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def matrix():
    return np.random.default_rng(1).standard_normal((50, 8)).astype(np.float32)


def nearest(library, name, k=10):
    return [match.track.source_id for match in library.similar(name, k=k).matches]


def expected(matrix, i, metric, k=10):
    """Rows by exact distances, the row itself left out."""
    x, q = matrix.astype(np.float64), matrix[i].astype(np.float64)
    distances = {
        "cosine": -(x @ q) / np.linalg.norm(x, axis=1),
        "dot": -(x @ q),
        "euclidean": np.linalg.norm(x - q, axis=1),
        "manhattan": np.abs(x - q).sum(axis=1),
    }[metric]
    return [str(j) for j in np.argsort(distances) if j != i][:k]


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
def test_neighbors_are_those_of_the_metric(library, matrix, metric):
    report = library.import_from(Vectors(matrix, name="mine", metric=metric))
    assert (report.added, report.failed) == (50, 0)
    for i in (0, 7, 49):
        assert nearest(library, f"mine:{i}") == expected(matrix, i, metric)
    first = library.similar("mine:7", k=1).matches[0]
    x, q = matrix[int(first.track.source_id)], matrix[7]
    truth = {
        "cosine": x @ q / np.linalg.norm(x) / np.linalg.norm(q),
        "dot": x @ q,
        "euclidean": 1 / (1 + np.linalg.norm(x - q)),
        "manhattan": 1 / (1 + np.abs(x - q).sum()),
    }[metric]
    assert first.score == pytest.approx(truth, abs=1e-4)


def test_packed_bits_are_compared_by_hamming(library):
    bits = np.random.default_rng(2).integers(0, 2, (40, 64), dtype=np.uint8)
    packed = np.packbits(bits, axis=1)
    library.import_from(Vectors(packed, name="bits", metric="hamming"))
    differing = (bits != bits[3]).sum(axis=1)
    found = [int(name) for name in nearest(library, "bits:3", 5)]
    assert differing[found].tolist() == np.sort(differing)[1:6].tolist()
    assert library.vectors()[1].dtype == np.uint8
    with pytest.raises(UsageError, match="packed bits"):
        Vectors(np.ones((3, 4), np.float32), metric="hamming")


def test_several_seeds_ask_for_what_lies_between(library, matrix):
    library.import_from(Vectors(matrix, name="mine", metric="euclidean"))
    found = library.similar(["mine:1", "mine:2"], k=5).matches
    middle = (matrix[1] + matrix[2]) / 2
    distances = np.linalg.norm(matrix - middle, axis=1)
    distances[[1, 2]] = np.inf
    assert [int(m.track.source_id) for m in found] == np.argsort(distances)[:5].tolist()


def test_files_of_every_kind_say_the_same(library, matrix, tmp_path):
    names = [f"track {i}" for i in range(50)]
    np.save(tmp_path / "a.npy", matrix)
    (tmp_path / "ids.txt").write_text("\n".join(names), encoding="utf-8")
    np.savez(tmp_path / "a.npz", vectors=matrix, ids=np.array(names))
    columns = {"id": names, "title": [f"Title {i}" for i in range(50)], "embedding": matrix.tolist()}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    header = ",".join(["id", "title", *(f"x{j}" for j in range(8))])
    lines = [",".join([names[i], f"Title {i}", *map(repr, matrix[i].tolist())]) for i in range(50)]
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    lists = [f'{names[i]},Title {i},"{json.dumps(matrix[i].tolist())}"' for i in range(50)]
    (tmp_path / "b.csv").write_text("\n".join(["id,title,vector", *lists]) + "\n", encoding="utf-8")
    sources = [
        Vectors(tmp_path / "a.npy", ids=tmp_path / "ids.txt", name="v"),
        Vectors(tmp_path / "a.npz", name="v"),
        *(Vectors(tmp_path / file, name="v") for file in ("a.parquet", "a.csv", "b.csv")),
    ]
    for source in sources:
        report = library.import_from(source)
        assert (report.added + report.changed + report.unchanged, report.failed) == (50, 0)
        ids, found = library.vectors("vectors-1")
        by_id = {library[name].source_id: row for name, row in zip(ids, found, strict=True)}
        assert all(by_id[name] == pytest.approx(matrix[i], abs=1e-6) for i, name in enumerate(names))
    assert library.find("track 7").title == "Title 7"


def test_metadata_are_found_by_id_or_by_row(library, matrix, tmp_path):
    rows = [f"{i},Song {i},Somebody,rock,1999,note {i}" for i in range(50)]
    rows[3] = "3,too,few"
    (tmp_path / "meta.csv").write_text(
        "id,title,artist,genre,year,remark\n" + "\n".join(rows), encoding="utf-8"
    )
    library.import_from(Vectors(matrix, metadata=tmp_path / "meta.csv", name="rows"))
    track = library.find("rows:7")
    assert (track.title, track.artist, track.tags.year, track.details["remark"]) == (
        "Song 7", "Somebody", 1999, "note 7",
    )  # fmt: skip
    ids = [str(i) for i in range(49, -1, -1)]
    library.import_from(Vectors(matrix, ids=ids, metadata=tmp_path / "meta.csv", name="ids"))
    assert library.find("ids:7").title == "Song 7"
    assert library.find("ids:3").tags.title is None
    vectors = dict(zip(*library.vectors(), strict=True))
    assert (vectors[library.find("ids:49").id] == matrix[0]).all()


@pytest.mark.parametrize(
    ("n", "step"),
    [
        (30, "vector behind the last row of the metadata"),
        (70, "row of the metadata behind the last vector, left out"),
    ],
)
def test_metadata_in_order_that_are_fewer_or_more_are_counted(library, matrix, tmp_path, n, step):
    rows = "\n".join(f"Song {i},Somebody" for i in range(n))
    (tmp_path / "meta.csv").write_text(f"title,artist\n{rows}", encoding="utf-8")
    report = library.import_from(Vectors(matrix, metadata=tmp_path / "meta.csv", name="mine"))
    assert (report.added, report.cleaning[step]) == (50, 20)
    (tmp_path / "meta.csv").write_text("title,artist" + "\nSong,Somebody" * 50, encoding="utf-8")
    report = library.import_from(Vectors(matrix, metadata=tmp_path / "meta.csv", name="other"))
    assert not report.cleaning


@pytest.mark.parametrize("kind", ["column", "bytes", "floats"])
def test_ids_in_arrays_are_what_they_say(library, matrix, tmp_path, kind):
    numbers = np.arange(50)
    array = {"column": numbers[:, None], "bytes": numbers.astype("S"), "floats": numbers.astype(float)}[kind]
    np.save(tmp_path / "ids.npy", array)
    library.import_from(Vectors(matrix, ids=tmp_path / "ids.npy", name="mine"))
    assert {track.source_id for track in library} == {str(i) for i in range(50)}


def test_ids_in_a_matrix_are_refused(matrix, tmp_path):
    np.save(tmp_path / "ids.npy", np.zeros((50, 2)))
    with pytest.raises(SourceError, match="one id a row"):
        Vectors(matrix, ids=tmp_path / "ids.npy")


def test_rows_without_a_usable_vector_fail_alone(library, matrix):
    matrix[4, 2], matrix[5], matrix[6, 0] = np.nan, 0, np.inf
    report = library.import_from(Vectors(matrix, name="mine"))
    assert (report.added, report.failed) == (47, 3)
    assert {p.where: p.reason for p in report.failures} == {
        "row 4 (4)": "its vector is not finite: number 3 is nan",
        "row 5 (5)": "its vector is zero, which has no direction: cosine cannot place it",
        "row 6 (6)": "its vector is not finite: number 1 is inf",
    }


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
@pytest.mark.parametrize("value", [1e30, -3e38, 1e39, np.inf, np.nan])
def test_a_row_that_nothing_can_be_compared_with_costs_itself(library, matrix, metric, value):
    wide = matrix.astype(np.float64)
    wide[3] = value
    report = library.import_from(Vectors(wide, name="mine", metric=metric))
    assert (report.added, report.failed) == (49, 1)
    assert report.failures[0].where == "row 3 (3)"
    assert len(nearest(library, "mine:7", 48)) == 48


def test_a_library_that_took_such_a_row_before_answers_again(library, matrix, monkeypatch):
    matrix[3] = 1e30
    monkeypatch.setattr("segue.sources.vectors.source.vector_faults", lambda *_: {})
    monkeypatch.setattr("segue.ingest.records.vector_faults", lambda *_, **__: {})
    assert library.import_from(Vectors(matrix, name="mine")).added == 50
    assert "3" not in nearest(library, "mine:7", 49)


def test_a_source_that_lets_such_rows_through_loses_them_alone(library, matrix, monkeypatch):
    matrix[3], matrix[4] = 1e30, 0
    monkeypatch.setattr("segue.sources.vectors.source.vector_faults", lambda *_: {})
    report = library.import_from(Vectors(matrix, name="mine"))
    assert (report.added, [problem.where for problem in report.failures]) == (48, ["3", "4"])
    assert "float32 cannot square" in report.failures[0].reason


def test_a_second_import_changes_nothing_and_changes_are_seen(library, matrix):
    library.import_from(Vectors(matrix, name="mine"))
    assert library.import_from(Vectors(matrix, name="mine")).unchanged == 50
    matrix[3] = 1
    report = library.import_from(Vectors(matrix[:40], name="mine"))
    assert (report.changed, report.unchanged, report.newly_missing) == (1, 39, 10)


def test_vectors_stand_beside_scanned_files(library, matrix, tmp_path):
    """Each track lies in its own spaces; what has no vector in one is compared by the others."""
    write_music(tmp_path / "music")
    library.scan(tmp_path / "music")
    library.import_from(Vectors(matrix, name="mine"))
    assert len(library) == 62
    assert {m.track.source for m in library.similar("mine:3", k=5, view="vectors").matches} == {"mine"}
    assert {m.track.source for m in library.similar("Low number 1", k=3).matches} == {None}
    report = library.scan(tmp_path / "music")
    assert (report.unchanged, report.newly_missing, len(library)) == (12, 0, 62)
    assert library.verify() == 6


def test_what_cannot_be_vectors_is_refused(tmp_path, matrix):
    np.save(tmp_path / "one.npy", np.ones(5))
    np.save(tmp_path / "words.npy", np.array([["a", "b"]]))
    np.save(tmp_path / "objects.npy", np.array([[None, 1]], dtype=object), allow_pickle=True)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY nonsense")
    (tmp_path / "t.csv").write_text("id,title\nx,y\n")
    np.savez(tmp_path / "two.npz", a=matrix, b=matrix)
    for name, reason in {
        "one.npy": "of the shape", "words.npy": "expected one of", "objects.npy": "is not a NumPy file",
        "broken.npy": "is not a NumPy file", "nowhere.npy": "cannot be read", "t.csv": "no lists in a column",
        "two.npz": "has several arrays",
    }.items():  # fmt: skip
        with pytest.raises(SourceError, match=reason):
            Vectors(tmp_path / name)
    with pytest.raises(SourceError, match="50 rows, but there are 3 ids"):
        Vectors(matrix, ids=["a", "b", "c"])
    wrong_ones = (
        {"metric": "l3"}, {"transform": "odd"}, {"metric": "dot", "transform": "centred"}, {"space": "a/b"},
        {"name": "a:b"},
    )  # fmt: skip
    for wrong in wrong_ones:
        with pytest.raises(UsageError):
            Vectors(matrix, **wrong)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-5, 8), }", r"says the shape \(-5, 8\)"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (5, -8), }", "says the shape"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 8), }", "more than its"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (5.5, 8), }", "says the shape"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (5, 8), }", "objects of Python"),
        ("(" * 9000, "makes no sense"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 8), }" + " " * 60_000, "claims 60"),
    ],
)
def test_a_header_that_lies_is_refused_in_one_line(segue, tmp_path, header, reason):
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(160)
    (tmp_path / "odd.NPY").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.writestr("vectors.npy", data)
    for name in ("odd.NPY", "odd.npz"):
        with pytest.raises(SourceError, match=reason) as caught:
            Vectors(tmp_path / name)
        assert "pickle" not in str(caught.value)
    code, _, err = segue("--library", tmp_path / "library", "import", "vectors", tmp_path / "odd.NPY")
    assert (code, len(err.splitlines())) == (2, 1)


@pytest.mark.parametrize("length", range(1, 14))
def test_a_file_that_ends_in_its_header_is_refused(tmp_path, length):
    np.save(tmp_path / "whole.npy", np.ones((3, 4), np.float32))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:length])
    with pytest.raises(SourceError):
        Vectors(tmp_path / "cut.npy")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ids_end_at_line_ends_alone(library, matrix, tmp_path, end):
    ids = [f"Song {i}" for i in range(50)]
    ids[3], ids[5], ids[7], ids[9] = "Line\u2028Sep", "Next\x85Line", "Form\x0cFeed", "\x1cFile"
    (tmp_path / "ids.txt").write_bytes((end.join(ids) + end * 3).encode())
    report = library.import_from(Vectors(matrix, ids=tmp_path / "ids.txt", name="mine"))
    assert (report.added, report.failed) == (50, 0)
    assert library.find("mine:Song 6").source_id == "Song 6"


def test_the_command_imports(segue, matrix, tmp_path):
    np.save(tmp_path / "factors.npy", matrix)
    place = ("--library", tmp_path / "library")
    code, out, _ = segue(*place, "import", "vectors", tmp_path / "factors.npy", "--metric", "dot")
    assert (code, "factors: 50 added" in out) == (0, True)
    code, out, _ = segue(*place, "similar", "factors:7", "-k", 3, "--json")
    assert [m["source_id"] for m in json.loads(out)["matches"]] == expected(matrix, 7, "dot", 3)


def test_old_spellings_of_an_option_and_its_values_still_work(segue, matrix, tmp_path):
    np.save(tmp_path / "own.npy", matrix)
    place = ("--library", tmp_path / "library", "import", "vectors", tmp_path / "own.npy")
    code, out, _ = segue(*place, "--reading", "centred")
    assert (code, "own: 50 added" in out) == (0, True)
    code, out, _ = segue(*place, "--transform", "centered")
    assert (code, "own: 50 unchanged" in out) == (0, True)
    assert "--reading" not in segue(*place[:-1], "--help")[1]


class TestVectors(SourceContract):
    @pytest.fixture
    def make(self):
        def write(n):
            matrix = np.random.default_rng(1).standard_normal((n, 8)).astype(np.float32)
            bad = np.full((1, 8), np.nan, np.float32)
            return Vectors(np.concatenate([matrix, bad]), ids=[*(f"r{i}" for i in range(n)), "bad"])

        return write
