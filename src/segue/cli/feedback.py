"""segue feedback: what you like and dislike."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.describe import moment
from segue.cli.options import AppError, Context
from segue.cli.show import print_json
from segue.cli.tables import columns
from segue.errors import UsageError
from segue.texts import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from segue.library import Feedback, Library
    from segue.track import Track

FORMATS = ("json", "csv")


@click.group(invoke_without_command=True, short_help="Like and dislike tracks, and take it back.")
@click.pass_context
def feedback(context: click.Context) -> None:
    """Like and dislike tracks, which changes what is recommended.

    A disliked track is not recommended, and what sounds like it comes later; what sounds like a liked one
    comes a little earlier. Likes are the hearts of the page and the stars of OpenSubsonic's players. Without
    a subcommand, this lists them.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_feedback)


@feedback.command("list", short_help="List what you like and dislike.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most to list.")
@click.option("--ids", is_flag=True, help="Also show ids.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_feedback(context: Context, limit: int = 100, ids: bool = False, as_json: bool = False) -> None:
    """List what you like and dislike, the last given first."""
    with context.open() as library:
        verdicts = library.feedback.latest(limit)
        tracks = _tracks(library, verdicts)
    if as_json:
        print_json([_record(one, tracks.get(one.track)) for one in verdicts])
    elif verdicts:
        _print(verdicts, tracks, ids=ids)
    else:
        click.echo(f"nothing is liked or disliked yet; to begin: {command('feedback like TRACK')}", err=True)


def _tracks(library: Library, verdicts: Iterable[Feedback]) -> dict[str, Track]:
    return {track.id: track for track in library.tracks.by_ids([one.track for one in verdicts])}


def _record(one: Feedback, track: Track | None) -> dict[str, Any]:
    from segue.export.tables import as_record

    whole = as_record(track) if track else {"id": one.track}
    return {"verdict": one.verdict, "at": one.at, "seed": one.seed or None, **whole}


def _print(verdicts: Sequence[Feedback], tracks: dict[str, Track], *, ids: bool) -> None:
    names: tuple[str, ...] = ("verdict", "track", "artist", "album", "when", "id")
    rows: list[tuple[str, ...]] = []
    for one in verdicts:
        track = tracks.get(one.track)
        about = (track.title, track.artist or "", track.tags.album or "") if track else ("(gone)", "", "")
        rows.append((one.verdict, *about, moment(one.at), one.track))
    if not ids and len(tracks) == len({one.track for one in verdicts}):
        names, rows = names[:-1], [row[:-1] for row in rows]
    columns(names, rows, cut=("track", "artist", "album"))


@feedback.command(short_help="Like tracks.")
@click.argument("tracks", nargs=-1, required=True, metavar="TRACK...")
@click.pass_obj
def like(context: Context, tracks: tuple[str, ...]) -> None:
    """Like each TRACK, by its title, id or path."""
    with context.open() as library:
        for track in library.like(tracks):
            click.echo(f"liked: {track.display_name}")


@feedback.command(short_help="Dislike tracks.")
@click.argument("tracks", nargs=-1, required=True, metavar="TRACK...")
@click.pass_obj
def dislike(context: Context, tracks: tuple[str, ...]) -> None:
    """Dislike each TRACK, by its title, id or path."""
    with context.open() as library:
        for track in library.dislike(tracks):
            click.echo(f"disliked: {track.display_name}")


@feedback.command(short_help="Take back likes and dislikes.")
@click.argument("tracks", nargs=-1, metavar="[TRACK...]")
@click.option("--last", "-n", type=click.IntRange(1), help="How many of the last given (default: 1).")
@click.pass_obj
def undo(context: Context, tracks: tuple[str, ...], last: int | None) -> None:
    """Take back what you said of each TRACK, or what you said last."""
    if tracks and last:
        raise UsageError("name tracks, or say how many of the last with --last, not both")
    with context.open() as library:
        verdicts = _take_back(library, tracks) if tracks else library.feedback.undo(last or 1)
        tracks_by_id = _tracks(library, verdicts)
    for one in verdicts:
        name = tracks_by_id[one.track].display_name if one.track in tracks_by_id else one.track
        click.echo(f"taken back: {one.verdict}d {name}" if one.verdict != "skip" else f"taken back: {name}")
    if not verdicts:
        click.echo("there was nothing to take back", err=True)
        raise AppError(1)


def _take_back(library: Library, tracks: Sequence[str]) -> list[Feedback]:
    """Of tracks that may have gone: then by their ids alone."""
    verdicts: list[Feedback] = []
    for text in tracks:
        by_id = library.feedback.take_back([text])
        verdicts += by_id or library.take_back(text)
    return verdicts


@feedback.command(short_help="Write likes and dislikes to a file.")
@click.option("--format", "-f", "kind", type=click.Choice(FORMATS), help="Default: by --output, or json.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout.")
@click.pass_obj
def export(context: Context, kind: str | None, output: Path | None) -> None:
    """Write all likes and dislikes as JSON or CSV, with what finds the tracks in another library."""
    from segue.export.feedback import feedback_records, write_csv, write_json
    from segue.export.tables import save_text

    kind = kind or ("csv" if output and output.suffix.lower() == ".csv" else "json")
    write = write_csv if kind == "csv" else write_json
    with context.open() as library:
        records = feedback_records(library.feedback, library.tracks)
    if output is None:
        write(records, sys.stdout)
        return
    save_text(output, lambda out: write(records, out))
    click.echo(f"wrote {len(records)} likes and dislikes to {output}", err=True)


@feedback.command("import", short_help="Read likes and dislikes from a file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(context: Context, file: Path) -> None:
    """Add the likes and dislikes of a FILE that "segue feedback export" wrote.

    A track is found by its id, path or content, or by its artist, title and album. If something is already
    known of a track, the later verdict stays.
    """
    from segue.export.feedback import import_feedback, read_records

    try:
        records = read_records(file.read_text("utf-8-sig"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {reason(error)}") from error
    with context.open() as library:
        report = import_feedback(records, library.feedback, library.tracks)
    missing = len(report.not_found)
    click.echo(f"{report.imported} imported, {report.unchanged} unchanged, {missing} not found")
    for name in report.not_found:
        click.echo(f"not in the library: {name}", err=True)
    if missing:
        raise AppError(1 if missing < len(records) else 2)


@feedback.command(short_help="Forget all likes and dislikes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def clear(context: Context, yes: bool) -> None:
    """Forget all likes and dislikes. Stars of albums and artists stay."""
    with context.open() as library:
        n = len(library.feedback.latest(-1))
        if n and not yes:
            if not sys.stdin.isatty():
                again = command("feedback clear --yes")
                raise UsageError(f"this forgets {n} likes and dislikes; to do so unasked: {again}")
            click.confirm(f"Forget {n} likes and dislikes?", abort=True)
        click.echo(f"{library.feedback.clear()} likes and dislikes forgotten")
