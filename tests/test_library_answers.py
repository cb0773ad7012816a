"""Session a library: tracks found by what they are called, and recommended by how they sound."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from segue.errors import AmbiguousQueryError, EmptyLibraryError, TrackNotFoundError, UsageError
from segue.library import Library
from segue.track import folded
from tests.conftest import SR, tag, tone

# Finding


def test_find_takes_an_id_a_path_a_title_and_part_of_a_name(library: Library):
    track = library.find("Low number 3")
    assert library.find(track.id) == track
    assert library.find(track.path) == track
    assert library.find(Path(track.path)) == track
    assert library.find("low3") == track
    assert library.find(track) == track


def test_several_matches_are_listed(library: Library):
    with pytest.raises(AmbiguousQueryError, match="4 tracks match") as caught:
        library.find("noise number")
    assert {track.artist for track in caught.value.matches} == {"The Noises"}


def test_nothing_found_is_an_error_that_says_so(library: Library):
    with pytest.raises(TrackNotFoundError, match="polka"):
        library.find("polka")


def test_search_ignores_case_accents_and_the_order_of_words(own: Library, folder: Path):
    tag(folder / "low0.flac", title="Été à la plage", artist="Björk")
    own.scan(folder)
    for text in ("ete PLAGE", "bjork", "plage bjor", "Été", "ÉTÉ", "la plage été"):
        assert [track.title for track in own.tracks.search(text)] == ["Été à la plage"], text


@pytest.mark.parametrize(
    "text", ['"', "*", "AND", "a OR", "(", "%", "NEAR(", "-", "title:", "\\", "'; DROP TABLE"]
)
def test_search_takes_any_text(library: Library, text: str):
    library.tracks.search(text)
    assert len(library) == 12


def test_search_finds_inside_of_words_where_no_word_begins_so(library: Library):
    assert len(library.tracks.search("umber 3")) == 3


def test_folding_is_for_comparing_only(library: Library):
    assert folded("  ÇA Ira ") == "ca ira"
    assert library.find("low number 1").title == "Low number 1"


# Recommending


def test_similar_finds_what_is_made_alike(library: Library):
    for track in library:
        matches = library.similar(track, k=3).matches
        assert [match.track.artist for match in matches] == [track.artist] * 3, track.title
        assert track not in [match.track for match in matches]


def test_scores_fall_and_a_copy_outside_the_library_scores_one(library: Library, tmp_path: Path):
    track = library.find("High number 0")
    copy = tmp_path / "outside.wav"
    soundfile.write(copy, soundfile.read(track.path)[0], SR)
    matches = library.similar(copy, k=12).matches
    assert matches[0].track == track
    assert matches[0].score == pytest.approx(1.0, abs=1e-3)
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)


def test_several_seeds_ask_for_what_lies_between(library: Library):
    found = library.similar(["Low number 0", "Low number 1", "Noise number 0"], k=5)
    artists = [match.track.artist for match in found.matches]
    assert "The Highs" not in artists[:3]
    assert {"The Lows", "The Noises"} >= set(artists[:3])


def test_other_artists_can_be_requested(library: Library):
    found = library.similar("Low number 0", k=8, same_artist=False)
    assert len(found.matches) == 8
    assert "The Lows" not in {match.track.artist for match in found.matches}


def test_too_few_answers_are_explained(library: Library):
    found = library.similar("Low number 0", k=50)
    assert len(found.matches) == 11
    assert found.shortfall == "11 of 50: no more of the library's 12 tracks qualify"


def test_a_copy_of_a_file_is_recommended_once_and_never_for_itself(own: Library, folder: Path):
    shutil.copy(folder / "low0.flac", folder / "copy of low0.flac")
    shutil.copy(folder / "low1.flac", folder / "copy of low1.flac")
    own.scan(folder)
    matches = own.similar(folder / "low0.flac", k=20).matches
    contents = [match.track.content_hash for match in matches]
    assert len(contents) == len(set(contents)) == 11


def test_a_library_of_two_tracks_answers(tmp_path: Path):
    folder = tmp_path / "music"
    folder.mkdir()
    soundfile.write(folder / "a.wav", tone(100), SR)
    soundfile.write(folder / "b.wav", tone(104, 1), SR)
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(folder)
        (match,) = library.similar(folder / "a.wav").matches
        assert match.score > 0.5  # by typical values, two tones are alike


def test_an_empty_library_says_how_to_fill_it(tmp_path: Path, music):
    with (
        Library.open(tmp_path / "library", create=True) as library,
        pytest.raises(EmptyLibraryError, match="scan"),
    ):
        library.similar(music["low0"])


@pytest.mark.parametrize(("queries", "k"), [([], 5), (["Low number 0"], 0)])
def test_senseless_arguments_are_refused(library: Library, queries, k):
    with pytest.raises(UsageError, match="at least 1"):
        library.similar(queries, k=k)
