"""segue import table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context
from segue.errors import UsageError


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="What the library calls this source (default: the file's name).")
@click.option("--space", default="features", show_default=True, help="The space that the vectors go to.")
@click.option("--column", "columns", multiple=True, metavar="WHAT=NAME", help="Which column is what.")
@click.option("--weight", "weights", multiple=True, metavar="FEATURE=NUMBER", help="1 is the usual weight.")
@click.option("--pad-ids", type=click.IntRange(0, 64), default=0, help="Pad ids of digits with zeros.")
@import_options
@click.pass_obj
def table(
    context: Context,
    /,
    file: Path,
    name: str | None,
    space: str,
    columns: tuple[str, ...],
    weights: tuple[str, ...],
    pad_ids: int,
    **how: Any,
) -> None:
    """Add the songs of a table with audio features, such as Spotify's tracks_features.csv.

    FILE is CSV, compressed with gzip or not, or Parquet. Columns are found by their names; what was
    cleaned is told with counts.
    """
    from segue.sources.table import Table

    source = Table(
        file,
        name=name,
        space=space,
        columns=_pairs(columns, "--column"),
        weights={feature: _number(value) for feature, value in _pairs(weights, "--weight").items()},
        pad_ids=pad_ids,
    )
    if source.columns.missing:
        click.echo(f"no column for: {', '.join(source.columns.missing)}", err=True)
    bring_in(context, source, **how)


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r}: expected a name, = and a value")
        found[name] = value
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--weight: {text!r} is no number") from None
