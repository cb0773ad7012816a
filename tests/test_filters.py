"""Conditions on answers: tracks whose tags, tempo, length and place are known as they are made so."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue as package
from segue import Where
from segue.errors import UsageError
from segue.library import Library
from segue.recommend import Recommendations
from tests.made_music import MADE, Made, library_fixtures, write
from tests.sounds import clip
from tests.written_library import new_library, song

top, root = library_fixtures()


@pytest.fixture
def library(root: Path) -> Iterator[Library]:
    with Library.open(root) as opened:
        yield opened


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A seed that is no track, so that every track may be an answer."""
    return clip(tmp_path / "outside.wav", 500, duration_s=2)


def titles(found: Recommendations) -> str:
    """In the order of the alphabet, one letter a track."""
    return "".join(sorted(match.track.title for match in found.matches))


# Each condition alone

ALONE: list[tuple[dict[str, Any], str]] = [
    ({"genre": "metal"}, "acd"),
    ({"genre": "black métal"}, "b"),
    ({"genre": "FOLK"}, "bcd"),
    ({"genre": "chanson francaise"}, "eg"),
    ({"genre": " electro ; post-metal"}, "hij"),
    ({"genre": "Black Metal/électro,"}, "bhi"),
    ({"years": (1990, 1999)}, "abcgj"),
    ({"years": (1990, 1990)}, "agj"),
    ({"years": (1995, None)}, "cdh"),
    ({"years": (None, 1990)}, "agij"),  # neither without a year nor with 0000
    ({"years": (1986, 1989)}, ""),
    ({"tempo_bpm": (90, 110)}, "cd"),
    ({"tempo_bpm": (None, 110)}, "abcd"),
    ({"tempo_bpm": (120.5, None)}, "efghij"),
    ({"tempo_bpm": (1e300, None)}, ""),
    ({"duration_s": (5, 6)}, "bcgh"),
    ({"duration_s": (6.4, 6.6)}, "j"),
    ({"duration_s": (None, 4)}, "af"),
    ({"duration_s": (7, None)}, "dei"),
    ({"artist": "bjork"}, "abf"),  # of the album too
    ({"artist": "ÉDITH"}, "ef"),
    ({"album": "debut"}, "ad"),
    ({"album": " LIVE "}, "fhij"),
    ({"not_genre": "metal"}, "befghij"),  # f has no genre
    ({"not_genre": "Folk, Électro"}, "aefgj"),
    ({"not_genre": ["folk", "electro"]}, "aefgj"),
    ({"not_artist": "bjork"}, "cdeghij"),  # neither from the artist's albums; g has no artist
    ({"not_artist": ("ÉDITH", "Kraft")}, "abcdg"),
]


@pytest.mark.parametrize(("conditions", "expected"), ALONE, ids=str)
def test_one_condition_lets_through_what_meets_it(library: Library, outside: Path, conditions, expected):
    found = library.similar(outside, k=len(MADE), where=Where(**conditions))
    assert titles(found) == expected
    words = found.shortfall or ""
    assert words.startswith(f"{len(expected)} of 10: no more of the library's 10 tracks qualify; ")
    assert words.endswith(f": {len(expected)}")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("", "abcdefghij"),
        ("one", "abcd"),  # but not "one two"
        ("one/", "abcd"),
        ("one//été & more/../", "abcd"),
        ("one/été & more", "cd"),
        ("one two", "ef"),
        ("100%_[a]", "gh"),
        ("'; DROP TABLE tracks; --", "ij"),
    ],
)
def test_a_folder_holds_what_lies_below_it(library: Library, outside: Path, top: Path, folder, expected):
    for place in (f"{top}/{folder}", Path(top, folder)):
        assert titles(library.similar(outside, k=10, where=Where(folder=place))) == expected


def test_a_folder_may_be_named_from_here_or_from_home(
    library: Library, outside: Path, top: Path, monkeypatch
):
    monkeypatch.chdir(top)
    monkeypatch.setenv("HOME", str(top))
    monkeypatch.setenv("USERPROFILE", str(top))
    for place in ("one two", Path("one two"), "./one/../one two/", "~/one two"):
        assert titles(library.similar(outside, where=Where(folder=place))) == "ef"
    assert titles(library.similar(outside, where=Where(folder=top.anchor))) == "abcdefghij"


@pytest.mark.parametrize("folder", ["on", "one/a.flac", "one/ete & more", "ONE", "one two three", "one\0two"])
def test_a_folder_without_tracks_is_refused_with_those_that_have_some(library, outside, top, folder):
    with pytest.raises(UsageError, match="no track lies below") as caught:
        library.similar(outside, where=Where(folder=f"{top}/{folder}"))
    assert "100%_[a]" in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_folders_whose_names_are_not_unicode_hold_tracks_too(tmp_path: Path):
    folders = [tmp_path / "music" / os.fsdecode(name) for name in (b"caf\xe9", b"caf\xe9s", b"caf")]
    places = [*(folder / "a.wav" for folder in folders), folders[2] / os.fsdecode(b"\xff.wav")]
    for i, place in enumerate(places):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(clip(tmp_path / f"{i}.wav", 300 + 50 * i).read_bytes())
    seed = clip(tmp_path / "seed.wav", 500)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        counts = [len(library.similar(seed, where=Where(folder=folder)).matches) for folder in folders]
        assert counts == [1, 1, 2]
        assert len(library.similar(seed, where=Where(folder=tmp_path / "music")).matches) == 4
        with pytest.raises(UsageError, match="no track lies below"):
            library.similar(seed, where=Where(folder=tmp_path / os.fsdecode(b"\xe9")))


# Together


def test_a_track_must_meet_all_conditions(library: Library, outside: Path, top: Path):
    where = Where(
        genre="folk", years=(1995, None), tempo_bpm=(90, None), folder=top / "one", artist="the nons"
    )
    assert titles(library.similar(outside, where=where)) == "cd"
    assert titles(library.similar(outside, where=replace(where, duration_s=(None, 6)))) == "c"


def test_excluded_tracks_are_left_out_of_the_included_ones(library: Library, outside: Path):
    where = Where(genre="folk", not_artist="The Nons")
    assert titles(library.similar(outside, where=where)) == "b"
    assert str(where) == "genre folk, not artist The Nons"
    assert (
        titles(library.similar(outside, where=Where(duration_s=(5, None), not_genre=["folk", "electro"])))
        == "egj"
    )
    assert [match.track.title for match in library.playlist("a", k=9, where=where)] == ["b"]


def test_the_shortfall_counts_who_meets_each_condition_and_all(library: Library):
    where = Where(genre="metal", years=(1990, 1999), duration_s=(None, 5.5))
    found = library.similar("a", k=3, where=where)
    assert titles(found) == ""
    assert found.shortfall == (
        "0 of 3: no more of the library's 10 tracks qualify; genre metal: 3, years 1990 to 1999: 5, "
        "duration up to 5.5 s: 4, all together: 1"
    )
    assert library.similar("a", k=50, where=Where()).shortfall == (
        "9 of 50: no more of the library's 10 tracks qualify"
    )


def meets(made: Made, conditions: dict[str, Any]) -> bool:
    """The same question, asked of what the files were made of."""
    year = int(made.year[:4] or 0) or None
    facts = {"years": year, "tempo_bpm": made.bpm, "duration_s": made.duration_s}
    for name, wanted in conditions.items():
        if name == "genre":
            genres = made.genre.casefold().replace(";", "/").replace(",", "/").split("/")
            if wanted not in map(str.strip, genres):
                return False
        else:
            fact = facts[name]
            low, high = wanted
            if fact is None or not (low or 0) <= fact <= (high or 9999):
                return False
    return True


CHOICES: dict[str, list[Any]] = {
    "genre": ["metal", "folk", "electro", "chanson française"],
    "years": [(1985, 1994), (1990, None), (None, 1999), (2001, 2010)],
    "tempo_bpm": [(70, 110), (90, None), (None, 130), (118, 130)],
    "duration_s": [(4.5, 6.2), (6.2, None), (None, 5.5), (4.5, 7.5)],
}


@pytest.mark.slow
def test_there_are_k_answers_wherever_k_tracks_qualify(library: Library, rng: np.random.Generator):
    sizes = set()
    for trial in range(120):
        names = [name for name in CHOICES if rng.random() < 0.45]
        conditions = {name: CHOICES[name][rng.integers(4)] for name in names}
        seed = MADE[trial % len(MADE)]
        expected = {made.title for made in MADE if made != seed and meets(made, conditions)}
        for k in {1, 2, len(expected), 20} - {0}:
            found = library.similar(seed.title, k=k, where=Where(**conditions))
            answers = [match.track.title for match in found.matches]
            assert len(answers) == len(set(answers)) == min(k, len(expected)), conditions
            assert set(answers) <= expected
            assert (found.shortfall is None) == (len(expected) >= k)
        sizes.add(len(expected))
    assert sizes >= {0, 1, 2, 3, 5}


def test_conditions_leave_the_order_and_the_scores_as_they_are(library: Library):
    every = library.similar("a", k=9).matches
    some = library.similar("a", k=9, where=Where(years=(1990, 1999))).matches
    assert list(some) == [match for match in every if 1990 <= (match.track.tags.year or 0) <= 1999]


def test_conditions_and_leaving_out_the_artist_go_together(library: Library):
    found = library.similar("a", k=9, same_artist=False, where=Where(duration_s=(None, 5)))
    assert titles(found) == "g"  # b is by Björk, and f from her album


@pytest.mark.slow
def test_copies_of_files_do_not_use_up_the_answers(tmp_path: Path):
    (tmp_path / "music").mkdir()
    for i in range(4):
        for copy in range(12):
            clip(tmp_path / "music" / f"{i} {copy}.wav", 300 + 100 * i)
    seed = clip(tmp_path / "seed.wav", 350)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        found = library.similar(seed, k=4, where=Where(duration_s=(0.1, 10)))
        assert (len(found.matches), found.shortfall) == (4, None)


def test_tracks_whose_files_are_gone_are_not_recommended(tmp_path: Path, outside: Path):
    write(MADE[0], tmp_path / "music", 0)
    write(MADE[1], tmp_path / "music", 1)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        (tmp_path / "music" / "one" / "a.flac").unlink()
        library.scan(tmp_path / "music")
        found = library.similar(outside, where=Where(artist="björk"))
    assert titles(found) == "b"
    assert (found.shortfall or "").endswith("artist björk: 1")


# Names that nothing has


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"genre": "Polka"}, "no track has the genre 'Polka'; there are 6, such as "),
        ({"genre": "metal; mettal"}, "no track has the genre 'mettal'; there are 6, such as Metal"),
        ({"genre": "meta"}, "such as Metal"),
        ({"artist": "Edit"}, "no track has the artist 'Edit'; there are 4, such as Édith"),
        (
            {"album": "Homogenic"},
            "no track has the album 'Homogenic'; there are 3, such as début, Live, Post",
        ),
        ({"label": "Guitar"}, "no track has the label 'Guitar'; no network has labeled a track yet"),
        ({"not_genre": "polka"}, "no track has the genre 'polka'; there are 6"),
        ({"not_artist": ["Kraft", "Craft"]}, "no track has the artist 'Craft'; there are 4, such as Kraft"),
        ({"not_label": "Speech"}, "no network has labeled a track yet"),
        ({"artist": "\udce9\0"}, "no track has the artist '\\udce9\\x00'; there are 4"),
    ],
)
def test_an_unknown_name_is_refused_with_some_that_are_known(library, outside, conditions, words):
    with pytest.raises(UsageError) as caught:
        library.similar(outside, where=Where(**conditions))
    assert words in str(caught.value)


def test_without_any_tags_the_message_says_that_there_are_none(tmp_path: Path):
    seed = clip(tmp_path / "a.wav", 300)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path)
        with pytest.raises(UsageError, match="no track has the genre 'rock'; no track has any genre"):
            library.similar(seed, where=Where(genre="rock"))
        assert library.similar(seed, where=Where(years=(1990, None))).matches == ()


def test_a_tempo_needs_the_descriptors(tmp_path: Path):
    songs = [song("/a.flac", title="A"), song("/b.flac", title="B")]
    with (
        new_library(tmp_path / "library", songs) as library,
        pytest.raises(UsageError, match="segue scan -e descriptors"),
    ):
        library.similar("A", where=Where(tempo_bpm=(90, 120)))


def test_labels_are_compared_without_case_and_may_be_given_either_way(
    tmp_path: Path, top: Path, outside: Path
):
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(top)
        with sqlite3.connect(library.path / "catalog.sqlite") as db:
            keys = {row[0]: row[1] for row in db.execute("SELECT title, key FROM tracks")}
            rows = [(keys[title], "mn04-1", label) for title, label in LABELS]
            db.executemany("INSERT INTO labels VALUES (?, ?, ?, 0.5)", rows)
        db.close()
        assert titles(library.similar(outside, label="guitar")) == "abc"
        assert titles(library.similar(outside, where=Where(label="GUITAR"))) == "abc"
        assert titles(library.similar(outside, label="guitar", where=Where(duration_s=(5, None)))) == "bc"
        assert titles(library.similar(outside, where=Where(not_label="guitar"))) == "defghij"
        assert titles(library.similar(outside, where=Where(not_label=["flute", "guitar"]))) == "efghij"
        with pytest.raises(UsageError, match="there are 3, such as Zither"):
            library.similar(outside, label="zyther")
        with pytest.raises(UsageError, match="two different labels"):
            library.similar(outside, label="guitar", where=Where(label="Flute"))


LABELS = [("a", "Guitar"), ("b", "Guitar"), ("c", "guitar"), ("d", "Flute"), ("d", "Zither")]


# What cannot be meant


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"years": (1999, 1990)}, "1999 is more than 1990"),
        ({"tempo_bpm": (120.5, 90)}, "120.5 is more than 90"),
        ({"duration_s": (float("nan"), 3)}, "end nan"),
        ({"duration_s": (None, float("nan"))}, "end nan"),
        ({"years": (None, None)}, "of which one may be None"),
        ({"years": 1990}, "expected (lowest, highest)"),
        ({"years": (1990,)}, "expected (lowest, highest)"),
        ({"years": "1990"}, "expected (lowest, highest)"),
        ({"years": ("1990", "1999")}, "expected a number or None"),
        ({"years": (None, 10**400)}, "expected a number or None"),
        ({"genre": ""}, "genre is ''"),
        ({"genre": " ; / ,"}, "genre is"),
        ({"genre": ["rock"]}, "expected text"),
        ({"artist": "  "}, "artist is"),
        ({"album": 7}, "album is 7, expected text"),
        ({"label": ""}, "label is ''"),
        ({"folder": ""}, "folder is ''"),
        ({"folder": 3}, "folder is 3"),
        ({"not_genre": ""}, "not_genre is ''"),
        ({"not_genre": [";"]}, "not_genre is ';'"),
        ({"not_artist": []}, "not_artist is [], expected a name or several"),
        ({"not_label": 7}, "not_label is 7, expected a name or several"),
        ({"not_label": ["Speech", None]}, "not_label is None, expected text"),
    ],
    ids=str,
)
def test_senseless_conditions_are_refused(conditions, words):
    with pytest.raises(UsageError) as caught:
        Where(**conditions)
    assert words in str(caught.value)


def test_an_artist_is_not_split_and_conditions_are_described_in_words():
    assert str(Where(artist="AC/DC", years=(1990, None))) == "years from 1990, artist AC/DC"
    assert Where(artist="/").parts() == [Where(artist="/")]
    assert package.Where is Where
