"""The file of settings, a variable for every option, -v, completion, and the doctor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.cli import cli
from segue.cli.config import OTHER_VARIABLES, variables
from segue.library import CATALOG_FILE, Library

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("SEGUE_CONFIG", str(path))
    return path


def n_matches(segue: Command, *words: object) -> int:
    code, out, err = segue(*words, "--json")
    assert code == 0, err
    return len(json.loads(out)["matches"])


def test_options_come_from_the_line_then_a_variable_then_the_file(
    segue: Command, scanned: Path, config: Path, monkeypatch: pytest.MonkeyPatch
):
    config.write_text(f"library = {str(scanned)!r}\n[similar]\nk = 4\nno-such = 1\n", "utf-8")
    code, _, err = segue("similar", "low number 0")
    assert (code, "has no option 'no-such'; there are: agree, album" in err) == (2, True)
    config.write_text(f"library = {str(scanned)!r}\n[similar]\nk = 4\nsame-artist = false\n", "utf-8")
    assert n_matches(segue, "similar", "low number 0") == 4
    monkeypatch.setenv("SEGUE_SIMILAR_K", "3")
    assert n_matches(segue, "similar", "low number 0") == 3
    assert n_matches(segue, "similar", "low number 0", "-k", "2") == 2
    assert "The Lows" not in segue("similar", "low number 0")[1]
    assert "The Lows" in segue("similar", "low number 0", "--same-artist")[1]
    monkeypatch.delenv("SEGUE_SIMILAR_K")
    config.write_text(config.read_text("utf-8"), "utf-8-sig")  # as some editors save it
    assert n_matches(segue, "similar", "low number 0") == 4


def test_commands_below_a_command_have_their_own_tables(segue: Command, scanned: Path, config: Path):
    config.write_text("[folders.list]\njson = true\n", "utf-8")
    code, out, _ = segue("-l", scanned, "folders", "list")
    assert code == 0
    assert json.loads(out)[0]["there"] is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("k = ", "is no TOML"),
        ("polka = 1", "has no option 'polka'; there are: library, verbose"),
        ("[polka]\nk = 1", "there is no command 'polka'"),
        ("similar = 3", "has no option 'similar'"),
        ("[similar]\nk = 'many'", "'many' is not a valid integer"),
    ],
)
def test_a_mistake_in_the_file_is_named_in_one_line(
    segue: Command, scanned: Path, config: Path, text: str, words: str
):
    config.write_text(text, "utf-8")
    code, out, err = segue("-l", scanned, "similar", "low number 0")
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_file_that_is_named_and_not_there_is_a_mistake(segue: Command, config: Path):
    code, _, err = segue("info")
    assert code == 2
    assert f"{config} is not there; $SEGUE_CONFIG names it" in err


def test_no_variable_means_two_things():
    names = list(variables(cli))
    shared = {"SEGUE_PASSWORD", "SEGUE_TOKEN", "SEGUE_CATALOG"}  # mean the same of each command
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= shared
    assert not OTHER_VARIABLES.intersection(names)
    assert {"SEGUE_LIBRARY", "SEGUE_SCAN_JOBS", "SEGUE_SERVE_OPEN", "SEGUE_MODELS_PULL_QUIET"} <= set(names)


def test_verbose_says_what_is_used_and_where_an_error_came_from(segue: Command, scanned: Path):
    code, _, err = segue("-l", scanned, "-v", "info")
    assert code == 0
    assert f"library: {scanned}" in err
    assert "s of a processor" in err
    code, _, err = segue("-l", scanned, "-v", "similar", "polka")
    assert code == 2
    assert "Traceback" in err
    assert segue("-V") == segue("--version")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_commands_and_options(tmp_path: Path):
    program = tmp_path / "segue"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m segue "$@"\n', "utf-8")
    program.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = """
        eval "$(_SEGUE_COMPLETE=bash_source segue)"
        COMP_WORDS=(segue sim) COMP_CWORD=1; _segue_completion segue; echo "${COMPREPLY[@]}"
        COMPREPLY=() COMP_WORDS=(segue similar --not-) COMP_CWORD=2; _segue_completion segue
        echo "${COMPREPLY[@]}"
    """
    run = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=False)
    first, second = run.stdout.splitlines()
    assert first == "similar"
    assert second.split() == ["--not-genre", "--not-artist", "--not-label"]


def findings(segue: Command, *words: object, code: int = 0) -> dict[str, dict[str, str]]:
    got, out, err = segue(*words, "doctor", "--json")
    assert got == code, err
    return {finding["name"]: finding for finding in json.loads(out)}


@pytest.mark.slow
def test_the_doctor_finds_nothing_wrong_with_a_library_that_is_right(segue: Command, scanned: Path):
    found = findings(segue, "-l", scanned)
    assert len(found) >= 20
    assert not [one for one in found.values() if one["state"] == "fault"]
    for name in ("decoder", "FFmpeg", "index", "library", "content", "folders"):
        assert found[name]["state"] == "ok", found[name]
    assert all(one["remedy"] for one in found.values() if one["state"] != "ok")
    out = segue("-l", scanned, "doctor")[1].splitlines()
    assert out[-1].startswith(f"{len(found)} checks: 0 faults")


@pytest.mark.slow
def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(
    segue: Command, music: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "music"
    shutil.copytree(next(iter(music.values())).parent, folder)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(folder)
    shutil.rmtree(folder)
    monkeypatch.setenv("SEGUE_SCAN_JBOS", "2")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    found = findings(segue, "-l", tmp_path / "library")
    assert found["folders"]["state"] == "warning"
    assert "folders move OLD NEW" in found["folders"]["remedy"]
    assert "SEGUE_SCAN_JBOS" in found["environment"]["text"]
    assert "127.0.0.1:9 does not answer" in found["proxy"]["text"]
    assert found["models"]["remedy"].startswith("segue models pull")
    matrix = next((tmp_path / "library" / "vectors").rglob("*.matrix"))
    with matrix.open("r+b") as f:
        f.seek(100)
        f.write(b"\xff\xfe\xfd\xfc")
    found = findings(segue, "-l", tmp_path / "library", code=1)
    assert found["content"]["state"] == "fault"
    assert "check" in found["content"]["remedy"]
    (tmp_path / "library" / CATALOG_FILE).write_bytes(b"no database" * 1000)
    assert findings(segue, "-l", tmp_path / "library", code=1)["library"]["state"] == "fault"


def test_the_doctor_of_a_new_user_says_how_to_begin(segue: Command, tmp_path: Path):
    found = findings(segue, "-l", tmp_path / "none")
    assert found["library"]["remedy"] == f"segue --library {tmp_path / 'none'} scan ~/Music"
    assert not (tmp_path / "none").exists()
