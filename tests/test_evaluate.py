from __future__ import annotations

import numpy as np
import pytest

from segue.recommend.evaluate import hubness, precision_at


def test_precision_counts_neighbours_of_the_same_label():
    labels = [{"a"}, {"a"}, {"a"}, {"b"}, {"b"}, {"c"}]
    neighbours = np.array([[1, 3], [0, 2], [3, 4], [4, 0], [0, 1], [0, 1]])
    # a: 1/2, 2/2, 0/2; b: 1/2, 0/2; c stands alone and is not asked.
    assert precision_at(labels, neighbours, [1, 2]) == {1: pytest.approx(3 / 5), 2: pytest.approx(4 / 10)}


def test_hubness_is_zero_where_all_are_chosen_equally_often():
    assert hubness(np.array([[1], [2], [0]])) == 0.0


def test_hubness_is_large_where_one_is_near_everything():
    neighbours = np.zeros((100, 1), np.int64)
    neighbours[0] = 1
    assert hubness(neighbours) > 5
