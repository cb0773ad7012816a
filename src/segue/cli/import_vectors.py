"""segue import vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, encoding_option, import_options, rounded_ids_option
from segue.cli.options import Context, renamed

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    short_help="Import vectors from any source.",
    context_settings=renamed(reading="transform", centred="centered"),
)
@click.argument("file", type=_FILE)
@click.option("--ids", type=_FILE, help="Ids of the rows, one per line (or .npy).")
@click.option("--metadata", type=_FILE, help="Table of the tracks, by id or in the same order.")
@click.option("--name", help="Name of this source in the library (default: the file's name).")
@click.option("--space", default="vectors", show_default=True, help="Space to store the vectors in.")
@click.option(
    "--metric",
    type=click.Choice(("cosine", "angular", "euclidean", "manhattan", "dot", "hamming")),
    default="cosine",
    show_default=True,
    help="Metric to compare vectors by; dot for factors of a matrix factorization.",
)
@click.option(
    "--transform",
    type=click.Choice(("raw", "centered", "fitted")),
    default="raw",
    show_default=True,
    help="Compare vectors as they are; centered; or standardized and whitened.",
)
@click.option("--column", help="Column that holds lists, or array of an .npz file.")
@rounded_ids_option
@encoding_option
@import_options
@click.pass_obj
def vectors(context: Context, /, file: Path, as_json: bool, quiet: bool, wait: bool, **which: Any) -> None:
    """Import vectors from any source: a NumPy matrix (.npy, .npz), Parquet, CSV or JSON."""
    from segue.sources.vectors import Vectors

    bring_in(context, Vectors(file, **which), as_json=as_json, quiet=quiet, wait=wait)
