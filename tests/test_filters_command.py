"""Conditions on answers as the command takes them, and what it says to those that it does not understand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_music import library_fixtures
from tests.sounds import clip

top, root = library_fixtures()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A seed that is no track, so that every track may be an answer."""
    return clip(tmp_path / "outside.wav", 500, duration_s=2)


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
        (["--not-genre", "metal", "--not-genre", "electro"], "befgj"),
        (["--genre", "folk", "--not-artist", "the nons"], "b"),
        (["--min-length", "0:07"], "dei"),
        (["--max-length", "4.5"], "af"),
        (["--min-length", "5", "--max-length", "0:06"], "bcgh"),
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
        assert sorted(line.split()[0] for line in out.splitlines()[1:]) == ["e", "f"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--years", "nineties"],
            "Invalid value for '--years': 'nineties' is not a range; expected 1990-1999",
        ),
        (["--years", "90-99"], "'90-99' is not a range"),
        (["--years", "1999-1990"], "1999 is more than 1990"),
        (["--years", "1990-1995-1999"], "is not a range"),
        (["--years", "-"], "is not a range"),
        (["--years", ""], "is not a range"),
        (["--years", "--1990"], "is not a range"),
        (["--tempo", "120"], "'120' is not a range; expected beats per minute: 90-120, 90- or -120"),
        (["--tempo", "nan-nan"], "is not a range"),
        (["--tempo", "1e3-"], "is not a range"),
        (["--duration", "3:00"], "expected minutes:seconds, or seconds: 2:00-5:00"),
        (["--duration", "2:5-3:00"], "is not a range"),
        (["--duration", "2:75-3:00"], "is not a range"),
        (["--duration", "1:75:00-"], "is not a range"),
        (["--duration", "5:00-2:00"], "300 is more than 120"),
        (
            ["--min-length", "long"],
            "'long' is not a length; expected minutes:seconds, or seconds: 1:30 or 90",
        ),
        (["--max-length", "1:75"], "is not a length"),
        (["--min-length", "2:00", "--max-length", "1:00"], "120 is more than 60"),
        (["--min-length", "2:00", "--duration", "1:00-"], "leave out --min-length and --max-length"),
        (["--not-genre", "polka"], "no track has the genre 'polka'; there are 6"),
        (["--not-artist", ""], "not_artist is ''"),
        (["--not-label", "Speech"], "no network has labeled a track yet"),
        (["--genre", ""], "genre is ''"),
        (["--genre", "polka"], "no track has the genre 'polka'; there are 6"),
        (["--artist", "Nobody"], "there are 4, such as "),
        (["--folder", ""], "folder is ''"),
        (["--folder", "/nowhere"], "no track lies below"),
        (["--label", "Guitar"], "no network has labeled a track yet"),
    ],
    ids=str,
)
def test_the_command_refuses_nonsense_in_one_clear_line(segue, root, outside, arguments, words):
    code, out, err = segue("-l", root, "similar", outside, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
