"""What commands print on terminals of several widths."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from pandas import DataFrame

from segue.library import Library
from segue.sources.table import Table


@pytest.fixture
def on_terminal(segue, monkeypatch):
    """Run a command on a terminal of some width: its exit code, and its lines without colors."""

    def run(width: int, *arguments: object) -> tuple[int, list[str]]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        code, out, _ = segue(*arguments)
        return code, re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()

    return run


@pytest.mark.parametrize(
    ("variable", "value", "styled"),
    [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False), ("NO_COLOR", "", True)],
)
def test_headings_are_plain_where_the_terminal_is(
    segue, monkeypatch, long_names: Path, variable: str, value: str, styled: bool
):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, _ = segue("-l", long_names, "similar", "Short 2")
    assert (code, "\x1b" in out) == (0, styled)


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of songs with long names, some in wide letters."""
    names = [
        "A very long title that goes on and on beyond any reason",
        "長い長い長い長い長い長い曲名",
        "Short",
    ]
    rows = [
        {"id": str(i), "name": f"{name} {i}", "artists": "An artist of many words", "album": name,
         "tempo": 100 + i, "energy": i / 10, "valence": 1 - i / 10, "danceability": 0.5}
        for i, name in enumerate(3 * names)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("long")
    with Library.open(folder / "library", create=True) as library:
        library.import_from(Table(DataFrame(rows), name="songs"))
    return folder / "library"


def cells(line: str) -> int:
    """Places that a terminal gives a line."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_track_artist_album_time_and_score_fit_the_terminal(on_terminal, long_names: Path, width: int):
    code, lines = on_terminal(width, "-l", long_names, "similar", "Short 2", "-k", "5")
    assert code == 0
    percentile = ["nearer", "than"] if width >= 80 else []
    assert lines[0].split() == ["track", "artist", "album", "time", "score", *percentile]
    assert len(lines) == 6
    assert all(cells(line) <= width for line in lines)
    assert all(re.search(r"-?[01]\.\d\d( +\d+ %)?$", line) for line in lines[1:])
    assert any("…" in line for line in lines)


def test_several_seeds_and_searches_by_sound_have_a_percentile(segue, scanned: Path):
    asked = ("-l", scanned, "similar", "Low number 0", "Low number 1", "-k", "10")
    found = [match["nearer_than"] for match in json.loads(segue(*asked, "--json")[1])["matches"]]
    assert found == sorted(found, reverse=True)
    assert found[0] >= 9 / 12  # the seeds, and at the most one more, are nearer or as near
    assert found[-1] <= 1 / 12
    _, out, _ = segue(*asked)
    shown = re.findall(r" (\d+) %  ", out)
    assert [int(text) for text in shown] == [int(100 * share) for share in found]
    asked = ("-l", scanned, "search", "bright")
    answers = json.loads(segue(*asked, "--json")[1])
    assert 0.8 < answers[0]["nearer_than"] < 1
    _, out, _ = segue(*asked)
    assert "nearer than" in out.splitlines()[0]
    named = json.loads(segue("-l", scanned, "search", "number 0", "--json")[1])
    assert not any("nearer_than" in one for one in named)


def test_ids_and_paths_are_shown_on_wide_terminals_or_on_request(on_terminal, scanned: Path):
    asked = ("-l", scanned, "search", "number 0")
    assert on_terminal(80, *asked)[1][0].split() == ["track", "artist", "album", "time", "why"]
    assert on_terminal(150, *asked)[1][0].split() == ["track", "artist", "album", "time", "why", "id", "path"]
    with_ids = on_terminal(80, *asked, "--ids")[1]
    assert with_ids[0].split()[-2:] == ["id", "path"]
    assert all("…" not in line for line in with_ids)


def test_a_pipe_gets_whole_lines_with_ids(segue, scanned: Path):
    code, out, _ = segue("-l", scanned, "search", "number 0")
    assert code == 0
    assert re.search(r"[0-9a-f]{16}  .*\.flac$", out.splitlines()[1])


def test_info_shows_what_a_listener_wants_and_everything_with_all(on_terminal, scanned: Path):
    short, long = (
        on_terminal(80, "-l", scanned, "info", "Low number 0", *all_)[1] for all_ in ((), ("--all",))
    )
    assert len(short) < 30
    assert not re.search(r"\b1[0-9]{9}\b", "\n".join(short)), "seconds since 1970 are no date"
    assert not any("centroid" in line for line in short)
    assert any("centroid" in line for line in long)
    assert len(long) > 100


def test_failures_are_never_cut(on_terminal, tmp_path: Path):
    bad = tmp_path / ("a folder of some length " * 3) / "not music.mp3"
    bad.parent.mkdir()
    bad.write_bytes(b"this is no sound at all" * 100)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(bad.parent)
    code, lines = on_terminal(60, "-l", tmp_path / "library", "failures")
    assert code == 0
    assert lines[0] == str(bad)
    assert lines[1].startswith("  not audio: ")
