"""segue import vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--ids", type=_FILE, help="What the rows are called, a line each (or .npy).")
@click.option("--metadata", type=_FILE, help="A table of the tracks, by their ids or in the same order.")
@click.option("--name", help="What the library calls this source (default: the file's name).")
@click.option("--space", default="vectors", show_default=True, help="The space that the vectors go to.")
@click.option(
    "--metric",
    type=click.Choice(("cosine", "angular", "euclidean", "manhattan", "dot", "hamming")),
    default="cosine",
    show_default=True,
    help="How they are compared; dot for factors of matrix factorisation.",
)
@click.option(
    "--reading",
    type=click.Choice(("raw", "centred", "fitted")),
    default="raw",
    show_default=True,
    help="As they are; less their mean; or standardised and whitened by a quarter.",
)
@click.option("--column", help="The column of lists, or the array of an .npz file.")
@import_options
@click.pass_obj
def vectors(context: Context, /, file: Path, as_json: bool, quiet: bool, wait: bool, **which: Any) -> None:
    """Add vectors of any origin: a NumPy matrix (.npy, .npz), Parquet or CSV."""
    from segue.sources.vectors import Vectors

    bring_in(context, Vectors(file, **which), as_json=as_json, quiet=quiet, wait=wait)
