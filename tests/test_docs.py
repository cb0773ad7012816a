"""The documents are true: what they show runs, and nothing that exists is left out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from segue import errors
from segue.cli import cli
from segue.embed.descriptors import DIMENSIONS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_and_option_is_described(name: str):
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    sections = {part.split()[1]: part for part in text.split("\n## ")[1:] if part.startswith("segue ")}
    assert name in sections
    command = cli.commands[name]
    for each in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
        assert each is command or each.name in sections[name]
        for parameter in each.params:
            if isinstance(parameter, click.Option):
                longest = max(parameter.opts, key=len)
                assert longest in sections[name], f"{name} {each.name} {longest}"


def test_the_floor_plan_names_every_room():
    plan = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("## The floor plan")[1].split("\n## ")[0]
    hidden = {"__init__", "__main__", "__pycache__", "py"}
    rooms = {path.stem for path in (ROOT / "src" / "segue").iterdir()} - hidden
    assert rooms <= set(re.findall(r"\w+", plan))


def test_files_that_the_architecture_names_are_there():
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    names = set(re.findall(r"`((?:\w+/)+\w+\.\w+)`", text))
    places = [ROOT, ROOT / "src" / "segue"]
    assert len(names) > 10
    assert not [name for name in names if not any((place / name).exists() for place in places)]


ERRORS = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SegueError)]


def test_every_error_is_described():
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    for error in ERRORS:
        assert f"`{error.__name__}`" in text


def test_the_tree_of_errors_is_drawn_as_it_is():
    drawn = []  # each class with the names of all its bases
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([│├└─ ]*)(\w+Error)(?: \(also (\w+)\))?", line)
        if match:
            depth = len(match[1]) // 4
            assert match[1] == "│   " * (depth - 1) + match[1][-4:]
            assert match[1][-4:] in ("", "├── ", "└── ")
            above[depth:] = [match[2]]
            drawn.append((match[2], above[depth - 1] if depth else "Exception", match[3]))
    real = [
        (c.__name__, c.__bases__[0].__name__, (*(b.__name__ for b in c.__bases__[1:]), None)[0])
        for c in ERRORS
    ]
    assert sorted(drawn, key=str) == sorted(real, key=str)


def test_every_descriptor_is_described():
    text = (ROOT / "docs" / "descriptors.md").read_text("utf-8")
    for dimension in DIMENSIONS:
        family = re.split(r"_\d|_(?:mean|std)$|_[A-G]#?_", dimension.name)[0]
        assert f"`{family}" in text, dimension.name
    assert f"{len(DIMENSIONS)} numbers" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with music at the places that the documents name."""
    from segue.demo import write_demo

    write_demo(tmp_path / "music")
    (tmp_path / "Music").symlink_to(tmp_path / "music")
    return tmp_path


def in_home(home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SEGUE_"))}
    return own | {
        "HOME": str(home),
        "SEGUE_PULL": "0",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), own.get("PYTHONPATH", "")]),
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the documents' sessions are a Unix shell's")
def test_every_session_and_program_in_the_documents_runs(home: Path):
    sessions = 0
    for page in (
        "README.md",
        "docs/python.md",
        "docs/new_embedder.md",
        "docs/index.md",
        "docs/annoy.md",
        "docs/audioset.md",
    ):
        text = (ROOT / page).read_text("utf-8")
        for language, block in re.findall(r"```(console|python)\n(.*?)```", text, re.DOTALL):
            if language == "python":
                assert run_in(home, ["-c", block], page).strip(), page
                continue
            for line in block.splitlines():
                if line[:2] == "$ ":
                    words = shlex.split(line[2:].replace("~", str(home)))
                    assert words[0] == "segue"
                    run_in(home, ["-m", *words], line)
                    sessions += 1
    assert sessions >= 7


def run_in(home: Path, arguments: list[str], what: str) -> str:
    """What Python prints, told to run something in a home."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=home, env=in_home(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, (what, done.stderr)
    return done.stdout
