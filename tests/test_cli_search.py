"""The commands that take words: names by kind, and the question which of several is meant."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.written_library import new_library, song


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("songs") / "library"
    made = [
        song("/1.flac", title="Rain", artist="Ana Bell", album="Weather"),
        song("/2.flac", title="Rain", artist="The Rains", album="Weather"),
        song("/3.flac", title="Snow", artist="Ana Bell", album="Winter"),
    ]
    with new_library(root, made) as library:
        library.playlists.create("Rainy days", [next(iter(library)).id])
    return root


def test_names_are_listed_by_kind(segue, songs: Path):
    code, out, err = segue("-l", songs, "search", "--grouped", "rain")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["kind", "track", "track", "artist", "playlist"]
    assert "The Rains" in out
    limited = segue("-l", songs, "search", "--grouped", "-k", 1, "rain")
    assert limited[2] == "1 of 2 tracks; for more: --limit\n"
    record = json.loads(segue("-l", songs, "search", "--grouped", "rain", "--json")[1])
    assert (record["total"], record["artists"], record["near"]) == (
        2, [{"name": "The Rains", "artist": None, "tracks": 1, "seed": "artist:The Rains"}], []
    )  # fmt: skip
    assert record["playlists"] == [{"name": "Rainy days", "tracks": 1}]


def test_a_name_that_is_nowhere_is_told_with_those_that_are_spelled_almost_so(segue, songs: Path):
    code, out, err = segue("-l", songs, "search", "--grouped", "ana bull")
    assert (code, out) == (0, "")
    assert err.startswith("no name has the words 'ana bull'\ndid you mean 'Ana Bell' (artist)")
    near = json.loads(segue("-l", songs, "search", "--grouped", "ana bull", "--json")[1])["near"]
    assert near[0] == {"name": "Ana Bell", "kind": "artist"}
    assert segue("-l", songs, "search", "--grouped", "xyz")[2] == "no name has the words 'xyz'\n"


def test_names_by_kind_take_no_conditions(segue, songs: Path):
    code, out, err = segue("-l", songs, "search", "--grouped", "--genre", "Rock", "rain")
    assert (code, out) == (2, "")
    assert "--grouped looks at names alone: leave out the conditions" in err


@pytest.mark.parametrize(
    ("typed", "artist"), [("1\n", "Ana Bell"), ("2\n", "The Rains"), ("9\n2\n", "The Rains")]
)
def test_on_a_terminal_it_is_asked_which_of_several_is_meant(
    segue, songs: Path, monkeypatch: pytest.MonkeyPatch, typed: str, artist: str
):
    answers = io.StringIO(typed)
    monkeypatch.setattr(answers, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", answers)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, out, err = segue("-l", songs, "info", "rain")
    assert code == 0
    assert "2 tracks match 'rain'" in err
    assert "Which one?" in err
    assert artist in out


def test_elsewhere_the_seeds_that_are_meant_are_listed(segue, songs: Path):
    code, out, err = segue("-l", songs, "info", "rain")
    assert (code, out) == (2, "")
    seeds = [line.split()[0] for line in err.splitlines()[2:]]
    found = [segue("-l", songs, "info", seed)[1] for seed in seeds]
    assert [name in text for name, text in zip(("Ana Bell", "The Rains"), found, strict=True)] == [True, True]
