"""Several seeds: near to each of them rather than to their middle, and how much each counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.recommend.combine import agreement, center
from segue.sources.vectors import Vectors


@pytest.fixture
def arc(tmp_path: Path, rng):
    """Vectors along an arc."""
    angles = np.linspace(0, 2.4, 60)
    matrix = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    matrix = np.concatenate([matrix, 0.02 * rng.standard_normal((60, 3))], axis=1).astype(np.float32)
    with Library.open(tmp_path / "vectors", create=True) as library:
        library.import_from(Vectors(matrix, name="arc", metric="cosine"))
        yield library


def test_the_farthest_seed_counts_most():
    scores = np.array([[0.9, 0.1], [0.5, 0.5], [0.6, 0.6], [1.0, 1.0]], np.float32)
    found = agreement(scores)
    assert found.argsort().tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(found[1:], [0.5, 0.6, 1.0], atol=1e-6)
    assert agreement(scores, [100, 1])[0] > found[0]


def test_weights_move_the_middle():
    seeds = np.eye(2, dtype=np.float32)
    middle, moved = center(seeds)[0], center(seeds, [3, 1])[0]
    assert middle[0] == pytest.approx(middle[1])
    assert moved[0] == pytest.approx(3 * moved[1])
    assert np.linalg.norm(moved) == pytest.approx(1)


def worst(library: Library, seeds: list[str], found) -> float:
    """The lowest score that an answer has with a seed."""
    scores = [{m.track.id: m.score for m in library.similar(seed, k=59)} for seed in seeds]
    return min(score.get(match.track.id, 1.0) for match in found for score in scores)


def test_answers_by_agreement_are_near_to_each_seed(arc: Library):
    seeds = ["arc:0", "arc:50"]
    agreed, middle = arc.similar(seeds, agree=True, k=9), arc.similar(seeds, k=9)
    assert len(agreed) == 9
    assert worst(arc, seeds, agreed) >= worst(arc, seeds, middle) - 1e-6
    assert [match.score for match in agreed] == sorted((match.score for match in agreed), reverse=True)
    assert not {"0", "50"} & {match.track.title for match in agreed}
    (alone,) = arc.similar("arc:0", agree=True, k=1)
    (plain,) = arc.similar("arc:0", k=1)
    assert (alone.track, alone.score) == (plain.track, pytest.approx(plain.score, abs=1e-5))


@pytest.mark.parametrize("agree", [False, True])
def test_a_weight_draws_answers_to_its_seed(arc: Library, agree: bool):
    def place(weights: list[float]) -> float:
        found = arc.similar(["arc:0", "arc:40"], agree=agree, weights=weights, k=5)
        return float(np.mean([int(match.track.title) for match in found]))

    assert place([5, 1]) < place([1, 1]) < place([1, 5])


def test_weights_must_fit_the_seeds(arc: Library):
    for weights in ([1.0], [1.0, -1.0], [], [2.0, np.nan], [np.inf, 1.0], np.array([1.0, 0.0])):
        for ask in (arc.similar, arc.score_quantiles):
            with pytest.raises(UsageError, match="expected 2 weights above 0, one for each seed"):
                ask(["arc:0", "arc:9"], weights=weights)


@pytest.mark.parametrize("agree", [False, True])
def test_weights_may_be_an_array(arc: Library, agree: bool):
    seeds, weights = ["arc:0", "arc:9"], [3.0, 1.0]
    listed, array = (arc.similar(seeds, agree=agree, weights=w) for w in (weights, np.array(weights)))
    assert list(array) == list(listed)


def test_the_command_takes_agreement_and_weights(segue, scanned: Path):
    line = ("-l", scanned, "similar", "Low number 0", "High number 0", "-k", "4", "--json")
    code, out, _ = segue(*line, "--agree")
    assert code == 0
    assert len(json.loads(out)["matches"]) == 4
    code, out, _ = segue(*line, "--weights", "9,1")
    assert json.loads(out)["matches"][0]["title"].startswith("Low")
    code, out, _ = segue(*line, "--weights", "1,9")
    assert json.loads(out)["matches"][0]["title"].startswith("High")
    code, _, err = segue(*line, "--weights", "1;9")
    assert (code, "--weights is '1;9', expected numbers such as 2,1" in err) == (2, True)
