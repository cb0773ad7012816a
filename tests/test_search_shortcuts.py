"""What searches take short cuts for gives the same answers as the long way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Snapshot, SpaceVectors
from segue.catalog.near_names import beginning_with, most_similar
from segue.catalog.text_index import has_line
from segue.embed.vocabulary import labels_with_words
from segue.library import Library
from segue.recommend.combine import largest_first
from segue.recommend.moods import Measurement
from segue.spec import EmbedderSpec, SpaceSettings
from tests.test_search import Song, analyzed, write_songs

TITLES = (
    "Blue River", "Blue & Green", "River", "Rivers of Blue", "Étude bleue", "don't stop", "B-side", "99 Luft",
    "bluebird", "Rain & Rivers", "Piano", "Синяя река", "青い川", "blue_river", "x",
)  # fmt: skip
TEXTS = (
    "blue river", "river blue", "blue", "blue &", "& blue", "&", "- river", "blu riv", "b r", "bl", "don't",
    "don't stop", "étude", "ETUDE bleue", "blue blue", "99 luft", "синяя река", "青い川", "blue_river",
    "rain", "piano blue", "rain river", "heavy", "violin river", "nothing", "blue nothing", "river's blue",
    "a" * 200,
)  # fmt: skip
SILENT = (120, -20, 1.0, 1000)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    songs = [Song(title, SILENT, {"Rain": 0.5} if "e" in title else {}) for title in TITLES]
    with write_songs(tmp_path / "library", songs, all_scores=False) as library:
        yield library


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("by_label", [False, True])
def test_tracks_with_all_words_are_those_of_the_index(library: Library, text: str, by_label: bool):
    columns = "{title artist album genre file" + " labels" * by_label + "}"
    folded = text.replace("é", "e").replace("É", "E").lower().split()
    query = " ".join(f'"{word}"*' for word in folded)
    sql = "SELECT rowid FROM track_text WHERE track_text MATCH ? ORDER BY rowid"
    expected = [row[0] for row in library.catalog.connections.db.execute(sql, (f"{columns} : ({query})",))]
    for _ in range(2):  # made, and kept
        assert library.catalog.tracks.all_keys_with_words(text, by_label=by_label).tolist() == expected


def test_labels_that_a_track_gets_later_are_found(library: Library):
    tracks = library.catalog.tracks
    assert not len(tracks.all_keys_with_words("violin", by_label=True))
    with library.catalog.writing() as writer:
        writer.append([analyzed(Song("x", SILENT, {"Violin, fiddle": 0.9}), 0, all_scores=False)])
    keys = tracks.all_keys_with_words("violin", by_label=True).tolist()
    assert [track.title for track in tracks.by_keys(keys).values()] == ["x"]


@pytest.mark.parametrize("decimals", [0, 2, 7])
def test_scores_are_ordered_as_a_stable_sort_does(rng: np.random.Generator, decimals: int):
    scores = rng.random(1000).round(decimals).astype(np.float32)
    np.testing.assert_array_equal(largest_first(scores), np.argsort(-scores, kind="stable"))
    assert not len(largest_first(scores[:0]))


@pytest.mark.parametrize("keys", [[1, 2, 3, 4], [5, 6, 7], [2, 5, 9], [3, -1, 1, 2], [-1], []])
def test_keys_have_the_rows_where_they_stand(keys: list[int]):
    snapshot = Snapshot(np.array(keys, np.int64), np.zeros(len(keys), np.bool_), {}, "")
    asked = np.array([7, 1, 2, 100, 3, 0, 5], np.int64)
    expected = [keys.index(key) if key in keys else -1 for key in asked.tolist()]
    assert snapshot.rows_of(asked).tolist() == expected


def test_equal_measurements_share_one_percentile(rng: np.random.Generator):
    values = np.append(rng.integers(0, 9, 200).astype(np.float32), np.nan)
    quantiles = np.sort(rng.integers(0, 8, 50).astype(np.float64))
    spec = EmbedderSpec("d", 1, "features", 1, 0, 0, 0, "float32", "", "")
    measurement = Measurement("calm", spec.space, (0,), 1, quantiles)
    nothing, ends = np.zeros((0, 1), np.float16), np.zeros(len(values), np.int64)
    space = SpaceVectors(spec, ("x",), SpaceSettings(), values[:, None], nothing, ends)
    rows = np.arange(len(values))
    snapshot = Snapshot(rows + 1, np.zeros(len(values), np.bool_), {spec.space: space}, "")
    share = measurement.percentiles(snapshot, rows)
    for value, part in zip(values[:-1], share[:-1], strict=True):
        below, upto = (quantiles < value).sum(), (quantiles <= value).sum()
        assert part == (below + upto) / (2 * len(quantiles))
    assert np.isnan(share[-1])


@pytest.mark.parametrize("lines", [[], ["b"], ["a", "b"], ["a", "ab", "abc", "b", "c", "cab", "z", "éa"]])
def test_a_line_is_found_in_rising_lines(lines: list[str]):
    text = "\n".join(lines)
    for line in ("a", "ab", "abc", "abcd", "b", "c", "ca", "cab", "éa", "é", "z", "zz", "0"):
        assert has_line(text, line) == (line in lines)


@pytest.mark.parametrize("letters", ["a", "ab", "b", "c", "ca", "é", "z", "aa"])
def test_indexed_words_are_found_by_their_beginning(letters: str):
    words = sorted(["a", "ab", "abc", "ac", "b", "c", "cab", "éa", "z"])
    for listed in (words, words[:1], words[-1:], []):
        expected = [word for word in listed if word.startswith(letters)]
        assert beginning_with(letters, "\n".join(listed)) == expected


def test_of_names_spelled_alike_the_most_similar_are_in_front_and_of_equals_the_first():
    names = ["river", "rivers", "driver", "ravine", "shiver", "lake"]
    assert most_similar("river", names, 3, 0.6) == ["river", "rivers", "driver"]
    assert most_similar("rivr", names, 10, 0.7) == ["river", "rivers", "driver"]
    assert most_similar("x", names, 3, 0.6) == most_similar("river", [], 3, 0.6) == []


def test_suggested_artists_have_the_tracks_whose_files_are_there_in_the_order_of_albums(tmp_path: Path):
    places = (("b", 1, 2), ("b", 1, 1), ("a", 2, 1), ("a", 1, 9), ("B", 1, 1), (None, None, None))
    songs = []
    for n, (album, disc, track) in enumerate(places):
        by = {"artist": "A guest", "album_artist": "Iron Vesper"} if n == 3 else {"artist": "Iron Vesper"}
        tags = {"album": album, "disc_number": disc, "track_number": track, **by}
        songs.append(Song(f"t{n}", SILENT, {}, tags))
    with write_songs(tmp_path / "library", songs) as library:
        found = library.catalog.tracks.keys_of(library.find(song.title).id for song in songs)
        keys = dict(zip((song.title for song in songs), sorted(found.values()), strict=True))

        def suggested() -> list[int]:
            return [key for one in library.suggest_seeds("iron") for key in one.keys]

        ordered = [keys[title] for title in ("t5", "t4", "t3", "t2", "t1", "t0")]
        assert suggested() == ordered
        with library.catalog.writing() as writer:
            writer.mark_missing([keys["t2"], keys["t4"]])
        assert suggested() == [key for key in ordered if key not in (keys["t2"], keys["t4"])]
        with library.catalog.writing() as writer:
            writer.mark_missing(keys.values())
        assert suggested() == ordered


def test_labels_are_found_by_the_beginnings_of_their_words_whole_words_first():
    assert "Electric guitar" in labels_with_words("electr guit")
    whole, begun = labels_with_words("guitar"), labels_with_words("guita")
    assert set(whole) <= set(begun)
    assert all("guitar" in label.lower().replace(",", " ").split() for label in whole)
    assert labels_with_words("uitar") == labels_with_words("") == labels_with_words("don't") == []
