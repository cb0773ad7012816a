"""Playlists, feedback, stars, plays and scanned folders, which a library keeps beside its tracks."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.errors import LibraryWriteError
from segue.library import Library
from tests.written_library import new_library, song


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with new_library(tmp_path / "library", [song("/1.flac"), song("/2.flac")]) as library:
        yield library


def ids(library: Library) -> list[str]:
    return [track.id for track in library]


def test_a_playlist_keeps_its_order_and_repetitions(library: Library):
    a, b = ids(library)
    name = library.playlists.create("Mix", [b, a, b], "for the road")
    assert library.playlists.tracks(name) == [b, a, b]
    found = library.playlists.get(name)
    assert found is not None
    assert (found.id, found.name, found.comment, found.n, found.duration_s) == (
        name, "Mix", "for the road", 3, 180.0,
    )  # fmt: skip


def test_a_playlist_counts_only_tracks_that_are_there_but_keeps_the_others(library: Library):
    a, _ = ids(library)
    name = library.playlists.create("Mix", [a, "gone"])
    found = library.playlists.get(name)
    assert found is not None
    assert found.n == 1
    assert library.playlists.tracks(name) == [a, "gone"]


def test_an_empty_playlist_has_no_tracks_and_no_length(library: Library):
    found = library.playlists.get(library.playlists.create("Empty", []))
    assert found is not None
    assert (found.n, found.duration_s) == (0, 0.0)


def test_a_change_leaves_what_is_not_given(library: Library):
    a, b = ids(library)
    name = library.playlists.create("Mix", [a], "old")
    assert library.playlists.change(name, name="New")
    assert library.playlists.change(name, tracks=[b])
    found = library.playlists.get(name)
    assert found is not None
    assert (found.name, found.comment) == ("New", "old")
    assert library.playlists.tracks(name) == [b]
    assert library.playlists.change(name, comment="", tracks=[])
    assert library.playlists.tracks(name) == []


def test_the_last_changed_playlist_comes_first(library: Library):
    first, second = (library.playlists.create(name, []) for name in ("First", "Second"))
    assert [playlist.id for playlist in library.playlists.all()] == [second, first]
    library.playlists.change(first, comment="now")
    assert [playlist.id for playlist in library.playlists.all()] == [first, second]


def test_a_playlist_that_is_deleted_or_unknown_is_none(library: Library):
    name = library.playlists.create("Mix", ids(library))
    assert library.playlists.delete(name)
    assert not library.playlists.delete(name)
    assert not library.playlists.change(name, name="New", tracks=["x"])
    assert library.playlists.get(name) is None
    assert (library.playlists.tracks(name), library.playlists.all()) == ([], [])


def test_a_later_verdict_replaces_the_one_before_on_the_same_two(library: Library):
    a, b = ids(library)
    library.feedback.record(a, b, "like")
    library.feedback.record(b, a, "skip")
    library.feedback.record(a, b, "dislike")
    latest = library.feedback.latest()
    assert [(one.seed, one.track, one.verdict) for one in latest] == [(a, b, "dislike"), (b, a, "skip")]
    assert latest[0].at >= latest[1].at
    assert len(library.feedback.latest(1)) == 1


def test_a_star_keeps_its_date_until_it_is_taken(library: Library):
    a, b = ids(library)
    library.feedback.star("track", [a])
    before = library.feedback.stars("track")
    library.feedback.star("track", [a, b])
    assert library.feedback.stars("track")[a] == before[a]
    assert list(library.feedback.stars("track")) == [b, a]
    library.feedback.star("track", [a, "unknown"], starred=False)
    assert list(library.feedback.stars("track")) == [b]


def test_stars_of_tracks_albums_and_artists_are_apart(library: Library):
    library.feedback.star("album", ["x"])
    assert library.feedback.stars("track") == {}
    assert library.feedback.stars("artist") == {}
    assert list(library.feedback.stars("album")) == ["x"]


def test_plays_are_counted_with_the_last_time_whatever_order_they_come_in(library: Library):
    a, b = ids(library)
    library.feedback.record_plays([(a, 200.0), (a, 100.0), (b, 50.0)])
    assert library.feedback.plays() == {a: (2, 200.0), b: (1, 50.0)}
    library.feedback.record_plays([])
    assert library.feedback.plays()[a] == (2, 200.0)


def test_folders_are_noted_once_and_files_never(library: Library, tmp_path: Path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
    (tmp_path / "song.flac").touch()
    library.folders.note([str(tmp_path / "b"), str(tmp_path / "a"), str(tmp_path / "song.flac")])
    library.folders.note([str(tmp_path / "a")])
    assert library.folders.all() == [str(tmp_path / "a"), str(tmp_path / "b")]


@pytest.mark.skipif(os.name == "nt", reason="names there are Unicode")
def test_a_folder_whose_name_is_not_unicode_is_kept(library: Library, tmp_path: Path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes Unicode only")
    library.folders.note([str(folder)])
    assert library.folders.all() == [str(folder)]


def test_others_see_what_is_kept(library: Library):
    with Library.open(library.path, embedders=["descriptors"]) as other:
        name = other.playlists.create("Shared", ids(library))
        other.feedback.star("track", ids(library)[:1])
    assert library.playlists.tracks(name) == ids(library)
    assert list(library.feedback.stars("track")) == ids(library)[:1]


def test_a_read_only_library_shows_what_is_kept_and_says_why_nothing_more_is(
    library: Library, monkeypatch: pytest.MonkeyPatch
):
    a, b = ids(library)
    name = library.playlists.create("Mix", [a])
    library.feedback.record(a, b, "like")
    library.feedback.star("track", [a])
    library.feedback.record_plays([(a, 1.0)])
    library.close()
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as one whom no permission stops
    with Library.open(library.path, embedders=["descriptors"]) as reader:
        assert reader.playlists.tracks(name) == [a]
        assert [(one.track, one.verdict) for one in reader.feedback.latest()] == [(a, "like"), (b, "like")]
        assert list(reader.feedback.stars("track")) == [a, b]
        assert reader.feedback.plays() == {a: (1, 1.0)}
        changes = [
            lambda: reader.playlists.change(name, name="New"),
            lambda: reader.playlists.delete(name),
            lambda: reader.feedback.record(a, b, "skip"),
            lambda: reader.feedback.star("track", [b]),
            lambda: reader.feedback.record_plays([(b, 2.0)]),
            lambda: reader.folders.note([str(library.path)]),
        ]
        for change in changes:
            with pytest.raises(LibraryWriteError, match="cannot be written"):
                change()
        assert reader.playlists.tracks(name) == [a]


def test_an_older_library_gets_the_tables_that_it_lacks(library: Library):
    with contextlib.closing(sqlite3.connect(library.path / "catalog.sqlite")) as db:
        db.execute("DROP TABLE exclusions")
        db.execute("DROP TABLE plays")
    with Library.open(library.path) as again:
        assert again.folders.exclusions() == {}
        again.exclude("/music", ["*.wav"])
        assert again.folders.exclusions() == {"/music": ["*.wav"]}
