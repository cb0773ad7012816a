from __future__ import annotations

import csv
import gzip
import json
import sqlite3

import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SourceError, SpecMismatchError, UsageError
from segue.library import Library
from segue.sources.table import Table, cleaning, features
from tests.conftest import SHARED
from tests.source_contract import SourceContract
from tests.tables import COLUMNS, songs, write_csv

SAMPLE = SHARED / "data" / "tabular" / "spotify_by_genre.csv"


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "tracks_features.csv", songs(60))


def values_of(library, name):
    """The dimensions of one song by their names."""
    ids, vectors = library.vectors("features-1")
    dimensions = library.snapshot().spaces["features-1"].dimensions
    return dict(zip(dimensions, vectors[ids.index(library.find(name).id)].tolist(), strict=True))


def test_songs_are_there_with_all_that_the_table_says(library, table):
    report = library.import_from(Table(table))
    assert (report.added, report.failed, report.exit_code, len(library)) == (60, 0, 0, 60)
    song = library.find("song00003")
    assert (song.title, song.tags.artist, song.tags.album) == ("Song 3", 'Artist 3; D\'Arc, "J"', "Album 0")
    assert (song.tags.year, song.tags.track_number, song.source, song.path) == (
        1993, 4, "tracks_features", "tracks_features:song00003",
    )  # fmt: skip
    assert song.details["album_id"] == "al0"
    assert song.details["release_date"] == "2001-02-03"
    assert song.duration_s == pytest.approx(songs(60)[3]["duration_ms"] / 1000)
    assert library.find("tracks_features:song00003") == song
    assert report.cleaning["artist in the form of a list, read"] == 60


def test_alike_songs_are_found(library, table):
    library.import_from(Table(table))
    for name in ("song00004", "song00005"):
        matches = library.similar(name, k=10).matches
        assert {int(match.track.source_id[-1]) % 2 for match in matches} == {int(name[-1]) % 2}


def test_a_second_import_changes_nothing_at_all(library, table):
    library.import_from(Table(table))

    def content():
        db = sqlite3.connect(library.path / "catalog.sqlite")
        rows = db.execute("SELECT * FROM tracks ORDER BY key").fetchall()
        rows += db.execute("SELECT rowid, * FROM track_text ORDER BY rowid").fetchall()
        rows += db.execute("SELECT * FROM matrices").fetchall()
        db.close()
        return rows

    before = content()
    report = library.import_from(Table(table))
    assert (report.added, report.changed, report.unchanged) == (0, 0, 60)
    assert content() == before


def test_what_changed_is_changed_and_what_went_is_missing(library, table, tmp_path):
    library.import_from(Table(table))
    ids = {track.source_id: track.id for track in library}
    rows = songs(60)[5:]
    rows[0] |= {"name": "Another title", "tempo": 300}
    rows += songs(62)[60:]
    write_csv(table, rows)
    report = library.import_from(Table(table))
    assert (report.added, report.changed, report.unchanged, report.newly_missing) == (2, 1, 54, 5)
    assert library.find("Another title").id == ids["song00005"]
    assert values_of(library, "song00005")["tempo_log2"] == pytest.approx(np.log2(300))
    assert [track.title for track in library.tracks.search("Another title")] == ["Another title"]
    assert library.tracks.search("Song 5") == [
        t for t in library.tracks.search("Song 5") if t.title != "Song 5"
    ]
    assert "song00001" not in {match.track.source_id for match in library.similar("song00007", k=50).matches}
    write_csv(table, songs(60))
    again = library.import_from(Table(table))
    assert (again.added, again.changed, again.newly_missing) == (0, 1, 2)
    assert library.find("song00001").missing_since is None
    assert library.prune() == 2


def test_every_step_of_cleaning_is_counted(library, tmp_path):
    rows = songs(12)
    rows[1] |= {"year": 0}
    rows[2] |= {"year": 0, "release_date": ""}
    rows[3] |= {"tempo": 0}
    rows[4] |= {"key": -1}
    rows[5] |= {"danceability": "", "valence": "loud"}
    rows[6] |= {"artists": "", "name": "  "}
    rows[7] |= {"id": ""}
    rows[8] |= {"id": "song00000"}
    rows[9] |= dict.fromkeys(COLUMNS[9:20], "")
    rows[10] |= {"duration_ms": 0, "energy": 7}
    report = library.import_from(Table(write_csv(tmp_path / "odd.csv", rows)))
    assert (report.added, report.failed) == (9, 2)
    reasons = {problem.where: problem.reason for problem in report.failures}
    assert reasons["row 8"] == "it has no id"
    assert "features are missing" in reasons["row 10 (song00009)"]
    assert {failure.path for failure in library.failures()} == {"odd:row 8", "odd:row 10 (song00009)"}
    counts = report.cleaning
    assert counts["year 0, taken as unknown"] == 2
    assert counts["year taken from the release date"] == 1
    assert counts["tempo 0, taken as unknown"] == 1
    assert counts["key -1, taken as unknown"] == 1
    assert counts["valence that is no number, left out"] == 1
    assert counts["danceability missing"] == 2
    assert counts["artist missing"] == counts["title missing"] == 1
    assert counts["id that came before, left out"] == 1
    assert counts["energy not from 0 to 1, left out"] == 1
    assert counts["duration 0, taken as unknown"] == 1
    assert library.find("song00001").tags.year == 2001
    assert library.find("song00002").tags.year is None
    assert np.isnan(values_of(library, "song00003")["tempo_log2"])
    assert library.similar("song00003", k=3).matches
    assert library.find("song00006").title == "song00006"


def test_a_broken_row_fails_alone(library, table):
    lines = table.read_text(encoding="utf-8").splitlines()
    lines.insert(4, "only,three,values")
    lines.insert(9, "")
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = library.import_from(Table(table))
    assert (report.added, [p.where for p in report.failures]) == (60, ["row 4"])
    table.write_bytes(table.read_bytes().replace(b"Song 8,", b"Song \xff8,"))
    report = library.import_from(Table(table))
    assert (report.changed, report.unchanged) == (1, 59)


def test_compressed_files_parquet_and_data_frames_say_the_same(library, table, tmp_path):
    library.import_from(Table(table, name="songs"))
    (tmp_path / "songs.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    assert library.import_from(Table(tmp_path / "songs.csv.gz")).unchanged == 60
    rows = songs(60)
    arrow = pa.table({name: [row[name] for row in rows] for name in COLUMNS})
    pq.write_table(arrow, tmp_path / "songs.parquet")
    before = library.vectors("features-1")[1].copy()
    for source in (Table(tmp_path / "songs.parquet", name="songs"), Table(arrow, name="songs")):
        report = library.import_from(source)
        assert (report.added, report.failed) == (0, 0)
        assert (np.sort(library.vectors("features-1")[1], axis=0) == np.sort(before, axis=0)).all()


def test_data_frames_of_pandas_and_polars_are_tables(library):
    frame = pandas.DataFrame(songs(30))
    frame.loc[3, "tempo"] = np.nan
    assert library.import_from(Table(frame, name="frame")).added == 30
    assert np.isnan(values_of(library, "song00003")["tempo_log2"])
    frame = polars.DataFrame(songs(30))
    assert library.import_from(Table(frame, name="bears")).added == 30
    assert values_of(library, "bears:song00003")["tempo_log2"] == pytest.approx(np.log2(150))


def test_columns_by_their_names_are_a_table(library):
    columns = {name: np.array([song[name] for song in songs(30)]) for name in COLUMNS}
    assert library.import_from(Table(columns, name="columns")).added == 30
    assert values_of(library, "columns:song00003")["tempo_log2"] == pytest.approx(np.log2(150))
    with pytest.raises(SourceError, match=r"numbers of rows, \[29, 30\]"):
        Table(columns | {"name": ["x"] * 29})


def test_a_compressed_file_that_is_cut_short_keeps_what_came(library, table, tmp_path):
    write_csv(table, songs(3000))
    packed = gzip.compress(table.read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    report = library.import_from(Table(tmp_path / "cut.csv.gz"))
    assert 500 < report.added < 2500
    assert any("cannot be read further" in problem.reason for problem in report.failures)


def test_columns_are_found_by_their_names_in_any_order(library, tmp_path):
    rows = [
        {"track_artist": "A", "Track Name": "T", "TEMPO": 100, "energy": 0.5, "valence": 0.2,
         "playlist_genre": "pop", "track_id": "x1", "my note": "hm"},
        {"track_artist": "B;C", "Track Name": "U", "TEMPO": 130, "energy": 0.7, "valence": 0.1,
         "playlist_genre": "rock", "track_id": "x2", "my note": ""},
    ]  # fmt: skip
    source = Table(write_csv(tmp_path / "other.csv", rows, list(rows[0])))
    assert set(source.columns.missing) == set(features.FEATURES) - {"tempo", "energy", "valence"}
    library.import_from(source)
    track = library.find("x2")
    assert (track.title, track.artist, track.tags.genre) == ("U", "B; C", "rock")
    assert library.find("x1").details == {"my note": "hm"}


def test_a_table_with_too_little_is_refused(tmp_path):
    for text, reason in (
        ("a,b,c\n1,2,3\n", "no column looks like an id or a title"),
        ("id,tempo,energy\nx,1,2\n", "2 columns are audio features"),
        ("", "not a table"),
        ("id;id;tempo\n", "several columns called id"),
    ):
        path = tmp_path / "little.csv"
        path.write_text(text)
        with pytest.raises(SourceError, match=reason):
            Table(path)
    with pytest.raises(SourceError, match="cannot be read"):
        Table(tmp_path / "nowhere.csv")


def test_columns_and_weights_can_be_chosen(library, table):
    library.import_from(Table(table, weights={"tempo": 3, "key": 0}))
    settings = library.snapshot().spaces["features-1"].settings
    names = library.snapshot().spaces["features-1"].dimensions
    weights = dict(zip(names, settings.weights, strict=True))
    assert (weights["tempo_log2"], weights["key_sin"], weights["energy"]) == (3, 0, 1)
    first = library.similar("song00001", k=5).matches
    library.import_from(Table(table, weights={"key": 9}))
    assert library.similar("song00001", k=5).matches != first
    with pytest.raises(UsageError, match="no feature 'bass'"):
        Table(table, weights={"bass": 2})
    with pytest.raises(UsageError, match="expected 0 or more"):
        Table(table, weights={"tempo": float("nan")})
    with pytest.raises(UsageError, match="no column 'song'"):
        Table(table, columns={"title": "song"})
    library.import_from(Table(table, name="other", columns={"title": "album_id"}))
    assert library.find("other:song00011").title == "al1"


def test_tables_with_other_features_need_another_space(library, table, tmp_path):
    library.import_from(Table(table))
    other = write_csv(tmp_path / "few.csv", songs(5), [c for c in COLUMNS if c != "tempo"])
    with pytest.raises(SpecMismatchError):
        library.import_from(Table(other))
    assert library.import_from(Table(other, space="few")).added == 5
    assert set(library.spaces()) == {"features-1", "few-1"}


def test_ids_are_padded_on_demand(library, tmp_path):
    rows = [row | {"id": i} for i, row in enumerate(songs(12))]
    report = library.import_from(Table(write_csv(tmp_path / "n.csv", rows), pad_ids=6))
    assert library.find("000011").title == "Song 11"
    assert report.cleaning["id padded to 6 digits"] == 12


def test_without_an_id_a_song_is_what_is_known_of_it(library, tmp_path):
    path = write_csv(tmp_path / "n.csv", songs(12), COLUMNS[1:])
    assert library.import_from(Table(path)).added == 12
    write_csv(path, songs(12)[::-1], COLUMNS[1:])
    assert library.import_from(Table(path)).unchanged == 12


def test_a_song_on_two_albums_is_recommended_once(library, tmp_path):
    rows = songs(40)
    rows[8] |= {"name": rows[6]["name"], "artists": rows[6]["artists"].upper()}
    library.import_from(Table(write_csv(tmp_path / "twice.csv", rows)))
    found = [match.track.title for match in library.similar("song00004", k=19).matches]
    assert found.count("Song 6") == 1
    assert "song00008" not in [m.track.source_id for m in library.similar("song00006", k=19).matches]


def test_rows_that_are_all_alike_are_compared(library, tmp_path):
    rows = [songs(1)[0] | {"id": f"s{i}", "name": f"Song {i}"} for i in range(9)]
    assert library.import_from(Table(write_csv(tmp_path / "alike.csv", rows))).added == 9
    assert len(library.similar("s3", k=3).matches) == 3


@given(st.floats(0, 11), st.floats(-40, 0))
def test_the_key_is_a_circle(key, loudness):
    rows = {"key": np.array([key, key + 1, key + 11, key + 6]), "loudness": np.full(4, loudness)}
    names = features.dimension_names(["key", "loudness"])
    points = features.feature_vectors(rows)[:, [names.index("key_sin"), names.index("key_cos")]]
    gaps = np.linalg.norm(points - points[0], axis=1)
    assert gaps[1] == pytest.approx(gaps[2], abs=1e-5)
    assert gaps[3] == pytest.approx(2, abs=1e-5)


@given(st.lists(st.text("ab'\", []é\\", max_size=6), max_size=4))
def test_lists_as_python_writes_them_are_read(items):
    counts = cleaning.Counts()
    (found,) = cleaning.texts([repr(items)], "artist", counts)
    wanted = "; ".join(item.strip() for item in items if item.strip())
    assert found == (None if len(wanted) < 5 and wanted.lower() in cleaning.NOTHING else wanted)


def test_texts_that_only_look_like_lists_stay(library):
    given_texts = ["[Untitled]", "['a', b]", "[1, 2", "Selected [Live]", None, 3.0, "N/A"]
    found = cleaning.texts(given_texts, "title", cleaning.Counts())
    assert found == ["[Untitled]", "['a', b]", "[1, 2", "Selected [Live]", None, "3", None]


def test_the_command_reports_what_was_done(segue, table, tmp_path):
    place = ("--library", tmp_path / "library")
    code, out, _ = segue(*place, "import", "table", table, "--weight", "tempo=2")
    assert code == 0
    assert "tracks_features: 60 added" in out
    assert "artist in the form of a list, read: 60" in out
    code, out, _ = segue(*place, "import", "table", table, "--json")
    assert json.loads(out)["unchanged"] == 60
    assert segue(*place, "import", "table", table, "--weight", "tempo")[0] == 2
    code, out, _ = segue(*place, "similar", "song00001", "-k", 3)
    assert (code, len(out.splitlines())) == (0, 4)
    code, out, _ = segue(*place, "info", "song00001")
    assert "tracks_features" in out


@pytest.mark.slow
@pytest.mark.shared
def test_genres_of_the_real_sample_agree_more_than_with_plain_features(library):
    """Against cosine on features scaled from 0 to 1, as the classic demo has it; same song counts once."""
    from sklearn.preprocessing import MinMaxScaler

    library.import_from(Table(SAMPLE))
    snapshot, tracks = library.snapshot(), list(library)
    genres = np.array([track.tags.genre for track in tracks])
    songs_of = np.array([track.content_hash for track in tracks])
    index = library.recommender.indexes.get(snapshot)

    def precision(units):
        cosines = units @ units.T
        cosines[songs_of[:, None] == songs_of[None]] = -2
        top = np.argpartition(-cosines, 5, axis=1)[:, :5]
        return (genres[top] == genres[:, None]).mean()

    with SAMPLE.open(encoding="utf-8") as file:
        rows = {row["track_id"]: row for row in csv.DictReader(file)}
    plain = [[float(rows[t.source_id][name]) for name in features.FEATURES] for t in tracks]
    scaled = MinMaxScaler().fit_transform(plain)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    ours, theirs = precision(index.vectors), precision(scaled)
    assert (len(tracks), round(theirs, 2)) == (5849, 0.43)
    assert ours > theirs + 0.05


class TestTable(SourceContract):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda n: Table(write_csv(tmp_path / "songs.csv", [{"id": "bad", "name": "x"}, *songs(n)]))
