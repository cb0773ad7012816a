"""Groups among rows of numbers, their colors and their names: functions that need no library."""

from __future__ import annotations

import numpy as np
import pytest

from segue.cluster import cluster_rows
from segue.cluster.colors import distinct_colors
from segue.cluster.names import GroupFacts, name_groups
from segue.cluster.words import deviation_words, deviations, distinctive_labels
from segue.errors import LibraryError, UsageError


def blobs(sizes, rng, dim=16, spread=0.25):
    """(vectors, numbers): groups of these sizes around unit_rows at right angles, shuffled."""
    centers = np.linalg.qr(rng.standard_normal((dim, dim)))[0][: len(sizes)]
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    x = centers[truth] + spread / np.sqrt(dim) * rng.standard_normal((len(truth), dim))
    return (x * rng.uniform(0.5, 3, (len(x), 1))).astype(np.float32), truth


def assert_same_groups(numbers, truth):
    pairs = set(zip(numbers.tolist(), truth.tolist(), strict=True))
    assert len(pairs) == len(set(truth.tolist())) == len(set(numbers.tolist()))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[200, 100], [90, 80, 70], [120, 100, 80, 40, 30], [60] * 9])
def test_groups_are_found_and_their_number_too(sizes, rng):
    x, truth = blobs(sizes, rng)
    found = cluster_rows(x)
    assert len(found.centroids) == len(sizes)
    assert_same_groups(found.assignments, truth)
    assert np.bincount(found.assignments).tolist() == sorted(sizes, reverse=True)
    assert found.separation > 0.1


@pytest.mark.slow
def test_one_cloud_has_no_clear_groups(rng):
    x = rng.standard_normal((500, 12)).astype(np.float32) * np.linspace(3, 0.3, 12) + 4
    assert abs(cluster_rows(x).separation) < 0.03


@pytest.mark.parametrize("k", [2, 5, 12])
def test_k_clusters_are_found(k, rng):
    x, _ = blobs([100, 100, 100], rng)
    found = cluster_rows(x, k)
    assert found.centroids.shape == (k, 16)
    assert set(found.assignments.tolist()) == set(range(k))
    assert np.allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)


def test_each_row_is_with_the_centroid_that_is_most_like_it(rng):
    x, _ = blobs([100, 50], rng, spread=1)
    found = cluster_rows(x, 4)
    cosines = x / np.linalg.norm(x, axis=1, keepdims=True) @ found.centroids.T
    assert (found.assignments == cosines.argmax(axis=1)).all()
    assert np.allclose(found.cosines, cosines.max(axis=1), atol=1e-5)


@pytest.mark.slow
def test_the_same_rows_and_seed_give_the_same_clusters(rng):
    x, _ = blobs([80, 70, 60], rng, spread=1.2)
    first, second = cluster_rows(x, seed=3), cluster_rows(x.copy(), seed=3)
    assert (first.assignments == second.assignments).all()
    assert first.centroids.tobytes() == second.centroids.tobytes()
    assert first.separation == second.separation


def test_copies_do_not_break_it(rng):
    one = rng.standard_normal((1, 8)).astype(np.float32)
    found = cluster_rows(np.repeat(one, 50, axis=0))
    assert found.assignments.max() == 0
    two = np.concatenate([np.repeat(one, 30, axis=0), np.repeat(-one, 20, axis=0)])
    found = cluster_rows(two, 5)
    assert np.bincount(found.assignments).tolist() == [30, 20]
    assert cluster_rows(np.zeros((10, 4), np.float32)).assignments.tolist() == [0] * 10


def test_too_few_rows_and_too_many_clusters_are_refused(rng):
    x = rng.standard_normal((10, 4)).astype(np.float32)
    with pytest.raises(LibraryError, match="3 tracks with vectors to compare; clusters need at least 4"):
        cluster_rows(x[:3])
    assert len(cluster_rows(x[:4]).centroids) == 2
    for k in (1, 11):
        with pytest.raises(UsageError, match=f"k is {k}; of 10 tracks, 2 to 10 clusters are possible"):
            cluster_rows(x, k)
    assert len(cluster_rows(x, 10).centroids) == 10


def test_distinct_colors_stay_far_apart():
    chosen = distinct_colors(40)
    assert len(set(chosen)) == 40
    assert distinct_colors(7) == chosen[:7]  # more clusters leave the first ones' colors as they are
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in chosen])
    apart = np.linalg.norm(rgb[:, None] - rgb[None], axis=2) + 1000 * np.eye(40)
    assert apart.min() > 12
    assert apart[:8, :8].min() > 70
    assert rgb.sum(axis=1).min() > 100  # none is black or white
    assert rgb.sum(axis=1).max() < 700


def test_deviations_are_those_of_means():
    x = np.array([[1, 10, 0], [3, 10, np.nan], [5, 10, 2], [7, 10, 4]], np.float32)
    found = deviations(x, ["tempo_log2", "loudness", "energy"], np.array([0, 0, 1, 1]), 2)
    tempo, loudness, energy = found[:, 0], found[:, 1], found[:, 12]
    assert tempo.tolist() == pytest.approx([-2 / 5**0.5, 2 / 5**0.5])
    assert np.isnan(loudness).all()  # all alike: nothing to tell
    assert energy.tolist() == pytest.approx([-2 / (8 / 3) ** 0.5, 1 / (8 / 3) ** 0.5])
    assert deviation_words(found[0]) == [
        ("calm", pytest.approx(-1.22, abs=0.01)),
        ("slow", pytest.approx(-0.89, abs=0.01)),
    ]
    assert deviation_words(np.full(15, 0.4)) == []


def test_labels_name_what_is_frequent_here_and_rare_elsewhere():
    shares = {"Music": 0.9, "Guitar": 0.6, "Flute": 0.3, "Drum": 0.2, "Rock": 0.5}
    usual = {"Music": 0.8, "Guitar": 0.2, "Flute": 0.01, "Drum": 0.01, "Rock": 0.25}
    assert distinctive_labels(shares, usual) == ["Flute", "Guitar", "Rock"]


def test_groups_are_named_as_people_name_music():
    facts = [
        GroupFacts(
            labels=["Piano", "Electric piano", "Keyboard (musical)"], words=[("dark", -1.2), ("fast", 0.6)]
        ),
        GroupFacts(labels=["metal", "Heavy metal", "Angry music"], words=[("bright", 1.8), ("loud", 1.3)]),
        GroupFacts(labels=["chillout", "jazz"], words=[("sharp attacks", 1.4)]),
        GroupFacts(labels=["Throbbing", "Vehicle", "Scary music", "Ambient music"]),
        GroupFacts(["Hip-Hop"], ["Speech"], [("much speech", 2.0)]),
        GroupFacts(labels=["Hip-Hop"], words=[("quiet", -1.2)]),
        GroupFacts(words=[("calm", -1.0), ("acoustic", 0.8), ("slow", -0.6)]),
        GroupFacts(),
    ]
    assert name_groups(facts) == [
        "Dark piano", "Loud metal", "Chill-out and jazz", "Scary ambient", "Wordy Hip-Hop", "Quiet hip-hop",
        "Calm and acoustic", "Mixed",
    ]  # fmt: skip


def test_no_two_groups_have_one_name():
    rock = GroupFacts(labels=["rock", "Guitar"], words=[("fast", 1.0), ("loud", 0.9)])
    names = name_groups([rock] * 5)
    assert names[:4] == ["Fast rock", "Rock and guitar", "Rock", "Loud rock"]
    assert len({name.casefold() for name in names}) == 5
    assert name_groups([GroupFacts(example="Ada"), GroupFacts(example="Bo"), GroupFacts()]) == [
        "Mixed", "Mixed, like Bo", "Mixed 2",
    ]  # fmt: skip
    assert name_groups([GroupFacts(["Rock"]), GroupFacts(["rock"]), GroupFacts(["ROCK"])]) == [
        "Rock", "Rock 2", "ROCK 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "label", ["Throbbing", "Music", "80s", "female vocalists", "Snort", "Boat, Water vehicle"]
)
def test_what_is_no_kind_of_music_names_no_group(label):
    assert name_groups([GroupFacts(labels=[label])]) == ["Mixed"]


def test_a_label_of_another_model_may_name_a_group():
    assert name_groups([GroupFacts(labels=["Schlager music (German)"])]) == ["Schlager"]
