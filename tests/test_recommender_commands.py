"""What the commands print of a library's answers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest


def test_commands_print_what_the_library_answers(segue, scanned: Path, tmp_path: Path):
    library = ("--library", scanned)
    code, out, err = segue(*library, "why", "Low number 0", "Low number 1")
    assert (code, err) == (0, "")
    assert "descriptors-1" in out
    assert json.loads(segue(*library, "why", "Low number 0", "Low number 1", "--json")[1])["window_s"] > 2
    m3u = tmp_path / "list.m3u8"
    code, out, _ = segue(
        *library, "playlist", "Low number 0", "--k", 4, "--m3u", m3u, "--minus", "Noise number 1"
    )
    assert code == 0
    assert len(out.splitlines()) == 5
    assert m3u.read_text().count("#EXTINF") == 4
    code, out, _ = segue(*library, "journey", "Low number 0", "High number 0", "-k", 3, "--json")
    assert code == 0
    assert [m["title"] for m in json.loads(out)["matches"]][::2] == ["Low number 0", "High number 0"]
    code, out, _ = segue(*library, "similar", "Low number 0", "--minus", "Low number 1", "--json")
    assert "Low number 1" not in [m["title"] for m in json.loads(out)["matches"]]


def test_albums_and_artists_are_listed_and_compared(segue, scanned: Path):
    library = ("--library", scanned)
    listed = json.loads(segue(*library, "albums", "--sort", "name", "--json")[1])
    assert [album["album"] for album in listed] == ["high", "low", "noise"]
    assert json.loads(segue(*library, "albums", "--genre", "low", "--json")[1]) == [listed[1]]
    code, out, _ = segue(*library, "albums", "album:low", "-k", 1)
    assert (code, len(out.splitlines())) == (0, 2)
    near = json.loads(segue(*library, "artists", "artist:The Lows", "--json")[1])
    assert sorted(artist["artist"] for artist in near) == ["The Highs", "The Noises"]
    assert near[0]["score"] >= near[1]["score"]
    assert [line.split("  ")[0] for line in segue(*library, "artists")[1].splitlines()[1:]] == [
        "The Highs", "The Lows", "The Noises",
    ]  # fmt: skip


def test_the_command_matrix_prints_and_draws(segue, scanned: Path, tmp_path: Path):
    picture = tmp_path / "matrix.svg"
    tracks = ("Low number 0", "Low number 1", "High number 2")
    code, out, _ = segue("-l", scanned, "matrix", *tracks, "--csv", "--picture", picture)
    assert code == 0
    lines = [line.split(",") for line in out.splitlines()]
    assert [len(line) for line in lines] == [4] * 4
    assert lines[1][1] == "1.0000"
    cells = [e for e in ET.parse(picture).getroot().iter() if e.tag.endswith("text")]
    assert sum(e.text == "1.00" for e in cells) == 4  # and the end of the scale
    assert json.loads(segue("-l", scanned, "matrix", *tracks, "--json")[1])["scores"][0][0] == 1
    assert segue("-l", scanned, "matrix", *tracks, "--json", "--csv")[0] == 2


@pytest.mark.slow
def test_the_command_map_prints_and_draws(segue, music, tmp_path: Path):
    library = ("-l", tmp_path / "library")
    segue(*library, "scan", next(iter(music.values())).parent, "--quiet")
    picture = tmp_path / "map.svg"
    code, out, err = segue(*library, "map", "--csv", "--picture", picture, "--quiet")
    assert code == 0
    assert str(picture) in err
    assert out.splitlines()[0] == "id,x,y,track"
    assert len(out.splitlines()) == 13
    root = ET.parse(picture).getroot()
    dots = [e for e in root.iter() if e.tag.endswith("circle")]
    assert len(dots) == 12 + 3  # and the legend's, a genre each
    found = json.loads(segue(*library, "map", "--json")[1])
    assert len(found["ids"]) == len(found["xy"]) == 12
    assert segue(*library, "map", "--json", "--csv")[0] == 2
