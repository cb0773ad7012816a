"""start.py installs what a command finds missing, and runs the command again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segue import advice
from tests.waiting import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[1]
# Stands for the environment's Python: notes what it is asked, and lacks Parquet until pip has installed it.
PYTHON = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$2" = segue ] && ! grep -q "install.*parquet" "$CALLS"; then
    printf %s "$LACKS" > "$SEGUE_MISSING_EXTRA"
    exit 2
fi
"""

LACKS_TWO = """#!/bin/sh
echo "$@" >> "$CALLS"
[ "$2" = segue ] || exit 0
for extra in mongo parquet; do
    grep -q "install.*$extra" "$CALLS" || { printf %s $extra > "$SEGUE_MISSING_EXTRA"; exit 2; }
done
"""
LACKS_FOR_EVER = """#!/bin/sh
[ "$2" = segue ] || exit 0
[ -z "$SEGUE_MISSING_EXTRA" ] && echo "parquet is missing" >&2 || printf parquet > "$SEGUE_MISSING_EXTRA"
exit 2
"""
# This one scans until Ctrl-C, and then takes half a second to save; pip and venv do nothing.
SAVES_SLOWLY = """#!/bin/sh
[ "$2" = segue ] || exit 0
trap 'sleep 0.5; echo saved >> "$CALLS"; exit 130' INT
echo scanning >> "$CALLS"
while :; do sleep 0.01; done
"""

# Ctrl-C comes after the command has begun, but before its process is known.
STARTS_SLOWLY = """
import os, pathlib, subprocess, time
begin = subprocess.Popen._execute_child
def execute(process, command, *others):
    begin(process, command, *others)
    if "scan" in command:
        while "scanning" not in pathlib.Path(os.environ["CALLS"]).read_text():
            time.sleep(0.01)
        time.sleep(0.2)
subprocess.Popen._execute_child = execute
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with start.py and a stand-in for its environment."""
    shutil.copy(ROOT / "start.py", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON, "utf-8")
    python.chmod(0o755)
    return tmp_path


@pytest.fixture
def started(installed: Path):
    """Run start.py in a folder of its own: exit code, what it says, what Python was asked."""
    calls = installed / "calls"

    def start(lacks: str) -> tuple[int, str, list[str]]:
        command = [sys.executable, installed / "start.py", "export", "-o", "x.parquet"]
        env = os.environ | {"CALLS": str(calls), "LACKS": lacks}
        run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return run.returncode, run.stderr, calls.read_text("utf-8").splitlines()

    return start


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of sh")
def test_a_command_that_lacks_an_extra_gets_it_and_runs_again(started):
    code, err, calls = started("parquet")
    assert code == 0
    assert "This needs the extra parquet, which is installed now" in err
    commands = [call for call in calls if call.startswith("-m segue")]
    assert commands == ["-m segue export -o x.parquet"] * 2
    installed = [call for call in calls if call.startswith("-m pip")]
    assert installed[-1].endswith("[parquet]")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of sh")
def test_several_missing_extras_are_installed_one_after_the_other(installed: Path):
    (installed / ".venv" / "bin" / "python").write_text(LACKS_TWO, "utf-8")
    calls = installed / "calls"
    command = [sys.executable, installed / "start.py", "similar"]
    env = os.environ | {"CALLS": str(calls)}
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert run.stderr.count("Setting up") == 1
    assert run.stderr.count("which is installed now") == 2
    asked = calls.read_text("utf-8").splitlines()
    assert [call for call in asked if call.startswith("-m segue")] == ["-m segue similar"] * 3
    assert asked[-2].endswith("[mongo,parquet]")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of sh")
def test_an_extra_that_is_still_missing_is_told_by_the_command(installed: Path):
    (installed / ".venv" / "bin" / "python").write_text(LACKS_FOR_EVER, "utf-8")
    command = [sys.executable, installed / "start.py", "similar"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.splitlines()[-1]) == (2, "parquet is missing")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of sh")
@pytest.mark.parametrize("lacks", ["", "polka", "test"])
def test_nothing_else_is_installed_or_run_again(started, lacks: str):
    code, err, calls = started(lacks)
    assert code == 2
    assert "extra" not in err
    assert [call for call in calls if call.startswith("-m segue")] == ["-m segue export -o x.parquet"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of sh")
@pytest.mark.parametrize("moment", ["while it works", "while it is being started"])
def test_ctrl_c_lets_the_command_save_its_work(installed: Path, moment: str):
    """``subprocess.run`` kills a command that has not ended a quarter of a second after Ctrl-C."""
    if moment == "while it is being started":
        (installed / "sitecustomize.py").write_text(STARTS_SLOWLY, "utf-8")
    (installed / ".venv" / "bin" / "python").write_text(SAVES_SLOWLY, "utf-8")
    calls = installed / "calls"
    calls.touch()
    command = [sys.executable, installed / "start.py", "scan", "music"]
    env = os.environ | {"CALLS": str(calls), "PYTHONPATH": str(installed)}
    start = subprocess.Popen(command, env=env, start_new_session=True)
    wait_for(lambda: "scanning" in calls.read_text("utf-8"))
    os.killpg(start.pid, signal.SIGINT)  # as a terminal does
    assert start.wait(PATIENCE_S) == 130
    assert calls.read_text("utf-8").split() == ["scanning", "saved"]


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("pyarrow", ("export", "-o", "a.parquet"), "parquet"),
        ("pymongo", ("import", "mongo", "mongodb://h/x", "-c", "s", "-f", "v"), "mongo"),
        ("fastapi", ("serve", "--no-open"), "serve"),
    ],
)
def test_commands_tell_start_py_what_they_lack(
    segue, scanned: Path, monkeypatch, tmp_path: Path, module: str, arguments: tuple[str, ...], extra: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(advice.MISSING_EXTRA, str(tmp_path / "asked"))
    monkeypatch.setitem(sys.modules, module, None)
    assert segue("-l", scanned, *arguments) == (2, "", "")
    assert (tmp_path / "asked").read_text() == extra
