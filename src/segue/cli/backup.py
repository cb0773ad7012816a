"""segue backup: a copy of the library."""

from __future__ import annotations

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import megabytes
from segue.texts import count


@click.command(short_help="Copy the library, also while it is in use.")
@click.argument("folder", metavar="DEST")
@click.pass_obj
def backup(context: Context, folder: str) -> None:
    """Copy the library to the new folder DEST, also while a scan or a service uses it.

    The copy is a library: open it with --library, or put it in the place of the original.
    """
    with context.open() as library:
        n_bytes = library.back_up(folder)
        click.echo(f"{count(len(library), 'track')}, {megabytes(n_bytes)}, in {folder}")
    click.echo(f"  to look at it: {command('info', library=folder)}", err=True)
