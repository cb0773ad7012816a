"""Tracks by ids, keys, words and conditions, one, many or a page at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import TrackReader, listing
from segue.catalog.derived import Derived
from segue.errors import UsageError
from segue.library import Library, Where
from segue.sources.vectors import Vectors
from tests.written_library import Song, new_library, song, write_songs

SONGS = [
    song("/m/b/01.flac", {"Guitar": 0.9, "Drum": 0.2},
         title="zebra", artist="Bee", album="One", year=1990, genre="Rock; Pop"),
    song("/m/b/02.flac", {"Guitar": 0.4}, title="Apple", artist="Bee", album="One", year=2001, genre="rock"),
    song("/m/a/x.flac", title="mango", artist="Ant", album="Two", genre="Jazz", year=0),
    song("/m/a/Untitled.flac"),
    song("/m/c/Äther.flac", title="Élan", album_artist="Cat", genre="JAZZ", year=1975),
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with new_library(tmp_path_factory.mktemp("tracks"), SONGS) as library:
        yield library


def titles(library: Library, *arguments) -> list[str]:
    return [track.title for track in library.tracks.page(None, *arguments)[0]]


def test_a_page_sorts_titles_without_case_and_untitled_files_by_name(library: Library):
    assert titles(library, "title", 10) == ["Apple", "mango", "Untitled", "zebra", "Élan"]


def test_a_page_sorts_artists_with_the_unknown_last(library: Library):
    assert titles(library, "artist", 10) == ["mango", "zebra", "Apple", "Élan", "Untitled"]


def test_a_page_shows_the_last_added_first(library: Library):
    assert titles(library, "added", 10) == [track.title for track in library][::-1]


def test_a_page_sorts_years_from_the_latest_and_those_without_last(library: Library):
    assert titles(library, "year", 10)[:3] == ["Apple", "zebra", "Élan"]
    assert set(titles(library, "year", 10)[3:]) == {"mango", "Untitled"}


def test_pages_follow_each_other_and_count_all(library: Library):
    whole = titles(library, "title", 10)
    pages = [library.tracks.page(None, "title", 2, offset) for offset in (0, 2, 4, 6)]
    assert [track.title for page, _ in pages for track in page] == whole
    assert {total for _, total in pages} == {5}


def test_a_page_of_some_keys_counts_only_those(library: Library):
    keys = library.keys_matching(Where(genre="jazz"))
    tracks, total = library.tracks.page(keys, "title", 1)
    assert ([track.title for track in tracks], total) == (["mango"], 2)
    assert library.tracks.page(np.zeros(0, np.int64), "title", 10) == ([], 0)


@pytest.mark.parametrize("sort", ["title", "artist", "added", "year"])
def test_an_order_is_read_as_far_as_a_page_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sort):
    monkeypatch.setattr(listing, "READ_FIRST", 1)  # then 3, then 12
    with new_library(tmp_path / "one", SONGS) as library:
        whole = [track.id for track in library.tracks.page(None, sort, 10)[0]]
        keys = library.tracks.keys_of(whole)
        for wanted in (whole, whole[:1], whole[-1:], whole[1::2]):
            some = np.array([keys[name] for name in wanted], np.int64)
            for limit, offset in ((2, 0), (1, 1), (10, 0), (2, 3), (2, 9)):
                tracks, total = library.tracks.page(some, sort, limit, offset)
                assert [track.id for track in tracks] == wanted[offset : offset + limit]
                assert total == len(wanted)


def test_a_kept_order_gives_the_same_pages_until_tracks_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(listing, "READ_FIRST", 1)
    with new_library(tmp_path / "one", SONGS) as plain:
        monkeypatch.setattr(listing, "FEWEST_KEPT", 1)
        with new_library(tmp_path / "two", SONGS) as library:
            db = library.catalog.connections.db
            for sort in listing.KEPT:
                keys = library.keys_matching(Where())[::-1]
                expected, n = plain.tracks.page(keys, sort, 10)
                assert len(listing.kept_order(db, sort=sort)) == n == len(expected)
                for limit, offset in ((10, 0), (2, 1), (2, 9)):
                    tracks, total = library.tracks.page(keys, sort, limit, offset)
                    assert [track.path for track in tracks] == [
                        track.path.replace("/one/", "/two/") for track in expected[offset : offset + limit]
                    ]
                    assert total == n
            db.execute("UPDATE sums SET total = total + 1 WHERE part = 'changes'")
            assert not len(listing.kept_order(db, sort="title"))
            with library.catalog.writing():
                pass
            db.execute("UPDATE summaries SET value = x'0102' WHERE name = 'order by title'")
            assert len(listing.kept_order(db, sort="year")) == n
            assert not len(listing.kept_order(db, sort="title"))


def test_the_first_page_of_a_few_tracks_leaves_most_of_the_order_unread(library: Library, monkeypatch):
    monkeypatch.setattr(listing, "READ_FIRST", 1)
    first = library.tracks.page(None, "title", 1)[0][0]
    key = np.array([library.tracks.key_of(first.id)])
    parts = Derived(library.catalog.connections)
    assert listing.keys_among(parts, key, "title", 1, 0) == (key.tolist(), 1)
    assert parts.get(("order", "title", 0), lambda _: None) == key
    assert parts.get(("order", "title", 1), lambda _: None) is None


def test_keys_that_lie_far_apart_take_no_table_of_all_between(library: Library):
    first = library.tracks.page(None, "title", 1)[0][0]
    far = np.array([library.tracks.key_of(first.id), 2**60], np.int64)
    assert [track.id for track in library.tracks.page(far, "title", 1)[0]] == [first.id]


def test_ids_and_keys_lead_to_each_other_in_batches(library: Library):
    ids = [track.id for track in library]
    keys = library.tracks.keys_of(ids)
    assert set(keys) == set(ids)
    assert library.tracks.ids_of(keys.values()) == {key: name for name, key in keys.items()}
    assert {key: track.id for key, track in library.tracks.by_keys(keys.values()).items()} == {
        key: name for name, key in keys.items()
    }


def test_the_tracks_of_an_answer_are_read_once(library: Library):
    tracks, reader = library.tracks.by_keys(range(100)), TrackReader(library.tracks)
    key, first = next(iter(tracks.items()))
    assert reader.by_id(first.id) == (key, first)
    assert reader.by_id("0" * 16) is None
    facts = reader.durations_and_genres([*tracks, 10**9])
    assert facts == library.tracks.durations_and_genres([*tracks, 10**9])
    statements: list[str] = []
    library.catalog.connections.db.set_trace_callback(statements.append)
    assert reader.by_keys(tracks) == tracks
    assert reader.durations_and_genres([key]) == {key: facts[key]}
    library.catalog.connections.db.set_trace_callback(None)
    assert not statements


def test_unknown_ids_and_keys_are_left_out(library: Library):
    first = next(iter(library)).id
    assert set(library.tracks.keys_of([first, "nothing"])) == {first}
    assert library.tracks.keys_of([]) == {}
    assert library.tracks.ids_of([10**9, -1]) == {}
    assert library.tracks.by_keys([10**9]) == {}
    assert library.tracks.by_id("\udcff") is None


def test_tracks_come_in_the_order_of_their_ids_and_as_often(library: Library):
    a, b, *_ = (track.id for track in library)
    assert [track.id for track in library.tracks.by_ids([b, "gone", a, b])] == [b, a, b]


@pytest.mark.parametrize("n", [499, 500, 501, 1200, 6000])
def test_any_number_of_ids_and_keys_is_answered(library: Library, n: int):
    keys = library.tracks.keys_of([track.id for track in library])
    unknown_ids, unknown_keys = [f"unknown {i}" for i in range(n)], list(range(1000, 1000 + n))
    asked = [*unknown_ids, *keys]
    assert library.tracks.keys_of(asked) == keys
    assert [track.id for track in library.tracks.by_ids(asked)] == list(keys)
    assert library.tracks.ids_of([*unknown_keys, *keys.values()]) == {key: name for name, key in keys.items()}
    assert set(library.tracks.by_keys([*unknown_keys, *keys.values()])) == set(keys.values())


def test_labels_of_many_tracks_come_with_the_best_first(library: Library):
    first, second, *rest = (track.id for track in library)
    labels = library.tracks.labels([first, second, *rest, "nothing"])
    assert labels == {first: {"tiny-1": {"Guitar": 0.9, "Drum": 0.2}}, second: {"tiny-1": {"Guitar": 0.4}}}
    assert list(labels[first]["tiny-1"]) == ["Guitar", "Drum"]


def test_a_track_is_named_by_its_path_title_or_file_without_case_and_accents(library: Library):
    tracks = library.tracks
    assert [track.title for track in tracks.by_name("elan")] == ["Élan"]
    assert [track.title for track in tracks.by_name("ather.FLAC")] == ["Élan"]
    assert [track.title for track in tracks.by_reference("/m/a/x.flac")] == ["mango"]
    assert tracks.by_reference("/m/a") == []


def test_imported_tracks_are_found_by_their_id_alone_or_behind_their_source(tmp_path: Path):
    with new_library(tmp_path) as library:
        for name in ("left", "right"):
            library.import_from(Vectors(np.eye(2, dtype=np.float32), name=name, ids=["one", "two"]))
        assert {track.source for track in library.tracks.by_reference("one")} == {"left", "right"}
        assert [track.source for track in library.tracks.by_reference("right:one")] == ["right"]
        assert library.tracks.by_reference("other:one") == []


def test_search_matches_every_word_from_its_beginning_in_any_tag(library: Library):
    assert [track.title for track in library.tracks.search("bee app")] == ["Apple"]
    assert {track.title for track in library.tracks.search("guit")} == {"zebra", "Apple"}
    assert library.tracks.search("bee mango") == []
    assert library.tracks.search("  ") == []


def test_search_leaves_labels_out_where_only_names_are_meant(library: Library):
    assert library.tracks.search("guitar", by_label=False) == []


@pytest.mark.slow
def test_more_tracks_with_a_label_than_are_ranked_all_come_once(tmp_path: Path):
    songs = [
        song(f"/m/{n}.flac", {"Piano": 0.5} if n % 9 < 4 else {}, title=f"Song {n}") for n in range(2500)
    ]
    songs[7] = song("/m/7.flac", title="Piano one")
    with new_library(tmp_path, songs) as library:
        matching = library.tracks.search("piano", None)
        assert matching[0].title == "Piano one"
        assert sorted(track.title for track in matching[1:]) == sorted(
            f"Song {n}" for n in range(2500) if n % 9 < 4
        )


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "apple OR mango",
        "NEAR(a b)",
        "title:zebra",
        "%",
        "_",
        "\\",
        "*",
        "\udcff",
        "(",
        "apple NOT mango",
    ],
)
def test_search_takes_any_text_literally(library: Library, text: str):
    assert library.tracks.search(text) == []


def test_matches_are_counted_beyond_the_limit(library: Library):
    assert len(library.tracks.search("rock", limit=1)) == 1
    assert library.tracks.count_matches("rock") == 2
    assert library.tracks.count_matches("") == 0


def test_facets_count_each_genre_once_a_track_by_its_first_spelling(library: Library):
    facets = library.tracks.facets()
    assert {name.lower(): n for name, n in facets.genres} == {"rock": 2, "jazz": 2, "pop": 1}
    assert [n for _, n in facets.genres] == [2, 2, 1]
    assert facets.labels == (("Guitar", 2), ("Drum", 1))
    assert facets.years == (1975, 2001)


def test_an_empty_library_has_no_facets_and_an_empty_page(tmp_path: Path):
    with new_library(tmp_path) as library:
        facets = library.tracks.facets()
        assert (facets.genres, facets.labels, facets.years) == ((), (), (None, None))
        assert library.tracks.page(None, "title", 10) == ([], 0)
        assert len(library.tracks) == 0


def test_the_overview_counts_without_reading_tracks(tmp_path: Path):
    songs = [*SONGS, Song("/m/d.flac", duration_s=30.0, warning="the last frame is cut")]
    with new_library(tmp_path, songs) as library:
        overview = library.overview()
        assert (overview.tracks, overview.missing, overview.failures, overview.warnings) == (6, 0, 0, 1)
        assert (overview.artists, overview.albums, overview.duration_s) == (3, 2, 330.0)
        assert [track.warning for track in library.damaged()] == ["the last frame is cut"]
        library.import_from(Vectors(np.eye(3, dtype=np.float32), name="mine"))
        (imported,) = library.overview().imports
        assert (imported.source, imported.report["added"]) == ("mine", 3)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(genre="pop"), "zebra"),
        (Where(genre="Rock / Jazz"), "Apple mango zebra Élan"),
        (Where(years=(1975, 1990)), "zebra Élan"),
        (Where(years=(None, 1980)), "Élan"),
        (Where(artist="CAT"), "Élan"),
        (Where(album="one"), "Apple zebra"),
        (Where(label="guitar"), "Apple zebra"),
        (Where(folder="/m/a"), "Untitled mango"),
        (Where(label="Guitar", years=(2000, None)), "Apple"),
        (Where(), "Apple Untitled mango zebra Élan"),
    ],
    ids=str,
)
def test_conditions_give_the_keys_of_the_tracks_that_meet_them_all(
    library: Library, where: Where, expected: str
):
    keys = library.tracks.keys_matching(where)
    assert sorted(track.title for track in library.tracks.by_keys(keys.tolist()).values()) == expected.split()


def test_a_word_that_no_track_has_is_refused_with_near_ones(library: Library):
    with pytest.raises(UsageError, match=r"no track has the genre 'jaz'; there are 3, such as (Jazz|JAZZ)"):
        library.tracks.keys_matching(Where(genre="jaz"))
    with pytest.raises(UsageError, match="this library has no clusters yet"):
        library.tracks.keys_matching(Where(cluster="calm"))


def test_artists_and_contents_give_keys_together(library: Library):
    tracks = library.tracks
    keys = tracks.keys_by_artists(["ant", "cat", "nobody"])
    assert {track.title for track in tracks.by_keys(keys.tolist()).values()} == {"mango", "Élan"}
    first = next(iter(library))
    assert tracks.keys_with_contents([first.content_hash, "x"]).tolist() == [
        tracks.keys_of([first.id])[first.id]
    ]


def test_the_version_rises_only_for_others_and_the_contents_with_each_import(tmp_path: Path):
    with new_library(tmp_path, SONGS) as library:
        version, contents = library.version(), library.content_version()
        assert (library.version(), library.content_version()) == (version, contents)
        with contextlib.closing(Library.open(tmp_path, embedders=["descriptors"])) as other:
            other.playlists.create("Mine", [])
            assert library.content_version() == contents
            other.import_from(Vectors(np.eye(2, dtype=np.float32), name="mine"))
        assert library.version() != version
        assert library.content_version() != contents


def test_a_snapshot_stays_as_it_was_while_tracks_come(tmp_path: Path):
    with new_library(tmp_path, SONGS[:2]) as library:
        before = library.snapshot()
        assert library.snapshot() is before
        write_songs(library, SONGS[2:])
        after = library.snapshot()
        assert (len(before.keys), len(after.keys)) == (2, 5)
        assert before.stamp != after.stamp
        np.testing.assert_array_equal(after.spaces["tiny-1"].vectors[:2], before.spaces["tiny-1"].vectors)


def test_words_that_are_kept_for_parts_of_them_are_those_of_all_tracks(tmp_path: Path):
    with new_library(tmp_path, SONGS) as library:
        assert [track.title for track in library.tracks.search("ang")] == ["mango"]
        write_songs(library, [song("/m/c/y.flac", title="Orange")])
        with Library.open(tmp_path, embedders=["descriptors"]) as other:
            assert {track.title for track in other.tracks.search("ang")} == {"mango", "Orange"}
        assert {track.title for track in library.tracks.search("ang")} == {"mango", "Orange"}
