"""segue prune: remove tracks whose files are gone."""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from segue.advice import command
from segue.cli.describe import moment
from segue.cli.options import Context
from segue.cli.tables import columns, megabytes
from segue.texts import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segue.library import Library, MissingTrack

_SHOWN = 20
_UNITS_S = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}


def _age(_context: click.Context, _option: click.Parameter, value: str) -> float:
    """An age as text, ``30d``, in seconds."""
    match = re.fullmatch(r"(\d{1,6})([hdwmy])", value.strip().lower())
    if not match:
        raise click.BadParameter(f"{value!r} is no age; write 12h, 30d, 2w, 6m or 1y")
    return float(int(match[1]) * _UNITS_S[match[2]])


@click.command(short_help="Remove tracks whose files are gone.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--older-than",
    callback=_age,
    default="0d",
    metavar="AGE",
    help="Only what has been missing so long: 12h, 30d, 2w, 6m or 1y.",
)
@click.option("--away", is_flag=True, help="Also what is missing with a whole folder or disk.")
@click.option("--forget", is_flag=True, help="Keep no vectors of removed tracks, also not of earlier ones.")
@click.pass_obj
def prune(context: Context, /, dry_run: bool, yes: bool, older_than: float, away: bool, forget: bool) -> None:
    """Remove the tracks whose files the last scan did not find.

    Lists them and asks first. Tracks that went with a whole folder or disk are away, and stay. Vectors of
    removed tracks are kept, so that a file that comes back costs nothing.
    """
    with context.open() as library:
        tracks = library.prunable(older_than_s=older_than, away=away)
        _list(library, tracks)
        _show_away(library, {track.key for track in tracks})
        if dry_run:
            click.echo(f"{len(tracks)} would be removed")
            return
        if tracks and not yes:
            ask(len(tracks))
        n = library.prune(older_than_s=older_than, away=away, keep=not forget)
        if forget:
            library.forget_removed()
        click.echo(f"{n} removed, {count(len(library), 'track')} left")
        show_kept(library, context)


def _list(library: Library, tracks: Sequence[MissingTrack]) -> None:
    from segue.track import readable

    named = {track.id: track for track in library.tracks.by_ids([one.id for one in tracks[:_SHOWN]])}
    rows = [
        (named[one.id].display_name, moment(one.missing_since), readable(one.path or named[one.id].path))
        for one in tracks[:_SHOWN]
        if one.id in named
    ]
    if rows:
        columns(("track", "missing since", "path"), rows, cut=("track", "path"), err=True)
    if len(tracks) > _SHOWN:
        click.echo(f"and {len(tracks) - _SHOWN:,} more", err=True)


def _show_away(library: Library, removed: set[int]) -> None:
    from segue.track import readable

    places = Counter(track.away for track in library.missing() if track.away and track.key not in removed)
    for place, n in sorted(places.items()):
        click.echo(
            f"{count(n, 'track')} {'is' if n == 1 else 'are'} away with all of {readable(place)}: "
            "is it mounted? They stay; --away removes them too",
            err=True,
        )


def ask(n: int) -> None:
    """Ask before tracks are removed; without a terminal, refuse to."""
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"{count(n, 'track')} would be removed; to do so without being asked, add --yes"
        )
    click.confirm(f"Remove {count(n, 'track')} from the library?", abort=True, err=True)


def show_kept(library: Library, context: Context) -> None:
    """Say what is kept of removed tracks."""
    n, n_bytes = library.removed()
    if n:
        kept = f"vectors of {n} removed tracks are kept for their return, {megabytes(n_bytes)}"
        click.echo(f"  {kept}; to drop them: {command('prune --forget', library=context.path)}", err=True)
