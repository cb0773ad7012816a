"""An index as a mapping from ids to vectors, and what it says about itself."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import segue.index.index
from segue.errors import IdNotFoundError, SegueError, UsageError
from segue.index import Index
from tests.index_data import clustered


@pytest.fixture(scope="module")
def rows():
    return clustered(1_500, 20)[0]


def test_the_example_in_the_docstring_runs():
    assert doctest.testmod(segue.index.index).failed == 0
    assert doctest.testmod(segue.index.index).attempted > 5


def test_an_index_maps_ids_to_vectors(rows):
    index = Index.build(rows[:9], ids=range(100, 109))
    assert list(index) == list(range(100, 109))
    assert len(index) == 9
    assert 104 in index
    assert 4 not in index
    np.testing.assert_array_equal(index[104], rows[4])
    assert {item: index[item].tolist() for item in index} == dict(
        zip(range(100, 109), rows[:9].tolist(), strict=True)
    )


@pytest.mark.parametrize("error", [KeyError, LookupError, ValueError, UsageError, SegueError])
def test_an_unknown_id_is_a_key_error_that_names_it(rows, error):
    index = Index.build(rows[:9])
    with pytest.raises(error, match=r"^there is no id 77 in the index$") as caught:
        index[77]
    assert isinstance(caught.value, IdNotFoundError)
    assert caught.value.id == 77


@pytest.mark.slow
def test_repr_says_what_an_index_holds(rows):
    assert repr(Index.build(rows)) == "<Index: 1,500 x 20 float32, cosine, exact>"
    index = Index.build((rows * 20).astype(np.int8), metric="euclidean", exact=False)
    assert repr(index) == "<Index: 1,500 x 20 int8, euclidean, 4 lists, recall up to 0.999>"


def test_an_exact_index_has_no_lists_and_no_codes(rows):
    index = Index.build(rows)
    index.add(rows[:5])
    assert (index.n_lists, index.code_bytes, index.n_delta, index.operating_points) == (0, 0, 0, ())


@pytest.mark.slow
def test_an_index_with_lists_says_how_it_is_made(rows):
    index = Index.build(rows, exact=False)
    index.add(rows[:5])
    assert (index.n_lists, index.code_bytes, index.n_delta) == (4, 10, 5)
    assert index.operating_points[0].k == 10


def test_neighbours_is_another_spelling_of_neighbors(rows):
    index = Index.build(rows)
    for one, other in zip(index.neighbours([3, 5], 4), index.neighbors([3, 5], 4), strict=True):
        np.testing.assert_array_equal(one, other)
