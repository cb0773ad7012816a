"""segue map: a place in the plane for every track, so that neighbors sound alike."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context, renamed
from segue.cli.recommendations import json_option, view_option

if TYPE_CHECKING:
    from segue.library import Library
    from segue.map import Map
    from segue.track import Track, TrackId

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
    color: str | None,
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
        result = _made(library, view, quiet)
        tracks = {track.id: track for track in library} if as_csv or picture else {}
        if picture:
            _draw(picture, library, result, tracks, color)
    if as_json:
        places = [[round(x, _DECIMALS) for x in row] for row in result.xy.tolist()]
        click.echo(json.dumps({"ids": result.ids, "xy": places}))
    elif as_csv:
        _print_csv(result, tracks)
    elif not picture:
        click.echo(f"{len(result.ids)} tracks are on the map; --picture FILE.svg draws it", err=True)


def _made(library: Library, view: str | None, quiet: bool) -> Map:
    from segue.cli.progress import TerminalProgress

    with TerminalProgress("map", quiet=quiet) as progress:
        return library.map(view=view, progress=progress)


def _print_csv(map_: Map, tracks: Mapping[TrackId, Track]) -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["id", "x", "y", "track"])
    for track_id, (x, y) in zip(map_.ids, map_.xy.tolist(), strict=True):
        track = tracks.get(track_id)
        rows.writerow(
            [track_id, f"{x:.{_DECIMALS}f}", f"{y:.{_DECIMALS}f}", track.display_name if track else ""]
        )


def _draw(
    path: Path, library: Library, map_: Map, tracks: Mapping[TrackId, Track], color: str | None
) -> None:
    from segue.files import replacing
    from segue.plots import scatter

    clusters = library.cluster_names() if color in (None, "cluster") else {}
    by = color or ("cluster" if clusters else "genre")
    colors = {cluster.name: cluster.color for cluster in library.clusters()} if by == "cluster" else {}
    tracks_on_map = [tracks.get(track_id) for track_id in map_.ids]
    groups = [
        None if track is None else clusters.get(track.id) if by == "cluster" else _tag(track, by)
        for track in tracks_on_map
    ]
    names = [track.display_name if track else "" for track in tracks_on_map]
    drawn = scatter(map_.xy, names, groups, title=f"{len(names)} tracks by {by}", colors=colors)
    with replacing(path.expanduser()) as part:
        part.write_text(drawn, encoding="utf-8")
    click.echo(f"wrote {path}", err=True)


def _tag(track: Track, name: str) -> str | None:
    value: str | None = track.artist if name == "artist" else getattr(track.tags, name)
    return value
