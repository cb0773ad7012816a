"""segue import audioset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="class_labels_indices.csv (default: the one beside the files).",
)
@click.option("--name", default="audioset", show_default=True, help="What the library calls this source.")
@import_options
@click.pass_obj
def audioset(
    context: Context, /, paths: tuple[Path, ...], labels: Path | None, name: str, **how: Any
) -> None:
    """Add AudioSet's segments: TFRecords, their folder or their archive features.tar.gz, or JSON.

    YouTube-8M's audio is read too. Compare with --view audioset (the mean of a segment's frames, centred),
    audioset/flattened (the first ten frames as 1280 numbers) or audioset/frames, and each with /raw.
    """
    from segue.sources.audioset import AudioSet

    bring_in(context, AudioSet(paths, labels=labels, name=name), **how)
