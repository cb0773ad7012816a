"""Scores allow for how crowded a track's neighborhood is, so that no track is near to everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.index.index import Index
from segue.library import Library
from segue.recommend.retrieval_metrics import hubness
from segue.track import Vectors
from segue.views.local_scaling import LEAST_ITEMS, LocalScales, scaled_scores
from segue.views.spec import ViewSpec
from segue.views.view_index import ViewIndex
from tests.written_library import new_library, song


def unit(x: Vectors) -> Vectors:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def index_of(vectors: Vectors) -> ViewIndex:
    """In which vectors of length 1 are compared as a fitted view compares them."""
    index, rows = Index.build(vectors, metric="dot", exact=True), np.arange(len(vectors))
    return ViewIndex(ViewSpec(), None, rows, rows, index, "", (), LocalScales.measure(index))


def hubs(index: ViewIndex) -> float:
    return hubness(index.neighbors(index.rows, 10))


@pytest.fixture(scope="module")
def crowded() -> Vectors:
    """Directions of many dimensions with one middle, near which there are hubs."""
    rng = np.random.default_rng(3)
    return unit(rng.standard_normal((3_000, 48)) + 0.5)


@pytest.mark.slow
def test_no_track_is_near_to_everything(crowded):
    index = index_of(crowded)
    plain = replace(index, scales=None)
    assert hubs(plain) > 2
    assert hubs(index) < 0.5 * hubs(plain)
    most = [np.bincount(x.neighbors(x.rows, 10).ravel()).max() for x in (index, plain)]
    assert most[0] < most[1] / 2


def test_a_pair_has_one_score_whichever_is_asked_about(crowded):
    index = index_of(crowded)
    some = crowded[:40]
    scores = index.scores(some, some)
    np.testing.assert_allclose(scores, scores.T, atol=1e-4)
    places, distances = index.query(some, 5)
    pairs = np.take_along_axis(index.scores(some, crowded), places, axis=1)
    np.testing.assert_allclose(-distances, pairs, atol=1e-3)
    np.testing.assert_allclose(-distances[:, 0], 1, atol=1e-3)  # the track itself


def test_a_filter_changes_no_score(crowded):
    index = index_of(crowded)
    query, where = crowded[5:6], np.arange(len(crowded)) % 3 == 0
    everything, scores = index.query(query, len(crowded))
    some, filtered = index.query(query, 20, where)
    assert set(some[0]) <= set(np.flatnonzero(where))
    known = dict(zip(everything[0].tolist(), scores[0].tolist(), strict=True))
    np.testing.assert_allclose([known[place] for place in some[0].tolist()], filtered[0], atol=1e-3)


def test_no_item_is_its_own_neighbor_among_copies():
    vectors = unit(np.random.default_rng(0).standard_normal((60, 8)))
    index = index_of(np.concatenate([vectors, vectors, vectors]))
    neighbors = index.neighbors(index.rows, 10)
    assert neighbors.shape == (180, 10)
    assert not (neighbors == index.rows[:, None]).any()
    assert all(len(set(row)) == 10 for row in neighbors.tolist())


def test_more_copies_than_neighbors_have_scales_though_cosines_are_rounded_above_1(rng):
    vectors = unit(rng.standard_normal((900, 7)))
    rounded_up = vectors[(vectors @ vectors.T).diagonal() > 1][:20]
    index = index_of(np.concatenate([vectors, rounded_up.repeat(15, axis=0)]))
    assert index.scales is not None
    assert np.isfinite(index.scales.items).all()


def test_scores_stay_between_minus_one_and_one():
    cosines = np.array([[-1.0, 0.0, 1.0, 1.0001]], np.float32)
    crowded, lonely = np.float32(0.3), np.float32(3)
    for scale in (crowded, lonely):
        scores = scaled_scores(cosines, scale, scale)
        assert (scores >= -1).all()
        assert (scores <= 1).all()
        assert scores[0, 2] == 1


def test_few_tracks_are_compared_as_they_are(rng):
    few = unit(rng.standard_normal((LEAST_ITEMS - 1, 8)))
    assert index_of(few).scales is None
    assert index_of(np.repeat(few[:1], 100, axis=0)).scales is None  # all the same


def test_the_scales_are_kept_in_the_index_file(tmp_path: Path, rng):
    songs = [song(f"{i}.wav", title=f"song {i}") for i in range(80)]
    with new_library(tmp_path / "library", songs) as library:
        first = library.similar("song 3")
        specs = [space.spec for space in library.snapshot().spaces.values()]
        loaded = ViewIndex.load(tmp_path / "library" / "index" / "default.index", specs)
        assert loaded.scales is not None
        assert loaded.scales.items.shape == (80,)
        assert np.median(loaded.scales.items) == pytest.approx(1, abs=0.01)
    with Library.open(tmp_path / "library") as again:
        assert [match.score for match in again.similar("song 3")] == [match.score for match in first]
        assert again.explain("song 3", first[0].track).score == pytest.approx(first[0].score, abs=1e-3)


def test_a_new_track_gets_a_scale_and_others_keep_theirs(crowded):
    index = Index.build(crowded, metric="dot", exact=True)
    scales = LocalScales.measure(index)
    assert scales is not None
    kept = np.ones(len(crowded), np.bool_)
    kept[:10] = False
    index.delete(index.ids[:10])
    added = index.add(crowded[:10])
    changed = scales.update(index, kept, added)
    np.testing.assert_array_equal(changed.items[:-10], scales.items[10:])
    np.testing.assert_allclose(changed.items[-10:], scales.items[:10], rtol=1e-3)
