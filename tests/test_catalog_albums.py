"""Artists and albums, which are made from the tags of tracks."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.catalog import albums
from segue.library import NO_ARTIST, Discography, Library
from tests.written_library import new_library, song, write_songs


def discography(root: Path, *songs) -> tuple[Library, Discography]:
    library = new_library(root, songs)
    return library, library.discography()


def titles(library: Library, ids) -> list[str]:
    return [track.title for track in library.tracks.by_ids(ids)]


def test_tracks_of_an_album_come_in_the_order_of_discs_and_numbers_with_the_unnumbered_last(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/1.flac", title="d2t1", artist="A", album="X", disc_number=2, track_number=1),
        song("/2.flac", title="no number", artist="A", album="X"),
        song("/3.flac", title="t2", artist="A", album="X", track_number=2),
        song("/4.flac", title="t1", artist="A", album="X", disc_number=1, track_number=1),
    )
    (album,) = found.albums.values()
    assert titles(library, album.tracks) == ["t1", "t2", "no number", "d2t1"]
    assert (album.duration_s, len(found.album_of)) == (240.0, 4)
    library.close()


def test_two_albums_of_one_name_are_two_by_their_artists(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/1.flac", artist="Queen", album="Greatest Hits"),
        song("/2.flac", artist="Abba", album="Greatest Hits"),
    )
    assert sorted((album.name, album.artist) for album in found.albums.values()) == [
        ("Greatest Hits", "Abba"), ("Greatest Hits", "Queen"),
    ]  # fmt: skip
    library.close()


def test_a_compilation_is_one_album_by_its_album_artist(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/1.flac", artist="Queen", album_artist="Various Artists", album="1981", track_number=1),
        song("/2.flac", artist="Abba", album_artist="Various Artists", album="1981", track_number=2),
    )
    (album,) = found.albums.values()
    assert (album.artist, len(album.tracks)) == ("Various Artists", 2)
    assert [artist.name for artist in found.artists.values()] == ["Various Artists"]
    library.close()


def test_cases_and_accents_make_no_second_artist_or_album(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/1.flac", artist="Björk", album="Début", track_number=1),
        song("/2.flac", artist="BJORK", album="debut", track_number=2),
    )
    (artist,) = found.artists.values()
    (album,) = artist.albums
    assert {artist.name} <= {"Björk", "BJORK"}
    assert len(album.tracks) == 2
    library.close()


def test_tracks_without_tags_are_on_one_unknown_album(tmp_path: Path):
    library, found = discography(tmp_path, song("/1.flac"), song("/2.flac", artist="", album=""))
    (album,) = found.albums.values()
    assert (album.artist, album.name, len(album.tracks)) == (NO_ARTIST, "[Unknown Album]", 2)
    library.close()


def test_an_album_takes_year_and_genre_from_its_first_track_that_has_them(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/1.flac", artist="A", album="X", track_number=1),
        song("/2.flac", artist="A", album="X", track_number=2, year=1999, genre="Folk"),
        song("/3.flac", artist="A", album="Y", track_number=1, genre="Folk"),
    )
    by_name = {album.name: album for album in found.albums.values()}
    assert (by_name["X"].year, by_name["X"].genre, by_name["Y"].year) == (1999, "Folk", None)
    assert found.genres == {"Folk": (2, 2)}
    library.close()


def test_ids_of_albums_are_the_same_in_every_library(tmp_path: Path):
    libraries = [
        discography(tmp_path / name, *([song("/0.flac", artist="Z", album="Z")] * extra),
                    song("/1.flac", artist="Björk", album="Début"))
        for name, extra in (("a", 0), ("b", 1))
    ]  # fmt: skip
    first, second = (found for _, found in libraries)
    assert set(first.albums) < set(second.albums)
    assert set(first.artists) < set(second.artists)
    for library, _ in libraries:
        library.close()


def test_new_tracks_show_at_once_and_changed_tags_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    library, before = discography(tmp_path, song("/1.flac", artist="A", album="X"))
    assert library.discography() is before
    write_songs(library, [song("/2.flac", artist="A", album="Y")])
    assert {album.name for album in library.discography().albums.values()} == {"X", "Y"}
    write_songs(library, [song("/2.flac", artist="A", album="Z")])
    assert {album.name for album in library.discography().albums.values()} == {"X", "Y"}
    monkeypatch.setattr(albums, "_FRESH_S", 0.0)
    assert {album.name for album in library.discography().albums.values()} == {"X", "Z"}
    library.close()


def test_tracks_whose_files_are_gone_are_on_no_album(tmp_path: Path):
    library, _ = discography(tmp_path, song("/1.flac", artist="A", album="X"), song("/2.flac", artist="B"))
    (gone,) = library.tracks.by_reference("/1.flac")
    with library.catalog.writing() as writer:
        writer.mark_missing(library.tracks.keys_of([gone.id]).values())
    assert [artist.name for artist in library.discography().artists.values()] == ["B"]
    library.close()
