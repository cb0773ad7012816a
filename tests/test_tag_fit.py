"""What a library's own tags teach its view, and that they teach it only where that helps others."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.spec import Embedding
from segue.views.tag_fit import FOLDS, TrackTags, artist_groups, fit_on_tags, split_folds
from tests.written_library import SPEC, analyzed, song

ALBUMS, TRACKS, DIM = 40, 6, 16


def numbers(rng: np.random.Generator, *, apart: float) -> np.ndarray:
    """(n, dim): albums differ a little in each number; their tracks differ most in the first three."""
    album = rng.standard_normal((ALBUMS, DIM)).repeat(TRACKS, axis=0)
    within = 0.7 * rng.standard_normal((ALBUMS * TRACKS, DIM))
    within[:, :3] += apart * rng.standard_normal((ALBUMS * TRACKS, 3))
    return album + within


def tags(n: int = ALBUMS * TRACKS, albums_each: int = 2) -> TrackTags:
    """Albums of six tracks, two by each artist."""
    album = np.arange(n) // TRACKS
    return TrackTags(album // albums_each, album)


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


# Pure functions


def test_tags_are_used_where_they_tell_what_differs_within_an_album(rng):
    matrix, fit = fit_on_tags(unit(numbers(rng, apart=4)), tags())
    assert fit.used
    assert fit.low > 0
    assert fit.with_tags > fit.without + 0.2
    assert matrix is not None
    weights = np.abs(matrix).sum(axis=1)
    assert weights[:3].max() < 0.5 * weights[3:].min()  # what differs within albums counts for less


def test_tags_that_say_nothing_of_the_sound_are_not_used(rng):
    shuffled = rng.permutation(ALBUMS * TRACKS)
    matrix, fit = fit_on_tags(unit(numbers(rng, apart=4)), tags().take(shuffled))
    assert matrix is None
    assert not fit.used
    assert fit.low < 0


def test_tags_that_add_nothing_to_the_sound_are_not_used(rng):
    """The albums' tracks differ alike in all numbers, so nothing is to be learned from them."""
    matrix, fit = fit_on_tags(unit(numbers(rng, apart=0)), tags())
    assert (matrix, fit.used) == (None, False)
    assert fit.with_tags == pytest.approx(fit.without, abs=0.05)


def test_mixed_up_tags_gain_nothing_where_tracks_are_few_for_their_dimensions(rng):
    """A fit that evens out the tracks it knows makes all others alike: that is nothing tags teach."""
    scales = np.geomspace(1, 0.05, 50)
    vectors = unit(scales * rng.standard_normal((200, 50)))
    fits = [fit_on_tags(vectors, tags(200).take(rng.permutation(200)))[1] for _ in range(12)]
    assert np.mean([fit.with_tags - fit.without for fit in fits]) == pytest.approx(0, abs=0.01)
    assert sum(fit.used for fit in fits) <= 2


def test_ten_albums_of_two_tracks_can_be_held_out(rng):
    places = np.concatenate([np.arange(2) + TRACKS * album for album in range(10)])
    fit = fit_on_tags(unit(numbers(rng, apart=4))[places], tags().take(places))[1]
    assert fit.albums == 10
    assert 0 < fit.without <= 1


def test_few_albums_are_too_few(rng):
    vectors = unit(numbers(rng, apart=4))[: 9 * TRACKS]
    matrix, fit = fit_on_tags(vectors, tags(9 * TRACKS))
    assert matrix is None
    assert str(fit) == "not used: 9 albums of two tracks and more by one artist are too few"


def test_albums_of_one_artist_alone_are_too_few_to_tell(rng):
    one_artist = TrackTags(np.zeros(ALBUMS * TRACKS, np.int64), tags().albums)
    # Each album is a group; none may train another.
    assert len(np.unique(artist_groups(one_artist))) == ALBUMS
    matrix, fit = fit_on_tags(unit(numbers(rng, apart=4)), one_artist)
    assert matrix is None
    assert not fit.used


def test_tracks_without_tags_are_left_out(rng):
    vectors = unit(numbers(rng, apart=4))
    whole = tags()
    holes = np.concatenate([whole.artists, [-1] * 100]), np.concatenate([whole.albums, np.arange(100)])
    more = np.concatenate([vectors, unit(rng.standard_normal((100, DIM)))])
    np.testing.assert_array_equal(fit_on_tags(more, TrackTags(*holes))[0], fit_on_tags(vectors, whole)[0])


def test_no_artist_and_no_album_is_in_two_folds(rng):
    n = 400
    albums = rng.integers(0, 80, n)
    mixed = TrackTags(np.where(rng.random(n) < 0.9, albums // 3, rng.integers(0, 30, n)), albums)
    for these in (tags(), TrackTags(tags().artists, tags().albums // 2)):
        folds = split_folds(artist_groups(these))
        for names in (these.artists, these.albums):
            assert all(len(np.unique(folds[names == name])) == 1 for name in np.unique(names))
    sizes = np.bincount(split_folds(artist_groups(mixed)), minlength=FOLDS)
    assert sizes.min() > n / FOLDS / 2  # also where samplers link everybody with everybody


def test_names_become_numbers_and_classes_need_both():
    found = TrackTags.of(["a", "a", None, "b"], ["x", "x", "x", "x"])
    assert found.artists.tolist() == [0, 0, -1, 1]
    assert found.classes.tolist() == [0, 0, -1, 1]


# Libraries


def library_of(root: Path, rows: np.ndarray, names: TrackTags) -> Library:
    """Tracks of a space of these numbers, with these tags."""
    library = Library.open(root / "library", create=True, embedders=["descriptors"])
    files = []
    for i, (artist, album) in enumerate(zip(names.artists, names.albums, strict=True)):
        vector = Embedding(rows[i].astype(np.float32), np.zeros((0, DIM), np.float16), ())
        made = song(f"/music/{i}.flac", title=f"Song {i}", artist=f"Artist {artist}", album=f"Album {album}")
        files.append(replace(analyzed(made), embeddings={SPEC.space: vector}))
    with library.catalog.writing() as writer:
        writer.add_space(replace(SPEC, dim=DIM), [f"x{i}" for i in range(DIM)])
        writer.append(files)
    library.view_index()
    return library


@pytest.fixture
def helped(tmp_path: Path, rng: np.random.Generator):
    with library_of(tmp_path, numbers(rng, apart=4), tags()) as library:
        yield library


def same_album(library: Library, **how: str) -> float:
    """The share of tracks of the same album among the five nearest."""
    shares = [
        np.mean([m.track.tags.album == track.tags.album for m in library.similar(track, k=5, **how)])
        for track in list(library)[::7]
    ]
    return float(np.mean(shares))


def test_a_library_whose_tags_help_says_so_and_has_a_view_without_them(helped: Library):
    fit = helped.tag_fit()
    assert fit is not None
    assert fit.used
    assert re.match(
        r"used: tracks held out find \d\d\.\d% of their 5 nearest on their own album with them, ", str(fit)
    )
    assert fit.sentence().startswith("Segue compares tracks by sound, and has learned from your tags")
    by_sound = same_album(helped, view="all/sound")
    assert by_sound < fit.without  # among held-out tracks alone fewer are in the way
    assert same_album(helped) > by_sound + 0.05
    assert helped.view_index("all/sound").tag_fit is None


def test_what_tags_taught_is_there_after_opening_again(helped: Library):
    before = helped.tag_fit()
    with Library.open(helped.path) as again:
        assert again.tag_fit() == before
        assert again.view_index().tag_fit == before


def test_a_library_whose_tags_are_mixed_up_is_compared_by_its_sound_alone(tmp_path: Path, rng):
    shuffled = tags().take(rng.permutation(ALBUMS * TRACKS))
    with library_of(tmp_path, numbers(rng, apart=4), shuffled) as library:
        fit = library.tag_fit()
        assert fit is not None
        assert str(fit).startswith("not used: tracks held out find ")
        assert fit.sentence().startswith("Segue compares tracks by sound alone")
        track = next(iter(library))
        one, other = (
            [(m.track.id, m.score) for m in library.similar(track, k=20, view=v)] for v in (None, "all/sound")
        )
        assert one == other


def test_info_and_evaluate_say_what_tags_do(helped: Library, segue, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEGUE_LIBRARY", str(helped.path))
    assert f"tags      {helped.tag_fit()}" in segue("info")[1]
    warning = "The view has learned from these tags, so the figures above are too good."
    told = segue("evaluate", "--by", "album", "-q")[1]
    assert warning in told
    assert f"With tags, {str(helped.tag_fit()).removeprefix('used: ')}" in told
    assert warning not in segue("evaluate", "--by", "album", "-q", "--view", "all/sound")[1]
