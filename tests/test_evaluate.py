from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.recommend.retrieval_metrics import (
    answerable,
    average_precision,
    bootstrap,
    hubness,
    interval,
    n_relevant,
    precision_at,
)
from segue.sources.vectors import Vectors
from tests.written_library import analyzed, new_library, song


def test_precision_counts_neighbors_of_the_same_label():
    labels = [{"a"}, {"a"}, {"a"}, {"b"}, {"b"}, {"c"}]
    neighbors = np.array([[1, 3], [0, 2], [3, 4], [4, 0], [0, 1], [0, 1]])
    # a: 1/2, 2/2, 0/2; b: 1/2, 0/2; c stands alone and is not asked.
    assert precision_at(labels, neighbors, [1, 2]) == {1: pytest.approx(3 / 5), 2: pytest.approx(4 / 10)}


def test_hubness_is_zero_where_all_are_chosen_equally_often():
    assert hubness(np.array([[1], [2], [0]])) == 0.0


def test_hubness_is_large_where_one_is_near_everything():
    neighbors = np.zeros((100, 1), np.int64)
    neighbors[0] = 1
    assert hubness(neighbors) > 5


def test_average_precision_counts_the_first_most_and_what_is_not_found():
    right = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], bool)
    found = average_precision(right, np.array([2, 1, 6]))
    np.testing.assert_allclose(found, [(1 + 2 / 3) / 2, 1 / 4, (1 + 1) / 4])


def test_what_others_have_is_counted_once_whatever_labels_it_shares():
    labels = [{"rock", "pop"}, {"rock"}, {"rock", "pop"}, {"jazz"}, set()]
    asked = answerable(labels, np.arange(5))
    assert asked.tolist() == [0, 1, 2]
    assert n_relevant(labels, asked).tolist() == [2, 2, 2]


def test_intervals_know_that_tracks_of_one_album_are_alike(rng):
    alone = rng.random(400)
    by_track = interval(bootstrap(alone[:, None], np.arange(400)))
    assert by_track[0] < alone.mean() < by_track[1]
    assert by_track[1] - by_track[0] == pytest.approx(4 * alone.std() / np.sqrt(400), rel=0.2)
    albums = np.repeat(alone[:20], 20)
    by_album = interval(bootstrap(albums[:, None], np.repeat(np.arange(20), 20)))
    assert by_album[1] - by_album[0] > 3 * (by_track[1] - by_track[0])


def test_two_views_are_compared_track_by_track(library: Library):
    found = library.evaluate(by="artist", against="descriptors/raw")
    other = library.evaluate(by="artist", view="descriptors/raw")
    assert found.against is not None
    assert found.against.precision == other.precision
    assert set(found.against.gain) == {"1", "5", "10", "average_precision"}
    for k in (1, 5, 10):
        gain = found.against.gain[str(k)]
        assert gain.value == pytest.approx(found.precision[k].value - other.precision[k].value, abs=1e-3)
        assert gain.low <= gain.value <= gain.high
    itself = library.evaluate(by="artist", against="all").against
    assert itself is not None
    assert {(gain.low, gain.high) for gain in itself.gain.values()} == {(0, 0)}


def test_an_evaluation_tells_of_albums_copies_and_the_index(tmp_path: Path):
    songs = [song(f"{i}.wav", album=f"album {i // 10}", artist="one") for i in range(60)]
    with new_library(tmp_path / "library", songs) as library:
        found = library.evaluate(by="album")
        assert found.asked == 60
        assert found.same_album == pytest.approx(found.precision[10].value, abs=1e-4)
        assert found.copies == 0
        assert found.index_recall == 1
        assert found.query_us > 0
        assert (
            0 <= found.average_precision.low <= found.average_precision.value <= found.average_precision.high
        )


def test_copies_are_told_and_count_as_no_neighbors(tmp_path: Path):
    songs = [song(f"{i}.wav", album=f"album {i // 6}", artist="one", title=f"Piece {i}") for i in range(30)]
    again = [replace(analyzed(made), path=f"again/{made.path}") for made in songs]
    with new_library(tmp_path / "library", songs) as library:
        once = library.evaluate(by="album")
        with library.catalog.writing() as writer:
            writer.append(again)
        twice = library.evaluate(by="album")
    assert (once.copies, twice.copies) == (0, 0.1)
    assert (twice.asked, twice.tracks) == (30, 60)
    # The same neighbors, in a view that is fitted anew to twice as many rows.
    for k in (1, 5, 10):
        assert twice.precision[k].value == pytest.approx(once.precision[k].value, abs=0.1)


def test_the_command_compares_two_views(segue, scanned: Path):
    code, out, _ = segue("-l", scanned, "evaluate", "--by", "artist", "-q", "--against", "descriptors/raw")
    assert code == 0
    assert "all less descriptors-1/tracks/raw, on the same tracks:" in out
    assert out.count("(") == 8  # four figures and four differences, each with its interval


def test_the_command_reports_how_often_neighbors_share_a_tag(segue, scanned: Path):
    code, out, _ = segue("-l", scanned, "evaluate", "--by", "artist", "-q")
    assert code == 0
    assert "12 of 12 tracks have a tag 'artist'; view: all" in out
    assert "precision at 1  1.000" in out
    code, out, _ = segue(
        "-l", scanned, "evaluate", "--by", "artist", "--json", "--view", "descriptors/raw", "-q"
    )
    found = json.loads(out)
    assert (code, found["by"], found["view"]) == (0, "artist", "descriptors-1/tracks/raw")
    assert found["precision"]["1"]["value"] > found["chance"]


def test_the_command_says_what_is_missing(segue, library_path: Path, rng):
    with Library.open(library_path, create=True) as library:
        library.import_from(Vectors(rng.random((20, 4)), name="numbers"))
    code, _, err = segue("-l", library_path, "evaluate", "--by", "album", "-q")
    assert code != 0
    assert "0 of 20 tracks have a tag 'album'" in err
