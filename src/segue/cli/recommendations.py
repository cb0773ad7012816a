"""What all commands share that recommend: seeds, options, and how matches are printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from segue.cli.filters import where_options
from segue.cli.show import columns

if TYPE_CHECKING:
    from segue.recommend import Recommendations
    from segue.track import Track

_Command = TypeVar("_Command", bound=Callable[..., Any])

view_option = click.option(
    "--view", help="How tracks are compared: SPACE, then /frames, /flattened, /raw and so on."
)
minus_option = click.option(
    "--minus", metavar="SEED", multiple=True, help="Away from this; may be given several times."
)
same_artist_option = click.option(
    "--same-artist/--no-same-artist", default=True, help="Allow (default) or leave out the seeds' artists."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def output_options(command: _Command) -> _Command:
    """``as_json`` and ``m3u``."""
    m3u = click.option(
        "--m3u", type=click.Path(dir_okay=False, path_type=Path), help="Also write a playlist."
    )
    return json_option(m3u(command))


def seed_options(command: _Command) -> _Command:
    """All that goes with several seeds: ``minus``, output, artists, ``view`` and conditions."""
    return minus_option(output_options(same_artist_option(view_option(where_options(command)))))


def print_found(found: Recommendations, *, as_json: bool, m3u: Path | None) -> None:
    """The matches, why there are no more, and the playlist that is asked for."""
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        rows = [
            (
                f"{match.score:.2f}",
                match.track.display_name,
                match.track.id,
                match.track.url or match.track.path,
            )
            for match in found.matches
        ]
        columns(("score", "track", "id", "path"), rows)
    if found.shortfall:
        click.echo(found.shortfall, err=True)
    if m3u:
        _write(m3u, [match.track for match in found.matches])


def _as_json(found: Recommendations) -> dict[str, object]:
    from segue.export.tables import as_record

    matches = [{"score": round(match.score, 4), **as_record(match.track)} for match in found.matches]
    return {"matches": matches, "shortfall": found.shortfall}


def _write(path: Path, tracks: list[Track]) -> None:
    from segue.export.m3u8 import write_m3u

    for track in write_m3u(path, tracks):
        click.echo(
            f"left out of the playlist, as its name holds a line break: {track.display_name}", err=True
        )
    click.echo(f"playlist: {path}", err=True)
