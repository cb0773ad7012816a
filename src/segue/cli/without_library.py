"""Files compared with each other where there is no library: in one that lasts as long as the command."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from segue.cli.options import AppError, Context
from segue.cli.report import name_failures
from segue.paths import expand_home
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import Library


def needs_no_library(context: Context, words: Sequence[str]) -> bool:
    """Whether all words are paths of files and folders, and no library was named or made yet."""
    if context.is_named or (context.path / "catalog.sqlite").exists():
        return False
    return all(_is_there(word) for word in words)


def _is_there(word: str) -> bool:
    try:
        return expand_home(word).exists()
    except OSError:  # far too long for a name
        return False


@contextlib.contextmanager
def library_of(paths: Sequence[str], *, least: int = 2) -> Iterator[Library]:
    """A library of these files alone, by the descriptors and the networks that are installed."""
    from segue.display.terminal import TerminalProgress
    from segue.library import Library

    files = [expand_home(path) for path in paths]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="segue-files-"))
        library = stack.enter_context(Library.open(folder, create=True))
        with TerminalProgress() as progress:
            report = library.scan(files, progress=progress)
        name_failures(report)
        if report.interrupted:
            raise AppError(report.exit_code)
        if len(library) < least:
            click.echo(f"segue: at least {least} files are needed that can be used", err=True)
            raise AppError(2)
        click.echo(
            f"no library yet: comparing {count(len(library), 'file')} by {', '.join(library.spaces())}",
            err=True,
        )
        yield library
