"""The command that finds tracks by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from segue.cli.filters import where_of, where_options
from segue.cli.options import Context
from segue.cli.show import list_tracks, print_json
from segue.cli.tables import columns

if TYPE_CHECKING:
    from segue.library import Selection


@click.command(short_help="Find tracks by words: a name, a mood, a sound.")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--limit", "-k", type=click.IntRange(1), default=50, show_default=True, help="Most tracks to list."
)
@click.option(
    "--grouped",
    is_flag=True,
    help="List tracks, artists, albums, playlists and clusters with these words in their names.",
)
@where_options
@click.option("--ids", is_flag=True, help="Also show ids and paths.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def search(
    context: Context,
    /,
    words: tuple[str, ...],
    limit: int,
    grouped: bool,
    ids: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """List the tracks that WORDS describe: "iron vesper", "rain", "calm piano", "dark ambient".

    Tracks with the words in their tags or file names come first, then those that sound so, each with the
    reason. With the extra "words", a description need not use a network's own words, and may be in any of
    16 languages.
    """
    conditions = where_of(where)
    if grouped:
        if conditions is not None:
            raise click.UsageError("--grouped looks at names alone: leave out the conditions")
        _print_grouped(context, " ".join(words), limit, as_json=as_json)
        return
    with context.open() as library:
        matches = library.search(" ".join(words), limit=limit, where=conditions)
    if as_json:
        print_json([_record(match) for match in matches])
    elif matches:
        reasons = ["; ".join(map(str, match.reasons)) for match in matches]
        versions = [match.versions for match in matches]
        shares = [match.nearer_than for match in matches]
        tracks = [match.track for match in matches]
        list_tracks(tracks, reasons=reasons, versions=versions, nearer_than=shares, ids=ids)
    else:
        looked_for = f" ({'; '.join(matches.meanings)})" if matches.meanings else ""
        click.echo(f"no track matches {' '.join(words)!r}{looked_for}", err=True)
    for hint in matches.hints:
        click.echo(hint, err=True)
    if matches.total > len(matches):
        click.echo(f"{len(matches)} of {matches.total}; for more: --limit", err=True)


def _print_grouped(context: Context, text: str, limit: int, *, as_json: bool) -> None:
    from segue.export.tables import as_record

    with context.open() as library:
        matches = library.search_grouped(text, limit=limit)
    if as_json:
        named = {"artists": matches.artists, "albums": matches.albums}
        print_json({
            "total": matches.total,
            "tracks": list(map(as_record, matches.tracks)),
            **{kind: [_named_record(one) for one in group] for kind, group in named.items()},
            "playlists": [{"name": one.name, "tracks": one.n} for one in matches.playlists],
            "clusters": [{"name": one.name, "tracks": one.size} for one in matches.clusters],
            "near": [{"name": name, "kind": kind} for name, kind in matches.near],
        })  # fmt: skip
    elif matches:
        rows = [("track", track.display_name, "") for track in matches.tracks]
        rows += [(one.kind, _named(one), str(len(one.keys))) for one in (*matches.artists, *matches.albums)]
        rows += [("playlist", one.name, str(one.n)) for one in matches.playlists]
        rows += [("cluster", one.name, str(one.size)) for one in matches.clusters]
        columns(("kind", "name", "tracks"), rows, cut=("name",))
    else:
        click.echo(f"no name has the words {text!r}", err=True)
    for hint in matches.hints:
        click.echo(hint, err=True)
    if matches.total > len(matches.tracks):
        click.echo(f"{len(matches.tracks)} of {matches.total} tracks; for more: --limit", err=True)


def _named(one: Selection) -> str:
    return f"{one.artist} - {one.name}" if one.artist else one.name


def _named_record(one: Selection) -> dict[str, Any]:
    return {"name": one.name, "artist": one.artist, "tracks": len(one.keys), "seed": one.seed}


def _record(match: Any) -> dict[str, Any]:
    from segue.export.tables import as_record

    reasons = [str(reason) for reason in match.reasons]
    versions = list(map(as_record, match.versions))
    share = {} if match.nearer_than is None else {"nearer_than": round(match.nearer_than, 4)}
    return {**as_record(match.track), "score": match.score, **share, "reasons": reasons, "versions": versions}
