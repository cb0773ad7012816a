"""Download the models that a command needs, before it begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import megabytes
from segue.errors import ModelNotFoundError, SegueError

if TYPE_CHECKING:
    from segue.spec import Embedder

OFF = "0"
VARIABLE = "SEGUE_PULL"  # "0" stands for --no-pull


pull_option = click.option(
    "--pull/--no-pull",
    default=None,
    help="Download the embedder's model if it is missing, or not (default: ask, at a terminal).",
)


def pull_missing(context: Context, names: Sequence[str], *, quiet: bool) -> None:
    """Say which models are missing, download them, and go on without those that fail.

    Parameters
    ----------
    names : embedders; by default, those of the library
    """
    from segue.embed.registry import missing_default_models
    from segue.library.embedders import missing_models

    missing = [x for x in missing_default_models() if x in names] if names else missing_models(context.path)
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


def embedder_of(name: str, pull_it: bool | None, *, quiet: bool = False) -> Embedder:
    """An embedder by its name, whose model is downloaded if it is missing and the user agrees.

    Parameters
    ----------
    pull_it : whether to download it; without an answer, a user at a terminal is asked

    Raises
    ------
    UsageError, ModelError, WeightsError
    """
    from segue.embed.registry import make_embedders

    try:
        return make_embedders([name])[0]
    except ModelNotFoundError as error:
        if not (_ask_for(error.model) if pull_it is None else pull_it):
            raise ModelNotFoundError(f"{error}. {_instead_of(name)}", error.model) from None
        _download(error.model, quiet=quiet)
    return make_embedders([name])[0]


def _ask_for(model: str) -> bool:
    from segue.embed.models import MODELS

    if not (wanted_by_default() and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    size = megabytes(MODELS[model].size_bytes)
    return click.confirm(f"{model} is not installed. Download it now ({size}, once)?", default=True, err=True)


def _instead_of(name: str) -> str:
    from segue.embed.models import installed as models

    listed = ", ".join(["descriptors", *models()])
    return f"To download it first: --pull. Without it: --embedder NAME; there are {listed}"


def _download(name: str, *, quiet: bool) -> None:
    from segue.display.terminal import TerminalProgress
    from segue.embed.models import MODELS, pull

    size = megabytes(MODELS[name].size_bytes)
    click.echo(f"downloading {name} ({size}), once for all; an interrupted download goes on", err=True)
    with TerminalProgress(name, quiet=quiet) as progress:
        pull(name, progress=progress)
    click.echo(f"{name} is ready", err=True)


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
        pull, them = command(f"models pull {' '.join(missing)}"), "it" if len(missing) == 1 else "them"
        click.echo(f"  to add {them}: {pull}; then scan again, with --yes", err=True)


def _state(name: str) -> str:
    from segue.embed.models import status

    current = status(name)
    return "not installed" if current.state == "missing" else f"{current.state}: {current.reason}"


def wanted_by_default() -> bool:
    return os.environ.get(VARIABLE) != OFF
