from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import IndexFormatError
from segue.index import Index
from segue.library import Library
from segue.views.spec import ViewSpec
from segue.views.transform import ViewTransform
from segue.views.view_index import ViewIndex


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def make_index(rng: np.random.Generator, n: int = 300, dim: int = 12) -> ViewIndex:
    vectors = unit(rng.standard_normal((n, dim)))
    view = ViewTransform(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32))
    index = Index.build(vectors, metric="dot")
    return ViewIndex(ViewSpec(), view, np.arange(n) * 2, np.arange(n) + 7, index, "stamp", ())


def test_query_gives_what_a_full_sort_gives(rng):
    index = make_index(rng)
    queries = unit(rng.standard_normal((20, 12)))
    places, distances = index.query(queries, 7)
    expected = np.argsort(1 - queries @ index.vectors.T, axis=1)[:, :7]
    assert (places == expected).all()
    assert (np.diff(distances, axis=1) >= 0).all()


def test_query_answers_only_with_rows_that_qualify(rng):
    index = make_index(rng)
    where = rng.random(300) < 0.1
    places, _ = index.query(index.vectors[:5], 10, where)
    assert places.shape == (5, 10)
    assert where[places].all()


@pytest.mark.parametrize(("n_allowed", "k", "expected"), [(3, 10, 3), (0, 10, 0), (300, 1000, 300)])
def test_query_gives_fewer_where_fewer_qualify(rng, n_allowed, k, expected):
    index = make_index(rng)
    where = np.arange(300) < n_allowed
    places, distances = index.query(index.vectors[:2], k, where)
    assert places.shape == distances.shape == (2, expected)


def test_equal_distances_are_in_the_order_of_rows(rng):
    index = make_index(rng, n=4)
    same = replace(index, index=Index.build(np.repeat(index.vectors[:1], 4, axis=0), metric="dot"))
    places, _ = same.query(index.vectors[:1], 3)
    assert places.tolist() == [[0, 1, 2]]


@pytest.fixture
def saved(tmp_path, library: Library):
    snapshot = library.snapshot()
    index = ViewIndex.build(snapshot, {})
    path = tmp_path / "descriptors.index"
    specs = [space.spec for space in snapshot.spaces.values()]
    index.save(path, specs)
    return path, index, specs


def test_a_saved_index_comes_back_as_it_was(saved):
    path, index, specs = saved
    loaded = ViewIndex.load(path, specs)
    assert loaded.stamp == index.stamp
    assert (loaded.rows == index.rows).all()
    assert (loaded.vectors == index.vectors).all()
    assert (loaded.transform.projection == index.transform.projection).all()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_index_of_another_spec_is_refused(saved):
    path, _, (spec,) = saved
    with pytest.raises(IndexFormatError, match="expected"):
        ViewIndex.load(path, [replace(spec, version=99)])


@pytest.mark.slow
def test_every_damage_of_an_index_is_noticed(saved):
    path, _, specs = saved
    whole = path.read_bytes()

    @settings(max_examples=300, deadline=None)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def damage(at: int, change: int, cut: bool) -> None:
        damaged = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(IndexFormatError):
            ViewIndex.load(path, specs)

    damage()


def test_a_damaged_index_file_is_built_again(tmp_path, music):
    folder = next(iter(music.values())).parent
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(folder)
        before = library.similar("Low number 0", k=3).matches
        path = tmp_path / "library" / "index" / "default.index"
        path.write_bytes(path.read_bytes()[:-100])
    with Library.open(tmp_path / "library") as library:
        after = library.similar("Low number 0", k=3).matches
        assert [match.track for match in after] == [match.track for match in before]
        np.testing.assert_allclose([m.score for m in after], [m.score for m in before], atol=1e-4)
        ViewIndex.load(path, [library.snapshot().spaces["descriptors-1"].spec])


@pytest.mark.parametrize("form", ["", "/flattened", "/frames"])
@pytest.mark.parametrize("transform", ["", "/raw", "/centred", "/fitted"])
def test_a_scanned_library_can_be_asked_in_every_view(scanned, form, transform):
    with Library.open(scanned) as library:
        seed = next(iter(library))
        found = library.similar(seed, k=3, view=f"descriptors-1{form}{transform}")
        assert len(found.matches) == 3
        assert {match.track.artist for match in found.matches} == {seed.artist}
