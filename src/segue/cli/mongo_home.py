"""What a scan does with ``--catalog``: a MongoDB that several libraries share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segue.cli.export_mongo import tell
from segue.cli.options import Context
from segue.errors import SegueError

if TYPE_CHECKING:
    from segue.library.mongo_home import Home


def home_at(uri: str | None) -> Home | None:
    """The home that an option names; it answers."""
    if not uri:
        return None
    from segue.library.mongo_home import Home

    home = Home(uri)
    home.check()
    return home


def meet(context: Context, home: Home) -> int:
    """Send and take tracks after a scan, and tell what was done; the exit code."""
    from segue.errors import EmptyLibraryError

    try:
        done = home.meet(context.path)
    except EmptyLibraryError:  # the scan has said so
        return 0
    except SegueError as error:  # the library is up to date all the same
        click.echo(f"segue: {error}", err=True)
        return 1
    tell(done.sent)
    if done.taken is None:
        return done.sent.exit_code
    if done.taken.records:
        gone = f", {done.taken.newly_missing} gone" if done.taken.newly_missing else ""
        click.echo(
            f"from other libraries: {done.taken.added} added, {done.taken.changed} changed, "
            f"{done.taken.unchanged} unchanged, {done.taken.failed} failed{gone}"
        )
    return max(done.sent.exit_code, 1 if done.taken.failed else 0)
