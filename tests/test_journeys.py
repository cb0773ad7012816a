"""Journeys: ever nearer to the end, by their stops, with the similarity of each step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.sources.vectors import Vectors


@pytest.fixture
def scattered(tmp_path, rng):
    """A library of 300 vectors in all directions."""
    with Library.open(tmp_path / "scattered", create=True) as library:
        library.import_from(Vectors(rng.standard_normal((300, 6)).astype(np.float32), name="all"))
        yield library


@pytest.fixture
def crowded(tmp_path, rng):
    """A library of 300 vectors with one middle, whose scores allow for how crowded their places are."""
    vectors = (rng.standard_normal((300, 12)) * rng.uniform(0.2, 2, (300, 1))).astype(np.float32)
    with Library.open(tmp_path / "crowded", create=True) as library:
        library.import_from(Vectors(vectors, name="all", transform="fitted"))
        yield library


def angles(library, tracks, stop):
    scores = library.matrix([*tracks, stop]).scores
    return np.arccos(np.clip(scores[-1, :-1], -1, 1))


@pytest.mark.parametrize("pair", [(0, 1), (2, 3), (4, 5), (6, 7)])
def test_no_step_of_a_journey_goes_farther_from_the_end(scattered: Library, pair):
    start, end = (f"all:{number}" for number in pair)
    found = scattered.journey(start, end, k=9)
    tracks = [match.track for match in found]
    assert len(tracks) > 4
    assert (np.diff(angles(scattered, tracks, end)) <= 1e-3).all()


def test_each_step_of_a_journey_tells_its_similarity(scattered: Library):
    found = scattered.journey("all:0", "all:1", k=6)
    scores = scattered.matrix([match.track for match in found]).scores
    assert found[0].step is None
    assert [match.step for match in found][1:] == pytest.approx(np.diagonal(scores, 1), abs=1e-5)


def test_the_scores_of_a_journey_are_those_of_all_answers(crowded: Library):
    found = crowded.journey("all:0", "all:1", k=6)
    tracks = [match.track for match in found]
    similar = {match.track.id: match.score for match in crowded.similar("all:0", k=299)}
    assert found[0].score == pytest.approx(1, abs=1e-5)
    for match in found[1:]:
        assert match.score == pytest.approx(similar[match.track.id], abs=1e-4)
    for match, (a, b) in zip(found[1:], pairwise(tracks), strict=True):
        assert match.step == pytest.approx(crowded.explain(a, b).score, abs=1e-4)


def test_a_journey_goes_by_its_stops_and_ever_nearer_to_the_next(scattered: Library):
    stops = [scattered.find(f"all:{number}") for number in (0, 7, 12, 1)]
    found = scattered.journey(stops[0], stops[-1], via=stops[1:3], k=16)
    tracks = [match.track for match in found]
    assert len({track.id for track in tracks}) == len(tracks)
    places = [tracks.index(stop) for stop in stops]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(tracks) - 1)
    for a, b in pairwise(places):
        assert (np.diff(angles(scattered, tracks[a : b + 1], tracks[b])) <= 1e-3).all()


def test_a_journey_needs_room_for_its_stops(scattered: Library):
    with pytest.raises(UsageError, match="a start, an end and 2 between, so it must be at least 4"):
        scattered.journey("all:0", "all:1", via=["all:2", "all:3"], k=3)
    with pytest.raises(UsageError, match="two different sounds"):
        scattered.journey("all:0", "all:1", via=["all:1"])
    assert len(scattered.journey("all:0", "all:0", via="all:1", k=3)) == 3
