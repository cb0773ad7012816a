"""Small indexes answer as a full comparison in float64 does, over all metrics and types."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from segue.errors import UsageError, VectorError
from segue.index import Index, IndexOptions
from tests.index_data import as_type, bits, brute_force, order

KINDS = [
    (metric, dtype)
    for metric in ("cosine", "euclidean", "manhattan", "dot")
    for dtype in ("uint8", "int8", "float16", "float32")
] + [("hamming", "uint8")]
N, DIM = 400, 21


@cache
def built(metric, dtype, exact):
    """An index of seeded rows; tests share it and leave it as it is."""
    return Index.build(make(np.random.default_rng(7), metric, dtype), metric=metric, exact=exact)


@pytest.fixture(params=[True, False], ids=["exact", "codes"])
def index(request):
    return built("cosine", "float32", request.param)


def make(rng, metric, dtype, n=N, dim=DIM):
    x = rng.standard_normal((n, dim)).astype(np.float32)
    return bits(x, 8 * dim) if metric == "hamming" else as_type(x, dtype)


def assert_nearest(found, queries, rows, metric, k):
    """The answers are as far as the true ones, and as far as they say."""
    truth = brute_force(queries, rows, metric)
    ids, distances = found
    assert ids.shape == distances.shape == (len(queries), min(k, len(rows)))
    assert ids.dtype == np.int64
    assert distances.dtype == np.float32
    scale = np.abs(truth).max()
    expected = np.take_along_axis(truth, order(truth, k), axis=1)
    np.testing.assert_allclose(distances, expected, rtol=2e-4, atol=2e-6 * scale)
    found = np.take_along_axis(truth, ids, axis=1)
    np.testing.assert_allclose(distances, found, rtol=2e-4, atol=2e-6 * scale)
    assert all(len(set(row)) == len(row) for row in ids.tolist())


@pytest.mark.parametrize(("metric", "dtype"), KINDS)
def test_query_gives_what_a_full_comparison_in_float64_gives(rng, metric, dtype):
    rows, queries = make(rng, metric, dtype), make(rng, metric, dtype, 40)
    index = Index.build(rows, metric=metric)
    assert (index.metric, index.dtype, index.dim, index.exact) == (metric, rows.dtype, rows.shape[1], True)
    assert_nearest(index.query(queries, 9), queries, rows, metric, 9)
    for one in queries[:5]:
        assert_nearest(index.query(one, 3), one[None], rows, metric, 3)


@pytest.mark.parametrize(("metric", "dtype"), KINDS)
def test_an_index_that_compresses_gives_what_a_full_comparison_gives_with_recall_1(rng, metric, dtype):
    index, queries = built(metric, dtype, exact=False), make(rng, metric, dtype, 40)
    assert not index.exact
    assert_nearest(index.query(queries, 9, recall=1), queries, index.vectors, metric, 9)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
@pytest.mark.parametrize(("metric", "dtype"), KINDS)
def test_a_saved_index_keeps_vectors_in_their_type_and_answers_alike(tmp_path, metric, dtype, exact):
    index = built(metric, dtype, exact)
    rows, ids = index.vectors, index.ids
    path = index.save(tmp_path / "some.index")
    opened = Index.open(path)
    assert opened.vectors.dtype == rows.dtype
    assert opened.vectors.tobytes() == rows.tobytes()
    assert rows.tobytes() in path.read_bytes()
    assert (opened.metric, opened.exact, len(opened)) == (metric, exact, N)
    assert opened.ids.tolist() == ids.tolist()
    for ask in (
        lambda i: i.query(rows[:9], 6),
        lambda i: i.query(rows[3], 6),
        lambda i: i.query(rows[3], 6),  # prepared by the one before
        lambda i: i.neighbors(ids[:9], 6),
    ):
        for one, other in zip(ask(index), ask(opened), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
def test_ids_name_rows_in_all_answers_and_come_back(rng, tmp_path, exact):
    rows, names = built("cosine", "float32", exact).vectors, rng.permutation(10 * N)[:N] + 2**40
    index = Index.build(rows, ids=names, exact=exact)
    plain = built("cosine", "float32", exact)
    for one in (index, Index.open(index.save(tmp_path / "some.index"))):
        assert one.ids.tolist() == names.tolist()
        np.testing.assert_array_equal(one.query(rows, 4)[0], names[plain.query(rows, 4)[0]])
        np.testing.assert_array_equal(one.query(rows[5], 4)[0], names[plain.query(rows[5], 4)[0]])
        np.testing.assert_array_equal(one.neighbors(names, 4)[0], names[plain.neighbors(range(N), 4)[0]])


def test_angular_is_another_word_for_cosine(rng):
    rows = make(rng, "cosine", "float32")
    index = Index.build(rows, metric="angular")
    assert index.metric == "cosine"
    np.testing.assert_array_equal(index.query(rows[:3])[0], Index.build(rows).query(rows[:3])[0])


def test_an_index_needs_no_library(tmp_path):
    code = (
        "import numpy, os\n"
        "from segue.index import Index\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "rows = numpy.eye(40, dtype=numpy.float32)\n"
        "Index.build(rows).save('a.index')\n"
        "print(Index.open('a.index').query(rows[7], 1)[0].tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[[7]]\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.index"]


def test_one_query_of_one_dimension_is_one_row_of_answers(rng):
    index = Index.build(make(rng, "cosine", "float32"))
    ids, distances = index.query(list(index.vectors[4]), 3)
    assert ids.shape == distances.shape == (1, 3)
    assert ids[0, 0] == 4


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_one_query_may_be_of_any_numbers_in_any_memory_order(metric, exact):
    index = built(metric, "float32", exact)
    rows = index.vectors
    for dtype in ("float64", "float16", "int64", ">f4"):
        queries = (rows[:3] * 4).astype(dtype)
        expected = index.query(queries, 5)[0]
        for i in range(3):
            for query in (queries[i], queries[i][::-1].copy()[::-1], np.asfortranarray(queries)[i]):
                before = query.copy()
                assert index.query(query, 5)[0][0, 0] == expected[i, 0]
                np.testing.assert_array_equal(query, before)


def test_no_queries_have_no_answers(index):
    for ids, distances in (index.query(np.zeros((0, DIM), np.float32), 3), index.neighbors([], 3)):
        assert len(ids) == len(distances) == 0


@pytest.mark.parametrize("exact", [None, False], ids=["exact", "codes"])
@pytest.mark.parametrize("n", [1, 2, 3, 15, 17, 120])
def test_all_rows_are_found_if_k_is_larger(rng, n, exact):
    rows = make(rng, "euclidean", "float32", n)
    index = Index.build(rows, metric="euclidean", exact=exact)
    assert_nearest(index.query(rows[:2], 1000), rows[:2], rows, "euclidean", 1000)
    ids, distances = index.neighbors([0], 1000)
    assert sorted(ids[0]) == list(range(1, n))
    assert np.isfinite(distances).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
@pytest.mark.parametrize("exact_below", [0, 2_000])
def test_an_empty_index_of_any_kind_is_compacted_saved_and_asked_for_ids(tmp_path, metric, exact_below):
    options = IndexOptions(exact_below=exact_below)
    index = Index.build(np.zeros((0, DIM), np.float32), metric=metric, options=options)
    index.delete([])
    index.compact()
    assert 0 not in index
    assert index.query(np.ones(DIM), where=[0, 1])[0].shape == (1, 0)
    opened = Index.open(index.save(tmp_path / "an.index"))
    opened.add(np.eye(DIM, dtype=np.float32)[:1])
    assert opened.query(np.ones(DIM))[0].tolist() == [[0]]


def test_an_empty_index_answers_with_nothing_and_can_grow(rng, tmp_path):
    rows = make(rng, "cosine", "float32", 5)
    index = Index.open(Index.build(rows[:0]).save(tmp_path / "empty.index"))
    assert (len(index), index.dim, index.ids.tolist()) == (0, DIM, [])
    for k in (1, 1000):
        ids, distances = index.query(rows, k)
        assert ids.shape == distances.shape == (5, 0)
    assert index.add(rows).tolist() == [0, 1, 2, 3, 4]
    assert index.query(rows, 1)[0][:, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "dot", "hamming"])
@pytest.mark.parametrize("k", [1, 5, 50, 300, 399])
def test_equally_far_rows_come_in_the_order_in_which_they_came(rng, metric, k):
    rows = rng.integers(0, 3, (400, 5)).astype(np.uint8)
    truth = brute_force(rows[:20], rows, metric)
    ids, distances = Index.build(rows, metric=metric).query(rows[:20], k)
    np.testing.assert_array_equal(ids, order(truth, k))
    np.testing.assert_allclose(distances, np.take_along_axis(truth, ids, axis=1), rtol=1e-6)


@pytest.mark.parametrize(("metric", "dtype"), KINDS)
def test_copies_of_a_row_are_its_nearest_neighbors_at_no_distance(rng, metric, dtype):
    rows = make(rng, metric, dtype)
    if metric == "dot":
        rows[7] = 255 if dtype == "uint8" else 120  # longer than all others, so nearest to itself
    rows[[50, 200, 399]] = rows[7]
    ids, distances = Index.build(rows, metric=metric).neighbors([7, 200], 3)
    assert [sorted(row) for row in ids.tolist()] == [[50, 200, 399], [7, 50, 399]]
    if metric != "dot":
        assert distances.max() <= (1e-6 if metric == "cosine" else 0)


@pytest.mark.parametrize("exact", [None, False], ids=["exact", "codes"])
def test_neighbors_exclude_the_row_itself_by_default(rng, exact):
    rows = make(rng, "cosine", "float32")
    rows[[3, 350]] = rows[9]
    names = np.arange(N) * 3 + 1
    index = Index.build(rows, ids=names, exact=exact)
    ids, _ = index.neighbors(names, 5)
    assert ids.shape == (N, 5)
    assert not (ids == names[:, None]).any()
    assert set(ids[9, :2]) == {names[3], names[350]}
    with_self, distances = index.neighbors(names, 5, with_self=True, recall=1)
    assert (with_self == names[:, None]).sum() == N
    assert distances[:, 0].max() < 1e-6


@pytest.mark.parametrize("copies", [2, 5, 300])
def test_neighbors_of_a_row_with_more_copies_than_answers_are_copies(rng, copies):
    rows = make(rng, "euclidean", "float32")
    rows[:copies] = rows[0]
    for one in (0, copies - 1):
        ids, distances = Index.build(rows, metric="euclidean").neighbors(one, min(4, copies - 1))
        assert one not in ids
        assert ids.max() < copies
        assert not distances.any()


@pytest.mark.slow
def test_rows_that_all_are_the_same_can_be_compressed_and_found():
    rows = np.ones((3000, 20), np.float32)
    index = Index.build(rows, metric="euclidean", exact=False)
    ids, distances = index.query(rows[:2], 200)
    assert ids.shape == (2, 200)
    assert all(len(set(row)) == 200 for row in ids.tolist())
    assert not distances.any()


def test_vector_and_take_give_rows_as_they_were_given(rng):
    rows = make(rng, "cosine", "float16")
    index = Index.build(rows, ids=np.arange(N) + 100)
    np.testing.assert_array_equal(index.vector(104), rows[4])
    np.testing.assert_array_equal(index.take([300, 104]), rows[[200, 4]])
    assert 104 in index
    assert 4 not in index


@pytest.mark.parametrize("ids", [[0, 1], [0, 1, 1], [-1, 0, 1], [[0, 1, 2]]], ids=str)
def test_ids_that_do_not_name_each_row_once_are_refused(rng, ids):
    with pytest.raises(UsageError, match="3 ids"):
        Index.build(make(rng, "cosine", "float32", 3), ids=ids)


def test_a_metric_that_there_is_not_is_refused_with_those_there_are(rng):
    with pytest.raises(UsageError, match=r"'jaccard'.*manhattan"):
        Index.build(make(rng, "cosine", "float32"), metric="jaccard")


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0}, {"k": -3}, {"k": None}, {"recall": 0}, {"recall": 1.1}, {"recall": np.nan},
        {"effort": 0}, {"effort": np.nan}, {"effort": np.inf}, {"max_distance": np.nan},
    ],
    ids=str,
)  # fmt: skip
def test_arguments_without_a_meaning_are_refused(index, wrong):
    with pytest.raises(UsageError):
        index.query(index.vectors[0], **wrong)
    with pytest.raises(UsageError):
        index.neighbors(0, **wrong)


def test_an_id_that_there_is_not_is_refused_by_name(index):
    for ask in (index.neighbors, index.take, index.delete):
        with pytest.raises(UsageError, match="no id 400"):
            ask([3, 400])


NOT_PLACEABLE = [
    ("cosine", np.nan, "row 5 is not finite"),
    ("dot", np.inf, "row 5 is not finite"),
    ("euclidean", -np.inf, "row 5 is not finite"),
    ("manhattan", np.nan, "row 5 is not finite"),
    ("cosine", 0, "row 5 is zero"),
    ("cosine", 1e-30, "row 5 is of a length"),
    ("cosine", 1e30, "row 5 is of a length"),
    ("euclidean", 1e30, "row 5 is of a length"),
    ("dot", 1e30, "row 5 is of a length"),
]


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
@pytest.mark.parametrize(("metric", "value", "reason"), NOT_PLACEABLE)
def test_a_row_without_a_place_is_refused_by_name_and_changes_nothing(tmp_path, metric, value, reason, exact):
    rows = built(metric, "float32", exact).vectors
    bad = rows[:9].copy()
    bad[5] = value
    with pytest.raises(VectorError, match=reason) as caught:
        Index.build(bad, metric=metric, exact=exact)
    assert caught.value.row == 5
    index = Index.open(built(metric, "float32", exact).save(tmp_path / "a.index"))
    before = index.query(rows[:4], 20)
    for attempt in (
        lambda: index.add(bad),
        lambda: index.update(range(9), bad),
        lambda: index.query(bad),
        lambda: index.query(bad.astype(np.float64)),
    ):
        with pytest.raises(VectorError, match=reason) as caught:
            attempt()
        assert caught.value.row == 5
    with pytest.raises(VectorError, match=reason.replace("5", "0")):
        index.query(bad[5])
    assert index.ids.tolist() == list(range(N))
    for one, other in zip(before, index.query(rows[:4], 20), strict=True):
        np.testing.assert_array_equal(one, other)
    assert index.add(rows[:1]).tolist() == [N]
    np.testing.assert_array_equal(index.vector(N), rows[0])


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint16", "bool", ">f4", "complex64", "U3", "object"])
def test_a_type_that_is_not_kept_is_refused(rng, dtype):
    rows = make(rng, "cosine", "uint8")
    with pytest.raises(VectorError, match="expected one of uint8"):
        Index.build(rows.astype(dtype))
    index = Index.build(rows)
    for change in (index.add, lambda x: index.update(range(N), x)):
        with pytest.raises(VectorError, match="the index is of uint8"):
            change(rows.astype(dtype))
    assert len(index) == N


@pytest.mark.parametrize("dtype", ["complex64", "U3", "object"])
def test_a_query_without_numbers_is_refused(index, dtype):
    index.query(index.vectors[0], 3)
    for query in (index.vectors[0], index.vectors[:2]):
        with pytest.raises(VectorError, match="expected numbers"):
            index.query(query.astype(dtype), 3)


@pytest.mark.parametrize("shape", [(2, DIM + 1), (2, DIM - 1), (2, 0), (2, 3, DIM), ()])
def test_a_wrong_size_is_refused(index, shape):
    index.query(index.vectors[0], 10)
    wrong = np.ones(shape, np.float32)
    for attempt in (index.query, index.add, lambda x: index.update([0, 1], x)):
        with pytest.raises(VectorError, match="expected"):
            attempt(wrong)
    with pytest.raises(VectorError, match="expected"):
        index.query(np.ones(DIM + 1, np.float32))
    assert len(index) == N


def test_hamming_refuses_what_is_not_packed_bits(rng):
    with pytest.raises(VectorError, match="packbits"):
        Index.build(make(rng, "cosine", "float32"), metric="hamming")
    index = Index.build(make(rng, "hamming", "uint8"), metric="hamming")
    with pytest.raises(VectorError, match="packbits"):
        index.query(np.ones((2, DIM), np.float32))


def test_a_path_to_something_else_than_npy_is_refused(tmp_path):
    (tmp_path / "text.npy").write_text("no matrix")
    (tmp_path / "empty.npy").touch()
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(tmp_path / "whole.npz", vectors=np.ones((2, 2)))
    for name in ("text.npy", "nothing.npy", "empty.npy", "cut.npz", "whole.npz"):
        with pytest.raises(UsageError, match=name):
            Index.build(tmp_path / name)
