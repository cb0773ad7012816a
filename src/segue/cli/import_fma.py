"""segue import fma."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context

_SUBSETS = ("small", "medium", "large", "full")


@click.command()
@click.argument("metadata", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--audio",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the audio, such as fma_small: its files are joined to the tracks and scanned.",
)
@click.option("--subset", type=click.Choice(_SUBSETS), help="Only the tracks of this subset.")
@click.option("--echonest", is_flag=True, help="Make a space of Echo Nest's eight features, too.")
@click.option("--name", default="fma", show_default=True, help="What the library calls this source.")
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
    """Add the Free Music Archive's dataset: its folder METADATA, or fma_metadata.zip as it is.

    Tracks are known by six digits, such as 000002, and have the genres above theirs as labels. Compare
    by the published features with --view fma-features.
    """
    from segue.sources.fma import FMA, id_of_file

    source = FMA(metadata, subset=subset, echonest=echonest, name=name)
    bring_in(context, source, audio=audio, id_of=id_of_file, **how)
