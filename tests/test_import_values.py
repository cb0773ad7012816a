"""What people and spreadsheets write in the cells of a table: read, or refused before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import SourceError, UsageError
from segue.library import Library
from segue.sources.table import Table, features
from segue.sources.table.columns import map_columns
from segue.sources.table.notation import FEATURES, duration, key, meter, mode
from segue.sources.table.numerals import number
from segue.sources.vectors import Vectors
from tests.tables import COLUMNS, songs, write_csv

N = 30
SHARES = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", 0),
        ("C#", 1),
        ("Db", 1),
        ("D\u266d", 1),
        ("F\u266f", 6),
        ("B", 11),
        ("H", 11),
        ("Cb", 11),
        ("B#", 0),
        ("Bb", 10),
        ("bb", 10),
        ("C minor", 0),
        ("C# minor", 1),
        ("Am", 9),
        ("F#m", 6),
        ("Ab maj", 8),
        ("E flat major", 3),
        ("G sharp", 8),
        ("Cis-Moll", 1),
        ("Es-Dur", 3),
        ("As", 8),
        ("C#/Db", 1),
        ("8B", 0),
        ("8A", 9),
        ("9B", 7),
        ("12A", 1),
        ("1A", 8),
        ("1d", 0),
        ("1m", 9),
        ("2d", 7),
        ("7", 7),
        ("-1", -1),
        (" g ", 7),
        ("X", None),
        ("Do mayor", None),
        ("13A", None),
        ("", None),
        ("Bmaj7", None),
        ("C##", None),
    ],
)
def test_keys_are_read_in_every_spelling(text, expected):
    assert key(text, ".") == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Major", 1),
        ("minor", 0),
        ("MAJ", 1),
        ("min.", 0),
        ("Dur", 1),
        ("Moll", 0),
        ("M", 1),
        ("m", 0),
        ("1", 1),
        ("x", None),
    ],
)
def test_modes_are_read(text, expected):
    assert mode(text, ".") == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"), [("4/4", 4), ("3 / 4", 3), ("12/8", 12), ("5", 5), ("x/4", None)]
)
def test_meters_are_read(text, expected):
    assert meter(text, ".") == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3:00", 180),
        ("3:20.5", 200.5),
        ("1:02:03", 3723),
        ("00:03:20", 200),
        ("0 days 00:03:20", 200),
        ("75:00", 4500),
        ("3 min", 180),
        ("3 min 20 s", 200),
        ("3m20s", 200),
        ("3,5 min", 210),
        ("200 s", 200),
        ("200000 ms", 200),
        ("PT3M20S", 200),
        ("1 h 2 min", 3720),
        ("3'20\"", 200),
        ("200 sec.", 200),
        ("3 parsecs", None),
        ("3:xx", None),
    ],
)
def test_durations_are_read(text, seconds):
    decimal = "," if "," in text else "."
    assert duration(text, decimal) == pytest.approx(np.nan if seconds is None else seconds, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("0,236", ",", 0.236),
        ("-9,578", ",", -9.578),
        ("1.234,5", ",", 1234.5),
        ("180000", ",", 180000),
        (",5", ",", 0.5),
        ("1,234.5", ".", 1234.5),
        ("180,000", ".", 180000),
        ("0,236", ".", None),
        ("180 000", ".", 180000),
        ("180\u00a0000", ",", 180000),
        ("1'234.5", ".", 1234.5),
        ("\u22129.5", ".", -9.5),
        ("1e-3", ",", 0.001),
        ("1,2,3", ",", None),
        ("abc", ".", None),
    ],
)
def test_numbers_are_read_with_points_commas_and_groups(text, decimal, expected):
    assert number(text, decimal) == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


@pytest.mark.parametrize(
    ("feature", "text", "expected"),
    [
        ("tempo", "120 BPM", 120),
        ("tempo", "98.5bpm", 98.5),
        ("loudness", "-9.5 dB", -9.5),
        ("loudness", "-14 LUFS", -14),
        ("energy", "45%", 0.45),
        ("energy", "45,5 %", 0.455),
        ("energy", "loud", None),
        ("tempo", "fast", None),
    ],
)
def test_units_are_read(feature, text, expected):
    found = FEATURES[feature](text, "," if "," in text else ".")
    assert found == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


def imported(library, path, name, **how):
    report = library.import_from(Table(path, name=name, space=name, **how))
    ids, vectors = library.vectors(f"{name}-1")
    by_id = {library[i].source_id: v for i, v in zip(ids, vectors, strict=True)}
    return report, np.array([by_id[f"song{i:05d}"] for i in range(N)])


def spelled(row):
    """A row as a musician would write it."""
    notes = "C C# D Eb E F F# G Ab A Bb B".split()
    return row | {
        "key": notes[row["key"]],
        "mode": "Major" if row["mode"] else "Minor",
        "time_signature": "4/4",
        "tempo": f"{row['tempo']} BPM",
        "loudness": f"{row['loudness']} dB",
        "track_number": f"{row['track_number']}/12",
        "duration_ms": f"{row['duration_ms'] // 60_000}:{row['duration_ms'] / 1000 % 60:06.3f}",
    }


def test_a_table_in_words_says_the_same_as_one_in_numbers(library, tmp_path):
    rows = songs(N)
    _, plain = imported(library, write_csv(tmp_path / "a.csv", rows), "plain")
    report, words = imported(library, write_csv(tmp_path / "b.csv", map(spelled, rows)), "words")
    assert (report.added, report.failed) == (N, 0)
    assert words == pytest.approx(plain, abs=1e-5)
    assert report.cleaning["key in words or with a unit, read"] == N
    assert library.find("words:song00005").tags.track_number == 6


@pytest.mark.parametrize("name", ["{}", "{}_%", "{} (%)", "{}_percent", "{}%"])
def test_shares_in_per_cent_are_read(library, tmp_path, name):
    rows = songs(N)
    for row in rows:
        row |= {share: round(row[share], 2) for share in SHARES}
    rows[4] |= dict.fromkeys(SHARES, 0.0)
    for row in rows:
        row["instrumentalness"] = 0.0  # as of most songs
    _, plain = imported(library, write_csv(tmp_path / "a.csv", rows), "plain")
    names = {share: name.format(share) for share in SHARES}
    scaled = [row | {names[share]: round(row[share] * 100) for share in SHARES} for row in rows]
    columns = [names.get(column, column) for column in COLUMNS]
    report, found = imported(library, write_csv(tmp_path / "b.csv", scaled, columns), "cent")
    assert found == pytest.approx(plain, abs=1e-5)
    assert report.cleaning["danceability in per cent, read"] == N


def test_shares_with_signs_of_per_cent_are_read(library, tmp_path):
    rows = songs(N)
    _, plain = imported(library, write_csv(tmp_path / "a.csv", rows), "plain")
    signed = [row | {share: f"{row[share] * 100:.2f} %" for share in SHARES} for row in rows]
    _, found = imported(library, write_csv(tmp_path / "b.csv", signed), "cent")
    assert found == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_decimal_commas_are_read(library, tmp_path, delimiter):
    rows = songs(N)
    _, plain = imported(library, write_csv(tmp_path / "a.csv", rows), "plain")
    lines = [COLUMNS, *([str(row[name]) for name in COLUMNS] for row in rows)]
    cells = [
        [
            f'"{x.replace(".", ",")}"' if i and name in SHARES else '"' + x.replace('"', "") + '"'
            for name, x in zip(COLUMNS, line, strict=True)
        ]
        for i, line in enumerate(lines)
    ]
    (tmp_path / "b.csv").write_text("\n".join(map(delimiter.join, cells)), encoding="utf-8")
    report, found = imported(library, tmp_path / "b.csv", "eu")
    assert (report.added, report.failed) == (N, 0)
    assert found == pytest.approx(plain, abs=1e-5)
    assert report.cleaning["energy with a decimal comma, read"] > N / 2


def test_a_column_called_duration_may_hold_milliseconds_seconds_or_minutes(library, tmp_path):
    for name, text in {
        "seconds": lambda ms: ms / 1000,
        "milliseconds": lambda ms: ms,
        "clock": lambda ms: f"{ms // 60_000}:{ms / 1000 % 60:06.3f}",
    }.items():
        rows = [row | {"duration": text(row["duration_ms"])} for row in songs(N)]
        columns = [*(c for c in COLUMNS if c != "duration_ms"), "duration"]
        imported(library, write_csv(tmp_path / "a.csv", rows, columns), name)
        expected = songs(N)[3]["duration_ms"] / 1000
        assert library.find(f"{name}:song00003").duration_s == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("key", "Do mayor", "'key' holds 'Do mayor' in row 1 .* expected 0 to 11, C#"),
        ("tempo", "allegro", "'tempo' holds 'allegro'"),
        ("energy", "734", "'energy' holds '734' .* 0 to 1, or per cent"),
        ("loudness", "70", "'loudness' holds '70'"),
        ("duration_ms", "long", "'duration_ms' holds 'long'"),
        ("mode", "dorian", "'mode' holds 'dorian'"),
    ],
)
def test_a_column_that_makes_no_sense_is_refused_before_anything_is_written(
    segue, tmp_path, column, value, reason
):
    path = write_csv(tmp_path / "a.csv", [row | {column: value} for row in songs(N)])
    with pytest.raises(SourceError, match=reason):
        Table(path)
    place = ("--library", tmp_path / "library", "import", "table", path)
    code, _, err = segue(*place)
    assert (code, "--without" in err, (tmp_path / "library").exists()) == (2, True, False)
    code, out, _ = segue(*place, "--without", column)
    assert (code, f"{N} added" in out) == (0, True)
    with pytest.raises(UsageError, match="no column 'nothing'"):
        Table(path, without=["nothing"])


@pytest.mark.parametrize("text", ["1.2E+14", "1,2E+14", "123456789012345000"])
def test_ids_that_a_spreadsheet_rounded_are_refused_until_they_are_wanted(segue, tmp_path, text):
    rows = [row | {"id": text if i else "song00000"} for i, row in enumerate(songs(N))]
    path = write_csv(tmp_path / "a.csv", rows)
    place = ("--library", tmp_path / "library", "import")
    code, _, err = segue(*place, "table", path)
    assert (code, "a spreadsheet has rounded" in err, text in err) == (2, True, True)
    assert not (tmp_path / "library").exists()
    code, out, err = segue(*place, "table", path, "--rounded-ids")
    assert (code, "2 added" in out, f"most rows ({N - 2})" in err) == (0, True, True)
    np.save(tmp_path / "m.npy", np.random.default_rng(0).random((N, 4)))
    (tmp_path / "ids.txt").write_text("\n".join([text] * N), encoding="utf-8")
    vectors = (*place, "vectors", tmp_path / "m.npy", "--ids", tmp_path / "ids.txt")
    assert segue(*vectors)[0] == 2
    assert "1 added" in segue(*vectors, "--rounded-ids")[1]


def test_ids_that_look_like_rounded_ones_here_and_there_are_taken(library, tmp_path):
    rows = songs(N)
    rows[3]["id"], rows[4]["id"] = "5E12", "1E5"
    assert library.import_from(Table(write_csv(tmp_path / "a.csv", rows))).added == N
    wide = [str(10**17 + 7 * i) for i in range(N)]
    assert library.import_from(Vectors(np.random.default_rng(0).random((N, 4)), ids=wide)).added == N


def test_the_columns_of_a_popular_table_are_found():
    columns = [
        "track_name",
        "artist(s)_name",
        "released_year",
        "bpm",
        "key",
        "mode",
        *(f"{s}_%" for s in SHARES),
    ]

    found = map_columns(columns, {})
    assert found.fields == {"title": "track_name", "artist": "artist(s)_name", "year": "released_year"}
    assert set(found.features) == {"tempo", "key", "mode", *SHARES} <= set(features.FEATURES)
