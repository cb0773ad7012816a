"""The command that finds tracks by words."""

from __future__ import annotations

from typing import Any

import click

from segue.cli.filters import where_of, where_options
from segue.cli.options import Context
from segue.cli.show import list_tracks, print_json


@click.command(short_help="Find tracks by words: a name, a mood, a sound.")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most tracks to list.")
@where_options
@click.option("--ids", is_flag=True, help="Also show ids and paths.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def search(
    context: Context, /, words: tuple[str, ...], limit: int, ids: bool, as_json: bool, **where: Any
) -> None:
    """List the tracks that WORDS describe: "iron vesper", "rain", "calm piano", "dark ambient".

    Tracks with the words in their tags or file names come first, then those that sound so, each with the
    reason. With the extra "words", a description need not use a network's own words, and may be in any of
    16 languages.
    """
    with context.open() as library:
        matches = library.search(" ".join(words), limit=limit, where=where_of(where))
    if as_json:
        print_json([_record(match) for match in matches])
    elif matches:
        reasons = ["; ".join(map(str, match.reasons)) for match in matches]
        versions = [match.versions for match in matches]
        list_tracks([match.track for match in matches], reasons=reasons, versions=versions, ids=ids)
    else:
        looked_for = f" ({'; '.join(matches.meanings)})" if matches.meanings else ""
        click.echo(f"no track matches {' '.join(words)!r}{looked_for}", err=True)
    for hint in matches.hints:
        click.echo(hint, err=True)
    if matches.total > len(matches):
        click.echo(f"{len(matches)} of {matches.total}; for more: --limit", err=True)


def _record(match: Any) -> dict[str, Any]:
    from segue.export.tables import as_record

    reasons = [str(reason) for reason in match.reasons]
    versions = list(map(as_record, match.versions))
    return {**as_record(match.track), "score": match.score, "reasons": reasons, "versions": versions}
