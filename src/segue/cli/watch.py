"""segue watch: follow the folders of a library."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import AppError, Context, FiniteRange
from segue.cli.report import show_failures
from segue.cli.scan import refuse_nameless, say_waiting, scan
from segue.cli.tables import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segue.library import Library
    from segue.watch.changed import ChangedPlaces

_NAMED = 2  # files that a line names


@click.command(short_help="Follow folders, and take in what changes at once.")
@click.argument("folders", nargs=-1, type=click.Path())
@click.option("--jobs", "-j", type=click.IntRange(1, 256), help="Number of threads (default: one per core).")
@click.option(
    "--poll",
    "poll_s",
    metavar="SECONDS",
    type=FiniteRange(1, 86_400),
    help="List all files so often, instead of waiting for what the system tells. Folders on other machines "
    "are listed every minute without it.",
)
@click.option("--pull/--no-pull", default=None, help="Download missing models first, or not, as segue scan.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress of the first scan.")
@click.pass_context
def watch(context: click.Context, /, folders: tuple[str, ...], poll_s: float | None, **how: Any) -> None:
    """Scan FOLDERS, then follow them: what changes is scanned as soon as it has been written.

    Without FOLDERS, follows those that were scanned before. A file that is still being copied is waited for.
    Tracks on a disk that is unplugged are kept. Ctrl-C ends it.
    """
    from segue.ingest.cancel import cancellable
    from segue.watch import Watcher

    app: Context = context.obj
    roots = _roots(app, folders)
    _scan_first(context, roots, {name: value for name, value in how.items() if value is not None})
    with app.open() as library, cancellable() as stop:
        taking_in = _TakingIn(app, library, how["jobs"], stop)
        follow = (lambda: roots) if folders else library.folders.all
        watcher = Watcher(library, follow, taking_in.scan, poll_s=poll_s, say=_say)
        watcher.start(stop)
        _say(f"watching {', '.join(roots)}; Ctrl-C ends it")
        watcher.run()


def _roots(app: Context, folders: Sequence[str]) -> list[str]:
    refuse_nameless(folders)
    if folders:
        return [os.path.abspath(os.path.expanduser(folder)) for folder in folders]  # noqa: PTH100, PTH111
    with app.open() as library:
        roots = library.folders.all()
    if not roots:
        name = command("watch FOLDER", library=app.path)
        raise click.UsageError(f"no folder was scanned yet; to begin: {name}")
    return roots


def _scan_first(context: click.Context, roots: list[str], how: dict[str, Any]) -> None:
    """As ``segue scan`` does it, with its questions and downloads; failures end nothing."""
    try:
        context.invoke(scan, folders=tuple(roots), **how)
    except AppError as error:
        if error.exit_code > 2:  # interrupted
            raise


class _TakingIn:
    """Takes changes into the library, and says what they came to."""

    def __init__(self, app: Context, library: Library, jobs: int | None, stop: threading.Event) -> None:
        self._app, self._library, self._jobs, self._stop = app, library, jobs, stop

    def scan(self, source: ChangedPlaces) -> float:
        report = self._library.import_from(source, jobs=self._jobs, stop=self._stop, on_wait=say_waiting)
        changes, now = report.changed_files(), time.strftime("%H:%M:%S")
        for what, paths in changes:
            click.echo(f"{now}  {what}{self._names(paths)}")
        if changes:
            show_failures(report, self._app.path)
        for note in report.notes if report.newly_away else ():
            _say(f"  {note}")
        return 0.0

    def _names(self, paths: Sequence[str]) -> str:
        """The first files, as lists show them."""
        from segue.library import display_path

        folders = self._library.folders.all()
        shown = [one_line(display_path(path, folders)) for path in sorted(paths)[:_NAMED]]
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        return f": {', '.join(shown)}{more}" if shown else ""


def _say(text: str) -> None:
    click.echo(text, err=True)
