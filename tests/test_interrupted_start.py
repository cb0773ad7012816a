"""Ctrl-C while modules load ends the command with 130 and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
ROOT = Path(__file__).parents[1]


def run(command, folder):
    """(code, stdout, stderr) where the modules in a folder stand in the way of others."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def interrupted(command, folder, module):
    """The same, with a module that sends itself SIGINT while it loads."""
    (folder / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    return run(command, folder)


def console_script():
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"][
        "segue"
    ]
    module, function = entry.split(":")
    return ["-c", f"from {module} import {function}; {function}()"]


@posix_only
@pytest.mark.parametrize("command", [["-m", "segue"], console_script()], ids=["module", "script"])
def test_while_the_command_loads_it_ends_without_a_word(command, tmp_path):
    assert interrupted([*command, "--help"], tmp_path, "click") == (130, "", "")


@posix_only
def test_while_a_command_loads_its_libraries_it_says_so_in_a_line(tmp_path):
    command = ["-m", "segue", "-l", str(tmp_path / "library"), "similar", "a song"]
    code, out, err = interrupted(command, tmp_path, "numpy")
    assert (code, out, err.strip()) == (130, "", "segue: interrupted")


@posix_only
def test_what_a_shell_runs_in_its_background_still_ignores_it(tmp_path):
    (tmp_path / "click.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit('went on')\n"
    )
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "os.execv(sys.executable, [sys.executable, '-m', 'segue'])"
    )
    assert run(["-c", ignoring], tmp_path) == (1, "", "went on\n")
