from __future__ import annotations

import numpy as np
import pytest

from segue.spec import Prior
from segue.views.transform import ViewTransform


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_view_makes_the_unit_of_a_dimension_irrelevant(rng):
    x = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    scaled = x * [1, 1000, 1, 0.001, 1, 1]
    a, b = ViewTransform.fit([x], [None]), ViewTransform.fit([scaled], [None])
    np.testing.assert_allclose(a([x]) @ a([x]).T, b([scaled]) @ b([scaled]).T, atol=1e-3)


def test_whitening_by_a_quarter_leaves_three_quarters_of_the_spread_between_directions(rng):
    # Two independent pairs of dimensions, one pair fully correlated: variance 2 against 1 and 1.
    shared, c, d = rng.standard_normal((3, 100_000))
    x = np.stack([shared, shared, c, d], axis=1)
    view = ViewTransform.fit([x], [None])
    projected = (x - view.mean) @ view.projection
    spread = np.sort(projected.var(axis=0))[::-1]
    assert spread[0] / spread[1] == pytest.approx(2**0.75, rel=0.02)


def test_a_constant_dimension_counts_nothing(rng):
    x = rng.standard_normal((50, 3))
    with_constant = np.hstack([x, np.full((50, 1), 7.0)])
    view = ViewTransform.fit([with_constant], [None])
    moved = with_constant + np.array([0, 0, 0, 5])
    np.testing.assert_allclose(view([with_constant]), view([moved]), atol=1e-6)


def test_prior_values_decide_for_a_tiny_catalogue_and_fade_in_a_large_one(rng):
    prior = Prior(np.zeros(4), np.ones(4), np.ones(4))
    off = rng.standard_normal((5000, 4)) + 100
    near, far = ViewTransform.fit([off[:2]], [prior]), ViewTransform.fit([off], [prior])
    assert np.abs(near.mean).max() < 30
    assert np.abs(far.mean - 100).max() < 1


def test_a_library_of_one_track_has_a_view():
    view = ViewTransform.fit([np.ones((1, 5))], [Prior(np.zeros(5), np.ones(5), np.ones(5))])
    assert np.isfinite(view([np.ones((1, 5))])).all()


def test_spaces_weigh_the_same_whatever_their_size(rng):
    small, large = rng.standard_normal((500, 3)), rng.standard_normal((500, 60))
    view = ViewTransform.fit([small, large], [None, None])
    variance = ((np.hstack([small, large]) - view.mean) @ view.projection).var(axis=0)
    alone = np.sort(variance)[::-1] ** (1 / 0.75)
    # The three directions of the small space hold as much as the sixty of the large one before whitening.
    assert alone[:3].sum() == pytest.approx(alone[3:].sum(), rel=0.15)


def test_a_missing_vector_leaves_the_decision_to_the_other_space(rng):
    a, b = rng.standard_normal((2, 200, 8))
    holed = b.copy()
    holed[::2] = np.nan
    view = ViewTransform.fit([a, holed], [None, None])
    u = view([a, holed])
    assert np.isfinite(u).all()
    only_a = view([a, np.full_like(b, np.nan)])
    np.testing.assert_allclose(u[::2], only_a[::2], atol=1e-6)
