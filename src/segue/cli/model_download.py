"""Download the models of the default set before a scan."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import megabytes
from segue.errors import SegueError

OFF = "0"
VARIABLE = "SEGUE_PULL"  # "0" stands for --no-pull


def pull_missing(context: Context, wanted: Sequence[str], *, quiet: bool) -> None:
    """Say which models are missing, download them, and go on without those that fail.

    Parameters
    ----------
    wanted : embedders; by default, those of the library
    """
    from segue.embed.registry import missing_default_models
    from segue.library.embedders import missing_models

    missing = [x for x in missing_default_models() if x in wanted] if wanted else missing_models(context.path)
    if not missing:
        return
    from segue.display.terminal import TerminalProgress
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


def installed(names: Sequence[str]) -> list[str]:
    """Those of some embedders whose models are here."""
    from segue.embed.registry import missing_default_models

    absent = missing_default_models()
    return [name for name in names if name not in absent]


def hint_at_missing(context: Context) -> None:
    """After a scan, name the models that it did without."""
    from segue.embed.registry import missing_default_models
    from segue.library.embedders import missing_models, unused_default_set

    with context.open() as library:
        unused = unused_default_set(library.spaces())
    missing = missing_models(context.path)
    if missing := [*missing, *(name for name in missing_default_models() if name in unused)]:
        names = " and ".join(f"{name} ({_state(name)})" for name in missing)
        click.echo(f"scanned without {names}, which would improve recommendations", err=True)
        pull = command(f"models pull {' '.join(missing)}")
        click.echo(f"  to add them: {pull}; then scan again, with --yes", err=True)


def _state(name: str) -> str:
    from segue.embed.models import status

    current = status(name)
    return "not installed" if current.state == "missing" else f"{current.state}: {current.reason}"


def wanted_by_default() -> bool:
    return os.environ.get(VARIABLE) != OFF
