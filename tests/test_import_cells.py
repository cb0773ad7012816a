"""Vectors in JSON, in cells as they are printed, and in columns of numbers."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from segue.errors import SourceError
from segue.library import Library
from segue.sources.table import Table
from segue.sources.table.reader import open_table
from segue.sources.vectors import Vectors
from tests.tables import songs

N = 30


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def matrix():
    return np.random.default_rng(1).standard_normal((N, 8)).astype(np.float32)


def json_records(matrix):
    return [{"id": f"s{i}", "title": f"Song {i}", "embedding": row.tolist()} for i, row in enumerate(matrix)]


@pytest.mark.parametrize("form", ["lines", "array", "pretty", "pretty lines", "packed"])
def test_json_is_read(library, tmp_path, matrix, form):
    records = json_records(matrix)
    text = {
        "lines": "\n".join(map(json.dumps, records)),
        "array": json.dumps(records),
        "pretty": json.dumps(records, indent=2),
        "pretty lines": "\n".join(json.dumps(record, indent=1) for record in records),
        "packed": "\n".join(map(json.dumps, records)),
    }[form]
    path = tmp_path / "vectors.jsonl"
    path.write_bytes(gzip.compress(text.encode()) if form == "packed" else text.encode())
    report = library.import_from(Vectors(path))
    assert (report.added, report.failed) == (N, 0)
    vectors = dict(zip(*library.vectors(), strict=True))
    assert vectors[library.find("s7").id] == pytest.approx(matrix[7])
    assert library.find("s7").title == "Song 7"


def test_json_lists_alone_are_vectors(library, tmp_path, matrix):
    (tmp_path / "a.json").write_text(json.dumps(matrix.tolist()), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps(row.tolist()) for row in matrix), encoding="utf-8")
    for name in ("a.json", "b.jsonl"):
        report = library.import_from(Vectors(tmp_path / name, name="v"))
        assert report.added + report.unchanged == N


def test_json_that_is_bad_in_places_costs_those(library, tmp_path, matrix):
    lines = [json.dumps(record) for record in json_records(matrix)]
    lines[3] = "{broken"
    lines[5] = json.dumps({"id": "s5", "title": "no vector"})
    lines[6] = json.dumps({"id": "s6", "embedding": [1, 2, 3]})
    lines[7] = lines[7].replace("[", "[NaN,", 1).replace(f", {matrix[7][7]}", "", 1)
    lines[8] = "[" * 100_000
    path = tmp_path / "vectors.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = library.import_from(Vectors(path))
    assert (report.added, report.failed) == (N - 5, 5)
    reasons = {problem.where: problem.reason for problem in report.failures}
    assert reasons["row 6 (s5)"] == "its vector is missing"
    assert reasons["row 7 (s6)"] == "its vector has 3 numbers, expected 8"
    assert reasons["row 4"].startswith("line 4: it is no JSON")


def test_an_array_of_json_that_breaks_off_keeps_what_came(library, tmp_path, matrix):
    text = json.dumps(json_records(matrix), indent=1)
    path = tmp_path / "vectors.json"
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    report = library.import_from(Vectors(path))
    assert report.added > N / 3
    assert "the rest of the file is lost" in report.failures[-1].reason


@pytest.mark.parametrize(
    "text", ['{"id": {"0": "a"}, "embedding": {"0": [1, 2]}}', '["a", "b"]', "{}", "[]", "{nonsense", "[[]]"]
)
def test_json_of_other_forms_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match="JSON"):
        open_table(tmp_path / "a.json")


def test_json_is_a_table_of_songs_too(library, tmp_path):
    (tmp_path / "songs.json").write_text(json.dumps(songs(N)), encoding="utf-8")
    assert library.import_from(Table(tmp_path / "songs.json")).added == N


def test_halves_of_characters_cost_no_row(library, tmp_path, matrix):
    """Programs that cut texts leave them, and only JSON can hold them."""
    records = [song | {"name": "Cut \ud83d", "album": "\udfff", "comment": "\ud800"} for song in songs(N)]
    (tmp_path / "songs.json").write_text(json.dumps(records), encoding="utf-8")
    report = library.import_from(Table(tmp_path / "songs.json"))
    assert (report.added, report.failed) == (N, 0)
    assert report.cleaning["title with halves of characters, read as ?"] == N
    assert {track.title for track in library} == {"Cut ?"}
    lines = "\n".join(
        json.dumps(record | {"id": f"\udc00{i}"}) for i, record in enumerate(json_records(matrix))
    )
    (tmp_path / "vectors.jsonl").write_text(lines, encoding="utf-8")
    assert library.import_from(Vectors(tmp_path / "vectors.jsonl")).added == N


def csv_of(matrix, head=None, first=None):
    rows = [[*([first(i)] if first else []), *map(repr, row.tolist())] for i, row in enumerate(matrix)]
    return "\n".join(",".join(row) for row in ([head] if head else []) + rows) + "\n"


def test_numbers_without_a_header_keep_their_first_row(library, tmp_path, matrix):
    for name, text in {
        "plain": csv_of(matrix),
        "named": csv_of(matrix, first=lambda i: f"s{i}"),
        "counted": csv_of(matrix, first=str),
        "header": csv_of(matrix, ["", *map(str, range(8))], str),
        "index": csv_of(matrix, ["Unnamed: 0", *(f"x{i}" for i in range(8))], str),
    }.items():
        (tmp_path / "m.csv").write_text(text, encoding="utf-8")
        report = library.import_from(Vectors(tmp_path / "m.csv", name=name, space=name))
        assert (report.added, report.failed) == (N, 0), name
        vectors = dict(zip(*library.vectors(f"{name}-1"), strict=True))
        first = library.find(f"{name}:{'s0' if name == 'named' else '0'}").id
        assert vectors[first] == pytest.approx(matrix[0]), name


CELLS = {
    "numpy": str,
    "array": repr,
    "json": lambda row: json.dumps(row.tolist()),
    "tuple": lambda row: str(tuple(row.tolist())),
    "scalars": lambda row: str(list(row)),
    "braces": lambda row: "{" + ",".join(map(repr, row.tolist())) + "}",
    "blanks": lambda row: " ".join(map(repr, row.tolist())),
    "bars": lambda row: "|".join(map(repr, row.tolist())),
    "tensor": lambda row: f"tensor({row.tolist()}, device='cpu')",
}


@pytest.mark.parametrize("cell", CELLS)
def test_vectors_in_cells_are_read_as_they_are_printed(library, tmp_path, matrix, cell):
    cells = [CELLS[cell](row) for row in matrix]
    first = matrix[0].copy()
    first[2] = np.nan
    cells[0] = CELLS[cell](first).replace("NaN", "nan")
    text = "\n".join(["id,embedding", *(f's{i},"{value}"' for i, value in enumerate(cells))])
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    report = library.import_from(Vectors(tmp_path / "v.csv"))
    assert (report.added, report.failed) == (N - 1, 1)
    assert report.failures[0].where == "row 1 (s0)"
    assert report.failures[0].reason == "its vector is not finite: number 3 is nan"
    vectors = dict(zip(*library.vectors(), strict=True))
    assert vectors[library.find("s7").id] == pytest.approx(matrix[7], rel=1e-6)


def test_vectors_that_were_shortened_when_printed_are_refused(tmp_path):
    rows = "\n".join(f's{i},"[0.1 0.2 ... 0.9 {i}]"' for i in range(9))
    (tmp_path / "v.csv").write_text("id,embedding\n" + rows, encoding="utf-8")
    with pytest.raises(SourceError, match=r"shortened to '\.\.\.'"):
        Vectors(tmp_path / "v.csv")


def test_a_bad_cell_among_columns_of_numbers_is_named_by_its_column(library, tmp_path, matrix):
    rows = [list(map(repr, row.tolist())) for row in matrix]
    rows[0][2], rows[4][5] = "", "loud"
    rows[6] = rows[6][:5]
    text = "\n".join(",".join(row) for row in [[f"x{i}" for i in range(8)], *rows])
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    report = library.import_from(Vectors(tmp_path / "m.csv"))
    assert report.added == N - 3
    assert {p.where: p.reason for p in report.failures} == {
        "row 1 (0)": "its value in column 'x2' is '', expected a number",
        "row 5 (4)": "its value in column 'x5' is 'loud', expected a number",
        "row 7": "line 8: 5 values, the header has 8",
    }


def test_rows_that_cannot_be_read_do_not_move_ids_and_metadata(library, tmp_path, matrix):
    rows = [",".join(map(repr, row.tolist())) for row in matrix]
    rows[2] = "1,2"
    (tmp_path / "m.csv").write_text("\n".join([",".join("abcdefgh"), *rows]), encoding="utf-8")
    (tmp_path / "ids.txt").write_text("\n".join(f"s{i}" for i in range(N)), encoding="utf-8")
    meta = "\n".join(["title,artist", *(f"Song {i},A" for i in range(N))])
    (tmp_path / "meta.csv").write_text(meta, encoding="utf-8")
    library.import_from(Vectors(tmp_path / "m.csv", metadata=tmp_path / "meta.csv", name="rows"))
    assert library.find("rows:7").title == "Song 7"
    library.import_from(Vectors(tmp_path / "m.csv", ids=tmp_path / "ids.txt", name="ids"))
    vectors = dict(zip(*library.vectors(), strict=True))
    assert vectors[library.find("ids:s7").id] == pytest.approx(matrix[7])
