"""The layout of a map: groups that are known by construction stay together, and files are checked."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import UsageError
from segue.index import Index
from segue.library import Library
from segue.map import Map, compute_layout, neighbor_graph, principal_plane, scale_to_square
from segue.map.layout import attraction, repulsion
from segue.progress import Silent
from tests.index_data import clustered


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def nearest(x, k=15):
    index = Index.build(x, metric="dot")
    return index.neighbors(index.ids, k)


def kept(neighbors, xy, k=10):
    """The share of the k nearest that are among the k nearest in the plane."""
    index = Index.build(np.ascontiguousarray(xy, np.float32), metric="euclidean")
    found = index.neighbors(index.ids, k)[0]
    return np.mean([len(set(a) & set(b)) / k for a, b in zip(neighbors[:, :k], found, strict=True)])


@pytest.fixture(scope="module")
def groups():
    """Five tight groups in 16 dimensions: unit rows, and the group of each."""
    rng = np.random.default_rng(2)
    numbers = np.repeat(np.arange(5), 60)
    centers = rng.standard_normal((5, 16))
    return unit(centers[numbers] + 0.25 * rng.standard_normal((300, 16))), numbers


@pytest.mark.slow
def test_groups_stay_together_and_apart(groups):
    x, numbers = groups
    xy = scale_to_square(compute_layout(principal_plane(x), neighbor_graph(*nearest(x))))
    assert xy.shape == (300, 2)
    assert xy.dtype == np.float32
    assert np.abs(xy).max() == pytest.approx(1)
    index = Index.build(xy, metric="euclidean")
    found = index.neighbors(index.ids, 10)[0]
    assert (numbers[found] == numbers[:, None]).mean() > 0.97


@pytest.mark.slow
def test_the_layout_keeps_more_neighbors_than_principal_components():
    x = clustered(1500, 24, seed=3)[0]
    x = unit(x - x.mean(axis=0))
    neighbors, distances = nearest(x)
    start = principal_plane(x)
    assert kept(neighbors, compute_layout(start, neighbor_graph(neighbors, distances))) > 1.5 * kept(
        neighbors, start
    )


@pytest.mark.slow
def test_the_same_seed_gives_the_same_map(groups):
    x, _ = groups
    graph = neighbor_graph(*nearest(x))
    one, same, other = (compute_layout(principal_plane(x), graph, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_forces_are_those_of_the_equations(rng):
    x = unit(rng.standard_normal((40, 5)))
    graph = neighbor_graph(*nearest(x, 6))
    y = rng.standard_normal((40, 2)).astype(np.float32)
    expected = np.zeros((40, 2))
    for i in range(40):
        for at in range(graph.starts[i], graph.starts[i + 1]):
            gap = y[i] - y[graph.targets[at]]
            expected[i] += graph.weights[at] * gap / (1 + gap @ gap)
    np.testing.assert_allclose(attraction(y, graph), expected, rtol=1e-4, atol=1e-5)


def test_pulls_in_blocks_are_those_of_the_whole(rng, monkeypatch):
    x = unit(rng.standard_normal((300, 5)))
    graph = neighbor_graph(*nearest(x, 6))
    y = rng.standard_normal((300, 2)).astype(np.float32)
    whole = attraction(y, graph)
    monkeypatch.setattr("segue.map.layout.EDGES_AT_ONCE", 97)
    np.testing.assert_allclose(attraction(y, graph), whole, rtol=1e-5, atol=1e-6)


def test_pushes_cancel_each_other_out_and_lead_away(rng):
    y = rng.standard_normal((50, 2)).astype(np.float32)
    forces = repulsion(y, 200, rng)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-2)
    assert ((forces * (y - y.mean(axis=0))).sum(axis=1) > 0).mean() > 0.8


def test_the_graph_goes_both_ways_with_one_weight(rng):
    x = unit(rng.standard_normal((60, 5)))
    graph = neighbor_graph(*nearest(x, 6))
    edges = {}
    for i in range(60):
        for at in range(graph.starts[i], graph.starts[i + 1]):
            edges[i, int(graph.targets[at])] = graph.weights[at]
    assert all(edges[j, i] == weight for (i, j), weight in edges.items())
    assert 0 < min(edges.values()) <= max(edges.values()) <= 1
    assert all(max(w for (i, _), w in edges.items() if i == row) == pytest.approx(1) for row in range(60))


def test_the_graph_does_without_neighbors_that_are_not_there():
    neighbors = np.array([[1, -1], [0, -1], [1, 0]])
    graph = neighbor_graph(neighbors, np.array([[0.1, np.inf], [0.1, np.inf], [0.3, 0.4]]))
    assert graph.starts[-1] == len(graph.targets) == 6
    assert np.isfinite(graph.weights).all()


def test_copies_lie_in_the_same_place_and_nothing_is_lost():
    x = np.repeat(unit(np.random.default_rng(0).standard_normal((3, 6))), 10, axis=0)
    xy = scale_to_square(compute_layout(principal_plane(x), neighbor_graph(*nearest(x))))
    assert np.isfinite(xy).all()


def test_rows_that_are_all_the_same_have_a_map():
    x = np.ones((20, 4), np.float32)
    assert np.isfinite(
        scale_to_square(compute_layout(principal_plane(x), neighbor_graph(*nearest(x, 5))))
    ).all()


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_a_few_rows_lie_where_their_principal_components_are(n, rng):
    x = unit(rng.standard_normal((n, 6))) if n else np.zeros((0, 6), np.float32)
    xy = scale_to_square(principal_plane(x)) if n else scale_to_square(np.zeros((0, 2)))
    assert xy.shape == (n, 2)
    assert np.isfinite(xy).all()


class Recorder(Silent):
    def __init__(self):
        self.total, self.seen = None, []

    def begin(self, total, unit):
        self.total = total

    def advance(self, done, tally=""):
        self.seen.append(done)


class Interrupting(Silent):
    def advance(self, done, tally=""):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_progress_is_shown_and_can_end_the_layout(groups):
    x, _ = groups
    graph = neighbor_graph(*nearest(x))
    follower = Recorder()
    compute_layout(principal_plane(x), graph, progress=follower)
    assert follower.seen == list(range(1, follower.total + 1))
    with pytest.raises(KeyboardInterrupt):
        compute_layout(principal_plane(x), graph, progress=Interrupting())


# In a library


@pytest.fixture
def own(music, tmp_path):
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(next(iter(music.values())).parent)
        yield library


def test_every_track_is_on_the_map_near_similar_ones(own):
    found = own.map()
    assert found.ids == [track.id for track in own]
    kinds = [own[track_id].artist for track_id in found.ids]
    gaps = np.linalg.norm(found.xy[:, None] - found.xy, axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert np.mean([kinds[i] == kinds[j] for i, j in enumerate(gaps.argmin(axis=1))]) >= 0.75


def test_a_second_map_comes_from_the_file(own, monkeypatch):
    first = own.map()

    def never(*_, **__):
        raise AssertionError("laid out again")

    monkeypatch.setattr("segue.recommend.map.compute_layout", never)
    again = own.map()
    assert again.ids == first.ids
    np.testing.assert_array_equal(again.xy, first.xy)


def test_a_map_is_made_again_when_tracks_go(own, music):
    before = own.map()
    gone = own.find("Low number 1")
    copy = music["low1"].read_bytes()
    music["low1"].unlink()
    try:
        own.scan(music["low1"].parent)
        after = own.map()
    finally:
        music["low1"].write_bytes(copy)
    assert set(before.ids) - set(after.ids) == {gone.id}


def test_a_damaged_map_is_made_again(own):
    first = own.map()
    path = own.path / "index" / "default.map"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = own.map()
    assert again.ids == first.ids
    np.testing.assert_array_equal(again.xy, first.xy)


def test_an_interrupted_map_leaves_nothing(own):
    with pytest.raises(KeyboardInterrupt):
        own.map(progress=Interrupting())
    assert not list((own.path / "index").glob("*map*"))
    assert len(own.map().ids) == 12


@pytest.mark.parametrize("by", ["nope", "title", ""])
def test_groups_that_there_are_not_are_refused_with_those_there_are(by):
    a_map = Map([], np.zeros((0, 2), np.float32))
    for use in (a_map.to_svg, a_map.to_pandas, a_map.plot, a_map.legend):
        with pytest.raises(UsageError, match=f"^no groups '{by}'; there are cluster, genre, artist, album$"):
            use(by)
