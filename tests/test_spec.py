"""Scores of labels, as libraries keep them: one byte each."""

from __future__ import annotations

import numpy as np

from segue.spec import decode_scores, encode_scores


def test_a_score_comes_back_within_a_twentieth_of_its_odds():
    scores = np.concatenate([np.geomspace(5e-5, 0.5, 200), 1 - np.geomspace(5e-5, 0.5, 200)])
    back = decode_scores(encode_scores(scores)).astype(float)
    odds = back / (1 - back) / (scores / (1 - scores))
    assert (np.abs(odds - 1) < 0.05).all()


def test_codes_of_decoded_scores_are_the_same_codes():
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(encode_scores(decode_scores(codes)), codes)


def test_a_missing_score_differs_from_the_lowest():
    assert encode_scores(np.array([np.nan, 0.0, 1.0])).tolist() == [0, 1, 255]
    assert np.isnan(decode_scores(np.array([0], np.uint8))).all()


def test_codes_keep_the_order_of_scores(rng: np.random.Generator):
    scores = np.sort(rng.uniform(0, 1, 1000))
    assert (np.diff(encode_scores(scores).astype(int)) >= 0).all()
