"""segue settings: what is no answer, the shares of playlists, and whether folders are followed."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option
from segue.cli.show import print_json
from segue.cli.tables import clock, columns

if TYPE_CHECKING:
    from segue.library import Library, Settings

# The names in the shell and in Python, and what each setting does.
_SETTINGS = {
    "speech": ("speech", "whether speech may be recommended with music"),
    "shortest": ("shortest_s", "the shortest track that may be recommended"),
    "longest": ("longest_s", "the longest track that may be recommended"),
    "per-artist": ("per_artist", "most tracks of one artist in a playlist"),
    "per-album": ("per_album", "most tracks of one album in a playlist"),
    "watch": ("watch", "segue serve takes in what changes in the folders"),
}


@click.command(short_help="Show or change which tracks may be recommended.")
@click.argument("name", required=False, type=click.Choice(list(_SETTINGS)))
@click.argument("value", required=False)
@json_option
@click.pass_obj
def settings(context: Context, /, name: str | None, value: str | None, as_json: bool) -> None:
    """Show this library's settings, or set NAME to VALUE.

    speech: yes or no. shortest, longest: minutes:seconds, seconds, 0 for any length, or auto for what is
    usual in the library. per-artist, per-album: a number, 0 for any number, or auto for a fifth and an
    eighth of the playlist. watch: yes or no.
    """
    if name and value is None:
        value = "no" if name in ("speech", "watch") else "auto"
        raise click.UsageError(f"give {name} a value, such as: segue settings {name} {value}")
    with context.open() as library:
        if name:
            library.settings.change(**{_SETTINGS[name][0]: value})
        current = library.settings.load()
        rows = _rows(library, current)
    if as_json:
        print_json(asdict(current))
    else:
        columns(("setting", "value", "meaning"), rows)


def _rows(library: Library, current: Settings) -> list[list[str]]:
    limits = library.limits()
    now = {"shortest_s": limits.shortest_s, "longest_s": limits.longest_s}
    rows = []
    for name, (field, meaning) in _SETTINGS.items():
        value = getattr(current, field)
        if field in now:
            limit = _length(now[field])
            text = f"auto ({limit})" if value == "auto" else limit
        elif isinstance(value, bool):
            text = "yes" if value else "no"
        else:
            text = "any" if value == 0 else str(value)
        rows.append([name, text, meaning])
    return rows


def _length(seconds: float) -> str:
    return clock(seconds) if 0 < seconds < math.inf else "any"
