"""Which one is meant, where a text may mean several things: listed, and asked for on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from segue.cli.tables import clock, columns

if TYPE_CHECKING:
    from segue.errors import AmbiguousQueryError


def list_choices(error: AmbiguousQueryError, *, numbered: bool = False) -> None:
    """Print to stderr what a text may mean, each with the text that means it alone."""
    tracks = {str(track.id): track for track in error.matches}
    rows = []
    for i, (seed, text) in enumerate(error.choices, 1):
        track = tracks.get(seed)
        album, time = (track.tags.album or "", clock(track.duration_s)) if track else ("", "")
        rows.append(((str(i),) if numbered else ()) + (seed, text, album, time))
    names = (("",) if numbered else ()) + ("seed", "what it is", "album", "time")
    columns(names, rows, cut=("what it is", "album"), err=True)


def chooser() -> Callable[[AmbiguousQueryError], str | None] | None:
    """Asks on the terminal which one is meant; none where nobody would see the question."""
    context = click.get_current_context(silent=True)
    for_program = context is not None and context.params.get("as_json")
    if for_program or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    chosen: dict[str, str] = {}  # a question may be asked of the library more than once

    def choose(error: AmbiguousQueryError) -> str | None:
        if str(error) not in chosen:
            click.echo(str(error), err=True)
            list_choices(error, numbered=True)
            number = click.prompt("Which one?", type=click.IntRange(1, len(error.choices)), err=True)
            chosen[str(error)] = error.choices[number - 1][0]
        return chosen[str(error)]

    return choose
