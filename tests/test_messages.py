"""Messages as people read them: without the numbers of the system's errors, and one of something is one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from segue.display.terminal import TerminalProgress
from segue.errors import LibraryWriteError, UsageError
from segue.library import Library
from segue.sources.vectors import Vectors
from segue.texts import reason


def test_the_reason_of_an_error_has_no_number_and_no_path(tmp_path: Path):
    with pytest.raises(OSError, match=r"^\[Errno 2\]") as missing:
        (tmp_path / "none").read_bytes()
    assert reason(missing.value) == "No such file or directory"
    assert reason(ValueError("too long")) == "too long"


def test_a_library_that_cannot_be_made_says_why_in_words(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryWriteError, match=r"^cannot create a library in .*: Not a directory$"):
        Library.open(tmp_path / "file" / "library", create=True)


def test_a_library_that_cannot_be_written_to_says_why_in_words(tmp_path: Path):
    with Library.open(tmp_path / "library", create=True) as library:
        (tmp_path / "library" / "writer.lock").unlink(missing_ok=True)
        (tmp_path / "library" / "writer.lock").mkdir()
        with pytest.raises(LibraryWriteError) as refused:
            library.prune()
    assert str(refused.value).endswith("cannot be written to: Is a directory")


def test_one_of_something_is_one(library: Library):
    with pytest.raises(UsageError, match=r"^k is 0, for 1 seed; both must be at least 1$"):
        library.similar("Low number 0", k=0)
    with pytest.raises(UsageError, match=r"^expected 1 weight above 0, one for each seed$"):
        library.similar("Low number 0", weights=[1, 2])


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses such names")
def test_names_of_files_cannot_rewrite_the_terminal(segue, tmp_path: Path, monkeypatch, capsys):
    broken = tmp_path / "music" / "\x1b[2Jred\n.ogg"
    broken.parent.mkdir()
    broken.write_bytes(b"no music")
    assert segue("-l", tmp_path / "library", "scan", "-q", "-e", "descriptors", broken.parent)[2].startswith(
        f"  failed: {broken.parent}/ [2Jred .ogg: no decoder"
    )
    assert segue("matrix", broken, broken)[2].count("\x1b") == 0
    monkeypatch.setattr("segue.display.terminal.LINE_EVERY_S", 0)
    progress = TerminalProgress()
    progress.begin(1, "files")
    progress.advance(1)
    progress.note(broken.name)
    assert capsys.readouterr().err.splitlines()[-1] == " [2Jred .ogg"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("plan --tracks nan", "nan is not a finite number"),
        ("plan --tracks 10 --minutes inf", "inf is not a finite number"),
        ("watch . --poll nan", "nan is not a finite number"),
        ("settings speech", "such as: segue settings speech no"),
        ("settings longest", "such as: segue settings longest auto"),
        ("failures --dismiss a --show-again b", "choose one of --dismiss and --show-again"),
        ("albums Oath --sort year", "leave out --sort"),
        ("albums Oath --genre rock", "leave out --genre"),
        ("artists Oath --sort name", "leave out --sort"),
        ("scan ''", "a folder has an empty name"),
        ("watch ''", "a folder has an empty name"),
    ],
)
def test_options_that_make_no_sense_are_refused(segue, tmp_path, monkeypatch, arguments: str, expected: str):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGUE_LIBRARY", str(tmp_path / "library"))
    code, out, err = segue(*shlex.split(arguments))
    assert (code, out) == (2, "")
    assert expected in err


def test_a_length_that_is_not_known_is_not_said(segue, tmp_path: Path, rng):
    with Library.open(tmp_path / "library", create=True) as library:
        library.import_from(Vectors(rng.standard_normal((9, 4)).astype(np.float32)))
    assert segue("-l", tmp_path / "library", "playlist", "vectors:5", "-k", 3)[2].endswith("\n3 tracks\n")


def test_one_shard_is_one(segue):
    assert " 1 shard, " in segue("plan", "--tracks", 10)[1]
