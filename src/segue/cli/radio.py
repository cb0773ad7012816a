"""segue radio: music without end near some seeds."""

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

_STEERS = (
    "faster", "slower", "brighter", "darker", "more energetic", "calmer", "louder", "quieter", "newer",
    "older",
)  # fmt: skip


@click.command(short_help="Play on and on near one or more seeds.")
@click.argument("seeds", nargs=-1, required=True)
@click.option("--k", "-k", type=click.IntRange(1), default=15, show_default=True, help="How many tracks.")
@minutes_option
@click.option(
    "--steer",
    type=click.Choice(_STEERS),
    multiple=True,
    metavar="WORD",
    help=f"What to go toward; may be repeated: {', '.join(_STEERS)}.",
)
@click.option(
    "--reach",
    type=FiniteRange(0, 1),
    default=0.5,
    show_default=True,
    help="From 0 (the nearest fiftieth of the library) to 1 (its nearest fifth).",
)
@click.option("--played", is_flag=True, help="Remember these tracks as played: they rest for some days.")
@transitions_option
@seed_options
@click.pass_obj
def radio(  # noqa: PLR0913, PLR0917 - as many as the command has options
    context: Context,
    /,
    seeds: tuple[str, ...],
    k: int,
    minutes: float | None,
    steer: tuple[str, ...],
    reach: float,
    played: bool,
    transitions: bool,
    as_json: bool,
    ids: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Choose the next tracks of a radio near SEEDS; run it again for others.

    Tracks that were played lately come later; by whatever player that tells Segue, or with --played. Seeds
    and filters are those of "segue similar".
    """
    refuse_both(click.get_current_context())
    with context.open() as library:
        recommendations = library.radio(
            seeds,
            k=k,
            minutes=minutes,
            steer=steer,  # type: ignore[arg-type]
            reach=reach,
            **question_of(**options),
        )
        if played:
            library.record_plays([match.track.id for match in recommendations])
        steps = transitions_of(library, recommendations, transitions)
    print_found(recommendations, as_json=as_json, ids=ids, output=output, total=True, steps_between=steps)
