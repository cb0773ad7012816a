"""segue import fma."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context

_SUBSETS = ("small", "medium", "large", "full")


@click.command(short_help="Import the Free Music Archive data set.")
@click.argument("metadata", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--audio",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the audio, such as fma_small: its files are attached to the tracks and scanned.",
)
@click.option("--subset", type=click.Choice(_SUBSETS), help="Only the tracks of this subset.")
@click.option("--echonest", is_flag=True, help="Also add a space of the eight Echo Nest features.")
@click.option("--name", default="fma", show_default=True, help="Name of this source in the library.")
@import_options
@click.pass_obj
def fma(
    context: Context,
    /,
    metadata: Path,
    audio: Path | None,
    subset: str | None,
    echonest: bool,
    name: str,
    **how: Any,
) -> None:
    """Import the Free Music Archive data set: the folder METADATA, or fma_metadata.zip itself.

    Track ids have six digits, such as 000002. A track's labels include the parents of its genres. To
    compare by the published features, use --view fma-features.
    """
    from segue.sources.fma import FMA, id_of_file

    source = FMA(metadata, subset=subset, echonest=echonest, name=name)
    bring_in(context, source, audio=audio, id_of=id_of_file, **how)
