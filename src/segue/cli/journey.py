"""segue journey: from one sound to another in small steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.filters import where_of, where_options
from segue.cli.options import Context
from segue.cli.recommendations import (
    everything_option,
    feedback_option,
    output_options,
    print_found,
    view_option,
)


@click.command(short_help="Go from one track to another in small steps.")
@click.argument("start")
@click.argument("end")
@click.option("--via", metavar="SEED", multiple=True, help="A stop on the way; may be repeated.")
@click.option("--k", "-k", type=click.IntRange(2), default=12, show_default=True, help="How many tracks.")
@output_options
@feedback_option
@view_option
@everything_option
@where_options
@click.pass_obj
def journey(  # noqa: PLR0913, PLR0917 - as many as the command has options
    context: Context,
    /,
    start: str,
    end: str,
    via: tuple[str, ...],
    k: int,
    as_json: bool,
    ids: bool,
    output: Path | None,
    feedback: bool,
    everything: bool,
    view: str | None,
    **conditions: Any,
) -> None:
    """List tracks that lead from START to END in small, even steps, both included.

    Each track is nearer to the end, or to the next stop, than the one before. The score is the
    similarity to START, step the similarity to the track before. Filters apply to the tracks between.
    """
    with context.open() as library:
        where = where_of(conditions)
        recommendations = library.journey(
            start, end, via=via, k=k, where=where, feedback=feedback, everything=everything, view=view
        )
    print_found(recommendations, as_json=as_json, ids=ids, output=output, total=True)
