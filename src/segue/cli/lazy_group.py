"""A group whose commands load when they are called: its own help needs none of them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from importlib import import_module
from typing import Any

import click

from segue.cli.config import name_variables


def _name_all(command: click.Command, words: tuple[str, ...]) -> None:
    name_variables(command, words)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            _name_all(inner, (*words, name))


class LazyGroup(click.Group):
    """A group of commands in modules of their own.

    Parameters
    ----------
    homes : by the names of commands, ``module:attribute`` and the line that the group's help has for it
    """

    def __init__(self, *args: Any, homes: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        self._homes = homes
        self._loaded: dict[str, click.Command] = {}
        super().__init__(*args, **kwargs)

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """All commands, loaded."""
        return {name: self._load(name) for name in self._homes}

    @commands.setter
    def commands(self, _: MutableMapping[str, click.Command]) -> None:
        """Click sets it to none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._load(cmd_name) if cmd_name in self._homes else None

    def _load(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _, attribute = self._homes[name][0].partition(":")
            self._loaded[name] = getattr(import_module(module), attribute)
            _name_all(self._loaded[name], (name,))
        return self._loaded[name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self._homes[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
