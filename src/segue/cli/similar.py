"""segue similar: what sounds like this?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue.cli.filters import where_of, where_options
from segue.cli.options import Context
from segue.cli.show import columns

if TYPE_CHECKING:
    from segue.recommend import Recommendations


@click.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option("--k", "-k", type=click.IntRange(1), default=10, show_default=True, help="How many tracks.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--m3u", type=click.Path(dir_okay=False, path_type=Path), help="Also write a playlist.")
@click.option(
    "--same-artist/--no-same-artist", default=True, help="Allow (default) or leave out the seeds' artists."
)
@click.option("--view", help="How tracks are compared: SPACE, then /frames, /flattened, /raw and so on.")
@where_options
@click.pass_obj
def similar(
    context: Context,
    /,
    seeds: tuple[str, ...],
    k: int,
    as_json: bool,
    m3u: Path | None,
    same_artist: bool,
    view: str | None,
    **conditions: Any,
) -> None:
    """List the tracks that sound most like SEEDS, nearest first.

    A seed is a track's id, path or title, any text that fits one track, or an audio file outside
    the library. Several seeds ask for what lies between them. The score is the cosine in the
    library's view: 1 the same sound, 0 as unlike as two tracks usually are.
    """
    with context.open() as library:
        found = library.similar(seeds, k=k, same_artist=same_artist, where=where_of(conditions), view=view)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        rows = [
            (f"{match.score:.2f}", match.track.label, match.track.id, match.track.url or match.track.path)
            for match in found.matches
        ]
        columns(("score", "track", "id", "path"), rows)
    if found.shortfall:
        click.echo(found.shortfall, err=True)
    if m3u:
        _write(m3u, found)


def _as_json(found: Recommendations) -> dict[str, object]:
    from segue.export import as_record

    matches = [{"score": round(match.score, 4), **as_record(match.track)} for match in found.matches]
    return {"matches": matches, "shortfall": found.shortfall}


def _write(path: Path, found: Recommendations) -> None:
    from segue.playlist import write_m3u

    for track in write_m3u(path, [match.track for match in found.matches]):
        click.echo(f"left out of the playlist, as its name holds a line break: {track.label}", err=True)
    click.echo(f"playlist: {path}", err=True)
