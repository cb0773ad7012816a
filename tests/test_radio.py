"""Radio: on and on near the seeds, with rest for what was played, steered by the listener."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.recommend.radio import STEERS, choose, n_candidates, rest
from segue.recommend.variety import Cap
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.tables import songs, write_csv
from tests.written_library import new_library, song


@pytest.fixture
def many(tmp_path: Path, rng):
    """A library of 1200 vectors in four groups."""
    group = np.arange(1_200) % 4
    vectors = rng.standard_normal((4, 12))[group] * 2 + rng.standard_normal((1_200, 12))
    with Library.open(tmp_path / "many", create=True) as library:
        library.import_from(Vectors(vectors.astype(np.float32), name="made", metric="cosine"))
        yield library


def ids(found) -> list[str]:
    return [match.track.id for match in found]


def test_a_radio_goes_on_with_other_tracks(many: Library):
    previous: list[str] = []
    for _ in range(4):
        found = many.radio("made:5", k=15, previous=previous)
        assert len(found) == 15
        assert not set(ids(found)) & set(previous)
        assert all(match.score > 0.2 for match in found)
        previous += ids(found)
    seed = many.find("made:5").id
    assert seed not in previous


def test_a_radio_gives_all_that_is_left_before_it_repeats_itself(tmp_path: Path, rng):
    with Library.open(tmp_path / "few", create=True) as library:
        library.import_from(Vectors(rng.standard_normal((25, 12)).astype(np.float32), metric="dot"))
        first = ids(library.radio("vectors:5", k=15))
        then = ids(library.radio("vectors:5", k=15, previous=first))
        assert len(set(first) | set(then)) == 24
        assert len(ids(library.radio("vectors:5", k=15, previous=first + then))) == 15


def test_what_was_played_rests_and_comes_back(many: Library):
    found = ids(many.radio("made:5", k=15, reach=0, random_state=1))
    assert ids(many.radio("made:5", k=15, reach=0, random_state=1)) == found
    many.record_plays(found)
    assert not set(ids(many.radio("made:5", k=15, reach=0))) & set(found)
    nearest = ids(many.similar("made:5", k=80))
    many.record_plays(nearest)
    assert len(many.radio("made:5", k=15, reach=0)) == 15  # all rest: it plays on nevertheless


def test_what_was_played_a_year_ago_has_rested(many: Library):
    found = ids(many.radio("made:5", k=15, reach=0, random_state=1))
    many.record_plays(found, time.time() - 365 * 86_400)
    assert ids(many.radio("made:5", k=15, reach=0, random_state=1)) == found


def test_rest_is_halved_in_a_week():
    assert rest(np.array([0.0, 7.0, 14.0, np.inf])).tolist() == [1, 0.5, 0.25, 0]


def test_the_reach_is_a_share_of_the_library():
    assert [n_candidates(10_000, reach) for reach in (0, 1)] == [200, 2_000]
    assert n_candidates(10, 0) == 80
    assert n_candidates(10**6, 1) == 2_000


def test_chance_prefers_what_is_near(rng):
    utilities = np.linspace(1, 0, 400)
    chosen = choose(utilities, [], 20, rng)
    assert len(set(chosen)) == 20
    assert max(chosen) < 120
    assert sorted(chosen) != list(range(20))


def test_no_artist_comes_too_often_unless_there_is_no_other(rng):
    artists = np.repeat(np.arange(8), 10)
    chosen = choose(np.linspace(1, 0, 80), [Cap(artists, 4)], 16, rng)
    assert np.bincount(artists[chosen]).max() <= 4
    assert len(choose(np.ones(20), [Cap(np.zeros(20, np.int64), 2)], 12, rng)) == 12


def test_a_radio_is_steered(tmp_path: Path, rng):
    rows = [row | {"tempo": round(float(rng.uniform(60, 180)), 2)} for row in songs(300)]
    tempo = {row["name"]: row["tempo"] for row in rows}
    with Library.open(tmp_path / "library", create=True) as library:
        library.import_from(Table(write_csv(tmp_path / "songs.csv", rows)))
        faster, slower = (
            np.mean([tempo[m.track.title] for m in library.radio("Song 3", steer=steer, random_state=0)])
            for steer in (["faster"], ["slower"])
        )
        assert faster > slower + 15


def test_a_radio_goes_toward_a_time(tmp_path: Path):
    made = [song(f"{year}.wav", title=f"song of {year}", year=year) for year in range(1950, 2030)]
    with new_library(tmp_path / "library", made) as library:
        newer, older = (
            np.mean([m.track.tags.year for m in library.radio("song of 1990", steer=[name], random_state=0)])
            for name in ("newer", "older")
        )
        assert newer > older + 20


def test_what_cannot_be_steered_is_told(many: Library):
    with pytest.raises(UsageError, match="nothing in this library measures what is faster"):
        many.radio("made:1", steer=["faster"])
    with pytest.raises(UsageError, match="cannot be steered 'louderer', only: faster, slower"):
        many.radio("made:1", steer=["louderer"])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="reach is 2, expected 0 to 1"):
        many.radio("made:1", reach=2)


def test_the_command_remembers_what_was_played(segue, scanned: Path, tmp_path: Path):
    own = shutil.copytree(scanned, tmp_path / "own")
    line = ("-l", own, "radio", "Low number 0", "-k", "3", "--json")
    code, out, _ = segue(*line, "--steer", "brighter", "--played")
    assert code == 0
    first = [match["id"] for match in json.loads(out)["matches"]]
    assert len(first) == 3
    with Library.open(own) as library:
        assert set(first) <= set(library.feedback.plays())
    again = [match["id"] for match in json.loads(segue(*line)[1])["matches"]]
    assert not set(first) & set(again)


def test_the_command_and_the_library_steer_by_the_same_words(segue):
    shown = segue("radio", "--help")[1].replace("\n", " ")
    assert all(name in " ".join(shown.split()) for name in STEERS)
