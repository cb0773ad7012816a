"""Likes and dislikes: what they do to the order of answers, how they are given and taken back."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segue.errors import TrackNotFoundError
from segue.library import Library
from segue.recommend.feedback import DISLIKED, FROM, LIKED, biases, closeness
from segue.sources.vectors import Vectors
from tests.conftest import SR, tone

COSINES = hnp.arrays(np.float32, (12, 3), elements=st.floats(-1, 1, width=32))


def close(angle):
    return float(closeness(np.float32(np.cos(angle))))


# Pure functions


def test_closeness_rises_evenly_from_a_cosine_of_03_to_1_at_the_same_sound():
    cosines = np.array([-1, 0, FROM, 0.65, 1], np.float32)
    np.testing.assert_allclose(closeness(cosines), [0, 0, 0, 0.5, 1], atol=1e-6)


def test_the_nearest_liked_and_the_nearest_disliked_count_and_no_others():
    to_liked = np.array([[0.65, 0.4], [0.1, 0.2]], np.float32)
    to_disliked = np.array([[0.2], [1]], np.float32)
    np.testing.assert_allclose(biases(to_liked, to_disliked), [0.5 * LIKED, -DISLIKED], atol=1e-6)


def test_without_likes_or_dislikes_nothing_moves():
    nothing = np.zeros((4, 0), np.float32)
    np.testing.assert_array_equal(biases(nothing, nothing), 0)


@given(COSINES, COSINES)
def test_no_two_candidates_are_moved_further_apart_than_the_bound(to_liked, to_disliked):
    bias = biases(to_liked, to_disliked)
    assert bias.max() <= LIKED + 1e-6
    assert bias.min() >= -DISLIKED - 1e-6


# Libraries whose tracks lie on a circle


@pytest.fixture
def circle(tmp_path: Path):
    """60 vectors on a circle, 3 degrees apart: how alike two are is known."""
    angles = np.radians(3 * np.arange(60))
    matrix = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    with Library.open(tmp_path / "circle", create=True) as library:
        library.import_from(Vectors(matrix, name="circle", metric="cosine"))
        yield library


def named(library: Library, *places: int):
    """Tracks by their places on the circle."""
    tracks = list(library)
    return [tracks[place] for place in places]


def places(library: Library, found):
    ids = [track.id for track in library]
    return [ids.index(match.track.id) for match in found]


def test_a_disliked_track_is_no_answer_at_once(circle: Library):
    (seed,) = named(circle, 0)
    assert places(circle, circle.similar(seed, k=3)) == [1, 2, 3]
    circle.dislike(named(circle, 1, 3))
    found = circle.similar(seed, k=57)
    assert len(found) == 57
    assert found.shortfall is None
    assert not {1, 3} & set(places(circle, found))
    found = circle.similar(seed, k=58)
    assert len(found) == 57
    assert found.shortfall == "57 of 58: no more of the library's 60 tracks qualify; you dislike 2"


@pytest.mark.parametrize("verb", ["playlist", "journey", "similar_to_vector"])
def test_no_verb_recommends_what_is_disliked(circle: Library, verb: str):
    first, last = named(circle, 0, 20)
    circle.dislike(named(circle, *range(1, 20, 2)))
    answers = {
        "playlist": lambda **how: circle.playlist(first, k=30, **how),
        "journey": lambda **how: circle.journey(first, last, k=20, **how),
        "similar_to_vector": lambda **how: circle.similar_to_vector(np.float32([1, 0]), k=30, **how),
    }
    with_all = places(circle, answers[verb](feedback=False))
    assert any(place % 2 and place < 20 for place in with_all)
    assert not any(place % 2 and place < 20 for place in places(circle, answers[verb]()))


def test_a_disliked_track_may_be_a_seed_and_a_stop(circle: Library):
    seed, end = named(circle, 0, 12)
    before = places(circle, circle.similar(seed, k=5))
    circle.dislike([seed, end])
    assert places(circle, circle.similar(seed, k=5)) == before
    assert places(circle, circle.journey(seed, end, k=4))[-1] == 12


def test_what_is_like_a_disliked_track_moves_down_and_like_a_liked_one_up(circle: Library):
    (seed,) = named(circle, 30)
    liked, disliked = named(circle, 40, 15)  # 30 degrees to one side, and 45 to the other
    circle.like(liked)
    circle.dislike(disliked)
    found = circle.similar(seed, k=40)
    order = places(circle, found)
    assert order.index(45) < order.index(16)  # which is 3 degrees nearer to the seed
    by_place = dict(zip(order, found, strict=True))
    assert by_place[40].feedback == "you like it"
    assert by_place[41].feedback == f"close to {liked.title}, which you like"
    assert by_place[16].bias.disliked.id == disliked.id
    expected = LIKED * close(np.radians(3 * 24)) - DISLIKED * close(np.radians(3))
    assert by_place[16].bias.value == pytest.approx(expected, abs=2e-4)


def test_scores_stay_similarities_and_clear_differences_stay_in_order(circle: Library):
    seed = named(circle, 30)
    plain = {m.track.id: m.score for m in circle.similar(seed, k=59, feedback=False)}
    circle.like(named(circle, 50, 51))
    circle.dislike(named(circle, 25, 34))
    found = circle.similar(seed, k=57)
    assert [m.score for m in found] == pytest.approx([plain[m.track.id] for m in found])
    assert any(b.score > a.score for a, b in pairwise(found))
    for i, first in enumerate(found):
        assert all(later.score - first.score <= LIKED + DISLIKED for later in found[i:])  # type: ignore[index]


def test_without_feedback_the_answer_is_as_if_there_were_none(circle: Library):
    (seed,) = named(circle, 30)
    before = [circle.similar(seed, k=20), circle.playlist(seed, k=10)]
    circle.like(named(circle, 40))
    circle.dislike(named(circle, 29, 33))
    assert circle.similar(seed, k=20) != before[0]
    assert [circle.similar(seed, k=20, feedback=False), circle.playlist(seed, k=10, feedback=False)] == before


def test_what_is_taken_back_counts_no_more(circle: Library):
    (seed,) = named(circle, 30)
    before = circle.similar(seed, k=20)
    circle.like(named(circle, 40))
    circle.dislike(named(circle, 29, 33))
    taken = circle.take_back(named(circle, 29, 40))
    assert {(one.track, one.verdict) for one in taken} == {
        (track.id, verdict) for track, verdict in zip(named(circle, 29, 40), ("dislike", "like"), strict=True)
    }
    assert [one.verdict for one in circle.feedback.undo()] == ["dislike"]
    assert circle.similar(seed, k=20) == before
    assert circle.feedback.undo() == []


def test_the_last_verdict_on_a_track_counts_whatever_it_answered(circle: Library):
    a, b, c = named(circle, 1, 2, 3)
    circle.dislike(a, seed=b.id)
    circle.dislike(a, seed=c.id)
    circle.like(a)
    assert [(one.track, one.verdict, one.seed) for one in circle.feedback.latest()] == [(a.id, "like", "")]
    circle.feedback.record(b.id, a.id, "skip")
    assert circle.feedback.verdicts([a.id, b.id]) == {a.id: "like"}


def test_likes_and_dislikes_by_another_process_act_at_once(circle: Library):
    (seed,) = named(circle, 0)
    assert places(circle, circle.similar(seed, k=2)) == [1, 2]
    with Library.open(circle.path) as other:
        other.dislike(named(other, 1))
    assert places(circle, circle.similar(seed, k=2)) == [2, 3]


def test_stars_are_likes_also_those_that_an_earlier_version_kept(circle: Library):
    a, b = named(circle, 39, 50)
    with sqlite3.connect(circle.path / "catalog.sqlite") as db:
        db.execute("INSERT INTO stars VALUES ('track', ?, 5.0)", (a.id,))
    db.close()
    circle.feedback.star("track", [b.id])
    assert list(circle.feedback.stars("track")) == [b.id, a.id]
    assert next(m for m in circle.similar(named(circle, 30), k=30) if m.track.id == a.id).feedback == (
        "you like it"
    )
    circle.dislike(a)
    assert list(circle.feedback.stars("track")) == [b.id]
    circle.feedback.star("track", [a.id, b.id], starred=False)  # a dislike is no star
    assert circle.feedback.verdicts([a.id, b.id]) == {a.id: "dislike"}
    assert circle.feedback.clear() == 1
    assert circle.feedback.latest() == []


def test_many_likes_and_dislikes_given_at_once_are_kept_in_their_order(circle: Library):
    given_tracks = named(circle, *range(50))
    circle.like(given_tracks)
    assert [one.track for one in circle.feedback.latest()] == [track.id for track in given_tracks[::-1]]
    assert [one.track for one in circle.feedback.undo(2)] == [track.id for track in given_tracks[:-3:-1]]
    assert len(circle.feedback.latest()) == 48


def test_a_view_without_a_cosine_leaves_out_and_moves_nothing(tmp_path: Path, rng: np.random.Generator):
    matrix = rng.standard_normal((40, 3)).astype(np.float32)
    with Library.open(tmp_path / "points", create=True) as library:
        library.import_from(Vectors(matrix, name="points", metric="euclidean"))
        tracks = list(library)
        before = [m.track.id for m in library.similar(tracks[0], k=20, view="vectors/raw")]
        library.dislike(before[0])
        library.like(before[9])
        after = library.similar(tracks[0], k=19, view="vectors/raw")
        assert [m.track.id for m in after] == before[1:]
        assert not any(m.bias for m in after)


# Libraries of sounds


def test_copies_of_a_disliked_file_are_no_answers(folder: Path, tmp_path: Path):
    y, sr = soundfile.read(folder / "low1.flac")
    (folder / "copy.flac").write_bytes((folder / "low1.flac").read_bytes())
    assert sr == SR
    assert len(y)
    with Library.open(tmp_path / "l", create=True, embedders=["descriptors"]) as library:
        library.scan(folder)
        library.dislike(str(folder / "copy.flac"))
        answers = [Path(m.track.path).name for m in library.similar("Low number 0", k=12)]
    assert not {"copy.flac", "low1.flac"} & set(answers)
    assert "low2.flac" in answers


def test_window_by_window_what_is_disliked_is_left_out(folder: Path, tmp_path: Path):
    with Library.open(tmp_path / "l", create=True, embedders=["descriptors"]) as library:
        library.scan(folder)
        library.dislike("Low number 1")
        found = library.similar("Low number 0", k=10, view="descriptors/windows")
        assert len(found) == 10
        assert "Low number 1" not in {m.track.title for m in found}


def test_why_says_what_likes_and_dislikes_do(folder: Path, tmp_path: Path):
    soundfile.write(tmp_path / "outside.wav", tone(112, 9), SR)
    with Library.open(tmp_path / "l", create=True, embedders=["descriptors"]) as library:
        library.scan(folder)
        assert library.explain("Low number 0", "Low number 1").feedback == ""
        library.like("Low number 1")
        explanation = library.explain("Low number 0", "Low number 1")
        assert (explanation.feedback, explanation.bias) == ("you like it", LIKED)
        assert library.explain("Low number 1", "Low number 1").feedback == ""  # what is asked for
        assert library.explain("Low number 0", tmp_path / "outside.wav").feedback == ""
        with pytest.raises(TrackNotFoundError):
            library.like("no such title")
