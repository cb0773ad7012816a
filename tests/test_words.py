"""Plain words: what Segue says and shows avoids those that were retired."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from segue.cli import cli
from tests.retired_words import EVERYWHERE, HELP

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "segue"
CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", re.DOTALL)  # also the targets of links


def retired(text: str, words: Sequence[str]) -> list[str]:
    """The words that a text holds, whole, in any case."""
    return [
        word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    ]


def helps(command: click.Command, context: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The path of each command, and its help as users read it."""
    here = click.Context(command, context, info_name=command.name)
    yield here.command_path, " ".join(command.get_help(here).split())
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from helps(inner, here)


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """The lines and texts of messages that a module raises or prints."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        said = node.exc if isinstance(node, ast.Raise) else node if _prints(node) else None
        for inner in ast.walk(said) if said else ():
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.lineno, inner.value


def _prints(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "click.echo"


@pytest.mark.parametrize(("name", "text"), [pytest.param(*each, id=each[0]) for each in helps(cli)])
def test_help_has_no_retired_word(name: str, text: str):
    assert not retired(text, (*EVERYWHERE, *HELP))


@pytest.mark.slow
def test_messages_have_no_retired_word():
    found = [
        (str(path.relative_to(ROOT)), line, words)
        for path in sorted(SOURCE.rglob("*.py"))
        for line, text in messages(path)
        if (words := retired(text, (*EVERYWHERE, *HELP)))
    ]
    assert not found


@pytest.mark.slow
def test_docstrings_have_no_retired_word():
    with_retired = {}
    for path in sorted(SOURCE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, documented)]
        if words := retired(CODE.sub("", "\n".join(texts)), EVERYWHERE):
            with_retired[str(path.relative_to(ROOT))] = words
    assert not with_retired


PARAMETERS = re.compile(r"^Parameters\n-+\n(.*?)(?=\n\n?\w+\n---|\Z)", re.DOTALL | re.MULTILINE)


def _described_and_taken(tree: ast.AST) -> Iterator[tuple[str, list[str], set[str]]]:
    """Of each function and class: its name, the parameters that it describes, and those that it takes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        section = PARAMETERS.search(ast.get_docstring(node) or "")
        body = node.body if isinstance(node, ast.ClassDef) else ()
        inits = [one for one in body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        takes = inits[0] if inits else node
        if section and not isinstance(takes, ast.ClassDef):
            lines = re.findall(r"^([\w*, ]+) :", section[1], re.MULTILINE)
            described = [name.strip(" *") for line in lines for name in line.split(",")]
            yield node.name, described, {arg.arg for arg in ast.walk(takes.args) if isinstance(arg, ast.arg)}


@pytest.mark.slow
def test_docstrings_describe_parameters_that_there_are():
    others = [
        f"{path.relative_to(ROOT)}: {name}: {parameter}"
        for path in sorted(SOURCE.rglob("*.py"))
        for name, described, taken in _described_and_taken(ast.parse(path.read_text("utf-8")))
        for parameter in described
        if parameter not in taken
    ]
    assert not others


SILENT = {"found", "there", "known", "some", "told"}  # say nothing of what they hold


def _own_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The lines and names of variables, arguments and attributes of a module, but for public fields."""
    fields = {
        id(field.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


@pytest.mark.slow
def test_variables_say_what_they_hold():
    silent = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, name in _own_names(ast.parse(path.read_text("utf-8")))
        if name.strip("_") in SILENT
    ]
    assert not silent


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_documents_have_no_retired_word(page: Path):
    assert not retired(CODE.sub("", page.read_text("utf-8")), EVERYWHERE)


def test_a_retired_word_is_found_whole_and_in_any_case():
    assert retired("The Catalogue of it", ["catalogue"]) == ["catalogue"]
    assert not retired("catalogues, deep-house", ["catalogue", "house"])
