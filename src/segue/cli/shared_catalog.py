"""What a scan does with ``--catalog``: a MongoDB in which several libraries share their tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segue.cli.export_mongo import show_export
from segue.cli.options import Context
from segue.errors import SegueError

if TYPE_CHECKING:
    from segue.library.shared_catalog import SharedCatalog


def shared_catalog_at(uri: str | None) -> SharedCatalog | None:
    """The database that an option names; it answers."""
    if not uri:
        return None
    from segue.library.shared_catalog import SharedCatalog

    shared = SharedCatalog(uri)
    shared.check()
    return shared


def sync(context: Context, shared: SharedCatalog, *, quiet: bool) -> int:
    """Send and receive tracks after a scan, and print what was done; the exit code."""
    from segue.display.terminal import TerminalProgress

    try:
        with TerminalProgress("shared catalog", quiet=quiet) as progress:
            done = shared.sync(context.path, progress=progress)
    except SegueError as error:  # the library is up to date all the same
        click.echo(f"segue: {error}", err=True)
        return 1
    if done.sent:
        show_export(done.sent)
    sent_code = done.sent.exit_code if done.sent else 0
    received = done.received
    if received is None:
        return sent_code
    if received.total or received.newly_missing:
        gone = f", {received.newly_missing} gone" if received.newly_missing else ""
        click.echo(
            f"from other libraries: {received.added} added, {received.changed} changed, "
            f"{received.unchanged} unchanged, {received.failed} failed{gone}"
        )
    return max(sent_code, received.exit_code if received.total else 0)
