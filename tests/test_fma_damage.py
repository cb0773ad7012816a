"""FMA's metadata with rows, values and files that are damaged, and imports that are killed on the way."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

import segue.ingest.records
import segue.sources.fma.source
from segue.errors import SourceError, UsageError
from segue.library import Library
from segue.sources.fma import FMA, read_genres
from segue.sources.fma.features import SPEC
from tests.fma_files import (
    GENRES,
    IDS,
    packed,
    state_of,
    write_features,
    write_fma,
    write_tracks,
)
from tests.following import Telling
from tests.sounds import start


@pytest.fixture
def metadata(tmp_path):
    return write_fma(tmp_path / "fma_metadata", IDS)


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


def problems_of(report):
    return [(problem.where, problem.reason) for problem in report.failures]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["10", "too", "few"], "line 10: 3 values, the header has 53"),
        (["x10", *[""] * 52], "'x10' is not an id; expected a whole number"),
        (["-10", *[""] * 52], "'-10' is not an id; expected a whole number"),
        (["3", *[""] * 52], "track 000003 appears twice"),
    ],
)
def test_a_broken_row_fails_alone_and_is_named(library, tmp_path, row, reason):
    folder = write_fma(tmp_path / "fma", IDS, raw={10: row})
    report = library.import_from(FMA(folder))
    assert (report.added, report.failed, report.exit_code) == (len(IDS) - 1, 1, 1)
    assert problems_of(report) == [("tracks.csv row 4", reason)]
    assert [(f.path, f.reason) for f in library.failures()] == [("fma:tracks.csv row 4", reason)]
    assert library.find("000003").tags.title == "Title 3"
    again = library.import_from(FMA(folder))
    assert (again.unchanged, again.failed) == (len(IDS) - 1, 1)
    write_tracks(folder / "tracks.csv", IDS)
    assert library.import_from(FMA(folder)).added == 1
    assert library.failures() == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (("track", "genres"), "[21, 10", "'[21, 10' is not a list"),
        (("track", "genres"), "['Rock']", "\"['Rock']\" is not a list of genres"),
        (("track", "genres_all"), "{21: 10}", "'{21: 10}' is not a list"),
        (("track", "genres"), "[" * 5000, f"'{'[' * 40}' is not a list"),
        (("track", "tags"), "__import__('os').getcwd()", "\"__import__('os').getcwd()\" is not a list"),
        (("track", "duration"), "3:05", "its duration is '3:05', expected a number"),
        (("track", "listens"), "many", "its listens is 'many', expected a number"),
    ],
)
def test_a_value_that_makes_no_sense_fails_its_row(library, tmp_path, column, value, reason):
    report = library.import_from(FMA(write_fma(tmp_path / "fma", IDS, changes={20: {column: value}})))
    assert problems_of(report) == [("tracks.csv row 5", reason)]
    assert report.added == len(IDS) - 1


def test_a_track_without_usable_features_is_there_without_a_vector(library, metadata):
    write_features(
        metadata / "features.csv",
        [i for i in IDS if i != 3] + [2],
        lines={
            5: "5," + ",".join(["1.0"] * 517),
            10: "10," + ",".join(["1.0"] * 517) + ",loud",
            20: "20," + ",".join([""] * 518),
            26: "26," + ",".join(["0.0"] * 518),
            30: "30," + ",".join(["1e300"] * 518),
            46: '"46",' + ",".join(['"0.5"'] * 518),
        },
    )
    report = library.import_from(FMA(metadata))
    assert report.added == len(IDS)
    assert report.cleaning == {"without features": 6}
    reasons = dict(problems_of(report))
    assert reasons.pop("features.csv line 17") == "track 000002 appears twice"
    assert reasons.pop("features.csv track 000005") == "517 features, expected 518"
    assert "loud" in reasons.pop("features.csv track 000010")
    assert reasons.pop("features.csv track 000030") == "the line is not finite: number 1 is inf"
    assert not reasons
    ids, vectors = library.vectors(SPEC.space)
    empty = {int(library[i].source_id) for i, v in zip(ids, vectors, strict=True) if np.isnan(v).all()}
    assert empty == {3, 5, 10, 20, 26, 30}
    assert np.isfinite(vectors).all(axis=1).sum() == len(IDS) - 6
    assert "000003" not in {m.track.source_id for m in library.similar("000002", k=20).matches}


def test_other_files_than_fma_metadata_are_refused_with_the_reason(tmp_path, metadata, library):
    with pytest.raises(SourceError, match="neither a folder"):
        FMA(tmp_path / "nowhere.zip")
    with pytest.raises(SourceError, match=r"has no tracks\.csv"):
        FMA(tmp_path / "library")
    with pytest.raises(UsageError, match="no subset 'tiny'"):
        FMA(metadata, subset="tiny")
    with pytest.raises(UsageError, match="cannot be called"):
        FMA(metadata, name="a:b")
    (metadata / "tracks.csv").write_text("a,b\nc,d\n1,2\n", "utf-8")
    with pytest.raises(SourceError, match="no column 'track title'"):
        library.import_from(FMA(metadata))
    (metadata / "tracks.csv").write_text("a,b\nc\n", "utf-8")
    with pytest.raises(SourceError, match="2 lines that name as many columns"):
        library.import_from(FMA(metadata))
    write_tracks(metadata / "tracks.csv", IDS)
    text = (metadata / "features.csv").read_text("utf-8")
    (metadata / "features.csv").write_text(text.replace("mfcc,", "mfccs,"), "utf-8")
    with pytest.raises(SourceError, match="lacks mfcc_kurtosis_01, mfcc_kurtosis_02"):
        library.import_from(FMA(metadata))
    assert len(library) == 0


@pytest.mark.slow
def test_a_damaged_archive_is_refused_and_what_was_read_is_kept(tmp_path, library):
    folder = write_fma(tmp_path / "fma", range(2, 300))
    archive = packed(folder, tmp_path / "fma_metadata.zip")
    data = bytearray(archive.read_bytes())
    at = data.index(b"fma_metadata/tracks.csv") + 5_000
    data[at : at + 2_000] = bytes(2_000)
    archive.write_bytes(data)
    with pytest.raises(SourceError, match=r"tracks\.csv in .* cannot be read"):
        library.import_from(FMA(archive))
    assert library.import_from(FMA(folder)).failed == 0
    assert len(library) == 298


def test_western_bytes_and_an_unclosed_quote_in_tracks_cost_themselves(library, metadata):
    tracks = metadata / "tracks.csv"
    lines = tracks.read_bytes().split(b"\n")
    row = next(i for i, line in enumerate(lines) if line.startswith(b"20,"))
    lines[row] = lines[row].replace(b",", b',"', 1)
    other = next(i for i, line in enumerate(lines) if line.startswith(b"26,"))
    lines[other] = lines[other].replace(b"Title 26", "Caf\xe9".encode("latin-1"))
    tracks.write_bytes(b"\n".join(lines))
    report = library.import_from(FMA(metadata))
    assert (report.added, report.failed) == (len(IDS) - 1, 1)
    assert "a quote opens a value" in report.failures[0].reason
    assert report.cleaning["line that is not UTF-8, read as Windows-1252"] == 1
    assert library.find("000026").title == "Caf\xe9"


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path, metadata, monkeypatch):
    monkeypatch.setattr("segue.sources.packed.MAX_UNPACKED", 1 << 10)
    with zipfile.ZipFile(tmp_path / "fma.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in metadata.glob("[!g]*"):
            archive.writestr(f"fma_metadata/{path.name}", path.read_bytes())
        archive.writestr("fma_metadata/genres.csv", bytes(1 << 22))
    with pytest.raises(SourceError, match="unpacks to more than"):
        list(FMA(tmp_path / "fma.zip").batches())


def test_a_damaged_genre_table_loses_its_bad_rows_without_endless_loops(library, metadata):
    damaged = GENRES + "77,1,78,Left,77\n78,1,77,Right,77\nseven,1,0,Odd,1\n79,1,0,,79\n80,1\n"
    (metadata / "genres.csv").write_text(damaged, "utf-8")
    tree, problems = read_genres(metadata)
    assert [genre.id for genre in tree.ancestors(77)] == [78, 77]
    assert sorted(problem.where for problem in problems) == [f"genres.csv row {i}" for i in (12, 13, 14)]
    (metadata / "genres.csv").write_text(GENRES.replace("21,8389,0,Hip-Hop,21\n", ""), "utf-8")
    report = library.import_from(FMA(metadata))
    assert report.cleaning == {"with a genre that genres.csv lacks": sum(i % 6 == 0 for i in IDS)}


# Killed

N_KILLED = 300
PART = 20  # tracks a commit


def import_in_small_commits(send, folder, library_path):
    segue.ingest.records.COMMIT_RECORDS = 1
    segue.sources.fma.source.BATCH_TRACKS = PART
    with Library.open(library_path, create=True) as library:
        library.import_from(FMA(folder), progress=Telling(send.in_step, "batch"))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Metadata of many tracks, and what a library knows after them."""
    root = tmp_path_factory.mktemp("large")
    folder = write_fma(root / "fma", range(2, 2 + N_KILLED))
    with Library.open(root / "library", create=True) as library:
        library.import_from(FMA(folder))
        return folder, state_of(library)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 7, 14])
def test_an_import_after_a_killed_one_ends_like_an_undisturbed_one(large, tmp_path, after):
    folder, expected = large
    assert len(expected) == N_KILLED
    process, receiver = start(import_in_small_commits, folder, tmp_path / "library")
    for _ in range(after):
        assert receiver.recv() == "batch"
    process.kill()
    process.join()
    assert process.exitcode < 0
    with Library.open(tmp_path / "library") as library:
        library.verify()
        before = len(library)
        assert before >= (after - 1) * PART
        assert before % PART == 0
        report = library.import_from(FMA(folder))
        assert (report.unchanged, report.added) == (before, N_KILLED - before)
        assert state_of(library) == expected
        library.verify()
