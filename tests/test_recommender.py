"""What a library answers: away from seeds, playlists, journeys, whys, matrices; of sounds and of vectors."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue import Where
from segue.errors import LibraryError, UsageError, VectorError
from segue.library import Library
from segue.progress import Silent
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.conftest import SR, tone


@pytest.fixture
def vectors(tmp_path, rng):
    """A library of 60 vectors along an arc of a circle, evenly, and a little to the sides."""
    angles = np.linspace(0, 2.4, 60)
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    matrix = np.concatenate([arc, 0.05 * rng.standard_normal((60, 4))], axis=1).astype(np.float32)
    with Library.open(tmp_path / "vectors", create=True) as library:
        library.import_from(Vectors(matrix, name="arc", metric="cosine"))
        yield library


def kinds(found):
    return [match.track.artist for match in found.matches]


# Away from some


def test_minus_moves_away(library: Library):
    between = library.similar(["Low number 0", "High number 0"], k=10)
    away = library.similar(["Low number 0", "High number 0"], minus="High number 1", k=10)
    before, after = (
        np.mean([i for i, kind in enumerate(kinds(found)) if kind == "The Highs"])
        for found in (between, away)
    )
    assert after > before
    assert kinds(away)[0] == "The Lows"
    scores = [match.score for match in away.matches]
    assert scores == sorted(scores, reverse=True)
    assert all(-1.001 <= score <= 1.001 for score in scores)


def test_unwanted_seeds_are_not_recommended(library: Library):
    away = library.similar("Low number 0", minus=["Low number 1", "Noise number 2"], k=9)
    assert not {"Low number 1", "Noise number 2"} & {match.track.title for match in away.matches}
    assert away.shortfall is None
    assert len(away.matches) == 9


def test_minus_works_window_by_window(library: Library):
    view = "descriptors/frames"
    away = library.similar(["Low number 0", "High number 0"], minus="High number 1", k=3, view=view)
    assert kinds(away)[0] == "The Lows"


def test_minus_takes_a_file_outside(library: Library, tmp_path: Path):
    path = tmp_path / "outside.wav"
    soundfile.write(path, tone(1770, 9), SR)
    away = library.similar(["Low number 0", "High number 0"], minus=path, k=3)
    assert kinds(away)[0] == "The Lows"


def test_bits_cannot_be_moved(tmp_path, rng):
    bits = rng.integers(0, 256, (20, 4)).astype(np.uint8)
    with Library.open(tmp_path / "bits", create=True) as library:
        library.import_from(Vectors(bits, name="bits", metric="hamming"))
        for refined in ({"minus": "bits:2"}, {"agree": True}, {"weights": [1.0]}):
            with pytest.raises(UsageError, match="not defined for hamming"):
                library.similar("bits:1", **refined)
        assert len(library.playlist("bits:1", k=5).matches) == 5
        assert len(library.journey("bits:1", "bits:2", k=4).matches) == 4
        assert library.map().xy.shape == (20, 2)


# Playlists


def test_a_playlist_is_near_and_no_artist_plays_twice_in_a_row(library: Library):
    found = library.playlist("Low number 0", k=6, variety=0.8)
    artists = kinds(found)
    assert len(artists) == 6
    assert "The Lows" in artists
    assert all(a != b for a, b in pairwise(artists))


def test_without_variety_a_playlist_holds_the_nearest(library: Library):
    nearest = {match.track.id for match in library.similar("Low number 0", k=5).matches}
    found = library.playlist("Low number 0", k=5, variety=0, per_artist=0, per_album=0)
    assert {match.track.id for match in found} == nearest


def artists_of(found):
    return Counter(match.track.artist for match in found)


def test_a_playlist_has_no_more_of_one_artist_than_its_share(library: Library, segue):
    assert artists_of(library.playlist("Low number 0", k=6, variety=0)).most_common(1)[0][1] == 2
    alike = library.playlist("Low number 0", k=3, variety=0, per_artist=3, per_album=0)
    assert artists_of(alike) == {"The Lows": 3}
    _, out, _ = segue("-l", library.path, "playlist", "low number 0", "-k", 6, "--per-album", 2, "--json")
    assert Counter(match["album"] for match in json.loads(out)["matches"]) == {
        "low": 2,
        "high": 2,
        "noise": 2,
    }


def test_where_there_are_no_other_artists_a_playlist_has_more_of_one(library: Library):
    where = Where(artist="The Lows")
    assert len(library.playlist("Low number 0", k=3, per_artist=1, per_album=1, where=where)) == 3


def test_a_negative_share_is_refused(library: Library):
    with pytest.raises(UsageError, match="per_artist is -1"):
        library.playlist("Low number 0", per_artist=-1)


def test_a_playlist_that_is_too_short_says_why(library: Library):
    found = library.playlist("Low number 0", k=30)
    assert len(found.matches) == 11
    assert found.shortfall is not None
    assert "11 of 30" in found.shortfall


@pytest.mark.parametrize("variety", [-0.1, 1.5, float("nan")])
def test_senseless_variety_is_refused(library: Library, variety):
    with pytest.raises(UsageError, match="variety"):
        library.playlist("Low number 0", variety=variety)


def test_playlists_journeys_and_maps_of_windows_are_refused(library: Library):
    view = "descriptors/frames"
    with pytest.raises(UsageError, match="a playlist needs one"):
        library.playlist("Low number 0", view=view)
    with pytest.raises(UsageError, match="a journey needs one"):
        library.journey("Low number 0", "High number 0", view=view)
    with pytest.raises(UsageError, match="a map needs one"):
        library.map(view=view)


# Journeys


def test_a_journey_goes_along_the_arc_in_even_steps(vectors: Library):
    found = vectors.journey("arc:0", "arc:59", k=7)
    stops = [int(match.track.source_id or -1) for match in found.matches]
    assert found.shortfall is None
    assert stops[0] == 0
    assert stops[-1] == 59
    steps = np.diff(stops)
    assert (steps > 0).all()
    assert steps.max() <= 14  # of 59 in 6 steps
    scores = [match.score for match in found.matches]
    assert scores[0] == pytest.approx(1, abs=1e-5)
    assert scores[-1] == min(scores)


def test_a_journey_can_be_reversed(vectors: Library):
    there = vectors.journey("arc:0", "arc:59", k=7).matches
    back = vectors.journey("arc:59", "arc:0", k=7).matches
    assert back[0].track == there[-1].track
    assert back[-1].track == there[0].track


def test_a_journey_with_too_little_between_says_why(vectors: Library):
    found = vectors.journey("arc:3", "arc:5", k=40)
    assert 2 <= len(found.matches) < 40
    assert found.shortfall is not None
    assert "lie between the two" in found.shortfall


def test_a_journey_of_two_is_its_ends(vectors: Library):
    found = vectors.journey("arc:3", "arc:40", k=2)
    assert [match.track.source_id for match in found.matches] == ["3", "40"]


def test_a_journey_from_a_file_outside_has_k_tracks_of_the_library(library: Library, tmp_path: Path):
    path = tmp_path / "outside.wav"
    soundfile.write(path, tone(112, 9), SR)
    found = library.journey(path, "High number 0", k=4)
    assert found.matches[-1].track.title == "High number 0"
    assert len(found.matches) == 4


def test_a_journey_to_where_one_is_is_refused(library: Library):
    with pytest.raises(UsageError, match="the same"):
        library.journey("Low number 0", "Low number 0")
    with pytest.raises(UsageError, match="at least 2"):
        library.journey("Low number 0", "High number 0", k=1)


# Why


def test_why_agrees_with_similar_and_names_labels(library: Library):
    best = library.similar("Noise number 0", k=1).matches[0]
    why = library.explain("Noise number 0", best.track)
    assert why.score == pytest.approx(best.score, abs=1e-5)
    assert sum(part.share for part in why.parts) == pytest.approx(why.score, abs=1e-5)
    assert why.window_s == pytest.approx(2.97, abs=0.01)
    assert [(m.a_s, m.b_s) for m in why.moments] == [(0, 0)]
    assert "noisy" in why.text
    apart = library.explain("Noise number 0", "Low number 0")
    assert apart.score < why.score
    assert any(not feature.alike for feature in apart.features)


def test_why_finds_the_moment_that_two_tracks_share(tmp_path: Path):
    low, high = tone(150, 1, 15), tone(2100, 2, 15)
    soundfile.write(tmp_path / "a.wav", np.concatenate([low, tone(700, 3, 6)]), SR)
    soundfile.write(tmp_path / "b.wav", np.concatenate([tone(700, 3, 6), high]), SR)
    soundfile.write(tmp_path / "c.wav", tone(300, 4, 15), SR)
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(tmp_path)
        moment = library.explain("a.wav", "b.wav").moments[0]
    assert moment.a_s >= 14
    assert moment.b_s <= 4
    assert moment.score > 0.9


def test_why_of_songs_in_a_table_speaks_of_what_the_table_says(tmp_path: Path):
    header = "id,name,artists,danceability,energy,loudness,acousticness,valence,tempo\n"
    rows = [f"{i},Song {i},A{i},0.5,{0.2 + 0.01 * i},-{30 - i},0.5,0.5,{60 + 6 * i}\n" for i in range(21)]
    (tmp_path / "songs.csv").write_text(header + "".join(rows))
    with Library.open(tmp_path / "library", create=True) as library:
        library.import_from(Table(tmp_path / "songs.csv"))
        alike, apart = library.explain("Song 19", "Song 20"), library.explain("Song 0", "Song 20")
    assert alike.moments == ()
    assert alike.window_s == 0
    assert "fast" in alike.text
    assert "loud" in alike.text
    assert "the first is quiet, the second loud" in [feature.text for feature in apart.features]


@pytest.mark.parametrize(
    "view", ["descriptors/raw", "descriptors/frames", "descriptors/flattened/raw", "descriptors/centred"]
)
def test_why_works_in_every_view(library: Library, view):
    why = library.explain("Low number 0", "Low number 1", view=view)
    best = library.matrix(["Low number 0", "Low number 1"], view=view).scores[0, 1]
    assert why.score == pytest.approx(float(best), abs=1e-3)
    assert why.moments


def test_why_of_vectors_says_that_nothing_more_is_known(vectors: Library):
    assert "nothing is known" in vectors.explain("arc:1", "arc:2").text


# Matrices


def test_a_matrix_agrees_with_similar(library: Library):
    found = library.matrix(["Low number 0", "Low number 1", "High number 2"])
    scores = {match.track.id: match.score for match in library.similar("Low number 0", k=11).matches}
    assert found.names == ("The Lows - Low number 0", "The Lows - Low number 1", "The Highs - High number 2")
    for j in (1, 2):
        track = found.tracks[j]
        assert track is not None
        assert found.scores[0, j] == pytest.approx(scores[track.id], abs=1e-5)
    np.testing.assert_array_equal(found.scores, found.scores.T)
    np.testing.assert_allclose(np.diag(found.scores), 1, atol=1e-5)


def test_a_matrix_takes_files_outside(library: Library, music):
    found = library.matrix(["Low number 0", music["low0"].parent / "high0.flac"])
    assert found.tracks[1] is not None  # its path is a track's
    assert found.scores.shape == (2, 2)


# By a vector


def test_a_tracks_own_vector_finds_it_first_and_then_what_similar_finds(library: Library):
    vector = library.vector_of("Low number 0")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    found = library.similar_to_vector(3 * vector, k=5)
    assert found[0].track.title == "Low number 0"
    assert found[0].score == pytest.approx(1, abs=1e-5)
    asked = library.similar("Low number 0", k=4)
    assert [match.track.id for match in found][1:] == [match.track.id for match in asked]


def test_raw_vectors_are_compared_unchanged(vectors: Library):
    found = vectors.similar_to_vector(np.array([1, 0, 0, 0, 0, 0], np.float32), k=3)
    assert found[0].track.source_id in {"0", "1", "2", "3"}


@pytest.mark.parametrize("bad", [np.ones(3, np.float32), np.zeros((2, 16), np.float32), np.full(16, np.nan)])
def test_a_vector_of_no_place_is_refused(library: Library, bad):
    with pytest.raises(VectorError):
        library.similar_to_vector(bad)


def test_a_vector_meets_conditions_too(library: Library):
    found = library.similar_to_vector(library.vector_of("Low number 0"), k=3, where=Where(artist="The Highs"))
    assert set(kinds(found)) == {"The Highs"}


def test_a_view_of_windows_has_no_one_vector(library: Library):
    with pytest.raises(UsageError, match="needs one vector a track"):
        library.vector_of("Low number 0", view="descriptors/windows")


# Answers as a sequence, and how good they are


def test_recommendations_are_a_sequence(library: Library):
    found = library.similar("Low number 0", k=4)
    assert len(found) == 4
    assert [match.track.id for match in found] == [found[i].track.id for i in range(4)]
    assert list(found) == list(found.matches)


def test_neighbors_of_made_music_are_by_the_same_artist(library: Library):
    begun = []

    class Follower(Silent):
        def begin(self, total: int | None, unit: str) -> None:
            begun.append((total, unit))

    found = library.evaluate(by="artist", progress=Follower())
    assert (found.by, found.tracks, found.asked) == ("artist", len(library), len(library))
    assert found.precision[1].value > 0.9 > found.chance
    assert found.precision[1].value >= found.precision[10].value
    assert begun == [(len(library), "tracks")]
    assert found.as_record()["precision"]["5"]["value"] == found.precision[5].value


def test_what_progress_raises_ends_an_evaluation(library: Library):
    class Interrupting(Silent):
        def advance(self, done: int, tally: str = "") -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.evaluate(by="artist", progress=Interrupting())


def test_tags_that_no_track_has_cannot_be_evaluated(vectors: Library):
    with pytest.raises(LibraryError, match="0 of 60 tracks have a tag 'album'"):
        vectors.evaluate(by="album")


def test_a_library_says_what_it_is(library: Library):
    assert repr(library) == f"<Library: {len(library)} tracks in {library.path}, descriptors-1>"


def test_a_library_is_a_mapping_of_ids(library: Library):
    track = next(iter(library))
    assert library[track.id] == track
    with pytest.raises(KeyError) as caught:
        library["zz"]
    assert str(caught.value) == "no track has the id 'zz'"
