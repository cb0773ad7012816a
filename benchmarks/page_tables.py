"""Tables in the documents that a script writes between two marks."""

from __future__ import annotations

from pathlib import Path


def replace_table(page: Path, table: str, start: str, end: str) -> None:
    """Put a table between ``<!-- start -->`` and ``<!-- end -->`` of a page, in place of what is there."""
    before, found, rest = page.read_text("utf-8").partition(f"<!-- {start} -->\n")
    _, ended, after = rest.partition(f"<!-- {end} -->")
    if not (found and ended):
        raise SystemExit(f"{page} has no place for the table {start}")
    page.write_text(f"{before}<!-- {start} -->\n{table}\n<!-- {end} -->{after}", "utf-8")
