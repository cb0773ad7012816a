"""segue matrix: how much some sounds are alike, each with each."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option, view_option
from segue.cli.tables import columns
from segue.cli.without_library import library_of, needs_no_library
from segue.paths import expand_home

if TYPE_CHECKING:
    from segue.recommend import Matrix


@click.command(short_help="Compare several tracks, each with each other.")
@click.argument("tracks", nargs=-1, required=True)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with names in the first row and column.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Also write a heat map as SVG."
)
@view_option
@click.pass_obj
def matrix(
    context: Context,
    /,
    tracks: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    view: str | None,
) -> None:
    """Show how similar TRACKS are, each to each other.

    Name them like the seeds of "segue similar"; audio files outside the library work too, and need none.
    """
    if as_json and as_csv:
        raise click.UsageError("choose one of --json and --csv")
    alone = needs_no_library(context, tracks)
    with library_of(tracks) if alone else context.open() as library:
        result = library.matrix(tracks, view=view)
    if as_json:
        click.echo(json.dumps(_as_json(result), ensure_ascii=False))
    elif as_csv:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(["", *result.names])
        rows.writerows([name, *(f"{x:.4f}" for x in row)] for name, row in _rows(result))
    else:
        numbers = [str(i + 1) for i in range(len(result.names))]
        lines = [
            (f"{i} {name}", *(f"{x:.2f}" for x in row)) for i, (name, row) in enumerate(_rows(result), 1)
        ]
        columns(("track", *numbers), lines, cut=("track",))
    if picture:
        _draw(picture, result)


def _rows(matrix: Matrix) -> list[tuple[str, list[float]]]:
    return list(zip(matrix.names, matrix.scores.tolist(), strict=True))


def _as_json(matrix: Matrix) -> dict[str, object]:
    ids = [track.id if track else None for track in matrix.tracks]
    scores = [[round(x, 4) for x in row] for _, row in _rows(matrix)]
    return {"names": matrix.names, "ids": ids, "scores": scores}


def _draw(path: Path, matrix: Matrix) -> None:
    from segue.files import replacing

    with replacing(expand_home(path)) as part:
        part.write_text(matrix.to_svg(), encoding="utf-8")
    click.echo(f"wrote {path}", err=True)
