"""segue evaluate: how often neighbors share a tag."""

from __future__ import annotations

import json

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option, view_option


@click.command(short_help="Measure how often neighbors share a tag.")
@click.option(
    "--by",
    type=click.Choice(["genre", "artist", "album"]),
    default="genre",
    show_default=True,
    help="The tag that makes a neighbor a right one.",
)
@json_option
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@view_option
@click.pass_obj
def evaluate(context: Context, /, by: str, as_json: bool, quiet: bool, view: str | None) -> None:
    """Measure how often tracks' neighbors share their genre, artist or album.

    Precision at k is the share of the k nearest tracks that have the tag in common with the track. Compare it
    with chance, and two views with each other. Hubness above 2 means that a few tracks are near everything.
    """
    from segue.cli.progress import TerminalProgress

    with context.open() as library, TerminalProgress("evaluate", quiet=quiet) as progress:
        evaluation = library.evaluate(by=by, view=view, progress=progress)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(evaluation.as_record()))
        return
    click.echo(f"{evaluation.asked} of {evaluation.tracks} tracks have a tag {by!r}; view: {evaluation.view}")
    for k, precision in evaluation.precision.items():
        click.echo(f"precision at {k:<3}{precision:.3f}")
    click.echo(f"chance          {evaluation.chance:.3f}")
    click.echo(f"hubness         {evaluation.hubness:.2f}")
