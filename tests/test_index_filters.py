"""Queries that only some rows may answer, or only near ones."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import UsageError
from segue.index import Index, IndexOptions
from tests.index_data import N_CLUSTERS, N_LARGE, as_type, bits, brute_force, case, clustered, order

pytestmark = pytest.mark.slow

KINDS = ("cosine uint8", "euclidean float32", "hamming")
N, DIM = 3_000, 20


@pytest.fixture(scope="module")
def rows():
    return clustered(N, DIM, seed=3)[0]


@pytest.fixture(scope="module", params=[True, False], ids=["exact", "codes"])
def index(rows, request):
    """Tests leave it as it is."""
    return Index.build(rows, metric="euclidean", ids=np.arange(N) * 2 + 1, exact=request.param)


LOOKING = IndexOptions(filter_exact_below=50)
"""Lists are searched where many rows qualify, though tests have few."""


@pytest.fixture(scope="module")
def looking(tmp_path_factory):
    """From a case's kind to its index, with these options."""
    folder = tmp_path_factory.mktemp("looking")
    return lambda kind: Index.open(case(kind).index.save(folder / f"{kind}.index"), options=LOOKING)


def qualifying(one, share, how):
    if how == "anywhere":
        return np.random.default_rng(1).random(N_LARGE) < share
    return np.isin(one.labels, range(max(1, round(share * N_CLUSTERS))))


@pytest.mark.parametrize("how", ["anywhere", "in some clusters"])
@pytest.mark.parametrize("kind", KINDS)
def test_k_qualifying_rows_are_found_at_the_requested_recall(kind, how, looking):
    one, index = case(kind), looking(kind)
    for share in (0.5, 0.1, 0.02, 0.001):
        where = qualifying(one, share, how)
        k = min(10, int(where.sum()))
        for asked in (where, np.flatnonzero(where)):
            found, distances = index.query(one.queries[:50], k, where=asked)
            assert found.shape == (50, k)
            assert where[found].all()
            np.testing.assert_allclose(
                distances, np.take_along_axis(one.distances[:50], found, axis=1), rtol=2e-4, atol=1e-4
            )
        found, _ = index.query(one.queries, k, where=where)
        one.assert_recall(found, 0.95, where)


@pytest.mark.parametrize("k", [1, 50, 500])
def test_rows_that_qualify_are_found_though_all_of_them_are_far(k, looking):
    one, index = case("euclidean float32"), looking("euclidean float32")
    nearest = one.distances.argmin(axis=1)
    for query in range(0, 100, 5):
        where = one.labels != one.labels[nearest[query]]
        where &= one.labels < N_CLUSTERS // 2
        found, _ = index.query(one.queries[query], k, where=where, recall=0.8)
        assert found.shape == (1, k)
        assert where[found].all()
        assert len(set(found[0])) == k


@pytest.mark.parametrize("kind", KINDS)
def test_rows_far_from_the_query_are_found_at_the_requested_recall(kind, looking):
    one, index = case(kind), looking(kind)
    for share in (0.8, 0.4, 0.1):
        by_label = np.array([one.distances[:, one.labels == x].mean(axis=1) for x in range(N_CLUSTERS)]).T
        far = np.argsort(by_label, axis=1)[:, -round(share * N_CLUSTERS) :]
        where = np.array([np.isin(one.labels, labels) for labels in far])
        found = np.concatenate(
            [index.query(query, 10, where=mask)[0] for query, mask in zip(one.queries, where, strict=True)]
        )
        assert np.take_along_axis(where, found, axis=1).all()
        one.assert_recall(found, 0.95, where)


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_that_its_owner_changes_is_a_new_one(kind, looking):
    one, index = case(kind), looking(kind)
    where = one.labels < N_CLUSTERS // 2
    first = index.query(one.queries[0], 10, where=where)[0]
    assert where[first].all()
    swapped = ~where
    where[:] = swapped
    found, distances = index.query(one.queries[0], 10, where=where)
    assert where[found].all()
    again, same = index.query(one.queries[0], 10, where=where.copy())
    np.testing.assert_array_equal(again, found)
    np.testing.assert_array_equal(same, distances)
    ids = np.flatnonzero(where)
    np.testing.assert_array_equal(index.query(one.queries[0], 10, where=ids)[0], found)
    ids = ids[: np.count_nonzero(~where)]
    index.query(one.queries[0], 10, where=ids)
    ids[:] = np.flatnonzero(~where)[: len(ids)]
    assert np.isin(index.query(one.queries[0], 10, where=ids)[0], ids).all()


def test_few_rows_that_qualify_are_all_compared():
    one = case("cosine uint8")
    where = np.random.default_rng(2).random(N_LARGE) < 0.3  # fewer than are looked for in lists
    found, distances = one.index.query(one.queries, 20, where=where, recall=0.8)
    assert (one.shares(found, where) == 1).all()
    expected = np.sort(np.where(where, one.distances, np.inf), axis=1)[:, :20]
    np.testing.assert_allclose(distances, expected, rtol=2e-4, atol=1e-5)


def test_rows_that_were_added_and_deleted_since_are_filtered_too(rows):
    index = Index.build(rows[:2_000], metric="euclidean", exact=False, options=LOOKING)
    index.delete(range(0, 2_000, 4))
    index.add(rows[2_000:])
    ids = index.ids
    where = np.random.default_rng(3).random(len(ids)) < 0.4
    truth = brute_force(rows[:100], index.vectors, "euclidean")
    truth = ids[order(np.where(where, truth, np.inf), 10)]
    for _ in range(2):
        found, _ = index.query(rows[:100], 10, where=where)
        assert np.isin(found, ids[where]).all()
        assert np.mean([np.isin(t, f).mean() for f, t in zip(found, truth, strict=True)]) >= 0.93
        np.testing.assert_array_equal(index.query(rows[:100], 10, where=ids[where])[0], found)
        index.compact()


def test_fewer_come_back_where_fewer_qualify(index):
    allowed = [11, 35, 401]
    found, distances = index.query(index.vector(35), 10, where=allowed)
    assert sorted(found[0]) == allowed
    assert found[0, 0] == 35
    assert np.isfinite(distances).all()
    mask = np.isin(index.ids, allowed)
    np.testing.assert_array_equal(index.query(index.vector(35), 10, where=mask)[0], found)


def test_the_row_itself_is_left_out_of_what_qualifies(index):
    allowed = [11, 35, 401]
    found, distances = index.neighbors([35, 77], 10, where=allowed)
    assert sorted(found[0]) == [-1, 11, 401]
    assert (found[0, 2], distances[0, 2]) == (-1, np.inf)
    assert sorted(found[1]) == allowed
    assert index.neighbors(35, 10, where=allowed)[0].shape == (1, 2)
    assert index.neighbors(35, 10, where=[35])[0].shape == (1, 0)
    assert sorted(index.neighbors(35, 10, where=allowed, with_self=True)[0][0]) == allowed


@pytest.mark.parametrize(
    "where", [[], np.zeros(N, np.bool_), [10**9], [-5]], ids=["no ids", "no row", "unknown", "-5"]
)
def test_nothing_is_found_where_nothing_qualifies(index, where):
    for ids, distances in (
        index.query(index.vectors[:3], 5, where=where),
        index.query(index.vectors[0], 5, where=where),
        index.neighbors([1, 3], 5, where=where),
        index.query(index.vectors[:3], None, max_distance=9, where=where),
    ):
        assert ids.shape[1] == distances.shape[1] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_query_has_no_answer(kind, looking):
    one, index = case(kind), looking(kind)
    for where in (None, one.labels < N_CLUSTERS // 2):
        ids, distances = index.query(one.queries[:0], 5, where=where)
        assert ids.shape == distances.shape == (0, 0)


@pytest.mark.parametrize("shape", [(N + 1,), (N - 1,), (0,), (1, N), ()], ids=str)
def test_a_mask_of_another_shape_is_refused(index, shape):
    for ask in (index.query, index.neighbors):
        with pytest.raises(UsageError, match=rf"expected \({N},\)"):
            ask(index.vectors[:1] if ask == index.query else 1, 3, where=np.ones(shape, np.bool_))


# Only near rows


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan", "dot", "hamming"])
def test_within_gives_all_that_are_near_enough_and_no_others(rows, metric):
    data = bits(rows, 96) if metric == "hamming" else as_type(rows, "int8" if metric == "dot" else "float32")
    index = Index.build(data, metric=metric, exact=True)
    gaps = brute_force(data[:30], data, metric)
    for share in (0.001, 0.05, 1):
        between = np.sort(gaps.ravel())
        at = min(int(share * between.size), between.size - 1)
        limit = float(between[at] + (between[min(at + 1, between.size - 1)] - between[at]) / 2)
        ids, distances = index.query(data[:30], None, max_distance=limit)
        for i in range(30):
            near = np.flatnonzero(gaps[i] <= limit)
            clear = np.flatnonzero(gaps[i] <= limit - 1e-4 * abs(limit))
            mine = ids[i][ids[i] >= 0]
            assert set(clear) <= set(mine)
            assert (gaps[i][mine] <= limit + 1e-4 * abs(limit)).all()
            assert abs(len(mine) - len(near)) <= 2
            assert np.isinf(distances[i][len(mine) :]).all()
            assert (ids[i][len(mine) :] == -1).all()
        assert ids.shape[1] == (ids >= 0).sum(axis=1).max()
        few, _ = index.query(data[:30], 3, max_distance=limit)
        np.testing.assert_array_equal(few, ids[:, :3])


def test_within_and_where_and_the_row_itself_go_together(index):
    where = np.arange(N) % 3 == 0
    gaps = brute_force(index.vectors[:9], index.vectors, "euclidean")
    limit = float(np.quantile(gaps, 0.03))
    gaps[:, ~where] = np.inf
    ids, distances = index.neighbors(index.ids[:9], None, max_distance=limit, where=where, recall=1)
    for i in range(9):
        near = set(index.ids[gaps[i] <= limit]) - {index.ids[i]}
        assert set(ids[i][ids[i] >= 0]) == near
        assert (distances[i][: len(near)] <= limit).all()


def test_within_of_an_index_with_codes_finds_most_of_what_is_near():
    one = case("euclidean float32")
    limit = float(np.quantile(one.distances, 0.01))
    ids, _ = one.index.query(one.queries, None, max_distance=limit)
    near = one.distances <= limit
    assert np.take_along_axis(near, np.maximum(ids, 0), axis=1)[ids >= 0].mean() > 0.999
    assert (ids >= 0).sum() >= 0.9 * near.sum()


def test_nothing_is_found_where_nothing_is_near(index):
    far = np.full(DIM, 100, np.float32)
    for k in (None, 5):
        ids, distances = index.query(far, k, max_distance=0.1)
        assert ids.shape == distances.shape == (1, 0)
        assert index.query(index.vectors[:2], k, max_distance=0)[0].tolist() == [[1], [3]]


@pytest.mark.parametrize("k", [10, 40])
def test_of_groups_of_rows_that_are_much_alike_those_far_from_the_query_are_found(k):
    rng = np.random.default_rng(5)
    centers = rng.standard_normal((400, 64), np.float32)
    groups = rng.integers(0, 400, 24_000)
    x = centers[groups] + 0.1 * rng.standard_normal((24_000, 64), np.float32)
    queries = centers[0] + 0.1 * rng.standard_normal((60, 64), np.float32)
    products = centers @ centers[0]
    far = (products <= np.quantile(products, 0.7))[groups]
    index = Index.build(x, exact=False)
    distances = np.array([index.query(query, k, where=far)[1][0] for query in queries])
    true_distances = index.query(queries, k, where=far, recall=1)[1]
    assert (distances <= true_distances[:, -1:] + 1e-6).mean() >= 0.95
