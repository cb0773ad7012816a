"""What a library makes of arguments that are nearly right: the same, or an error; never another answer."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library


def test_one_pattern_is_itself_and_not_its_letters(own: Library, folder: Path):
    own.scan(folder)
    own.exclude(folder, "low*.flac")
    assert own.scanned_folders()[0].exclude == ("low*.flac",)
    assert own.scan(folder).newly_missing == 4
    own.include(folder, "low*.flac")
    assert not own.scanned_folders()[0].exclude


def test_one_id_is_itself_and_not_its_letters(own: Library, folder: Path):
    own.scan(folder)
    first = next(iter(own))
    own.record_plays(first.id)
    assert list(own.feedback.plays()) == [first.id]
    playlist = own.playlists.create("one", first.id)
    assert own.playlists.tracks(playlist) == [first.id]


def test_a_radio_takes_one_direction_and_one_track_before_it(library: Library):
    def given(**how) -> list[str]:
        return [match.track.id for match in library.radio("Low number 0", random_state=1, **how)]

    assert given(k=3, steer="brighter") == given(k=3, steer=["brighter"])
    before = library.find("Low number 1").id
    assert given(k=3, previous=before) == given(k=3, previous=[before]) != given(k=3)


def test_a_library_has_tracks_by_themselves_and_by_their_ids(library: Library):
    track = library.find("Low number 0")
    assert track in library
    assert track.id in library
    assert "Low number 0" not in library
    assert 5 not in library
    assert None not in library


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            lambda library: library.evaluate(by="title"),
            "by is 'title', expected one of: genre, artist, album",
        ),
        (lambda library: library.albums("age"), "sort is 'age', expected one of: name, artist, year"),
        (
            lambda library: library.artists("age"),
            "sort is 'age', expected one of: name, tracks, played, often",
        ),
        (lambda library: library.check(sample=-1), "sample is -1, expected 0 or more files"),
    ],
)
def test_a_name_or_number_that_is_none_of_those_is_refused(library: Library, wrong, words: str):
    with pytest.raises(UsageError) as told:
        wrong(library)
    assert str(told.value).startswith(words)


def test_settings_that_leave_no_track_are_refused(own: Library, segue):
    own.settings.change(shortest_s=60, longest_s=300)
    for wrong in ({"longest_s": 30}, {"shortest_s": 301}, {"shortest_s": 9, "longest_s": 8}):
        with pytest.raises(UsageError, match="no track is at least"):
            own.settings.change(**wrong)
    assert (own.settings.load().shortest_s, own.settings.load().longest_s) == (60, 300)
    own.settings.change(longest_s=0)  # any length
    own.settings.change(shortest_s=301, speech=True)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda library: library.search(5), "text is 5, expected a text"),
        (lambda library: library.search("low", limit=2.5), "limit is 2.5, expected a whole number"),
        (lambda library: library.labels("id"), "track is 'id', expected Track"),
        (
            lambda library: library.cluster_names(["id"]),
            "tracks is ['id'], expected several, each Track or None",
        ),
        (lambda library: library.similar("Low number 0", k="5"), "k is '5', expected a whole number"),
        (lambda library: library.similar("Low number 0", view=5), "view is 5, expected a text or None"),
        (
            lambda library: library.playlist("Low number 0", per_artist="5"),
            "per_artist is '5', expected a whole number or 'auto' or None",
        ),
        (
            lambda library: library.playlist("Low number 0", per_album=float("nan")),
            "per_album is nan, expected a whole number or 'auto' or None",
        ),
        (
            lambda library: library.playlist("Low number 0", minutes=float("nan")),
            "minutes is nan, expected a number or None",
        ),
        (
            lambda library: library.radio("Low number 0", previous=5),
            "previous is 5, expected a text or several",
        ),
        (lambda library: library.albums(text=5), "text is 5, expected a text"),
        (lambda library: library.keys_matching(None), "where is None, expected Where"),
        (lambda library: library.as_user(5), "user is 5, expected User or a text"),
        (lambda library: library.back_up(5), "to is 5, expected a text or a path"),
        (lambda library: library.find_clusters("5"), "k is '5', expected a whole number or None"),
        (lambda _: Library.open(5), "path is 5, expected a text or a path"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_by_its_name(library: Library, wrong, words: str):
    with pytest.raises(UsageError) as refused:
        wrong(library)
    assert words in str(refused.value)


@pytest.mark.parametrize("seed", ["\ud800", ["\ud800"], Path("\ud800")], ids=ascii)
def test_half_a_character_is_no_text(library: Library, seed):
    for use in (library.similar, library.playlist, library.radio, library.like):
        with pytest.raises(UsageError, match="is no text: it holds half a character"):
            use(seed)
    with pytest.raises(UsageError, match="is no text: it holds half a character"):
        library.find("\ud800")


def test_no_public_method_takes_just_anything_for_a_text_or_a_number(library: Library):
    plain = {"str", "int", "float", "str | None", "int | None", "float | None", "str | Path"}
    n_refused = 0
    for name, method in inspect.getmembers(library, inspect.ismethod):
        parameters = {} if name.startswith("_") else inspect.signature(method).parameters
        for parameter in parameters.values():
            if parameter.annotation in plain:
                with pytest.raises((UsageError, TypeError)) as refused:
                    method(**{parameter.name: object()})
                assert isinstance(refused.value, UsageError), (name, parameter.name)
                n_refused += 1
    assert n_refused > 60


def test_numbers_of_numpy_are_numbers(library: Library):
    few = library.playlist("Low number 0", k=np.int64(3), minutes=np.float32(100), per_artist=np.int32(2))
    assert [one.track.id for one in few] == [
        one.track.id for one in library.playlist("Low number 0", k=3, minutes=100, per_artist=2)
    ]
