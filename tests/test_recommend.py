"""Recommendations as pure functions: queries, playlists, journeys, whys, whose right answers are known."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.library import Library
from segue.recommend.combine import away_from, center
from segue.recommend.explanation import (
    Explanation,
    Feature,
    SharedLabel,
    SpaceShare,
    compare_features,
    matching_windows,
    share_by_space,
    window_starts,
)
from segue.recommend.journey import even_steps, order_between, share_out, waypoints
from segue.recommend.playlist import order_by_flow
from segue.recommend.variety import Cap, diversify, number_names
from segue.recommend.verbalize import verbalize
from segue.views.transform import SpaceToFit, ViewTransform


def unit(x):
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


# Away from what is unwanted


def test_away_from_is_of_length_1_and_further_from_the_unwanted(rng):
    query, unwanted = unit(rng.standard_normal((1, 8))), unit(rng.standard_normal((3, 8)))
    moved = away_from(query, unwanted)
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-6)
    assert moved @ center(unwanted).T < query @ center(unwanted).T


def test_what_is_wanted_and_unwanted_alike_stays_where_it_is(rng):
    query = unit(rng.standard_normal((1, 8)))
    np.testing.assert_allclose(away_from(query, query), query, atol=1e-6)


def test_places_move_along_the_line_from_the_unwanted():
    moved = away_from(np.array([[2.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 2.0]]), affine=True)
    np.testing.assert_allclose(moved, [[3.0, -0.5]])


# Playlists


def test_without_variety_the_nearest_are_taken(rng):
    to_seeds = rng.random(30).astype(np.float32)
    likeness = np.eye(30, dtype=np.float32)
    chosen = diversify(likeness, to_seeds, np.arange(30), 10, 0)
    np.testing.assert_array_equal(chosen, np.argsort(-to_seeds)[:10])


def test_with_variety_a_twin_gives_way_to_what_is_further(rng):
    # 0 and 1 are twins near the seeds; 2 is a little further and like neither.
    likeness = np.array([[1, 0.99, 0], [0.99, 1, 0], [0, 0, 1]], np.float32)
    chosen = diversify(likeness, np.array([0.9, 0.89, 0.7], np.float32), np.arange(3), 2, 0.5)
    np.testing.assert_array_equal(chosen, [0, 2])


def test_more_variety_never_makes_a_playlist_more_alike(rng):
    x = unit(rng.standard_normal((200, 6)))
    seed = unit(rng.standard_normal(6))
    likeness, to_seeds = x @ x.T, x @ seed

    def closeness(variety):
        chosen = diversify(likeness, to_seeds, np.arange(200), 20, variety)
        return likeness[np.ix_(chosen, chosen)].mean(), to_seeds[chosen].mean()

    found = [closeness(v) for v in (0, 0.3, 0.6)]
    assert found == sorted(found, reverse=True)


def test_every_step_of_the_variety_gives_up_as_much_likeness(rng):
    # A third is much alike, a third somewhat, a third hardly: what a fixed weight steps over at once.
    middle = unit(rng.standard_normal(12))
    spread = np.repeat([0.15, 0.35, 0.8], 70)[:, None]
    x = unit(middle + spread * rng.standard_normal((210, 12)))
    likeness, to_seeds = x @ x.T, x @ middle
    settings = np.linspace(0, 1, 11)
    means = [to_seeds[diversify(likeness, to_seeds, np.arange(210), 20, v)].mean() for v in settings]
    drops = -np.diff(means)
    assert means[0] - means[-1] > 0.3
    assert drops.max() < 1.5 * drops.mean()
    assert drops.min() > 0.5 * drops.mean()


def test_fewer_candidates_than_wanted_are_all_taken():
    chosen = diversify(np.eye(3, dtype=np.float32), np.ones(3, np.float32), np.arange(3), 9, 0.5)
    assert sorted(chosen) == [0, 1, 2]


def test_one_artist_has_no_more_than_its_share_as_long_as_there_are_others(rng):
    to_seeds = np.linspace(1, 0, 30).astype(np.float32)  # the nearest ten are by one artist
    artists = np.repeat([0, 1, 2], 10)
    chosen = diversify(np.eye(30, dtype=np.float32), to_seeds, artists, 9, 0, [Cap(artists, 3)])
    np.testing.assert_array_equal(sorted(chosen), [0, 1, 2, 10, 11, 12, 20, 21, 22])


def test_where_there_are_no_others_an_artist_has_more_than_its_share():
    artists = np.array([0, 0, 0, 0, 1])
    chosen = diversify(
        np.eye(5, dtype=np.float32), np.ones(5, np.float32), artists, 5, 0.5, [Cap(artists, 1)]
    )
    assert sorted(chosen) == [0, 1, 2, 3, 4]


def length(likeness, path):
    return float((1 - likeness[path[:-1], path[1:]]).sum())


def excess(seed: int) -> float:
    """How much longer the order of 2 to 7 random tracks is than the shortest one, as a ratio."""
    n = 2 + seed % 6
    x = unit(np.random.default_rng(seed).standard_normal((n, 4)))
    likeness = x @ x.T
    path = order_by_flow(likeness, np.arange(n))
    assert path[0] == 0
    assert sorted(path) == list(range(n))
    orders = (np.array((0, *rest)) for rest in itertools.permutations(range(1, n)))
    return length(likeness, path) / min(length(likeness, order) for order in orders)


def test_the_order_is_nearly_as_short_as_can_be():
    ratios = np.array([excess(seed) for seed in range(60)])
    assert ratios.mean() < 1.02
    assert ratios.max() < 1.25
    assert np.mean(ratios < 1.0001) > 0.9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.integers(0, 2**32 - 1))
def test_no_artist_comes_twice_in_a_row_where_that_can_be(artists, seed):
    n = len(artists)
    groups = number_names([f"artist {a}" for a in artists])
    x = unit(np.random.default_rng(seed).standard_normal((n, 4)))
    path = order_by_flow(x @ x.T, groups)
    assert sorted(path) == list(range(n))
    counts = {g: int((groups[1:] == g).sum()) for g in set(groups.tolist())}
    # Of the n - 1 places after the first, every other one, from the first or from the second on.
    if all(count <= ((n - 1) // 2 if g == groups[0] else n // 2) for g, count in counts.items()):
        assert not (np.diff(groups[path]) == 0).any()


def test_tracks_without_an_artist_are_by_nobody_and_so_not_by_the_same():
    assert number_names(["A", None, "a", None]).tolist() == [0, 1, 0, 2]


# Journeys


def test_waypoints_divide_the_arc_evenly(rng):
    start, end = unit(rng.standard_normal(5)), unit(rng.standard_normal(5))
    points = np.stack([start, *waypoints(start, end, 4, affine=False), end])
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)
    steps = np.arccos(np.clip((points[:-1] * points[1:]).sum(axis=1), -1, 1))
    np.testing.assert_allclose(steps, steps.mean(), atol=1e-4)


def test_between_opposite_directions_there_are_places_too():
    start = np.array([1, 0, 0], np.float32)
    points = waypoints(start, -start, 5, affine=False)
    assert points.shape == (5, 3)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_evenly_finds_the_best_of_all_choices(rng, k):
    x = np.sort(rng.random(9))
    steps = np.abs(x[:, None] - x)
    found = even_steps(steps, k)
    assert len(found) == k
    assert (found[0], found[-1]) == (0, 8)
    assert (np.diff(found) > 0).all()

    def cost(path):
        return (steps[path[:-1], path[1:]] ** 8).sum()

    choices = (np.array((0, *inner, 8)) for inner in itertools.combinations(range(1, 8), k - 2))
    assert cost(found) == pytest.approx(min(map(cost, choices)))


def test_only_what_lies_between_is_on_the_way():
    x = np.array([0.0, 0.7, -0.5, 0.2, 1.5, 1.0])  # the first is the start, the last the end
    assert order_between(np.abs(x - 0.0), np.abs(x - 1.0)).tolist() == [0, 3, 1, 5]


def test_longer_legs_have_more_tracks():
    assert share_out([1.0, 1.0], 5) == [3, 2]
    assert share_out([3.0, 1.0, 0.0], 8) == [6, 2, 0]
    assert share_out([0.0, 0.0], 4) == [2, 2]


# Why


def test_the_shares_of_the_spaces_are_the_score(rng):
    spaces = [rng.standard_normal((60, 5)), rng.standard_normal((60, 9))]
    view = ViewTransform.fit([SpaceToFit(x) for x in spaces])
    a, b = ([x[i : i + 1].astype(np.float32) for x in spaces] for i in (3, 4))
    parts = share_by_space(view, ["one", "two"], a, b)
    assert sum(part.share for part in parts) == pytest.approx(float((view(a) @ view(b).T)[0, 0]), abs=1e-5)
    assert {part.space for part in parts} == {"one", "two"}
    assert parts[0].share >= parts[1].share


def test_a_space_without_a_vector_has_no_score_of_its_own(rng):
    spaces = [rng.standard_normal((60, 5)), rng.standard_normal((60, 9))]
    view = ViewTransform.fit([SpaceToFit(x) for x in spaces])
    a = [spaces[0][:1], np.full((1, 9), np.nan)]
    b = [spaces[0][1:2], spaces[1][1:2]]
    parts = {part.space: part for part in share_by_space(view, ["one", "two"], a, b)}
    assert parts["two"].score is None
    assert parts["one"].score is not None
    assert sum(p.share for p in parts.values()) == pytest.approx(float((view(a) @ view(b).T)[0, 0]), abs=1e-5)


def test_windows_of_short_tracks_follow_each_other():
    np.testing.assert_allclose(window_starts(4, 3.0, 9.0, 40.0), [0, 9, 18, 27])


def test_windows_of_long_tracks_lie_in_their_excerpts():
    from segue.sound import ExcerptPlan

    starts = window_starts(36, 3.0, 3.0, 600.0)
    spans = ExcerptPlan().spans(600 * 1000, 1000)
    expected = [start / 1000 + 3 * i for start, _ in spans for i in range(3)]
    np.testing.assert_allclose(starts, expected, atol=1e-3)


def test_moments_are_the_best_pairs_and_not_beside_each_other():
    times = np.arange(6) * 3.0
    scores = np.zeros((6, 6), np.float32)
    scores[1, 4], scores[1, 3], scores[5, 0] = 0.9, 0.8, 0.7
    found = matching_windows(scores, times, times, 6.0)
    assert [(m.a_s, m.b_s) for m in found[:2]] == [(3.0, 12.0), (15.0, 0.0)]
    assert found[0].score == pytest.approx(0.9)


def test_windows_without_a_direction_are_no_moments():
    assert matching_windows(np.full((2, 2), np.nan, np.float32), np.arange(2.0), np.arange(2.0), 1) == []


def test_features_say_what_both_are_and_what_tells_them_apart(rng):
    names = ("tempo_bpm", "loudness_lkfs_mean", "unheard_of")
    library = rng.standard_normal((500, 3)) * (20, 5, 1) + (120, -20, 0)
    a, b = np.array([170.0, -30.0, 9.0]), np.array([165.0, -10.0, 9.0])
    found = {feature.name: feature for feature in compare_features(names, a, b, library)}
    assert found["tempo_bpm"].text == "both fast"
    assert found["tempo_bpm"].alike
    assert found["loudness_lkfs_mean"].text == "the first is quiet, the second loud"
    assert set(found) == {"tempo_bpm", "loudness_lkfs_mean"}


def test_what_is_usual_is_not_worth_a_word(rng):
    library = rng.standard_normal((500, 1)) * 20 + 120
    assert compare_features(("tempo_bpm",), np.array([121.0]), np.array([125.0]), library) == []
    assert compare_features(("tempo_bpm",), np.array([np.nan]), np.array([125.0]), library) == []


def test_a_sentence_says_what_is_known():
    parts = (SpaceShare("musicnn-1", 0.5, 0.8), SpaceShare("descriptors-1", 0.1, 0.2))
    features = (Feature("tempo_bpm", "both fast", 170, 165, True, 2.0),)
    found = Explanation(0.6, 0.6, 0.998, "", (), parts, (), 0.0, (SharedLabel("rock", 0.5, 0.4),), features)
    assert verbalize(found, scaled=True) == (
        "Clearly alike, nearer than 99 % of your library: both are fast; networks call both rock."
    )
    bare = Explanation(0.6, 0.6, 0.5, "", (), parts[:1], (), 0.0, (), ())
    assert verbalize(bare, scaled=False).startswith("Their score is 0.60; nothing is known")
    assert verbalize(replace(bare, score=-0.5), scaled=True).startswith("Unlike; ")


def test_the_spread_of_scores_says_what_share_of_the_library_is_less_alike(library: Library):
    seed = library.find("Low number 0")
    quantiles = library.score_quantiles(seed)
    assert len(quantiles) == 101
    assert quantiles == sorted(quantiles)
    best, *_, worst = library.similar([seed], k=11, percentiles=True)
    assert worst.nearer_than == 0
    assert best.nearer_than > 0.8
    assert quantiles[50] < best.score <= quantiles[-1]
    assert quantiles[0] <= worst.score + 1e-3 < quantiles[50]


@pytest.mark.parametrize("agree", [False, True])
@pytest.mark.parametrize("minus", [[], ["Noise number 1"]])
def test_several_seeds_have_percentiles_that_fit_their_scores(
    library: Library, agree: bool, minus: list[str]
):
    seeds = ["Low number 0", "High number 0"]
    asked = {"minus": minus, "agree": agree}
    quantiles = library.score_quantiles(seeds, **asked)
    matches = library.similar(seeds, k=9, percentiles=True, **asked)
    assert quantiles == sorted(quantiles)
    for match in matches:
        below = sum(quantile < match.score - 1e-4 for quantile in quantiles)
        assert match.nearer_than == pytest.approx(below / 100, abs=1 / 11)
    assert [match.nearer_than for match in library.similar(seeds, k=2)] == [None, None]
