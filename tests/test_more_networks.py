"""A scan that would let more networks analyze all of a library says so first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from segue.library import Library
from tests.sounds import clips
from tests.waiting import PATIENCE_S

QUESTION = "musicnn and mn04 would also analyze the library's 3 tracks, which takes about 0:0"


@pytest.fixture
def scanned(segue, tmp_path):
    clips(tmp_path / "music", 3)
    code, _, err = segue("-l", tmp_path / "library", "scan", tmp_path / "music", "-e", "descriptors")
    assert (code, "would also" in err) == (0, False)
    clips(tmp_path / "music", 4)
    return tmp_path


def spaces(folder):
    with Library.open(folder / "library") as library:
        return list(library.spaces()), len(library)


def test_where_nobody_can_answer_it_goes_on_as_before(segue, scanned):
    code, out, err = segue("-l", scanned / "library", "scan", "--pull", scanned / "music")
    assert code == 0
    assert "1 added, 3 unchanged" in out
    assert f"scanning with descriptors alone; {QUESTION}" in err.replace("\n", " ")
    assert "after a download: segue" in err.replace("\n", " ")
    assert "scan --yes" in err
    assert spaces(scanned) == (["descriptors-1"], 4)


def test_networks_that_are_neither_here_nor_wanted_are_not_spoken_of(segue, scanned):
    _, out, err = segue("-l", scanned / "library", "scan", "--no-pull", scanned / "music")
    assert "1 added, 3 unchanged" in out
    assert "would also" not in err


def test_a_folder_that_is_not_there_is_refused_before_anything_else_is_said(segue, scanned):
    code, _, err = segue("-l", scanned / "library", "scan", "--pull", scanned / "musik")
    assert (code, "does not exist" in err, "would also" in err) == (2, True, False)


def test_the_command_to_type_has_quotes_where_a_folder_has_spaces(segue, scanned):
    (scanned / "music").rename(scanned / "my music")
    _, _, err = segue("-l", scanned / "library", "scan", "--pull", scanned / "my music")
    assert f"scan --yes '{scanned / 'my music'}'" in err


@pytest.mark.slow
def test_on_a_terminal_it_asks(scanned):
    pty = pytest.importorskip("pty", reason="Windows has no such terminals")
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "segue", "-l", str(scanned / "library"), "scan", "--pull", "-q"]
    scan = subprocess.Popen(
        [*command, str(scanned / "music")], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True,
        env=os.environ | {"COLUMNS": "300"},
    )  # fmt: skip
    os.close(theirs)
    asked = b""
    while b"Do so now?" not in asked:
        asked += os.read(terminal, 4096)
    os.write(terminal, b"n\n")
    out, _ = scan.communicate(timeout=PATIENCE_S)
    os.close(terminal)
    assert QUESTION in asked.decode()
    assert "1 added, 3 unchanged" in out
    assert spaces(scanned) == (["descriptors-1"], 4)
