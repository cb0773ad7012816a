"""What a scan does with ``--catalog``: a MongoDB that several libraries share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segue.cli.export_mongo import tell
from segue.cli.options import Context
from segue.errors import SegueError

if TYPE_CHECKING:
    from segue.library.shared_catalog import Home


def home_at(uri: str | None) -> Home | None:
    """The home that an option names; it answers."""
    if not uri:
        return None
    from segue.library.shared_catalog import Home

    home = Home(uri)
    home.check()
    return home


def meet(context: Context, home: Home) -> int:
    """Send and take tracks after a scan, and tell what was done; the exit code."""
    try:
        done = home.meet(context.path)
    except SegueError as error:  # the library is up to date all the same
        click.echo(f"segue: {error}", err=True)
        return 1
    if done.sent:
        tell(done.sent)
    sent = done.sent.exit_code if done.sent else 0
    taken = done.taken
    if taken is None:
        return sent
    if taken.records or taken.newly_missing:
        gone = f", {taken.newly_missing} gone" if taken.newly_missing else ""
        click.echo(
            f"from other libraries: {taken.added} added, {taken.changed} changed, "
            f"{taken.unchanged} unchanged, {taken.failed} failed{gone}"
        )
    return max(sent, taken.exit_code if taken.records else 0)
