"""segue folders: where the library's music is, and what stays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from segue.advice import command, shell_word
from segue.cli.options import Context
from segue.cli.prune import ask, show_kept
from segue.cli.show import print_json
from segue.cli.tables import columns
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import ScannedFolder


@click.group(invoke_without_command=True, short_help="List the scanned folders and what they leave out.")
@click.pass_context
def folders(context: click.Context) -> None:
    """List the folders that were scanned, how many tracks each has, and what is left out.

    Without a subcommand, this lists them.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_folders)


@folders.command("list", short_help="List the scanned folders.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_folders(context: Context, as_json: bool = False) -> None:
    """List the folders that were scanned, how many tracks each has, and what is left out."""
    with context.open() as library:
        listed = library.scanned_folders()
    if as_json:
        print_json([_record(folder) for folder in listed])
    elif not listed:
        scan = command("scan FOLDER", library=context.path)
        click.echo(f"no folder was scanned yet; to begin: {scan}", err=True)
    else:
        rows = [_row(folder) for folder in listed]
        columns(("path", "tracks", "state", "leaves out"), rows, cut=("path", "leaves out"))


def _record(folder: ScannedFolder) -> dict[str, Any]:
    from segue.track import readable

    return {
        "path": readable(folder.path),
        "tracks": folder.tracks,
        "missing": folder.missing,
        "away": folder.away,
        "there": folder.there,
        "exclude": list(folder.exclude),
    }


def _row(folder: ScannedFolder) -> tuple[str, ...]:
    from segue.track import readable

    states = [f"{folder.away:,} away"] * bool(folder.away) + [f"{folder.missing:,} missing"] * bool(
        folder.missing
    )
    if not folder.there:
        states.append("is it mounted?")
    return readable(folder.path), f"{folder.tracks:,}", ", ".join(states), ", ".join(folder.exclude)


@folders.command(short_help="Remove a folder with its tracks from the library.")
@click.argument("folder", metavar="DIR")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(context: Context, folder: str, yes: bool) -> None:
    """Remove DIR with its tracks from the library. The files themselves stay as they are.

    Tracks that lie in another scanned folder too stay. Vectors of removed tracks are kept, so that a later
    scan of the folder costs nothing.
    """
    with context.open() as library:
        n = len(library.tracks_only_in(folder))
        if n and not yes:
            ask(n)
        click.echo(f"{library.remove_folder(folder)} removed, {count(len(library), 'track')} left")
        show_kept(library, context)


@folders.command(short_help="Say that a folder has been moved.")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def move(context: Context, old: str, new: str) -> None:
    """Say that the music in OLD is in NEW now. Its tracks keep all but their paths.

    Nothing is moved on disk. A scan of NEW would find the same by reading all files; this reads none.
    """
    with context.open() as library:
        moved = library.move_folder(old, new)
    click.echo(f"{count(moved.moved, 'track')} moved, with {moved.there} of the files in place")
    if moved.taken:
        click.echo(f"  {moved.taken} stay as they were: another track has the path", err=True)


@folders.command(short_help="Leave out more of a folder in later scans.")
@click.argument("folder", metavar="DIR")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.pass_obj
def exclude(context: Context, folder: str, patterns: tuple[str, ...]) -> None:
    """Leave out what the PATTERNs name in all later scans of DIR.

    Patterns are written as in a .gitignore file: Audiobooks/ is any folder of this name, /Skits only the one
    in DIR itself, *.wav any such file.
    """
    with context.open() as library:
        library.exclude(folder, patterns)
    scan = command(f"scan {shell_word(folder)}", library=context.path)
    click.echo(f"kept; tracks that this leaves out go with the next: {scan}")


@folders.command(short_help="Stop leaving something out.")
@click.argument("folder", metavar="DIR")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.pass_obj
def include(context: Context, folder: str, patterns: tuple[str, ...]) -> None:
    """Take PATTERNs back that leave something of DIR out."""
    with context.open() as library:
        library.include(folder, patterns)
    scan = command(f"scan {shell_word(folder)}", library=context.path)
    click.echo(f"taken back; to add what was left out: {scan}")
