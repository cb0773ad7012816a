"""segue import audioset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context


@click.command(short_help="Import AudioSet or YouTube-8M features.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="class_labels_indices.csv (default: the one next to the files).",
)
@click.option("--name", default="audioset", show_default=True, help="Name of this source in the library.")
@import_options
@click.pass_obj
def audioset(
    context: Context, /, paths: tuple[Path, ...], labels: Path | None, name: str, **how: Any
) -> None:
    """Import AudioSet segments from TFRecords, their folder, their archive features.tar.gz, or JSON.

    YouTube-8M's audio features work too. To compare, use --view audioset (the centered mean of a segment's
    frames), audioset/first10 (the first ten frames as 1280 numbers) or audioset/windows, and each with /raw.
    """
    from segue.sources.audioset import AudioSet

    bring_in(context, AudioSet(paths, labels=labels, name=name), **how)
