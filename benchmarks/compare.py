"""Two pages of benchmarks/all.py beside each other: the figures that differ by more than a quarter.

Rows are found by their section and their first cell. One run says little on a busy machine: a figure that
matters is measured again, by the command that stands in its section.

Usage: python benchmarks/compare.py OLD.md NEW.md [--by 1.25]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from page_tables import Table, paragraph

Place = tuple[str, str, str]  # section, first cell, column


def figures(page: Path) -> dict[Place, float]:
    """All numbers of all tables; of columns with the same name in a table the last."""
    return dict(_figures(page.read_text("utf-8").splitlines()))


def _figures(lines: list[str]) -> Iterator[tuple[Place, float]]:
    section, columns = "", []
    for line in lines:
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not columns:
            columns = cells
            continue
        for column, cell in zip(columns[1:], cells[1:], strict=False):
            try:
                yield (section, cells[0], column), float(cell)
            except ValueError:  # a dash, or the line below the head
                continue


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--by", type=float, default=1.25, help="the least ratio that is shown (default: 1.25)"
    )
    options = parser.parse_args()
    old, new = figures(options.old), figures(options.new)
    both = [place for place in old if place in new]
    table = Table("section: row", "column", "old", "new", "new / old", first=60)
    shown = 0
    for place in both:
        before, after = old[place], new[place]
        if max(before, after) > options.by * max(0, min(before, after)):
            section, row, column = place
            table.row(
                f"{section}: {row}",
                column,
                f"{before:g}",
                f"{after:g}",
                f"{after / before:.2f}" if before else "-",
            )
            shown += 1
    alone = len(old.keys() ^ new.keys())
    paragraph(f"""
        {shown} of {len(both)} figures differ by a factor of more than {options.by:g}; {alone} are on one
        page only.
    """)


if __name__ == "__main__":
    main()
