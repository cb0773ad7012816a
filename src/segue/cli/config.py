"""Options that a user does not type each time: a file of settings, and a variable for every option."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import platformdirs

from segue.errors import UsageError
from segue.paths import expand_home

VARIABLE = "SEGUE_CONFIG"
PREFIX = "SEGUE"
# What is told to Segue by other means than options, or from one of its processes to another.
OTHER_VARIABLES = frozenset((
    "SEGUE_CONFIG", "SEGUE_COMMAND", "SEGUE_MISSING_EXTRA", "SEGUE_SERVE_SETTINGS", "SEGUE_MODELS",
    "SEGUE_PULL",
))  # fmt: skip


def config_path() -> Path:
    """``$SEGUE_CONFIG``, or ``config.toml`` where this system keeps a user's settings."""
    named = os.environ.get(VARIABLE)
    if named:
        return expand_home(named)
    return platformdirs.user_config_path("segue", appauthor=False) / "config.toml"


def load_config() -> dict[str, Any]:
    """What the file says; empty where there is none.

    Raises
    ------
    UsageError
        Where the file is named and not there, cannot be read, or is no TOML.
    """
    path = config_path()
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        if os.environ.get(VARIABLE):
            raise UsageError(f"{path} is not there; ${VARIABLE} names it") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from error


def defaults_of(command: click.Command, table: Any, name: str) -> dict[str, Any]:
    """Click's defaults of a command from its table in the file.

    Parameters
    ----------
    name : of the table, such as ``models.pull``

    Raises
    ------
    UsageError
        Where the command has no such option.
    """
    where = f"{config_path()}: [{name}]" if name else str(config_path())
    if not isinstance(table, dict):
        raise UsageError(f"{where} is {table!r}, expected a table of options")
    options = {long_name(option): option for option in _options(command)}
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        inner = command.commands.get(key) if isinstance(command, click.Group) and name else None
        if inner is not None:
            defaults[key] = defaults_of(inner, value, f"{name}.{key}")
        elif key in options:
            defaults[str(options[key].name)] = value
        else:
            listed = ", ".join(sorted(options)) or "none"
            raise UsageError(f"{where} has no option {key!r}; there are: {listed}")
    return defaults


def root_defaults(group: click.Group, config: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the options before the command.

    Raises
    ------
    UsageError
        Where there is no such option or command.
    """
    commands = group.list_commands(click.Context(group))
    for key, value in config.items():
        if isinstance(value, dict) and key not in commands:
            raise UsageError(f"{config_path()}: there is no command {key!r}")
    return defaults_of(group, {k: value for k, value in config.items() if not isinstance(value, dict)}, "")


def name_variables(command: click.Command, words: tuple[str, ...]) -> None:
    """Give each option a variable that has none: ``SEGUE_SCAN_JOBS`` is ``--jobs`` of ``segue scan``."""
    for option in _options(command):
        if option.envvar is None:
            option.envvar = "_".join((PREFIX, *words, long_name(option))).upper().replace("-", "_")


def variables(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[str]:
    """The variables of a command's options, and of all commands below it."""
    name_variables(command, words)
    for option in _options(command):
        yield str(option.envvar)
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from variables(command.commands[name], (*words, name))


def long_name(option: click.Option) -> str:
    """``jobs`` of ``-j, --jobs``."""
    return max(option.opts, key=len).lstrip("-")


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and one.name != "version"]
