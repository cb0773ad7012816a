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


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ([(None, 1), (1, 2), (None, 3)], "abc"),
        ([(1, 2), (None, 1), (1, 3)], "bac"),
        ([(2, 1), (2, 2), (1, 3)], "cab"),
        ([(1, 1), (None, 1), (1, 2)], "abc"),  # of one number: by title
        ([(2, 1), (2, 2), (2, 3)], "abc"),
        ([(0, 2), (1, 1), (None, 3)], "bac"),
    ],
)
def test_numbered_tracks_come_in_order_whichever_came_first(places, order: str, tmp_path: Path):
    songs = [
        song(f"/{title}.flac", title=title, artist="A", album="X", disc_number=disc, track_number=number)
        for title, (disc, number) in zip("abc", places, strict=True)
    ]
    library, found = discography(tmp_path, *songs)
    (album,) = found.albums.values()
    assert "".join(titles(library, album.tracks)) == order
    library.close()


def test_unnumbered_tracks_come_in_the_order_in_which_people_count(tmp_path: Path):
    library, found = discography(
        tmp_path,
        song("/a.flac", title="Track10", artist="A", album="X"),
        song("/b.flac", title="track 9", artist="A", album="X"),
        song("/c.flac", title="Track2", artist="A", album="X"),
        song("/d.flac", title="Épilogue", artist="A", album="X"),
    )
    (album,) = found.albums.values()
    assert titles(library, album.tracks) == ["Épilogue", "Track2", "track 9", "Track10"]
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
    (queen,) = (artist for artist in found.artists.values() if artist.name == "Queen")
    assert (queen.albums, titles(library, queen.tracks)) == ([album], ["1"])
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


def test_an_order_of_albums_is_kept_until_tracks_come_and_no_caller_changes_it(tmp_path: Path):
    library, _ = discography(
        tmp_path, song("/1.flac", artist="Band 10", album="X"), song("/2.flac", artist="Band 9", album="Y")
    )
    listed = library.albums("artist")
    assert [album.artist for album in listed] == ["Band 9", "Band 10"]
    listed.reverse()
    assert [album.artist for album in library.albums("artist")] == ["Band 9", "Band 10"]
    assert [album.name for album in library.albums("artist", text="x")] == ["X"]
    write_songs(library, [song("/3.flac", artist="Band 8", album="Z")])
    assert [album.artist for album in library.albums("artist")] == ["Band 8", "Band 9", "Band 10"]
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
    monkeypatch.setattr(albums, "FRESH_S", 0.0)
    assert {album.name for album in library.discography().albums.values()} == {"X", "Z"}
    library.close()


def test_tracks_whose_files_are_gone_are_on_no_album(tmp_path: Path):
    library, _ = discography(tmp_path, song("/1.flac", artist="A", album="X"), song("/2.flac", artist="B"))
    (gone,) = library.tracks.by_reference("/1.flac")
    with library.catalog.writing() as writer:
        writer.mark_missing(library.tracks.keys_of([gone.id]).values())
    assert [artist.name for artist in library.discography().artists.values()] == ["B"]
    library.close()


# Which tracks are one album


def albums_in(root: Path, *songs) -> list[tuple[str, str, int | None, int]]:
    """Title, artist, year and number of tracks of each album."""
    library, found = discography(root, *songs)
    library.close()
    return sorted((a.name, a.artist, a.year, len(a.tracks)) for a in found.albums.values())


def on_album(path: str, n: int | None = None, **tags):
    return song(path, **{"album": "Weft", "artist": "Weft", "track_number": n} | tags)


def test_albums_of_one_title_and_artist_but_other_years_stay_two(tmp_path: Path):
    found = albums_in(
        tmp_path,
        on_album("/1994/1.flac", 1, year=1994), on_album("/1994/2.flac", 2, year=1994),
        on_album("/2001/1.flac", 1, year=2001),
    )  # fmt: skip
    assert found == [("Weft", "Weft", 1994, 2), ("Weft", "Weft", 2001, 1)]


@pytest.mark.parametrize("numbers", [(1, 1), (None, None)])
def test_albums_of_other_years_in_one_folder_are_two_by_their_numbers(numbers, tmp_path: Path):
    a, b = numbers
    found = albums_in(tmp_path, on_album("/1.flac", a, year=1994), on_album("/2.flac", b, year=2001))
    assert found == [("Weft", "Weft", 1994, 1), ("Weft", "Weft", 2001, 1)]


def test_an_album_of_old_songs_is_one(tmp_path: Path):
    best = [on_album(f"/best/{n}.flac", n, year=1970 + n) for n in range(1, 6)]
    assert albums_in(tmp_path, *best) == [("Weft", "Weft", 1971, 5)]


def test_discs_in_folders_of_their_own_are_one_album(tmp_path: Path):
    found = albums_in(
        tmp_path,
        on_album("/a/CD1/1.flac", 1, year=1994, disc_number=1),
        on_album("/a/CD2/1.flac", 1, year=1994, disc_number=2),
        on_album("/a/CD2/2.flac", 2, year=1995, disc_number=2),
    )  # fmt: skip
    assert found == [("Weft", "Weft", 1994, 3)]


def test_tracks_without_a_year_are_on_the_album_of_the_others(tmp_path: Path):
    found = albums_in(tmp_path, on_album("/a/1.flac", 1, year=1994), on_album("/b/2.flac", 2))
    assert found == [("Weft", "Weft", 1994, 2)]


def test_the_id_of_an_album_stays_when_another_of_its_name_comes(tmp_path: Path):
    library, before = discography(tmp_path, on_album("/2001/1.flac", 1, year=2001))
    write_songs(library, [on_album("/1994/1.flac", 1, year=1994)])
    after = library.discography()
    (old,) = before.albums
    assert {album.year: name == old for name, album in after.albums.items()} == {2001: True, 1994: False}
    library.close()


def test_a_numbered_album_by_several_artists_in_one_folder_is_by_various_artists(tmp_path: Path):
    found = albums_in(
        tmp_path, *(on_album(f"/s/{n}.flac", n, artist=f"Singer {n}", album="Sampler") for n in range(1, 5))
    )
    assert found == [("Sampler", "Various Artists", None, 4)]


def test_albums_by_several_artists_in_one_folder_whose_numbers_meet_stay_apart(tmp_path: Path):
    songs = [
        on_album(f"/dump/{artist} {n}.flac", n, artist=artist, album="Greatest Hits")
        for artist in ("Abba", "Queen", "Weft") for n in (1, 2)
    ]  # fmt: skip
    found = albums_in(tmp_path, *songs)
    assert found == [("Greatest Hits", artist, None, 2) for artist in ("Abba", "Queen", "Weft")]


def test_a_track_without_an_album_artist_is_on_the_album_beside_it(tmp_path: Path):
    found = albums_in(
        tmp_path, on_album("/w/1.flac", 1, album_artist="Weft Trio"), on_album("/w/2.flac", 2),
        on_album("/x/1.flac", 1),
    )  # fmt: skip
    assert found == [("Weft", "Weft", None, 1), ("Weft", "Weft Trio", None, 2)]


def test_an_album_with_guests_is_by_its_artist(tmp_path: Path):
    found = albums_in(
        tmp_path, on_album("/w/1.flac", 1), on_album("/w/2.flac", 2, artist="Weft; Mia Sol"),
        on_album("/w/3.flac", 3, artist="Weft; Rui Fell"),
    )  # fmt: skip
    assert found == [("Weft", "Weft", None, 3)]


# Several artists and genres


def test_each_of_several_artists_has_the_track_and_its_album(tmp_path: Path):
    library, found = discography(
        tmp_path,
        on_album("/1.flac", 1, title="Duet", artist="Ada Quill; Bruno Vane", genre="Folk; Chamber Pop"),
    )
    artists = {artist.name: artist for artist in found.artists.values()}
    assert set(artists) == {"Ada Quill", "Bruno Vane"}
    for artist in artists.values():
        assert [album.name for album in artist.albums] == ["Weft"]
        assert titles(library, artist.tracks) == ["Duet"]
    (album,) = found.albums.values()
    assert (album.artist, album.genres, album.genre) == (
        "Ada Quill; Bruno Vane",
        ["Folk", "Chamber Pop"],
        "Folk",
    )
    assert found.genres == {"Folk": (1, 1), "Chamber Pop": (1, 1)}
    library.close()
