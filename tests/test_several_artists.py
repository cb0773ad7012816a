"""Files that name several artists and genres: each is found, chosen and kept apart, in every way to ask."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3

import pytest
from mutagen.flac import FLAC

from segue.library import Library, Where
from tests.conftest import write_music
from tests.serve_process import serving

NAMES = ("Ada Quill", "Bruno Vane")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A library of twelve tracks: a duet of Ada Quill and Bruno Vane, one of hers, one of his, and others."""
    folder = tmp_path_factory.mktemp("several")
    paths = write_music(folder / "music")
    for stem, title, artists in (
        ("low0", "Duet", NAMES),
        ("low1", "Hers", NAMES[:1]),
        ("low2", "His", NAMES[1:]),
    ):
        file = FLAC(paths[stem])
        file["title"], file["artist"], file["genre"], file["album"] = (
            title,
            list(artists),
            ["Folk", "Chamber Pop"],
            "Duets",
        )
        file.save()
    with Library.open(folder / "library", create=True) as library:
        library.scan(folder / "music")
    return folder / "library"


@pytest.fixture
def library(root):
    with Library.open(root) as opened:
        yield opened


def titles(tracks):
    return sorted(track.title for track in tracks)


@pytest.mark.parametrize(
    ("name", "expected"), [("Ada Quill", ["Duet", "Hers"]), ("bruno vane", ["Duet", "His"])]
)
def test_each_artist_is_found_by_every_way_to_ask(name, expected, library):
    assert titles(match.track for match in library.search(name)) == expected
    found = library.similar("High number 0", k=11, where=Where(artist=name)).matches
    assert titles(match.track for match in found) == expected
    without = library.similar("High number 0", k=11, where=Where(not_artist=name)).matches
    assert not set(titles(match.track for match in without)) & set(expected)


def test_each_genre_is_a_filter_and_a_choice(library):
    for genre in ("Folk", "chamber pop"):
        found = library.similar("High number 0", k=11, where=Where(genre=genre)).matches
        assert titles(match.track for match in found) == ["Duet", "Hers", "His"]
    genres = dict(library.tracks.facets().genres)
    assert (genres["Folk"], genres["Chamber Pop"]) == (3, 3)


def test_no_same_artist_leaves_out_the_tracks_of_each(library):
    found = library.similar("Duet", k=11, same_artist=False).matches
    assert not {"Hers", "His"} & set(titles(match.track for match in found))
    assert len(found) == 9
    hers = library.similar("Hers", k=11, same_artist=False).matches
    assert "Duet" not in titles(match.track for match in hers)
    assert "His" in titles(match.track for match in hers)


def test_each_artist_is_a_seed(library):
    for name in NAMES:
        assert library.similar(f"artist:{name}", k=1).seeds == (f"2 tracks by {name}",)


@pytest.mark.slow
def test_players_get_each_artist_and_genre(root):
    token = hashlib.md5(b"sesamesalt").hexdigest()
    login = {"u": "me", "t": token, "s": "salt", "v": "1.16.1", "c": "test", "f": "json"}
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:

        def ask(method, **parameters):
            answer = server.client.get(f"/rest/{method}", params=login | parameters).json()[
                "subsonic-response"
            ]
            assert answer["status"] == "ok", answer
            return answer

        (duet,) = (s for s in ask("search3", query="duet")["searchResult3"]["song"] if s["title"] == "Duet")
        assert [one["name"] for one in duet["artists"]] == list(NAMES)
        assert (duet["artist"], duet["displayArtist"]) == ("; ".join(NAMES),) * 2
        assert [one["name"] for one in duet["genres"]] == ["Folk", "Chamber Pop"]
        assert duet["artistId"] == duet["artists"][0]["id"]
        for one in duet["artists"]:
            artist = ask("getArtist", id=one["id"])["artist"]
            assert (artist["name"], [album["name"] for album in artist["album"]]) == (one["name"], ["Duets"])
            assert ask("getSimilarSongs2", id=one["id"], count=3)["similarSongs2"]["song"]
        found = ask("search3", query="bruno")["searchResult3"]
        assert [artist["name"] for artist in found["artist"]] == ["Bruno Vane"]
        assert titles_of(ask("getSongsByGenre", genre="Chamber Pop")["songsByGenre"]) == [
            "Duet",
            "Hers",
            "His",
        ]
        by_genre = ask("getAlbumList2", type="byGenre", genre="Chamber Pop")["albumList2"]["album"]
        assert [album["name"] for album in by_genre] == ["Duets"]
        names = {genre["value"]: genre["songCount"] for genre in ask("getGenres")["genres"]["genre"]}
        assert (names["Folk"], names["Chamber Pop"]) == (3, 3)
        (album,) = by_genre
        assert (album["artist"], album["isCompilation"]) == ("Various Artists", True)


def titles_of(answer):
    return sorted(song["title"] for song in answer["song"])


def test_a_library_of_an_older_segue_gets_all_artists_with_its_next_scan(root, tmp_path):
    """Older ones kept the first artist only, and knew no hash of the audio."""
    shutil.copytree(root, tmp_path / "library")
    db = sqlite3.connect(tmp_path / "library" / "catalog.sqlite")
    with db:
        db.execute("UPDATE tracks SET artist = 'Ada Quill', genre = 'Folk' WHERE title = 'Duet'")
        db.execute("DELETE FROM file_states")
    db.close()
    with Library.open(tmp_path / "library") as library:
        assert library.find("Duet").artists == ("Ada Quill",)
        report = library.scan(root.parent / "music")
        assert (report.unchanged, report.added, report.changed) == (12, 0, 0)
        assert library.find("Duet").artists == NAMES
        assert titles(match.track for match in library.search("bruno")) == ["Duet", "His"]
