"""Conditions on answers: tracks whose tags, tempo, length and place are known as they are made so."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import segue as package
from segue import Where
from segue.errors import UsageError
from segue.library import Library
from segue.recommend import Recommendations
from tests.conftest import SR, tag
from tests.sounds import clip


@dataclass(frozen=True)
class Made:
    """A file, and what is true of it."""

    title: str
    folder: str
    genre: str
    artist: str
    album: str
    year: str
    bpm: int
    duration_s: float
    album_artist: str = ""


MADE = (
    Made("a", "one", "Metal", "Björk", "Début", "1990", 80, 4),
    Made("b", "one", "Black Metal; Folk", "björk", "Post", "1994-05-01", 80, 5),
    Made("c", "one/été & more", "Metal/Folk", "The Nons", "Post", "1999", 100, 6),
    Made("d", "one/été & more", "Folk, Metal", "The Nons", "début", "2000", 100, 7),
    Made("e", "one two", "Chanson française", "Édith", "Post", "", 125, 8),
    Made("f", "one two", "", "Édith", "Live", "0000", 125, 4, "BJORK"),
    Made("g", "100%_[a]", "CHANSON FRANÇAISE", "", "", "1990", 160, 5),
    Made("h", "100%_[a]", "Electro", "Kraft", "Live", "2005", 160, 6),
    Made("i", "'; DROP TABLE tracks; --", "Electro", "Kraft", "Live", "1985", 160, 7),
    Made("j", "'; DROP TABLE tracks; --", "Post-Metal", "Kraft", "Live", "1990", 125, 6.5),
)


def write(made: Made, top: Path, seed: int) -> None:
    """Bursts of noise at the beats."""
    (top / made.folder).mkdir(parents=True, exist_ok=True)
    path = top / made.folder / f"{made.title}.flac"
    t = np.arange(round(made.duration_s * SR)) / SR
    noise = np.random.default_rng(seed).standard_normal(len(t))
    soundfile.write(path, 0.03 * noise * np.exp(-20 * (t % (60 / made.bpm))), SR)
    tags = {name: getattr(made, name) for name in ("title", "genre", "artist", "album")}
    tags |= {"date": made.year, "albumartist": made.album_artist}
    tag(path, **{name: value for name, value in tags.items() if value})


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for i, made in enumerate(MADE):
        write(made, folder, i)
    return folder


@pytest.fixture(scope="module")
def root(top: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("filtered") / "library"
    with Library.open(root, create=True, embedders=["descriptors"]) as library:
        library.scan(top)
    return root


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


def test_files_that_are_gone_are_no_answers(tmp_path: Path, outside: Path):
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
        ({"label": "Guitar"}, "no track has the label 'Guitar'; no network has listened"),
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
        with pytest.raises(UsageError, match="no track has the genre 'rock'; none has any genre"):
            library.similar(seed, where=Where(genre="rock"))
        assert library.similar(seed, where=Where(years=(1990, None))).matches == ()


def test_a_tempo_needs_the_descriptors(library: Library, outside: Path, monkeypatch):
    from segue.library import filters

    monkeypatch.setattr(filters, "_TEMPOS", ())
    with pytest.raises(UsageError, match="segue scan -e descriptors"):
        library.similar(outside, where=Where(tempo_bpm=(90, 120)))


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
        with pytest.raises(UsageError, match="there are 3, such as Zither"):
            library.similar(outside, label="zyther")
        with pytest.raises(UsageError, match="two labels"):
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
    ],
    ids=str,
)
def test_senseless_conditions_are_refused(conditions, words):
    with pytest.raises(UsageError) as caught:
        Where(**conditions)
    assert words in str(caught.value)


def test_an_artist_is_not_taken_apart_and_conditions_are_told_in_words():
    assert str(Where(artist="AC/DC", years=(1990, None))) == "years from 1990, artist AC/DC"
    assert Where(artist="/").parts() == [Where(artist="/")]
    assert package.Where is Where


# The command


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--genre", "métal"], "acd"),
        (["--years", "1990-1999"], "abcgj"),
        (["--years", " 1990 \N{EN DASH} 1999 "], "abcgj"),
        (["--years", "1995-"], "cdh"),
        (["--years", "-1990"], "agij"),
        (["--years=-1990"], "agij"),
        (["--years", "1990"], "agj"),
        (["--tempo", "90-110.5"], "cd"),
        (["--tempo", "-110"], "abcd"),
        (["--tempo", "120-"], "efghij"),
        (["--duration", "0:05-0:06"], "bcgh"),
        (["--duration", "6.4-0:06"], None),
        (["--duration", "6.4-6.6"], "j"),
        (["--duration", "-0:00:04"], "af"),
        (["--duration", "-4"], "af"),
        (["--duration", "0:07-"], "dei"),
        (["--duration", "0:05-1:00:00"], "bcdeghij"),
        (["--artist", "björk", "--album", "live"], "f"),
        (["--genre", "folk,electro", "--years", "1999-", "--tempo", "-110"], "cd"),
    ],
)
def test_the_command_takes_conditions(segue: Callable[..., Any], root, outside, arguments, expected):
    code, out, err = segue("-l", root, "similar", outside, "--json", *arguments)
    if expected is None:
        assert (code, out) == (2, "")
        assert "6.4 is more than 6" in err
        return
    assert code == 0, err
    assert "".join(sorted(match["title"] for match in json.loads(out)["matches"])) == expected
    assert f"{len(expected)} of 10" in err


def test_the_command_takes_a_folder(segue, root, outside, top, monkeypatch):
    monkeypatch.chdir(top)
    for folder in (top / "one two", "one two/", f"{top}//one two"):
        _, out, _ = segue("-l", root, "similar", outside, "--folder", folder)
        assert sorted(line.split("Édith - ")[1][0] for line in out.splitlines()[1:]) == ["e", "f"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--years", "nineties"], "Invalid value for '--years': 'nineties' is not understood; say 1990-1999"),
        (["--years", "90-99"], "'90-99' is not understood"),
        (["--years", "1999-1990"], "1999 is more than 1990"),
        (["--years", "1990-1995-1999"], "is not understood"),
        (["--years", "-"], "is not understood"),
        (["--years", ""], "is not understood"),
        (["--years", "--1990"], "is not understood"),
        (["--tempo", "120"], "'120' is not understood; say beats a minute: 90-120, 90- or -120"),
        (["--tempo", "nan-nan"], "is not understood"),
        (["--tempo", "1e3-"], "is not understood"),
        (["--duration", "3:00"], "say minutes:seconds, or seconds: 2:00-5:00"),
        (["--duration", "2:5-3:00"], "is not understood"),
        (["--duration", "2:75-3:00"], "is not understood"),
        (["--duration", "1:75:00-"], "is not understood"),
        (["--duration", "5:00-2:00"], "300 is more than 120"),
        (["--genre", ""], "genre is ''"),
        (["--genre", "polka"], "no track has the genre 'polka'; there are 6"),
        (["--artist", "Nobody"], "there are 4, such as "),
        (["--folder", ""], "folder is ''"),
        (["--folder", "/nowhere"], "no track lies below"),
        (["--label", "Guitar"], "no network has listened"),
    ],
    ids=str,
)
def test_the_command_refuses_nonsense_in_one_clear_line(segue, root, outside, arguments, words):
    code, out, err = segue("-l", root, "similar", outside, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
