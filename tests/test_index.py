from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.embed import Typical
from segue.errors import LibraryFormatError
from segue.index import ExactIndex, View
from segue.index.file import load, save
from segue.library import Library


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def make_index(rng: np.random.Generator, n: int = 300, dim: int = 12) -> ExactIndex:
    vectors = unit(rng.standard_normal((n, dim)))
    view = View(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32))
    return ExactIndex(view, np.arange(n) * 2, vectors, "stamp")


def test_query_gives_what_a_full_sort_gives(rng):
    index = make_index(rng)
    queries = unit(rng.standard_normal((20, 12)))
    rows, distances = index.query(queries, 7)
    expected = np.argsort(1 - queries @ index.vectors.T, axis=1)[:, :7]
    assert (rows == index.rows[expected]).all()
    assert (np.diff(distances, axis=1) >= 0).all()


def test_query_answers_only_with_rows_that_qualify(rng):
    index = make_index(rng)
    where = rng.random(300) < 0.1
    rows, _ = index.query(index.vectors[:5], 10, where)
    assert rows.shape == (5, 10)
    assert np.isin(rows, index.rows[where]).all()


@pytest.mark.parametrize(("n_allowed", "k", "expected"), [(3, 10, 3), (0, 10, 0), (300, 1000, 300)])
def test_query_gives_fewer_where_fewer_qualify(rng, n_allowed, k, expected):
    index = make_index(rng)
    where = np.arange(300) < n_allowed
    rows, distances = index.query(index.vectors[:2], k, where)
    assert rows.shape == distances.shape == (2, expected)


def test_equal_distances_are_in_the_order_of_rows(rng):
    index = make_index(rng, n=4)
    same = ExactIndex(index.view, index.rows, np.repeat(index.vectors[:1], 4, axis=0), "stamp")
    rows, _ = same.query(index.vectors[:1], 3)
    assert rows.tolist() == [[0, 2, 4]]


def test_view_makes_the_unit_of_a_dimension_irrelevant(rng):
    x = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    scaled = x * [1, 1000, 1, 0.001, 1, 1]
    a, b = View.fit([x], [None]), View.fit([scaled], [None])
    np.testing.assert_allclose(a([x]) @ a([x]).T, b([scaled]) @ b([scaled]).T, atol=1e-3)


def test_whitening_by_a_quarter_leaves_three_quarters_of_the_spread_between_directions(rng):
    # Two independent pairs of dimensions, one pair fully correlated: variance 2 against 1 and 1.
    shared, c, d = rng.standard_normal((3, 100_000))
    x = np.stack([shared, shared, c, d], axis=1)
    view = View.fit([x], [None])
    projected = (x - view.mean) @ view.projection
    spread = np.sort(projected.var(axis=0))[::-1]
    assert spread[0] / spread[1] == pytest.approx(2**0.75, rel=0.02)


def test_a_constant_dimension_counts_nothing(rng):
    x = rng.standard_normal((50, 3))
    with_constant = np.hstack([x, np.full((50, 1), 7.0)])
    view = View.fit([with_constant], [None])
    moved = with_constant + np.array([0, 0, 0, 5])
    np.testing.assert_allclose(view([with_constant]), view([moved]), atol=1e-6)


def test_typical_values_decide_for_a_tiny_catalogue_and_fade_in_a_large_one(rng):
    typical = Typical(np.zeros(4), np.ones(4), np.ones(4))
    off = rng.standard_normal((5000, 4)) + 100
    near, far = View.fit([off[:2]], [typical]), View.fit([off], [typical])
    assert np.abs(near.mean).max() < 30
    assert np.abs(far.mean - 100).max() < 1


def test_a_library_of_one_track_has_a_view():
    view = View.fit([np.ones((1, 5))], [Typical(np.zeros(5), np.ones(5), np.ones(5))])
    assert np.isfinite(view([np.ones((1, 5))])).all()


def test_spaces_weigh_the_same_whatever_their_size(rng):
    small, large = rng.standard_normal((500, 3)), rng.standard_normal((500, 60))
    view = View.fit([small, large], [None, None])
    variance = ((np.hstack([small, large]) - view.mean) @ view.projection).var(axis=0)
    alone = np.sort(variance)[::-1] ** (1 / 0.75)
    # The three directions of the small space hold as much as the sixty of the large one before whitening.
    assert alone[:3].sum() == pytest.approx(alone[3:].sum(), rel=0.15)


def test_a_missing_vector_leaves_the_decision_to_the_other_space(rng):
    a, b = rng.standard_normal((2, 200, 8))
    holed = b.copy()
    holed[::2] = np.nan
    view = View.fit([a, holed], [None, None])
    u = view([a, holed])
    assert np.isfinite(u).all()
    only_a = view([a, np.full_like(b, np.nan)])
    np.testing.assert_allclose(u[::2], only_a[::2], atol=1e-6)


@pytest.fixture
def saved(tmp_path, library: Library):
    snapshot = library.snapshot()
    index = ExactIndex.build(snapshot, {})
    path = tmp_path / "descriptors.index"
    specs = [space.spec for space in snapshot.spaces.values()]
    save(path, index, specs)
    return path, index, specs


def test_a_saved_index_comes_back_as_it_was(saved):
    path, index, specs = saved
    loaded = load(path, specs)
    assert loaded.stamp == index.stamp
    assert (loaded.rows == index.rows).all()
    assert (loaded.vectors == index.vectors).all()
    assert (loaded.view.projection == index.view.projection).all()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_index_of_another_spec_is_refused(saved):
    path, _, (spec,) = saved
    with pytest.raises(LibraryFormatError, match="expected"):
        load(path, [replace(spec, version=99)])


def test_every_damage_of_an_index_is_noticed(saved):
    path, _, specs = saved
    whole = path.read_bytes()

    @settings(max_examples=300, deadline=None)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def damage(at: int, change: int, cut: bool) -> None:
        damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(LibraryFormatError):
            load(path, specs)

    damage()


def test_a_damaged_index_file_is_built_again(tmp_path, music):
    folder = next(iter(music.values())).parent
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(folder)
        before = library.similar("Low number 0", k=3).matches
        (path,) = (tmp_path / "library" / "index").glob("*.index")
        path.write_bytes(path.read_bytes()[:-100])
        after = library.similar("Low number 0", k=3).matches
        assert [match.track for match in after] == [match.track for match in before]
        np.testing.assert_allclose([m.score for m in after], [m.score for m in before], atol=1e-4)
        load(path, [library.snapshot().spaces["descriptors-1"].spec])
