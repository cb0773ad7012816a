"""Albums and artists that sound alike, and where to begin: the right answers are known by construction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.catalog import AnalyzedFile
from segue.errors import UsageError
from segue.library import Library
from tests.written_library import SPEC, analyzed, new_library, song

VIEW = f"{SPEC.space}/raw"
# By album: its artist and the directions of its tracks in the plane.
ALBUMS = {
    "Dawn": ("Ida", [(1, 0), (1, 0.2)]),
    "Noon": ("Ida", [(0.9, 0.3), (1, 0.1)]),
    "Morning": ("Ben", [(1, 0.4), (1, 0.5)]),
    "Night": ("Cleo", [(-1, 0.1), (-1, 0)]),
    "Evening": ("Dan", [(0, 1), (0.1, 1)]),
}


def files() -> list[AnalyzedFile]:
    return [
        analyzed(
            song(f"/{album}/{i}.flac", title=f"{album} {i}", artist=artist, album=album, track_number=i),
            (*place, 0, 0),
        )
        for album, (artist, places) in ALBUMS.items()
        for i, place in enumerate(places, 1)
    ]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = new_library(tmp_path / "library")
    with made.catalog.writing() as writer:
        writer.append(files())
    yield made
    made.close()


def ids(library: Library, *titles: str) -> list[str]:
    by_title = {track.title: track.id for track in library}
    return [by_title[title] for title in titles]


def test_albums_come_by_the_direction_of_their_middle_without_the_seeds_own(library: Library):
    found = library.similar_albums("album:Dawn", view=VIEW)
    assert [match.album.name for match in found.matches] == ["Noon", "Morning", "Evening", "Night"]
    scores = [match.score for match in found.matches]
    assert scores == sorted(scores, reverse=True)
    assert -1.01 < scores[-1] < -0.9 < 0.9 < scores[0] < 1.01
    assert [meaning.text for meaning in found.meanings] == ["2 tracks of the album Dawn by Ida"]


def test_artists_come_by_the_direction_of_all_their_tracks(library: Library):
    found = library.similar_artists("artist:Ida", view=VIEW)
    assert [match.artist.name for match in found.matches] == ["Ben", "Dan", "Cleo"]


def test_a_track_is_a_seed_too_and_k_says_how_many(library: Library):
    found = library.similar_albums(library[ids(library, "Night 1")[0]], k=1, view=VIEW)
    assert [match.album.name for match in found.matches] == ["Evening"]
    with pytest.raises(UsageError, match="k is 0"):
        library.similar_albums("album:Night", k=0, view=VIEW)


def test_albums_follow_what_is_added_later(library: Library):
    library.similar_albums("album:Night", view=VIEW)
    with library.catalog.writing() as writer:
        tags = {"title": "Late 1", "artist": "Eve", "album": "Late"}
        writer.append([analyzed(song("/Late/1.flac", **tags), (-1, 0.05, 0, 0))])
    assert library.similar_albums("album:Night", view=VIEW).matches[0].album.name == "Late"


def test_home_goes_on_with_what_was_played_last_and_remembers_what_was_not(library: Library):
    now = 1_700_000_000.0
    month = 40 * 86_400
    library.feedback.record_plays([(name, now - month) for name in ids(library, "Night 1", "Night 2")])
    library.feedback.record_plays([(name, now - 60) for name in ids(library, "Dawn 1", "Noon 2", "Dawn 2")])
    home = library.home(at=now)
    assert [album.name for album in home.go_on] == ["Dawn", "Noon", "Night"]
    assert home.played[0].title == "Dawn 2"
    assert [album.name for album in home.rediscover] == ["Night"]
    assert {album.name for album in home.added} == set(ALBUMS)


def test_home_of_a_new_library_proposes_what_was_never_heard_another_each_day(library: Library):
    days = [[album.name for album in library.home(at=day * 86_400.0).rediscover] for day in range(5)]
    assert all(sorted(names) == sorted(ALBUMS) for names in days)
    assert len({tuple(names) for names in days}) > 1


def test_albums_and_artists_are_listed_in_the_order_asked_for(library: Library):
    now = 1_700_000_000.0
    library.feedback.record_plays([(name, now) for name in ids(library, "Noon 1", "Night 1", "Night 2")])
    assert [album.name for album in library.albums("artist")][:3] == ["Morning", "Night", "Evening"]
    assert [album.name for album in library.albums("often")] == ["Night", "Noon"]
    assert [album.name for album in library.albums(text="ida noon")] == ["Noon"]
    assert library.artists("tracks")[0].name == "Ida"
    assert library.albums("random", random_state=3) == library.albums("random", random_state=3)
