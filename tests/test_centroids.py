"""The lists nearest to many vectors, and searches of many that share them."""

from __future__ import annotations

import numpy as np
import pytest

from segue.index.build import fill_lists
from segue.index.centroids import Centroids, learn_centroids
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.opq import PrincipalAxes
from segue.index.store import Store


@pytest.mark.parametrize("count", [1, 3, 20, 50])
@pytest.mark.parametrize("far", [0, 1e4])
def test_the_nearest_centroids_are_those_of_plain_arithmetic(count: int, far: float) -> None:
    rng = np.random.default_rng(1)
    centroids = (rng.standard_normal((50, 12)) + far).astype(np.float32)
    vectors = (rng.standard_normal((700, 12)) + far).astype(np.float32)
    numbers, squares = Centroids(centroids).nearest(vectors, count)
    apart = vectors[:, None, :].astype(float) - centroids
    truth = np.einsum("ijk,ijk->ij", apart, apart)
    nearest = np.sort(truth, axis=1)[:, :count]
    np.testing.assert_allclose(np.take_along_axis(truth, numbers, axis=1), nearest, rtol=1e-4)
    np.testing.assert_allclose(squares, nearest, rtol=1e-3)
    assert all(len(set(row)) == count for row in numbers.tolist())


@pytest.mark.parametrize("n_axes", [0, 32])
def test_many_queries_find_the_candidates_that_each_finds_alone(n_axes: int) -> None:
    rng = np.random.default_rng(2)
    rows = (rng.standard_normal((6000, 8)) @ rng.standard_normal((8, 64))).astype(np.float32)
    rows += 0.3 * rng.standard_normal(rows.shape, np.float32)
    axes = PrincipalAxes(rows).projection(n_axes)
    lists = InvertedLists.train(rows, len(rows), axes)
    fill_lists(lists, Store(rows), np.arange(len(rows)), L2Reduction("euclidean"))
    queries = rows[:600] + 0.1 * rng.standard_normal((600, 64), np.float32)
    together = lists.search(queries, 3, 40)
    alone = [set(lists.search(queries[i : i + 1], 3, 40)[0]) for i in range(600)]
    # Two products of matrices may round in two ways; a list that is hardly nearer may then be another.
    assert np.mean([set(row) == one for row, one in zip(together, alone, strict=True)]) > 0.98


def test_all_lists_are_ordered_by_their_distance() -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((3000, 16)).astype(np.float32)
    lists = InvertedLists.train(rows, len(rows))
    centroids = lists.ivf.quantizer.reconstruct_n(0, lists.n_lists)
    order = lists.order(lists.projected(rows[:1]))[0][0]
    assert sorted(order.tolist()) == list(range(lists.n_lists))
    apart = np.linalg.norm(centroids[order] - rows[0], axis=1)
    assert (np.diff(apart) > -1e-5).all()


@pytest.mark.parametrize("dim", [3, 20, 64])
def test_rows_are_packed_as_faiss_packs_them(dim: int) -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((3000, dim)).astype(np.float32)
    ours = InvertedLists.train(rows, len(rows))
    numbers = 5 * np.arange(len(rows))
    ours.fill(numbers, *ours.encode(rows))
    theirs = ours.empty_copy()
    theirs.faiss_index.add_with_ids(np.pad(rows, ((0, 0), (0, theirs.dim - dim))), numbers)
    assert len(ours) == len(theirs) == ours.ivf.ntotal == len(rows)
    for (code, ids), (other_code, other_ids) in zip(ours.packed_lists(), theirs.packed_lists(), strict=True):
        np.testing.assert_array_equal(ids, other_ids)
        np.testing.assert_array_equal(code, other_code)
    with pytest.raises(ValueError, match="hold rows already"):
        ours.fill(numbers, *ours.encode(rows))


def test_learned_centers_lie_in_the_clusters_that_are_there() -> None:
    rng = np.random.default_rng(5)
    middles = 10 * rng.standard_normal((16, 8)).astype(np.float32)
    rows = np.repeat(middles, 200, axis=0) + 0.1 * rng.standard_normal((3200, 8), np.float32)
    centers = learn_centroids(rows, 40)
    _, squares = Centroids(centers).nearest(middles, 1)
    assert np.median(squares) < 0.1
    np.testing.assert_array_equal(centers, learn_centroids(rows, 40))


def test_centers_of_rows_that_are_all_alike_are_parted() -> None:
    rows = np.ones((500, 6), np.float32)
    rows[0] = 3
    centers = learn_centroids(rows, 20)
    assert centers.shape == (20, 6)
    assert np.isfinite(centers).all()
    assert (np.abs(centers - 1) < 0.1).all(axis=1).sum() >= 18
