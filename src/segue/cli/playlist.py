"""segue playlist: tracks that go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.options import Context, FiniteRange
from segue.cli.recommendations import (
    minutes_option,
    print_found,
    question_of,
    refuse_both,
    seed_options,
    transitions_of,
    transitions_option,
)


@click.command(short_help="Make a varied playlist from one or more seeds.")
@click.argument("seeds", nargs=-1, required=True)
@click.option("--k", "-k", type=click.IntRange(1), default=25, show_default=True, help="How many tracks.")
@minutes_option
@click.option(
    "--variety",
    type=FiniteRange(0, 1),
    default=0.1,
    show_default=True,
    help="From 0 (the nearest tracks) to 1 (tracks unlike each other).",
)
@click.option(
    "--per-artist",
    type=click.IntRange(0),
    help="Most tracks of one artist; 0 for any number (default: a fifth of the playlist).",
)
@click.option(
    "--per-album",
    type=click.IntRange(0),
    help="Most tracks of one album; 0 for any number (default: an eighth of the playlist).",
)
@transitions_option
@seed_options
@click.pass_obj
def playlist(  # noqa: PLR0913, PLR0917 - as many as the command has options
    context: Context,
    /,
    seeds: tuple[str, ...],
    k: int,
    minutes: float | None,
    variety: float,
    per_artist: int | None,
    per_album: int | None,
    transitions: bool,
    as_json: bool,
    ids: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Make a playlist of varied tracks near SEEDS, in an order that flows.

    Seeds and filters are those of "segue similar". The same artist does not follow itself if that can
    be avoided. One artist or album has more tracks than its share only where there are no others.
    """
    refuse_both(click.get_current_context())
    with context.open() as library:
        recommendations = library.playlist(
            seeds,
            k=k,
            minutes=minutes,
            variety=variety,
            per_artist=per_artist,
            per_album=per_album,
            **question_of(**options),
        )
        steps = transitions_of(library, recommendations, transitions)
    print_found(recommendations, as_json=as_json, ids=ids, output=output, total=True, steps_between=steps)
