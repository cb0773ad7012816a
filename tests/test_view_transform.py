from __future__ import annotations

import numpy as np
import pytest

from segue.spec import Prior
from segue.views.transform import SpaceToFit, ViewTransform


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def fit(*spaces: np.ndarray | SpaceToFit) -> ViewTransform:
    return ViewTransform.fit([x if isinstance(x, SpaceToFit) else SpaceToFit(x) for x in spaces])


def test_view_makes_the_unit_of_a_dimension_irrelevant(rng):
    x = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    scaled = x * [1, 1000, 1, 0.001, 1, 1]
    a, b = fit(x), fit(scaled)
    np.testing.assert_allclose(a([x]) @ a([x]).T, b([scaled]) @ b([scaled]).T, atol=1e-3)


def test_whitening_by_a_quarter_leaves_three_quarters_of_the_spread_between_directions(rng):
    # Two independent pairs of dimensions, one pair fully correlated: variance 2 against 1 and 1.
    shared, c, d = rng.standard_normal((3, 100_000))
    x = np.stack([shared, shared, c, d], axis=1)
    view = fit(x)
    projected = (x - view.mean) @ view.projection
    spread = np.sort(projected.var(axis=0))[::-1]
    assert spread[0] / spread[1] == pytest.approx(2**0.75, rel=0.02)


def test_a_constant_dimension_counts_nothing(rng):
    x = rng.standard_normal((50, 3))
    with_constant = np.hstack([x, np.full((50, 1), 7.0)])
    view = fit(with_constant)
    moved = with_constant + np.array([0, 0, 0, 5])
    np.testing.assert_allclose(view([with_constant]), view([moved]), atol=1e-6)


def test_prior_values_decide_for_a_tiny_library_and_fade_in_a_large_one(rng):
    prior = Prior(np.zeros(4), np.ones(4), np.ones(4))
    off = rng.standard_normal((5000, 4)) + 100
    near, far = fit(SpaceToFit(off[:2], prior=prior)), fit(SpaceToFit(off, prior=prior))
    assert np.abs(near.mean).max() < 30
    assert np.abs(far.mean - 100).max() < 1


def test_a_library_of_one_track_has_a_view():
    view = fit(SpaceToFit(np.ones((1, 5)), prior=Prior(np.zeros(5), np.ones(5), np.ones(5))))
    assert np.isfinite(view([np.ones((1, 5))])).all()


def test_spaces_weigh_by_their_energy_whatever_their_size(rng):
    small, large = rng.standard_normal((500, 3)), rng.standard_normal((500, 60))

    def share_of_small(energy: float) -> float:
        view = fit(SpaceToFit(small, energy=energy), large)
        projected = [
            (x - x.mean(axis=0)) @ view.projection[at] for x, at in ((small, slice(3)), (large, slice(3, 63)))
        ]
        powers = [np.sum(x**2) for x in projected]
        return float(powers[0] / sum(powers))

    assert share_of_small(1.0) == pytest.approx(0.5, abs=0.02)
    assert share_of_small(0.5) == pytest.approx(0.2, abs=0.02)  # by the squares: .25 against 1


def test_what_varies_within_a_track_counts_less(rng):
    # Two dimensions tell tracks apart equally well, but one of them also varies from moment to moment.
    tracks = rng.standard_normal((400, 2))
    within = np.diag([0.01, 1.0])
    view = fit(SpaceToFit(tracks, within=within))
    projected = np.abs(view.projection).max(axis=1) * tracks.std(axis=0)
    shrinkage = (0.1 * 400 + 8) / 408  # towards the mean of .505
    low, high = ((1 - shrinkage) * c + shrinkage * 0.505 for c in (0.01, 1.0))
    assert projected[0] / projected[1] == pytest.approx((high / low) ** 0.5, rel=0.02)


def test_the_windows_of_two_tracks_decide_little(rng):
    tracks = rng.standard_normal((2, 2))
    view = fit(SpaceToFit(tracks, within=np.diag([1e-6, 1.0])))
    counts = np.linalg.norm(view.projection, axis=1) * tracks.std(axis=0)
    assert counts.max() / counts.min() < 4


def test_whitening_undoes_any_mixing_of_dimensions_but_for_the_shrinkage(rng):
    tracks = rng.standard_normal((300, 5))
    within = np.eye(5)
    mix = np.linalg.qr(rng.standard_normal((5, 5)))[0]  # a rotation: standardizing does not undo it
    tracks *= [3, 1, 1, 1, 1]
    plain = ViewTransform.fit([SpaceToFit(tracks, within=within)])
    mixed = ViewTransform.fit([SpaceToFit(tracks @ mix, within=mix.T @ within @ mix)])
    a, b = plain([tracks]), mixed([tracks @ mix])
    assert np.corrcoef((a @ a.T).ravel(), (b @ b.T).ravel())[0, 1] > 0.98


def test_tracks_whose_windows_are_all_the_same_still_have_a_view(rng):
    view = fit(SpaceToFit(rng.standard_normal((40, 4)), within=np.zeros((4, 4))))
    assert view.projection.any()
    assert np.isfinite(view.projection).all()


def test_a_missing_vector_leaves_the_decision_to_the_other_space(rng):
    a, b = rng.standard_normal((2, 200, 8))
    holed = b.copy()
    holed[::2] = np.nan
    view = fit(a, holed)
    u = view([a, holed])
    assert np.isfinite(u).all()
    only_a = view([a, np.full_like(b, np.nan)])
    np.testing.assert_allclose(u[::2], only_a[::2], atol=1e-6)
