"""Pages made from the code: every command with its options, and every public name of Python."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from types import ModuleType
from typing import Any

import click

from segue.sources.contract import AudioSource, RecordSource

# Modules whose public names the page lists: those in ``__all__``, else what they define.
MODULES = (
    "segue", "segue.display", "segue.index", "segue.annoy", "segue.spark", "segue.errors", "segue.spec",
    "segue.sound",
    "segue.sources.contract", "segue.sources.audio_folders", "segue.sources.audioset", "segue.sources.table",
    "segue.sources.fma", "segue.sources.vectors", "segue.sources.mongo",
)  # fmt: skip
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


def commands_page() -> str:
    """Every command of ``segue`` with its arguments and options, as its ``--help`` has them."""
    from segue.cli import cli

    parts = ["# All options", "Made from the commands themselves. [Commands](../commands.md) explains them."]
    for command, context in _commands(cli, click.Context(cli, info_name="segue")):
        help_text = inspect.cleandoc(command.help or "").replace("\b\n", "")
        parts += [f"## {context.command_path}", help_text, _usage(command, context)]
        rows = [record for one in command.params if (record := one.get_help_record(context))]
        if rows:
            parts += ["\n".join(["| Option | |", "|---|---|", *(_row(*row) for row in rows)])]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, context, info_name=name)
        yield command, inner
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _usage(command: click.Command, context: click.Context) -> str:
    pieces = " ".join(command.collect_usage_pieces(context))
    return f"```text\n{context.command_path} {pieces}\n```"


def _row(option: str, text: str) -> str:
    return f"| `{option}` | {_cell(text)} |".replace("\n", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def public_names(module: ModuleType) -> list[str]:
    """The names of a module that are for everybody, in the order of the alphabet."""
    own = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and (inspect.isclass(value) or callable(value))
    ]
    return sorted(name for name in getattr(module, "__all__", own) if not name.startswith("_"))


def members(cls: type) -> list[tuple[str, Any]]:
    """Public methods and properties of a class and its bases in Segue, those that have documentation."""
    return [(name, value) for name, value in all_members(cls) if inspect.getdoc(value)]


def undocumented(cls: type) -> list[str]:
    """Public methods and properties without documentation, of the class or of the contract of sources."""
    told = "\n".join(inspect.getdoc(one) or "" for one in (cls, AudioSource, RecordSource))
    contracts = {name for one in (AudioSource, RecordSource) for name in vars(one)}
    names = [name for name, value in all_members(cls) if not inspect.getdoc(value) and name not in contracts]
    return [name for name in names if not re.search(rf"^{name}\b.* : ", told, re.MULTILINE)]


def all_members(cls: type) -> list[tuple[str, Any]]:
    """The public methods and properties of a class, with those of its bases in Segue."""
    ours = [base for base in cls.__mro__ if base.__module__.startswith("segue")]
    names = sorted({name for base in ours for name in vars(base) if not name.startswith("_")})
    found = ((name, inspect.getattr_static(cls, name)) for name in names)
    return [(name, _plain(value)) for name, value in found if _is_documented_kind(value)]


def _plain(value: Any) -> Any:
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value


def _is_documented_kind(value: Any) -> bool:
    return isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)


def python_page() -> str:
    """Every public name with its signature and documentation."""
    parts = ["# Python API", "Made from the code. [Python](../python.md) shows how to use it."]
    for name in MODULES:
        module = import_module(name)
        parts += [f"## {name}", _markdown(inspect.getdoc(module) or "")]
        for public in public_names(module):
            parts += _described(f"{name}.{public}", getattr(module, public))
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _described(path: str, value: Any) -> list[str]:
    name = path.rpartition(".")[2]
    if not inspect.isclass(value):
        text = inspect.getdoc(value) or "" if callable(value) else ""
        return [f"### {name} {{ #{path} }}", _code(name, value), _markdown(text)]
    parts = [f"### {name} {{ #{path} }}", _code(name, value), _markdown(own_doc(value))]
    parts += [_fields(value)]
    if not issubclass(value, Exception):
        for member, method in members(value):
            title = f"#### {name}.{member} {{ #{path}.{member} }}"
            parts += [title, _code(member, method), _markdown(inspect.getdoc(method) or "")]
    return parts


def own_doc(cls: type) -> str:
    """Not what a dataclass makes of its fields, nor what a base says of itself."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if text.startswith(f"{cls.__name__}(") else text


def _fields(cls: type) -> str:
    if not dataclasses.is_dataclass(cls) or issubclass(cls, Enum):
        return ""
    fields = [f"`{field.name}: {field.type}`" for field in dataclasses.fields(cls) if field.name[0] != "_"]
    return "Fields: " + ", ".join(fields) + "." if fields else ""


def _code(name: str, value: Any) -> str:
    if isinstance(value, property) or not callable(value):
        return ""
    try:
        signature = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    bound = r"\((self|cls|recommender: Recommender)(, /)?(, )?"  # what a caller of the method does not give
    shown = re.sub(bound, "(", signature.replace("'", ""), count=1)
    if len(name) + len(shown) > 88:
        shown = re.sub(r", (?=\*|\w+(?::| =|=|\)))", ",\n    ", shown.replace("(", "(\n    ", 1))
    return f"```python\n{name}{shown}\n```"


def _markdown(doc: str) -> str:
    """A docstring as Markdown: its sections as lists, literal code in single backticks."""
    doc = doc.replace("``", "`")
    head, *rest = _SECTION.split(doc)
    parts = [_paragraphs(head)]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        parts += [f"**{title}**", _entries(body)]
    return "\n\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    """Text as it is, with drawings and indented blocks as code."""
    blocks = re.split(r"\n\s*\n", text.strip())
    drawn = [f"```text\n{one}\n```" if re.search(r"[├└]|^ {4}", one, re.MULTILINE) else one for one in blocks]
    return _cell("\n\n".join(drawn)) if not any("```" in one for one in drawn) else "\n\n".join(drawn)


def _entries(body: str) -> str:
    """``name : text`` with its continuation, or a name with its text below, as items of a list."""
    items: list[str] = []
    for line in body.strip("\n").splitlines():
        if line.startswith((" ", "\t")) and items:
            items[-1] += " " + line.strip()
        elif line.strip():
            items.append(line.strip())
    return "\n".join(f"- {_item(item)}" for item in items)


def _item(item: str) -> str:
    name, colon, text = item.partition(" : ")
    return f"`{name}`: {_cell(text)}" if colon else _cell(item)
