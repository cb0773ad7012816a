"""Tables as people have them: any encoding, packing, delimiter, and what stands around the rows."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest

from segue.errors import SourceError, UsageError
from segue.library import Library
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.tables import COLUMNS, songs, write_csv

N = 30
NAMES = ["Café Müller", "Je čas", "Straße", "Ñandú", "Øre"]


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def matrix():
    return np.random.default_rng(1).standard_normal((N, 8)).astype(np.float32)


def table_text(delimiter=",", end="\n", names=NAMES):
    rows = songs(N)
    for row, name in zip(rows, names, strict=False):
        row["name"] = name
    lines = [COLUMNS, *([str(row[name]) for name in COLUMNS] for row in rows)]
    quoted = [
        [f'"{cell}"' if delimiter in cell else cell.replace('"', "'") for cell in line] for line in lines
    ]
    return end.join(delimiter.join(line) for line in quoted) + end


def titles(library):
    return {track.tags.title for track in library}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), ("\t", "\r\n"), (";", "\r"), ("|", "\n")])
def test_every_unicode_and_delimiter_says_the_same(library, tmp_path, encoding, delimiter, end):
    path = tmp_path / "songs.csv"
    path.write_bytes(table_text(delimiter, end).encode(encoding))
    report = library.import_from(Table(path))
    assert (report.added, report.failed) == (N, 0)
    assert set(NAMES) <= titles(library)


def test_western_bytes_are_read_and_counted(library, tmp_path):
    names = ["Café Müller", "Straße", "Ñandú", "\u201cØre\u201d \u20ac5"]
    path = tmp_path / "songs.csv"
    path.write_bytes(table_text(names=names).encode("cp1252"))
    report = library.import_from(Table(path))
    assert (report.added, report.failed) == (N, 0)
    assert set(names) <= titles(library)
    assert report.cleaning["line that is not UTF-8, read as Windows-1252"] == 4


def test_one_western_line_among_utf8_costs_nothing(library, tmp_path):
    path = tmp_path / "songs.csv"
    path.write_bytes(table_text().encode().replace(b"Song 9", "Füge 9".encode("latin-1")))
    report = library.import_from(Table(path))
    assert report.cleaning["line that is not UTF-8, read as Windows-1252"] == 1
    assert {"Füge 9", *NAMES} <= titles(library)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("gb18030", "夜的声音在雨中"), ("shift_jis", "夜の音楽のこえ"), ("cp1251", "Ночной дождь")],
)
def test_other_encodings_are_refused_until_they_are_named(library, tmp_path, encoding, name):
    path = tmp_path / "songs.csv"
    path.write_bytes(table_text(names=[f"{name} {i}" for i in range(N)]).encode(encoding))
    with pytest.raises(SourceError, match=r"encoding that is neither .* --encoding"):
        Table(path)
    assert library.import_from(Table(path, encoding=encoding)).added == N
    assert f"{name} 7" in titles(library)
    with pytest.raises(UsageError, match="no encoding 'klingon'"):
        Table(path, encoding="klingon")


def test_a_named_encoding_that_does_not_fit_is_told(library, tmp_path):
    path = tmp_path / "songs.csv"
    path.write_bytes(table_text(names=["Café"]).encode("cp1252"))
    report = library.import_from(Table(path, encoding="utf-8"))
    assert report.cleaning["line with bytes that its encoding does not know, which stand as U+FFFD"] == 1


def zipped(data, *names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("songs.csv", "__MACOSX/._songs.csv"):
            archive.writestr(name, data)
    return out.getvalue()


PACKINGS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_packed_files_are_read(library, tmp_path, packing, encoding):
    path = tmp_path / f"songs.csv.{packing}"
    path.write_bytes(PACKINGS[packing](table_text().encode(encoding)))
    assert library.import_from(Table(path)).added == N
    assert set(NAMES) <= titles(library)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_packed_files_in_two_parts_are_read_to_the_end(library, tmp_path, packing):
    data = table_text().encode()
    path = tmp_path / "songs.csv"
    path.write_bytes(PACKINGS[packing](data[:1000]) + PACKINGS[packing](data[1000:]))
    assert library.import_from(Table(path)).added == N


@pytest.mark.slow
@pytest.mark.parametrize("packing", PACKINGS)
def test_what_unpacks_to_too_much_is_refused_soon(library, tmp_path, packing, monkeypatch):
    monkeypatch.setattr("segue.sources.packed.MAX_UNPACKED", 1 << 20)
    header = (",".join(COLUMNS) + "\n").encode()
    path = tmp_path / "bomb"
    path.write_bytes(PACKINGS[packing](table_text().encode() + b"0" * (1 << 24)))
    assert path.stat().st_size < 100_000
    report = library.import_from(Table(path))
    assert report.added == N
    assert "unpacks to more than" in report.failures[-1].reason
    path.write_bytes(PACKINGS[packing](header + b"x" * (1 << 25)))
    assert library.import_from(Table(path, name="other")).exit_code == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped(b"x", "xl/workbook.xml", "[Content_Types].xml"), "an Excel workbook; save the sheet as CSV"),
        (zipped(b"x", "content.xml", "mimetype"), "an OpenDocument file"),
        (zipped(b"x", "a.csv", "b.csv"), r"a zip archive of 2 files \(a.csv, b.csv\)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office file"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "packed with Zstandard"),
        (b"SQLite format 3\0" + bytes(60), "an SQLite database"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file"),
        (b"\x80\x04\x95" + bytes(60), "a pickle, which can run any program"),
        (b"ARROW1\0\0" + bytes(60), "an Arrow or Feather file"),
        (b"  <!DOCTYPE html><html>", "a web page"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(60), "a 7-Zip archive"),
        (b"PK\x03\x04" + bytes(60), "cannot be read"),
        (b"\xfd7zXZ\x00" + bytes(60), "cannot be read"),
        (bytes(range(256)) * 20, "bytes that are no text"),
        (b"just words\nand more\n", "its first line names no columns"),
        (b"", "its first line names no columns"),
        (b"fLaC" + bytes(60), "a file of audio"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, data, reason):
    path = tmp_path / "songs.csv"
    path.write_bytes(data)
    for source in (Table, Vectors):
        with pytest.raises(SourceError, match=reason):
            source(path)


@pytest.mark.parametrize(
    "before",
    [
        "sep=;\r\n",
        '"sep=;"\n',
        "# made in 2024\n# by hand\n",
        "\n\n",
        "Export of my songs\n\n",
        "sep=;\n# made\n",
    ],
)
def test_lines_before_the_header_are_passed_over(library, tmp_path, before):
    path = tmp_path / "songs.csv"
    path.write_text(before + table_text(";"), encoding="utf-8")
    report = library.import_from(Table(path))
    assert (report.added, report.failed) == (N, 0)


def test_a_comment_that_names_the_columns_is_the_header(library, tmp_path, matrix):
    np.savetxt(tmp_path / "m.csv", matrix, delimiter=",", header="a,b,c,d,e,f,g,h")
    assert library.import_from(Vectors(tmp_path / "m.csv")).added == N
    assert library.vectors()[1].shape == (N, 8)


@pytest.mark.parametrize("at", [2, 5, N])
def test_a_quote_that_is_never_closed_costs_its_row(library, tmp_path, at):
    lines = table_text().splitlines()
    lines[at] = lines[at].replace(f"song{at - 1:05d},", f'song{at - 1:05d},"')
    lines[9] = lines[9].replace("Song 8", '"Two\nlines, ""quoted"""')
    path = tmp_path / "songs.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = library.import_from(Table(path))
    assert (report.added, [p.where for p in report.failures]) == (N - 1, [f"row {at}"])
    line = at + 1 + (at > 9)
    assert report.failures[0].reason.startswith(f"line {line}: a quote opens a value")
    assert library.find("song00008").title == 'Two\nlines, "quoted"'


def test_many_unclosed_quotes_cost_themselves_in_little_time(library, tmp_path):
    lines = table_text(names=[]).splitlines()
    path = tmp_path / "songs.csv"
    body = [
        line.replace("song", f'"{n}song' if n % 3 == 0 else f"{n}song", 1)
        for n in range(40)
        for line in lines[1:]
    ]
    path.write_text("\n".join([lines[0], *body]), encoding="utf-8")
    report = library.import_from(Table(path))
    assert (report.added, report.failed) == (26 * N, 14 * N)


def test_quotes_left_as_they_are_inside_of_a_value_cost_nothing(library, tmp_path):
    path = tmp_path / "songs.csv"
    path.write_text(table_text().replace("Song 9,", '"The "best" of 9",'), encoding="utf-8")
    assert library.import_from(Table(path)).added == N
    assert 'The best" of 9"' in titles(library)


def test_a_line_without_end_costs_itself(library, tmp_path, monkeypatch):
    monkeypatch.setattr("segue.sources.text_lines.MAX_LINE", 1 << 20)
    lines = table_text().splitlines()
    lines.insert(4, "x" * (1 << 22))
    path = tmp_path / "songs.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = library.import_from(Table(path))
    assert (report.added, [p.where for p in report.failures]) == (N, ["row 4"])
    assert "longer than" in report.failures[0].reason


def test_wide_tables_are_read_or_refused_by_a_number(tmp_path, library):
    rng = np.random.default_rng(0)
    (tmp_path / "wide.csv").write_text(",".join(map(repr, rng.random(20_001))), encoding="utf-8")
    with pytest.raises(SourceError, match="20001 columns, more than the 20000"):
        Vectors(tmp_path / "wide.csv")
    write_csv(tmp_path / "songs.csv", songs(3), [*COLUMNS, *(f"c{i}" for i in range(20_000))])
    with pytest.raises(SourceError, match="more than the 20000"):
        Table(tmp_path / "songs.csv")
