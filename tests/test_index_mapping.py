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


NO_IDS = [[1.5, 2.0], [1.0, 2.0], ["1", "2"], [True, False], [2**70, 1], [[1], [1, 2]], [None, 1]]


@pytest.mark.parametrize("ids", NO_IDS, ids=repr)
def test_what_is_no_whole_number_is_no_id(rows, ids):
    index = Index.build(rows[:9])
    new = rows[9:11]
    for use in (
        lambda: Index.build(new, ids=ids),
        lambda: index.add(new, ids=ids),
        lambda: index.update(ids, new),
        lambda: index.delete(ids),
        lambda: index.neighbors(ids, k=2),
        lambda: index.take(ids),
    ):
        with pytest.raises(UsageError, match=r"^ids are whole numbers"):
            use()
    assert list(index) == list(range(9))
    np.testing.assert_array_equal(index.vectors, rows[:9])


@pytest.mark.parametrize("item", [1.5, 1.0, "1", None])
def test_one_id_is_a_whole_number(rows, item):
    index = Index.build(rows[:9])
    for use in (lambda: index[item], lambda: index.neighbors(item, k=2), lambda: index.delete(item)):
        with pytest.raises(UsageError, match=r"^ids are whole numbers"):
            use()
    assert item not in index
    assert len(index) == 9


@pytest.mark.parametrize("where", [[1.5, 2.0], np.ones(9), ["1"], [None]], ids=repr)
def test_a_filter_is_of_whole_numbers_or_bool(rows, where):
    index = Index.build(rows[:9])
    with pytest.raises(UsageError, match=r"^ids are whole numbers"):
        index.query(rows[0], k=2, where=where)


def test_no_ids_are_ids_of_any_type(rows):
    index = Index.build(rows[:9])
    index.delete([])
    assert index.take([]).shape == (0, 20)
    assert index.query(rows[0], where=[])[0].shape == (1, 0)
    assert index.neighbors(np.array([3, 4], np.uint8), k=2)[0].shape == (2, 2)


def test_one_id_is_changed_as_several_are(rows):
    index = Index.build(rows[:9])
    index.update(3, rows[20])
    np.testing.assert_array_equal(index[3], rows[20])
    index.delete(3)
    assert index.add(rows[21], ids=3).tolist() == [3]
    np.testing.assert_array_equal(index[3], rows[21])


def test_ids_of_any_shape_that_are_not_there_are_named(rows):
    index = Index.build(rows[:9])
    with pytest.raises(IdNotFoundError, match=r"^there is no id 500 in the index$"):
        index.vector([1, 500])


@pytest.mark.parametrize("k", ["5", 2.5, [5]], ids=repr)
def test_k_is_a_whole_number(rows, k):
    index = Index.build(rows[:9])
    with pytest.raises(UsageError, match=r"^k is .*, expected a whole number$"):
        index.query(rows[:2], k=k)
    with pytest.raises(UsageError, match=r"^k is .*, expected a whole number$"):
        index.neighbors(2, k=k)


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
