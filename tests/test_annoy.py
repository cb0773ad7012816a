"""``segue.annoy`` takes items, builds and answers as Annoy does, in memory and on disk."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.annoy import AnnoyIndex, ItemError, SizeError
from segue.errors import UsageError, VectorError
from segue.index import Index
from tests.annoy_indexes import METRICS, brute, filled, small
from tests.golden.annoy.make_annoy import ITEMS, N_TREES, SIZES, vectors


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest) -> str:
    return request.param


# Answers


def test_neighbors_are_those_of_the_definition(metric: str, rng: np.random.Generator):
    rows = rng.standard_normal((300, 20)).astype(np.float32)
    rows = (rows > 0).astype(np.float32) if metric == "hamming" else rows
    index = small(*rows.tolist(), metric=metric)
    index.build(10)
    for i in range(0, 300, 25):
        wanted = brute(rows, rows[i], metric)
        order = np.lexsort((np.arange(300), np.arange(300) != i, -wanted if metric == "dot" else wanted))
        found, gaps = index.get_nns_by_item(i, 12, include_distances=True)
        assert found == order[:12].tolist()
        assert gaps == pytest.approx(wanted[order[:12]], abs=1e-6)
        assert index.get_nns_by_vector(rows[i], 12, -1, True)[1] == gaps
        assert index.get_distance(i, 5) == pytest.approx(wanted[5], abs=1e-6)


def test_answers_are_lists_of_pythons_own_numbers():
    index = filled("angular")
    found = index.get_nns_by_item(0, 3)
    both = index.get_nns_by_vector(vectors("angular")[0], 3, -1, True)
    assert (type(found), type(found[0])) == (list, int)
    assert (type(both), type(both[0]), type(both[1]), type(both[1][0])) == (tuple, list, list, float)
    assert type(index.get_item_vector(0)) is list
    assert type(index.get_distance(0, 1)) is float


def test_an_item_is_the_first_of_its_neighbors_even_among_copies():
    index = small([1, 2], [1, 2], [1, 2], [3, 4])
    index.build(10)
    assert index.get_nns_by_item(2, 2, include_distances=True) == ([2, 0], [0.0, 0.0])
    assert index.get_nns_by_item(1, 1) == [1]
    assert index.get_nns_by_vector([1, 2], 3) == [0, 1, 2]


def test_dot_gives_products_the_largest_first():
    index = small([0, 0, 2], [0, 1, 1], [1, 0, 0], [0, 0, 0], metric="dot")
    index.build(10)
    assert index.get_nns_by_item(0, 4, -1, True) == ([0, 1, 2, 3], [4, 2, 0, 0])
    assert index.get_nns_by_vector([2, 2, 2], 3, -1, True) == ([0, 1, 2], [4, 4, 2])
    assert index.get_distance(0, 1) == 2


def test_more_than_there_are_gives_all_and_minus_one_does_too():
    index = small([0, 1], [1, 1], [5, 1])
    index.build(10)
    assert index.get_nns_by_item(0, 100) == index.get_nns_by_item(0, -1) == [0, 1, 2]
    assert index.get_nns_by_item(0, 0) == []
    assert index.get_nns_by_vector([0, 1], 0, include_distances=True) == ([], [])


def test_an_index_of_nothing_answers_nothing(tmp_path: Path):
    index = AnnoyIndex(3, "angular")
    index.build(10)
    index.save(tmp_path / "nothing")
    index = AnnoyIndex(3, "angular")
    index.load(tmp_path / "nothing")
    assert (index.get_n_items(), index.get_nns_by_vector([1, 2, 3], 5)) == (0, [])


def test_hamming_takes_what_is_above_a_half_as_a_bit():
    index = small([0.4, 0.6, 2, -1], [0, 1, 0, 0], metric="hamming")
    assert index.get_item_vector(0) == [0, 1, 1, 0]
    assert index.get_distance(0, 1) == 1
    index.build(1)
    assert (index.index.dim, index.index.dtype) == (1, np.uint8)


# Items


def test_items_come_in_any_order_with_gaps_and_may_be_replaced(tmp_path: Path):
    index = AnnoyIndex(2, "euclidean")
    for i, x in ((5, 5), (2**40, 9), (3, 3), (5, 6), (4, 4), (3, 2)):
        index.add_item(i, [x, 0])
    assert (index.get_item_vector(5), index.get_item_vector(3)) == ([6, 0], [2, 0])
    assert index.get_n_items() == 2**40 + 1
    index.build(10)
    index.save(tmp_path / "gaps")
    assert index.get_nns_by_item(3, 10) == [3, 4, 5, 2**40]
    assert (index.get_n_items(), len(index.index)) == (2**40 + 1, 4)
    for i in (0, 6, -1, 2**40 + 1, 2**70):
        with pytest.raises(IndexError, match=f"no item {i}"):
            index.get_nns_by_item(i, 2)
        with pytest.raises(UsageError):
            index.get_item_vector(i)
        with pytest.raises(ItemError):
            index.get_distance(3, i)


def test_unknown_items_are_unknown_before_the_build_too():
    index = small([1, 2])
    for i in (-1, 1):
        with pytest.raises(IndexError):
            index.get_item_vector(i)
    with pytest.raises(IndexError, match="the item -1 is negative"):
        index.add_item(-1, [1, 2])
    with pytest.raises(TypeError):
        index.add_item(1.5, [1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "vector", [(1, 2, 3), np.array([1, 2, 3], np.uint8), np.array([1.0, 2, 3], ">f4"), [True, 2, 3.0]]
)
def test_vectors_are_any_sequence_of_numbers(vector: Any):
    assert small(vector).get_item_vector(0) == [1, 2, 3]


def test_vectors_without_a_place_are_refused_with_their_item_named():
    index = AnnoyIndex(2, "angular")
    for vector, reason in (
        ([1, np.nan], "item 7 is not finite"),
        ([np.inf, 1], "item 7 is not finite"),
        ([1e39, 1], "item 7 is not finite"),
        ([0, 0], "item 7 is zero, which has no direction"),
        ([1e-30, 0], "item 7 is of a length that float32 cannot square"),
        (["1", "2"], "item 7 holds .* expected numbers"),
        ([1, 2, 3], r"item 7 has wrong length \(expected 2, got 3\)"),
        ([[1, 2]], r"expected 2, got \(1, 2\)"),
        ([], "got 0"),
    ):
        with pytest.raises(VectorError, match=reason) as caught:
            index.add_item(7, vector)
        assert caught.value.row == 7
    with pytest.raises(IndexError):
        index.add_item(7, [1])
    index.add_item(0, [1, 1])
    index.build(1)
    with pytest.raises(VectorError, match="the vector asked for is zero"):
        index.get_nns_by_vector([0, 0], 1)
    with pytest.raises(SizeError, match="expected 2, got 1"):
        index.get_nns_by_vector([0], 1)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "dot", "hamming"])
def test_only_angular_needs_a_direction(metric: str):
    index = small([0, 0], [1, 1], metric=metric)
    index.build(1)
    assert index.get_nns_by_item(0, 1) in ([0], [1])


# Order of calls


def test_items_are_refused_once_the_index_is_built_saved_or_loaded(tmp_path: Path):
    index = small([1, 2])
    index.build(10)
    for again in (lambda: None, lambda: index.save(tmp_path / "x"), lambda: index.load(tmp_path / "x")):
        again()
        with pytest.raises(UsageError, match="cannot add to an index that is built, saved or loaded"):
            index.add_item(1, [3, 4])
        with pytest.raises(UsageError, match=r"cannot build an index .* call unbuild first"):
            index.build(10)
        with pytest.raises(UsageError, match="cannot move"):
            index.on_disk_build(tmp_path / "y")
    assert index.get_n_items() == 1


def test_nothing_is_asked_or_saved_before_the_build(tmp_path: Path):
    index = small([1, 2])
    for ask in (lambda: index.get_nns_by_item(0, 1), lambda: index.get_nns_by_vector([1, 2], 1)):
        with pytest.raises(UsageError, match="not built: call build first"):
            ask()
    with pytest.raises(OSError, match="call build first"):
        index.save(tmp_path / "x")
    assert not list(tmp_path.iterdir())
    assert (index.get_n_items(), index.get_n_trees(), index.get_distance(0, 0)) == (1, 0, 0)


@pytest.mark.parametrize("loaded", [False, True])
def test_unbuild_lets_items_be_added_again(tmp_path: Path, loaded: bool):
    index = small([1, 0], [2, 0])
    index.build(10)
    if loaded:
        index.save(tmp_path / "x")
    before = index.index
    assert index.unbuild()
    assert index.unbuild()
    assert (index.get_n_trees(), index.get_n_items()) == (0, 2)
    for i in range(2, 200):
        index.add_item(i, [i + 1, 0])
    index.add_item(0, [9, 9])
    index.build(10)
    assert index.get_nns_by_vector([3.9, 0], 2) == [3, 2]
    assert (index.get_item_vector(0), before.vector(0).tolist()) == ([9, 9], [1, 0])


def test_unload_forgets_the_items(tmp_path: Path):
    index = small([1, 0], [2, 0])
    index.build(10)
    index.save(tmp_path / "x")
    index.unload()
    assert (index.get_n_items(), index.get_n_trees()) == (0, 0)
    index.add_item(0, [5, 5])
    assert index.get_n_items() == 1


@pytest.mark.parametrize(
    ("f", "metric", "reason"),
    [
        (3, "cosine", "unknown metric 'cosine'; there are angular"),
        (0, "dot", "f is 0"),
        (-1, "dot", "f is -1"),
    ],
)
def test_a_metric_or_size_that_cannot_be_is_refused(f: int, metric: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        AnnoyIndex(f, metric)


def test_numbers_that_mean_nothing_are_refused():
    index = small([1, 2])
    for n_trees, n_jobs in ((0, -1), (-2, -1), (1, 0), (1, -2)):
        with pytest.raises(UsageError, match=f"n_trees is {n_trees} and n_jobs {n_jobs}"):
            index.build(n_trees, n_jobs)
    index.build(1)
    for n, search_k in ((-2, -1), (1, 0), (1, -2)):
        with pytest.raises(UsageError, match=f"n is {n} and search_k {search_k}"):
            index.get_nns_by_item(0, n, search_k)


def test_an_interrupted_build_leaves_items_that_can_be_added_to(monkeypatch: pytest.MonkeyPatch):
    index = small([1, 0], [2, 0])
    with monkeypatch.context() as patch:
        patch.setattr(Index, "build", lambda matrix, **_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index.build(10)
    for i in range(2, 100):
        index.add_item(i, [i + 1, 0])
    index.build(10)
    assert index.get_nns_by_item(50, 3) == [50, 49, 51]


def test_f_is_there_and_the_metric_may_be_left_out():
    index = AnnoyIndex(f=4)
    assert index.f == 4
    index.add_item(i=0, vector=[1, 0, 0, 0])
    index.add_item(1, [0, 2, 0, 0])
    assert index.get_distance(0, 1) == pytest.approx(2**0.5)


def test_every_method_of_annoys_gives_what_annoys_gives(tmp_path: Path):
    index = AnnoyIndex(2, metric="euclidean")
    assert index.verbose(False) is True
    assert index.set_seed(3) is None
    assert index.add_item(0, [1, 2]) is None
    assert index.build(n_trees=-1, n_jobs=1) is True
    assert index.get_n_trees() == 20
    assert index.save(str(tmp_path / "x"), prefault=True) is True
    assert index.load(fn=str(tmp_path / "x"), prefault=True) is True
    assert index.get_nns_by_item(i=0, n=1, search_k=5, include_distances=False) == [0]
    assert index.get_nns_by_vector(vector=[1, 2], n=1, search_k=-1, include_distances=True) == ([0], [0.0])
    assert index.unbuild() is True
    assert index.unload() is True
    assert index.on_disk_build(fn=str(tmp_path / "y")) is True


# Building on disk


def test_building_on_disk_answers_as_in_memory_and_leaves_one_file(tmp_path: Path, metric: str):
    index = AnnoyIndex(SIZES[metric], metric)
    index.on_disk_build(tmp_path / "x")
    for i in reversed(ITEMS):
        index.add_item(i, vectors(metric)[0])
    for i in ITEMS:
        index.add_item(i, vectors(metric)[i])
    assert index.get_item_vector(3) == vectors(metric)[3].tolist()
    index.build(N_TREES)
    loaded = AnnoyIndex(SIZES[metric], metric)
    loaded.load(tmp_path / "x")
    memory = filled(metric)
    for i in ITEMS:
        asked = index.get_nns_by_item(i, 10, include_distances=True)
        assert asked == loaded.get_nns_by_item(i, 10, include_distances=True)
        assert asked[1] == memory.get_nns_by_item(i, 10, include_distances=True)[1]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_building_on_disk_holds_little_in_memory(tmp_path: Path):
    n, f = 4000, 512  # 8 MB
    index = AnnoyIndex(f, "euclidean")
    row = np.arange(f, dtype=np.float32)
    tracemalloc.start()
    try:
        index.on_disk_build(tmp_path / "x")
        for i in range(n):
            index.add_item(i, row + i)
        adding = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    index.build(10)
    assert adding < 2_500_000
    assert (tmp_path / "x").stat().st_size > 4 * n * f
    assert index.get_nns_by_item(7, 3) == [7, 6, 8]


def test_what_was_built_on_disk_can_be_added_to_and_saved_elsewhere(tmp_path: Path):
    index = AnnoyIndex(2, "euclidean")
    index.on_disk_build(tmp_path / "x")
    index.add_item(0, [1, 0])
    index.build(10)
    index.unbuild()
    index.add_item(1, [2, 0])
    index.build(10)
    index.save(tmp_path / "elsewhere")
    for name in ("x", "elsewhere"):
        loaded = AnnoyIndex(2, "euclidean")
        loaded.load(tmp_path / name)
        assert loaded.get_nns_by_item(1, 5) == [1, 0]
    assert len(list(tmp_path.iterdir())) == 2


def test_building_on_disk_begins_before_the_first_item(tmp_path: Path):
    with pytest.raises(UsageError, match="before the first add_item"):
        small([1, 2]).on_disk_build(tmp_path / "x")


# Accuracy


@pytest.fixture(scope="module")
def approximate() -> AnnoyIndex:
    """So many items that they are not all compared."""
    rows = np.random.default_rng(1).standard_normal((20_000, 24)).astype(np.float32)
    index = AnnoyIndex(24, "angular")
    for i, row in enumerate(rows):
        index.add_item(i, row)
    index.set_seed(2**63 + 5)
    index.build(10, n_jobs=1)  # idle threads of Faiss would take the other core from other tests
    assert not index.index.exact
    return index


def test_a_larger_search_k_never_lowers_the_recall(approximate: AnnoyIndex):
    asked = range(0, 2500, 25)
    true = [approximate.get_nns_by_item(i, 10, search_k=20_000) for i in asked]
    recalls = []
    for search_k in (1, 10, 30, 100, 300, 1000, 20_000):
        found = [approximate.get_nns_by_item(i, 10, search_k) for i in asked]
        recalls.append(np.mean([len({*a} & {*b}) / 10 for a, b in zip(found, true, strict=True)]))
    assert recalls == sorted(recalls)
    assert recalls[0] < 0.7
    assert 0.85 < recalls[3] < recalls[-1] == 1  # 10 trees stand for 0.9
    default = [approximate.get_nns_by_item(i, 10) for i in asked]
    assert default == [approximate.get_nns_by_item(i, 10, 100) for i in asked]


def test_an_item_is_first_however_little_is_looked_at(approximate: AnnoyIndex):
    assert all(approximate.get_nns_by_item(i, 1, 1) == [i] for i in range(0, 2500, 25))


def test_a_large_index_is_the_same_in_its_file(approximate: AnnoyIndex, tmp_path: Path):
    asked = [approximate.get_nns_by_item(i, 20, include_distances=True) for i in range(20)]
    approximate.save(tmp_path / "x")
    loaded = AnnoyIndex(24, "angular")
    loaded.load(tmp_path / "x")
    assert [loaded.get_nns_by_item(i, 20, include_distances=True) for i in range(20)] == asked


@pytest.mark.slow
def test_verbose_says_on_stderr_how_far_a_build_is(
    capsys: pytest.CaptureFixture[str], rng: np.random.Generator
):
    index = small(*rng.standard_normal((20_000, 3)).tolist())
    index.verbose(True)
    index.build(10, n_jobs=1)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "20000 of 20000 items\n")
