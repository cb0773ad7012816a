"""The command's parser and its documentation as tables: which commands there are, what their JSON holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from segue.cli import cli

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
_ROW = re.compile(r"^\| (`.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
_OF_A_TRACK = "all of a track"


def every_command(command: click.Command = cli, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each command and each group of commands, also those of ``segue`` itself: none."""
    yield words
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from every_command(inner, (*words, name))


def command_of(words: tuple[str, ...]) -> click.Command:
    """The parser's command by its words."""
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


def commands_that_do_something() -> set[str]:
    """Names of all commands but the groups that only hold others: ``import table``."""
    return {" ".join(words) for words in every_command() if words and _does_something(command_of(words))}


def _does_something(command: click.Command) -> bool:
    return not isinstance(command, click.Group) or command.invoke_without_command


def commands_with_json() -> set[str]:
    """Names of the commands that take ``--json``."""
    return {
        " ".join(words)
        for words in every_command()
        if any(parameter.name == "as_json" for parameter in command_of(words).params)
    }


def name_of(words: list[str]) -> str:
    """The name of the command that a command line begins with."""
    depth = 0
    while isinstance(group := command_of(tuple(words[:depth])), click.Group):
        if depth == len(words) or words[depth] not in group.commands:
            break
        depth += 1
    return " ".join(words[:depth])


def documented_keys() -> dict[str, set[str]]:
    """Keys that each command's ``--json`` has by docs/commands.md; of a list, those of each item.

    What only an option brings is told behind ``with`` and is none of them.
    """
    section = _PAGE.read_text("utf-8").split("\n## JSON")[1].split("\n## ")[0]
    of_a_track = set(re.findall(r"`(\w+)`", section.split("A track has ")[1].split("\n\n")[0]))
    found = {}
    for names, _, cell in _ROW.findall(section):
        keys = re.split(r"[Ww]ith `--", cell)[0]
        for name in re.findall(r"`segue (.+?)`", names):
            found[name] = set(re.findall(r"`(\w+)`", keys)) | (of_a_track if _OF_A_TRACK in keys else set())
    return found
