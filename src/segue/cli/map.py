"""segue map: a place in the plane for every track, so that neighbors sound alike."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context, renamed
from segue.cli.recommendations import json_option, view_option
from segue.paths import expand_home
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.map import Coloring, Map

_DECIMALS = 5


@click.command(
    name="map",
    short_help="Map all tracks: neighbors sound alike.",
    context_settings=renamed(colour="color"),
)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: id, x, y, track.")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Also write the map as SVG.")
@click.option(
    "--color",
    type=click.Choice(["cluster", "genre", "artist", "album"]),
    help="What the colors of the picture show (default: clusters if there are any, else genres).",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@view_option
@click.pass_obj
def map_(
    context: Context,
    /,
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    color: Coloring | None,
    quiet: bool,
    view: str | None,
) -> None:
    """Place every track on a map, so that neighbors sound alike.

    The library keeps the map, and makes a new one after tracks were added or removed.
    """
    if as_json and as_csv:
        raise click.UsageError("choose one of --json and --csv")
    if color and not picture:
        raise click.UsageError("--color needs --picture FILE.svg")
    with context.open() as library:
        result = _library_map(library, view, quiet)
        if picture:
            _draw(picture, result, color)
        names = result.legend().names if as_csv else ()
    if as_json:
        places = [[round(x, _DECIMALS) for x in row] for row in result.xy.tolist()]
        click.echo(json.dumps({"ids": result.ids, "xy": places}))
    elif as_csv:
        _print_csv(result, names)
    elif not picture:
        click.echo(f"{count(len(result.ids), 'track')} on the map; --picture FILE.svg draws it", err=True)


def _library_map(library: Library, view: str | None, quiet: bool) -> Map:
    from segue.display.terminal import TerminalProgress

    with TerminalProgress("map", quiet=quiet) as progress:
        return library.map(view=view, progress=progress)


def _print_csv(map_: Map, names: Sequence[str]) -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["id", "x", "y", "track"])
    for track_id, (x, y), name in zip(map_.ids, map_.xy.tolist(), names, strict=True):
        rows.writerow([track_id, f"{x:.{_DECIMALS}f}", f"{y:.{_DECIMALS}f}", name])


def _draw(path: Path, map_: Map, color: Coloring | None) -> None:
    from segue.files import replacing

    with replacing(expand_home(path)) as part:
        part.write_text(map_.to_svg(color), encoding="utf-8")
    click.echo(f"wrote {path}", err=True)
