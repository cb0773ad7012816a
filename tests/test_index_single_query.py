"""Single queries: where Faiss can read the rows, it finds and compares candidates in one call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import faiss
import numpy as np
import pytest

from segue.errors import VectorError
from segue.index import Index, IndexOptions
from segue.index.opq import PrincipalAxes
from segue.index.plans import plan_for
from segue.index.serialization import load_index
from segue.index.single_query import ranked_by_faiss, ranked_by_numpy
from tests.index_data import as_type, brute_force, clustered

pytestmark = pytest.mark.slow

N, M = 6_000, 60
READ_BY_FAISS = [
    (metric, dtype, dim)
    for metric in ("cosine", "euclidean")
    for dtype in ("float32", "float16", "uint8")
    for dim in (30, 128)
]


@cache
def made(metric, dtype, dim, exact=False):
    """An index, and queries that are not among its rows; the many dimensions are of falling strength."""
    x = clustered(N + M, dim, seed=dim)[0]
    if dim > 64:
        x = x @ np.diag(0.97 ** np.arange(dim)).astype(np.float32)
    x = as_type(x, dtype)
    return Index.build(x[:N], metric=metric, exact=exact), x[N:]


@pytest.fixture
def state_of(tmp_path):
    """From an index to what it answers from when it is saved and opened again."""
    return lambda index: load_index(index.save(tmp_path / "state.index", own_vectors=True))[0]


def searchers(state, k=10, recall=0.95):
    """Those that rank by Faiss (None where it cannot read the rows) and by NumPy."""
    plan = plan_for(state, k, recall, 1.0)
    return ranked_by_faiss(state, plan), ranked_by_numpy(state, plan)


def assert_alike(found, expected):
    """The same distances, and the same rows but for those that are equally far."""
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=2e-6)
    distances = expected[1]
    tied = np.isclose(distances[..., None], distances[..., None, :], rtol=1e-4).sum(axis=-1) > 1
    assert ((found[0] != expected[0]) & ~tied).mean() < 0.02


@pytest.mark.parametrize(("metric", "dtype", "dim"), READ_BY_FAISS)
def test_ranks_by_faiss_are_those_by_numpy(metric, dtype, dim, state_of):
    index, queries = made(metric, dtype, dim)
    by_faiss, by_numpy = searchers(state_of(index))
    for query in queries:
        assert_alike(by_faiss(query), by_numpy(query))
        assert_alike(by_faiss(query), index.query(query, 10))


@pytest.mark.parametrize(("metric", "dtype", "dim"), READ_BY_FAISS)
def test_distances_by_faiss_are_what_float64_gives(metric, dtype, dim, state_of):
    index, queries = made(metric, dtype, dim)
    by_faiss, _ = searchers(state_of(index))
    gaps = brute_force(queries, np.asarray(index.vectors), metric)
    for query, right in zip(queries, gaps, strict=True):
        ids, distances = by_faiss(query)
        np.testing.assert_allclose(distances[0], right[ids[0]], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "float16", "float32"])
def test_a_query_between_whole_numbers_is_not_rounded_to_them(metric, dtype):
    index, queries = made(metric, dtype, 30)
    index.query(queries[:2], 10)
    for query in queries[:20].astype(np.float32) + np.float32(0.4):
        singly, among_others = index.query(query, 10), index.query(np.stack([query, query]), 10)
        np.testing.assert_allclose(singly[1][0], among_others[1][0], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("numbers", [np.float64, np.int64, np.int16, np.float16, np.uint8])
def test_a_query_may_be_of_any_numbers(numbers):
    for dtype in ("uint8", "float16", "float32"):
        index, queries = made("cosine", dtype, 30)
        query = np.abs(queries[3].astype(np.float32)).round().astype(numbers)
        index.query(query, 10)
        right = index.query(query[None].astype(np.float32), 10)
        assert_alike(index.query(query, 10), right)


@pytest.mark.parametrize(("metric", "dtype", "dim"), READ_BY_FAISS)
def test_the_first_query_is_answered_as_all_later_ones_are(metric, dtype, dim, tmp_path):
    built, queries = made(metric, dtype, dim)
    path = built.save(tmp_path / "a.index")
    for query in queries[:5]:
        index = Index.open(path)
        first, second = index.query(query, 10), index.query(query, 10)
        assert (first[0] == second[0]).all()
        assert (first[1] == second[1]).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_a_query_without_a_place_is_refused_and_the_next_one_is_answered(metric, dtype):
    index, queries = made(metric, dtype, 30)
    right = index.query(queries[0], 10)
    bad = [np.full(30, np.nan, np.float32), np.full(30, np.inf, np.float16), np.ones(29, np.float32)]
    bad += [np.full(30, 1e200)] + [np.zeros(30, np.uint8)] * (metric == "cosine")
    for query in bad:
        with pytest.raises(VectorError):
            index.query(query, 10)
        again = index.query(queries[0], 10)
        assert (again[0] == right[0]).all()
        assert (again[1] == right[1]).all()
    if metric == "euclidean":
        zero = np.zeros((2, 30), index.dtype)
        ids, distances = index.query(zero, 10)
        assert_alike(index.query(zero[0], 10), (ids[:1], distances[:1]))


@pytest.mark.parametrize(("metric", "dtype", "dim"), [*READ_BY_FAISS, ("dot", "float32", 30)])
def test_many_threads_get_each_its_own_answers(metric, dtype, dim):
    index, queries = made(metric, dtype, dim)
    right = [index.query(query, 10) for query in queries]

    def ask_all(turn):
        order = np.random.default_rng(turn).permutation(M)
        return [(i, index.query(queries[i], 10)) for i in order for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        for i, (ids, distances) in (one for many in pool.map(ask_all, range(8)) for one in many):
            assert (ids == right[i][0]).all()
            assert (distances == right[i][1]).all()


def test_answers_are_the_callers_own():
    for metric in ("cosine", "euclidean", "dot"):
        index, queries = made(metric, "float32", 30)
        assert index.operating_point().n_probe, metric
        index.query(queries[0], 10)
        ids, distances = index.query(queries[0], 10)
        kept = ids.copy(), distances.copy()
        index.query(queries[1], 10)
        assert (ids == kept[0]).all()
        assert (distances == kept[1]).all()
        ids[:], distances[:] = -7, 9
        again = index.query(queries[0], 10)
        assert (again[0] == kept[0]).all()
        assert (again[1] == kept[1]).all()


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_an_opened_index_ranks_by_faiss_with_the_lengths_in_its_file(tmp_path, dtype):
    index, queries = made("cosine", dtype, 128)
    opened = Index.open(index.save(tmp_path / "a.index"))
    state, file = load_index(tmp_path / "a.index")
    wide = np.asarray(index.vectors, np.float64)
    np.testing.assert_allclose(file.array("lengths"), np.linalg.norm(wide, axis=1), rtol=1e-5)
    by_faiss, by_numpy = searchers(state)
    for query in queries:
        assert_alike(by_faiss(query), by_numpy(query))
        assert_alike(by_faiss(query), opened.query(query, 10))


def test_an_index_that_has_changed_answers_with_its_changes(tmp_path):
    index, queries = made("cosine", "uint8", 128)
    index = Index.open(index.save(tmp_path / "a.index"))
    nearest = int(index.query(queries[0], 10)[0][0, 0])
    index.delete([nearest])
    assert nearest not in index.query(queries[0], 10)[0]
    (new,) = index.add(queries[:1]).tolist()
    assert index.query(queries[0], 10)[0][0, 0] == new
    index.save()
    state, file = load_index(tmp_path / "a.index")
    by_faiss, by_numpy = searchers(state)
    assert_alike(by_faiss(queries[0]), by_numpy(queries[0]))
    assert by_faiss(queries[0])[0][0, 0] == new
    assert len(file.array("lengths")) == N


def test_answers_are_ids_where_these_are_not_row_numbers():
    x = as_type(clustered(N, 30, seed=7)[0], "uint8")
    for metric in ("cosine", "euclidean"):
        plain = Index.build(x, metric=metric, exact=False)
        named = Index.build(x, metric=metric, exact=False, ids=np.arange(N) * 5 + 2)
        for query in x[:10]:
            plain.query(query, 3), named.query(query, 3)
            assert (plain.query(query, 3)[0] * 5 + 2 == named.query(query, 3)[0]).all()


def test_codes_are_of_the_principal_axes_where_few_hold_nearly_all_variance():
    x = clustered(N, 128, seed=5)[0]
    falling = x @ np.diag(0.9 ** np.arange(128)).astype(np.float32)
    even = np.random.default_rng(0).standard_normal((N, 128)).astype(np.float32)
    assert PrincipalAxes(falling).choices == [32, 64, 0]
    assert PrincipalAxes(even).choices == [0]
    assert PrincipalAxes(falling[:, :48]).choices == [0]
    index = Index.build(falling[:2000], metric="euclidean", exact=False)
    assert (index.code_bytes, index.n_axes) == (16, 32)  # 4 bits for each of 32 axes
    plain = Index.build(even[:2000], metric="euclidean", exact=False)
    assert (plain.code_bytes, plain.n_axes) == (32, 0)  # 4 bits for every two numbers


def off_the_main_axes(n):
    """float32 (n, 128): clusters whose centers lie along 16 axes, their rows apart along all the others."""
    rng = np.random.default_rng(8)
    rows = np.zeros((n, 128), np.float32)
    rows[:, :16] = 20 * rng.standard_normal((40, 16))[rng.integers(40, size=n)]
    rows[:, 16:] = rng.standard_normal((n, 112))
    return rows


def test_neighbors_that_differ_off_the_main_axes_are_found():
    rows = off_the_main_axes(4000)
    assert PrincipalAxes(rows).choices[0] < 64
    index = Index.build(rows[:3800], metric="euclidean", exact=False)
    assert {point.recall for point in index.operating_points if point.k == 10} >= {0.95, 0.99}
    truth = index.query(rows[3800:], recall=1)[0]
    found = index.query(rows[3800:], recall=0.95)[0]
    hits = [len(set(a) & set(b)) for a, b in zip(truth.tolist(), found.tolist(), strict=True)]
    assert np.mean(hits) >= 9.3


def test_clusters_that_lie_far_apart_are_all_found():
    rng = np.random.default_rng(4)
    rows = 4 * rng.standard_normal((400, 64))[rng.integers(400, size=22_000)] + rng.standard_normal(
        (22_000, 64)
    )
    index = Index.build(rows[:21_500].astype(np.float32))
    evaluation = index.evaluate(rows[21_500:].astype(np.float32), recalls=[0.95])
    assert evaluation[0].recall >= 0.93
    assert index.operating_point(10, 0.95).n_candidates < 2000


@pytest.mark.slow
def test_a_query_whose_recall_only_all_rows_reach_says_so():
    rows = off_the_main_axes(8000)
    index = Index.build(rows, exact=False)
    assert index.operating_point(10, 0.9999).n_candidates == 8000
    with pytest.warns(RuntimeWarning, match="do not reach a recall of 0.9999 for 10 answers"):
        ids, _ = index.query(rows[5], recall=0.9999)
    assert ids[0, 0] == 5
    index.query(rows[5], recall=0.9999)  # said once
    index.query(rows[5], recall=1)  # asked for


def test_the_axes_keep_what_was_promised_of_the_variance():
    x = clustered(N, 200, seed=5)[0] @ np.diag(0.97 ** np.arange(200)).astype(np.float32)
    principal = PrincipalAxes(x)
    axes = principal.projection(principal.choices[0])
    kept = axes.apply(x)
    assert axes.d_out % 32 == 0
    assert axes.d_out <= 150
    assert kept.var(axis=0).sum() >= 0.94 * x.var(axis=0).sum()
    np.testing.assert_allclose(kept.mean(axis=0), 0, atol=1e-3)
    gaps = np.linalg.norm(kept[:50, None] - kept[50:100], axis=2)
    assert (gaps <= np.linalg.norm(x[:50, None] - x[50:100], axis=2) * 1.001).all()
    # Each part of a code is of a strong and a weak one.
    strength = kept.var(axis=0).reshape(-1, 2).sum(axis=1)
    assert strength.max() < 0.6 * kept.var(axis=0).max() * 2


def test_too_few_rows_have_no_axes():
    assert PrincipalAxes(clustered(100, 128, seed=5)[0]).choices == [0]
    x = clustered(300, 256, seed=5)[0]
    index = Index.build(x, exact=False)
    assert (index.query(x[:5], 1)[0][:, 0] == np.arange(5)).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot", "manhattan"])
def test_with_a_projection_the_requested_recall_is_reached(metric):
    x = clustered(N + 300, 128, seed=11)[0] @ np.diag(0.95 ** np.arange(128)).astype(np.float32)
    rows, queries = x[:N], x[N:]
    index = Index.build(rows, metric=metric, exact=False)
    assert index.code_bytes == 16
    gaps = brute_force(queries, rows, metric)
    last = np.partition(gaps, 9, axis=1)[:, 9:10]
    for recall in (0.9, 0.99):
        found = index.query(queries, 10, recall=recall)[0]
        shares = (np.take_along_axis(gaps, found, axis=1) <= last + 1e-6).mean(axis=1)
        assert shares.mean() + 2.5 * shares.std() / np.sqrt(len(shares)) >= recall


def test_a_filter_finds_its_rows_with_principal_axes_too(tmp_path):
    built, queries = made("cosine", "float32", 128)
    index = Index.open(built.save(tmp_path / "a.index"), options=IndexOptions(filter_exact_below=100))
    where = np.arange(N) % 3 == 0
    rows = np.asarray(index.vectors)
    found = index.query(queries, 10, where=where)[0]
    gaps = np.where(where, brute_force(queries, rows, "cosine"), np.inf)
    last = np.partition(gaps, 9, axis=1)[:, 9:10]
    assert (found % 3 == 0).all()
    assert (np.take_along_axis(gaps, found, axis=1) <= last + 1e-6).mean() >= 0.95


@pytest.mark.parametrize("seed", [0, 2**31 - 3, 2**31 - 2, 2**31, 2**40, 2**64 + 5])
def test_any_seed_will_do(seed):
    x = clustered(600, 12)[0]
    index = Index.build(x, exact=False, seed=seed)
    assert (index.query(x[:5], 1)[0][:, 0] == np.arange(5)).all()


def test_with_an_older_faiss_ranks_are_by_numpy(monkeypatch, state_of):
    index, queries = made("cosine", "uint8", 128)
    monkeypatch.delattr(faiss, "ZeroCopyIOReader")
    by_faiss, by_numpy = searchers(state_of(index))
    assert by_faiss is None
    assert_alike(by_numpy(queries[0]), index.query(queries[0], 10))


@pytest.mark.parametrize(("metric", "dtype", "dim"), READ_BY_FAISS)
def test_deleted_rows_are_not_found_before_and_after_compacting(metric, dtype, dim, tmp_path):
    built, queries = made(metric, dtype, dim)
    index = Index.open(built.save(tmp_path / "a.index"))
    gone = np.unique([index.query(query, 3)[0] for query in queries])
    index.delete(gone)
    for _ in range(2):
        for query in queries:
            found = index.query(query, 10)
            assert not np.isin(found[0], gone).any()
            assert_alike(found, index.query(query[None], 10))
        index.compact()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("mapped", [False, True])
def test_added_rows_are_found_after_compacting(tmp_path, metric, mapped):
    x, queries = clustered(N, 30, seed=7)[0], clustered(N, 30, seed=8)[0][:20]
    index = Index.build(x, metric=metric, exact=False)
    if mapped:
        index = Index.open(index.save(tmp_path / "a.index"))
    new = index.add(queries)
    index.delete(range(100))
    index.compact()
    for query, name in zip(queries, new.tolist(), strict=True):
        found = index.query(query, 10)
        assert found[0][0, 0] == name
        assert_alike(found, index.query(query[None], 10))
    np.testing.assert_array_equal(index.take(new), queries)
    np.testing.assert_array_equal(index.vectors, np.concatenate([x[100:], queries]))
