"""What Segue tells people to type works for how they started it."""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from segue import advice
from segue.errors import MissingExtraError

ROOT = Path(__file__).resolve().parents[1]
START = runpy.run_path(str(ROOT / "start.py"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


class Installed:
    """A distribution, of which pip noted where it came from."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        return self._origin if name == "direct_url.json" else None


@pytest.fixture(autouse=True)
def by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(advice.VARIABLE, raising=False)
    monkeypatch.delenv("SEGUE_LIBRARY", raising=False)


def came_from(monkeypatch: pytest.MonkeyPatch, origin: str | None) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(origin))


def test_commands_are_named_as_the_user_types_them(monkeypatch):
    assert advice.command("scan FOLDER") == "segue scan FOLDER"
    monkeypatch.setenv(advice.VARIABLE, "python3 start.py")
    assert advice.command("scan FOLDER") == "python3 start.py scan FOLDER"


def test_commands_name_a_library_that_is_not_the_usual_one(monkeypatch, tmp_path: Path):
    assert advice.command("prune", library=advice.default_library()) == "segue prune"
    assert advice.command("prune", library=tmp_path) == f"segue --library {shlex.quote(str(tmp_path))} prune"
    assert "--library '" in advice.command("prune", library=tmp_path / "two words")
    monkeypatch.setenv("SEGUE_LIBRARY", str(tmp_path))
    assert advice.command("prune", library=tmp_path) == "segue prune"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    "name", ["plain", "two words", "it's", "ä", "new\nline \\ it's", "\x1b[31m", "bad\udcff1 dir"]
)
def test_a_command_to_type_names_a_file_as_the_shell_does(name: str):
    word = advice.shell_word(name)
    assert word.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert said == os.fsencode(name)


def test_commands_after_a_change_of_patterns_can_be_typed(segue, folder: Path, tmp_path: Path):
    spaced = folder.rename(tmp_path / "two words")
    library = tmp_path / "library"
    assert segue("-l", library, "scan", "--no-pull", spaced)[0] == 0
    for verb in ("exclude", "include"):
        _, out, _ = segue("-l", library, "folders", verb, spaced, "x*")
        typed = shlex.split(out.partition(": ")[2])
        assert typed == ["segue", "--library", str(library), "scan", str(spaced)]


@pytest.mark.parametrize("extra", sorted(EXTRAS.keys() - {"test", "bench", "lint", "docs", "dev"}))
def test_start_py_installs_the_extras_that_it_is_said_to(monkeypatch, extra: str):
    assert extra in START["EXTRAS"]
    monkeypatch.setenv(advice.VARIABLE, "python3 start.py")
    message = str(MissingExtraError("This", extra))
    assert message == f"This needs an optional dependency: python3 start.py install {extra}"


def test_start_py_refuses_an_extra_that_there_is_not():
    with pytest.raises(
        SystemExit, match="Choose from parquet, mongo, serve, clap, words, spark, pandas, plots; given: polka"
    ):
        START["main"](["install", "polka"])


def test_extras_are_installed_from_where_segue_came(monkeypatch, tmp_path: Path):
    came_from(monkeypatch, f'{{"url": "{tmp_path.as_uri()}", "dir_info": {{"editable": true}}}}')
    assert advice.install("serve") == f"pip install '{tmp_path}[serve]'"
    came_from(monkeypatch, '{"url": "https://example.org/segue.git", "vcs_info": {"vcs": "git"}}')
    assert advice.install("serve") == "pip install 'segue[serve] @ git+https://example.org/segue.git'"


@pytest.mark.parametrize("origin", [None, "{}", "no JSON", '{"url": "file:///no/such/folder"}'])
def test_no_advice_names_a_package_that_no_index_has(monkeypatch, origin: str | None):
    came_from(monkeypatch, origin)
    assert advice.install("mongo") == "pip install '.[mongo]' in Segue's folder"


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("fastapi", ("serve", "--no-open")), ("pyarrow", ("export", "-o", "a.parquet"))],
)
def test_commands_say_how_to_install_what_they_lack(
    segue, scanned: Path, monkeypatch, tmp_path: Path, module: str, arguments: tuple[str, ...]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(advice.VARIABLE, "python3 start.py")
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = segue("-l", scanned, *arguments)
    assert (code, out) == (2, "")
    assert "needs an optional dependency: python3 start.py install" in err
