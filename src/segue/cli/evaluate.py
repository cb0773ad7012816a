"""segue evaluate: how often neighbors share a tag."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option, view_option

if TYPE_CHECKING:
    from segue.recommend.evaluate import Evaluation, Figure


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
@click.option("--against", metavar="VIEW", help="Another view, to compare with on the same tracks.")
@click.pass_obj
def evaluate(
    context: Context, /, by: str, as_json: bool, quiet: bool, view: str | None, against: str | None
) -> None:
    """Measure how often tracks' neighbors share their genre, artist or album.

    Precision at k is the share of the k nearest tracks that have the tag in common with the track; average
    precision looks at the 100 nearest, and counts the first most. Each stands with its 95 % interval: what it
    might be with other albums of the same kind. Compare it with chance, and two views with each other.
    Hubness above 2 means that a few tracks are near everything.
    """
    from segue.display.terminal import TerminalProgress

    with context.open() as library, TerminalProgress("evaluate", quiet=quiet) as progress:
        evaluation = library.evaluate(by=by, view=view, against=against, progress=progress)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(evaluation.as_record()))
    else:
        _print(evaluation)


def _print(result: Evaluation) -> None:
    click.echo(f"{result.asked} of {result.tracks} tracks have a tag {result.by!r}; view: {result.view}")
    for k, figure in result.precision.items():
        click.echo(f"precision at {k:<3}{_with_interval(figure)}")
    click.echo(f"average prec.   {_with_interval(result.average_precision)}")
    click.echo(f"chance          {result.chance:.3f}")
    click.echo(f"hubness         {result.hubness:.2f}")
    if result.same_album is not None:
        click.echo(f"same album      {result.same_album:.0%} of the ten nearest")
    click.echo(f"copies          {result.copies:.0%} of the ten nearest")
    click.echo(f"index           recall {result.index_recall:.3f}, {result.query_us:.0f} us a query")
    if result.tag_fit and result.by != "genre":
        click.echo("\nThe view has learned from these tags, so the figures above are too good.")
        click.echo(f"With tags, {result.tag_fit.removeprefix('used: ')}")
    if result.against:
        click.echo(f"\n{result.view} less {result.against.view}, on the same tracks:")
        for name, gain in result.against.gain.items():
            label = f"precision at {name:<3}" if name.isdigit() else "average prec.   "
            click.echo(f"{label}{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}){_verdict(gain)}")


def _with_interval(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _verdict(gain: Figure) -> str:
    """Whether the difference may be chance."""
    return "" if gain.low > 0 or gain.high < 0 else ", may be chance"
