"""Tables that fit the terminal, and texts of numbers in them."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Sequence

import click

from segue.texts import clock, megabytes, one_line

__all__ = ["WIDE", "clock", "columns", "megabytes", "one_line", "terminal_width"]

WIDE = 140  # letters; from here on, tables have room for ids and paths
_LEAST = 8  # letters that a column keeps when it is cut


def columns(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, cut: Sequence[str] = (), err: bool = False
) -> None:
    """Print a table; on a terminal, the columns named in ``cut`` are shortened until the lines fit."""
    width = terminal_width(err=err)
    table = [list(names), *([one_line(cell) for cell in row] for row in rows)]
    longest = [max(_width(row[i]) for row in table) for i in range(len(names))]
    may_cut = [i for i, name in enumerate(names) if name in cut]
    while sum(longest) + 2 * (len(names) - 1) > width:
        widest = max(may_cut, key=lambda i: longest[i], default=None)
        if widest is None or longest[widest] <= _LEAST:
            break
        longest[widest] -= 1
    for i, row in enumerate(table):
        cells = (
            _fit(cell, n, from_start=name == "path")
            for cell, n, name in zip(row, longest, names, strict=True)
        )
        line = "  ".join(cells).rstrip()
        click.echo(click.style(line, dim=True) if not i else line, err=err)


def terminal_width(*, err: bool = False) -> int:
    """Letters in a line of the terminal; as good as no limit where the output goes elsewhere."""
    stream = sys.stderr if err else sys.stdout
    return shutil.get_terminal_size().columns if stream.isatty() else 1 << 20


def _fit(text: str, width: int, *, from_start: bool) -> str:
    """The text, padded to a width; shortened at its end, or at its start."""
    if _width(text) > width:
        while text and _width(text) > width - 1:
            text = text[1:] if from_start else text[:-1]
        text = f"…{text}" if from_start else f"{text}…"
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Cells that a terminal gives the text: two for letters such as those of Chinese."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
