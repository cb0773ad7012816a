"""segue duplicates: recordings of which there are several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option
from segue.cli.show import print_json
from segue.cli.tables import clock, columns, megabytes

if TYPE_CHECKING:
    from segue.recommend.duplicates import Copy, Duplicate


@click.command(short_help="List recordings that you have several files of.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def duplicates(context: Context, /, as_json: bool, quiet: bool) -> None:
    """List the recordings of which the library has several files: other formats, remasters, plain copies.

    The best file of each comes first: lossless, or of the highest bit rate, with the most tags. Nothing is
    changed on disk.
    """
    from segue.display.terminal import TerminalProgress

    with context.open() as library, TerminalProgress("duplicates", quiet=quiet) as progress:
        recordings = library.duplicates(progress=progress)
    if as_json:
        print_json([{"copies": [_record(copy) for copy in one.copies]} for one in recordings])
    elif not recordings:
        click.echo("no recording has several files")
    else:
        rows = [row for one in recordings for row in _rows(one)]
        columns(
            ("track", "artist", "file", "format", "size", "time", "path"),
            rows,
            cut=("track", "artist", "path"),
        )
        click.echo(_summary(recordings), err=True)


def _rows(recording: Duplicate) -> list[list[str]]:
    from segue.track import readable

    rows = []
    for copy in recording.copies:
        track = copy.track
        first = track is recording.best
        names = [track.title, track.artist or ""] if first else ["", ""]
        kind = "best" if first else "identical" if copy.identical else "version"
        time = clock(track.duration_s)
        rows.append([*names, kind, track.codec, megabytes(track.size), time, readable(track.path)])
    return rows


def _record(copy: Copy) -> dict[str, Any]:
    from segue.export.tables import as_record

    return {**as_record(copy.track), "identical": copy.identical}


def _summary(recordings: Sequence[Duplicate]) -> str:
    n = sum(len(one.copies) for one in recordings)
    extra = sum(one.extra_bytes for one in recordings)
    what = "recording has" if len(recordings) == 1 else "recordings have"
    return (
        f"{len(recordings)} {what} {n} files; all but the best take {megabytes(extra)}. Nothing was changed."
    )
