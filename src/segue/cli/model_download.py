"""Download the models of the default set before a scan."""

from __future__ import annotations

import os

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import megabytes
from segue.errors import SegueError

OFF = "0"
VARIABLE = "SEGUE_PULL"  # "0" stands for --no-pull


def pull_missing(context: Context, *, quiet: bool) -> None:
    """Say which models of the default set are missing, download them, and go on without those that fail."""
    missing = _missing(context)
    if not missing:
        return
    from segue.cli.progress import TerminalProgress
    from segue.embed.models import MODELS, pull

    sizes = ", ".join(f"{name} ({megabytes(MODELS[name].size_bytes)})" for name in missing)
    click.echo(f"downloading {sizes}, once for all libraries (--no-pull scans without)", err=True)
    for name in missing:
        try:
            with TerminalProgress(name, quiet=quiet) as progress:
                pull(name, progress=progress)
            click.echo(f"{name} is ready", err=True)
        except SegueError as error:
            click.echo(
                f"segue: {name} could not be downloaded, so the scan continues without it: {error}", err=True
            )


def hint_at_missing(context: Context) -> None:
    """After a scan, name the models that it did without."""
    if missing := _missing(context):
        names = " and ".join(f"{name} ({_state(name)})" for name in missing)
        click.echo(f"scanned without {names}, which would improve recommendations", err=True)
        pull = command(f"models pull {' '.join(missing)}")
        click.echo(f"  to add them: {pull}; then scan again", err=True)


def _state(name: str) -> str:
    from segue.embed.models import status

    current = status(name)
    return "not installed" if current.state == "missing" else f"{current.state}: {current.reason}"


def wanted_by_default() -> bool:
    return os.environ.get(VARIABLE) != OFF


def _missing(context: Context) -> list[str]:
    from segue.library.embedders import missing_models

    return missing_models(context.path)
