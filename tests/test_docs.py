"""The documents are true: what they show runs, and nothing that exists is left out."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from segue import Where, errors
from segue.cli import WITHOUT_LIBRARY, cli
from segue.embed.descriptors import DIMENSIONS
from tests import sessions

ROOT = Path(__file__).resolve().parents[1]
ROOT_PAGES = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")]
PAGES = [*ROOT_PAGES, *sorted((ROOT / "docs").rglob("*.md"))]


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


def test_commands_that_take_no_library_are_named():
    text = (
        (ROOT / "docs" / "commands.md")
        .read_text("utf-8")
        .split("`--library` is refused by")[1]
        .split("\n\n")[0]
    )
    assert set(re.findall(r"`([\w-]+)`", text)) == set(WITHOUT_LIBRARY)


def test_every_condition_of_python_is_named():
    text = (ROOT / "docs" / "python.md").read_text("utf-8").split("`Where` takes")[1].split(";")[0]
    assert set(re.findall(r"`(\w+)`", text)) == {field.name for field in fields(Where)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_heading_stands_twice_on_a_page(page: Path):
    headings = re.findall("^## .*", re.sub("(?ms)^```.*?^```", "", page.read_text("utf-8")), re.MULTILINE)
    assert len(headings) == len(set(headings))


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


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the documents' sessions are a Unix shell's")
@pytest.mark.parametrize("page", sessions.pages(), ids=lambda page: page.name)
def test_every_session_prints_what_is_shown_and_every_program_runs(
    page: Path, demo_music: Path, tmp_path: Path
):
    now = sessions.played(page, sessions.make_home(tmp_path / "home", demo_music))
    assert now == page.read_text("utf-8"), "to show what is printed now: python -m tests.sessions"


def test_the_documents_have_sessions_and_programs():
    assert {page.name for page in sessions.pages("console")} >= {"README.md", "commands.md", "python.md"}
    assert {page.name for page in sessions.pages("python")} >= {
        "README.md",
        "python.md",
        "vector_index.md",
        "annoy.md",
    }


def test_lines_that_differ_in_times_or_hardly_in_scores_stay_as_they_are():
    assert sessions.is_alike("96 added in 2.4 s, 567x real time", "96 added in 10 s, 99x real time")
    assert sessions.is_alike("Iron Vesper  0:14  0.95", "Iron Vesper  0:14  0.94")
    assert not sessions.is_alike("Iron Vesper  0:14  0.95", "Iron Vesper  0:14  0.93")
    assert not sessions.is_alike("Iron Vesper  0:14  0.95", "Iron Vesper  0:15  0.95")
    assert not sessions.is_alike("Iron Vesper  0:14  0.95", "Iron Viper  0:14  0.95")
