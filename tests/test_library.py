"""Libraries as their folders change: what a scan adds, keeps and removes; and which are not opened."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue import audio
from segue.embed.descriptors import Descriptors
from segue.errors import (
    LibraryFormatError,
    LibraryNotFoundError,
    SpecMismatchError,
    TrackNotFoundError,
    UsageError,
)
from segue.library import Library
from tests.conftest import SR, hiss, tag, tone


def assert_rows_are_tracks(library: Library) -> None:
    """Row i is track i: each vector is the one that the track's file gives."""
    ids, vectors = library.vectors()
    assert sorted(ids) == sorted(track.id for track in library)
    for track_id, vector in zip(ids, vectors, strict=True):
        expected = Descriptors().embed(audio.load(library[track_id].path)).pooled
        np.testing.assert_array_equal(vector, expected)


# Scanning


def test_scan_adds_every_file_with_its_tags_and_vectors(own: Library):
    assert len(own) == 12
    track = own.find("Low number 2")
    assert (track.artist, track.tags.album, track.codec, track.sr) == ("The Lows", "low", "flac", SR)
    assert track.duration_s == pytest.approx(3.0)
    assert_rows_are_tracks(own)


def test_the_windows_of_a_row_are_its_own(own: Library):
    snapshot = own.snapshot()
    space = snapshot.spaces["descriptors-1"]
    for row in range(len(snapshot.keys)):
        assert len(space.windows_of(row)) == 1
    embedding = Descriptors().embed(audio.load(next(iter(own)).path))
    np.testing.assert_array_equal(space.windows_of(0), embedding.windows)


def test_a_second_scan_changes_nothing(own: Library, folder: Path):
    before = [track.id for track in own]
    report = own.scan(folder)
    assert (report.unchanged, report.usable, report.exit_code) == (12, 12, 0)
    assert [track.id for track in own] == before


def test_a_touched_file_is_not_embedded_again(own: Library, folder: Path):
    path = folder / "low0.flac"
    os.utime(path, (1, 1))
    rows = len(own.snapshot().keys)
    report = own.scan(folder)
    assert (report.unchanged, report.changed) == (12, 0)
    assert len(own.snapshot().keys) == rows
    assert own.scan(folder).unchanged == 12


def test_a_moved_file_keeps_its_id(own: Library, folder: Path):
    before = own.find("Low number 0")
    (folder / "new place").mkdir()
    shutil.move(folder / "low0.flac", folder / "new place" / "renamed.flac")
    report = own.scan(folder)
    assert (report.moved, report.added, report.newly_missing) == (1, 0, 0)
    after = own[before.id]
    assert after.path.endswith("renamed.flac")
    assert own.tracks.search("renamed") == [after]


def test_a_copied_file_gets_an_id_of_its_own(own: Library, folder: Path):
    shutil.copy(folder / "low0.flac", folder / "copy.flac")
    assert own.scan(folder).added == 1
    assert len({track.id for track in own}) == 13


def test_a_changed_file_keeps_its_id_and_gets_new_vectors(own: Library, folder: Path):
    before = own.find("Low number 0")
    soundfile.write(folder / "low0.flac", hiss(99), SR)
    report = own.scan(folder)
    assert (report.changed, report.added, len(own)) == (1, 0, 12)
    assert own[before.id].content_hash != before.content_hash
    assert_rows_are_tracks(own)
    nearest = own.similar(before.id, k=4).matches
    assert {match.track.artist for match in nearest} == {"The Noises"}


def test_a_new_tag_is_read(own: Library, folder: Path):
    tag(folder / "low0.flac", title="Another name")
    own.scan(folder)
    assert own.find("another name").path == str(folder / "low0.flac")


def test_deleted_files_are_marked_and_left_out_until_pruned(own: Library, folder: Path):
    gone = own.find("Low number 1")
    (folder / "low1.flac").unlink()
    report = own.scan(folder)
    assert report.newly_missing == 1
    assert own[gone.id].missing_since is not None
    answers = [match.track.id for match in own.similar("Low number 0", k=11).matches]
    assert gone.id not in answers
    assert own.prune() == 1
    assert len(own) == 11
    assert_rows_are_tracks(own)
    assert own.verify() == 3
    with pytest.raises(TrackNotFoundError):
        own[gone.id]


def test_a_file_that_comes_back_is_the_same_track(own: Library, folder: Path, tmp_path: Path):
    track = own.find("Low number 1")
    shutil.move(folder / "low1.flac", tmp_path / "aside.flac")
    own.scan(folder)
    shutil.move(tmp_path / "aside.flac", folder / "low1.flac")
    own.scan(folder)
    assert own[track.id].missing_since is None


@pytest.mark.slow
def test_pruning_also_removes_the_dead_rows_of_changed_files(own: Library, folder: Path):
    for seed in range(3):
        soundfile.write(folder / "low0.flac", hiss(50 + seed), SR)
        own.scan(folder)
    assert len(own.snapshot().keys) == 15
    own.prune()
    assert (own.snapshot().keys >= 0).all()
    assert len(own.snapshot().keys) == 12
    assert_rows_are_tracks(own)


def test_tracks_outside_the_scanned_folder_are_not_marked_missing(own: Library, folder: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    soundfile.write(other / "one.wav", tone(300), SR)
    (folder / "low1.flac").unlink()
    report = own.scan(other)
    assert (report.added, report.newly_missing) == (1, 0)


def test_a_failed_file_is_tried_again_when_it_changes_or_on_request(own: Library, folder: Path):
    bad = folder / "bad.mp3"
    bad.write_text("no music")
    assert own.scan(folder).failed == 1
    again = own.scan(folder)
    assert (again.failed, again.still_failing, again.exit_code) == (0, 1, 0)
    assert own.scan(folder, retry=True).failed == 1
    soundfile.write(bad, tone(200), SR, format="WAV")
    report = own.scan(folder)
    assert (report.added, report.exit_code) == (1, 0)
    assert own.failures() == []


def test_the_failure_of_a_deleted_file_is_forgotten(own: Library, folder: Path):
    (folder / "bad.mp3").write_text("no music")
    own.scan(folder)
    (folder / "bad.mp3").unlink()
    assert own.scan(folder).exit_code == 0
    assert own.failures() == []


def test_an_empty_folder_is_a_failure(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with Library.open(tmp_path / "library", create=True) as library:
        assert library.scan(tmp_path / "empty").exit_code == 2


def test_hidden_files_and_other_files_are_passed_over(tmp_path: Path):
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "._song.mp3").write_bytes(b"left by a file manager")
    (folder / "cover.jpg").write_bytes(b"no sound")
    soundfile.write(folder / "song.WAV", tone(200), SR, format="WAV")
    with Library.open(tmp_path / "library", create=True) as library:
        report = library.scan(folder)
    assert (report.added, report.failed) == (1, 0)


# Opening


def test_opening_nothing_says_how_to_begin(tmp_path: Path):
    with pytest.raises(LibraryNotFoundError, match=r"segue --library .* scan FOLDER"):
        Library.open(tmp_path / "nowhere")


def test_a_foreign_database_is_refused(tmp_path: Path):
    import sqlite3

    with sqlite3.connect(tmp_path / "catalog.sqlite") as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(LibraryFormatError, match="another program"):
        Library.open(tmp_path)


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path):
    (tmp_path / "catalog.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(LibraryFormatError, match="cannot be read"):
        Library.open(tmp_path)


def test_a_library_of_a_later_format_is_refused(own: Library):
    import sqlite3

    with sqlite3.connect(own.path / "catalog.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LibraryFormatError, match="format 99"):
        Library.open(own.path)


def test_a_truncated_matrix_is_noticed_and_named(own: Library):
    (path,) = (own.path / "vectors").glob("*/pooled-*.matrix")
    path.write_bytes(path.read_bytes()[:500])
    with Library.open(own.path) as library, pytest.raises(LibraryFormatError, match="pooled"):
        library.snapshot()


def test_a_flipped_bit_is_found_by_verify(own: Library):
    (path,) = (own.path / "vectors").glob("*/pooled-*.matrix")
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(LibraryFormatError, match="checksum"):
        own.verify()


def test_vectors_of_another_version_are_not_mixed_in(own: Library, folder: Path, monkeypatch):
    monkeypatch.setattr(Descriptors, "spec", replace(Descriptors.spec, reference="other equations"))
    with pytest.raises(SpecMismatchError, match="other equations"):
        own.scan(folder)


class Other(Descriptors):
    """A second embedder that counts what it is asked for."""

    spec = replace(Descriptors.spec, name="other")

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, sound):
        self.calls += 1
        return super().embed(sound)


def test_an_embedder_added_later_is_given_the_tracks_before(own: Library, folder: Path):
    soundfile.write(folder / "late.wav", tone(500), SR)
    ids = {track.id for track in own}
    other = Other()
    with (
        Library.open(own.path, embedders=[Other(), other]) as both,
        pytest.raises(UsageError, match="other-1"),
    ):
        both.scan(folder)
    with Library.open(own.path, embedders=[Descriptors(), other]) as both:
        report = both.scan(folder)
        assert (report.added, report.completed, report.unchanged, other.calls) == (1, 12, 0, 13)
        assert {track.id for track in both} == ids | {both.find("late").id}
        snapshot = both.snapshot()
        for name in ("descriptors-1", "other-1"):
            assert snapshot.spaces[name].has_vector()[snapshot.keys >= 0].all(), name
        np.testing.assert_array_equal(both.vectors("other-1")[1], both.vectors("descriptors-1")[1])
        assert both.scan(folder).unchanged == 13
    assert_rows_are_tracks(own)


def test_tracks_scanned_without_an_embedder_are_found_by_the_others(own: Library, folder: Path):
    with Library.open(own.path, embedders=[Descriptors(), Other()]) as both:
        both.scan(folder)
    soundfile.write(folder / "late.wav", tone(114, 77), SR)
    own.scan(folder)  # with the descriptors alone
    late = own.find("late")
    snapshot = own.snapshot()
    assert snapshot.spaces["other-1"].has_vector().sum() == 12
    assert {match.track.artist for match in own.similar(late, k=4).matches} == {"The Lows"}
    answers = own.similar("Low number 0", k=4).matches
    assert late in [match.track for match in answers]


@pytest.mark.slow
def test_many_dead_rows_are_swept_out_after_a_scan(own: Library, folder: Path, monkeypatch):
    monkeypatch.setattr("segue.ingest.audio.BATCH_TRACKS", 4)
    for i in range(5):
        soundfile.write(folder / "low0.flac", hiss(60 + i), SR)
        own.scan(folder)
    assert len(own.snapshot().keys) < 17
    assert_rows_are_tracks(own)
