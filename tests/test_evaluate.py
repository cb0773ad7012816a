from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.recommend.evaluate import hubness, precision_at
from segue.sources.vectors import Vectors


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
    assert found["precision"]["1"] > found["chance"]


def test_the_command_says_what_is_missing(segue, library_path: Path, rng):
    with Library.open(library_path, create=True) as library:
        library.import_from(Vectors(rng.random((20, 4)), name="numbers"))
    code, _, err = segue("-l", library_path, "evaluate", "--by", "album", "-q")
    assert code != 0
    assert "0 of 20 tracks have a tag 'album'" in err
