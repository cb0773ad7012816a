"""What a library makes of arguments that are nearly right: the same, or an error; never another answer."""

from __future__ import annotations

from pathlib import Path

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


def test_one_id_is_itself_in_feedback_and_in_the_queue(own: Library, folder: Path):
    own.scan(folder)
    name, feedback = next(iter(own)).id, own.feedback
    for star in (lambda: feedback.give(name, "like"), lambda: feedback.star("track", name)):
        star()
        assert [one.track for one in feedback.latest()] == [name]
        assert feedback.verdicts(name) == {name: "like"}
        assert [one.track for one in feedback.take_back(name)] == [name]
    feedback.star("album", name)
    assert list(feedback.stars("album")) == [name]
    assert own.play_queue.save(name).tracks == own.play_queue.get().tracks == (name,)


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


@pytest.mark.parametrize("name", ["minutes", "variety", "per_artist", "per_album"])
def test_a_playlist_refuses_what_is_no_number(library: Library, name: str):
    with pytest.raises(UsageError, match=f"{name} is nan"):
        library.playlist("Low number 0", **{name: float("nan")})
