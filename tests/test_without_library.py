"""Files compared where there is no library: nothing is needed, and nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's library would be."""
    monkeypatch.setenv("SEGUE_LIBRARY", str(tmp_path / "data" / "library"))
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    monkeypatch.delenv("SEGUE_LIBRARY")
    return tmp_path / "data"


def test_a_matrix_of_files_needs_no_library_and_agrees_with_one(
    segue: Command, alone: Path, music: dict[str, Path], tmp_path: Path
):
    files = [music["low0"], music["low1"], music["high0"], music["noise0"]]
    code, out, err = segue("matrix", *files, "--json")
    assert code == 0, err
    assert "comparing 4 files by descriptors-1" in err
    scores = np.array(json.loads(out)["scores"])
    assert scores[0, 1] > max(scores[0, 2:])
    with Library.open(tmp_path / "own", create=True, embedders=["descriptors"]) as library:
        library.scan(files)
        np.testing.assert_allclose(scores, library.matrix(files).scores, atol=1e-3)
    assert not alone.exists()


def test_the_first_of_several_files_is_compared_with_the_others(
    segue: Command, alone: Path, music: dict[str, Path]
):
    code, out, err = segue("similar", music["low0"], music["noise0"], music["low1"], "--json")
    assert code == 0, err
    titles = [match["title"] for match in json.loads(out)["matches"]]
    assert titles == ["Low number 1", "Noise number 0"]
    assert not alone.exists()


def test_files_that_cannot_be_used_are_named(
    segue: Command, alone: Path, music: dict[str, Path], tmp_path: Path
):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    code, out, err = segue("matrix", music["low0"], tmp_path / "bad.wav")
    assert (code, out) == (2, "")
    assert "bad.wav" in err
    assert "at least 2 files are needed" in err


def test_a_library_that_is_named_and_not_there_is_a_mistake(
    segue: Command, alone: Path, music: dict[str, Path], tmp_path: Path
):
    code, out, err = segue("-l", tmp_path / "nowhere", "matrix", music["low0"], music["low1"])
    assert (code, out) == (2, "")
    assert "there is no library" in err
    assert segue("similar", "a title")[0] == 2
