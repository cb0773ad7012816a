"""A search in groups: everything that is called so, the best match of each kind first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.errors import UsageError
from segue.library import Library
from tests.serve_process import serving
from tests.test_search import SONGS, write_songs

NAMED = (
    ("Rain Song", "The Rains", "Weather"),
    ("Rain", "Ana Bell", "Rain"),
    ("Brainstorm", "Ana Bell", "Rain"),
    ("After the Rain", "Rain", "Rain Dogs"),
    ("Snow", "Rain", "Rain Dogs"),
    ("Été", "Ánna Bëll", "Été"),
)


def write_named(root: Path) -> Library:
    songs = [
        dataclasses.replace(SONGS[i], title=title, tags={"artist": artist, "album": album})
        for i, (title, artist, album) in enumerate(NAMED)
    ]
    library = write_songs(root, songs)
    ids = [track.id for track in library]
    library.playlists.create("Rainy days", ids[:2])
    library.playlists.create("Sun", ids[2:])
    return library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with write_named(tmp_path / "library") as library:
        yield library


def test_each_kind_begins_with_what_is_called_so(library: Library):
    found = library.search_grouped("rain")
    assert found.tracks[0].title == "Rain"
    assert [one.name for one in found.artists] == ["Rain", "The Rains"]
    assert [(one.name, one.artist, len(one.keys)) for one in found.albums] == [
        ("Rain", "Ana Bell", 2),
        ("Rain Dogs", "Rain", 2),
    ]
    assert [one.name for one in found.playlists] == ["Rainy days"]


def test_titles_come_before_artists_and_albums(library: Library):
    titles = [track.title for track in library.search_grouped("rain", limit=10).tracks]
    assert titles[:3] == ["Rain", "Rain Song", "After the Rain"]
    assert set(titles) == {"Rain", "Rain Song", "After the Rain", "Brainstorm", "Snow"}


def test_a_limit_is_of_each_kind_and_the_total_of_all(library: Library):
    found = library.search_grouped("rain", limit=1)
    sizes = [len(some) for some in (found.tracks, found.artists, found.albums, found.playlists)]
    assert sizes == [1, 1, 1, 1]
    assert found.total == 5
    with pytest.raises(UsageError):
        library.search_grouped("rain", limit=0)


def test_case_and_accents_do_not_matter(library: Library):
    found = library.search_grouped("ete")
    assert [track.title for track in found.tracks] == ["Été"]
    assert [one.name for one in found.albums] == ["Été"]
    assert [one.name for one in library.search_grouped("ANNA").artists] == ["Ánna Bëll"]


def test_names_that_are_spelled_almost_so_are_offered_where_nothing_is_called_so(library: Library):
    assert library.search_grouped("ana bel").near == ()  # the beginning of a name
    nothing = library.search_grouped("ana bull")
    assert not nothing
    assert nothing.near[:2] == (("Ana Bell", "artist"), ("Ánna Bëll", "artist"))
    assert library.search_grouped(nothing.near[0][0]).artists[0].name == "Ana Bell"


def test_what_is_nowhere_and_an_empty_text_find_nothing(library: Library):
    assert not library.search_grouped("polka")
    assert not library.search_grouped("  ")


@pytest.mark.slow
def test_over_http_ids_are_those_of_the_discography_and_seeds_can_be_sent(tmp_path: Path):
    with write_named(tmp_path / "library") as library:
        discography = library.discography()
        (by_seed,) = library.catalog.selections.explicit("artist:Rain")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        answer = server.get("/search/grouped", q="rain", limit=2)
        near = server.get("/search/grouped", q="brianstorm")["near"]
    artist, album = answer["artists"][0], answer["albums"][0]
    assert (artist["seed"], artist["tracks"]) == (by_seed.seed, len(by_seed.keys))
    assert discography.artists[artist["id"]].name == artist["name"] == "Rain"
    assert len(discography.artists[artist["id"]].tracks) == artist["tracks"] == 2
    assert discography.albums[album["id"]].name == album["name"] == "Rain"
    assert (album["artist"], album["n"]) == ("Ana Bell", 2)
    assert album["cover"] in discography.albums[album["id"]].tracks
    assert answer["playlists"][0]["name"] == "Rainy days"
    assert (answer["near"], near[0]) == ([], {"name": "Brainstorm", "kind": "title"})
