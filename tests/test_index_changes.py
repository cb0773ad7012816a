"""Indexes that change: rows that come, go and are replaced while others ask."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from segue.errors import UsageError, VectorError
from segue.index import Index, search
from tests.index_data import brute_force, clustered, order

N, DIM = 6_000, 24


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return clustered(N + 2_000, DIM, seed=3)[0]


@pytest.fixture
def index(rows) -> Index:
    """With lists, though it is small."""
    return Index.build(rows[:N], metric="cosine", exact=False)


def recall(index: Index, queries: np.ndarray, kept: np.ndarray, ids: np.ndarray) -> float:
    """Of the ten nearest, against NumPy; ``kept`` are the rows that there should be, called ``ids``."""
    truth = ids[order(brute_force(queries, kept, "cosine"), 10)]
    found, _ = index.query(queries, 10)
    pairs = zip(found.tolist(), truth.tolist(), strict=True)
    return float(np.mean([len(set(one) & set(other)) / 10 for one, other in pairs]))


@pytest.mark.parametrize("exact", [True, False])
def test_what_is_added_deleted_and_updated_is_seen_at_once(rows, exact):
    index = Index.build(rows[:N], metric="cosine", exact=exact)
    new = rows[N : N + 3]
    assert index.add(new).tolist() == [N, N + 1, N + 2]
    assert index.query(new, 1)[0].ravel().tolist() == [N, N + 1, N + 2]
    index.delete([N + 1])
    assert index.query(new[1], 5)[0].ravel().tolist().count(N + 1) == 0
    assert N + 1 not in index
    index.update([N], rows[N + 10 : N + 11])
    assert index.query(rows[N + 10], 1)[0].item() == N
    assert index.query(new[0], 1)[0].item() != N
    assert len(index) == N + 2
    np.testing.assert_array_equal(index.vector(N), rows[N + 10])


def test_what_cannot_be_changed_is_refused_and_nothing_is_changed(index, rows):
    before = index.query(rows[:20], 5)
    for wrong in (
        lambda: index.add(rows[:1], ids=[5]),
        lambda: index.add(rows[:1], ids=[-1]),
        lambda: index.add(rows[:2], ids=[N + 7, N + 7]),
        lambda: index.delete([3, N + 99]),
        lambda: index.update([N + 99], rows[:1]),
        lambda: index.update([1, 2], rows[:1]),
    ):
        with pytest.raises(UsageError):
            wrong()
    with pytest.raises(VectorError, match="row 1 is not finite"):
        index.add(np.array([rows[0], np.full(DIM, np.nan)], np.float32))
    with pytest.raises(VectorError):
        index.update([1], np.zeros((1, DIM), np.float32))
    assert len(index) == N
    after = index.query(rows[:20], 5)
    np.testing.assert_array_equal(after[0], before[0])


def test_a_fifth_of_the_rows_may_change_without_loss(index, rows):
    queries = rows[N + 1_500 :]
    rng = np.random.default_rng(0)
    gone = rng.choice(N, N // 5, replace=False)
    index.delete(gone)
    added = index.add(rows[N : N + N // 5])
    ids = np.concatenate([np.setdiff1d(np.arange(N), gone), added])
    kept = np.concatenate([np.delete(rows[:N], gone, axis=0), rows[N : N + N // 5]])
    fresh = recall(Index.build(kept, metric="cosine", exact=False), queries, kept, np.arange(len(kept)))
    assert recall(index, queries, kept, ids) >= fresh - 0.03
    index.compact()
    assert recall(index, queries, kept, ids) >= fresh - 0.03
    np.testing.assert_array_equal(np.sort(index.ids), np.sort(ids))


def test_saving_keeps_ids_and_drops_what_was_deleted(index, rows, tmp_path):
    index.delete(np.arange(0, N, 2))
    index.add(rows[N : N + 10])
    path = index.save(tmp_path / "changed.index", own_vectors=True)
    opened = Index.open(path)
    assert len(opened) == N // 2 + 10
    np.testing.assert_array_equal(opened.ids, index.ids)
    np.testing.assert_array_equal(opened.query(rows[:50], 5)[0], index.query(rows[:50], 5)[0])
    assert opened.add(rows[:1]).tolist() == [N + 10]
    assert path.stat().st_size < index.save(tmp_path / "whole", own_vectors=True).stat().st_size * 1.01


def test_a_reader_keeps_what_it_opened_while_the_file_is_replaced(index, rows, tmp_path):
    path = index.save(tmp_path / "x.index", own_vectors=True)
    reader = Index.open(path)
    before = reader.query(rows[:50], 5)
    index.delete(np.unique(before[0][:, 0]))
    index.save()
    np.testing.assert_array_equal(reader.query(rows[:50], 5)[0], before[0])
    assert not np.isin(Index.open(path).query(rows[:50], 5)[0], np.unique(before[0][:, 0])).any()


def test_readers_see_one_moment_each_while_another_thread_changes_the_index(index, rows):
    stop, failures = threading.Event(), []
    deleted: list[int] = []

    def read() -> None:
        while not stop.is_set():
            gone = set(deleted)  # before the query begins
            found, distances = index.query(rows[:64], 10)
            if gone & set(found.ravel().tolist()) or not np.isfinite(distances).all():
                failures.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for i in range(0, 600, 20):
        index.delete(range(i, i + 20))
        deleted.extend(range(i, i + 20))
        index.add(rows[N + i : N + i + 20])
        if i % 200 == 0:
            index.compact()
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert len(index) == N


SHARES = (0.5, 0.1, 0.02, 0.001)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("near", [False, True], ids=["anywhere", "in some clusters"])
def test_filters_find_k_of_what_qualifies(share, near, monkeypatch):
    monkeypatch.setattr(search, "FILTERED_EXACTLY", 200)  # so that the lists are looked into
    x, labels = clustered(20_200, 16, seed=9)
    kept, queries = x[:20_000], x[20_000:]
    index = Index.build(kept, metric="euclidean", exact=False)
    rng = np.random.default_rng(1)
    where = labels[:20_000] < share * 150 if near and share * 150 >= 1 else rng.random(20_000) < share
    allowed = np.flatnonzero(where)
    k = min(10, len(allowed))
    truth = allowed[order(brute_force(queries, kept[allowed], "euclidean"), k)]
    for asked in (where, allowed):
        found, _ = index.query(queries, k, where=asked)
        assert found.shape == (200, k)
        assert where[found].all()
        hits = [len(set(f) & set(t)) / k for f, t in zip(found.tolist(), truth.tolist(), strict=True)]
        assert np.mean(hits) >= 0.95


def test_filters_give_all_that_qualify_where_they_are_few_and_leave_the_row_out(index):
    allowed = [5, 17, 200]
    found, distances = index.query(index.vectors[5], 10, where=allowed)
    assert sorted(found[0].tolist()) == allowed
    found, distances = index.neighbours(5, 10, where=allowed)
    assert sorted(found[0][found[0] >= 0].tolist()) == [17, 200]
    assert np.isfinite(distances[0][found[0] >= 0]).all()
    assert index.query(index.vectors[5], 3, where=np.zeros(N, np.bool_))[0].size == 0
    with pytest.raises(UsageError, match=r"expected \(6000,\)"):
        index.query(index.vectors[5], 3, where=np.ones(7, np.bool_))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_within_gives_what_is_near_enough(rows, metric):
    index = Index.build(rows[:N], metric=metric)
    gaps = brute_force(rows[:20], rows[:N], metric)
    limit = float(np.quantile(gaps, 0.02))
    found, distances = index.query(rows[:20], None, within=limit)
    for row, distance, gap in zip(found, distances, gaps, strict=True):
        near = set(np.flatnonzero(gap <= limit * (1 - 1e-4)).tolist())
        assert near <= set(row[row >= 0].tolist())
        assert (gap[row[row >= 0]] <= limit * (1 + 1e-4)).all()
        assert np.isinf(distance[row < 0]).all()
    few, _ = index.query(rows[:20], 3, within=limit)
    assert few.shape[1] <= 3
