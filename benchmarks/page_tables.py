"""What benchmarks print for a page, and a table that a script writes between two marks of a page."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path


def paragraph(text: str) -> None:
    """Print a paragraph of a page; how its lines are broken does not count."""
    print(
        f"\n{textwrap.fill(' '.join(text.split()), 120, break_long_words=False, break_on_hyphens=False)}",
        flush=True,
    )


class Table:
    """A Markdown table on standard output; its columns are aligned, as terminals show it as well.

    Parameters
    ----------
    columns : names of the columns; the first is of text, the others of numbers
    first : how many letters the first column has at least
    """

    def __init__(self, *columns: str, first: int = 24) -> None:
        self._widths = [max(first, len(columns[0])), *(max(6, len(column)) for column in columns[1:])]
        print()
        self.row(*columns)
        print(
            "|"
            + "|".join(["-" * (self._widths[0] + 2), *("-" * (n + 1) + ":" for n in self._widths[1:])])
            + "|"
        )

    def row(self, first: object, *numbers: object) -> None:
        cells = [f"{first!s:<{self._widths[0]}}"]
        cells += [f"{number!s:>{width}}" for number, width in zip(numbers, self._widths[1:], strict=True)]
        print("| " + " | ".join(cells) + " |", flush=True)


def is_installed(package: str) -> bool:
    """Whether Python finds a package, by the name that it is imported by."""
    return importlib.util.find_spec(package) is not None


def replace_table(page: Path, table: str, start: str, end: str) -> None:
    """Put a table between ``<!-- start -->`` and ``<!-- end -->`` of a page, in place of what is there."""
    before, found, rest = page.read_text("utf-8").partition(f"<!-- {start} -->\n")
    _, ended, after = rest.partition(f"<!-- {end} -->")
    if not (found and ended):
        raise SystemExit(f"{page} has no place for the table {start}")
    page.write_text(f"{before}<!-- {start} -->\n{table}\n<!-- {end} -->{after}", "utf-8")
