"""segue similar: what sounds like this?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.options import Context
from segue.cli.recommendations import print_found, question_of, seed_options
from segue.cli.without_library import library_of, needs_no_library


@click.command(short_help="Find tracks that sound like one or more seeds.")
@click.argument("seeds", nargs=-1, required=True)
@click.option("--k", "-k", type=click.IntRange(1), default=10, show_default=True, help="How many tracks.")
@click.option("--agree", is_flag=True, help="Near to each of the seeds, not to the middle of them.")
@click.option("--weights", metavar="N,N,...", help="How much each seed counts, such as 2,1.")
@seed_options
@click.pass_obj
def similar(
    context: Context,
    /,
    seeds: tuple[str, ...],
    k: int,
    agree: bool,
    weights: str | None,
    as_json: bool,
    ids: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Find the tracks that sound most like SEEDS, nearest first.

    A seed is a track's title, id or path, an artist, an album, a playlist, a folder, "recent", or an
    audio file outside the library. To be certain, write artist:NAME, album:TITLE, playlist:NAME or
    folder:PATH. Several seeds find what lies between them. A score of 1 is the same sound, 0 is as
    different as two tracks usually are. Where there is no library yet, the first of several audio files is
    compared with the others.
    """
    alone = len(seeds) > 1 and needs_no_library(context, seeds)
    with library_of(seeds) if alone else context.open() as library:
        recommendations = library.similar(
            seeds[:1] if alone else seeds,
            agree=agree,
            weights=_numbers(weights),
            k=min(k, len(library) - 1) if alone else k,
            percentiles=not alone,
            **question_of(**options),
        )
    print_found(recommendations, as_json=as_json, ids=ids, output=output)


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise click.UsageError(f"--weights is {text!r}, expected numbers such as 2,1") from None
