"""Fetching the models that a scan would like, before it begins."""

from __future__ import annotations

import os

import click

from segue.cli.options import Context, megabytes
from segue.errors import SegueError

OFF = "0"
VARIABLE = "SEGUE_PULL"  # "0" stands for --no-pull


def pull_missing(context: Context, *, quiet: bool) -> None:
    """Fetch what the library's set of embedders lacks, saying so first; go on without what fails."""
    missing = _missing(context)
    if not missing:
        return
    from segue.cli.progress import PullProgress
    from segue.embed.models import MODELS, pull

    sizes = ", ".join(f"{name} ({megabytes(MODELS[name].size_bytes)})" for name in missing)
    click.echo(f"fetching {sizes}, once for all libraries; --no-pull scans without", err=True)
    for name in missing:
        try:
            with PullProgress(name, quiet=quiet) as progress:
                pull(name, progress=progress)
            click.echo(f"{name} is ready", err=True)
        except SegueError as error:
            click.echo(f"segue: {name} could not be fetched; the scan goes on without it: {error}", err=True)


def hint_at_missing(context: Context) -> None:
    """After a scan, say what it did without."""
    if missing := _missing(context):
        click.echo(f"not heard with {' and '.join(missing)}, which know more of music", err=True)
        click.echo(f"  segue models pull {' '.join(missing)}; then scan again", err=True)


def wanted_by_default() -> bool:
    return os.environ.get(VARIABLE) != OFF


def _missing(context: Context) -> list[str]:
    from segue.library.embedders import missing_models

    return missing_models(context.path)
