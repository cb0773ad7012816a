"""segue folders: where the library's music is, and what stays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.show import print_json
from segue.cli.tables import columns, one_line

if TYPE_CHECKING:
    from segue.library import Library


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
        listed = _records(library)
    if as_json:
        print_json(listed)
    elif not listed:
        click.echo(
            f"no folder was scanned yet; to begin: {command('scan FOLDER', library=context.path)}", err=True
        )
    else:
        names = ("path", "tracks", "leaves out")
        rows = [(one["path"], f"{one['tracks']:,}", ", ".join(one["exclude"])) for one in listed]
        columns(names, rows, cut=("path", "leaves out"))


def _records(library: Library) -> list[dict[str, Any]]:
    from segue.track import readable

    exclusions = library.folders.exclusions()
    paths = sorted({*library.folders.all(), *exclusions})
    return [
        {
            "path": readable(path),
            "tracks": library.folders.count(path),
            "exclude": exclusions.get(path, []),
        }
        for path in paths
    ]


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
    scan = command(f"scan {one_line(folder)}", library=context.path)
    click.echo(f"kept; tracks that this leaves out go with the next: {scan}")


@folders.command(short_help="Stop leaving something out.")
@click.argument("folder", metavar="DIR")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.pass_obj
def include(context: Context, folder: str, patterns: tuple[str, ...]) -> None:
    """Take PATTERNs back that leave something of DIR out."""
    with context.open() as library:
        library.include(folder, patterns)
    scan = command(f"scan {one_line(folder)}", library=context.path)
    click.echo(f"taken back; to add what was left out: {scan}")
