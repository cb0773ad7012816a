"""segue import table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, encoding_option, import_options, rounded_ids_option
from segue.cli.options import Context
from segue.errors import UsageError

_WEIGHT = "FEATURE=NUMBER, such as tempo=2"


@click.command(short_help="Import a table of songs and audio features.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name of this source in the library (default: the file's name).")
@click.option("--space", default="features", show_default=True, help="Space to store the vectors in.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=NAME",
    help="Which column holds what, such as title=song.",
)
@click.option(
    "--weight", "weights", multiple=True, metavar="FEATURE=NUMBER", help="Weight of a feature (default: 1)."
)
@click.option(
    "--pad-ids", type=click.IntRange(0, 64), default=0, help="Pad numeric ids with zeros to this length."
)
@click.option("--without", multiple=True, metavar="NAME", help="Column to ignore.")
@rounded_ids_option
@encoding_option
@import_options
@click.pass_obj
def table(  # noqa: PLR0913, PLR0917 - as many as the command has options
    context: Context,
    /,
    file: Path,
    name: str | None,
    space: str,
    columns: tuple[str, ...],
    weights: tuple[str, ...],
    pad_ids: int,
    encoding: str | None,
    without: tuple[str, ...],
    rounded_ids: bool,
    **how: Any,
) -> None:
    """Import a table of songs with audio features, such as Spotify's tracks_features.csv.

    FILE is CSV or JSON (also packed with gzip, bzip2, xz or zip) or Parquet. Columns are found by their
    names. The report counts what was cleaned.
    """
    from segue.sources.table import Table

    pairs = _pairs(weights, "--weight", _WEIGHT)
    source = Table(
        file,
        name=name,
        space=space,
        columns=_pairs(columns, "--column", "WHAT=NAME, such as title=song"),
        weights={feature: _number(feature, value) for feature, value in pairs.items()},
        pad_ids=pad_ids,
        encoding=encoding,
        without=without,
        rounded_ids=rounded_ids,
    )
    if source.columns.missing:
        click.echo(f"columns not found: {', '.join(source.columns.missing)}", err=True)
    bring_in(context, source, **how)


def _pairs(texts: Sequence[str], option: str, expected: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r}: expected {expected}")
        pairs[name] = value
    return pairs


def _number(feature: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"--weight {f'{feature}={text}'!r}: {text!r} is not a number; expected {_WEIGHT}"
        ) from None
